//! Asked names on a page, and readings put together to tracks.

use super::alias::{Alias, candidates};
use dualround_model::{MetricKind, MetricTrack, Resolved, SeriesTrack, TrackPoint};
use dualround_wire::{Found, PromSample, PromType, Scrape};

/// What one scrape said about the asked names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// When the answer was complete, or the attempt given up.
    pub(crate) at_ns: u64,
    /// Why there is none.
    pub(crate) failed: Option<String>,
    /// Lines that could not be read.
    pub(crate) bad_lines: u64,
    /// One for each asked name, in order.
    pub(crate) metrics: Vec<(Resolved, MetricKind, Vec<PromSample>)>,
}

impl Reading {
    /// Takes the asked names from a page.
    pub(crate) fn of(page: &Scrape, asked: &[String], at_ns: u64) -> Self {
        let metrics = asked.iter().map(|name| look_up(page, name)).collect();
        Self {
            at_ns,
            failed: None,
            bad_lines: page.bad_lines,
            metrics,
        }
    }
}

fn look_up(page: &Scrape, asked: &str) -> (Resolved, MetricKind, Vec<PromSample>) {
    if let Some(found) = direct(page, asked) {
        return found;
    }
    for alias in candidates(asked) {
        match alias {
            Alias::Name(name) => {
                if let Some(found) = direct(page, name) {
                    return found;
                }
            }
            Alias::Ratio(numerator, denominator) => {
                let parts = (page.find(numerator), page.find(denominator));
                if let (
                    Found::Metric {
                        name: numerator,
                        samples: mut a,
                        ..
                    },
                    Found::Metric {
                        name: denominator,
                        samples: b,
                        ..
                    },
                ) = parts
                {
                    a.extend(b);
                    let resolved = Resolved::Ratio {
                        numerator,
                        denominator,
                    };
                    return (
                        resolved,
                        MetricKind::Ratio,
                        a.into_iter().cloned().collect(),
                    );
                }
            }
        }
    }
    let close = close_names(asked, &page.names());
    (Resolved::Missing { close }, MetricKind::Untyped, Vec::new())
}

fn direct(page: &Scrape, asked: &str) -> Option<(Resolved, MetricKind, Vec<PromSample>)> {
    let Found::Metric {
        name,
        kind,
        samples,
    } = page.find(asked)
    else {
        return None;
    };
    let kind = match kind {
        PromType::Counter => MetricKind::Counter,
        PromType::Gauge => MetricKind::Gauge,
        PromType::Histogram => MetricKind::Histogram,
        PromType::Summary | PromType::Untyped => MetricKind::Untyped,
    };
    Some((
        Resolved::Name(name),
        kind,
        samples.into_iter().cloned().collect(),
    ))
}

/// Up to three names on the page that share words with the asked one, closest first.
fn close_names(asked: &str, names: &[&str]) -> Vec<String> {
    let words = |name: &str| -> Vec<String> {
        let words = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| word.len() > 1);
        words
            .map(str::to_ascii_lowercase)
            .filter(|word| word != "total")
            .collect()
    };
    let wanted = words(asked);
    let mut scored: Vec<(usize, usize, &str)> = names
        .iter()
        .map(|name| {
            let has = words(name);
            let shared = wanted.iter().filter(|word| has.contains(word)).count();
            (shared, has.len(), *name)
        })
        .filter(|(shared, ..)| *shared > 0)
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(b.2)));
    scored
        .into_iter()
        .take(3)
        .map(|(.., name)| name.to_owned())
        .collect()
}

/// Puts the readings of all pages of a round together: one track for each asked name.
pub(crate) fn tracks(asked: &[String], pages: &[Vec<Reading>]) -> Vec<MetricTrack> {
    (0..)
        .zip(asked)
        .map(|(at, name)| track(at, name, pages))
        .collect()
}

