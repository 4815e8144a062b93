//! What is true of drawn rounds, by the table in docs/methodology.md, computed in the plainest way
//! and by nothing that `stats` uses.

use super::{
    Truth,
    plain::{Plain, median, walsh_median},
    student,
};
use dualround_model::RoundKind;

/// A repeat of a round counts when it holds this share of the prompts of the pair.
const REPEAT_SHARE: f64 = 0.9;

/// A round as it was asked: TTFT by row, ms; `None` where it failed. Rows beyond were not started.
pub(super) struct Asked {
    pub(super) kind: RoundKind,
    pub(super) times: Vec<Option<f64>>,
}

impl Asked {
    fn time(&self, row: usize) -> Option<f64> {
        self.times.get(row).copied().flatten()
    }
}

/// The truth of rounds whose rows are these prompts; `effect`: the mean of ln(cold / warm) that the
/// world has; `noise`: what is allowed between rounds, percent.
pub(super) fn truth(
    asked: &[Asked],
    rows: &[usize],
    hits: &[bool],
    effect: f64,
    noise: f64,
) -> Truth {
    let run = cycles(asked);
    let held = |(cold, warm): &(usize, usize)| {
        let both = |row: &usize| {
            asked[*cold]
                .time(*row)
                .and(asked[*warm].time(*row))
                .is_some()
        };
        (0..rows.len()).filter(both).count()
    };
    let most = run.iter().map(held).max().unwrap_or(0);
    let counts = |cycle: &&(usize, usize)| held(cycle) > 0 && 2 * held(cycle) >= most;
    let cycles: Vec<(usize, usize)> = run.iter().filter(counts).copied().collect();
    let mut truth = Truth {
        ratio: effect.exp(),
        row: "none".to_owned(),
        cycles: cycles.clone(),
        pairs: u32::try_from(cycles.iter().map(held).sum::<usize>()).unwrap_or(u32::MAX),
        ..Truth::default()
    };
    for (cold, warm) in &run {
        for row in 0..rows.len() {
            let (cold, warm) = (&asked[*cold], &asked[*warm]);
            if cold.times.len() > row && warm.times.len() > row {
                truth.lost_of += u32::from(cold.time(row).or(warm.time(row)).is_some());
                truth.lost.0 += u32::from(cold.time(row).is_none() && warm.time(row).is_some());
                truth.lost.1 += u32::from(cold.time(row).is_some() && warm.time(row).is_none());
            }
        }
    }
    let allowed = (noise / 100.0).ln_1p();
    match cycles[..] {
        [] => {}
        [(cold, warm)] => one_cycle(&mut truth, asked, rows, hits, (cold, warm), allowed),
        [_, _] => several(&mut truth, asked, rows, hits, "cwcw", allowed),
        [..] => several(&mut truth, asked, rows, hits, "cycles", allowed),
    }
    truth
}

/// Each cold round with the first warm one before the next cold round.
fn cycles(asked: &[Asked]) -> Vec<(usize, usize)> {
    let mut cycles = Vec::new();
    for (cold, round) in asked.iter().enumerate() {
        if round.kind != RoundKind::Cold {
            continue;
        }
        let rest = asked.iter().enumerate().skip(cold + 1);
        let mut epoch = rest.take_while(|(_, next)| next.kind != RoundKind::Cold);
        if let Some((warm, _)) = epoch.find(|(_, next)| next.kind == RoundKind::Warm) {
            cycles.push((cold, warm));
        }
    }
    cycles
}

/// Student's 95 % interval of the mean.
fn t_interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    let half = student::quantile(values.len() - 1) * (squares / (n - 1.0) / n).sqrt();
    (centre - half, centre + half)
}

/// Six values and more.
fn spread(values: &[f64]) -> Option<(f64, f64)> {
    (values.len() >= 6).then(|| t_interval(values))
}

fn as_ratios((low, high): (f64, f64)) -> (f64, f64) {
    (low.exp(), high.exp())
}

