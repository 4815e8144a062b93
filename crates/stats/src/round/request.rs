//! One record to its metrics: every definition of a per-request number stands here.

use crate::{
    cache::knowledge::{self, CachedKnowledge},
    round::options::SummaryOptions,
};
use dualround_model::{
    Ending, Flag, FromDueMetrics, RequestMetrics, RequestRecord, Slo, Timeline, TokenSource,
    TokenSourceChoice,
};

/// Gaps at or below this count as "at once" for the burst check, ns: what a proxy releases comes
/// within some 0.05 ms, what the fastest engines make is some 0.3 ms apart.
const BURST_GAP_NS: u64 = 100_000;
/// Fewest tokens for the burst check.
const BURST_TOKENS: u64 = 10;

fn ms(from: u64, to: u64) -> f64 {
    to.saturating_sub(from) as f64 / 1e6
}

/// The metrics of one request. Times are differences of the record's own stamps.
pub fn request_metrics(record: &RequestRecord, options: &SummaryOptions) -> RequestMetrics {
    let (choice, slo) = (options.token_source, options.slo.as_ref());
    let time = &record.timeline;
    let success = record.outcome.is_success();
    let output = output_tokens(record, choice);
    let tokens = output.count;
    let mut metrics = RequestMetrics {
        ttft_ms: since_start(time, time.first_token_ns),
        ttfo_ms: since_start(time, time.first_content_ns),
        itl_ms: tokens.and_then(|n| itl(record, n)),
        latency_ms: if success {
            since_start(time, Some(time.end_ns))
        } else {
            None
        },
        queue_wait_ms: (time.start_ns)
            .map(|start| ms(time.due_ns.unwrap_or(time.queued_ns), start)),
        connect_ms: time.connect_ns.map(|ns| ns as f64 / 1e6),
        start_ms: time.start_ns.map(|start| ms(time.queued_ns, start)),
        from_due: FromDueMetrics {
            scheduled_ms: time.due_ns.map(|due| ms(time.queued_ns, due)),
            ttft_ms: since_due(time, time.first_token_ns),
            latency_ms: if success {
                since_due(time, Some(time.end_ns))
            } else {
                None
            },
            client_lag_ms: client_lag(record),
        },
        input_tokens: record.usage.prompt_tokens,
        output_tokens: if success { tokens } else { None },
        token_source: if success { output.source } else { None },
        partial_output_tokens: if success { None } else { tokens.or(Some(0)) },
        ..RequestMetrics::default()
    };
    let cached = knowledge::cached(record, options.convention);
    metrics.cached_tokens = cached.tokens();
    metrics.cached_omitted = cached == CachedKnowledge::ZeroByOmission;
    metrics.flags = flags(record, &metrics, output.mismatch, cached);
    if let Some(slo) = slo
        && success
    {
        let times = [metrics.ttft_ms, metrics.itl_ms, metrics.latency_ms];
        metrics.good = Some(meets(times, metrics.output_tokens, slo));
    }
    metrics
}

/// From t0 to an instant of the same request, ms.
fn since_start(time: &Timeline, at: Option<u64>) -> Option<f64> {
    time.start_ns.zip(at).map(|(start, at)| ms(start, at))
}

/// From the instant at which a request was due to another, ms; `None` in a closed loop.
fn since_due(time: &Timeline, at: Option<u64>) -> Option<f64> {
    time.due_ns.zip(at).map(|(due, at)| ms(due, at))
}

/// How late the client itself sent: after the request was due, a place in flight was free and its
/// connection was open. What went before the last attempt of one that was sent again is not that.
fn client_lag(record: &RequestRecord) -> Option<f64> {
    if record.resent || !record.retries.is_empty() {
        return None;
    }
    let time = &record.timeline;
    let (due, start) = time.due_ns.zip(time.start_ns)?;
    let ready = due.max(time.freed_ns.unwrap_or(0)) + time.connect_ns.unwrap_or(0);
    Some(ms(ready, start))
}

/// Output tokens of a request, n.
struct OutputTokens {
    count: Option<u64>,
    source: Option<TokenSource>,
    /// `usage` and the events that were seen contradict each other.
    mismatch: bool,
}

/// The number of output tokens, n, and where it comes from. `usage` of at most one token beside
/// several token-bearing events is not believed; an event holds at least one token, so fewer tokens
/// than events are flagged.
fn output_tokens(record: &RequestRecord, choice: TokenSourceChoice) -> OutputTokens {
    let events = record.stream.token_events;
    let by_events = Some(events).filter(|n| *n > 0);
    let (count, source, mismatch) = match (choice, record.usage.completion_tokens) {
        (TokenSourceChoice::Events, usage) => {
            let fewer = usage.is_some_and(|n| n < events);
            (by_events, TokenSource::Events, fewer)
        }
        // No token was generated, and events show some.
        (_, Some(n))
            if (n <= 1 && events > 2)
                || (n == 0 && (events > 0 || record.stream.has_body_text)) =>
        {
            (by_events, TokenSource::Events, true)
        }
        (_, Some(n)) => (Some(n), TokenSource::Usage, n < events),
        (TokenSourceChoice::Usage, None) => (None, TokenSource::Usage, false),
        (TokenSourceChoice::Auto, None) => (by_events, TokenSource::Events, false),
    };
    OutputTokens {
        count,
        source: count.map(|_| source),
        mismatch,
    }
}

