//! What a request asks a hosted cache to do, and what a canary showed of it.

use crate::TEMPLATE_TOKENS;
use serde::{Deserialize, Serialize};

/// What `--cache-control` asks for: where a Messages request has its breakpoints, and how long what
/// is before them is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CacheControl {
    /// Ours, kept for five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// Ours, kept for an hour.
    #[serde(rename = "1h")]
    OneHour,
    /// None: a row's own are taken out.
    #[serde(rename = "off")]
    Off,
}

impl CacheControl {
    /// How long ours are kept; `None` where there are none.
    pub fn ttl(self) -> Option<&'static str> {
        match self {
            Self::FiveMinutes => Some("5m"),
            Self::OneHour => Some("1h"),
            Self::Off => None,
        }
    }
}

/// What `--prompt-cache-key` asks for: the value of `prompt_cache_key`, by which a service routes
/// requests that share a beginning to one machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptCacheKey {
    /// A value of its own for each epoch: the rounds that repeat a cold one have its key.
    PerEpoch,
    /// This value in every request.
    Fixed(String),
}

/// What requests ask a cache for in fields of their API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachePlan {
    /// Breakpoints of Messages; `None`: a row's own stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<CacheControl>,
    /// `prompt_cache_key`; `None`: not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<PromptCacheKey>,
    /// `prompt_cache_retention`, passed through; `None`: not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    /// Shortest prompt that the model caches, tokens; `None`: by the model's name, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_tokens: Option<u64>,
}

impl CachePlan {
    /// Nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The fields of a request that are to make a cache keep it, as people write them.
    pub fn fields(&self) -> Vec<&'static str> {
        let control = self.control.and_then(CacheControl::ttl);
        let fields = [
            (control.is_some(), "cache_control"),
            (self.key.is_some(), "prompt_cache_key"),
            (self.retention.is_some(), "prompt_cache_retention"),
        ];
        let sent = fields.into_iter().filter(|(is_sent, _)| *is_sent);
        sent.map(|(_, field)| field).collect()
    }
}

/// Words in the names of models and the shortest prompts that their caches take, tokens, as documents of
/// Anthropic and of gateways had them in November 2026; the first that fits. A model that is not here is
/// not known: the number has gone up and down between versions.
const MINIMA: [(&str, u64); 23] = [
    ("opus-5", 512),
    ("fable-5", 512),
    ("mythos-5", 512),
    ("opus-4-5", 4096),
    ("opus-4-6", 4096),
    ("opus-4-7", 4096),
    ("haiku-4-5", 4096),
    ("3-haiku", 2048),
    ("3-5-haiku", 2048),
    ("haiku-3", 2048),
    ("sonnet-5", 1024),
    ("opus-4-8", 1024),
    ("opus-4-1", 1024),
    ("opus-4-20", 1024),
    ("sonnet-4-5", 1024),
    ("sonnet-4-6", 1024),
    ("sonnet-4-20", 1024),
    ("3-7-sonnet", 1024),
    ("sonnet-3-7", 1024),
    ("3-5-sonnet", 1024),
    ("sonnet-3-5", 1024),
    ("3-opus", 1024),
    ("opus-3", 1024),
];

/// The shortest prompt that the cache of a model takes, tokens: by its name; `None` for a model that
/// is not known.
pub fn least_cached_tokens(model: &str) -> Option<u64> {
    let model = model.to_ascii_lowercase().replace('.', "-");
    let mut minima = MINIMA.iter();
    minima
        .find(|(name, _)| model.contains(name))
        .map(|(_, tokens)| *tokens)
}

/// What a text hit with the cache's fields in the request and without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlReport {
    /// The fields: `cache_control`, `prompt_cache_key`, `prompt_cache_retention`.
    pub fields: Vec<String>,
    /// Tokens that the repetition hit with them; `None`: not reported.
    pub with: Option<u64>,
    /// Tokens that the first send wrote with them; `None`: not reported.
    pub written: Option<u64>,
    /// Tokens that the repetition of another text hit without them; `None`: not reported.
    pub without: Option<u64>,
    /// Both answers counted the prompt's tokens, so that hits they do not name are none.
    pub counted: bool,
    /// Shortest prompt that the model caches, tokens, where that is known.
    pub min_tokens: Option<u64>,
    /// Tokens of the text.
    pub prompt_tokens: Option<u64>,
}

