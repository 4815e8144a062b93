//! A metric in two runs: the change, its interval, and what may be said.

use super::run_logs::{RunLogs, common_prompts, lns};
use crate::{
    decision::decide,
    numbers::intervals::{FEWEST, Interval, newcombe, t_interval, welch},
    numbers::mean::mean_of,
};
use dualround_model::{ChangeInterval, ChangeReason, ConclusionKind, Judgement, MetricChange};

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Lower,
    Higher,
}

/// Cycles that a t interval needs on each side.
pub(super) const CYCLES: usize = 3;

/// A change of which nothing is known yet.
pub(super) fn blank(name: &str, margin: f64, absolute: bool) -> MetricChange {
    MetricChange {
        name: name.to_owned(),
        base: None,
        new: None,
        absolute,
        change: None,
        low: None,
        high: None,
        interval_kind: None,
        n: 0,
        margin,
        judgement: Judgement::CannotTell,
        reason: None,
    }
}

/// Takes back what was found of a metric, and says why.
pub(super) fn withhold(metric: &mut MetricChange, reason: ChangeReason) {
    let kept = blank(&metric.name, metric.margin, metric.absolute);
    *metric = MetricChange {
        base: metric.base,
        new: metric.new,
        n: metric.n,
        reason: Some(reason),
        ..kept
    };
}

/// The change of a quantity of requests, as a ratio. `base` and `new` are geometric means, which
/// the change is about.
pub(super) fn times(
    name: &str,
    base: &RunLogs,
    new: &RunLogs,
    paired: bool,
    margin: f64,
    better: Better,
) -> MetricChange {
    let mut out = blank(name, margin, false);
    let (old, now) = (base.by_prompt(), new.by_prompt());
    let common = common_prompts(&old, &now);
    let cycles = base.cycles.len() >= CYCLES && new.cycles.len() >= CYCLES;
    let (a, b, kind) = if cycles {
        let prompts: Vec<u64> = common.iter().map(|both| both.prompt).collect();
        let prompts = paired.then_some(prompts.as_slice());
        let (old, now) = (base.by_cycle(prompts), new.by_cycle(prompts));
        (old, now, ChangeInterval::TCycles)
    } else if paired {
        let old = common.iter().map(|both| both.base).collect();
        let now = common.iter().map(|both| both.new).collect();
        (old, now, ChangeInterval::Paired)
    } else {
        (lns(&old), lns(&now), ChangeInterval::Unpaired)
    };
    out.n = a.len().min(b.len()) as u64;
    (out.base, out.new) = (exp(mean_of(&a)), exp(mean_of(&b)));
    let centre = mean_of(&a).zip(mean_of(&b)).map(|(a, b)| b - a);
    let prompts = if paired {
        common.len()
    } else {
        old.len().min(now.len())
    };
    // A few prompts decide nothing, however many cycles asked them.
    let enough = prompts >= FEWEST;
    let interval = match kind {
        _ if !enough => None,
        ChangeInterval::Paired => {
            let changes: Vec<f64> = a.iter().zip(&b).map(|(a, b)| b - a).collect();
            t_interval(&changes)
        }
        _ => welch(&a, &b),
    };
    relative(&mut out, centre, interval, kind, better);
    if out.interval_kind.is_none() {
        out.reason = Some(match out.n {
            0 => ChangeReason::NoValue,
            _ => ChangeReason::FewPrompts {
                prompts: prompts as u64,
            },
        });
    }
    out
}

/// A ratio of one run with its interval, in logarithms.
pub(super) struct OwnInterval {
    pub(super) middle: f64,
    pub(super) interval: Interval,
}

/// The change of a ratio that has an interval of its own in each run: half widths add as squares
/// (the method of variance estimates recovery: Zou and Donner, Statist. Med. 27 (2008) 1693).
pub(super) fn between_intervals(
    mut out: MetricChange,
    base: Option<OwnInterval>,
    new: Option<OwnInterval>,
    better: Better,
) -> MetricChange {
    let Some((base, new)) = base.zip(new) else {
        let is_there = out.base.is_some() && out.new.is_some();
        out.reason = Some(if is_there {
            ChangeReason::NotMixed
        } else {
            ChangeReason::NoValue
        });
        return out;
    };
    let squares = |a: f64, b: f64| (a.powi(2) + b.powi(2)).sqrt();
    let centre = new.middle - base.middle;
    let below = squares(
        new.middle - new.interval.low,
        base.interval.high - base.middle,
    );
    let above = squares(
        new.interval.high - new.middle,
        base.middle - base.interval.low,
    );
    let interval = Interval {
        low: centre - below,
        high: centre + above,
    };
    let kind = ChangeInterval::Rerandomised;
    relative(&mut out, Some(centre), Some(interval), kind, better);
    out
}

