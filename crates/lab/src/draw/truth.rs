//! What is true of drawn rounds, by the table in docs/methodology.md, computed in the plainest way
//! and by nothing that `stats` uses.

use super::Truth;
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
/// world has.
pub(super) fn truth(asked: &[Asked], rows: &[usize], hits: &[bool], effect: f64) -> Truth {
    let cycles = cycles(asked, rows.len());
    let mut truth = Truth {
        ratio: effect.exp(),
        row: "none".to_owned(),
        cycles: cycles.clone(),
        ..Truth::default()
    };
    for (cold, warm) in &cycles {
        for row in 0..rows.len() {
            let (cold, warm) = (&asked[*cold], &asked[*warm]);
            let both_started = cold.times.len() > row && warm.times.len() > row;
            match (cold.time(row), warm.time(row)) {
                (Some(_), Some(_)) => truth.pairs += 1,
                (None, Some(_)) if both_started => truth.lost.0 += 1,
                (Some(_), None) if both_started => truth.lost.1 += 1,
                _ => {}
            }
        }
    }
    classes(&mut truth, asked, rows, hits);
    match cycles[..] {
        [] => {}
        [(cold, warm)] => one_cycle(&mut truth, asked, rows, cold, warm),
        [_, _] => several(&mut truth, asked, rows, "cwcw"),
        [..] => several(&mut truth, asked, rows, "cycles"),
    }
    truth
}

/// Each cold round with the first warm one before the next cold round, where they have a pair.
fn cycles(asked: &[Asked], rows: usize) -> Vec<(usize, usize)> {
    let mut cycles = Vec::new();
    for (cold, round) in asked.iter().enumerate() {
        if round.kind != RoundKind::Cold {
            continue;
        }
        let rest = asked.iter().enumerate().skip(cold + 1);
        let mut epoch = rest.take_while(|(_, next)| next.kind != RoundKind::Cold);
        let Some((warm, other)) = epoch.find(|(_, next)| next.kind == RoundKind::Warm) else {
            continue;
        };
        if (0..rows).any(|row| round.time(row).is_some() && other.time(row).is_some()) {
            cycles.push((cold, warm));
        }
    }
    cycles
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

/// The mean over the different prompts of the mean over each one's rows, and how many they are.
fn by_prompt(values: &[(usize, f64)]) -> Option<(u32, f64)> {
    let means = prompt_means(values);
    let count = u32::try_from(means.len()).ok()?;
    let means: Vec<f64> = means.into_iter().map(|(_, value)| value).collect();
    (count > 0).then(|| (count, mean(&means)))
}

/// One cycle, with the repeats of its rounds that hold enough of it.
fn one_cycle(truth: &mut Truth, asked: &[Asked], rows: &[usize], cold: usize, warm: usize) {
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
    let complete: Vec<usize> = pair.into_iter().filter(complete).collect();
    let side = |rounds: &[usize], row: usize| {
        let logs = rounds.iter().filter_map(|at| asked[*at].time(row));
        mean(&logs.map(f64::ln).collect::<Vec<_>>())
    };
    let of = |value: &dyn Fn(usize) -> f64| {
        let values: Vec<(usize, f64)> = complete
            .iter()
            .map(|row| (rows[*row], value(*row)))
            .collect();
        by_prompt(&values)
    };
    let one = colds.len() == 1 && warms.len() == 1;
    truth.row = if one { "cw" } else { "cwc" }.to_owned();
    let (Some((prompts, a)), Some((_, b))) =
        (of(&|row| side(&colds, row)), of(&|row| side(&warms, row)))
    else {
        return;
    };
    truth.prompts = prompts;
    truth.seen_ratio = Some((a - b).exp());
    truth.seen_ms = Some((a.exp(), b.exp()));
    let apart = |rounds: &[usize]| {
        let (first, last) = (*rounds.first()?, *rounds.last()?);
        if first == last {
            return None;
        }
        let apart = of(&|row| side(&[last], row) - side(&[first], row));
        apart.map(|(_, value)| value)
    };
    truth.colds_apart = apart(&colds);
    truth.warms_apart = apart(&warms);
}

/// Two cycles: means by prompt over both. Three and more: the mean of the cycles' own means.
fn several(truth: &mut Truth, asked: &[Asked], rows: &[usize], name: &str) {
    truth.row = name.to_owned();
    let logs = |cold: usize, warm: usize| -> Vec<(usize, f64, f64)> {
        (0..rows.len())
            .filter_map(|row| {
                let (a, b) = asked[cold].time(row).zip(asked[warm].time(row))?;
                Some((rows[row], a.ln(), b.ln()))
            })
            .collect()
    };
    let cycles: Vec<_> = truth.cycles.iter().map(|(c, w)| logs(*c, *w)).collect();
    let pick = |of: &[(usize, f64, f64)], side: usize| {
        let values = of.iter().map(|(prompt, a, b)| (*prompt, [*a, *b][side]));
        values.collect::<Vec<_>>()
    };
    // A prompt's rows within a cycle first: each cycle has the same weight in it.
    let all = |side: usize| {
        let cycles = cycles.iter().map(|of| prompt_means(&pick(of, side)));
        by_prompt(&cycles.collect::<Vec<_>>().concat())
    };
    let Some((prompts, _)) = all(0) else {
        return;
    };
    truth.prompts = prompts;
    let side = |side: usize| match name {
        "cwcw" => all(side).map_or(f64::NAN, |(_, value)| value),
        _ => {
            let means = cycles.iter().filter_map(|of| by_prompt(&pick(of, side)));
            mean(&means.map(|(_, value)| value).collect::<Vec<_>>())
        }
    };
    let (a, b) = (side(0), side(1));
    truth.seen_ratio = Some((a - b).exp());
    truth.seen_ms = Some((a.exp(), b.exp()));
}

/// Pairs whose warm request hit, and those whose missed.
fn classes(truth: &mut Truth, asked: &[Asked], rows: &[usize], hits: &[bool]) {
    let of = |wanted: bool| {
        let (mut count, mut means) = (0, Vec::new());
        for (cold, warm) in &truth.cycles {
            let mut values = Vec::new();
            for row in (0..rows.len()).filter(|row| hits[*row] == wanted) {
                if let Some((a, b)) = asked[*cold].time(row).zip(asked[*warm].time(row)) {
                    values.push((rows[row], (a / b).ln()));
                }
            }
            count += u32::try_from(values.len()).unwrap_or(u32::MAX);
            means.extend(prompt_means(&values));
        }
        (count, by_prompt(&means).map(|(_, ln)| ln.exp()))
    };
    let (hit, miss) = (of(true), of(false));
    (truth.hits, truth.misses) = (hit, miss);
}
