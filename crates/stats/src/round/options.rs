//! The settings of a summary, beside its records.

use crate::cache::knowledge::convention;
use dualround_model::{
    CanaryReport, Convention, EngineReport, Plan, Pricing, Slo, Timeouts, TokenSourceChoice,
};

/// The settings that a summary depends on beside its records.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// For costs.
    pub pricing: Option<Pricing>,
    /// Shortest prompt that the model caches, tokens, where requests ask for it.
    pub least_cached: Option<u64>,
    /// For goodput.
    pub slo: Option<Slo>,
    /// Which output token counts to take.
    pub token_source: TokenSourceChoice,
    /// For the words of a timeout warning.
    pub timeouts: Option<Timeouts>,
    /// How silence about cached tokens is read.
    pub convention: Convention,
    /// Prompts that the engines work on at once, where they tell.
    pub slots: Option<u64>,
}

impl SummaryOptions {
    /// The settings of a plan, with the convention that was found of the server.
    pub fn of(plan: &Plan, canary: Option<&CanaryReport>, engines: &[EngineReport]) -> Self {
        Self {
            convention: convention(canary, engines),
            slots: slots(engines),
            pricing: plan.pricing(),
            least_cached: plan.least_cached_tokens(),
            slo: plan.slo,
            token_source: plan.request.token_source,
            timeouts: Some(plan.timeouts),
        }
    }
}

/// Prompts that have a place of their own in all engines together; `None` where one does not tell.
fn slots(engines: &[EngineReport]) -> Option<u64> {
    let engines = engines.iter().filter(|one| one.kind.answers_prompts());
    let slots: Vec<u64> = engines
        .map(|one| one.capacity_prompts)
        .collect::<Option<_>>()?;
    (!slots.is_empty()).then(|| slots.iter().sum())
}
