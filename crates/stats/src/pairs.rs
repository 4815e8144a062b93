//! The same request cold and warm: pairs, their log ratios, and the comparison of a level.

use crate::{
    cold,
    conclusion::{self, Basis},
    diagnosis,
    hits::Hits,
    intervals::{hodges_lehmann, median_interval, t_interval},
    kinds::of_kind,
    prefill,
    quantile::quantile,
    server,
};
use dualround_model::{
    CacheHit, CanaryReport, ExternalTier, Flag, IntervalKind, Known, LengthBucket, LevelComparison,
    MetricComparison, PartialPoint, PrefillModel, RequestRow, RoundKind, RoundResult, Warning,
};

/// Output lengths that differ by more than this make a pair unequal.
pub(crate) const LENGTH_SHARE: f64 = 0.05;
/// Latency and ITL ratios are withheld above this share of unequal pairs.
pub(crate) const UNEQUAL_SHARE: f64 = 0.10;
/// Pairs that a class of prompt lengths needs.
const BUCKET_PAIRS: usize = 6;

pub(crate) type Pair<'a> = (&'a RequestRow, &'a RequestRow);
type Pick = fn(&RequestRow) -> Option<f64>;

/// Requests that succeeded in both rounds, with their index.
pub(crate) fn matched<'a>(
    one: &'a RoundResult,
    two: &'a RoundResult,
) -> impl Iterator<Item = (u32, &'a RequestRow, &'a RequestRow)> {
    one.requests.successes().filter_map(|(index, row)| {
        let other = two.requests.get(index)?;
        other.is_success().then_some((index, row, other))
    })
}

/// Those requests.
pub(crate) fn pairs<'a>(cold: &'a RoundResult, warm: &'a RoundResult) -> Vec<Pair<'a>> {
    matched(cold, warm)
        .map(|(_, cold, warm)| (cold, warm))
        .collect()
}

/// ln(a/b) of each pair in which both are positive.
fn log_ratios<'p, 'a: 'p>(pairs: impl IntoIterator<Item = &'p Pair<'a>>, pick: Pick) -> Vec<f64> {
    let both = pairs.into_iter().filter_map(|(a, b)| pick(a).zip(pick(b)));
    both.filter(|(a, b)| *a > 0.0 && *b > 0.0)
        .map(|(a, b)| (a / b).ln())
        .collect()
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// One metric over the cycles of a level. With three cycles or more the figure is the mean of the
/// per-cycle mean log ratios, which its t interval is about; else the median over the pairs.
fn metric<'a>(cycles: &[impl AsRef<[Pair<'a>]>], pick: Pick) -> MetricComparison {
    let all = || cycles.iter().flat_map(AsRef::as_ref);
    let both = || all().filter_map(|(a, b)| pick(a).zip(pick(b)));
    let n = both().count();
    let mean_of =
        |side: fn((f64, f64)) -> f64| (n > 0).then(|| both().map(side).sum::<f64>() / n as f64);
    let faster = both().filter(|(cold, warm)| warm < cold).count() as f64;
    // Of a million requests, each list of values is worth being let go before the next one.
    let shift_ms = hodges_lehmann(&sorted(both().map(|(cold, warm)| cold - warm).collect()));
    let per_cycle: Vec<f64> = cycles
        .iter()
        .filter_map(|pairs| mean(&log_ratios(pairs.as_ref(), pick)))
        .collect();
    let logs = sorted(log_ratios(all(), pick));
    let (centre, interval, kind) = match t_interval(&per_cycle) {
        Some(interval) => (mean(&per_cycle), Some(interval), IntervalKind::TCycles),
        None => (
            quantile(&logs, 0.5),
            median_interval(&logs),
            IntervalKind::WithinRun,
        ),
    };
    let (cold_avg, warm_avg) = (mean_of(|(cold, _)| cold), mean_of(|(_, warm)| warm));
    MetricComparison {
        pairs: n as u64,
        cold_avg,
        warm_avg,
        ratio: centre.map(f64::exp),
        interval_low: interval.map(|interval| interval.low.exp()),
        interval_high: interval.map(|interval| interval.high.exp()),
        interval_kind: interval.map(|_| kind),
        hodges_lehmann: hodges_lehmann(&logs).map(f64::exp),
        ratio_of_means: cold_avg
            .zip(warm_avg)
            .filter(|(_, w)| *w > 0.0)
            .map(|(c, w)| c / w),
        shift_ms,
        improved_share: (n > 0).then(|| faster / n as f64),
        withheld: None,
    }
}

pub(crate) fn unequal(pairs: &[Pair<'_>]) -> u64 {
    let differ = |(a, b): &&Pair<'_>| {
        let lengths = a.output_tokens().zip(b.output_tokens());
        lengths.is_some_and(|(a, b)| a.abs_diff(b) as f64 > LENGTH_SHARE * a.max(b) as f64)
    };
    pairs.iter().filter(differ).count() as u64
}

