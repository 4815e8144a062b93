//! One run against another, level by level. Requests of one run share a queue and a moment, so the
//! interval over prompts is the spread within the two runs; with three cycles or more on both sides
//! it is Welch's t over the cycles. A prompt is one observation, however often it was asked.

mod change;
mod lengths;

use crate::{
    MARGIN,
    level::{Design, ratios},
    pairs::{LENGTH_SHARE, UNEQUAL_SHARE, pairs, unequal},
};
use change::{Better, Rows, Share, Side, times, total};
use dualround_model::{
    ColdMethod, LevelChange, LevelComparison, MetricChange, MissingLevel, RequestRow, RoundKind,
    RoundResult, RunChange, Verdict,
};
use lengths::Account;
use std::collections::BTreeSet;

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
/// are none, whatever the runs' own noise: noise makes nothing equal. Levels of one concurrency are
/// matched in order.
pub fn versus(base: RunData<'_>, new: RunData<'_>, margin: Option<f64>) -> RunChange {
    let mut out = RunChange::default();
    let mut taken = vec![false; new.levels.len()];
    let margin = margin.unwrap_or(MARGIN);
    for one in base.levels {
        let other = (new.levels.iter().enumerate())
            .find(|(at, other)| !taken[*at] && other.concurrency == one.concurrency);
        let Some((at, other)) = other else {
            out.missing.push(missing(one, "base"));
            continue;
        };
        taken[at] = true;
        out.levels.push(level(base, one, new, other, margin));
    }
    let untaken = new.levels.iter().zip(&taken).filter(|(_, taken)| !**taken);
    out.missing
        .extend(untaken.map(|(level, _)| missing(level, "new")));
    let missing = out.missing.iter().map(|level| {
        let MissingLevel {
            concurrency,
            only_in,
        } = level;
        format!("concurrency {concurrency} is in the {only_in} run only")
    });
    out.caveats.extend(missing);
    out
}

fn missing(level: &LevelComparison, only_in: &str) -> MissingLevel {
    MissingLevel {
        concurrency: level.concurrency,
        only_in: only_in.to_owned(),
    }
}

/// Cold rounds, the first warm round of each epoch, and both as pairs.
struct LevelRounds<'a> {
    cold: Vec<&'a RoundResult>,
    warm: Vec<&'a RoundResult>,
    design: Design<'a>,
}

impl<'a> LevelRounds<'a> {
    fn of(run: RunData<'a>, level: u32) -> Self {
        let first = run.rounds.iter().position(|r| r.meta.level == level);
        let rest = first.map_or(&[][..], |first| &run.rounds[first..]);
        let end = rest.iter().position(|round| round.meta.level != level);
        let rounds = &rest[..end.unwrap_or(rest.len())];
        let kind = |kind| {
            let rounds = rounds.iter();
            let mut found: Vec<&RoundResult> = rounds
                .filter(|round| round.meta.spec.kind == kind)
                .collect();
            found.dedup_by_key(|round| round.meta.spec.epoch);
            found
        };
        Self {
            cold: kind(RoundKind::Cold),
            warm: kind(RoundKind::Warm),
            design: Design::of(rounds),
        }
    }

