//! Asked names on a page: what they are, by name, alias or condition, and their samples.

use super::{
    alias::{Alias, candidates},
    query::{MetricQuery, QueryKind},
};
use dualround_model::{MetricKind, Resolved, TrackPoint};
use dualround_wire::{FoundMetric, PromSample, PromType, Scrape, Selector};
use std::cmp::Reverse;

/// What one scrape said about the asked names.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageReading {
    /// When the answer was complete, or the attempt given up.
    pub(crate) at_ns: u64,
    /// From asking to the answer, ns.
    pub(crate) took_ns: u64,
    /// Why there is none.
    pub(crate) failed: Option<String>,
    /// Lines that could not be read.
    pub(crate) bad_lines: u64,
    /// It is not the page of the process that answered before.
    pub(crate) other_process: bool,
    /// One for each asked name, in order.
    pub(crate) metrics: Vec<MetricReading>,
}

/// What an asked metric is on a page, and its samples.
#[derive(Clone, Debug)]
pub(crate) struct MetricReading {
    pub(crate) resolved: Resolved,
    pub(crate) kind: MetricKind,
    pub(crate) samples: Vec<PromSample>,
}

impl MetricReading {
    /// Nothing of the asked name; these names are close to it.
    fn missing(close: Vec<String>) -> Self {
        Self {
            resolved: Resolved::Missing { close },
            kind: MetricKind::Untyped,
            samples: Vec::new(),
        }
    }
}

impl PageReading {
    /// Takes the asked names from a page.
    pub(crate) fn of(page: &Scrape, asked: &[MetricQuery], at_ns: u64) -> Self {
        let metrics = asked.iter().map(|one| look_up(page, one)).collect();
        Self {
            at_ns,
            took_ns: 0,
            failed: None,
            bad_lines: page.bad_lines,
            other_process: false,
            metrics,
        }
    }

    /// What it says of one series; `None` where it does not have it.
    pub(super) fn point(&self, sample: Option<f64>) -> TrackPoint {
        let value = sample.filter(|value| value.is_finite());
        TrackPoint {
            at_ns: self.at_ns,
            took_ns: self.took_ns,
            value,
            nan: value.is_none() && sample.is_some(),
        }
    }
}

fn look_up(page: &Scrape, asked: &MetricQuery) -> MetricReading {
    match &asked.what {
        QueryKind::Expression => MetricReading::missing(Vec::new()),
        QueryKind::Ratio(top, bottom) => ratio(page, &asked.name, top, bottom)
            .unwrap_or_else(|| MetricReading::missing(close_names(&top.name, &page.names()))),
        QueryKind::Of(selector) if !selector.is_plain() => selected(page, selector)
            .unwrap_or_else(|| MetricReading::missing(close_series(page, selector))),
        QueryKind::Of(selector) => named(page, &selector.name)
            .unwrap_or_else(|| MetricReading::missing(close_names(&selector.name, &page.names()))),
    }
}

/// By its name, else by what the name is an alias of.
fn named(page: &Scrape, asked: &str) -> Option<MetricReading> {
    let mut aliases = candidates(asked).iter();
    direct(page, asked).or_else(|| aliases.find_map(|alias| aliased(page, asked, alias)))
}

/// By what an alias stands for.
fn aliased(page: &Scrape, asked: &str, alias: &Alias) -> Option<MetricReading> {
    match alias.parts() {
        (name, None) => direct(page, &name.name),
        (top, Some(bottom)) => ratio(page, asked, &top, &bottom),
    }
}

/// The series of a metric that meet the conditions.
fn selected(page: &Scrape, selector: &Selector) -> Option<MetricReading> {
    let mut reading = direct(page, &selector.name)?;
    reading.samples.retain(|sample| selector.takes(sample));
    reading.kind = kind_of_parts(reading.kind, &reading.samples);
    (!reading.samples.is_empty()).then_some(reading)
}

/// What is left of a family: buckets alone only grow, quantiles alone go up and down.
fn kind_of_parts(kind: MetricKind, samples: &[PromSample]) -> MetricKind {
    let has_count = samples.iter().any(|sample| sample.name.ends_with("_count"));
    match kind {
        MetricKind::Histogram if !has_count => MetricKind::Counter,
        MetricKind::Summary if !has_count => MetricKind::Gauge,
        kind => kind,
    }
}

/// A quotient. Of counters it is that of their increases; of gauges, that of their values, reading
/// by reading.
fn ratio(page: &Scrape, asked: &str, top: &Selector, bottom: &Selector) -> Option<MetricReading> {
    let mut above = selected(page, top)?;
    let mut below = selected(page, bottom)?;
    let (Resolved::Name(numerator), Resolved::Name(denominator)) = (above.resolved, below.resolved)
    else {
        return None;
    };
    if (above.kind, below.kind) == (MetricKind::Gauge, MetricKind::Gauge) {
        let quotient = PromSample {
            name: asked.to_owned(),
            labels: Vec::new(),
            value: sum(&above.samples) / sum(&below.samples),
        };
        return Some(MetricReading {
            resolved: Resolved::Name(format!("{top} / {bottom}")),
            kind: MetricKind::Gauge,
            samples: vec![quotient],
        });
    }
    let numerator = name_in_ratio(numerator, top);
    let denominator = name_in_ratio(denominator, bottom);
    rename(&mut above.samples, &numerator);
    rename(&mut below.samples, &denominator);
    let mut samples = above.samples;
    samples.extend(below.samples);
    Some(MetricReading {
        resolved: Resolved::Ratio {
            numerator,
            denominator,
        },
        kind: MetricKind::Ratio,
        samples,
    })
}

