//! Cold against warm, request by request.

use crate::{
    Allowance, CanaryReport, ClassComparison, ColdVerdict, ControlEffect, CostComparison,
    DatasetPlan, Diagnosis, EngineReport, InsideReuse, Load, LostPairs, MixedFinding,
    NoPrefillLine, PrefixCut, Reason, Remark, SessionComparison, Source, UntilProgress, Withheld,
    Witness,
};
use serde::{Deserialize, Serialize};

/// What an interval means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalKind {
    /// The spread over prompts, widened by what two rounds of one kind may differ by.
    Allowed,
    /// Student t interval over per-cycle mean log ratios (three cycles or more).
    TCycles,
    /// The same at the level of one of several looks, none of which was to err.
    TSequential,
    /// Of folders that older versions wrote: order statistics of the median over the pairs of one
    /// cycle.
    WithinRun,
}

/// One metric cold against warm, over pairs of the same request. `ratio` > 1: warm is faster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricComparison {
    /// Pairs in which both sides have the metric.
    pub pairs: u64,
    /// Different prompts that the ratio rests on: those in all rounds that are compared.
    pub prompts: u64,
    /// Arithmetic mean of the cold side over the pairs, ms.
    pub cold_avg: Option<f64>,
    /// Arithmetic mean of the warm side over the pairs, ms.
    pub warm_avg: Option<f64>,
    /// Geometric mean of the cold side over the prompts, ms; over `warm_typical` it is `ratio`.
    pub cold_typical: Option<f64>,
    /// Geometric mean of the warm side over the prompts, ms.
    pub warm_typical: Option<f64>,
    /// exp(mean over prompts of ln(cold/warm)); `None` when withheld or without pairs.
    pub ratio: Option<f64>,
    /// exp(median over prompts of the same).
    pub ratio_median: Option<f64>,
    /// Lower end of Student's t interval over prompts; `None` below six.
    pub spread_low: Option<f64>,
    /// Its upper end.
    pub spread_high: Option<f64>,
    /// Lower end of the interval that decides; `None` below six prompts.
    pub interval_low: Option<f64>,
    /// Upper end.
    pub interval_high: Option<f64>,
    /// What that interval means.
    pub interval_kind: Option<IntervalKind>,
    /// What the spread was widened by, where it was.
    pub allowance: Option<Allowance>,
    /// Hodges–Lehmann estimate of ln(cold/warm) over prompts, as a ratio.
    pub hodges_lehmann: Option<f64>,
    /// Ratio of the arithmetic means.
    pub ratio_of_means: Option<f64>,
    /// Hodges–Lehmann estimate of cold − warm over pairs, ms: > 0 means warm is faster.
    pub shift_ms: Option<f64>,
    /// Share of pairs in which warm was faster.
    pub improved_share: Option<f64>,
    /// Why `ratio` is withheld.
    pub withheld: Option<Withheld>,
}

/// The evidence of a run beside its rounds: the canary, the engines, what a cache could give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunEvidence {
    /// What the canary showed.
    pub canary: Option<CanaryReport>,
    /// The servers behind the endpoint.
    pub engines: Vec<EngineReport>,
    /// What a prefix cache could give.
    pub reuse: Option<Reuse>,
}

impl RunEvidence {
    /// The engines that `--admin-url` names: the replicas behind a gateway, where there are several. The
    /// first of all is the endpoint's own server.
    pub fn replicas(&self) -> Vec<&EngineReport> {
        let named = self.engines.iter().skip(1);
        named
            .filter(|engine| engine.kind.answers_prompts())
            .collect()
    }

    /// Tokens of the unit in which prompts are cached, by the first engine that tells it (a gateway in
    /// front tells none), and what one cache holds, where there is one alone.
    pub fn cache_unit(&self) -> Option<(u64, Option<u64>)> {
        let engines = self.engines.iter();
        let engines = engines.filter(|engine| engine.kind.answers_prompts());
        let block = engines.clone().find_map(|engine| engine.block_tokens)?;
        let block = if self.is_kept_by_breakpoint() {
            1
        } else {
            block
        };
        let mut held = engines.filter_map(|engine| engine.capacity_tokens);
        let alone = match (held.next(), held.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        };
        Some((block, alone))
    }

    /// Prompts are kept up to the breakpoints of requests, not in blocks.
    fn is_kept_by_breakpoint(&self) -> bool {
        let control = self
            .canary
            .as_ref()
            .and_then(|canary| canary.control.as_ref());
        control.is_some_and(|report| {
            let mut fields = report.fields.iter();
            report.effect() == ControlEffect::Works && fields.any(|field| field == "cache_control")
        })
    }

