//! The ways in which servers report token counts.

use dualround_model::Usage;
use serde::{Deserialize, Deserializer};

/// A count that may come as an integer, a whole float, null, or something useless.
#[derive(Clone, Copy, Debug, Default)]
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(whole(&value)))
    }
}

/// A whole number, also where it is written as a float.
fn whole(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let float = value.as_f64().filter(|f| *f >= 0.0 && f.fract() == 0.0)?;
        format!("{float:.0}").parse().ok()
    })
}

/// An object that is dropped when it is null or of another shape.
#[derive(Clone, Copy, Debug, Default)]
struct Details {
    cached: Option<u64>,
    local: Option<u64>,
    external: Option<u64>,
    reasoning: Option<u64>,
}

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let field = |name: &str| value.get(name).and_then(whole);
        Ok(Self {
            cached: field("cached_tokens"),
            local: field("local_cached_tokens"),
            external: field("external_cached_tokens"),
            reasoning: field("reasoning_tokens"),
        })
    }
}

/// A `usage` object in any of the known spellings.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawUsage {
    prompt_tokens: Count,
    completion_tokens: Count,
    // Anthropic's and the Responses API's names.
    input_tokens: Count,
    output_tokens: Count,
    prompt_tokens_details: Details,
    input_tokens_details: Details,
    completion_tokens_details: Details,
    output_tokens_details: Details,
    // Anthropic: apart from input_tokens.
    cache_read_input_tokens: Count,
    cache_creation_input_tokens: Count,
    // DeepSeek.
    prompt_cache_hit_tokens: Count,
    // Some gateways.
    cached_tokens: Count,
    reasoning_tokens: Count,
}

impl RawUsage {
    pub(crate) fn usage(&self) -> Usage {
        // Anthropic counts cached tokens apart from the input; the sum is the prompt.
        let apart = self.cache_read_input_tokens.0.map(|read| {
            self.input_tokens.0.unwrap_or(0)
                + read
                + self.cache_creation_input_tokens.0.unwrap_or(0)
        });
        // No prompt has no tokens, so a zero there is a server that did not count; zeros alone say
        // nothing at all.
        let counted = |count: Option<u64>| count.filter(|tokens| *tokens > 0);
        let prompt = counted(self.prompt_tokens.0)
            .or(counted(apart))
            .or(counted(self.input_tokens.0));
        let completion = self.completion_tokens.0.or(self.output_tokens.0);
        // Where several fields speak of cached tokens and disagree, one of them is not filled in.
        let cached = [
            self.prompt_tokens_details.cached,
            self.input_tokens_details.cached,
            self.prompt_cache_hit_tokens.0,
            self.cache_read_input_tokens.0,
            self.cached_tokens.0,
        ];
        let tiers = self.prompt_tokens_details;
        let by_tier = tiers.local.zip(tiers.external);
        let by_tier = by_tier.map(|(local, external)| local + external);
        let cached = cached.into_iter().flatten().max().or(by_tier);
        Usage {
            prompt_tokens: prompt,
            completion_tokens: completion.filter(|tokens| prompt.is_some() || *tokens > 0),
            cached_tokens: cached.filter(|tokens| prompt.is_some() || *tokens > 0),
            local_cached_tokens: tiers.local,
            external_cached_tokens: tiers.external,
            reasoning_tokens: (self.completion_tokens_details.reasoning)
                .or(self.output_tokens_details.reasoning)
                .or(self.reasoning_tokens.0),
        }
    }
}

/// llama.cpp's `timings`, which stand even where usage was not asked for.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RawTimings {
    cache_n: Count,
    prompt_n: Count,
    predicted_n: Count,
}

impl RawTimings {
    pub(crate) fn usage(&self) -> Usage {
        // prompt_n holds the processed tokens only.
        let prompt = self
            .prompt_n
            .0
            .map(|processed| processed + self.cache_n.0.unwrap_or(0));
        Usage {
            prompt_tokens: prompt,
            completion_tokens: self.predicted_n.0,
            cached_tokens: self.cache_n.0,
            ..Usage::default()
        }
    }
}