/// The mean time between tokens: (t_last − t_first)/(n − k), k the tokens of the first event (1
/// unless known), n without tokens that were not streamed. `None` when that divides nothing, or
/// when only one event was seen, whose distance from itself measures nothing.
fn itl(record: &RequestRecord, n: u64) -> Option<f64> {
    let first_holds = record.stream.first_event_tokens.unwrap_or(1).max(1);
    let n = n.saturating_sub(hidden(record));
    // Each event bore a token, whatever was subtracted.
    let n = n.max(record.stream.token_events);
    let rest = n.checked_sub(first_holds).filter(|rest| *rest > 0)?;
    if record.stream.token_events < 2 {
        return None;
    }
    let time = &record.timeline;
    Some(ms(time.first_token_ns?, time.last_token_ns?) / rest as f64)
}

/// Reasoning tokens that usage counts and the stream did not show: no event before the answer bore
/// one.
fn hidden(record: &RequestRecord) -> u64 {
    let time = &record.timeline;
    let shown = time.first_token_ns != time.first_content_ns;
    match record.usage.reasoning_tokens {
        Some(tokens) if !shown => tokens,
        _ => 0,
    }
}

/// Whether events were held back and released at once: at least ten, nine in ten of the gaps at
/// most 0.1 ms, and all of them within a fifth of the latency. The last condition keeps a stream
/// whose events come in several bursts apart from one.
fn in_bursts(record: &RequestRecord) -> bool {
    let time = &record.timeline;
    let (Some(start), Some(first), Some(last)) =
        (time.start_ns, time.first_token_ns, time.last_token_ns)
    else {
        return false;
    };
    let short = time
        .gaps_ns
        .iter()
        .filter(|gap| **gap <= BURST_GAP_NS)
        .count();
    record.stream.token_events >= BURST_TOKENS
        && short * 10 >= time.gaps_ns.len() * 9
        && (last - first) * 5 <= time.end_ns.saturating_sub(start)
}

/// Everything about a request that its numbers do not show.
fn flags(
    record: &RequestRecord,
    metrics: &RequestMetrics,
    mismatch: bool,
    cached: CachedKnowledge,
) -> Vec<Flag> {
    let stream = &record.stream;
    let success = record.outcome.is_success();
    let no_itl = metrics.itl_ms.is_none() && metrics.output_tokens.is_some_and(|n| n < 2);
    let reason = stream.finish_reason.as_deref();
    let ending = reason.map_or(Ending::Own, Ending::of);
    let invisible = stream.token_events == 0 && stream.streamed;
    [
        (Flag::Coalesced, stream.coalesced_events > 0),
        (Flag::BufferedSuspected, success && in_bursts(record)),
        (Flag::UsageMismatch, mismatch),
        (Flag::UsageTotalOff, record.usage.does_not_add_up),
        (Flag::ItlNotApplicable, success && no_itl),
        (Flag::NoVisibleToken, success && invisible),
        (Flag::NotStreamed, success && !stream.streamed),
        (
            Flag::DoneMissing,
            success && stream.streamed && !stream.done,
        ),
        (Flag::IgnoredEvents, stream.ignored_events > 0),
        (Flag::ParseErrors, stream.parse_errors > 0),
        (Flag::TruncatedInput, record.truncated),
        (Flag::Resent, record.resent),
        (Flag::Retried, !record.retries.is_empty()),
        (Flag::ImpossibleUsage, cached == CachedKnowledge::Impossible),
        (Flag::Compressed, success && stream.compressed),
        (Flag::UnknownText, stream.unknown_text.is_some()),
        (Flag::UnknownFinish, success && ending == Ending::Unknown),
    ]
    .into_iter()
    .filter_map(|(flag, holds)| holds.then_some(flag))
    .collect()
}

/// Whether TTFT, ITL and latency of a success lie strictly below their limits. One without ITL
/// violates no ITL limit if it has fewer than two tokens; any other missing value cannot be called
/// good.
pub(crate) fn meets(times: [Option<f64>; 3], tokens: Option<u64>, slo: &Slo) -> bool {
    let [ttft, itl, latency] = times;
    let one_token = tokens.is_some_and(|n| n < 2);
    is_below(ttft, slo.ttft_ms)
        && (is_below(itl, slo.itl_ms) || (itl.is_none() && one_token))
        && is_below(latency, slo.latency_ms)
}

/// Whether a success was within an SLO as its user saw it: from when it was due, in an open loop.
pub fn within(metrics: &RequestMetrics, slo: &Slo) -> bool {
    let ttft = metrics.from_due.ttft_ms.or(metrics.ttft_ms);
    let latency = metrics.from_due.latency_ms.or(metrics.latency_ms);
    meets([ttft, metrics.itl_ms, latency], metrics.output_tokens, slo)
}

fn is_below(value: Option<f64>, limit: Option<f64>) -> bool {
    match (value, limit) {
        (_, None) => true,
        (Some(value), Some(limit)) => value < limit,
        (None, Some(_)) => false,
    }
}
