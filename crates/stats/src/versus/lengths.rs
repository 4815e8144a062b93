//! The same prompts in other lengths: part of what changed between two runs may be that.

use super::change::{Better, judge_ratio, judge_share};
use crate::pairs::matched;
use dualround_model::{Judgement, MetricChange, RoundResult};

/// Prompts whose token counts differ by more, summed, are not the same load.
const PROMPT_SHARE: f64 = 0.02;
/// Prefill takes at most the square of a prompt's length: attention does, all else grows as the length.
const PREFILL_POWER: f64 = 2.0;

/// The same prompts in other lengths: a marker in place of a salt, another template.
pub(super) struct Lengths {
    /// Mean over prompts of ln(new / base) of their lengths, tokens.
    change: f64,
    /// In words.
    pub(super) reason: String,
}

impl Lengths {
    /// The same requests were of other lengths, as the server counted them (a marker in one run, other
    /// templates): part of what changed may be that.
    pub(super) fn of(base: &[&RoundResult], new: &[&RoundResult]) -> Option<Self> {
        let (mut a, mut b, mut n, mut logs) = (0_u64, 0_u64, 0_u64, 0.0);
        for (old, now) in base.iter().zip(new) {
            for (_, old, now) in matched(old, now) {
                if let Some((old, now)) = old.input_tokens().zip(now.input_tokens()) {
                    a += old;
                    b += now;
                    n += 1;
                    logs += (now.max(1) as f64 / old.max(1) as f64).ln();
                }
            }
        }
        let mean = |sum: u64| sum as f64 / n as f64;
        (a.abs_diff(b) as f64 > PROMPT_SHARE * a.max(b) as f64).then(|| Self {
            change: logs / n as f64,
            reason: format!(
                "the prompts were of other lengths: {:.1} and {:.1} tokens on average",
                mean(a),
                mean(b)
            ),
        })
    }

    /// Widens what depends on the length of a prompt by what that may account for, and judges again.
    pub(super) fn allow_for(&self, metric: &mut MetricChange) {
        let better = match metric.name.as_str() {
            "ttft" | "latency" => Better::Lower,
            "ttft_ratio" | "cache_hit_rate" => Better::Higher,
            _ => return,
        };
        let Some((low, high)) = metric.low.zip(metric.high) else {
            return;
        };
        if metric.absolute {
            let share = self.change.exp_m1().abs();
            let wide = (low - share, high + share);
            (metric.low, metric.high) = (Some(wide.0), Some(wide.1));
            metric.judgement = judge_share(wide, metric.margin, better);
        } else {
            // Of a change of the logarithm lengths account for something between nothing and this.
            let share = PREFILL_POWER * self.change;
            let wide = (low.ln_1p() - share.max(0.0), high.ln_1p() - share.min(0.0));
            (metric.low, metric.high) = (Some(wide.0.exp_m1()), Some(wide.1.exp_m1()));
            metric.judgement = judge_ratio((wide.0.exp(), wide.1.exp()), metric.margin, better);
        }
        if metric.judgement == Judgement::CannotTell {
            metric.reason = Some(self.reason.clone());
        }
    }
}