/// The change of a figure of a whole round. Without three cycles a side there is no interval.
pub(super) fn total(name: &str, base: &[f64], new: &[f64], margin: f64) -> MetricChange {
    let mut out = blank(name, margin, false);
    out.n = base.len().min(new.len()) as u64;
    (out.base, out.new) = (mean_of(base), mean_of(new));
    let positive = base.iter().chain(new).all(|value| *value > 0.0);
    let (a, b): (Vec<f64>, Vec<f64>) = if positive {
        let (old, now) = (base.iter(), new.iter());
        (
            old.map(|value| value.ln()).collect(),
            now.map(|value| value.ln()).collect(),
        )
    } else {
        (Vec::new(), Vec::new())
    };
    let centre = mean_of(&a).zip(mean_of(&b)).map(|(a, b)| b - a);
    let interval = (a.len() >= CYCLES && b.len() >= CYCLES)
        .then(|| welch(&a, &b))
        .flatten();
    relative(
        &mut out,
        centre,
        interval,
        ChangeInterval::TCycles,
        Better::Higher,
    );
    if out.interval_kind.is_none() {
        out.reason = Some(match out.n {
            0 => ChangeReason::NoValue,
            _ if !positive => ChangeReason::NoRatio,
            rounds => ChangeReason::FewRounds { rounds },
        });
    }
    out
}

fn exp(value: Option<f64>) -> Option<f64> {
    value.map(f64::exp)
}

/// Fills in a change of logarithms.
fn relative(
    out: &mut MetricChange,
    centre: Option<f64>,
    interval: Option<Interval>,
    kind: ChangeInterval,
    better: Better,
) {
    out.change = centre.map(f64::exp_m1);
    let Some(interval) = interval else {
        return;
    };
    out.low = Some(interval.low.exp_m1());
    out.high = Some(interval.high.exp_m1());
    out.interval_kind = Some(kind);
    out.judgement = judge_ratio(
        (interval.low.exp(), interval.high.exp()),
        out.margin,
        better,
    );
}

/// Judges an interval of a ratio new / base.
pub(super) fn judge_ratio((low, high): (f64, f64), margin: f64, better: Better) -> Judgement {
    let up = low > 1.0;
    match decide(Some(low), Some(high), margin) {
        ConclusionKind::NoEffect => Judgement::Same,
        ConclusionKind::Effect if up == (better == Better::Higher) => Judgement::Better,
        ConclusionKind::Effect => Judgement::Worse,
        _ => Judgement::CannotTell,
    }
}

/// Judges an interval of a difference of shares.
pub(super) fn judge_share((low, high): (f64, f64), margin: f64, better: Better) -> Judgement {
    if low >= -margin && high <= margin {
        return Judgement::Same;
    }
    if low <= margin && high >= -margin {
        return Judgement::CannotTell;
    }
    if (low > margin) == (better == Better::Higher) {
        Judgement::Better
    } else {
        Judgement::Worse
    }
}

/// Fills in a change of shares.
pub(super) fn absolute(
    out: &mut MetricChange,
    difference: f64,
    interval: Option<Interval>,
    kind: ChangeInterval,
    better: Better,
) {
    out.change = Some(difference);
    let Some(Interval { low, high }) = interval else {
        return;
    };
    (out.low, out.high, out.interval_kind) = (Some(low), Some(high), Some(kind));
    out.judgement = judge_share((low, high), out.margin, better);
}

/// A share of requests as so many different prompts show it: what one prompt does in several
/// rounds is not several observations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ObservedShare {
    rate: f64,
    of: u64,
}

impl ObservedShare {
    /// The share by counts; `None` when nothing was counted.
    pub(super) fn of(part: u64, all: u64) -> Option<Self> {
        (all > 0).then(|| Self {
            rate: part as f64 / all as f64,
            of: all,
        })
    }

    /// The share, resting on no more observations than there are prompts.
    pub(super) fn over(self, prompts: u64) -> Self {
        Self {
            of: self.of.min(prompts),
            ..self
        }
    }
}

