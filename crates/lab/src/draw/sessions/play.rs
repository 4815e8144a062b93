//! Playing a round: users who each play a session to its end, and then the next.

use super::{
    scenario::{SessionScenario, TooLong},
    server::{Behind, Engines, Lookup},
    talks::DrawnTurn,
};
use crate::draw::{random::Random, records::answer_ms};

/// TTFT of a prompt that is cached whole, ms.
const BASE_MS: f64 = 10.0;
/// The same of each token that is computed.
const TOKEN_MS: f64 = 0.05;
/// Spread of TTFT, as that of its logarithm.
const NOISE: f64 = 0.1;

/// What lies at least between an answer and the next request of a user, ms: no two instants of a user
/// are the same when they are rounded.
const STEP_MS: f64 = 0.01;

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnEnd {
    Answered,
    /// The server was busy.
    Failed,
    /// Its prompt was too long.
    TooLong,
}

/// A turn that was sent in a round.
#[derive(Clone, Debug)]
pub(super) struct Played {
    /// Its place among all turns.
    pub(super) at: usize,
    pub(super) start_ms: f64,
    pub(super) end_ms: f64,
    pub(super) ttft_ms: f64,
    pub(super) end: TurnEnd,
    pub(super) engine: usize,
    pub(super) cached: u64,
    /// Of these, what the run itself had not sent before.
    pub(super) foreign: u64,
    /// The server gave the answer that is put back.
    pub(super) again: bool,
}

/// A round to play.
pub(super) struct SessionRound<'a> {
    pub(super) scenario: &'a SessionScenario,
    pub(super) turns: &'a [DrawnTurn],
    /// Turns that were answered in the first round; all in the first.
    pub(super) asked: &'a dyn Fn(usize) -> bool,
    pub(super) behind: &'a dyn Fn(usize) -> Behind,
    /// Answers are those that are put back.
    pub(super) again: bool,
    pub(super) begin_ms: f64,
}

/// A user who plays sessions.
struct SessionUser {
    /// The turn that is next, and when.
    next: Option<(usize, f64)>,
}

impl SessionRound<'_> {
    /// Plays all sessions.
    pub(super) fn play(&self, engines: &mut Engines<'_>, random: &mut Random) -> Vec<Played> {
        let firsts = (0..self.turns.len()).filter(|at| self.turns[*at].turn == 1);
        let mut waiting: Vec<usize> = firsts.filter(|at| self.is_sent(*at)).collect();
        waiting.reverse();
        let mut users: Vec<SessionUser> = Vec::new();
        for number in 0..self.scenario.users {
            let first = waiting.pop();
            users.push(SessionUser {
                next: first.map(|at| (at, self.begin_ms + f64::from(number))),
            });
        }
        let mut played = Vec::new();
        while let Some(user) = earliest(&users) {
            let Some((at, start_ms)) = users[user].next else {
                break;
            };
            let one = self.send(at, start_ms, engines, random);
            let goes_on = one.end == TurnEnd::Answered
                && self.turns.get(at + 1).is_some_and(|next| {
                    next.session == self.turns[at].session && self.is_sent(at + 1)
                });
            users[user].next = if goes_on {
                Some((at + 1, one.end_ms + STEP_MS + self.turns[at + 1].gap_ms))
            } else {
                waiting.pop().map(|at| (at, one.end_ms + STEP_MS))
            };
            played.push(one);
        }
        played
    }

    fn is_sent(&self, at: usize) -> bool {
        let is_stated = self.scenario.too_long == TooLong::Stated;
        (self.asked)(at) && !(is_stated && is_too_long(self.scenario, &self.turns[at]))
    }

    fn send(
        &self,
        at: usize,
        start_ms: f64,
        engines: &mut Engines<'_>,
        random: &mut Random,
    ) -> Played {
        let (scenario, turn) = (self.scenario, &self.turns[at]);
        if turn.turn > 1 && random.chance(scenario.lost) {
            engines.forget(turn.session);
        }
        let behind = (self.behind)(at);
        let engine = engines.choose(turn, random);
        let of = |foreign| Lookup {
            behind,
            at_ms: start_ms,
            foreign,
        };
        let cached = engines.find(engine, turn, of(true));
        let own = engines.find(engine, turn, of(false));
        let computed = (turn.tokens() - cached) as f64;
        let ttft_ms = (BASE_MS + TOKEN_MS * computed) * (NOISE * random.normal()).exp();
        let end = if is_too_long(scenario, turn) {
            TurnEnd::TooLong
        } else if scenario.failures > 0.0 && random.chance(scenario.failures) {
            TurnEnd::Failed
        } else {
            TurnEnd::Answered
        };
        let lasts = answer_ms((end == TurnEnd::Answered).then_some(ttft_ms));
        let end_ms = start_ms + lasts;
        if end == TurnEnd::Answered {
            engines.keep(engine, turn, behind, end_ms, self.again);
        }
        Played {
            at,
            start_ms,
            end_ms,
            ttft_ms,
            end,
            engine,
            cached,
            foreign: cached - own,
            again: self.again,
        }
    }
}

/// The user who is next.
fn earliest(users: &[SessionUser]) -> Option<usize> {
    let next = users.iter().enumerate();
    let next = next.filter_map(|(at, user)| Some((at, user.next?.1)));
    next.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

pub(super) fn is_too_long(scenario: &SessionScenario, turn: &DrawnTurn) -> bool {
    scenario.context.is_some_and(|most| turn.tokens() > most)
}
