//! Every figure of the simulated engine.

use crate::{
    explicit_cache::KeepRules,
    faults::{FaultRule, PageFault},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The configuration of a simulated engine. Times in ms, sizes in tokens unless said otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimConfig {
    /// Address to listen on; loopback unless set.
    pub host: String,
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Names of the models served; the first one is named in answers.
    pub models: Vec<String>,
    /// Tokens of a cache block; only full blocks are cached.
    pub block_size: usize,
    /// Capacity of the prefix cache, blocks; 0: no cache.
    pub cache_blocks: usize,
    /// Capacity of a second tier behind it, blocks; 0: none. Blocks stay there when the first
    /// tier evicts or is reset.
    pub external_blocks: usize,
    /// Time to take one token from the second tier.
    pub external_ms_per_token: f64,
    /// The reset route empties the second tier too.
    pub reset_clears_external: bool,
    /// Requests that run at once; others queue in order of arrival.
    pub max_batch: usize,
    /// Fixed part of a prefill.
    pub prefill_base_ms: f64,
    /// Part of a prefill per prompt token that is not cached.
    pub prefill_ms_per_token: f64,
    /// Prefills run one after the other.
    pub prefill_serial: bool,
    /// Time to the first token instead of the prefill model, for prompts not in the cache.
    pub fixed_ttft_ms: Option<f64>,
    /// The same for prompts of which at least half is cached.
    pub fixed_warm_ttft_ms: Option<f64>,
    /// Time per output token of a request alone.
    pub itl_ms: f64,
    /// Added to it per other running request.
    pub itl_ms_per_running: f64,
    /// Tokens in one event of a stream.
    pub tokens_per_event: usize,
    /// Events held back until so many are due, then written at once, as an overtaken engine does.
    pub events_per_write: usize,
    /// Output length when a request names none.
    pub default_output_tokens: usize,
    /// First tokens of an answer that are reasoning.
    pub reasoning_tokens: usize,
    /// Where they stand in a delta.
    pub reasoning_in: ReasoningIn,
    /// Report `usage` when asked.
    pub report_usage: bool,
    /// Report cached tokens in it.
    pub report_cached_tokens: bool,
    /// Report them by tier, too, as newer vLLM does.
    pub report_cached_by_tier: bool,
    /// Report tokens that were written into the cache.
    pub report_written_tokens: bool,
    /// Report the time of each request in queue and prefill beside its usage, as vLLM does when it is asked
    /// to (chat completions and completions).
    pub report_times: bool,
    /// Messages are kept where they ask for it (`cache_control`), and only there, as Anthropic's cache
    /// does; everything else is cached by itself.
    pub explicit_cache: bool,
    /// Shortest prefix that the explicit cache keeps.
    pub explicit_min_tokens: usize,
    /// The five minutes and the hour of the explicit cache pass so many times as fast.
    pub explicit_clock: f64,
    /// Take a key as `Authorization: Bearer` alone, not as `x-api-key`.
    pub bearer_only: bool,
    /// Send the role chunk when the request is accepted instead of with the first token.
    pub role_early: bool,
    /// Serve a new connection only after so long.
    pub accept_delay_ms: f64,
    /// Answer 401 without this bearer key.
    pub api_key: Option<String>,
    /// Answer 400 to fields that the plain chat API does not have.
    pub strict_fields: bool,
    /// Answer 400 where `min_tokens` is above the limit of output tokens, as vLLM does.
    pub refuse_min_above_max: bool,
    /// Answer 400 to `max_tokens`, as reasoning models of some APIs do.
    pub refuse_max_tokens: bool,
    /// Answer 400 to `stream_options`.
    pub refuse_stream_options: bool,
    /// `/reset_prefix_cache` exists.
    pub reset_enabled: bool,
    /// `/tokenize` answers.
    pub tokenize: bool,
    /// It answers 200 and does nothing.
    pub reset_lies: bool,
    /// `cache_salt` separates caches.
    pub honour_cache_salt: bool,
    /// Keep request bodies in the truth log.
    pub log_bodies: bool,
    /// What goes wrong, and when.
    pub faults: Vec<FaultRule>,
    /// What goes wrong with the metrics page, and when.
    pub metrics_fault: Option<PageFault>,
}

impl SimConfig {
    /// How the explicit cache keeps what it is asked to keep.
    pub(crate) fn keep_rules(&self) -> KeepRules {
        let scaled = |seconds: f64| {
            let scaled = seconds / self.explicit_clock.max(1e-3);
            Duration::try_from_secs_f64(scaled).unwrap_or(Duration::MAX)
        };
        KeepRules {
            short: scaled(300.0),
            long: scaled(3600.0),
            least: self.explicit_min_tokens,
        }
    }

    /// The name of the first model, which answers and metrics bear; empty where there is none.
    pub(crate) fn first_model(&self) -> &str {
        self.models.first().map_or("", |model| model)
    }
}

/// The place of reasoning in a delta, as one vendor or another has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningIn {
    /// In `reasoning_content`.
    #[default]
    Field,
    /// In parts of `content` (Mistral).
    Parts,
    /// In `reasoning_details` (OpenRouter, MiniMax).
    Details,
    /// In a field that no vendor has.
    Unknown,
}

impl ReasoningIn {
    /// A delta with this text, which needs no escapes.
    pub(crate) fn delta(self, text: &str) -> String {
        match self {
            Self::Field => format!("{{\"reasoning_content\":\"{text}\"}}"),
            Self::Parts => format!(
                "{{\"content\":[{{\"type\":\"thinking\",\"thinking\":\
                 [{{\"type\":\"text\",\"text\":\"{text}\"}}]}}]}}"
            ),
            Self::Details => format!(
                "{{\"reasoning_details\":[{{\"type\":\"reasoning.text\",\"text\":\"{text}\"}}]}}"
            ),
            Self::Unknown => format!("{{\"plan\":\"{text}\"}}"),
        }
    }
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 0,
            models: vec!["sim-1".to_owned()],
            block_size: 16,
            cache_blocks: 65_536,
            external_blocks: 0,
            external_ms_per_token: 0.02,
            reset_clears_external: false,
            max_batch: 8,
            prefill_base_ms: 4.0,
            prefill_ms_per_token: 0.08,
            prefill_serial: true,
            fixed_ttft_ms: None,
            fixed_warm_ttft_ms: None,
            itl_ms: 5.0,
            itl_ms_per_running: 0.2,
            tokens_per_event: 1,
            events_per_write: 1,
            default_output_tokens: 32,
            reasoning_tokens: 0,
            reasoning_in: ReasoningIn::Field,
            report_usage: true,
            report_cached_tokens: true,
            report_cached_by_tier: false,
            report_written_tokens: false,
            report_times: false,
            explicit_cache: false,
            explicit_min_tokens: 1024,
            explicit_clock: 1.0,
            bearer_only: false,
            role_early: false,
            accept_delay_ms: 0.0,
            api_key: None,
            strict_fields: false,
            refuse_min_above_max: false,
            refuse_max_tokens: false,
            refuse_stream_options: false,
            reset_enabled: true,
            tokenize: true,
            reset_lies: false,
            honour_cache_salt: true,
            log_bodies: false,
            faults: Vec::new(),
            metrics_fault: None,
        }
    }
}
