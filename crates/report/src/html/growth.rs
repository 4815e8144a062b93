//! What counters grew by in the course of a round, and the quotient of two of them.

use dualround_model::{MetricTrack, Resolved, SeriesTrack, TrackPoint};

/// What a counter's increase is counted from: its first reading. One that was not there then
/// counts from zero; one that was there without a number, from its first number.
pub(super) fn base(points: &[TrackPoint]) -> f64 {
    let first = points.iter().find(|point| !point.nan);
    first.and_then(|point| point.value).unwrap_or(0.0)
}

/// The quotient of the increases since the first reading, at each reading of the denominator;
/// unknown where a side is, where a counter began anew, and before the denominator grew.
pub(super) fn quotient(track: &MetricTrack) -> Vec<TrackPoint> {
    let Resolved::Ratio {
        numerator,
        denominator,
    } = &track.resolved
    else {
        return Vec::new();
    };
    let [top, bottom] = [numerator, denominator].map(|name| named(&track.series, name));
    let instants = bottom.iter().flat_map(|one| &one.points);
    let mut instants: Vec<u64> = instants.map(|point| point.at_ns).collect();
    instants.sort_unstable();
    instants.dedup();
    let at = |instant| {
        let bottom = grown(&bottom, instant).filter(|grown| *grown > 0.0)?;
        Some(grown(&top, instant)? / bottom)
    };
    let points = instants.into_iter().map(|at_ns| TrackPoint {
        at_ns,
        took_ns: 0,
        value: at(at_ns),
        nan: false,
    });
    points.collect()
}

fn named<'a>(all: &'a [SeriesTrack], name: &str) -> Vec<&'a SeriesTrack> {
    all.iter().filter(|one| one.name == name).collect()
}

/// What these series grew by up to an instant, by the last reading of each until then.
fn grown(series: &[&SeriesTrack], instant: u64) -> Option<f64> {
    let mut sum = 0.0;
    for SeriesTrack { points, .. } in series {
        let known = &points[..points.partition_point(|point| point.at_ns <= instant)];
        sum += match known.last().map(|last| last.value) {
            Some(Some(value)) => Some(value - base(points)).filter(|by| *by >= 0.0)?,
            // It was there, and is not now.
            Some(None) if known.iter().any(|point| point.value.is_some()) => return None,
            Some(None) | None => 0.0,
        };
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::MetricKind;

    fn series(name: &str, values: &[Option<f64>]) -> SeriesTrack {
        let points = (0..).zip(values).map(|(at_ns, value)| TrackPoint {
            at_ns,
            took_ns: 0,
            value: *value,
            nan: false,
        });
        SeriesTrack {
            name: name.to_owned(),
            labels: Vec::new(),
            points: points.collect(),
        }
    }

    #[test]
    fn a_quotient_is_of_increases_over_all_series_of_a_side() {
        let track = MetricTrack {
            asked: "hit_rate".to_owned(),
            resolved: Resolved::Ratio {
                numerator: "hits".to_owned(),
                denominator: "lookups".to_owned(),
            },
            kind: MetricKind::Ratio,
            series: vec![
                series("lookups", &[Some(100.0), Some(110.0), Some(140.0), None]),
                // Not there before it first counted.
                series("lookups", &[None, None, Some(10.0), Some(20.0)]),
                series("hits", &[Some(50.0), Some(52.0), Some(70.0), Some(80.0)]),
            ],
            failed_scrapes: 0,
            bad_lines: 0,
            other_process: false,
        };
        let values: Vec<_> = quotient(&track).iter().map(|point| point.value).collect();
        assert_eq!(values, [None, Some(0.2), Some(0.4), None]);
    }
}
