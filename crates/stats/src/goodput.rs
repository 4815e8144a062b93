//! Requests and tokens that met the SLO. The denominators are those of the guide: requests sent,
//! and output tokens of all successes.

use dualround_model::{Flag, Goodput, RequestMetrics};

/// `sent` counts successes and failures; cancelled requests stand apart.
pub(crate) fn goodput<'a>(
    successes: impl Iterator<Item = &'a RequestMetrics>,
    sent: u64,
    seconds: Option<f64>,
) -> Goodput {
    let (mut good, mut tokens, mut total, mut no_itl) = (0, 0, 0, 0);
    for metrics in successes {
        let n = metrics.output_tokens.unwrap_or(0);
        total += n;
        no_itl += u64::from(metrics.flags.contains(&Flag::ItlNotApplicable));
        if metrics.good == Some(true) {
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
