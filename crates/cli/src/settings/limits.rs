//! How long things may take, and when a run is given up.

use super::usage;
use crate::{
    args::{Budget, RunArgs},
    exit::Usage,
};
use dualround_model::{LimitsPlan, Timeouts};

/// The time limits of a request.
///
/// # Errors
/// [`Usage`] for a limit that is no time.
pub(super) fn timeouts(args: &RunArgs) -> Result<Timeouts, Usage> {
    let default = Timeouts::default();
    Ok(Timeouts {
        connect_ms: ms(
            "--connect-timeout",
            args.connect_timeout,
            default.connect_ms,
        )?,
        first_token_ms: ms(
            "--first-token-timeout",
            args.first_token_timeout,
            default.first_token_ms,
        )?,
        idle_ms: ms("--idle-timeout", args.idle_timeout, default.idle_ms)?,
        total_ms: ms("--timeout", args.timeout, default.total_ms)?,
    })
}

/// Seconds as given to milliseconds; 0 is no limit.
pub(super) fn ms(
    flag: &str,
    given: Option<f64>,
    default: Option<u64>,
) -> Result<Option<u64>, Usage> {
    let Some(seconds) = given else {
        return Ok(default);
    };
    if !seconds.is_finite() || seconds < 0.0 {
        return Err(usage(format!("{flag} {seconds}: give seconds, 0 or more")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; casts of floats saturate"
    )]
    let ms = (seconds * 1e3).ceil() as u64;
    Ok((ms > 0).then_some(ms))
}

/// The limits of a run.
///
/// # Errors
/// [`Usage`] for a limit that is none.
pub(super) fn limits(args: &RunArgs) -> Result<LimitsPlan, Usage> {
    if let Some(rate) = args.max_failure_rate
        && !(0.0..=1.0).contains(&rate)
    {
        return Err(usage(format!(
            "--max-failure-rate {rate}: give a share from 0 to 1"
        )));
    }
    let default = LimitsPlan::default();
    for (flag, bytes) in [
        ("--max-event-bytes", args.max_event_bytes),
        ("--max-response-bytes", args.max_response_bytes),
    ] {
        if bytes.is_some_and(|bytes| bytes < 1024) {
            return Err(usage(format!("{flag}: give at least 1024 bytes")));
        }
    }
    Ok(LimitsPlan {
        max_failures: args.max_failures,
        max_failure_rate: args.max_failure_rate,
        duration_ms: ms("--duration", args.duration, None)?,
        budget_tokens: args.budget.and_then(Budget::as_tokens),
        retries: args.retries.unwrap_or(default.retries),
        max_event_bytes: args.max_event_bytes.unwrap_or(default.max_event_bytes),
        max_response_bytes: args
            .max_response_bytes
            .unwrap_or(default.max_response_bytes),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{resolve, tests::given};

    #[test]
    fn b056_no_limit_and_negative_limits() {
        let with = |timeout| {
            resolve(RunArgs {
                timeout: Some(timeout),
                ..given()
            })
        };
        assert_eq!(with(0.0).unwrap().plan.timeouts.total_ms, None);
        assert!(with(-1.0).unwrap_err().to_string().contains("--timeout -1"));
    }
}
