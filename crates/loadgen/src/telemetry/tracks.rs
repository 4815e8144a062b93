//! Readings of all sources put together to tracks over a round.

use super::{on_page::PageReading, query::MetricQuery};
use dualround_model::{MetricKind, MetricTrack, Resolved, SeriesTrack, TrackPoint, Warning};

/// What one source brought over a round.
pub(crate) enum Collected {
    /// Readings of a page.
    Page(Vec<PageReading>),
    /// Tracks that a Prometheus server kept, one for each asked metric, and what to say of them.
    Server(Vec<MetricTrack>, Vec<Warning>),
}

/// Puts what all sources brought over a round together: one track for each asked metric.
pub(crate) fn tracks(asked: &[MetricQuery], sources: &[Collected]) -> Vec<MetricTrack> {
    let asked = asked.iter().enumerate();
    asked
        .map(|(at, query)| track(at, &query.name, sources))
        .collect()
}

fn track(at: usize, asked: &str, sources: &[Collected]) -> MetricTrack {
    let mut track = empty(asked);
    for (number, source) in sources.iter().enumerate() {
        let page = (sources.len() > 1).then_some(number);
        match source {
            Collected::Page(readings) => of_page(at, readings, page, &mut track),
            Collected::Server(found, _) => {
                let Some(found) = found.get(at) else { continue };
                track.failed_scrapes += found.failed_scrapes;
                if same(&mut track, &found.resolved, found.kind) {
                    for one in &found.series {
                        let mut one = one.clone();
                        one.labels.extend(page_label(page));
                        track.series.push(one);
                    }
                }
            }
        }
    }
    track
}

/// A track that nothing is known of.
pub(crate) fn empty(asked: &str) -> MetricTrack {
    MetricTrack {
        asked: asked.to_owned(),
        resolved: Resolved::Missing { close: Vec::new() },
        kind: MetricKind::Untyped,
        series: Vec::new(),
        failed_scrapes: 0,
        bad_lines: 0,
        other_process: false,
    }
}

/// Whether what was found belongs into the track. A source where the name means something else
/// does not mix in.
fn same(track: &mut MetricTrack, resolved: &Resolved, kind: MetricKind) -> bool {
    match (&track.resolved, resolved) {
        (Resolved::Missing { close }, Resolved::Missing { .. }) if !close.is_empty() => false,
        (Resolved::Missing { .. }, _) => {
            track.resolved = resolved.clone();
            track.kind = kind;
            true
        }
        (known, found) => known == found,
    }
}

fn of_page(at: usize, readings: &[PageReading], page: Option<usize>, track: &mut MetricTrack) {
    let mut series: Vec<SeriesTrack> = Vec::new();
    let mut earlier: Vec<TrackPoint> = Vec::new();
    for reading in readings {
        track.bad_lines = track.bad_lines.max(reading.bad_lines);
        if reading.failed.is_some() {
            track.failed_scrapes += 1;
            continue;
        }
        let Some(metric) = reading.metrics.get(at) else {
            continue;
        };
        track.other_process |= reading.other_process;
        let missing = matches!(metric.resolved, Resolved::Missing { .. });
        if !same(track, &metric.resolved, metric.kind) && !missing {
            continue;
        }
        for sample in &metric.samples {
            let mut labels = sample.labels.clone();
            labels.extend(page_label(page));
            let point = reading.point(Some(sample.value));
            let known = series
                .iter_mut()
                .find(|s| s.name == sample.name && s.labels == labels);
            match known {
                Some(known) => known.points.push(point),
                None => {
                    // A series that appears later was not there before: that is known too.
                    let mut points = earlier.clone();
                    points.push(point);
                    series.push(SeriesTrack {
                        name: sample.name.clone(),
                        labels,
                        points,
                    });
                }
            }
        }
        earlier.push(reading.point(None));
    }
    track.series.append(&mut series);
}

/// With several sources, the source's number is a label.
fn page_label(page: Option<usize>) -> Option<(String, String)> {
    page.map(|page| ("page".to_owned(), page.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_wire::parse_exposition;

    fn reading(text: &str, asked: &str, at_ns: u64) -> PageReading {
        PageReading::of(
            &parse_exposition(text.as_bytes()),
            &[MetricQuery::parse(asked)],
            at_ns,
        )
    }

    #[test]
    fn b120_a_series_that_appears_later() {
        let asked = [MetricQuery::parse("hits_total")];
        let pages = [Collected::Page(vec![
            reading("# TYPE hits_total counter\n", "hits_total", 1),
            reading("hits_total{engine=\"0\"} 64\n", "hits_total", 2),
        ])];
        let track = &tracks(&asked, &pages)[0];
        let values: Vec<Option<f64>> = track.series[0].points.iter().map(|p| p.value).collect();
        assert_eq!(values, [None, Some(64.0)]);
        assert_eq!(track.kind, MetricKind::Counter);
    }
}
