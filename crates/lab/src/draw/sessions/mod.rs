//! Worlds of sessions: users who play conversations turn by turn, engines that keep what they have
//! answered, routers that choose one of them, turns that fail or become too long.

mod play;
mod random_world;
mod scenario;
mod server;
mod talks;
mod told;
mod truth;

pub use random_world::session_scenario;
pub use scenario::{SessionScenario, SessionTruth};

use super::random::Random;
use dualround_model::{RoundKind, RoundRun, RoundSpec, RunEvidence, Schedule};
use play::{Played, SessionRound, TurnEnd};
use server::{Behind, Engines};
use std::collections::{BTreeMap, BTreeSet};
use talks::DrawnTurn;
use truth::RoundPlayed;

/// Between two rounds, ms.
const BETWEEN_MS: f64 = 1000.0;

/// The rounds of a world of sessions, with what is known and what is true of them.
#[derive(Clone, Debug)]
pub struct DrawnSessions {
    /// The rounds in the order of the schedule.
    pub rounds: Vec<RoundRun>,
    /// What was known of the server.
    pub known: RunEvidence,
    /// The ids that were sent, none of a turn that was never answered; empty where they are not known.
    pub ids: Vec<Vec<u32>>,
    /// Replicas that are named.
    pub replicas: u32,
    /// The truth.
    pub truth: SessionTruth,
}

/// Draws the rounds of a scenario.
pub fn draw_sessions(scenario: &SessionScenario) -> DrawnSessions {
    // Not the draws that the scenario itself comes from.
    let mut random = Random::new(scenario.seed ^ 0x7a1c);
    let turns = talks::turns(scenario, &mut random);
    let schedule: Schedule = scenario.schedule.parse().unwrap_or_default();
    let mut level = SessionLevel {
        scenario,
        turns: &turns,
        engines: Engines::new(scenario),
        answered: None,
        of_epoch: Vec::new(),
        now_ms: 0.0,
    };
    let mut rounds = Vec::new();
    let mut truth = SessionTruth::default();
    let mut all: Vec<(RoundKind, Vec<Played>)> = Vec::new();
    for spec in schedule.rounds() {
        let played = level.round(spec, &mut random);
        let known = level.answered.clone().unwrap_or_default();
        let round = RoundPlayed {
            scenario,
            turns: &turns,
            kind: spec.kind,
            played: &played,
            before: &level.of_epoch,
            known: &known,
        };
        truth.rounds.push(round.truth());
        rounds.push(told::run(scenario, &turns, spec, &played));
        if spec.kind != RoundKind::NoReuse {
            level.of_epoch.push(played.clone());
        }
        all.push((spec.kind, played));
    }
    compared(&all, &turns, &mut truth);
    let known = level.answered.unwrap_or_default();
    DrawnSessions {
        rounds,
        known: told::known(scenario),
        ids: ids(scenario, &turns, &known),
        replicas: scenario.replicas_named(),
        truth,
    }
}

/// The token ids as the server's tokenizer would tell them after the level.
fn ids(scenario: &SessionScenario, turns: &[DrawnTurn], known: &BTreeSet<usize>) -> Vec<Vec<u32>> {
    if !scenario.ids {
        return Vec::new();
    }
    let each = turns.iter().enumerate().map(|(at, turn)| {
        if known.contains(&at) {
            turn.ids.clone()
        } else {
            Vec::new()
        }
    });
    each.collect()
}

/// A level that is played round after round.
struct SessionLevel<'a> {
    scenario: &'a SessionScenario,
    turns: &'a [DrawnTurn],
    engines: Engines<'a>,
    /// Turns that were answered in the first round.
    answered: Option<BTreeSet<usize>>,
    /// Rounds of the epoch so far.
    of_epoch: Vec<Vec<Played>>,
    now_ms: f64,
}

