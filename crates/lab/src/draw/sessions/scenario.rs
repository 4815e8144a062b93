//! What a world of sessions is made of.

use serde::Serialize;

/// How replicas are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Routing {
    /// At random, each alike.
    Random,
    /// One after the other.
    InTurns,
    /// All turns of a session to the same one.
    BySession,
}

/// How cached tokens are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnUsage {
    /// By every answer.
    Explicit,
    /// By every second request of the data set.
    EverySecond,
    /// By none.
    Silent,
}

/// What the counters of the replicas saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnCounters {
    /// There are none.
    None,
    /// All that was sent.
    Match,
    /// Three times as much: others use the server.
    OtherTraffic,
    /// All but one replica's.
    OneMissing,
}

/// What becomes of a turn that is longer than the server's context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TooLong {
    /// The server says so by the code of its error.
    ByCode,
    /// It says so in words, which any other error may have.
    InWords,
    /// The data set states its length, and it is not sent.
    Stated,
}

/// A world to draw rounds of sessions from.
#[derive(Clone, Debug, Serialize)]
pub struct SessionScenario {
    /// Its family.
    pub name: String,
    /// Everything random in it comes from this.
    pub seed: u64,
    /// The schedule.
    pub schedule: &'static str,
    /// Sessions.
    pub sessions: u32,
    /// Turns of a session at most.
    pub most_turns: u32,
    /// Users that play them.
    pub users: u32,
    /// Tokens of the template before everything.
    pub template: u32,
    /// Tokens of a system prompt that all sessions share.
    pub system: u32,
    /// Tokens of a question at most; a third of it at least.
    pub question: u32,
    /// Tokens of a recorded answer; 0: answers of the server itself are put back.
    pub answer: u32,
    /// The server's cache has its own answers too.
    pub keeps_answers: bool,
    /// Its answers are the same in every round.
    pub same_answers: bool,
    /// Longest gap before a turn, ms.
    pub gap_ms: u32,
    /// Share of the turns before which the server loses what it had of the session.
    pub lost: f64,
    /// Share of the sessions that a warm round finds again.
    pub kept: f64,
    /// Share of the sessions that were cached whole before the cold round.
    pub foreign: f64,
    /// There is a cache.
    pub cache: bool,
    /// Tokens of the unit in which prompts are cached.
    pub block: u32,
    /// The engine tells that unit.
    pub block_known: bool,
    /// The token ids that were sent are known.
    pub ids: bool,
    /// Characters that a token stands for.
    pub chars_per_token: f64,
    /// Rounds are made cold by a salt, else by a marker.
    pub salted: bool,
    /// The canary was asked, and met the cache as it is.
    pub canary: bool,
    /// Share of the turns that fail.
    pub failures: f64,
    /// Tokens that the server takes at most.
    pub context: Option<u64>,
    /// What becomes of longer ones.
    pub too_long: TooLong,
    /// Engines behind the address.
    pub replicas: u32,
    /// How one of them is chosen.
    pub routing: Routing,
    /// How hits are told.
    pub usage: TurnUsage,
    /// What counters tell.
    pub counters: TurnCounters,
}

/// What is true of one turn of all sessions in a round.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TurnTruth {
    /// Its place in the session.
    pub turn: u32,
    /// Requests of it that succeeded.
    pub requests: u64,
    /// Their mean TTFT, ms.
    pub ttft_ms: f64,
    /// Prompt tokens of those that tell their hits.
    pub prompt: u64,
    /// Of these from the cache; `None` where none tells it.
    pub hit: Option<u64>,
    /// Of these, those that a cache which forgets nothing could give; `None` where ids are unknown.
    pub reachable: Option<u64>,
    /// Mean gap before it, s; `None` of a first turn.
    pub gap_s: Option<f64>,
}

/// What is true of a round.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SessionRoundTruth {
    /// Its letter.
    pub letter: String,
    /// Sessions of which a turn was sent.
    pub sessions: u64,
    /// Sessions that did not come to their end.
    pub ended_early: u64,
    /// Of these, those that are known to have met the end of the context.
    pub overflowed: u64,
    /// Turns that were not sent.
    pub lost_turns: u64,
    /// By turn.
    pub turns: Vec<TurnTruth>,
    /// Hits over what could be hit.
    pub reached: Option<f64>,
    /// The same by chance.
    pub chance: Option<f64>,
    /// Prompt tokens that each replica had.
    pub loads: Option<Vec<f64>>,
    /// Prompt tokens of the requests that succeeded, and those from the cache.
    pub all: [u64; 2],
    /// Tokens from a cache that should have known nothing, beyond what is tolerated of each request.
    pub foreign_tokens: u64,
    /// Requests of which these are half and more.
    pub foreign_halves: u64,
    /// Tokens from a cache that the run itself had not sent there before, nor the canary.
    pub any_foreign: u64,
    /// Tokens of turns that no turn before had sent.
    pub new: u64,
    /// Of the prompt tokens those of which a foreign hit would have been seen.
    pub visible: u64,
}

/// What is true of a world of sessions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SessionTruth {
    /// By round.
    pub rounds: Vec<SessionRoundTruth>,
    /// Sessions whose cold and warm side have other turns; `None` where several pairs of rounds decide.
    pub left_out: Option<u64>,
    /// Sessions whose sides without reuse and cold have other turns.
    pub left_out_inside: u64,
    /// Sessions that are in the ratio.
    pub paired: u64,
    /// Turns that are in it.
    pub pairs: u64,
    /// The mean over a session's turns and then over sessions, as a ratio, of the drawn times; `None`
    /// where several pairs of rounds decide, or nothing is paired.
    pub seen_ratio: Option<f64>,
}
