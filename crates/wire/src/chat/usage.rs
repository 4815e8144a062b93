//! The ways in which servers report token counts.

use dualround_model::{ServerTimes, Usage};
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
    },
};
use std::{fmt, marker::PhantomData};

/// A count that may come as an integer, a whole float, null, or something that is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenCount {
    pub(crate) tokens: Option<u64>,
    /// There was something, and no count.
    pub(crate) unreadable: bool,
}

impl TokenCount {
    /// Of a value that was read as a whole.
    pub(crate) fn of(value: &serde_json::Value) -> Self {
        let tokens = whole(value);
        Self {
            tokens,
            unreadable: tokens.is_none() && !value.is_null(),
        }
    }

    /// As the number of a choice.
    pub(crate) fn small(self) -> u32 {
        self.tokens.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
    }
}

impl<'de> Deserialize<'de> for TokenCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self::of(&value))
    }
}

/// A time in ms, ns here; nothing where it is none.
#[derive(Clone, Copy, Debug, Default)]
struct Milliseconds {
    ns: Option<u64>,
}

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let ms = value.as_f64().filter(|ms| (0.0..MOST_MS).contains(ms));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and below a day"
        )]
        let ns = ms.map(|ms| (ms * 1e6).round() as u64);
        Ok(Self { ns })
    }
}

/// Longer than any request takes, ms: what claims more is no time of one.
const MOST_MS: f64 = 86_400_000.0;

/// More tokens than any request has: what claims more is no count.
const MOST: u64 = 1 << 31;

/// A whole number, also where it is written as a float.
fn whole(value: &serde_json::Value) -> Option<u64> {
    let number = match (value.as_u64(), value.as_str()) {
        (Some(number), _) => Some(number),
        (None, Some(text)) => text.trim().parse().ok(),
        (None, None) => {
            let float = value.as_f64();
            let float = float.filter(|f| *f >= 0.0 && f.fract() == 0.0)?;
            format!("{float:.0}").parse().ok()
        }
    };
    number.filter(|number| *number <= MOST)
}

fn count_under(object: &serde_json::Value, key: &str) -> Option<u64> {
    object.get(key).and_then(whole)
}

/// An object that is dropped when it is null or of another shape.
#[derive(Clone, Copy, Debug, Default)]
struct Details {
    cached: TokenCount,
    /// By tier, as newer vLLM reports them.
    local: Option<u64>,
    external: Option<u64>,
    /// Written into the cache, under whichever name.
    written: Option<u64>,
    reasoning: Option<u64>,
    /// Of a predicted output: counted, and never sent.
    rejected: Option<u64>,
}

/// What vLLM's chat, its Responses and gateways call the tokens that were written into a cache.
const WRITTEN: [&str; 4] = [
    "cache_write_tokens",
    "created_cache_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
];

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self {
            cached: value
                .get("cached_tokens")
                .map_or_else(TokenCount::default, TokenCount::of),
            local: count_under(&value, "local_cached_tokens"),
            external: count_under(&value, "external_cached_tokens"),
            written: WRITTEN.iter().find_map(|key| count_under(&value, key)),
            reasoning: count_under(&value, "reasoning_tokens"),
            rejected: count_under(&value, "rejected_prediction_tokens"),
        })
    }
}

/// An object; a text, a list or null in its place (`"usage":"n/a"`) say nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IfObject<T>(pub(crate) Option<T>);