impl SessionLevel<'_> {
    fn round(&mut self, spec: RoundSpec, random: &mut Random) -> Vec<Played> {
        let epoch = spec.epoch.unwrap_or(0);
        match spec.kind {
            RoundKind::Cold => {
                self.of_epoch.clear();
                self.known_before(epoch, random);
            }
            RoundKind::Warm => self.evict(random),
            _ => {}
        }
        let first = self.answered.is_none();
        let answered = self.answered.clone().unwrap_or_default();
        let is_own = spec.kind == RoundKind::NoReuse;
        let round = SessionRound {
            scenario: self.scenario,
            turns: self.turns,
            asked: &|at| first || answered.contains(&at),
            behind: &|at| {
                if is_own {
                    Behind::Own(at)
                } else {
                    Behind::Epoch(epoch)
                }
            },
            again: first || self.scenario.same_answers,
            begin_ms: self.now_ms,
        };
        let played = round.play(&mut self.engines, random);
        let ends = played.iter().map(|one| one.end_ms);
        self.now_ms = ends.fold(self.now_ms, f64::max) + BETWEEN_MS;
        if first {
            let ended = played.iter().filter(|one| one.end == TurnEnd::Answered);
            self.answered = Some(ended.map(|one| one.at).collect());
        }
        played
    }

    /// Some sessions were cached whole before.
    fn known_before(&mut self, epoch: u32, random: &mut Random) {
        let last = self.turns.iter().filter(|turn| turn.turn == turn.of);
        for turn in last {
            if self.scenario.foreign > 0.0 && random.chance(self.scenario.foreign) {
                self.engines.know(turn, Behind::Epoch(epoch));
            }
        }
    }

    /// Some sessions are not found again.
    fn evict(&mut self, random: &mut Random) {
        for session in 0..self.scenario.sessions {
            if !random.chance(self.scenario.kept) {
                self.engines.forget(session);
            }
        }
    }
}

/// TTFT of the turns that were answered.
fn times(played: &[Played]) -> BTreeMap<usize, f64> {
    let ended = played.iter().filter(|one| one.end == TurnEnd::Answered);
    ended.map(|one| (one.at, one.ttft_ms)).collect()
}

/// Each round of one kind with the one of another kind behind it.
fn pairs(
    rounds: &[(RoundKind, Vec<Played>)],
    kinds: (RoundKind, RoundKind),
) -> Vec<[BTreeMap<usize, f64>; 2]> {
    let pairs = rounds.windows(2);
    let pairs = pairs.filter(|pair| (pair[0].0, pair[1].0) == kinds);
    pairs
        .map(|pair| [times(&pair[0].1), times(&pair[1].1)])
        .collect()
}

/// Sessions that have other turns on one side of a pair than on the other.
fn apart(pairs: &[[BTreeMap<usize, f64>; 2]], turns: &[DrawnTurn]) -> BTreeSet<u32> {
    let mut apart: BTreeSet<u32> = BTreeSet::new();
    for [one, other] in pairs {
        for (at, turn) in turns.iter().enumerate() {
            if one.contains_key(&at) != other.contains_key(&at) {
                apart.insert(turn.session);
            }
        }
    }
    apart
}

/// What both sides of the level come to against each other.
fn compared(rounds: &[(RoundKind, Vec<Played>)], turns: &[DrawnTurn], truth: &mut SessionTruth) {
    let inside = pairs(rounds, (RoundKind::NoReuse, RoundKind::Cold));
    truth.left_out_inside = apart(&inside, turns).len() as u64;
    let cycles = pairs(rounds, (RoundKind::Cold, RoundKind::Warm));
    let apart = apart(&cycles, turns);
    let colds = rounds.iter().filter(|(kind, _)| *kind == RoundKind::Cold);
    let ([[cold, warm]], 1) = (cycles.as_slice(), colds.count()) else {
        return;
    };
    truth.left_out = Some(apart.len() as u64);
    let mut sessions: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (at, cold) in cold {
        let session = turns[*at].session;
        if apart.contains(&session) {
            continue;
        }
        if let Some(warm) = warm.get(at) {
            sessions
                .entry(session)
                .or_default()
                .push((cold / warm).ln());
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let by_session: Vec<f64> = sessions.values().map(|logs| mean(logs)).collect();
    truth.paired = by_session.len() as u64;
    truth.pairs = sessions.values().map(|logs| logs.len() as u64).sum();
    truth.seen_ratio = (!by_session.is_empty()).then(|| mean(&by_session).exp());
}
