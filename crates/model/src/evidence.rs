//! What was found out about a level after its rounds, and is needed to judge it again.

use crate::{CanaryReport, Reuse};
use serde::{Deserialize, Serialize};

/// What the requests of a round may hit of requests of their own round, by the ids of the tokens
/// that were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The epoch whose cold round it is about.
    pub epoch: Option<u32>,
    /// By index: the longest beginning, tokens, that another request has which was sent before this
    /// one ended. `None`: the request is not there.
    pub tokens: Vec<Option<u32>>,
    /// Of each group of requests that share a beginning one had to compute it: these tokens,
    /// summed over the groups, are in `tokens` and cannot be hits.
    pub computed: u64,
    /// Prompt tokens of a request at most that the server counts and its tokenizer does not show:
    /// images, what a gateway adds.
    #[serde(default)]
    pub unseen: u64,
}

/// What each request of a round could have from a prefix cache if it had gone to one of several
/// replicas, each as likely as the others, whatever it asks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChanceHits {
    /// 1-based number of the round.
    pub round: u32,
    /// Replicas.
    pub replicas: u32,
    /// By index: prompt tokens, the mean over all choices, in hundredths. `None`: the request is not
    /// there.
    pub tokens: Vec<Option<f64>>,
}

/// A line of the journal behind the rounds of a level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// 0-based position of the level.
    pub level: u32,
    /// What the canary showed in the session that ran it.
    pub canary: Option<CanaryReport>,
    /// One a cold round, where token ids are known.
    pub expected: Vec<Expected>,
    /// One a cold or warm round of sessions, where token ids are known and replicas are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chance: Vec<ChanceHits>,
    /// After the first level: what the token ids that were sent let a cache reuse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Reuse>,
}

/// How a server's silence about cached tokens is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Convention {
    /// It leaves the field out without a hit, so that nothing reported is 0.
    pub omission_is_zero: bool,
}
