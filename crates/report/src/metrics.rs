//! The metrics of a request, one row each, and in which outputs each stands. Every writer walks this
//! table: a metric that has a row is in each output that the row names, and in no other. A new one
//! takes the next free place of each output, so that columns stay where they are.

use JsonGroup::{Answer, Arrival, Usage, Waiting};
use ParquetPlace::{Added, Measured};
use RequestValue::{Count, Real};
use dualround_model::{
    Lang, LevelComparison, MetricComparison, RequestMetrics, RequestRecord, RoundSummary, Stat,
};

/// A metric: one number a request, its distribution over a round, or both.
pub(crate) struct Metric {
    /// The name in the JSON files and in `metrics_tidy.csv`.
    pub(crate) key: &'static str,
    pub(crate) unit: MetricUnit,
    /// `None` where a round has it and a request does not.
    pub(crate) request: Option<RequestMetric>,
    /// `None` where single requests have it and a round does not.
    pub(crate) round: Option<RoundMetric>,
    /// Its comparison, where the cold and the warm round are held against each other by it.
    pub(crate) compared: Option<fn(&LevelComparison) -> &MetricComparison>,
}

/// What a metric is measured in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetricUnit {
    Ms,
    Tokens,
}

/// How single requests have a metric: in the JSON of a round and in `requests.parquet`.
pub(crate) struct RequestMetric {
    pub(crate) value: RequestValue,
    pub(crate) json: JsonGroup,
    pub(crate) parquet: ParquetPlace,
}

/// How a metric is taken from a request.
#[derive(Clone, Copy)]
pub(crate) enum RequestValue {
    /// A number with decimals: six of them in JSON, a double in Parquet.
    Real(fn(&RequestRecord, &RequestMetrics) -> Option<f64>),
    /// A whole number.
    Count(fn(&RequestRecord, &RequestMetrics) -> Option<u64>),
}

/// The groups in which metrics stand in the JSON of a request, each in the order of the table. What
/// is no metric stands between them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonGroup {
    /// Behind the prompt.
    Answer,
    /// Behind the flags.
    Usage,
    /// Behind what is told of the stream.
    Waiting,
    /// Behind those, in an open loop alone.
    Arrival,
}

/// The groups in which the columns of metrics stand in `requests.parquet`, and the place in the group,
/// counted from 1. What is no metric stands between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ParquetPlace {
    /// Behind the error.
    Measured(u8),
    /// Behind the response's id: columns that came with a later version.
    Added(u8),
}