impl<T> Default for IfObject<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// Written tokens by how long they are kept, as Anthropic counts them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WrittenByTtl {
    pub(crate) ephemeral_5m_input_tokens: TokenCount,
    pub(crate) ephemeral_1h_input_tokens: TokenCount,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for IfObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for ObjectVisitor<T> {
            type Value = IfObject<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or nothing")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let fields = MapAccessDeserializer::new(map);
                T::deserialize(fields).map(|object| IfObject(Some(object)))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(IfObject(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(IfObject(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(IfObject(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(IfObject(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(IfObject(None))
            }
            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(IfObject(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(IfObject(None))
            }
        }
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// A `usage` object in any of the known spellings.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawUsage {
    prompt_tokens: TokenCount,
    completion_tokens: TokenCount,
    total_tokens: TokenCount,
    // Anthropic's and the Responses API's names.
    input_tokens: TokenCount,
    output_tokens: TokenCount,
    prompt_tokens_details: Details,
    input_tokens_details: Details,
    completion_tokens_details: Details,
    output_tokens_details: Details,
    // Anthropic: apart from input_tokens.
    cache_read_input_tokens: TokenCount,
    cache_creation_input_tokens: TokenCount,
    cache_creation: IfObject<WrittenByTtl>,
    // DeepSeek.
    prompt_cache_hit_tokens: TokenCount,
    // Some gateways.
    cached_tokens: TokenCount,
    reasoning_tokens: TokenCount,
}

impl RawUsage {
    /// `prompt_tokens`, with the cached ones where a gateway counts them apart: then `total_tokens`
    /// has them as well.
    fn whole_prompt(&self, completion: Option<u64>, cached: Option<u64>) -> Option<u64> {
        let prompt = self.prompt_tokens.tokens?;
        let all = cached.filter(|cached| *cached > 0);
        let all = all.and_then(|cached| prompt.checked_add(cached));
        let with_all = all.and_then(|all| all.checked_add(completion?));
        if with_all.is_some() && with_all == self.total_tokens.tokens {
            all
        } else {
            Some(prompt)
        }
    }

    /// The total is more or less than its parts.
    fn is_off(&self, prompt: Option<u64>, completion: Option<u64>) -> bool {
        let total = self.total_tokens.tokens.filter(|total| *total > 0);
        let sum = prompt.zip(completion);
        let sum = sum.and_then(|(prompt, completion)| prompt.checked_add(completion));
        total.zip(sum).is_some_and(|(total, sum)| total != sum)
    }

    /// Generated tokens, with those of reasoning where they are counted apart: then the total has
    /// both, or there are more of them than of all.
    fn whole_completion(&self, prompt: Option<u64>, reasoning: Option<u64>) -> Option<u64> {
        let told = self
            .completion_tokens
            .tokens
            .or(self.output_tokens.tokens)?;
        let Some(both) = reasoning.and_then(|reasoning| told.checked_add(reasoning)) else {
            return Some(told);
        };
        let apart = match self.total_tokens.tokens.filter(|total| *total > 0) {
            Some(total) => prompt.and_then(|prompt| prompt.checked_add(both)) == Some(total),
            None => false,
        };
        let more = reasoning.is_some_and(|reasoning| reasoning > told);
        Some(if apart || more { both } else { told })
    }

    /// The token counts, in one spelling.
    pub(crate) fn usage(&self) -> Usage {
        // Anthropic counts cached tokens apart from the input; the sum is the prompt.
        let apart = self.cache_read_input_tokens.tokens.and_then(|read| {
            let created = self.cache_creation_input_tokens.tokens.unwrap_or(0);
            let input = self.input_tokens.tokens.unwrap_or(0);
            input.checked_add(read)?.checked_add(created)
        });
        let reasoning = (self.completion_tokens_details.reasoning)
            .or(self.output_tokens_details.reasoning)
            .or(self.reasoning_tokens.tokens);
        let input = self.prompt_tokens.tokens.or(self.input_tokens.tokens);
        let completion = self.whole_completion(input, reasoning);
        // Where several fields speak of cached tokens and disagree, one of them is not filled in.
        let cached = [
            self.prompt_tokens_details.cached,
            self.input_tokens_details.cached,
            self.prompt_cache_hit_tokens,
            self.cache_read_input_tokens,
            self.cached_tokens,
        ];
        let unreadable = cached.iter().any(|count| count.unreadable);
        let tiers = self.prompt_tokens_details;
        let by_tier = tiers.local.zip(tiers.external);
        let by_tier = by_tier.and_then(|(local, external)| local.checked_add(external));
        let cached = cached.iter().filter_map(|count| count.tokens).max();
        let cached = cached.or(by_tier);
        let written = (self.prompt_tokens_details.written)
            .or(self.input_tokens_details.written)
            .or(self.cache_creation_input_tokens.tokens);
        let by_ttl = self.cache_creation.0.unwrap_or_default();
        // No prompt has no tokens, so a zero there is a server that did not count; zeros alone say
        // nothing at all.
        let prompts = [
            self.whole_prompt(completion, cached),
            apart,
            self.input_tokens.tokens,
        ];
        let prompt = prompts.into_iter().flatten().find(|tokens| *tokens > 0);
        let does_not_add_up = self.is_off(prompt, completion);
        // What a prediction had wrong was never part of the answer.
        let rejected = self.completion_tokens_details.rejected.unwrap_or(0);
        let completion = completion.map(|all| all.saturating_sub(rejected));
        Usage {
            prompt_tokens: prompt,
            completion_tokens: completion.filter(|tokens| prompt.is_some() || *tokens > 0),
            cached_tokens: cached.filter(|tokens| prompt.is_some() || *tokens > 0),
            cached_unreadable: unreadable && cached.is_none(),
            local_cached_tokens: tiers.local,
            external_cached_tokens: tiers.external,
            written_tokens: written.filter(|tokens| prompt.is_some() || *tokens > 0),
            written_5m_tokens: by_ttl.ephemeral_5m_input_tokens.tokens,
            written_1h_tokens: by_ttl.ephemeral_1h_input_tokens.tokens,
            reasoning_tokens: reasoning,
            does_not_add_up,
            times: ServerTimes::default(),
        }
    }
}

/// llama.cpp's `timings`, which stand even where usage was not asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawTimings {
    cache_n: TokenCount,
    prompt_n: TokenCount,
    prompt_ms: Milliseconds,
    predicted_n: TokenCount,
}

impl RawTimings {
    /// The same counts as a `usage` object would have them.
    pub(crate) fn usage(&self) -> Usage {
        // prompt_n holds the processed tokens only.
        let prompt = self
            .prompt_n
            .tokens
            .and_then(|processed| processed.checked_add(self.cache_n.tokens.unwrap_or(0)));
        Usage {
            prompt_tokens: prompt,
            completion_tokens: self.predicted_n.tokens,
            cached_tokens: self.cache_n.tokens,
            times: ServerTimes {
                prefill_ns: self.prompt_ms.ns,
                ..ServerTimes::default()
            },
            ..Usage::default()
        }
    }
}

/// vLLM's `metrics` of one request (`--enable-per-request-metrics`). What it calls the time to the first
/// token begins when the request is scheduled.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawMetrics {
    queue_time_ms: Milliseconds,
    time_to_first_token_ms: Milliseconds,
}

impl RawMetrics {
    /// The same as what a server reports.
    pub(crate) fn usage(&self) -> Usage {
        Usage {
            times: ServerTimes {
                queue_ns: self.queue_time_ms.ns,
                prefill_ns: self.time_to_first_token_ms.ns,
            },
            ..Usage::default()
        }
    }
}
