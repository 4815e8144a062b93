//! What a judgement on cold rounds rests on.

use super::{Replayed, SeenBy};
use serde::{Deserialize, Serialize};

/// One thing that was seen of cold rounds. Tokens unless said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ColdFact {
    /// `--cold none`.
    NothingDone,
    /// An earlier level sent the same prompts, and nothing was done since.
    SentBefore,
    /// A server accepted a reset.
    ResetAccepted {
        /// The URL called, secrets removed.
        url: String,
    },
    /// A text that had hit did not hit after the reset.
    ResetProven {
        /// What it had hit.
        before: u64,
        /// What it hit then; `None`: the answer said nothing, as servers do without a hit.
        after: Option<u64>,
    },
    /// A request that was to prove the reset failed.
    ResetProofFailed {
        /// What the server said.
        reason: String,
    },
    /// No text was seen to hit before the reset.
    ResetUnproven,
    /// The canary's repetition was answered by a response cache.
    CanaryReplayed,
    /// The canary's repetition hit nothing, or no more than a template.
    CanaryMissed {
        /// What it hit.
        hit: u64,
    },
    /// The canary's repetition hit, and the server said so.
    CanaryHit {
        /// What it hit.
        hit: u64,
        /// Of a prompt of so many.
        of: Option<u64>,
    },
    /// The server reported no cached tokens of the canary.
    CanarySilent,
    /// The canary's text under another value of the salt.
    OtherSalt {
        /// The request's field.
        field: String,
        /// What it hit; `None`: its answer said nothing.
        hit: Option<u64>,
    },
    /// The canary's text behind another marker.
    OtherMarker {
        /// What it hit.
        hit: u64,
    },
    /// Warm answers that a response cache gave.
    Replayed(Replayed),
    /// Answers may be those of an earlier request, given back by a response cache, and their usage
    /// with them.
    MayBeReplays {
        /// Prompt tokens of a cold round that the engines' counters saw, and that were sent, where
        /// they saw less.
        seen: Option<(f64, f64)>,
    },
    /// Requests that were sent again, whose hits may be of their own first attempt.
    Retried {
        /// The round, from 1.
        round: u32,
        /// How many.
        requests: u64,
    },
    /// No request of a round succeeded.
    NoneSucceeded {
        /// The round, from 1.
        round: u32,
    },
    /// Requests that report more cached tokens than their prompt has.
    Impossible {
        /// The round, from 1.
        round: u32,
        /// How many.
        requests: u64,
    },
    /// The server reports no cached tokens in a round.
    NotReported {
        /// The round, from 1.
        round: u32,
    },
    /// A round's hits, and what of them it does not share itself.
    Hits {
        /// The round, from 1.
        round: u32,
        /// Cached tokens.
        cached: u64,
        /// Prompt tokens.
        prompt: u64,
        /// Requests whose hits are known.
        known: u64,
        /// Of these, those that left the field out, as this server does without a hit.
        omitted: u64,
        /// Cached tokens beyond what the round shares, template and block.
        excess: u64,
        /// Of these, as many are tolerated.
        limit: f64,
    },
    /// Requests that took half of their prompt from a cache, unexpectedly.
    HalfOfOne {
        /// The round, from 1.
        round: u32,
        /// How many.
        requests: u64,
    },
    /// Hits are known for too few requests.
    KnownForFew {
        /// The round, from 1.
        round: u32,
        /// Known.
        known: u64,
        /// Of so many.
        of: u64,
    },
    /// Prompts too short, or that share too much, to tell a hit from the template.
    TooShort {
        /// The round, from 1.
        round: u32,
        /// It is what they share, not their length.
        shared: bool,
    },
    /// Hits that other prompts may share, or that a marker which does not separate lets through.
    MarkerInDoubt {
        /// The round, from 1.
        round: u32,
        /// What the canary's text hit behind another marker.
        hit: u64,
    },
    /// What prompts share is known by characters only.
    CharactersOnly {
        /// The round, from 1.
        round: u32,
    },
}

impl ColdFact {
    /// Who says so, as in the files.
    pub fn source(&self) -> &'static str {
        match self {
            Self::NothingDone | Self::SentBefore | Self::MayBeReplays { .. } => "policy",
            Self::ResetAccepted { .. }
            | Self::ResetProven { .. }
            | Self::ResetProofFailed { .. }
            | Self::ResetUnproven => "reset",
            Self::CanaryReplayed
            | Self::CanaryMissed { .. }
            | Self::CanaryHit { .. }
            | Self::CanarySilent
            | Self::OtherSalt { .. }
            | Self::OtherMarker { .. } => "canary",
            Self::Replayed(Replayed {
                seen_by: SeenBy::Counters,
                ..
            }) => "engine",
            Self::Replayed(_) => "response_id",
            Self::NoneSucceeded { .. }
            | Self::Retried { .. }
            | Self::Impossible { .. }
            | Self::NotReported { .. }
            | Self::Hits { .. }
            | Self::HalfOfOne { .. }
            | Self::KnownForFew { .. }
            | Self::MarkerInDoubt { .. }
            | Self::TooShort { .. }
            | Self::CharactersOnly { .. } => "usage",
        }
    }
}
