//! One run against another, level by level. Requests of one run share a queue and a moment, so the
//! interval over requests is the spread within the two runs; with three cycles or more on both
//! sides it is Welch's t over the cycles.

mod change;

use crate::{
    MARGIN,
    pairs::{LENGTH_SHARE, UNEQUAL_SHARE, matched, pairs, unequal},
};
use change::{Better, Rows, Side, times, total};
use dualround_model::{
    LevelChange, LevelComparison, MetricChange, RequestRow, RoundKind, RoundResult, RunChange,
    Verdict,
};

/// Failure shares that differ by less are alike.
const FAILURE_MARGIN: f64 = 0.01;

type Pick = fn(&RequestRow) -> Option<f64>;

/// A run: its rounds, and what was compared within it.
#[derive(Clone, Copy, Debug)]
pub struct RunData<'a> {
    /// All rounds, level after level.
    pub rounds: &'a [RoundResult],
    /// The comparisons of its levels.
    pub levels: &'a [LevelComparison],
}

/// Compares `new` with `base` at every level that both have. Changes within ± `margin` (a share)
/// are none; below the margin of either run's own warm–warm spread it is raised to that. Levels of
/// one concurrency are matched in order.
pub fn versus(base: RunData<'_>, new: RunData<'_>, margin: Option<f64>) -> RunChange {
    let mut out = RunChange::default();
    let mut taken = vec![false; new.levels.len()];
    for one in base.levels {
        let other = (new.levels.iter().enumerate())
            .find(|(at, other)| !taken[*at] && other.concurrency == one.concurrency);
        let Some((at, other)) = other else {
            let text = format!("concurrency {} is in the base run only", one.concurrency);
            out.caveats.push(text);
            continue;
        };
        taken[at] = true;
        let margin = margin.unwrap_or(MARGIN);
        let margin = margin
            .max(one.conclusion.margin)
            .max(other.conclusion.margin);
        out.levels.push(level(base, one, new, other, margin));
    }
    for (other, _) in new.levels.iter().zip(&taken).filter(|(_, taken)| !**taken) {
        let text = format!("concurrency {} is in the new run only", other.concurrency);
        out.caveats.push(text);
    }
    out
}

/// Cold rounds, the first warm round of each epoch, and both as pairs.
struct LevelRounds<'a> {
    cold: Vec<&'a RoundResult>,
    warm: Vec<&'a RoundResult>,
}

impl<'a> LevelRounds<'a> {
    fn of(run: RunData<'a>, level: u32) -> Self {
        let rounds: Vec<&RoundResult> = run
            .rounds
            .iter()
            .filter(|round| round.meta.level == level)
            .collect();
        let kind = |kind| {
            let rounds = rounds.iter().copied();
            let mut found: Vec<&RoundResult> = rounds
                .filter(|round| round.meta.spec.kind == kind)
                .collect();
            found.dedup_by_key(|round| round.meta.spec.epoch);
            found
        };
        Self {
            cold: kind(RoundKind::Cold),
            warm: kind(RoundKind::Warm),
        }
    }

    /// ln(cold / warm) of TTFT by request, a list a cycle.
    fn ratios(&self) -> Vec<Vec<(u32, f64)>> {
        let cycle = |warm: &&'a RoundResult| {
            let epoch = warm.meta.spec.epoch;
            let cold = self
                .cold
                .iter()
                .find(|cold| cold.meta.spec.epoch == epoch)?;
            let pairs = matched(cold, warm).filter_map(|(index, cold, warm)| {
                let (a, b) = cold.ttft_ms().zip(warm.ttft_ms())?;
                (a > 0.0 && b > 0.0).then(|| (index, (a / b).ln()))
            });
            Some(pairs.collect())
        };
        self.warm.iter().filter_map(cycle).collect()
    }
}

