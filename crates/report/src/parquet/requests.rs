//! `requests.parquet`: every request of every round, one row each; a row group holds requests of one
//! round, at most 4,096 of them, so that a round of any size can be written.

use crate::{
    RequestSource,
    metrics::{ParquetPlace, RequestValue, request_metrics},
    parquet::table::{ParquetTable, RowGroupColumns},
    telemetry_points::since_start,
};
use dualround_model::{
    Failure, Load, Outcome, RequestMetrics, RequestRecord, RoundResult, TokenSource,
};
use parquet::errors::ParquetError;
use std::io::{self, Write};

/// The columns before the metrics, in Parquet's message syntax.
const COLUMNS: &str = "
    required int64 level;
    optional int64 concurrency;
    required int64 round;
    required binary round_kind (UTF8);
    optional int64 epoch;
    required int64 index;
    optional binary id (UTF8);
    required binary prompt_digest (UTF8);
    optional binary prompt (UTF8);
    optional binary output (UTF8);
    required int64 user;
    required boolean success;
    required boolean cancelled;
    optional binary error_kind (UTF8);
    optional binary error_phase (UTF8);
    optional int64 error_status;
    optional binary error_message (UTF8);
";

/// The columns behind [`ParquetPlace::Measured`].
const STREAM_COLUMNS: &str = "
    optional binary token_source (UTF8);
    required int64 retries;
    required int64 token_events;
    required boolean streamed;
    optional binary finish_reason (UTF8);
    optional boolean good;
    optional binary response_id (UTF8);
";

/// The columns behind [`ParquetPlace::Added`].
const LAST_COLUMNS: &str = "
    optional binary row_options (UTF8);
    optional binary arm (UTF8);
    optional int64 block;
    optional boolean ramp;
    required binary load_kind (UTF8);
    required double load_value;
    optional int64 session;
    optional int64 turn;
    required group flags (LIST) { repeated group list { required binary element (UTF8); } }
    optional group chunk_ms (LIST) { repeated group list { required double element; } }
";

/// Rows of a group at most.
const ROWS: usize = 4_096;

/// A request with its metrics.
struct MeasuredRequest {
    record: RequestRecord,
    metrics: RequestMetrics,
}

/// The columns of the metrics, in their order.
struct MetricColumns {
    measured: Vec<MetricColumn>,
    added: Vec<MetricColumn>,
}

struct MetricColumn {
    name: String,
    place: ParquetPlace,
    value: RequestValue,
}

/// Writes `requests.parquet`. `chunk_ms` holds the arrival of every token-bearing event since t0,
/// where `chunks` asks for it; null elsewhere.
pub(crate) fn write<W: Write + Send>(
    rounds: &[RoundResult],
    details: &dyn RequestSource,
    chunks: bool,
    out: W,
) -> io::Result<()> {
    let metrics = MetricColumns::new();
    let mut table = ParquetTable::new(&schema(&metrics), out)?;
    for round in rounds {
        let mut requests = Vec::new();
        details.each(round, 1, &mut |record, metrics_of_it| {
            requests.push(MeasuredRequest {
                record,
                metrics: metrics_of_it,
            });
            if requests.len() == ROWS {
                group(&mut table, round, &requests, &metrics, chunks)?;
                requests.clear();
            }
            Ok(())
        })?;
        if !requests.is_empty() {
            group(&mut table, round, &requests, &metrics, chunks)?;
        }
    }
    table.close()
}

impl MetricColumns {
    fn new() -> Self {
        let mut columns: Vec<MetricColumn> = request_metrics()
            .map(|(metric, of_request)| MetricColumn {
                name: metric.column_name(),
                place: of_request.parquet,
                value: of_request.value,
            })
            .collect();
        columns.sort_by_key(|column| column.place);
        let (measured, added) = columns
            .into_iter()
            .partition(|column| matches!(column.place, ParquetPlace::Measured(_)));
        Self { measured, added }
    }
}

/// The schema of the file in Parquet's message syntax.
fn schema(metrics: &MetricColumns) -> String {
    let measured: String = metrics.measured.iter().map(MetricColumn::schema).collect();
    let added: String = metrics.added.iter().map(MetricColumn::schema).collect();
    format!("message requests {{{COLUMNS}{measured}{STREAM_COLUMNS}{added}{LAST_COLUMNS}}}")
}

impl MetricColumn {
    fn schema(&self) -> String {
        let kind = match self.value {
            RequestValue::Real(_) => "double",
            RequestValue::Count(_) => "int64",
        };
        format!("optional {kind} {};\n", self.name)
    }

    fn write<W: Write + Send>(
        &self,
        columns: &mut RowGroupColumns<'_, W>,
        requests: &[MeasuredRequest],
    ) -> Result<(), ParquetError> {
        let requests = requests.iter();
        match self.value {
            RequestValue::Real(value) => {
                columns.optional_doubles(requests.map(|one| value(&one.record, &one.metrics)))
            }
            RequestValue::Count(value) => {
                columns.optional_counts(requests.map(|one| value(&one.record, &one.metrics)))
            }
        }
    }
}

fn records(requests: &[MeasuredRequest]) -> impl Iterator<Item = &RequestRecord> {
    requests.iter().map(|request| &request.record)
}

fn metrics(requests: &[MeasuredRequest]) -> impl Iterator<Item = &RequestMetrics> {
    requests.iter().map(|request| &request.metrics)
}

fn outcomes(requests: &[MeasuredRequest]) -> impl Iterator<Item = &Outcome> {
    records(requests).map(|record| &record.outcome)
}

fn failures(requests: &[MeasuredRequest]) -> impl Iterator<Item = Option<&Failure>> {
    outcomes(requests).map(Outcome::failure)
}