    /// How its cold rounds were made cold.
    fn methods(&self) -> BTreeSet<&'static str> {
        let actions = self
            .cold
            .iter()
            .filter_map(|round| round.meta.cold.as_ref());
        actions
            .map(|action| match action.method {
                ColdMethod::Marker => "a marker",
                ColdMethod::Salt => "the engine's salt",
                ColdMethod::Reset => "a reset",
                ColdMethod::None => "nothing",
            })
            .collect()
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
    let words = |methods: BTreeSet<&str>| methods.into_iter().collect::<Vec<_>>().join(" and ");
    let (a, b) = (words(old.methods()), words(now.methods()));
    let methods = (a != b).then(|| {
        format!(
            "made cold by {a} in the base run, by {b} in the new one: prompts were not sent byte by byte alike"
        )
    });
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
    let mut warm = rounds(&old.warm, &now.warm, paired, margin);
    let ratios = |level: &LevelRounds<'_>| ratios(&level.design, RequestRow::ttft_ms);
    let ratio = times(
        "ttft_ratio",
        &Side::of_logs(ratios(&old)),
        &Side::of_logs(ratios(&now)),
        paired,
        margin,
        Better::Higher,
    );
    let mut cache = vec![ratio];
    let changes = [&mut cold, &mut warm, &mut cache];
    let lengths = paired.then(|| allow_for_lengths(&old, &now, methods.is_none(), changes));
    let told: Vec<String> = methods.into_iter().chain(lengths.flatten()).collect();
    if !told.is_empty() {
        caveats.push(told.join("; "));
    }
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

/// Widens changes by what prompts of other lengths may account for, and says so. Where that is not
/// known, and the rounds were made cold by other methods, nothing that depends on it is claimed.
fn allow_for_lengths(
    old: &LevelRounds<'_>,
    now: &LevelRounds<'_>,
    same_method: bool,
    [cold, warm, cache]: [&mut Vec<MetricChange>; 3],
) -> Option<String> {
    let of_cold = Account::of(&old.cold, &now.cold, false);
    let of_warm = Account::of(&old.warm, &now.warm, true);
    if of_cold.map_or(same_method, Account::is_nothing) {
        return None;
    }
    let unknown = "what the other lengths of the prompts account for is not known";
    let both = of_cold.zip(of_warm).map(|(cold, warm)| cold.over(warm));
    for (metrics, account) in [(cold, of_cold), (warm, of_warm), (cache, both)] {
        for metric in metrics {
            match account {
                Some(account) => account.allow_in(metric),
                None if ["itl", "failure_rate"].contains(&metric.name.as_str()) => {}
                None => change::withhold(metric, unknown),
            }
        }
    }
    Some(of_cold.or(of_warm).map_or_else(
        || unknown.to_owned(),
        |account| {
            let reason = account.reason();
            format!("{reason}; changes that depend on it are widened by what that may account for")
        },
    ))
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
    let prompts = (distinct(base), distinct(new));
    let rows = |rounds| Rows::cached(rounds);
    out.push(change::ratio_of_sums(
        "cache_hit_rate",
        &rows(base),
        &rows(new),
        paired,
    ));
    out.push(change::share(
        "goodput_request_rate",
        good(base).map(|share| share.over(prompts.0)),
        good(new).map(|share| share.over(prompts.1)),
        Better::Higher,
        MARGIN,
    ));
    out.push(change::share(
        "failure_rate",
        failed(base).map(|share| share.over(prompts.0)),
        failed(new).map(|share| share.over(prompts.1)),
        Better::Lower,
        FAILURE_MARGIN,
    ));
    out
}

/// Different prompts that were sent.
fn distinct(rounds: &[&RoundResult]) -> u64 {
    let rows = rounds.iter().flat_map(|round| round.requests.iter());
    let sent = rows.filter(|(_, row)| !row.is_cancelled());
    let mut prompts: Vec<u64> = sent.map(|(_, row)| row.prompt()).collect();
    prompts.sort_unstable();
    prompts.dedup();
    prompts.len() as u64
}

/// Requests that met the SLO, of those sent.
fn good(rounds: &[&RoundResult]) -> Option<Share> {
    let known: Option<Vec<_>> = rounds.iter().map(|round| round.summary.goodput).collect();
    let known = known.filter(|known| !known.is_empty())?;
    Share::of(
        known.iter().map(|goodput| goodput.requests).sum(),
        known.iter().map(|goodput| goodput.sent).sum(),
    )
}

/// Requests that failed, of those sent.
fn failed(rounds: &[&RoundResult]) -> Option<Share> {
    let sum = |pick: fn(&RoundResult) -> u64| rounds.iter().map(|round| pick(round)).sum();
    Share::of(
        sum(|round| round.summary.failed_requests),
        sum(|round| round.summary.total_requests),
    )
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
