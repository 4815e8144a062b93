//! Rounds of any schedule over twelve prompts, for tests of what is said of hits.

use super::{canary, engine};
use crate::common::{self, meta, success, usage};
use dualround_model::{
    EngineDelta, Judging, LevelComparison, RequestRecord, RunEvidence, Schedule,
};
use dualround_stats::compare;

/// The level of a schedule, given each round's records and what the engines' counters saw, by its
/// number.
pub(crate) fn judged(
    schedule: &str,
    known: &RunEvidence,
    records: impl Fn(u32) -> Vec<RequestRecord>,
    engines: impl Fn(u32) -> Vec<EngineDelta>,
) -> LevelComparison {
    let schedule: Schedule = schedule.parse().unwrap();
    let round = |spec: dualround_model::RoundSpec| {
        let records = records(spec.number);
        let mut meta = meta(spec, records.len());
        meta.engines = engines(spec.number);
        common::summarised(meta, records)
    };
    let mut rounds: Vec<_> = schedule.rounds().into_iter().map(round).collect();
    let judging = Judging {
        until: false,
        schedule,
        round_noise: None,
        same_samples: true,
    };
    compare(&mut rounds, &judging, known)
}

/// The same of twelve prompts of 700 tokens: of each round what each request hit, and when it was
/// asked (s).
pub(crate) fn by_rounds(
    schedule: &str,
    known: &RunEvidence,
    of: impl Fn(u32, u32) -> (u64, f64),
    engines: impl Fn(u32) -> Vec<EngineDelta>,
) -> LevelComparison {
    let record = |round: u32, index: u32| {
        let (cached, start) = of(round, index);
        let times = [100.0, 110.0, 120.0];
        success(index, 1e3 * start, &times, usage(700, 3, Some(cached)))
    };
    let records = |round: u32| (0..12).map(|index| record(round, index)).collect();
    judged(schedule, known, records, engines)
}

/// A canary whose repetition hit so much, and no more.
pub(crate) fn known(repeated: u64) -> RunEvidence {
    RunEvidence {
        canary: canary(Some(0), Some(repeated)),
        ..RunEvidence::default()
    }
}

/// The counters of the engine of this name.
pub(crate) fn at(base: &str, looked_up: f64, hits: f64) -> EngineDelta {
    EngineDelta {
        base: base.to_owned(),
        ..engine(looked_up, hits)
    }
}
