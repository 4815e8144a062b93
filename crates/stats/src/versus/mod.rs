//! One run against another, level by level. Requests of one run share a queue and a moment, so the
//! interval over prompts is the spread within the two runs; with three cycles or more on both sides
//! it is Welch's t over the cycles. A prompt is one observation, however often it was asked.

mod change;
mod hit_rates;
mod lengths;
mod run_logs;

use crate::{
    MARGIN,
    level::kinds::of_kind,
    level::pairs::{LENGTH_SHARE, UNEQUAL_SHARE, pairs, unequal},
    level::{
        design::{Cycle, Design},
        estimate::ratios,
        no_reuse,
        overload::is_overloaded,
    },
    numbers::intervals::Interval,
};
use change::{Better, ObservedShare, OwnInterval, between_intervals, times, total};
use dualround_model::{
    ChangeCaveat, ChangeReason, ColdMethod, CostChange, LevelChange, LevelComparison, MetricChange,
    MissingLevel, MixedFinding, RequestRow, RoundKind, RoundResult, RoundSummary, RunChange,
    Verdict, Warning, Which, Witness,
};
use hit_rates::{RunHits, ratio_of_sums};
use lengths::LengthAllowance;
use run_logs::{RoundMetricOf, RunLogs};

/// Mean lengths of prompts that differ by less, as a share, are alike.
const SAME_LENGTH: f64 = 0.001;
/// Failure shares that differ by less are alike.
const FAILURE_MARGIN: f64 = 0.01;

/// A run: its rounds, and what was compared within it.
#[derive(Clone, Copy, Debug)]
pub struct RunData<'a> {
    /// All rounds, level after level.
    pub rounds: &'a [RoundResult],
    /// The comparisons of its levels.
    pub levels: &'a [LevelComparison],
}

/// Compares `new` with `base` at every level that both have. Changes within ± `margin` (a share)
/// are none, whatever the runs' own noise: noise makes nothing equal. Levels of one load are
/// matched in order.
pub fn versus(base: RunData<'_>, new: RunData<'_>, margin: Option<f64>) -> RunChange {
    let mut out = RunChange::default();
    let mut taken = vec![false; new.levels.len()];
    let margin = margin.unwrap_or(MARGIN);
    for one in base.levels {
        let other = (new.levels.iter().enumerate())
            .find(|(at, other)| !taken[*at] && other.load == one.load);
        let Some((at, other)) = other else {
            out.missing.push(missing(one, Which::Base));
            continue;
        };
        taken[at] = true;
        out.levels.push(level(base, one, new, other, margin));
    }
    let untaken = new.levels.iter().zip(&taken).filter(|(_, taken)| !**taken);
    out.missing
        .extend(untaken.map(|(level, _)| missing(level, Which::New)));
    let missing = out.missing.iter().map(|level| ChangeCaveat::MissingLevel {
        load: level.load,
        only_in: level.only_in,
    });
    out.caveats.extend(missing);
    out
}

fn missing(level: &LevelComparison, only_in: Which) -> MissingLevel {
    MissingLevel {
        load: level.load,
        only_in,
    }
}

/// Metrics of a round that grow with its length where the server cannot hold its rate.
const TIMES: [&str; 5] = [
    "ttft",
    "itl",
    "latency",
    "ttft_from_due",
    "latency_from_due",
];

/// The rounds of a level in one run: cold ones, the first warm one of each epoch, and both as
/// pairs.
struct LevelRounds<'a> {
    cold: Vec<&'a RoundResult>,
    warm: Vec<&'a RoundResult>,
    design: Design<'a>,
    /// Rounds without reuse with their cold ones.
    inside: Vec<Cycle<'a>>,
}

