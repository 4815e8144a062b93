//! Proxies of the environment that cannot be spoken to: nothing is sent round them.

use crate::exit::Usage;
use dualround_loadgen::{proxy_shown, redact_url};
use dualround_model::{ProxyPlan, Secret};

/// A proxy that stands for any other.
const STAND_IN: &str = "http://proxy.invalid:1";

/// A proxy of the environment that is on the way and cannot be spoken to: without it requests would go
/// another way than is meant.
///
/// # Errors
/// [`Usage`] that names the variable.
pub(crate) fn refuse_unspoken(plan: &ProxyPlan, endpoint: &str) -> Result<(), Usage> {
    if plan.given {
        return Ok(());
    }
    // One that can be spoken to in the place of each shows whether there is one on the way at all.
    let would_be = ProxyPlan {
        http: plan.http.as_ref().map(|_| Secret::new(STAND_IN)),
        https: plan.https.as_ref().map(|_| Secret::new(STAND_IN)),
        ..plan.clone()
    };
    if proxy_shown(endpoint, &would_be).is_none() {
        return Ok(());
    }
    let (proxy, names) = if endpoint.starts_with("https:") {
        (&plan.https, "HTTPS_PROXY (or ALL_PROXY)")
    } else {
        (&plan.http, "HTTP_PROXY (or ALL_PROXY)")
    };
    let proxy = proxy.as_ref().map_or("", Secret::expose);
    let spoken = match proxy.split_once("://") {
        None => true,
        Some((scheme, _)) => matches!(scheme, "http" | "socks5" | "socks5h"),
    };
    if spoken {
        return Ok(());
    }
    Err(Usage(format!(
        "{names} is {}: proxies are http:// or socks5://; --no-proxy goes without it",
        redact_url(proxy)
    )))
}
