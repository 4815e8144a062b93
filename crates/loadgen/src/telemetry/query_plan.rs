//! How an asked metric is had from a Prometheus server: which queries answer it.

use super::{query::MetricQuery, tracks::empty};
use dualround_model::{MetricKind, MetricTrack, Resolved};
use dualround_wire::Selector;

/// How an asked metric is had from the server.
#[derive(Clone, Debug)]
pub(super) enum QueryPlan {
    /// The samples as they were scraped.
    Raw {
        queries: Vec<RawQuery>,
        resolved: Resolved,
        kind: MetricKind,
    },
    /// An expression with `$round` or `$since`: one value, at the end of the round.
    Once(String),
    /// An expression: its values over the round.
    Range(String),
    /// It is not there; these names are close to it.
    Missing(Vec<String>),
}

/// A query for samples as they were scraped.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawQuery {
    /// A selector; the range is put behind it.
    pub(super) selector: String,
    /// What its series are called; `None`: as the server calls them.
    pub(super) name: Option<String>,
}

impl QueryPlan {
    /// The samples of one metric, with the parts of its family.
    pub(super) fn raw(name: &str, conditions: &str, kind: MetricKind) -> Self {
        let parts = match kind {
            MetricKind::Histogram => Some("_(bucket|sum|count)"),
            MetricKind::Summary => Some("(_sum|_count)?"),
            _ => None,
        };
        let selector = match parts {
            Some(parts) => {
                let name = name.replace('.', "\\\\.");
                format!("{{__name__=~\"{name}{parts}\",{conditions}}}").replace(",}", "}")
            }
            None => format!("{name}{{{conditions}}}"),
        };
        let query = RawQuery {
            selector,
            name: None,
        };
        Self::Raw {
            queries: vec![query],
            resolved: Resolved::Name(name.to_owned()),
            kind,
        }
    }

    /// The quotient of two metrics; its parts are called as they were asked. Of gauges it is that of
    /// their values, as on a page.
    pub(super) fn ratio(above: RatioPart<'_>, below: RatioPart<'_>) -> Self {
        let numerator = above.selector.to_string();
        let denominator = below.selector.to_string();
        if above.plan.is_gauge() && below.plan.is_gauge() {
            return Self::Range(format!("sum({numerator}) / sum({denominator})"));
        }
        let mut queries = above.plan.queries_called(&numerator);
        queries.extend(below.plan.queries_called(&denominator));
        Self::Raw {
            queries,
            resolved: Resolved::Ratio {
                numerator,
                denominator,
            },
            kind: MetricKind::Ratio,
        }
    }

    fn is_gauge(&self) -> bool {
        matches!(self, Self::Raw { kind, .. } if *kind == MetricKind::Gauge)
    }

    /// Its queries for samples, whose series get this name.
    fn queries_called(&self, name: &str) -> Vec<RawQuery> {
        let Self::Raw { queries, .. } = self else {
            return Vec::new();
        };
        let queries = queries.iter().map(|query| RawQuery {
            selector: query.selector.clone(),
            name: Some(name.to_owned()),
        });
        queries.collect()
    }

    /// The track of what is asked, still without series.
    pub(super) fn track(&self, asked: &MetricQuery) -> MetricTrack {
        let mut track = empty(&asked.name);
        (track.resolved, track.kind) = match self {
            Self::Raw { resolved, kind, .. } => (resolved.clone(), *kind),
            Self::Once(text) | Self::Range(text) => {
                (Resolved::Name(text.clone()), MetricKind::Gauge)
            }
            Self::Missing(close) => {
                let close = close.clone();
                (Resolved::Missing { close }, MetricKind::Untyped)
            }
        };
        track
    }
}

/// A part of a quotient: as it was asked for, and how it is had.
#[derive(Clone, Copy)]
pub(super) struct RatioPart<'a> {
    pub(super) selector: &'a Selector,
    pub(super) plan: &'a QueryPlan,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::api::placed;
    use std::time::Duration;

    #[test]
    fn a_quotient_is_of_increases_or_of_values() {
        let of = |kind| {
            let (above, _) = Selector::parse("a{x=\"1\"}").unwrap();
            let (below, _) = Selector::parse("b").unwrap();
            QueryPlan::ratio(
                RatioPart {
                    selector: &above,
                    plan: &QueryPlan::raw("a", "x=\"1\"", kind),
                },
                RatioPart {
                    selector: &below,
                    plan: &QueryPlan::raw("b", "", kind),
                },
            )
        };
        let QueryPlan::Raw { queries, kind, .. } = of(MetricKind::Counter) else {
            panic!("raw samples")
        };
        assert_eq!(kind, MetricKind::Ratio);
        assert_eq!(queries[0].selector, "a{x=\"1\"}");
        assert_eq!(queries[0].name.as_deref(), Some("a{x=\"1\"}"));
        assert_eq!(queries[1].selector, "b{}");
        let QueryPlan::Range(text) = of(MetricKind::Gauge) else {
            panic!("values")
        };
        assert_eq!(text, "sum(a{x=\"1\"}) / sum(b)");
        let family = QueryPlan::raw("t", "x=\"1\"", MetricKind::Histogram);
        let QueryPlan::Raw { queries, .. } = family else {
            panic!("raw samples")
        };
        assert_eq!(
            queries[0].selector,
            "{__name__=~\"t_(bucket|sum|count)\",x=\"1\"}"
        );
        assert_eq!(
            placed(
                "x[$round] - x offset $since",
                Duration::from_secs(2),
                Duration::from_secs(1)
            ),
            "x[3000ms] - x offset 2000ms"
        );
    }
}