impl<'a> LevelRounds<'a> {
    /// The rounds of the level of this number.
    fn of(run: RunData<'a>, level: u32) -> Self {
        let first = run.rounds.iter().position(|r| r.meta.level == level);
        let rest = first.map_or(&[][..], |first| &run.rounds[first..]);
        let end = rest.iter().position(|round| round.meta.level != level);
        let rounds = &rest[..end.unwrap_or(rest.len())];
        Self {
            cold: first_of_epochs(rounds, RoundKind::Cold),
            warm: first_of_epochs(rounds, RoundKind::Warm),
            design: Design::of(rounds),
            inside: no_reuse::cycles(rounds),
        }
    }

    /// The digest of what its requests ask, without what makes them fresh; `None` without a round.
    fn content_digest(&self) -> Option<&str> {
        let first = self.cold.first().or(self.warm.first());
        first.map(|round| round.meta.content_digest.as_str())
    }

    /// ln(cold / warm) of TTFT.
    fn ratios(&self) -> RunLogs {
        RunLogs::of_logs(ratios(&self.design, RequestRow::ttft_ms))
    }

    /// ln(without reuse / cold) of TTFT.
    fn inside_ratios(&self) -> RunLogs {
        let design = Design::pairs(self.inside.clone());
        RunLogs::of_logs(ratios(&design, RequestRow::ttft_ms))
    }

    /// How its cold rounds were made cold, each way once.
    fn methods(&self) -> Vec<ColdMethod> {
        let actions = self.cold.iter();
        let actions = actions.filter_map(|round| round.meta.cold.as_ref());
        let mut methods: Vec<ColdMethod> = actions.map(|action| action.method).collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    /// Whether one of its rounds has such a warning.
    fn warns(&self, is: impl Fn(&Warning) -> bool) -> bool {
        let mut rounds = self.cold.iter().chain(&self.warm);
        rounds.any(|round| round.summary.warnings.iter().any(&is))
    }

    /// Mean prompt of its rounds, tokens; `None` where one is not known.
    fn prompt_tokens(&self) -> Option<f64> {
        let rounds = self.cold.iter().chain(&self.warm);
        let means: Option<Vec<f64>> = rounds
            .map(|round| {
                let known = round.summary.input_tokens;
                let of_all = known.n == round.summary.successful_requests;
                if of_all { known.avg } else { None }
            })
            .collect();
        let means = means.filter(|means| !means.is_empty())?;
        Some(means.iter().sum::<f64>() / means.len() as f64)
    }
}

/// The first round of a kind in each epoch.
fn first_of_epochs(rounds: &[RoundResult], kind: RoundKind) -> Vec<&RoundResult> {
    let mut found: Vec<&RoundResult> = of_kind(rounds, kind).collect();
    found.dedup_by_key(|round| round.meta.spec.epoch);
    found
}

/// Compares one level of both runs.
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
    // The same requests can be held against each other one by one.
    let digest = old.content_digest();
    let paired = digest.is_some() && digest == now.content_digest();
    let mut caveats = Vec::new();
    if !paired {
        caveats.push(ChangeCaveat::OtherRequests);
    }
    let same_method = old.methods() == now.methods();
    let dirty = which([one, other].map(|level| level.cold.verdict == Verdict::Contaminated));
    caveats.extend(dirty.map(|run| ChangeCaveat::Contaminated { run }));
    let replayed = [one, other].map(|level| level.conclusion.witness);
    let replayed = which(replayed.map(|witness| matches!(witness, Witness::ResponseCache(_))));
    caveats.extend(replayed.map(|run| ChangeCaveat::ResponseCache { run }));
    let sides = [&old, &now];
    let compressed = sides.map(|side| side.warns(|one| matches!(one, Warning::Compressed { .. })));
    // Of both, they hold nothing against each other.
    let compressed = which(compressed).filter(|run| *run != Which::Both);
    caveats.extend(compressed.map(|run| ChangeCaveat::Compressed { run }));
    let gone = sides.map(|side| side.warns(|one| matches!(one, Warning::RecordsMissing { .. })));
    caveats.extend(which(gone).map(|run| ChangeCaveat::RecordsMissing { run }));
    if !same_method && !old.methods().is_empty() && !now.methods().is_empty() {
        caveats.push(ChangeCaveat::OtherMethods {
            base: old.methods(),
            new: now.methods(),
        });
    }
    let mut cold = rounds(&old.cold, &now.cold, paired, margin);
    let mut warm = rounds(&old.warm, &now.warm, paired, margin);
    let mut cache = ratios_of_rounds(&old, &now, paired, margin);
    cache.insert(1, mixed_ratio(one, other, margin));
    let stopped = [one, other].map(|level| level.until.is_some_and(|until| until.decided));
    caveats.extend(which(stopped).map(|run| ChangeCaveat::StoppedWhenDecided { run }));
    let changes = [&mut cold, &mut warm, &mut cache];
    caveats.extend(if paired {
        allow_for_lengths(&old, &now, same_method, changes)
    } else {
        unlike_lengths(&old, &now, same_method, changes)
    });
    withhold_overloaded(&old, &now, [&mut cold, &mut warm, &mut cache]);
    if let Some(run) = dirty {
        for metric in cold.iter_mut().chain(&mut cache) {
            change::withhold(metric, ChangeReason::Contaminated { run });
        }
    }
    LevelChange {
        load: one.load,
        paired,
        cold,
        warm,
        cache,
        caveats,
        cost: one
            .cost
            .clone()
            .zip(other.cost.clone())
            .map(|(base, new)| CostChange { base, new }),
    }
}

