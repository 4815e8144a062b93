//! A scenario to the rounds that a run of it would have left.

use super::{
    Scenario, ScenarioTruth,
    random::Random,
    records::{known, round_meta, salted},
    rounds::{Prompt, World},
    truth::{AskedRound, AskedRounds, WorldEffects, truth},
};
use dualround_model::{RoundKind, RoundMeta, RoundRun, RoundSpec, RunEvidence, Schedule};

/// The rounds of a world, with what is known and what is true of them.
#[derive(Clone, Debug)]
pub struct DrawnRounds {
    /// The rounds in the order of the schedule.
    pub rounds: Vec<RoundRun>,
    /// What was known of the server beside them.
    pub known: RunEvidence,
    /// The truth.
    pub truth: ScenarioTruth,
}

/// Draws the rounds of a scenario.
///
/// # Panics
/// When the schedule is none: scenarios are made here.
pub fn draw(scenario: &Scenario) -> DrawnRounds {
    // Not the draws that the scenario itself comes from.
    let mut random = Random::new(scenario.seed ^ 0x1ab);
    let prompts = prompts(scenario, &mut random);
    // Which prompt each row of the dataset is.
    let rows: Vec<usize> = (0..prompts.len())
        .chain((0..scenario.repeats).map(|_| random.whole(0, scenario.prompts - 1) as usize))
        .collect();
    let schedule: Schedule = scenario.schedule.parse().unwrap_or_default();
    let mut specs = schedule.rounds();
    specs.truncate(scenario.rounds_run.map_or(specs.len(), |run| run as usize));
    let world = World {
        scenario,
        prompts: &prompts,
        rows: &rows,
    };
    // Rounds of later letters draw elsewhere, so that the others are as they would be without them.
    let mut beside = Random::new(scenario.seed ^ 0x3d1);
    let mut asked: Vec<AskedRound> = Vec::new();
    let mut rounds = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        let started = match scenario.last_round_started {
            Some(started) if at + 1 == specs.len() => (started as usize).min(rows.len()),
            _ => rows.len(),
        };
        let mut drawn = match spec.kind {
            RoundKind::Mixed => world.mixed(at, &mut beside),
            RoundKind::NoReuse => world.without_reuse(at, &mut beside),
            _ => world.plain(at, *spec, &mut random),
        };
        drawn.truncate(started);
        rounds.push(RoundRun {
            meta: meta(scenario, *spec, rows.len(), started),
            records: world.records(&drawn, *spec),
        });
        asked.push(AskedRound {
            kind: spec.kind,
            rows: drawn,
        });
    }
    let ln = scenario.ratio.ln();
    let effects = prompts
        .iter()
        .map(|prompt| if prompt.hits { ln } else { 0.0 });
    let hits: Vec<bool> = rows.iter().map(|row| prompts[*row].hits).collect();
    let tokens: Vec<u64> = rows
        .iter()
        .map(|row| u64::from(prompts[*row].tokens))
        .collect();
    let effect = effects.sum::<f64>() / prompts.len() as f64;
    let noise = scenario.round_noise.unwrap_or(25.0);
    let asked = AskedRounds {
        rounds: &asked,
        prompts: &rows,
        hits: &hits,
        tokens: &tokens,
    };
    let effects = WorldEffects {
        warm: effect,
        without: scenario.without_ratio.ln(),
    };
    let truth = truth(asked, effects, noise, scenario.most_cycles);
    DrawnRounds {
        rounds,
        known: known(),
        truth,
    }
}

fn prompts(scenario: &Scenario, random: &mut Random) -> Vec<Prompt> {
    let (shortest, longest) = scenario.tokens;
    let middle = f64::midpoint(f64::from(shortest), f64::from(longest));
    let mut prompts = Vec::new();
    for _ in 0..scenario.prompts {
        let tokens = random.whole(shortest, longest);
        let length = f64::from(tokens) / middle;
        prompts.push(Prompt {
            tokens,
            cold: (scenario.cold_ms * length).ln() + scenario.prompt_sigma * random.normal(),
            hits: random.chance(scenario.hit_share),
            always_fails: random.chance(scenario.always_failing),
        });
    }
    prompts
}

fn meta(scenario: &Scenario, spec: RoundSpec, planned: usize, started: usize) -> RoundMeta {
    let cold = salted(spec.epoch);
    RoundMeta {
        most_cycles: scenario.most_cycles,
        ..round_meta(scenario.concurrency, spec, planned, started, cold)
    }
}
