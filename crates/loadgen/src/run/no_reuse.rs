//! A round without reuse: every request has a fresh value of its own, so that not even what the
//! requests of the round share can be taken from a cache.

use super::{cold::RunCold, epoch::RoundBodies, epoch::differs, setting::RunSetting};
use crate::{
    LoadError,
    cold::CacheBreaker,
    request::prepare::{self, Freshness},
};
use dualround_model::{ColdAction, ColdMethod, PreparedEpoch, RoundSpec, hex};
use std::{collections::HashSet, sync::Arc};

/// The bodies of the round.
///
/// # Errors
/// [`LoadError::Body`] for a sample that cannot be sent; [`LoadError::Digest`] where two bodies are
/// the same.
pub(super) fn no_reuse_bodies(
    spec: RoundSpec,
    setting: &RunSetting,
    cold: &mut RunCold,
) -> Result<RoundBodies, LoadError> {
    let samples = setting.samples();
    let values: Vec<CacheBreaker> = samples.iter().map(|_| cold.fresh()).collect();
    let method = values
        .first()
        .map_or(ColdMethod::None, CacheBreaker::method);
    let freshness = Freshness::Each(&values);
    let (plan, key) = (&setting.plan, cold.next_key(setting));
    let bodies = prepare::epoch(plan, setting.target(), samples, freshness, key.as_deref())?;
    all_differ(spec, &bodies)?;
    Ok(RoundBodies {
        // Its values are many, and none of them is told.
        cold: Some(ColdAction {
            method,
            ..ColdAction::default()
        }),
        ..RoundBodies::of_epoch(Arc::new(bodies))
    })
}

fn all_differ(spec: RoundSpec, bodies: &PreparedEpoch) -> Result<(), LoadError> {
    let mut seen = HashSet::with_capacity(bodies.requests.len());
    let mut requests = bodies.requests.iter();
    match requests.find(|request| !seen.insert(request.body_digest)) {
        Some(again) => {
            let digest = hex(&again.body_digest);
            Err(differs(spec, "wire", &digest, "one of its own"))
        }
        None => Ok(()),
    }
}
