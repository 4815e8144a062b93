//! What stands beside the figures whatever they are: requests that no engine saw, counters that
//! were not used, and warm requests that nothing was stored for.

use super::LevelCase;
use crate::{
    cache::reuse_seen,
    cache::witness::{self, LookupCheck},
};
use dualround_model::Diagnosis;

/// Everything that stands beside the figures of a level.
pub(super) fn of(case: &LevelCase<'_>) -> Vec<Diagnosis> {
    let mut out = Vec::new();
    out.extend(case.basis.reuse.replayed.map(Diagnosis::ResponseCache));
    out.extend(not_seen(case));
    let requests = reuse_seen::orphans(case.rounds);
    if requests > 0 {
        out.push(Diagnosis::Orphans { requests });
    }
    let deltas = case.rounds.iter().flat_map(|round| &round.meta.engines);
    for delta in deltas {
        let Some(reason) = delta.left_out else {
            continue;
        };
        let base = delta.base.clone();
        let left_out = Diagnosis::CountersLeftOut { base, reason };
        if !out.contains(&left_out) {
            out.push(left_out);
        }
    }
    out
}

/// The counters saw less of a warm round than was sent.
fn not_seen(case: &LevelCase<'_>) -> Option<Diagnosis> {
    let mut warm = case.basis.design.warm_rounds();
    warm.find_map(|round| match witness::looked(round) {
        Some(LookupCheck::Less { seen, sent }) => Some(Diagnosis::NotSeenByEngines {
            seen,
            sent,
            replayed: case.basis.reuse.replayed.is_some(),
        }),
        _ => None,
    })
}