/// What the cache is worth by whole rounds: cold against warm ones, and without reuse against cold.
fn ratios_of_rounds(
    old: &LevelRounds<'_>,
    now: &LevelRounds<'_>,
    paired: bool,
    margin: f64,
) -> Vec<MetricChange> {
    let change =
        |name, old: &RunLogs, now: &RunLogs| times(name, old, now, paired, margin, Better::Higher);
    vec![
        change("ttft_ratio", &old.ratios(), &now.ratios()),
        change(
            "inside_reuse_ratio",
            &old.inside_ratios(),
            &now.inside_ratios(),
        ),
    ]
}

/// Misses over hits inside the mixed rounds of both runs.
fn mixed_ratio(base: &LevelComparison, new: &LevelComparison, margin: f64) -> MetricChange {
    let mut out = change::blank("mixed_ratio", margin, false);
    let both = [base, new].map(|level| level.mixed.as_ref());
    (out.base, out.new) = (
        both[0].and_then(|mixed| mixed.ratio),
        both[1].and_then(|mixed| mixed.ratio),
    );
    let blocks = both.map(|mixed| mixed.map_or(0, |mixed| mixed.blocks));
    out.n = blocks[0].min(blocks[1]);
    let [base, new] = both.map(|mixed| mixed.and_then(own_interval));
    between_intervals(out, base, new, Better::Higher)
}

/// The interval of a ratio whose arms are what they were to be.
fn own_interval(mixed: &MixedFinding) -> Option<OwnInterval> {
    let (low, high) = mixed.low.zip(mixed.high)?;
    mixed.is_sound().then_some(OwnInterval {
        middle: mixed.ratio?.ln(),
        interval: Interval {
            low: low.ln(),
            high: high.ln(),
        },
    })
}

/// The runs of which something holds, base and new.
fn which(holds: [bool; 2]) -> Option<Which> {
    match holds {
        [true, true] => Some(Which::Both),
        [true, false] => Some(Which::Base),
        [false, true] => Some(Which::New),
        [false, false] => None,
    }
}

