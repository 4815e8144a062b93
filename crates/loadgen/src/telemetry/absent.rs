//! Series of a Prometheus server that appear inside a round: were they absent before, or unknown?

use dualround_model::{SeriesTrack, TrackPoint};

/// Whether nothing was read of a series before the round.
pub(super) fn began_inside(track: &SeriesTrack, started: u64) -> bool {
    let first = track.points.first();
    first.is_some_and(|point| point.at_ns >= started)
}

/// Puts a point without a value before series that appear inside the round and whose target was
/// scraped before it: they were not there then. `targets` are the series of `up`, which is written
/// with every scrape.
pub(super) fn fill(tracks: &mut [SeriesTrack], targets: &[SeriesTrack], started: u64) {
    for track in tracks
        .iter_mut()
        .filter(|track| began_inside(track, started))
    {
        let Some(own) = ScrapeTarget::of(track) else {
            continue;
        };
        let mut scraped = targets
            .iter()
            .filter(|other| ScrapeTarget::of(other).as_ref() == Some(&own))
            .flat_map(|other| &other.points)
            .filter(|point| point.at_ns < started && point.value == Some(1.0));
        if let Some(scrape) = scraped.next_back() {
            let gone = TrackPoint {
                at_ns: scrape.at_ns,
                took_ns: 0,
                value: None,
                nan: false,
            };
            track.points.insert(0, gone);
        }
    }
}

/// The target that a series was scraped from, by the labels that Prometheus puts to it.
#[derive(PartialEq)]
struct ScrapeTarget {
    job: String,
    instance: String,
}

impl ScrapeTarget {
    fn of(track: &SeriesTrack) -> Option<Self> {
        Some(Self {
            job: label(track, "job")?,
            instance: label(track, "instance")?,
        })
    }
}

fn label(track: &SeriesTrack, name: &str) -> Option<String> {
    let (_, value) = track.labels.iter().find(|(key, _)| key == name)?;
    Some(value.clone())
}

#[cfg(test)]
mod tests {
    use super::{began_inside, fill};
    use dualround_model::{SeriesTrack, TrackPoint};

    fn series(name: &str, instance: &str, points: &[(u64, f64)]) -> SeriesTrack {
        let points = points.iter().map(|(at_ns, value)| TrackPoint {
            at_ns: *at_ns,
            took_ns: 0,
            value: Some(*value),
            nan: false,
        });
        let label = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        SeriesTrack {
            name: name.to_owned(),
            labels: vec![label("job", "llm"), label("instance", instance)],
            points: points.collect(),
        }
    }

    #[test]
    fn v20c_a_series_that_appears_inside_the_round_was_absent_where_its_target_was_scraped() {
        let up = [
            series("up", "a", &[(5, 1.0), (15, 1.0)]),
            series("up", "down", &[(5, 0.0), (15, 1.0)]),
            series("up", "new", &[(15, 1.0)]),
        ];
        let absent_of = |instance: &str, points: &[(u64, f64)]| {
            let mut tracks = [series("hits_total", instance, points)];
            fill(&mut tracks, &up, 10);
            let first = tracks[0].points[0];
            (first.at_ns, first.value)
        };
        assert_eq!(absent_of("a", &[(15, 8256.0)]), (5, None));
        // It was there; its target was down, or is new, or is not known: nothing is made up.
        assert_eq!(absent_of("a", &[(5, 7.0), (15, 9.0)]), (5, Some(7.0)));
        for instance in ["down", "new", "other"] {
            assert_eq!(absent_of(instance, &[(15, 3.0)]), (15, Some(3.0)));
        }
        assert!(!began_inside(&series("x", "a", &[]), 10));
    }
}
