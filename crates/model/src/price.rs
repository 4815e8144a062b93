//! What tokens cost: a table that users write, and what a round came to by it.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Prices by model, in one currency, for a million tokens. Exact decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The currency, as it is shown: `USD`.
    pub currency: String,
    /// By the model's name; `*` stands for every other.
    pub models: BTreeMap<String, ModelPrices>,
}

/// The prices of one model, for a million tokens. One that is not given is not known, which is not 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrices {
    /// Prompt tokens that were neither read from the cache nor written into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Decimal>,
    /// Prompt tokens that were read from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Decimal>,
    /// Prompt tokens that were written into it; none: a service that does not tell them.
    #[serde(default, skip_serializing_if = "CacheWritePrices::is_empty")]
    pub cache_write: CacheWritePrices,
    /// Generated tokens, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Decimal>,
}

/// Prices of tokens that are written into a cache, by how long it keeps them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheWritePrices {
    /// Five minutes.
    #[serde(rename = "5m", default, skip_serializing_if = "Option::is_none")]
    pub five_minutes: Option<Decimal>,
    /// Half an hour.
    #[serde(rename = "30m", default, skip_serializing_if = "Option::is_none")]
    pub half_hour: Option<Decimal>,
    /// An hour.
    #[serde(rename = "1h", default, skip_serializing_if = "Option::is_none")]
    pub hour: Option<Decimal>,
}

/// How long a cache keeps what is written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteTtl {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// Half an hour.
    #[serde(rename = "30m")]
    HalfHour,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
}

impl WriteTtl {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::FiveMinutes, Self::HalfHour, Self::Hour];

    /// As in a table of prices.
    pub fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::HalfHour => "30m",
            Self::Hour => "1h",
        }
    }

    /// The key of its price, from the model's row on.
    pub fn key(self) -> &'static str {
        match self {
            Self::FiveMinutes => "cache_write.5m",
            Self::HalfHour => "cache_write.30m",
            Self::Hour => "cache_write.1h",
        }
    }

    /// Of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ttl| ttl.name() == name)
    }
}

impl CacheWritePrices {
    /// None is given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The price for what is kept so long.
    pub fn of(&self, ttl: WriteTtl) -> Option<Decimal> {
        match ttl {
            WriteTtl::FiveMinutes => self.five_minutes,
            WriteTtl::HalfHour => self.half_hour,
            WriteTtl::Hour => self.hour,
        }
    }

    /// The only one that is given.
    pub fn only(&self) -> Option<WriteTtl> {
        let mut given = WriteTtl::ALL
            .into_iter()
            .filter(|ttl| self.of(*ttl).is_some());
        match (given.next(), given.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

impl PriceTable {
    /// The prices of a model: its own, else those of `*`.
    pub fn of(&self, model: &str) -> Option<&ModelPrices> {
        self.models.get(model).or_else(|| self.models.get("*"))
    }
}

impl ModelPrices {
    /// All that are given, with their keys.
    pub fn given(&self) -> Vec<(&'static str, Decimal)> {
        let all = [
            ("input", self.input),
            ("cache_read", self.cache_read),
            ("cache_write.5m", self.cache_write.five_minutes),
            ("cache_write.30m", self.cache_write.half_hour),
            ("cache_write.1h", self.cache_write.hour),
            ("output", self.output),
        ];
        let given = all.into_iter();
        given
            .filter_map(|(key, price)| Some((key, price?)))
            .collect()
    }
}

/// What tokens are priced by: the prices of the run's model, and how long what is written is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// The currency, as it is shown.
    pub currency: String,
    /// The prices.
    pub prices: ModelPrices,
    /// How long written tokens are kept, where an answer does not tell; `None`: not known.
    pub write_ttl: Option<WriteTtl>,
    /// They are asked to be kept for a time that no table has a price for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_ttl: bool,
}

/// Why a cost is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostGap {
    /// No request succeeded.
    NoRequests,
    /// So many successful requests do not tell a count: `prompt`, `cached`, `written`, `output`.
    Count {
        /// Which.
        what: String,
        /// Requests without it.
        requests: u64,
    },
    /// The table lacks a price that is needed: `input`, `cache_write`.
    Price {
        /// Its key.
        key: String,
    },
}

/// What the successful requests of a round cost. A part that is not known leaves the total unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundCost {
    /// What it is computed by.
    pub pricing: Pricing,
    /// Successful requests.
    pub requests: u64,
    /// The server counted the output of each of them.
    pub output_is_counted: bool,
    /// All of it.
    pub total: Option<Decimal>,
    /// Prompt tokens that were neither read nor written.
    pub input: Option<Decimal>,
    /// Prompt tokens read from the cache.
    pub cache_read: Option<Decimal>,
    /// Prompt tokens written into it.
    pub cache_write: Option<Decimal>,
    /// Generated tokens.
    pub output: Option<Decimal>,
    /// What the tokens read would have cost more as input.
    pub saved: Option<Decimal>,
    /// Why something of it is not known.
    pub gap: Option<CostGap>,
}

/// From how many reuses on a write into the cache pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakEven {
    /// How long it is kept.
    pub ttl: WriteTtl,
    /// The fewest reuses with which it is cheaper than no cache; `None`: it never is.
    pub reuses: Option<u64>,
}

/// What a level's rounds cost, cold and warm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostComparison {
    /// The currency, as it is shown.
    pub currency: String,
    /// A successful request of the cold rounds, on average.
    pub cold: Option<Decimal>,
    /// A successful request of the warm rounds, on average.
    pub warm: Option<Decimal>,
    /// What a warm request costs less than a cold one; below 0: more.
    pub saved: Option<Decimal>,
    /// By what is written for how long.
    pub break_even: Vec<BreakEven>,
}

/// What the answers of a round told of tokens that were written into a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenTokens {
    /// All of them.
    pub tokens: u64,
    /// Of these, those that are told to be kept for five minutes.
    pub five_minutes: u64,
    /// Of these, those that are told to be kept for an hour.
    pub hour: u64,
    /// Successful requests that tell it.
    pub requests: u64,
}
