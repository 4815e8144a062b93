//! Counting tokens by the engine's own `/tokenize`, before a run.

use crate::{LoadError, clock::Clock, control::Control, control::preflight, transport::Network};
use dualround_model::Plan;
use tokio::runtime::Runtime;

/// A tokenizer that stands behind the endpoint.
pub struct EngineTokenizer {
    plan: Plan,
    control: Control,
    runtime: Runtime,
}

impl std::fmt::Debug for EngineTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineTokenizer").finish_non_exhaustive()
    }
}

impl EngineTokenizer {
    /// Looks for the tokenizer of the plan's endpoint; `None` when it does not answer with tokens.
    ///
    /// # Errors
    /// [`LoadError`] when the address cannot be used.
    pub fn find(plan: &Plan) -> Result<Option<Self>, LoadError> {
        let network = Network::new(&plan.request.network, Clock::start())?;
        let mut control = Control::to(&plan.endpoint, &network, preflight::LIMIT)?;
        control.target.path = preflight::tokenize_path(&control.target);
        let mut found = Self {
            plan: plan.clone(),
            control,
            runtime: crate::runtime::single()?,
        };
        Ok(found
            .count("a b")
            .filter(|tokens| *tokens > 0)
            .map(|_| found))
    }

    /// Counts the tokens of a text, without special ones; `None` when the server did not answer.
    pub fn count(&mut self, text: &str) -> Option<u64> {
        if text.is_empty() {
            return Some(0);
        }
        let asked = preflight::count_tokens(&self.plan, &mut self.control, text);
        self.runtime.block_on(asked)
    }

    /// The ids of the tokens of a text, without special ones; `None` when the server did not answer
    /// with them.
    pub fn ids(&mut self, text: &str) -> Option<Vec<u32>> {
        if text.is_empty() {
            return Some(Vec::new());
        }
        let asked = preflight::tokens_of(&self.plan, &mut self.control, text);
        let tokens = self.runtime.block_on(asked)?;
        let tokens = tokens.get("tokens")?.as_array()?;
        let ids = tokens.iter();
        ids.map(|id| u32::try_from(id.as_u64()?).ok()).collect()
    }
}
