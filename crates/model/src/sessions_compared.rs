//! What the rounds of a level of sessions came to, turn by turn.

use crate::RoundKind;
use serde::{Deserialize, Serialize};

/// One turn of all sessions in one round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnFigures {
    /// Its place in the session, 1-based.
    pub turn: u32,
    /// Requests of it that succeeded.
    pub requests: u64,
    /// Their mean TTFT, ms.
    pub ttft_ms: Option<f64>,
    /// Prompt tokens of those whose hits are known.
    pub prompt_tokens: u64,
    /// Of these, those from the cache; `None` where hits are known of no request.
    pub hit_tokens: Option<u64>,
    /// Of these, those that a prefix cache which forgets nothing could have given; `None` where no
    /// tokenizer tells.
    pub reachable_tokens: Option<u64>,
    /// Mean time between the end of the turn before and this one, s; `None` of a first turn.
    pub gap_s: Option<f64>,
}

/// What one replica had of a round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReplicaLoad {
    /// Its base URL, secrets removed.
    pub engine: String,
    /// Prompt tokens that it looked up, by its own counters.
    pub prompt_tokens: f64,
}

/// A round of sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundOfSessions {
    /// 1-based number of the round.
    pub round: u32,
    /// Its letter.
    pub kind: RoundKind,
    /// Sessions of which a turn was sent.
    pub sessions: u64,
    /// Sessions that a failure ended before their last turn, here or in the first round, or a context that
    /// was too long.
    pub ended_early: u64,
    /// Sessions of which the round's own end left turns out: a limit, or the user.
    pub cut_short: u64,
    /// Of these, those whose context was too long for the server.
    pub overflowed: u64,
    /// Turns that were not sent.
    pub lost_turns: u64,
    /// Hits over what could have been reached, over all turns of which both are known; of each request
    /// at most what it could reach.
    pub reached_share: Option<f64>,
    /// Over what could have been reached, what requests would reach that each went to a replica at
    /// random; `None` where no tokenizer tells, or where the replicas are not known to be all.
    pub chance_share: Option<f64>,
    /// Prompt tokens of the busiest replica over their mean: 1 where all have alike, their number where
    /// one has all.
    pub imbalance: Option<f64>,
    /// The replicas that `--admin-url` names, where together they looked up what was sent.
    pub replicas: Option<Vec<ReplicaLoad>>,
    /// By turn.
    pub turns: Vec<TurnFigures>,
}

impl RoundOfSessions {
    /// The first turn, one in the middle, and the last.
    pub fn told(&self) -> Vec<&TurnFigures> {
        let last = self.turns.len().saturating_sub(1);
        let mut places = vec![0, last / 2, last];
        places.dedup();
        places.iter().filter_map(|at| self.turns.get(*at)).collect()
    }
}

/// The sessions of a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionComparison {
    /// Sessions whose cold and warm side have not the same turns in a pair of rounds, in which they then
    /// do not count.
    pub left_out: u64,
    /// The same of rounds without reuse and cold ones.
    pub left_out_inside: u64,
    /// Each round.
    pub rounds: Vec<RoundOfSessions>,
}