/// Takes changes of times back where a round could not hold its rate; how much it did all the same may
/// be compared.
fn withhold_overloaded(
    old: &LevelRounds<'_>,
    now: &LevelRounds<'_>,
    [cold, warm, cache]: [&mut Vec<MetricChange>; 3],
) {
    let any = |rounds: &[&RoundResult]| rounds.iter().any(|round| is_overloaded(round));
    let of_cold = [any(&old.cold), any(&now.cold)];
    let of_warm = [any(&old.warm), any(&now.warm)];
    let either = [of_cold[0] || of_warm[0], of_cold[1] || of_warm[1]];
    for (metrics, overloaded) in [(cold, of_cold), (warm, of_warm)] {
        let times = metrics
            .iter_mut()
            .filter(|metric| TIMES.contains(&&*metric.name));
        if let Some(run) = which(overloaded) {
            times.for_each(|metric| change::withhold(metric, ChangeReason::Overloaded { run }));
        }
    }
    if let Some(run) = which(either) {
        withhold_all(cache, ChangeReason::Overloaded { run });
        // Nor does either run have a ratio of its own.
        for metric in cache {
            let [of_base, of_new] = either;
            metric.base = if of_base { None } else { metric.base };
            metric.new = if of_new { None } else { metric.new };
        }
    }
}

/// Widens changes by what prompts of other lengths may account for, and says so. Where that is not
/// known, and the rounds were made cold by other methods, nothing that depends on it is claimed.
fn allow_for_lengths(
    old: &LevelRounds<'_>,
    now: &LevelRounds<'_>,
    same_method: bool,
    [cold, warm, cache]: [&mut Vec<MetricChange>; 3],
) -> Option<ChangeCaveat> {
    let of_cold = LengthAllowance::of(&old.cold, &now.cold, false);
    let of_warm = LengthAllowance::of(&old.warm, &now.warm, true);
    if of_cold.map_or(same_method, LengthAllowance::is_nothing) {
        return None;
    }
    let both = of_cold.zip(of_warm).map(|(cold, warm)| cold.over(warm));
    for (metrics, account) in [(cold, of_cold), (warm, of_warm), (cache, both)] {
        match account {
            Some(account) => metrics
                .iter_mut()
                .for_each(|metric| account.allow_in(metric)),
            None => withhold_all(metrics, ChangeReason::LengthsUnknown),
        }
    }
    let known = of_cold.or(of_warm);
    Some(known.map_or(ChangeCaveat::LengthsUnknown, LengthAllowance::caveat))
}

/// Of other requests that were made cold by other methods (a marker makes prompts longer), nothing
/// that depends on their length is claimed unless it is known to be the same.
fn unlike_lengths(
    old: &LevelRounds<'_>,
    now: &LevelRounds<'_>,
    same_method: bool,
    changes: [&mut Vec<MetricChange>; 3],
) -> Option<ChangeCaveat> {
    let known = old.prompt_tokens().zip(now.prompt_tokens());
    let alike = known.is_some_and(|(base, new)| (base - new).abs() <= SAME_LENGTH * base);
    if same_method || alike {
        return None;
    }
    let reason = known.map_or(ChangeReason::LengthsUnknown, |(base, new)| {
        ChangeReason::OtherPrompts { base, new }
    });
    for metrics in changes {
        withhold_all(metrics, reason);
    }
    Some(ChangeCaveat::LengthsUnknown)
}

/// Withholds what depends on the length of prompts.
fn withhold_all(metrics: &mut [MetricChange], reason: ChangeReason) {
    for metric in metrics {
        if !["itl", "failure_rate"].contains(&metric.name.as_str()) {
            change::withhold(metric, reason);
        }
    }
}

