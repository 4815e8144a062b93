//! `requests.parquet`: every request of every round, one row each; a row group holds requests of one
//! round, at most 4,096 of them, so that a round of any size can be written.

use crate::{RequestSource, parquet::table::Table, telemetry_points::since_start};
use dualround_model::{Flag, Outcome, RequestMetrics, RequestRecord, RoundResult, TokenSource};
use std::io::{self, Write};

const COLUMNS: &str = "message requests {
    required int64 level;
    optional int64 concurrency;
    required int64 round;
    required binary round_kind (UTF8);
    required int64 epoch;
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
    optional double start_ms;
    optional double queue_wait_ms;
    optional double connect_ms;
    optional double ttft_ms;
    optional double ttft_width_ms;
    optional double ttfo_ms;
    optional double itl_ms;
    optional double latency_ms;
    optional int64 input_tokens;
    optional int64 cached_tokens;
    optional int64 output_tokens;
    optional int64 reasoning_tokens;
    optional int64 partial_output_tokens;
    optional binary token_source (UTF8);
    required int64 retries;
    required int64 token_events;
    required boolean streamed;
    optional binary finish_reason (UTF8);
    optional boolean good;
    optional binary response_id (UTF8);
    optional int64 local_cached_tokens;
    optional int64 external_cached_tokens;
    optional binary row_options (UTF8);
    required group flags (LIST) { repeated group list { required binary element (UTF8); } }
    optional group chunk_ms (LIST) { repeated group list { required double element; } }
}";

/// Rows of a group at most.
const ROWS: usize = 4_096;

/// A request with its metrics.
struct MeasuredRequest {
    record: RequestRecord,
    metrics: RequestMetrics,
}

/// Writes the file. `chunk_ms` holds the arrival of every token-bearing event since t0, where
/// `chunks` asks for it; null elsewhere.
pub(crate) fn write<W: Write + Send>(
    rounds: &[RoundResult],
    details: &dyn RequestSource,
    chunks: bool,
    out: W,
) -> io::Result<()> {
    let mut table = Table::new(COLUMNS, out)?;
    for round in rounds {
        let mut rows = Vec::new();
        details.each(round, 1, &mut |record, metrics| {
            rows.push(MeasuredRequest { record, metrics });
            if rows.len() == ROWS {
                group(&mut table, round, &rows, chunks)?;
                rows.clear();
            }
            Ok(())
        })?;
        if !rows.is_empty() {
            group(&mut table, round, &rows, chunks)?;
        }
    }
    table.close()
}

fn group<W: Write + Send>(
    table: &mut Table<W>,
    round: &RoundResult,
    rows: &[MeasuredRequest],
    chunks: bool,
) -> io::Result<()> {
    let spec = round.meta.spec;
    let same = |value: u32| std::iter::repeat_n(u64::from(value), rows.len());
    let failures = || rows.iter().map(|row| row.record.outcome.failure());
    let kinds: Vec<Option<String>> = failures()
        .map(|failure| failure.map(|failure| failure.kind.to_string()))
        .collect();
    let ms =
        |pick: fn(&RequestMetrics) -> Option<f64>| rows.iter().map(move |row| pick(&row.metrics));
    let tokens =
        |pick: fn(&RequestMetrics) -> Option<u64>| rows.iter().map(move |row| pick(&row.metrics));
    table.group(|columns| {
        columns.counts(same(round.meta.level))?;
        let concurrency = round.meta.load.concurrency().map(u64::from);
        columns.optional_counts(std::iter::repeat_n(concurrency, rows.len()))?;
        columns.counts(same(spec.number))?;
        columns.texts(std::iter::repeat_n(spec.kind.name(), rows.len()))?;
        columns.counts(same(spec.epoch))?;
        columns.counts(rows.iter().map(|row| u64::from(row.record.index)))?;
        columns.optional_texts(rows.iter().map(|row| row.record.id.as_deref()))?;
        columns.texts(rows.iter().map(|row| &*row.record.prompt_digest))?;
        columns.optional_texts(rows.iter().map(|row| row.record.prompt.as_deref()))?;
        columns.optional_texts(rows.iter().map(|row| row.record.output.as_deref()))?;
        columns.counts(rows.iter().map(|row| u64::from(row.record.user)))?;
        columns.truths(rows.iter().map(|row| row.record.outcome.is_success()))?;
        columns.truths(
            rows.iter()
                .map(|row| row.record.outcome == Outcome::Cancelled),
        )?;
        columns.optional_texts(kinds.iter().map(Option::as_deref))?;
        columns.optional_texts(failures().map(|failure| failure.map(|f| f.phase.name())))?;
        columns.optional_counts(failures().map(|failure| failure?.status.map(u64::from)))?;
        columns.optional_texts(failures().map(|failure| failure.map(|f| f.message.as_str())))?;
        columns.optional_doubles(ms(|m| m.start_ms))?;
        columns.optional_doubles(ms(|m| m.queue_wait_ms))?;
        columns.optional_doubles(ms(|m| m.connect_ms))?;
        columns.optional_doubles(ms(|m| m.ttft_ms))?;
        columns.optional_doubles(
            rows.iter()
                .map(|row| row.record.timeline.first_token_width_ms()),
        )?;
        columns.optional_doubles(ms(|m| m.ttfo_ms))?;
        columns.optional_doubles(ms(|m| m.itl_ms))?;
        columns.optional_doubles(ms(|m| m.latency_ms))?;
        columns.optional_counts(tokens(|m| m.input_tokens))?;
        columns.optional_counts(tokens(|m| m.cached_tokens))?;
        columns.optional_counts(tokens(|m| m.output_tokens))?;
        columns.optional_counts(rows.iter().map(|row| row.record.usage.reasoning_tokens))?;
        columns.optional_counts(tokens(|m| m.partial_output_tokens))?;
        columns.optional_texts(
            rows.iter()
                .map(|row| row.metrics.token_source.map(TokenSource::name)),
        )?;
        columns.counts(rows.iter().map(|row| row.record.retries.len() as u64))?;
        columns.counts(rows.iter().map(|row| row.record.stream.token_events))?;
        columns.truths(rows.iter().map(|row| row.record.stream.streamed))?;
        columns.optional_texts(
            rows.iter()
                .map(|row| row.record.stream.finish_reason.as_deref()),
        )?;
        columns.optional_truths(rows.iter().map(|row| row.metrics.good))?;
        columns.optional_texts(rows.iter().map(|row| row.record.response_id.as_deref()))?;
        columns.optional_counts(rows.iter().map(|row| row.record.usage.local_cached_tokens))?;
        columns.optional_counts(
            rows.iter()
                .map(|row| row.record.usage.external_cached_tokens),
        )?;
        columns.optional_texts(rows.iter().map(|row| row.record.row_options.as_deref()))?;
        let flags = rows.iter().map(|row| &row.metrics.flags);
        columns
            .text_lists(flags.map(|flags| flags.iter().map(|flag| Flag::name(*flag)).collect()))?;
        let arrivals = rows
            .iter()
            .map(|row| chunks.then(|| arrivals(&row.record)).flatten());
        columns.optional_double_lists(arrivals)
    })
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
