//! How a round is made cold, and how that is checked.

use crate::{ColdFact, ControlReport};
use serde::{Deserialize, Serialize};

/// What the user asked for with `--cold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ColdPolicy {
    /// Never change the server's state: put fresh text before every prompt of an epoch.
    #[default]
    Auto,
    /// The same, asked for by name; an engine's own salt field where one is proven.
    Salt,
    /// Call the engine's cache reset before each cold round.
    Reset,
    /// Do nothing: the guide to the letter.
    None,
}

impl ColdPolicy {
    /// The name in settings and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Salt => "salt",
            Self::Reset => "reset",
            Self::None => "none",
        }
    }
}

/// How a cold round was in fact made cold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdMethod {
    /// A text marker, fresh per epoch, at the start of the first message.
    Marker,
    /// The engine's own salt field.
    Salt,
    /// The engine's cache reset.
    Reset,
    /// Nothing was done.
    #[default]
    None,
}

/// One reset call of `--reset-cache-url`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetCall {
    /// HTTP method, `POST` unless the user wrote another before the URL.
    pub method: String,
    /// The URL.
    pub url: String,
}

/// What a reset call came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetOutcome {
    /// The URL called, secrets removed.
    pub url: String,
    /// HTTP status of the last attempt; `None` when no answer came.
    pub status: Option<u16>,
    /// Calls made (a 5xx and a lost connection are tried again).
    pub attempts: u32,
    /// The engine accepted the reset, as far as its answer tells.
    pub ok: bool,
    /// Why not, or the first part of the answer.
    pub message: String,
}

/// The cold side of the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColdPlan {
    /// What was asked for.
    pub policy: ColdPolicy,
    /// Reset calls, all made before each cold round under `reset`.
    pub reset_calls: Vec<ResetCall>,
    /// `--require-cold`: anything but a verified cold round is exit code 4.
    pub require_cold: bool,
    /// `--fail-if`: conditions on a level's comparison that make exit code 4.
    #[serde(default)]
    pub fail_if: Vec<String>,
}

/// What was done before one cold round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColdAction {
    /// How the round was made cold.
    pub method: ColdMethod,
    /// The marker text, under [`ColdMethod::Marker`].
    pub marker: Option<String>,
    /// Field and value, under [`ColdMethod::Salt`].
    #[serde(default)]
    pub salt: Option<(String, String)>,
    /// Tokens of the marker by the server's own tokenizer; `None` if it has none.
    pub marker_tokens: Option<u64>,
    /// The reset calls made.
    pub resets: Vec<ResetOutcome>,
    /// After a reset: what a text took from the cache that had hit before it.
    #[serde(default)]
    pub proof: Option<ResetProof>,
    /// Why there is no proof: a request that was to give it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_failed: Option<String>,
}

/// A text sent twice before a reset and once after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetProof {
    /// Cached tokens of the second send: it was in the cache.
    pub before: u64,
    /// Cached tokens after the reset; `None`: not reported, as vLLM does without a hit.
    pub after: Option<u64>,
}

/// What serial probes with made text showed about the server before the first round:
/// text A with marker 1, the same again, text A with marker 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanaryReport {
    /// Prompt tokens of the canary text.
    pub prompt_tokens: Option<u64>,
    /// Cached tokens of the first send (`None`: not reported).
    pub first: Option<u64>,
    /// Cached tokens of the repetition: > 0 proves that hits happen and are reported.
    pub repeated: Option<u64>,
    /// Cached tokens of the same text behind another marker: what any two prompts share here
    /// (chat template), and proof that the marker makes a prompt cold.
    pub other_marker: Option<u64>,
    /// The answer to it counted its tokens, so that cached ones it does not name are none here.
    #[serde(default = "yes")]
    pub other_counted: bool,
    /// The probes differed in this request field, not in a marker: it is proven to separate.
    #[serde(default)]
    pub salt_field: Option<String>,
    /// Cached tokens of another text under the same salt: what any two prompts of an epoch share.
    /// Asked where a salt is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_text: Option<u64>,
    /// The repetition was answered under the id of the first send, and the third under another: a
    /// response cache gave it back, and nothing was seen of the engine's.
    #[serde(default)]
    pub replayed: bool,
    /// Tokens that the first send wrote into the cache (`None`: not reported).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<u64>,
    /// What the fields of the request that control a cache do, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlReport>,
    /// The API has fields that ask a cache to keep something, and the text had none: a service that
    /// keeps only what it is asked to keep looks as if it had no cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unasked: bool,
}

/// What older folders mean.
fn yes() -> bool {
    true
}

/// Cached tokens that prove no hit: a chat template may share them whatever comes after it.
pub const TEMPLATE_TOKENS: u64 = 16;

impl CanaryReport {
    /// Whether the repetition was found again, beyond what a template shares; `None`: no cached
    /// tokens were reported, or no engine answered it.
    pub fn found(&self) -> Option<bool> {
        let seen = if !self.replayed { self.repeated } else { None };
        seen.map(|hit| hit > TEMPLATE_TOKENS)
    }
}

/// Whether a cold round was cold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Evidence says that nothing beyond sharing inside the round was reused.
    Cold,
    /// Evidence says that prompt tokens came from a cache.
    Contaminated,
    /// There is no evidence either way.
    Unknown,
}

/// The judgement on a level's cold rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColdVerdict {
    /// How the rounds were made cold.
    pub method: ColdMethod,
    /// The judgement.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Vec<ColdFact>,
}
