//! How servers are reached: certificates and proxies, of a run and of commands that fetch from a hub.

use super::{proxy, usage};
use crate::{args::NetworkArgs, exit::Usage, load_words::load_words};
use dualround_loadgen::{Clock, Network};
use dualround_model::NetworkPlan;

/// Resolves the network; `endpoint` is that of a run.
///
/// # Errors
/// [`Usage`] naming the setting.
pub(crate) fn resolve(args: &NetworkArgs, endpoint: Option<&str>) -> Result<NetworkPlan, Usage> {
    if args.client_key.is_some() && args.client_cert.is_none() {
        return Err(usage("--client-key needs --client-cert FILE"));
    }
    if args.ca_cert.is_some() && args.insecure == Some(true) {
        return Err(usage("--ca-cert and --insecure exclude each other"));
    }
    Ok(NetworkPlan {
        ca_cert: args.ca_cert.clone(),
        client_cert: args.client_cert.clone(),
        client_key: args.client_key.clone(),
        insecure: args.insecure.unwrap_or(false),
        http2: false,
        proxy: proxy::resolve(args, endpoint)?,
    })
}

/// The network of a command without a run: its files are looked at, whether anything is fetched or not.
///
/// # Errors
/// [`Usage`] naming the setting, or the file.
pub(crate) fn of_command(args: &NetworkArgs) -> Result<NetworkPlan, Usage> {
    let plan = resolve(args, None)?;
    Network::new(&plan, Clock::start()).map_err(|error| Usage(load_words(&error)))?;
    Ok(plan)
}