/// All metrics of the rounds of a kind.
fn rounds(
    base: &[&RoundResult],
    new: &[&RoundResult],
    paired: bool,
    margin: f64,
) -> Vec<MetricChange> {
    let picks: [(&str, RoundMetricOf); 5] = [
        ("ttft", |_, _, row| row.ttft_ms()),
        ("itl", |_, _, row| row.itl_ms()),
        ("latency", |_, _, row| row.latency_ms()),
        ("ttft_from_due", |round, index, _| {
            round.requests.ttft_from_due_ms(index)
        }),
        ("latency_from_due", |round, index, _| {
            round.requests.latency_from_due_ms(index)
        }),
    ];
    let lengths = other_lengths(base, new, paired);
    let mut out = Vec::new();
    for (name, pick) in picks {
        let (old, now) = (RunLogs::of(base, pick), RunLogs::of(new, pick));
        let mut metric = times(name, &old, &now, paired, margin, Better::Lower);
        if let (true, Some(reason)) = (!name.starts_with("ttft"), lengths) {
            change::withhold(&mut metric, reason);
        }
        out.push(metric);
    }
    out.push(throughput("token_throughput", base, new, margin, |one| {
        one.token_throughput
    }));
    out.push(throughput("request_throughput", base, new, margin, |one| {
        one.request_throughput
    }));
    let (old, now) = (RunHits::of(base), RunHits::of(new));
    out.push(ratio_of_sums("cache_hit_rate", &old, &now, paired));
    let (old_prompts, new_prompts) = (distinct(base), distinct(new));
    out.push(change::share(
        "goodput_request_rate",
        good(base, old_prompts),
        good(new, new_prompts),
        Better::Higher,
        MARGIN,
    ));
    out.push(throughput(
        "goodput_request_throughput",
        base,
        new,
        margin,
        |one| one.goodput.and_then(|goodput| goodput.request_throughput),
    ));
    out.push(change::share(
        "failure_rate",
        failed(base, old_prompts),
        failed(new, new_prompts),
        Better::Lower,
        FAILURE_MARGIN,
    ));
    out
}

fn throughput(
    name: &str,
    base: &[&RoundResult],
    new: &[&RoundResult],
    margin: f64,
    pick: fn(&RoundSummary) -> Option<f64>,
) -> MetricChange {
    let old: Vec<f64> = base.iter().filter_map(|r| pick(&r.summary)).collect();
    let now: Vec<f64> = new.iter().filter_map(|r| pick(&r.summary)).collect();
    total(name, &old, &now, margin)
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

/// Requests that met the SLO, of those sent of so many prompts.
fn good(rounds: &[&RoundResult], prompts: u64) -> Option<ObservedShare> {
    let known: Option<Vec<_>> = rounds.iter().map(|round| round.summary.goodput).collect();
    let known = known.filter(|known| !known.is_empty())?;
    let met = known.iter().map(|goodput| goodput.requests).sum();
    let sent = known.iter().map(|goodput| goodput.sent).sum();
    ObservedShare::of(met, sent).map(|share| share.over(prompts))
}

/// Requests that failed, of those sent of so many prompts.
fn failed(rounds: &[&RoundResult], prompts: u64) -> Option<ObservedShare> {
    let summaries = rounds.iter().map(|round| &round.summary);
    let failed = summaries.clone().map(|one| one.failed_requests).sum();
    let sent = summaries.map(|one| one.total_requests).sum();
    ObservedShare::of(failed, sent).map(|share| share.over(prompts))
}

/// Why ITL and latency cannot be compared: the answers are of other lengths.
fn other_lengths(
    base: &[&RoundResult],
    new: &[&RoundResult],
    paired: bool,
) -> Option<ChangeReason> {
    if paired {
        let both = base.iter().zip(new);
        let both: Vec<_> = both.flat_map(|(old, now)| pairs(old, now)).collect();
        let (unequal, all) = (unequal(&both), both.len());
        let many = unequal as f64 > UNEQUAL_SHARE * all as f64;
        return many.then_some(ChangeReason::UnequalAnswers {
            pairs: unequal,
            of: all as u64,
        });
    }
    let (base, new) = (
        base.first()?.summary.output_tokens.avg?,
        new.first()?.summary.output_tokens.avg?,
    );
    let apart = (base - new).abs() > LENGTH_SHARE * base.max(new);
    apart.then_some(ChangeReason::OtherAnswers { base, new })
}