/// The change of a share of requests, as a difference.
pub(super) fn share(
    name: &str,
    base: Option<ObservedShare>,
    new: Option<ObservedShare>,
    better: Better,
    margin: f64,
) -> MetricChange {
    let mut out = blank(name, margin, true);
    (out.base, out.new) = (base.map(|share| share.rate), new.map(|share| share.rate));
    let Some((old, now)) = base.zip(new) else {
        out.reason = Some(ChangeReason::NoValue);
        return out;
    };
    out.n = old.of.min(now.of);
    let interval = newcombe((old.rate, old.of as f64), (now.rate, now.of as f64));
    let difference = now.rate - old.rate;
    let kind = ChangeInterval::Shares;
    absolute(&mut out, difference, Some(interval), kind, better);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::estimate::PromptLog;

    fn run(factor: f64, cycles: usize, n: u32) -> RunLogs {
        let cycle = |k: usize| {
            let logs = (0..n).map(|i| PromptLog {
                prompt: u64::from(i),
                ln: (factor * (50.0 + f64::from(i)) * (1.0 + 0.001 * k as f64)).ln(),
            });
            logs.collect()
        };
        RunLogs::of_logs((0..cycles).map(cycle).collect())
    }

    #[test]
    fn pairs_see_what_unpaired_medians_cannot() {
        let (base, new) = (run(1.0, 1, 40), run(0.8, 1, 40));
        let paired = times("ttft", &base, &new, true, 0.05, Better::Lower);
        assert_eq!(paired.judgement, Judgement::Better);
        assert_eq!(paired.interval_kind, Some(ChangeInterval::Paired));
        assert!((paired.change.unwrap() + 0.2).abs() < 1e-9);
        let apart = times("ttft", &base, &new, false, 0.05, Better::Lower);
        assert_eq!(apart.interval_kind, Some(ChangeInterval::Unpaired));
        assert!(
            apart.high.unwrap() - apart.low.unwrap() > paired.high.unwrap() - paired.low.unwrap()
        );
        let worse = times("ttft_ratio", &base, &new, true, 0.05, Better::Higher);
        assert_eq!(worse.judgement, Judgement::Worse);
        let same = times("ttft", &base, &run(1.01, 1, 40), true, 0.05, Better::Lower);
        assert_eq!(same.judgement, Judgement::Same);
    }

    #[test]
    fn three_cycles_a_side_give_t_and_fewer_give_none_for_totals() {
        let metric = times(
            "ttft",
            &run(1.0, 3, 9),
            &run(2.0, 4, 9),
            true,
            0.05,
            Better::Lower,
        );
        assert_eq!(metric.interval_kind, Some(ChangeInterval::TCycles));
        assert_eq!((metric.judgement, metric.n), (Judgement::Worse, 3));
        let one = total("token_throughput", &[100.0], &[50.0], 0.05);
        assert_eq!(one.judgement, Judgement::CannotTell);
        assert!((one.change.unwrap() + 0.5).abs() < 1e-9 && one.reason.is_some());
        let three = total(
            "token_throughput",
            &[100.0, 101.0, 99.0],
            &[50.0, 51.0, 50.5],
            0.05,
        );
        assert_eq!(three.judgement, Judgement::Worse);
    }

    #[test]
    fn few_requests_and_missing_values_cannot_tell() {
        let metric = times(
            "ttft",
            &run(1.0, 1, 5),
            &run(9.0, 1, 5),
            true,
            0.05,
            Better::Lower,
        );
        assert_eq!(metric.judgement, Judgement::CannotTell);
        assert_eq!(metric.reason, Some(ChangeReason::FewPrompts { prompts: 5 }));
        let none = times(
            "ttft",
            &run(1.0, 1, 9),
            &RunLogs::of_logs(Vec::new()),
            true,
            0.05,
            Better::Lower,
        );
        assert_eq!((none.new, none.judgement), (None, Judgement::CannotTell));
        let none = share(
            "goodput_request_rate",
            None,
            ObservedShare::of(1, 2),
            Better::Higher,
            0.05,
        );
        assert_eq!((none.base, none.new), (None, Some(0.5)));
        assert!(none.reason.is_some());
    }

    #[test]
    fn shares_are_compared_as_differences() {
        let worse = share(
            "failure_rate",
            ObservedShare::of(0, 500),
            ObservedShare::of(50, 500),
            Better::Lower,
            0.01,
        );
        assert_eq!(worse.judgement, Judgement::Worse);
        let unsure = share(
            "failure_rate",
            ObservedShare::of(0, 10),
            ObservedShare::of(1, 10),
            Better::Lower,
            0.01,
        );
        assert_eq!(unsure.judgement, Judgement::CannotTell);
        let same = share(
            "failure_rate",
            ObservedShare::of(0, 5000),
            ObservedShare::of(0, 5000),
            Better::Lower,
            0.01,
        );
        assert_eq!(same.judgement, Judgement::Same);
    }
}