    /// What is known at a level: the reuse is that of the first level's prompts, and unknown where
    /// others are asked.
    pub fn at_level(&self, level: u32, dataset: &DatasetPlan) -> Self {
        let is_of_level = level == 0 || !dataset.levels_differ();
        let reuse = if is_of_level { self.reuse } else { None };
        Self {
            reuse,
            ..self.clone()
        }
    }
}

/// Reuse in the token ids that were sent, one request after the other: what a prefix cache could
/// give, as shares of all prompt tokens. Requests that overlap may miss each other, so above
/// concurrency 1 it is an upper bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reuse {
    /// Tokens of the unit in which prompts are cached.
    pub block: u64,
    /// Prompts.
    pub prompts: u64,
    /// Their tokens.
    pub tokens: u64,
    /// In the first round: sharing between its prompts.
    pub cold: f64,
    /// In the second round, with unlimited capacity.
    pub warm: f64,
    /// The same in a cache of the stated capacity that drops its least recently used blocks first:
    /// a model, since engines evict in their own ways.
    pub lru_warm: Option<f64>,
    /// That capacity, tokens.
    pub capacity_tokens: Option<u64>,
}

/// Counters of one tier over the rounds of a kind, tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierRate {
    /// The server's base URL, or [`TierRate::BY_USAGE`].
    pub server: String,
    /// The tier.
    pub tier: String,
    /// Tokens found.
    pub hits: f64,
    /// Tokens looked up.
    pub queries: f64,
    /// Their quotient; `None` when nothing was looked up.
    pub rate: Option<f64>,
}

impl TierRate {
    /// Stands for the server where the answers themselves tell the tiers.
    pub const BY_USAGE: &str = "usage";
}

/// TTFT against prompt tokens that were computed, over all rounds of a level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PrefillModel {
    /// Requests used.
    pub n: u64,
    /// Why there is no model.
    pub refused: Option<NoPrefillLine>,
    /// TTFT of a prompt that is cached whole, ms.
    pub overhead_ms: Option<f64>,
    /// Prefill per computed token, ms.
    pub ms_per_token: Option<f64>,
    /// Share of TTFT's mean absolute deviation that the line explains, 0 to 1.
    pub fit: Option<f64>,
    /// Prompt length from which a full hit at least halves TTFT, tokens.
    pub pays_from_tokens: Option<f64>,
    /// Observed saving over the one that computing nothing would give, mean over the pairs.
    pub efficiency: Option<f64>,
}

/// Whether the answers were the same, for pairs of which both texts are known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// Cold–warm pairs with both texts.
    pub pairs: u64,
    /// Share of them with the same text.
    pub equal_share: Option<f64>,
    /// Median position of the first character that differs, over the pairs that differ.
    pub first_difference: Option<f64>,
    /// The share between two warm rounds, which differ by batching alone.
    pub warm_equal_share: Option<f64>,
}

/// What outer cache tiers are worth alone: rounds after a reset of the engine's own cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExternalTier {
    /// TTFT cold against such rounds.
    pub ttft: MetricComparison,
    /// Hit rate by usage in them.
    pub usage: Option<f64>,
    /// Counters by server and tier in them.
    pub tiers: Vec<TierRate>,
}

/// A round in which only a share of each prompt was kept, against the cold round of its epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartialPoint {
    /// Where the prompts were cut.
    pub cut: PrefixCut,
    /// Its TTFT (as `warm`) against the cold round's.
    pub ttft: MetricComparison,
    /// Hit rate by usage.
    pub usage: Option<f64>,
    /// Hit rate by the server's counters.
    pub server: Option<f64>,
}

/// The pairs whose prompts are of one length class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LengthBucket {
    /// Shortest prompt, tokens.
    pub min_tokens: u64,
    /// Longest prompt, tokens.
    pub max_tokens: u64,
    /// TTFT of these pairs.
    pub ttft: MetricComparison,
}

/// Hit rates of the warm rounds, by source; 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CacheHit {
    /// From `usage`, warm rounds: Σ cached / Σ prompt.
    pub usage: Option<f64>,
    /// The same for cold rounds.
    pub usage_cold: Option<f64>,
    /// Cold requests whose cached tokens are known.
    #[serde(default)]
    pub usage_cold_known: u64,
    /// Cold requests.
    #[serde(default)]
    pub usage_cold_of: u64,
    /// Warm requests whose cached tokens are known.
    pub usage_known: u64,
    /// Warm requests.
    pub usage_of: u64,
    /// From the server's counters.
    pub server: Option<f64>,
    /// The counters by server and tier.
    #[serde(default)]
    pub tiers: Vec<TierRate>,
    /// What perfect reuse would give; not computed yet where `None`.
    pub theory: Option<f64>,
    /// The same under LRU at a stated capacity.
    pub model_lru: Option<f64>,
}

