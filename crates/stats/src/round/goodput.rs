//! Requests and tokens that met the SLO. The denominators are those of the guide: requests sent,
//! and output tokens of all successes.

use crate::{numbers::share::share, round::request::meets};
use dualround_model::{Flag, Goodput, RequestRow, RequestRows, Slo};

/// The goodput of a round that took so many seconds. `sent` counts successes and failures;
/// cancelled requests stand apart.
pub(crate) fn goodput(rows: &RequestRows, slo: &Slo, sent: u64, seconds: Option<f64>) -> Goodput {
    let (mut good, mut no_itl) = (0, 0);
    for (_, row) in rows.successes() {
        no_itl += u64::from(row.has(Flag::ItlNotApplicable));
        good += u64::from(row_meets(row, slo));
    }
    let total = output_tokens(rows.successes().map(|(_, row)| row));
    let successes = rows.successes().map(|(_, row)| row);
    let tokens = output_tokens(successes.filter(|row| row_meets(row, slo)));
    Goodput {
        requests: good,
        sent,
        request_rate: share(good, sent),
        request_throughput: per_second(good, seconds),
        tokens,
        total_tokens: total,
        token_rate: tokens.zip(total).and_then(|(good, all)| share(good, all)),
        token_throughput: tokens.and_then(|tokens| per_second(tokens, seconds)),
        itl_not_applicable: no_itl,
    }
}

/// So many in so many seconds.
pub(crate) fn per_second(count: u64, seconds: Option<f64>) -> Option<f64> {
    seconds.map(|seconds| count as f64 / seconds)
}

/// Output tokens of these requests; `None` when those of one are not known, so that no sum leaves
/// it out for a zero.
pub(crate) fn output_tokens<'a>(rows: impl Iterator<Item = &'a RequestRow>) -> Option<u64> {
    rows.map(RequestRow::output_tokens).sum()
}

/// Whether a success meets every limit.
pub(crate) fn row_meets(row: &RequestRow, slo: &Slo) -> bool {
    let times = [row.ttft_ms(), row.itl_ms(), row.latency_ms()];
    meets(times, row.output_tokens(), slo)
}