/// What the fields do here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlEffect {
    /// Hits with them alone.
    Works,
    /// Hits without them too: the server caches by itself, and their effect cannot be told.
    Automatic,
    /// What was written with them was not hit: it is kept elsewhere, or not yet to be read.
    NotReadBack,
    /// No hit and nothing told to be written with them: they are ignored, or nothing is cached here.
    Ignored,
    /// The text is shorter than what the model caches, and did not hit.
    BelowMinimum,
    /// The answers do not tell.
    Unknown,
}

impl ControlReport {
    /// What they show.
    pub fn effect(&self) -> ControlEffect {
        let hit = |tokens: Option<u64>| match tokens {
            Some(tokens) => Some(tokens > TEMPLATE_TOKENS),
            None if self.counted => Some(false),
            None => None,
        };
        // What no answer of either kind reports is not reported at all.
        if self.with.is_none() && self.without.is_none() {
            return ControlEffect::Unknown;
        }
        let short = self.prompt_tokens.zip(self.min_tokens);
        match (hit(self.with), hit(self.without)) {
            (Some(true), Some(false)) => ControlEffect::Works,
            (Some(true), Some(true)) => ControlEffect::Automatic,
            (Some(false), _) if self.written > Some(TEMPLATE_TOKENS) => ControlEffect::NotReadBack,
            (Some(false), _) if short.is_some_and(|(have, least)| have < least) => {
                ControlEffect::BelowMinimum
            }
            (Some(false), _) => ControlEffect::Ignored,
            _ => ControlEffect::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_is_by_the_models_name() {
        for (model, least) in [
            ("claude-opus-4-5-20251101", Some(4096)),
            ("anthropic/claude-haiku-4.5", Some(4096)),
            ("claude-3-haiku-20240307", Some(2048)),
            ("claude-3-5-haiku-latest", Some(2048)),
            ("claude-sonnet-4-20250514", Some(1024)),
            ("claude-opus-5", Some(512)),
            ("claude-next-9", None),
            ("Qwen3-8B", None),
        ] {
            assert_eq!(least_cached_tokens(model), least, "{model}");
        }
    }

    #[test]
    fn the_effect_is_what_hits_with_and_without_show() {
        let of = |with, without, counted| {
            ControlReport {
                fields: vec!["cache_control".to_owned()],
                with,
                written: None,
                without,
                counted,
                min_tokens: Some(1024),
                prompt_tokens: Some(1500),
            }
            .effect()
        };
        assert_eq!(of(Some(1400), Some(0), true), ControlEffect::Works);
        assert_eq!(of(Some(1400), None, true), ControlEffect::Works);
        assert_eq!(of(Some(1400), None, false), ControlEffect::Unknown);
        assert_eq!(of(Some(1400), Some(1400), true), ControlEffect::Automatic);
        assert_eq!(of(Some(0), Some(0), true), ControlEffect::Ignored);
        assert_eq!(of(None, None, true), ControlEffect::Unknown);
        let wrote = ControlReport {
            fields: Vec::new(),
            with: Some(0),
            written: Some(1490),
            without: Some(0),
            counted: true,
            min_tokens: None,
            prompt_tokens: Some(1500),
        };
        assert_eq!(wrote.effect(), ControlEffect::NotReadBack);
        let short = ControlReport {
            prompt_tokens: Some(900),
            ..ControlReport {
                fields: Vec::new(),
                with: Some(0),
                written: Some(0),
                without: Some(0),
                counted: true,
                min_tokens: Some(1024),
                prompt_tokens: None,
            }
        };
        assert_eq!(short.effect(), ControlEffect::BelowMinimum);
    }
}