/// The kinds of conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConclusionKind {
    /// The deciding interval of the TTFT ratio lies wholly beyond the margin.
    Effect,
    /// Wholly inside it, or the rounds agree and no effect above a stated bound is possible.
    NoEffect,
    /// Neither, or too little to decide on.
    CannotTell,
    /// The cold round was contaminated, or what would be an effect may be a drift.
    Withheld,
}

/// What may be claimed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The kind.
    pub kind: ConclusionKind,
    /// Which row of the table of schedules decided.
    pub source: Source,
    /// Which row the rounds are by themselves, where blocks decide.
    pub rounds: Source,
    /// Hits were seen, in usage or counters.
    pub cache_evidence: bool,
    /// Effects within ± this share are none.
    pub margin: f64,
    /// What the spread was widened by; `None` where cycles decide, or nothing could.
    pub allowance: Option<Allowance>,
    /// Of `no_effect`: no effect above this factor (≥ 1) is possible.
    pub bound: Option<f64>,
    /// Why there is no claim, where there is none.
    pub reason: Option<Reason>,
    /// Who may speak of hits.
    pub witness: Witness,
    /// Share of the prompt tokens that the cold rounds took from the cache, by that witness.
    pub cold_hits: Option<f64>,
    /// What it is said with.
    pub remarks: Vec<Remark>,
}

impl Conclusion {
    /// No further cycle of the same prompts can change it.
    pub fn is_final(&self) -> bool {
        let few = matches!(self.reason, Some(Reason::FewPrompts { .. }));
        self.kind != ConclusionKind::CannotTell || few
    }

    /// Nothing is claimed, and the figures are taken back with it.
    pub fn is_withheld(&self) -> bool {
        self.kind == ConclusionKind::Withheld
    }
}

/// The comparison of one level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelComparison {
    /// The load of the level.
    #[serde(flatten)]
    pub load: Load,
    /// 0-based position of the level.
    pub level: u32,
    /// Pairs: requests that succeeded in both rounds.
    pub pairs: u64,
    /// Different prompts that the TTFT ratio rests on.
    pub prompts: u64,
    /// Pairs of which one side alone failed.
    pub lost_pairs: LostPairs,
    /// Cold–warm cycles.
    pub cycles: u32,
    /// The judgement on the cold rounds.
    pub cold: ColdVerdict,
    /// TTFT.
    pub ttft: MetricComparison,
    /// ITL.
    pub itl: MetricComparison,
    /// Latency.
    pub latency: MetricComparison,
    /// TTFT of requests that hit and of those that missed, where there are enough of both.
    pub classes: Vec<ClassComparison>,
    /// Hit rates.
    pub hit_rate: CacheHit,
    /// Sessions turn by turn; `None` where requests stand by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionComparison>,
    /// Whether the answers were the same, under `--check-output`.
    pub answers: Option<Answers>,
    /// `E` rounds against the cold ones: outer cache tiers alone.
    pub external: Option<ExternalTier>,
    /// Rounds with a share of each prompt kept, by share.
    pub partial: Vec<PartialPoint>,
    /// Hits against misses inside the mixed rounds.
    pub mixed: Option<MixedFinding>,
    /// Rounds without reuse against cold ones.
    pub inside_reuse: Option<InsideReuse>,
    /// How far a level came that was to run until it was decided.
    pub until: Option<UntilProgress>,
    /// TTFT by prompt length, where there are pairs enough.
    pub buckets: Vec<LengthBucket>,
    /// TTFT against computed tokens.
    pub prefill: PrefillModel,
    /// Pairs whose output lengths differ by more than 5 %.
    pub unequal_outputs: u64,
    /// What may be claimed.
    pub conclusion: Conclusion,
    /// What explains it, and what to look at next.
    pub diagnosis: Vec<Diagnosis>,
    /// What its rounds cost, by the prices of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostComparison>,
}

impl LevelComparison {
    /// Some request succeeded in two rounds that are held against each other.
    pub fn has_pairs(&self) -> bool {
        let mixed = self.mixed.as_ref();
        let inside = self.inside_reuse.as_ref();
        self.pairs > 0
            || mixed.is_some_and(|mixed| mixed.hit_requests + mixed.miss_requests > 0)
            || inside.is_some_and(|inside| inside.ttft.pairs > 0)
    }

    /// The ratio that the conclusion is about.
    pub fn concluded_ratio(&self) -> Option<f64> {
        match (self.conclusion.source, &self.mixed) {
            (Source::Mixed, Some(mixed)) => mixed.ratio,
            _ => self.ttft.ratio,
        }
    }

    /// A figure of this level; `None` where the conclusion takes it back.
    pub fn claimed<T>(&self, figure: Option<T>) -> Option<T> {
        if self.conclusion.is_withheld() {
            None
        } else {
            figure
        }
    }
}

/// The comparisons of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// One a level, in order.
    pub levels: Vec<LevelComparison>,
    /// What the canary showed before the first round.
    pub canary: Option<CanaryReport>,
}
