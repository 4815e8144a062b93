//! What a round of a replay will take, said before it is run.

use dualround_loadgen::{LoadError, replay_span};
use dualround_model::{Lang, Plan, Sample};
use dualround_report::load_text;
use std::sync::Arc;

/// `each round of replay ×2 lasts at least 1.6 s: …`, of a plan's level; `None` of another load.
///
/// # Errors
/// When a row has no time.
pub(crate) fn replay_words(
    plan: &Plan,
    level: u32,
    samples: &[Arc<Sample>],
) -> Result<Option<String>, LoadError> {
    let load = plan.own_load(level);
    let Some(span) = replay_span(load, samples, plan.limits.duration_ms)? else {
        return Ok(None);
    };
    let lang = plan.output.lang;
    let (name, lasts) = (load_text(load, lang), time(span.span_ns, lang));
    let (requests, most) = (span.requests, span.busiest_second);
    let mut text = lang.pick([
        format!(
            "each round of {name} lasts at least {lasts}: {requests} requests, up to {most} within a second"
        ),
        format!("{name}：每一轮至少持续 {lasts}，共 {requests} 个请求，一秒内最多 {most} 个"),
    ]);
    if span.cut > 0 {
        text += &lang.pick([
            format!("; {} later ones are not sent (--duration)", span.cut),
            format!("；更晚的 {} 个不发送（--duration）", span.cut),
        ]);
    }
    Ok(Some(text))
}

/// A time in the unit that suits it.
fn time(ns: u64, lang: Lang) -> String {
    let seconds = ns as f64 / 1e9;
    match seconds {
        ..10.0 => lang.pick([format!("{seconds:.2} s"), format!("{seconds:.2} 秒")]),
        ..600.0 => lang.pick([format!("{seconds:.1} s"), format!("{seconds:.1} 秒")]),
        ..7200.0 => {
            let minutes = seconds / 60.0;
            lang.pick([format!("{minutes:.1} min"), format!("{minutes:.1} 分钟")])
        }
        _ => {
            let hours = seconds / 3600.0;
            lang.pick([format!("{hours:.1} h"), format!("{hours:.1} 小时")])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_unit_that_suits_it() {
        let shown = [850, 59_640, 599_900, 900_000, 86_400_000]
            .map(|ms: u64| time(ms * 1_000_000, Lang::En));
        assert_eq!(shown, ["0.85 s", "59.6 s", "599.9 s", "15.0 min", "24.0 h"]);
        assert_eq!(time(90_000_000_000_000, Lang::Zh), "25.0 小时");
    }
}