fn track(at: usize, asked: &str, pages: &[Vec<Reading>]) -> MetricTrack {
    let mut track = MetricTrack {
        asked: asked.to_owned(),
        resolved: Resolved::Missing { close: Vec::new() },
        kind: MetricKind::Untyped,
        series: Vec::new(),
        failed_scrapes: 0,
        bad_lines: 0,
    };
    for (page, readings) in pages.iter().enumerate() {
        let mut series: Vec<SeriesTrack> = Vec::new();
        let mut earlier: Vec<u64> = Vec::new();
        for reading in readings {
            track.bad_lines = track.bad_lines.max(reading.bad_lines);
            if reading.failed.is_some() {
                track.failed_scrapes += 1;
                continue;
            }
            let Some((resolved, kind, samples)) = reading.metrics.get(at) else {
                continue;
            };
            match (&track.resolved, resolved) {
                (Resolved::Missing { .. }, _) => {
                    track.resolved = resolved.clone();
                    track.kind = *kind;
                }
                (_, Resolved::Missing { .. }) => {}
                // A page where the name means something else does not mix in.
                (known, found) if known != found => continue,
                _ => {}
            }
            for sample in samples {
                let labels = labels(sample, page, pages.len());
                let point = TrackPoint {
                    at_ns: reading.at_ns,
                    value: Some(sample.value).filter(|value| value.is_finite()),
                };
                let known = series
                    .iter_mut()
                    .find(|s| s.name == sample.name && s.labels == labels);
                match known {
                    Some(known) => known.points.push(point),
                    None => {
                        // A series that appears later was not there before: that is known too.
                        let gone = |at_ns: &u64| TrackPoint {
                            at_ns: *at_ns,
                            value: None,
                        };
                        let mut points: Vec<TrackPoint> = earlier.iter().map(gone).collect();
                        points.push(point);
                        series.push(SeriesTrack {
                            name: sample.name.clone(),
                            labels,
                            points,
                        });
                    }
                }
            }
            earlier.push(reading.at_ns);
        }
        track.series.append(&mut series);
    }
    track
}

/// A sample's labels; with several pages, the page's number is one of them.
fn labels(sample: &PromSample, page: usize, pages: usize) -> Vec<(String, String)> {
    let mut labels = sample.labels.clone();
    if pages > 1 {
        labels.push(("page".to_owned(), page.to_string()));
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_wire::parse_exposition;

    fn reading(text: &str, asked: &str, at_ns: u64) -> Reading {
        Reading::of(
            &parse_exposition(text.as_bytes()),
            &[asked.to_owned()],
            at_ns,
        )
    }

    #[test]
    fn b121_a_missing_metric_has_close_names() {
        let reading = reading("lmcache:hit_rate 0.9\nother 1\n", "lmcache_hit_rate", 0);
        let close = vec!["lmcache:hit_rate".to_owned()];
        assert_eq!(reading.metrics[0].0, Resolved::Missing { close });
    }

    #[test]
    fn a_guides_name_is_an_alias_where_the_engine_has_the_thing() {
        let page =
            "lmcache_mp_lookup_hit_tokens_total 5\nlmcache_mp_lookup_requested_tokens_total 9\n";
        let reading = reading(page, "lmcache_hit_rate", 0);
        assert_eq!(reading.metrics[0].1, MetricKind::Ratio);
        assert_eq!(reading.metrics[0].2.len(), 2);
    }

    #[test]
    fn b120_a_series_that_appears_later() {
        let asked = ["hits_total".to_owned()];
        let pages = [vec![
            reading("# TYPE hits_total counter\n", "hits_total", 1),
            reading("hits_total{engine=\"0\"} 64\n", "hits_total", 2),
        ]];
        let track = &tracks(&asked, &pages)[0];
        let values: Vec<Option<f64>> = track.series[0].points.iter().map(|p| p.value).collect();
        assert_eq!(values, [None, Some(64.0)]);
        assert_eq!(track.kind, MetricKind::Counter);
    }
}