/// How a round has a metric: as a distribution, in the JSON of a round and in the CSV files.
pub(crate) struct RoundMetric {
    pub(crate) stat: fn(&RoundSummary) -> &Stat,
    /// What people call it, times with their unit, in English and Chinese.
    label: [&'static str; 2],
    csv_place: CsvPlace,
    /// Whether the terminal shows it of this round.
    pub(crate) on_terminal: fn(&RoundSummary) -> bool,
    /// Only an open loop has it.
    is_of_open_loops: bool,
}

/// The place of a metric's section in `metrics_summary.csv` and `metrics_flat.csv`, counted from 1: the
/// guide's three times, then ours, then lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CsvPlace(u8);

/// All of them, in the order of JSON, of `metrics_tidy.csv` and of the terminal.
pub(crate) static METRICS: &[Metric] = &[
    Metric {
        key: "ttft",
        unit: MetricUnit::Ms,
        request: of_request(Real(|_, metrics| metrics.ttft_ms), Answer, Measured(4)),
        round: of_round(|round| &round.ttft, ["TTFT (ms)"; 2], CsvPlace(1), always),
        compared: Some(|level| &level.ttft),
    },
    Metric {
        key: "ttft_width",
        unit: MetricUnit::Ms,
        request: of_request(Real(ttft_width), Answer, Measured(5)),
        round: None,
        compared: None,
    },
    Metric {
        key: "ttfo",
        unit: MetricUnit::Ms,
        request: of_request(Real(|_, metrics| metrics.ttfo_ms), Answer, Measured(6)),
        round: of_round(
            |round| &round.ttfo,
            ["TTFO (ms)"; 2],
            CsvPlace(5),
            is_not_ttft,
        ),
        compared: None,
    },
    Metric {
        key: "itl",
        unit: MetricUnit::Ms,
        request: of_request(Real(|_, metrics| metrics.itl_ms), Answer, Measured(7)),
        round: of_round(|round| &round.itl, ["ITL (ms)"; 2], CsvPlace(2), always),
        compared: Some(|level| &level.itl),
    },
    Metric {
        key: "icl",
        unit: MetricUnit::Ms,
        // A request has one for every event: `chunk_ms` in Parquet.
        request: None,
        round: of_round(
            |round| &round.icl,
            ["ICL (ms)"; 2],
            CsvPlace(4),
            |round| round.icl.n > 0,
        ),
        compared: None,
    },
    Metric {
        key: "latency",
        unit: MetricUnit::Ms,
        request: of_request(Real(|_, metrics| metrics.latency_ms), Answer, Measured(8)),
        round: of_round(
            |round| &round.latency,
            ["Latency (ms)"; 2],
            CsvPlace(3),
            always,
        ),
        compared: Some(|level| &level.latency),
    },
    Metric {
        key: "input_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|_, metrics| metrics.input_tokens),
            Answer,
            Measured(9),
        ),
        round: of_round(
            |round| &round.input_tokens,
            ["Input tokens", "输入 tokens"],
            CsvPlace(6),
            never,
        ),
        compared: None,
    },
    Metric {
        key: "output_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|_, metrics| metrics.output_tokens),
            Answer,
            Measured(11),
        ),
        round: of_round(
            |round| &round.output_tokens,
            ["Output tokens", "输出 tokens"],
            CsvPlace(7),
            never,
        ),
        compared: None,
    },
    Metric {
        key: "partial_output_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|_, metrics| metrics.partial_output_tokens),
            Usage,
            Measured(13),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "cached_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|_, metrics| metrics.cached_tokens),
            Usage,
            Measured(10),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "local_cached_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|record, _| record.usage.local_cached_tokens),
            Usage,
            Added(1),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "external_cached_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|record, _| record.usage.external_cached_tokens),
            Usage,
            Added(2),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "written_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|record, _| record.usage.written_tokens),
            Usage,
            Added(3),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "reasoning_tokens",
        unit: MetricUnit::Tokens,
        request: of_request(
            Count(|record, _| record.usage.reasoning_tokens),
            Usage,
            Measured(12),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "connect_ms",
        unit: MetricUnit::Ms,
        request: of_request(Real(|_, metrics| metrics.connect_ms), Waiting, Measured(3)),
        round: None,
        compared: None,
    },
    Metric {
        key: "queue_wait_ms",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|_, metrics| metrics.queue_wait_ms),
            Waiting,
            Measured(2),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "start_ms",
        unit: MetricUnit::Ms,
        request: of_request(Real(|_, metrics| metrics.start_ms), Waiting, Measured(1)),
        round: None,
        compared: None,
    },
    Metric {
        key: "scheduled_ms",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|_, metrics| metrics.from_due.scheduled_ms),
            Arrival,
            Added(4),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "ttft_from_due",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|_, metrics| metrics.from_due.ttft_ms),
            Arrival,
            Added(5),
        ),
        round: of_open_round(
            |round| &round.ttft_from_due,
            ["TTFT from due (ms)", "TTFT（自计划时刻，ms）"],
            CsvPlace(8),
        ),
        compared: None,
    },
    Metric {
        key: "latency_from_due",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|_, metrics| metrics.from_due.latency_ms),
            Arrival,
            Added(6),
        ),
        round: of_open_round(
            |round| &round.latency_from_due,
            ["Latency from due (ms)", "Latency（自计划时刻，ms）"],
            CsvPlace(9),
        ),
        compared: None,
    },
    Metric {
        key: "client_lag",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|_, metrics| metrics.from_due.client_lag_ms),
            Arrival,
            Added(7),
        ),
        round: of_open_round(
            |round| &round.client_lag,
            ["Client lag (ms)", "客户端滞后（ms）"],
            CsvPlace(10),
        ),
        compared: None,
    },
    Metric {
        key: "server_queue_ms",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|record, _| ms(record.usage.times.queue_ns)),
            Waiting,
            Added(8),
        ),
        round: None,
        compared: None,
    },
    Metric {
        key: "server_prefill_ms",
        unit: MetricUnit::Ms,
        request: of_request(
            Real(|record, _| ms(record.usage.times.prefill_ns)),
            Waiting,
            Added(9),
        ),
        round: None,
        compared: None,
    },
];

/// A time in ms.
fn ms(ns: Option<u64>) -> Option<f64> {
    ns.map(|ns| ns as f64 / 1e6)
}

const fn of_request(
    value: RequestValue,
    json: JsonGroup,
    parquet: ParquetPlace,
) -> Option<RequestMetric> {
    Some(RequestMetric {
        value,
        json,
        parquet,
    })
}