fn withhold(metric: &mut MetricComparison, unequal: u64, pairs: u64) {
    metric.withheld = Some(format!(
        "{unequal} of {pairs} pairs have answers of different length (by more than 5 %); fix it \
         with --temperature 0, --ignore-eos and --min-output-tokens"
    ));
    metric.ratio = None;
    metric.interval_low = None;
    metric.interval_high = None;
    metric.interval_kind = None;
    metric.hodges_lehmann = None;
    metric.ratio_of_means = None;
    metric.shift_ms = None;
    metric.improved_share = None;
}

/// Marks requests whose prompt token count is another in the warm round than in the cold one.
fn mark_changed_prompts(rounds: &mut [RoundResult]) {
    let mut cold = None;
    for at in 0..rounds.len() {
        let (earlier, rest) = rounds.split_at_mut(at);
        let round = &mut rest[0];
        match round.meta.spec.kind {
            RoundKind::Cold => {
                cold = Some(at);
                continue;
            }
            // Other prompts by intent.
            RoundKind::Partial => continue,
            RoundKind::Warm | RoundKind::External => {}
        }
        let Some(cold) = cold.map(|cold: usize| &earlier[cold].requests) else {
            continue;
        };
        let (mut changed, mut of) = (0, 0);
        for (index, row) in round.requests.iter_mut() {
            let before = cold.get(index).and_then(RequestRow::input_tokens);
            let Some((before, now)) = before.zip(row.input_tokens()) else {
                continue;
            };
            of += 1;
            if before != now {
                changed += 1;
                row.mark(Flag::PromptTokensChanged);
            }
        }
        if changed > 0 {
            let name = Flag::PromptTokensChanged.name().to_owned();
            round.summary.flags.insert(name, changed);
            let warning = Warning::PromptTokensChanged { count: changed, of };
            if !round.summary.warnings.contains(&warning) {
                round.summary.warnings.push(warning);
            }
        }
    }
}