fn widened((low, high): (f64, f64), by: f64) -> (f64, f64) {
    (low - by, high + by)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The different prompts, each with the mean over its rows.
fn prompt_means(values: &[(usize, f64)]) -> Vec<(usize, f64)> {
    let mut prompts: Vec<usize> = values.iter().map(|(prompt, _)| *prompt).collect();
    prompts.sort_unstable();
    prompts.dedup();
    let of = |prompt: usize| {
        let own = values.iter().filter(|(other, _)| *other == prompt);
        let own = own.map(|(_, value)| *value).collect::<Vec<_>>();
        (prompt, mean(&own))
    };
    prompts.into_iter().map(of).collect()
}

/// One cycle, with the repeats of its rounds that hold enough of it.
fn one_cycle(
    truth: &mut Truth,
    asked: &[Asked],
    rows: &[usize],
    hits: &[bool],
    (cold, warm): (usize, usize),
    allowed: f64,
) {
    let in_pair = |row: &usize| {
        let both = asked[cold].time(*row).zip(asked[warm].time(*row));
        both.is_some()
    };
    let pair: Vec<usize> = (0..rows.len()).filter(in_pair).collect();
    let held = |at: &usize| {
        let there = pair.iter().filter(|row| asked[*at].time(**row).is_some());
        there.count() as f64 >= REPEAT_SHARE * pair.len() as f64
    };
    let repeats = |kind: RoundKind, own: usize| -> Vec<usize> {
        (0..asked.len())
            .filter(|at| asked[*at].kind == kind && (*at == own || held(at)))
            .collect()
    };
    let (colds, warms) = (
        repeats(RoundKind::Cold, cold),
        repeats(RoundKind::Warm, warm),
    );
    let all: Vec<usize> = colds.iter().chain(&warms).copied().collect();
    let complete = |row: &usize| all.iter().all(|at| asked[*at].time(*row).is_some());
    let complete: Vec<usize> = pair.iter().copied().filter(complete).collect();
    let side = |rounds: &[usize], row: usize| {
        let logs = rounds.iter().filter_map(|at| asked[*at].time(row));
        mean(&logs.map(f64::ln).collect::<Vec<_>>())
    };
    let means = |keep: &dyn Fn(usize) -> bool, value: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let kept = complete.iter().filter(|row| keep(**row));
        let values: Vec<(usize, f64)> = kept.map(|row| (rows[*row], value(*row))).collect();
        prompt_means(&values)
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    };
    let effect = |row: usize| side(&colds, row) - side(&warms, row);
    for (wanted, class) in [(true, &mut truth.hits), (false, &mut truth.misses)] {
        let count = pair.iter().filter(|row| hits[**row] == wanted).count();
        let found = means(&|row| hits[row] == wanted, &effect);
        let ratio = (!found.is_empty()).then(|| mean(&found).exp());
        *class = (u32::try_from(count).unwrap_or(u32::MAX), ratio);
    }
    let every = |_: usize| true;
    let one = colds.len() == 1 && warms.len() == 1;
    truth.row = if one { "cw" } else { "cwc" }.to_owned();
    let effects = means(&every, &effect);
    if effects.is_empty() {
        return;
    }
    truth.plain = plain(asked, &colds, &warms, &complete);
    truth.middles = Some(middles(&effects));
    let (a, b) = (
        mean(&means(&every, &|row| side(&colds, row))),
        mean(&means(&every, &|row| side(&warms, row))),
    );
    truth.prompts = u32::try_from(effects.len()).unwrap_or(u32::MAX);
    truth.seen_ratio = Some((a - b).exp());
    truth.seen_ms = Some((a.exp(), b.exp()));
    let apart = |rounds: &[usize]| {
        let (first, last) = (*rounds.first()?, *rounds.last()?);
        let drift = |row: usize| side(&[last], row) - side(&[first], row);
        (first != last).then(|| means(&every, &drift))
    };
    let apart = [apart(&colds), apart(&warms)];
    [truth.colds_apart, truth.warms_apart] =
        [0, 1].map(|side| apart[side].as_ref().map(|values| mean(values)));
    let Some(of_prompts) = spread(&effects) else {
        return;
    };
    truth.spread = Some(as_ratios(of_prompts));
    let apart: Vec<&Vec<f64>> = apart.iter().flatten().collect();
    let mut by = allowed;
    if !apart.is_empty() {
        let far = apart.iter().filter_map(|values| spread(values));
        let far = far.map(|(low, high)| low.abs().max(high.abs()));
        let distance = apart.iter().map(|values| mean(values).abs());
        by = allowed
            .max(far.fold(0.0, f64::max))
            .min(11.0 * distance.fold(0.0, f64::max));
    }
    truth.interval = Some(as_ratios(widened(of_prompts, by)));
}

/// Plain figures of these rows, each side the mean of its rounds.
fn plain(asked: &[Asked], colds: &[usize], warms: &[usize], rows: &[usize]) -> Option<Plain> {
    let mean_ms = |rounds: &[usize], row: usize| {
        let times = rounds.iter().filter_map(|at| asked[*at].time(row));
        mean(&times.collect::<Vec<_>>())
    };
    let pairs = rows.iter();
    let pairs = pairs.map(|row| (mean_ms(colds, *row), mean_ms(warms, *row)));
    Plain::of(&pairs.collect::<Vec<_>>())
}