fn sum(samples: &[PromSample]) -> f64 {
    samples.iter().map(|sample| sample.value).sum()
}

/// The name of a part of a quotient: parts of one metric are told apart by their conditions.
fn name_in_ratio(name: String, selector: &Selector) -> String {
    if selector.is_plain() {
        name
    } else {
        selector.to_string()
    }
}

fn rename(samples: &mut [PromSample], name: &str) {
    for sample in samples {
        name.clone_into(&mut sample.name);
    }
}

fn direct(page: &Scrape, asked: &str) -> Option<MetricReading> {
    let FoundMetric {
        name,
        kind,
        samples,
    } = page.find(asked)?;
    let kind = match kind {
        PromType::Counter => MetricKind::Counter,
        PromType::Gauge => MetricKind::Gauge,
        PromType::Histogram => MetricKind::Histogram,
        PromType::Summary => MetricKind::Summary,
        PromType::Untyped => MetricKind::Untyped,
    };
    Some(MetricReading {
        resolved: Resolved::Name(name),
        kind,
        samples: samples.into_iter().cloned().collect(),
    })
}

/// Up to three series of a metric of which none meets the conditions.
fn close_series(page: &Scrape, selector: &Selector) -> Vec<String> {
    let Some(found) = direct(page, &selector.name) else {
        return close_names(&selector.name, &page.names());
    };
    let samples = found.samples.iter().take(3);
    samples.map(PromSample::series).collect()
}

/// Up to three names on the page that share words with the asked one, closest first.
fn close_names(asked: &str, names: &[&str]) -> Vec<String> {
    let wanted = words_of(asked);
    let mut scored: Vec<(Reverse<usize>, usize, &str)> = names
        .iter()
        .map(|name| {
            let words = words_of(name);
            let shared = wanted.iter().filter(|word| words.contains(word)).count();
            (Reverse(shared), words.len(), *name)
        })
        .filter(|(Reverse(shared), ..)| *shared > 0)
        .collect();
    // The most shared words first, then the fewest others, then the alphabet.
    scored.sort();
    scored
        .into_iter()
        .take(3)
        .map(|(.., name)| name.to_owned())
        .collect()
}

/// The words of a name that tell it apart, in lower case.
fn words_of(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1)
        .map(str::to_ascii_lowercase)
        .filter(|word| word != "total")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_wire::parse_exposition;

    fn reading(text: &str, asked: &str) -> PageReading {
        let page = parse_exposition(text.as_bytes());
        PageReading::of(&page, &[MetricQuery::parse(asked)], 0)
    }

    #[test]
    fn b121_a_missing_metric_has_close_names() {
        let reading = reading("lmcache:hit_rate 0.9\nother 1\n", "lmcache_hit_rate");
        let close = vec!["lmcache:hit_rate".to_owned()];
        assert_eq!(reading.metrics[0].resolved, Resolved::Missing { close });
    }

    #[test]
    fn a_guides_name_is_an_alias_where_the_engine_has_the_thing() {
        let page =
            "lmcache_mp_lookup_hit_tokens_total 5\nlmcache_mp_lookup_requested_tokens_total 9\n";
        let reading = reading(page, "lmcache_hit_rate");
        assert_eq!(reading.metrics[0].kind, MetricKind::Ratio);
        assert_eq!(reading.metrics[0].samples.len(), 2);
    }

    #[test]
    fn f024_parts_that_are_picked_of_a_family() {
        let page = "# TYPE s summary\ns{quantile=\"0.5\"} 2\ns_sum 4\ns_count 3\n\
                    # TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 4\nh_count 3\n";
        let kind = |asked: &str| {
            let metric = &reading(page, asked).metrics[0];
            (metric.kind, metric.samples.len())
        };
        assert_eq!(kind("s"), (MetricKind::Summary, 3));
        assert_eq!(kind("s{quantile=\"0.5\"}"), (MetricKind::Gauge, 1));
        assert_eq!(kind("s_count"), (MetricKind::Counter, 1));
        assert_eq!(kind("h{le=\"1\"}"), (MetricKind::Counter, 1));
        assert_eq!(kind("h"), (MetricKind::Histogram, 3));
    }

    #[test]
    fn conditions_and_quotients() {
        let page = "# TYPE hits_total counter\nhits_total{t=\"a\"} 3\nhits_total{t=\"b\"} 5\n\
                    # TYPE used gauge\nused 2\n# TYPE all gauge\nall 8\n";
        let at = |asked: &str| reading(page, asked).metrics[0].clone();
        let some = at("hits_total{t=~\"b|c\"}");
        assert_eq!(
            (some.kind, some.samples.len(), some.samples[0].value),
            (MetricKind::Counter, 1, 5.0)
        );
        // Parts of one counter.
        let share = at("share=hits_total{t=\"a\"} / hits_total");
        let (numerator, denominator) = ("hits_total{t=\"a\"}".to_owned(), "hits_total".to_owned());
        assert_eq!(
            share.resolved,
            Resolved::Ratio {
                numerator: numerator.clone(),
                denominator
            }
        );
        assert_eq!((share.kind, share.samples.len()), (MetricKind::Ratio, 3));
        let above = share.samples.iter().filter(|s| s.name == numerator);
        assert_eq!(above.count(), 1);
        let fill = at("fill=used/all");
        assert_eq!(
            (fill.kind, fill.samples[0].value),
            (MetricKind::Gauge, 0.25)
        );
        let none = at("hits_total{t=\"z\"}");
        let close = vec![
            "hits_total{t=\"a\"}".to_owned(),
            "hits_total{t=\"b\"}".to_owned(),
        ];
        assert_eq!(none.resolved, Resolved::Missing { close });
    }
}
