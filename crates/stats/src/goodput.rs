//! Requests and tokens that met the SLO. The denominators are those of the guide: requests sent,
//! and output tokens of all successes.

use crate::request::meets;
use dualround_model::{Flag, Goodput, RequestRow, RequestRows, Slo};

/// `sent` counts successes and failures; cancelled requests stand apart.
pub(crate) fn goodput(rows: &RequestRows, slo: &Slo, sent: u64, seconds: Option<f64>) -> Goodput {
    let (mut good, mut tokens, mut total, mut no_itl) = (0, 0, 0, 0);
    for (_, row) in rows.successes() {
        let n = row.output_tokens().unwrap_or(0);
        total += n;
        no_itl += u64::from(row.has(Flag::ItlNotApplicable));
        if row_meets(row, slo) {
            good += 1;
            tokens += n;
        }
    }
    let share = |part: u64, of: u64| (of > 0).then(|| part as f64 / of as f64);
    Goodput {
        requests: good,
        sent,
        request_rate: share(good, sent),
        tokens,
        total_tokens: total,
        token_rate: share(tokens, total),
        token_throughput: seconds.map(|seconds| tokens as f64 / seconds),
        itl_not_applicable: no_itl,
    }
}

/// A success meets every limit.
pub(crate) fn row_meets(row: &RequestRow, slo: &Slo) -> bool {
    let times = [row.ttft_ms(), row.itl_ms(), row.latency_ms()];
    meets(times, row.output_tokens(), slo)
}