/// Median and Hodges–Lehmann estimate, as ratios.
fn middles(effects: &[f64]) -> (f64, Option<f64>) {
    (median(effects).exp(), walsh_median(effects).map(f64::exp))
}

/// By the requests that both the first and the last cold round of the cycles have.
fn first_to_last(asked: &[Asked], cycles: &[(usize, usize)], rows: usize) -> Option<f64> {
    let (first, last) = (cycles.first()?.0, cycles.last()?.0);
    let drift = |row| {
        let both = asked[first].time(row).zip(asked[last].time(row));
        both.map(|(a, b)| (b / a).ln())
    };
    let drifts: Vec<f64> = (0..rows).filter_map(drift).collect();
    (last > first && !drifts.is_empty()).then(|| mean(&drifts))
}

/// Two cycles: means by prompt over both. Three and more: the mean of the cycles' own means.
fn several(
    truth: &mut Truth,
    asked: &[Asked],
    rows: &[usize],
    hits: &[bool],
    name: &str,
    allowed: f64,
) {
    truth.row = name.to_owned();
    let logs = |keep: &dyn Fn(usize) -> bool| -> Vec<Vec<(usize, f64, f64)>> {
        let of = |(cold, warm): &(usize, usize)| {
            let kept = (0..rows.len()).filter(|row| keep(*row));
            let logs = kept.filter_map(|row| {
                let (a, b) = asked[*cold].time(row).zip(asked[*warm].time(row))?;
                Some((rows[row], a.ln(), b.ln()))
            });
            logs.collect()
        };
        truth.cycles.iter().map(of).collect()
    };
    type Pick = fn(&(usize, f64, f64)) -> f64;
    // A prompt's rows within a cycle first: each cycle has the same weight in it.
    let in_cycle = |of: &[(usize, f64, f64)], pick: Pick| {
        let values: Vec<(usize, f64)> = of.iter().map(|one| (one.0, pick(one))).collect();
        prompt_means(&values)
    };
    let over_all = |cycles: &[Vec<(usize, f64, f64)>], pick: Pick| -> Vec<f64> {
        let each = cycles.iter().map(|of| in_cycle(of, pick));
        let means = prompt_means(&each.collect::<Vec<_>>().concat());
        means.into_iter().map(|(_, value)| value).collect()
    };
    let by_cycle = |cycles: &[Vec<(usize, f64, f64)>], pick: Pick| -> Vec<f64> {
        let with_any = cycles.iter().filter(|of| !of.is_empty());
        let values = with_any.map(|of| in_cycle(of, pick));
        values
            .map(|means| {
                mean(
                    &means
                        .into_iter()
                        .map(|(_, value)| value)
                        .collect::<Vec<_>>(),
                )
            })
            .collect()
    };
    let centre = |cycles: &[Vec<(usize, f64, f64)>], pick: Pick| match name {
        "cwcw" => mean(&over_all(cycles, pick)),
        _ => mean(&by_cycle(cycles, pick)),
    };
    let effect: Pick = |one| one.1 - one.2;
    let classes = [true, false].map(|wanted| {
        let of_class = logs(&|row| hits[row] == wanted);
        let count: usize = of_class.iter().map(Vec::len).sum();
        let ratio = (count > 0).then(|| centre(&of_class, effect).exp());
        (u32::try_from(count).unwrap_or(u32::MAX), ratio)
    });
    let cycles = logs(&|_| true);
    let pairs = truth.cycles.iter().flat_map(|(cold, warm)| {
        let both = |row| asked[*cold].time(row).zip(asked[*warm].time(row));
        (0..rows.len()).filter_map(both)
    });
    truth.plain = Plain::of(&pairs.collect::<Vec<_>>());
    truth.first_to_last = first_to_last(asked, &truth.cycles, rows.len());
    let rounds = truth.cycles[truth.cycles.len() - 1].0 - truth.cycles[0].0;
    truth.trend = truth.first_to_last.map(|drift| drift / rounds as f64);
    [truth.hits, truth.misses] = classes;
    let effects = over_all(&cycles, effect);
    let (a, b) = (centre(&cycles, |one| one.1), centre(&cycles, |one| one.2));
    truth.prompts = u32::try_from(effects.len()).unwrap_or(u32::MAX);
    truth.seen_ratio = Some((a - b).exp());
    truth.seen_ms = Some((a.exp(), b.exp()));
    truth.middles = Some(middles(&effects));
    let Some(of_prompts) = spread(&effects) else {
        return;
    };
    truth.spread = Some(as_ratios(of_prompts));
    truth.interval = Some(as_ratios(match name {
        "cwcw" => widened(of_prompts, allowed),
        _ => t_interval(&by_cycle(&cycles, effect)),
    }));
}