/// Pairs in three classes of prompt length, where each has enough of them.
fn buckets(cycles: &[Vec<Pair<'_>>]) -> Vec<LengthBucket> {
    let mut pairs: Vec<Pair<'_>> = cycles.iter().flatten().copied().collect();
    pairs.retain(|(cold, _)| cold.input_tokens().is_some());
    if pairs.len() < 3 * BUCKET_PAIRS {
        return Vec::new();
    }
    let length = |pair: &Pair<'_>| pair.0.input_tokens().unwrap_or(0);
    pairs.sort_by_key(length);
    let size = pairs.len().div_ceil(3);
    let bucket = |pairs: &[Pair<'_>]| LengthBucket {
        min_tokens: pairs.first().map_or(0, length),
        max_tokens: pairs.last().map_or(0, length),
        ttft: metric(&[pairs], RequestRow::ttft_ms),
    };
    pairs.chunks(size).map(bucket).collect()
}

/// A round's requests with those of the cold round of its epoch.
fn with_cold<'a>(rounds: &'a [RoundResult], round: &'a RoundResult) -> Option<Vec<Pair<'a>>> {
    let epoch = round.meta.spec.epoch;
    let cold = of_kind(rounds, RoundKind::Cold).find(|cold| cold.meta.spec.epoch == epoch);
    Some(pairs(cold?, round))
}

/// The partial rounds, smallest share first.
fn partial(rounds: &[RoundResult]) -> Vec<PartialPoint> {
    let point = |round: &RoundResult| {
        let alone = std::slice::from_ref(round);
        Some(PartialPoint {
            cut: round.meta.cut?,
            ttft: metric(&[with_cold(rounds, round)?], RequestRow::ttft_ms),
            usage: Hits::of_kind(alone, RoundKind::Partial).rate(),
            server: server::rate(alone, RoundKind::Partial),
        })
    };
    let mut points: Vec<_> = of_kind(rounds, RoundKind::Partial)
        .filter_map(point)
        .collect();
    points.sort_by_key(|point| point.cut.asked_percent);
    points
}

/// The rounds of outer tiers alone, each paired with the cold round of its epoch.
fn external(rounds: &[RoundResult]) -> Option<ExternalTier> {
    let cycles: Vec<Vec<Pair<'_>>> = of_kind(rounds, RoundKind::External)
        .filter_map(|round| with_cold(rounds, round))
        .collect();
    (!cycles.is_empty()).then(|| ExternalTier {
        ttft: metric(&cycles, RequestRow::ttft_ms),
        usage: Hits::of_kind(rounds, RoundKind::External).rate(),
        tiers: server::tiers(rounds, RoundKind::External),
    })
}

/// What was saved over what computing nothing at all in the warm round would save, by the line.
fn efficiency(model: &PrefillModel, cycles: &[Vec<Pair<'_>>]) -> Option<f64> {
    let per_token = model.ms_per_token?;
    let (mut saved, mut ideal) = (0.0, 0.0);
    for (cold, warm) in cycles.iter().flatten() {
        let times = (cold.ttft_ms(), warm.ttft_ms(), cold.input_tokens());
        let (Some(a), Some(b), Some(input)) = times else {
            continue;
        };
        saved += a - b;
        ideal += per_token * input.saturating_sub(cold.cached_tokens().unwrap_or(0)) as f64;
    }
    (ideal > 0.0).then(|| saved / ideal)
}

/// Compares the rounds of a level, but for their answers, whose texts are not in memory. Requests
/// whose prompt tokens changed are marked.
pub fn compare(rounds: &mut [RoundResult], known: &Known) -> LevelComparison {
    let canary = known.canary.as_ref();
    mark_changed_prompts(rounds);
    let rounds = &*rounds;
    let mut cycles: Vec<Vec<Pair<'_>>> = Vec::new();
    let mut noise = 0.0_f64;
    for (at, round) in rounds.iter().enumerate() {
        let warms: Vec<&RoundResult> = rounds[at + 1..]
            .iter()
            .take_while(|next| next.meta.spec.kind == RoundKind::Warm)
            .collect();
        if round.meta.spec.kind == RoundKind::Cold && !warms.is_empty() {
            cycles.push(pairs(round, warms[0]));
            for two in warms.windows(2) {
                let apart = spread(&log_ratios(&pairs(two[0], two[1]), RequestRow::ttft_ms));
                noise = f64::max(noise, apart.unwrap_or(0.0));
            }
        }
    }
    let margin = conclusion::MARGIN.max(noise.exp_m1());
    let colds: Vec<&RoundResult> = of_kind(rounds, RoundKind::Cold).collect();
    let control = match colds[..] {
        [first, .., last] => control_failed(&pairs(first, last), margin),
        _ => false,
    };
    let all = cycles.iter().map(|pairs| pairs.len() as u64).sum();
    let unequal_outputs = cycles.iter().map(|pairs| unequal(pairs)).sum();
    let ttft = metric(&cycles, RequestRow::ttft_ms);
    let mut itl = metric(&cycles, RequestRow::itl_ms);
    let mut latency = metric(&cycles, RequestRow::latency_ms);
    if unequal_outputs as f64 > UNEQUAL_SHARE * all as f64 {
        withhold(&mut itl, unequal_outputs, all);
        withhold(&mut latency, unequal_outputs, all);
    }
    let warm = Hits::of_kind(rounds, RoundKind::Warm);
    let hit_rate = CacheHit {
        usage: warm.rate(),
        usage_cold: Hits::of_kind(rounds, RoundKind::Cold).rate(),
        usage_known: warm.known,
        usage_of: warm.of,
        server: server::rate(rounds, RoundKind::Warm),
        tiers: server::tiers(rounds, RoundKind::Warm),
        theory: known.reuse.map(|reuse| reuse.warm),
        model_lru: known.reuse.and_then(|reuse| reuse.lru_warm),
    };
    let cold = cold::verdict(rounds, canary);
    let basis = Basis {
        ttft: &ttft,
        hit_rate: &hit_rate,
        server_cold: server::rate(rounds, RoundKind::Cold),
        cold: &cold,
        margin,
        control_failed: control,
        controlled: colds.len() > 1,
    };
    let conclusion = conclusion::conclude(&basis);
    let (diagnosis, diagnosis_zh) = diagnosis::of(rounds, known, &basis, &conclusion);
    let reports_hits = canary.is_some_and(CanaryReport::reports_hits);
    let mut prefill = prefill::fit(rounds, reports_hits);
    prefill.efficiency = efficiency(&prefill, &cycles);
    LevelComparison {
        concurrency: rounds.first().map_or(0, |round| round.meta.concurrency),
        level: rounds.first().map_or(0, |round| round.meta.level),
        pairs: all,
        cycles: u32::try_from(cycles.len()).unwrap_or(u32::MAX),
        cold,
        ttft,
        itl,
        latency,
        hit_rate,
        answers: None,
        external: external(rounds),
        partial: partial(rounds),
        buckets: buckets(&cycles),
        prefill,
        unequal_outputs,
        conclusion,
        diagnosis,
        diagnosis_zh,
    }
}

/// How far two warm rounds are apart, in logarithms: the far end of the interval, or the median.
fn spread(logs: &[f64]) -> Option<f64> {
    let logs = sorted(logs.to_vec());
    let median = quantile(&logs, 0.5)?.abs();
    let far = median_interval(&logs).map(|interval| interval.low.abs().max(interval.high.abs()));
    Some(far.unwrap_or(median))
}

/// The last cold round does not match the first: its interval lies wholly outside the margin.
fn control_failed(pairs: &[Pair<'_>], margin: f64) -> bool {
    let logs = sorted(log_ratios(pairs, RequestRow::ttft_ms));
    let limit = margin.ln_1p();
    median_interval(&logs).is_some_and(|i| i.low > limit || i.high < -limit)
}