/// Writes a row group, every column in the order of the schema.
fn group<W: Write + Send>(
    table: &mut ParquetTable<W>,
    round: &RoundResult,
    requests: &[MeasuredRequest],
    metrics: &MetricColumns,
    chunks: bool,
) -> io::Result<()> {
    table.group(|columns| {
        place_columns(columns, round, requests.len())?;
        prompt_columns(columns, requests)?;
        outcome_columns(columns, requests)?;
        for metric in &metrics.measured {
            metric.write(columns, requests)?;
        }
        stream_columns(columns, requests)?;
        for metric in &metrics.added {
            metric.write(columns, requests)?;
        }
        last_columns(columns, round.meta.load, requests, chunks)
    })
}

/// Which round its requests are of.
fn place_columns<W: Write + Send>(
    columns: &mut RowGroupColumns<'_, W>,
    round: &RoundResult,
    rows: usize,
) -> Result<(), ParquetError> {
    let (meta, spec) = (&round.meta, round.meta.spec);
    let concurrency = meta.load.concurrency().map(u64::from);
    columns.counts(std::iter::repeat_n(u64::from(meta.level), rows))?;
    columns.optional_counts(std::iter::repeat_n(concurrency, rows))?;
    columns.counts(std::iter::repeat_n(u64::from(spec.number), rows))?;
    columns.texts(std::iter::repeat_n(spec.kind.name(), rows))?;
    columns.optional_counts(std::iter::repeat_n(spec.epoch.map(u64::from), rows))
}

/// What was asked, and what was answered.
fn prompt_columns<W: Write + Send>(
    columns: &mut RowGroupColumns<'_, W>,
    requests: &[MeasuredRequest],
) -> Result<(), ParquetError> {
    columns.counts(records(requests).map(|record| u64::from(record.index)))?;
    columns.optional_texts(records(requests).map(|record| record.id.as_deref()))?;
    columns.texts(records(requests).map(|record| &*record.prompt_digest))?;
    columns.optional_texts(records(requests).map(|record| record.prompt.as_deref()))?;
    columns.optional_texts(records(requests).map(|record| record.output.as_deref()))?;
    columns.counts(records(requests).map(|record| u64::from(record.user)))
}

/// How each request ended.
fn outcome_columns<W: Write + Send>(
    columns: &mut RowGroupColumns<'_, W>,
    requests: &[MeasuredRequest],
) -> Result<(), ParquetError> {
    let kinds: Vec<Option<String>> = failures(requests)
        .map(|failure| failure.map(|failure| failure.kind.to_string()))
        .collect();
    columns.truths(outcomes(requests).map(Outcome::is_success))?;
    columns.truths(outcomes(requests).map(|outcome| *outcome == Outcome::Cancelled))?;
    columns.optional_texts(kinds.iter().map(Option::as_deref))?;
    columns.optional_texts(failures(requests).map(|failure| failure.map(|f| f.phase.name())))?;
    columns.optional_counts(failures(requests).map(|failure| failure?.status.map(u64::from)))?;
    columns.optional_texts(failures(requests).map(|failure| failure.map(|f| f.message.as_str())))
}

/// What is told of each answer's stream.
fn stream_columns<W: Write + Send>(
    columns: &mut RowGroupColumns<'_, W>,
    requests: &[MeasuredRequest],
) -> Result<(), ParquetError> {
    columns.optional_texts(
        metrics(requests).map(|metrics| metrics.token_source.map(TokenSource::name)),
    )?;
    columns.counts(records(requests).map(|record| record.retries.len() as u64))?;
    columns.counts(records(requests).map(|record| record.stream.token_events))?;
    columns.truths(records(requests).map(|record| record.stream.streamed))?;
    columns
        .optional_texts(records(requests).map(|record| record.stream.finish_reason.as_deref()))?;
    columns.optional_truths(metrics(requests).map(|metrics| metrics.good))?;
    columns.optional_texts(records(requests).map(|record| record.response_id.as_deref()))
}

fn last_columns<W: Write + Send>(
    columns: &mut RowGroupColumns<'_, W>,
    load: Load,
    requests: &[MeasuredRequest],
    chunks: bool,
) -> Result<(), ParquetError> {
    columns.optional_texts(records(requests).map(|record| record.row_options.as_deref()))?;
    let places = || records(requests).map(|record| record.mixed);
    columns.optional_texts(places().map(|place| place.map(|place| place.arm.name())))?;
    columns.optional_counts(places().map(|place| place.map(|place| u64::from(place.block))))?;
    columns.optional_truths(places().map(|place| place.map(|place| place.ramp)))?;
    columns.texts(std::iter::repeat_n(load.kind(), requests.len()))?;
    columns.doubles(&vec![load.value(); requests.len()])?;
    let turns = || records(requests).map(|record| record.turn.as_ref());
    columns.optional_counts(turns().map(|turn| turn.map(|turn| u64::from(turn.session))))?;
    columns.optional_counts(turns().map(|turn| turn.map(|turn| u64::from(turn.turn))))?;
    let flags = metrics(requests).map(|metrics| &metrics.flags);
    columns.text_lists(flags.map(|flags| flags.iter().map(|flag| flag.name()).collect()))?;
    columns.optional_double_lists(
        records(requests).map(|record| if chunks { arrivals(record) } else { None }),
    )
}

/// When each token-bearing event arrived, ms since t0.
fn arrivals(record: &RequestRecord) -> Option<Vec<f64>> {
    let time = &record.timeline;
    let (start, mut at) = time.start_ns.zip(time.first_token_ns)?;
    let mut out = vec![since_start(at, start)];
    for gap in &time.gaps_ns {
        at += gap;
        out.push(since_start(at, start));
    }
    Some(out)
}
