//! The same prompts in other lengths: part of what changed between two runs may be that.

use super::change::{Better, judge_ratio, judge_share, withhold};
use crate::level::pairs::{Pair, matched};
use dualround_model::{
    ChangeCaveat, ChangeReason, Judgement, MetricChange, RequestRow, RoundResult,
};

/// Changes of a time by less, as a share, are not worth withholding a share of requests for.
const SMALL: f64 = 0.02;
/// Tokens that whole blocks leave to compute of a prompt that hits, at least.
const BLOCK: u64 = 16;
/// A request hits when so many times its cached tokens are its prompt.
const HIT: u64 = 2;

/// What other lengths may account for in the rounds of a kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LengthAllowance {
    /// Of the logarithm of a time new / base.
    time: LogSpan,
    /// Of the hit rate, either way.
    hits: f64,
    /// Mean length of the base run's prompts, tokens.
    base_tokens: f64,
    /// Mean length of the new run's.
    new_tokens: f64,
}

/// What a logarithm lies between.
#[derive(Clone, Copy, Debug, Default)]
struct LogSpan {
    least: f64,
    most: f64,
}

impl LengthAllowance {
    /// A time grows at most with the tokens that are computed, times the length that each of them
    /// looks back on. Tokens that whole blocks leave are accounted for as they were counted; where
    /// one run hit and the other did not, only what lengths and blocks could make of a hit.
    /// `None`: lengths are not known in both runs, or hits are not while `warm`.
    pub(super) fn of(base: &[&RoundResult], new: &[&RoundResult], warm: bool) -> Option<Self> {
        let most = most_left(base, new).max(BLOCK);
        let (mut sum, mut n) = (Self::default(), 0_u32);
        for (old, now) in both_runs(base, new) {
            let (a, b) = (old.input_tokens()?.max(1), now.input_tokens()?.max(1));
            if warm && (old.cached_tokens().is_none() || now.cached_tokens().is_none()) {
                return None;
            }
            let (from, own) = (computed(old)?, computed(now)?);
            let to = match (hit(old), hit(now)) {
                (true, false) => most.max(from + a.abs_diff(b)),
                (false, true) => b,
                _ => own,
            };
            let length = (b as f64 / a as f64).ln();
            let work = (to.max(1) as f64 / from.max(1) as f64).ln();
            sum.time.least += length.min(0.0) + work.min(0.0);
            sum.time.most += length.max(0.0) + work.max(0.0);
            sum.hits += (to as f64 / b as f64 - from as f64 / a as f64).abs();
            sum.base_tokens += a as f64;
            sum.new_tokens += b as f64;
            n += 1;
        }
        let pairs = f64::from(n);
        (n > 0).then(|| Self {
            time: LogSpan {
                least: sum.time.least / pairs,
                most: sum.time.most / pairs,
            },
            hits: sum.hits / pairs,
            base_tokens: sum.base_tokens / pairs,
            new_tokens: sum.new_tokens / pairs,
        })
    }

    /// Whether the lengths are the same.
    pub(super) fn is_nothing(self) -> bool {
        (self.base_tokens - self.new_tokens).abs() < f64::EPSILON
    }

    /// Why a change cannot be told.
    fn reason(self) -> ChangeReason {
        let (base, new) = (self.base_tokens, self.new_tokens);
        ChangeReason::OtherPrompts { base, new }
    }

    /// The caveat that the reader must know.
    pub(super) fn caveat(self) -> ChangeCaveat {
        let (base, new) = (self.base_tokens, self.new_tokens);
        ChangeCaveat::LengthsAllowed { base, new }
    }

    /// What lengths may account for in the ratio cold / warm; this is of the cold rounds.
    pub(super) fn over(self, warm: Self) -> Self {
        let time = LogSpan {
            least: self.time.least - warm.time.most,
            most: self.time.most - warm.time.least,
        };
        Self { time, ..self }
    }

    /// Widens what depends on the length of a prompt by this, and judges again.
    pub(super) fn allow_in(self, metric: &mut MetricChange) {
        let LogSpan { least, most } = self.time;
        match metric.name.as_str() {
            "ttft" | "latency" | "ttft_from_due" | "latency_from_due" => {
                widen(metric, self.time, Better::Lower);
            }
            "ttft_ratio" => widen(metric, self.time, Better::Higher),
            "token_throughput" | "request_throughput" => {
                let inverse = LogSpan {
                    least: -most,
                    most: -least,
                };
                widen(metric, inverse, Better::Higher);
            }
            "cache_hit_rate" => self.widen_rate(metric),
            "goodput_request_rate" | "goodput_request_throughput" if most - least > SMALL => {
                withhold(metric, self.reason());
            }
            _ => return,
        }
        if metric.judgement == Judgement::CannotTell && metric.low.is_some() {
            metric.reason = Some(self.reason());
        }
    }

    /// Widens the interval of the hit rate, and judges again.
    fn widen_rate(self, metric: &mut MetricChange) {
        let Some((low, high)) = metric.low.zip(metric.high) else {
            return;
        };
        let (low, high) = ((low - self.hits).max(-1.0), (high + self.hits).min(1.0));
        (metric.low, metric.high) = (Some(low), Some(high));
        metric.judgement = judge_share((low, high), metric.margin, Better::Higher);
    }
}

/// The same request in rounds of both runs.
fn both_runs<'a>(
    base: &'a [&RoundResult],
    new: &'a [&RoundResult],
) -> impl Iterator<Item = Pair<'a>> {
    let rounds = base.iter().zip(new);
    let matched = rounds.flat_map(|(old, now)| matched(old, now));
    matched.map(|(_, old, now)| (old, now))
}

/// Tokens that the cache left to compute of a prompt that hit, at most; 0 where none hit.
fn most_left(base: &[&RoundResult], new: &[&RoundResult]) -> u64 {
    let rows = both_runs(base, new).flat_map(|(old, now)| [old, now]);
    let left = rows.filter(|row| hit(row)).filter_map(computed);
    left.max().unwrap_or(0)
}

/// Widens the interval of a ratio, and judges again.
fn widen(metric: &mut MetricChange, by: LogSpan, better: Better) {
    let Some((low, high)) = metric.low.zip(metric.high) else {
        return;
    };
    let (low, high) = (low.ln_1p() - by.most, high.ln_1p() - by.least);
    (metric.low, metric.high) = (Some(low.exp_m1()), Some(high.exp_m1()));
    metric.judgement = judge_ratio((low.exp(), high.exp()), metric.margin, better);
}

/// Prompt tokens that were not in a cache; all of them where that is not known.
fn computed(row: &RequestRow) -> Option<u64> {
    let prompt = row.input_tokens()?;
    Some(prompt.saturating_sub(row.cached_tokens().unwrap_or(0)))
}

fn hit(row: &RequestRow) -> bool {
    let both = row.cached_tokens().zip(row.input_tokens());
    both.is_some_and(|(cached, prompt)| cached > 0 && HIT * cached >= prompt)
}