fn level(
    base: RunData<'_>,
    one: &LevelComparison,
    new: RunData<'_>,
    other: &LevelComparison,
    margin: f64,
) -> LevelChange {
    let (old, now) = (
        LevelRounds::of(base, one.level),
        LevelRounds::of(new, other.level),
    );
    let digest = |rounds: &LevelRounds<'_>| {
        let first = rounds.cold.first().or(rounds.warm.first());
        first.map(|round| round.meta.content_digest.clone())
    };
    let paired = digest(&old).is_some() && digest(&old) == digest(&now);
    let mut caveats = Vec::new();
    if !paired {
        caveats.push("other requests were sent: they cannot be compared one by one".to_owned());
    }
    let dirty: Vec<&str> = [(one, "base"), (other, "new")]
        .into_iter()
        .filter(|(level, _)| level.cold.verdict == Verdict::Contaminated)
        .map(|(_, name)| name)
        .collect();
    let dirty = (!dirty.is_empty()).then(|| {
        format!(
            "the cold round of the {} run was contaminated",
            dirty.join(" and the ")
        )
    });
    caveats.extend(dirty.clone());
    let mut cold = rounds(&old.cold, &now.cold, paired, margin);
    let warm = rounds(&old.warm, &now.warm, paired, margin);
    let ratio = times(
        "ttft_ratio",
        &Side::of_logs(old.ratios()),
        &Side::of_logs(now.ratios()),
        paired,
        margin,
        Better::Higher,
    );
    let mut cache = vec![ratio];
    if let Some(reason) = dirty {
        for metric in cold.iter_mut().chain(&mut cache) {
            change::withhold(metric, &reason);
        }
    }
    LevelChange {
        concurrency: one.concurrency,
        paired,
        cold,
        warm,
        cache,
        caveats,
    }
}

/// All metrics of the rounds of a kind.
fn rounds(
    base: &[&RoundResult],
    new: &[&RoundResult],
    paired: bool,
    margin: f64,
) -> Vec<MetricChange> {
    let picks: [(&str, Pick); 3] = [
        ("ttft", RequestRow::ttft_ms),
        ("itl", RequestRow::itl_ms),
        ("latency", RequestRow::latency_ms),
    ];
    let lengths = other_lengths(base, new, paired);
    let mut out = Vec::new();
    for (name, pick) in picks {
        let (old, now) = (Side::of(base, pick), Side::of(new, pick));
        let mut metric = times(name, &old, &now, paired, margin, Better::Lower);
        if let (true, Some(reason)) = (name != "ttft", &lengths) {
            change::withhold(&mut metric, reason);
        }
        out.push(metric);
    }
    let rate = |name: &str, pick: fn(&RoundResult) -> Option<f64>| {
        let of =
            |rounds: &[&RoundResult]| rounds.iter().filter_map(|r| pick(r)).collect::<Vec<_>>();
        total(name, &of(base), &of(new), margin)
    };
    out.push(rate("token_throughput", |r| r.summary.token_throughput));
    out.push(rate("request_throughput", |r| r.summary.request_throughput));
    let rows = |rounds| Rows::cached(rounds);
    out.push(change::ratio_of_sums(
        "cache_hit_rate",
        &rows(base),
        &rows(new),
        paired,
    ));
    out.push(change::share(
        "goodput_request_rate",
        good(base),
        good(new),
        Better::Higher,
        MARGIN,
    ));
    out.push(change::share(
        "failure_rate",
        failed(base),
        failed(new),
        Better::Lower,
        FAILURE_MARGIN,
    ));
    out
}

/// Requests that met the SLO, and those sent.
fn good(rounds: &[&RoundResult]) -> Option<(u64, u64)> {
    let known: Option<Vec<_>> = rounds.iter().map(|round| round.summary.goodput).collect();
    let known = known.filter(|known| !known.is_empty())?;
    Some((
        known.iter().map(|goodput| goodput.requests).sum(),
        known.iter().map(|goodput| goodput.sent).sum(),
    ))
}

/// Requests that failed, and those sent.
fn failed(rounds: &[&RoundResult]) -> Option<(u64, u64)> {
    let sum = |pick: fn(&RoundResult) -> u64| rounds.iter().map(|round| pick(round)).sum();
    let sent: u64 = sum(|round| round.summary.total_requests);
    (sent > 0).then(|| (sum(|round| round.summary.failed_requests), sent))
}

/// Why ITL and latency cannot be compared: the answers are of other lengths.
fn other_lengths(base: &[&RoundResult], new: &[&RoundResult], paired: bool) -> Option<String> {
    if paired {
        let both = base.iter().zip(new);
        let both: Vec<_> = both.flat_map(|(old, now)| pairs(old, now)).collect();
        let (unequal, all) = (unequal(&both), both.len());
        return (unequal as f64 > UNEQUAL_SHARE * all as f64).then(|| {
            format!("{unequal} of {all} pairs have answers of different length (by more than 5 %)")
        });
    }
    let mean = |rounds: &[&RoundResult]| rounds.first()?.summary.output_tokens.avg;
    let (a, b) = mean(base).zip(mean(new))?;
    ((a - b).abs() > LENGTH_SHARE * a.max(b))
        .then(|| format!("the answers are of other lengths: {a:.1} and {b:.1} tokens on average"))
}
