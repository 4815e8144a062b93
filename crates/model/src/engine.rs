//! What is known of a server: which engine it is, and where it tells about its cache.

use crate::ResetCall;
use serde::{Deserialize, Serialize};

/// The engines that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EngineKind {
    /// vLLM, and what speaks its names.
    Vllm,
    /// SGLang.
    Sglang,
    /// llama.cpp's server.
    LlamaCpp,
    /// LMCache's own server, beside an engine.
    Lmcache,
    /// TensorRT-LLM, alone or behind Dynamo.
    TensorrtLlm,
    /// Dynamo's frontend.
    Dynamo,
    /// Text Generation Inference.
    Tgi,
    /// A hosted API: no metrics, no reset.
    Hosted,
    /// The simulated engine of this program.
    Simulated,
    /// None of these, as far as can be seen.
    Unknown,
}

impl EngineKind {
    /// The name for `--engine`, files and people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::LlamaCpp => "llama_cpp",
            Self::Lmcache => "lmcache",
            Self::TensorrtLlm => "tensorrt_llm",
            Self::Dynamo => "dynamo",
            Self::Tgi => "tgi",
            Self::Hosted => "hosted",
            Self::Simulated => "simulated",
            Self::Unknown => "unknown",
        }
    }

    /// It answers prompts: LMCache's own server, which stands beside engines, does not.
    pub fn answers_prompts(self) -> bool {
        self != Self::Lmcache
    }

    /// All that `--engine` takes.
    pub const ALL: [Self; 10] = [
        Self::Vllm,
        Self::Sglang,
        Self::LlamaCpp,
        Self::Lmcache,
        Self::TensorrtLlm,
        Self::Dynamo,
        Self::Tgi,
        Self::Hosted,
        Self::Simulated,
        Self::Unknown,
    ];
}

/// Counters of one cache tier, by their names on the metrics page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierCounters {
    /// `local`, `external`, `device`, `host`, `storage`, `lmcache`.
    pub tier: String,
    /// Tokens that were found, with the label that selects the tier where one name holds several.
    pub hits: String,
    /// Label `name=value` of the hits.
    pub label: Option<(String, String)>,
    /// Tokens that were looked up in this tier.
    pub queries: String,
}

/// What was found out about a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineReport {
    /// Which engine.
    pub kind: EngineKind,
    /// Its version, where it tells.
    pub version: Option<String>,
    /// Its base URL, secrets removed.
    pub base: String,
    /// What the judgement rests on.
    pub evidence: Vec<String>,
    /// The gateway that answers in its place, by its headers or its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// Counters by tier; empty where there are none.
    pub tiers: Vec<TierCounters>,
    /// Counter of prompt tokens computed, which leaves cached ones out (llama.cpp).
    pub processed: Option<String>,
    /// Counter of prompt tokens that were taken from the cache, beside the computed ones.
    #[serde(default)]
    pub cached: Option<String>,
    /// Counter of all prompt tokens, cached ones included.
    pub prompt_tokens: Option<String>,
    /// Counter of finished requests.
    pub requests: Option<String>,
    /// Gauge of running requests.
    pub running: Option<String>,
    /// Gauge of waiting requests.
    pub waiting: Option<String>,
    /// Tokens of the unit in which prompts are cached.
    pub block_tokens: Option<u64>,
    /// Tokens that the cache holds.
    pub capacity_tokens: Option<u64>,
    /// Prompts that it holds, where each has a place of its own (llama.cpp's slots).
    #[serde(default)]
    pub capacity_prompts: Option<u64>,
    /// Most tokens of a prompt and its answer together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// Calls that empty all of its tiers, in order; empty where none is known to work.
    pub resets: Vec<ResetCall>,
    /// The request field that separates caches, where the engine has one.
    pub salt_field: Option<String>,
    /// A tier outside of the engine, which may not honour the field.
    pub external_tier: bool,
    /// Its prefix cache is on, or off, as it says itself.
    #[serde(default)]
    pub prefix_caching: Option<bool>,
    /// Where cached tokens stand in an answer.
    pub cached_field: String,
    /// Server flags that are missing, and what they would show.
    pub hints: Vec<String>,
}

impl EngineReport {
    /// Of a server of which only its kind and address are known.
    pub fn new(kind: EngineKind, base: String) -> Self {
        Self {
            kind,
            version: None,
            base,
            evidence: Vec::new(),
            gateway: None,
            tiers: Vec::new(),
            processed: None,
            cached: None,
            prompt_tokens: None,
            requests: None,
            running: None,
            waiting: None,
            block_tokens: None,
            capacity_tokens: None,
            capacity_prompts: None,
            context_tokens: None,
            resets: Vec::new(),
            salt_field: None,
            external_tier: false,
            prefix_caching: None,
            cached_field: "usage.prompt_tokens_details.cached_tokens".to_owned(),
            hints: Vec::new(),
        }
    }
}

/// What a server's counters did during a round; `None`: not on the page, or not read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineDelta {
    /// The server's base URL, secrets removed.
    pub base: String,
    /// Increases by tier.
    pub tiers: Vec<TierDelta>,
    /// Prompt tokens computed.
    pub processed: Option<f64>,
    /// Prompt tokens taken from the cache, where they are counted beside the computed ones.
    #[serde(default)]
    pub cached: Option<f64>,
    /// Prompt tokens, cached ones included.
    pub prompt_tokens: Option<f64>,
    /// Requests finished.
    pub requests: Option<f64>,
    /// Requests running just before the round.
    pub running_before: Option<f64>,
    /// Requests waiting just before the round.
    pub waiting_before: Option<f64>,
    /// The page could not be read before or after the round.
    pub failed: Option<String>,
    /// Why its counters are left out: the page is not that of one engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
}

/// Why the counters of a page are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// They go back and forth, as those of several processes in turn do.
    SeveralProcesses,
    /// The process behind the page after the round is not the one before it.
    OtherProcess,
    /// An `--admin-url` names an engine of its kind, so it passes one's page on.
    PassesOn,
    /// What a folder of another version says.
    #[serde(other)]
    Other,
}

/// Increases of one tier's counters, tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TierDelta {
    /// The tier.
    pub tier: String,
    /// Tokens found.
    pub hits: Option<f64>,
    /// Tokens looked up.
    pub queries: Option<f64>,
}
