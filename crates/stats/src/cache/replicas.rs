//! How a round was spread over the replicas that the user names.

use super::witness::{self, sent_tokens};
use dualround_model::{EngineDelta, ReplicaLoad, RoundResult, RunEvidence};

/// Prompt tokens that a server had to do with, by whichever counter it has.
pub(crate) fn load(delta: &EngineDelta) -> Option<f64> {
    // With its own cache off an engine looks everything up in the next tier; one that had nothing to do
    // looked up nothing in any.
    let queries = delta.tiers.iter().filter_map(|tier| tier.queries);
    let looked_up = queries.clone().find(|tokens| *tokens > 0.0);
    let looked_up = looked_up.or_else(|| queries.clone().next());
    let computed = delta.processed;
    let computed = computed.map(|tokens| tokens + delta.cached.unwrap_or(0.0));
    looked_up.or(delta.prompt_tokens).or(computed)
}

/// What each replica had of a round. `None` where fewer than two are named, one does not count, or
/// together they did not look up what was sent, once: others answer too, or have other work.
pub(crate) fn of_round(round: &RoundResult, known: &RunEvidence) -> Option<Vec<ReplicaLoad>> {
    let mut loads = Vec::new();
    for engine in known.replicas() {
        let mut deltas = round.meta.engines.iter();
        let delta = deltas.find(|delta| delta.base == engine.base)?;
        loads.push(ReplicaLoad {
            engine: engine.base.clone(),
            prompt_tokens: load(delta)?,
        });
    }
    let sent = sent_tokens(round)?;
    let seen: f64 = loads.iter().map(|load| load.prompt_tokens).sum();
    let are_all = (seen - sent).abs() <= witness::slack(sent);
    (loads.len() > 1 && are_all).then_some(loads)
}

/// The busiest over the mean.
pub(crate) fn imbalance(loads: &[ReplicaLoad]) -> Option<f64> {
    let tokens = loads.iter().map(|load| load.prompt_tokens);
    let (sum, most) = tokens.fold((0.0, 0.0_f64), |(sum, most), one| {
        (sum + one, most.max(one))
    });
    (sum > 0.0).then(|| most * loads.len() as f64 / sum)
}