const fn of_round(
    stat: fn(&RoundSummary) -> &Stat,
    label: [&'static str; 2],
    csv_place: CsvPlace,
    on_terminal: fn(&RoundSummary) -> bool,
) -> Option<RoundMetric> {
    Some(RoundMetric {
        stat,
        label,
        csv_place,
        on_terminal,
        is_of_open_loops: false,
    })
}

const fn of_open_round(
    stat: fn(&RoundSummary) -> &Stat,
    label: [&'static str; 2],
    csv_place: CsvPlace,
) -> Option<RoundMetric> {
    Some(RoundMetric {
        stat,
        label,
        csv_place,
        on_terminal: is_open,
        is_of_open_loops: true,
    })
}

/// Requests arrived at instants of their own.
fn is_open(round: &RoundSummary) -> bool {
    round.arrivals.is_some()
}

fn always(_: &RoundSummary) -> bool {
    true
}

fn never(_: &RoundSummary) -> bool {
    false
}

/// Where nothing reasons the answer's first token is the first token; sums in another order differ in
/// their last digits.
fn is_not_ttft(round: &RoundSummary) -> bool {
    let apart = round.ttfo.avg.zip(round.ttft.avg);
    round.ttfo.n > 0 && apart.is_none_or(|(ttfo, ttft)| (ttfo - ttft).abs() > 1e-9 * ttft)
}

fn ttft_width(record: &RequestRecord, _: &RequestMetrics) -> Option<f64> {
    record.timeline.first_token_width_ms()
}

impl MetricUnit {
    /// The name in the files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::Tokens => "tokens",
        }
    }
}

impl Metric {
    /// What people call it in sentences and comparisons, times with their unit.
    pub(crate) fn label(&self, lang: Lang) -> &'static str {
        let label = self.round.as_ref().map(|round| round.label);
        label.map_or(self.key, |label| lang.pick(label))
    }

    /// What it is called in the guide's layouts, which have the names of times in English in every
    /// language.
    pub(crate) fn guide_label(&self, lang: Lang) -> &'static str {
        match self.unit {
            MetricUnit::Ms => self.label(Lang::En),
            MetricUnit::Tokens => self.label(lang),
        }
    }

    /// The name of its column in `requests.parquet`, which says the unit of times.
    pub(crate) fn column_name(&self) -> String {
        match self.unit {
            MetricUnit::Ms if !self.key.ends_with("_ms") => format!("{}_ms", self.key),
            MetricUnit::Ms | MetricUnit::Tokens => self.key.to_owned(),
        }
    }
}

/// The metrics that a round has, in the order of the table.
pub(crate) fn round_metrics() -> impl Iterator<Item = (&'static Metric, &'static RoundMetric)> {
    METRICS
        .iter()
        .filter_map(|metric| Some((metric, metric.round.as_ref()?)))
}

/// The metrics of a run, in the order of `metrics_summary.csv` and `metrics_flat.csv`; `open`: some
/// level of it is an open loop.
pub(crate) fn round_metrics_of_csv(open: bool) -> Vec<(&'static Metric, &'static RoundMetric)> {
    let mut metrics: Vec<_> = round_metrics()
        .filter(|(_, round)| open || !round.is_of_open_loops)
        .collect();
    metrics.sort_by_key(|(_, round)| round.csv_place);
    metrics
}

/// The metrics that single requests have, in the order of the table.
pub(crate) fn request_metrics() -> impl Iterator<Item = (&'static Metric, &'static RequestMetric)> {
    METRICS
        .iter()
        .filter_map(|metric| Some((metric, metric.request.as_ref()?)))
}

/// The metrics by which cold and warm rounds are held against each other.
pub(crate) fn compared_metrics(
    level: &LevelComparison,
) -> impl Iterator<Item = (&'static Metric, &MetricComparison)> {
    METRICS
        .iter()
        .filter_map(|metric| Some((metric, metric.compared?(level))))
}

/// What people call the metric with this key; `None` where there is none, or none that they are shown.
pub(crate) fn label(key: &str, lang: Lang) -> Option<&'static str> {
    let (metric, _) = round_metrics().find(|(metric, _)| metric.key == key)?;
    Some(metric.label(lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_metric_has_a_name_and_places_of_its_own() {
        let keys: BTreeSet<&str> = METRICS.iter().map(|metric| metric.key).collect();
        assert_eq!(keys.len(), METRICS.len());
        let sections = round_metrics_of_csv(true);
        let places = sections.iter().map(|(_, round)| round.csv_place);
        assert!(places.zip(1..).all(|(place, at)| place == CsvPlace(at)));
        let columns: BTreeSet<ParquetPlace> = request_metrics()
            .map(|(_, request)| request.parquet)
            .collect();
        assert_eq!(columns.len(), request_metrics().count());
    }

    #[test]
    fn every_number_of_a_request_has_its_row() {
        let columns: BTreeSet<String> = METRICS.iter().map(Metric::column_name).collect();
        let fields = serde_json::to_value(RequestMetrics::default()).unwrap();
        let numbers = fields.as_object().unwrap().keys();
        for name in numbers.filter(|name| name.ends_with("_ms") || name.ends_with("_tokens")) {
            assert!(columns.contains(name), "{name}");
        }
    }

    #[test]
    fn every_metric_of_a_round_is_explained() {
        for (metric, _) in round_metrics() {
            let found = crate::explain(metric.key).map(|(_, term)| term.id);
            assert_eq!(found, Some(metric.key));
        }
    }
}
