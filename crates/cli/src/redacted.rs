//! Plans and engines as they may be written down.

use dualround_loadgen::{Session, redact_url};
use dualround_model::{EngineReport, Plan};

/// A plan as it may be written down: no credentials in any URL. Keys and header values mask
/// themselves.
pub(crate) fn redacted_plan(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.endpoint = redact_url(&plan.endpoint);
    for url in &mut plan.prometheus.urls {
        *url = redact_url(url);
    }
    for url in &mut plan.admin_urls {
        *url = redact_url(url);
    }
    for call in &mut plan.cold.reset_calls {
        call.url = redact_url(&call.url);
    }
    plan
}

/// The engines that were found, as they may be written down.
pub(crate) fn redacted_engines(session: &Session) -> Vec<EngineReport> {
    let mut engines = session.engines();
    for call in engines.iter_mut().flat_map(|engine| &mut engine.resets) {
        call.url = redact_url(&call.url);
    }
    engines
}
