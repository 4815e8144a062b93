//! `dualround simulate`: the simulated engine as a server.

use crate::screen::print;
use crate::{
    args::{SimulateArgs, words::ApiWord},
    exit,
    exit::Usage,
    signals,
};
use anyhow::Context;
use dualround_loadgen::Cancel;
use dualround_model::Api;
use simllm::{Sim, SimConfig};
use std::{collections::BTreeMap, path::Path, sync::atomic::Ordering::SeqCst, time::Duration};

/// Where it listens unless told otherwise.
const PORT: u16 = 8000;

/// Runs `dualround simulate`: a simulated engine until a signal comes.
pub(crate) fn run(args: SimulateArgs) -> anyhow::Result<u8> {
    let mut config = match &args.config {
        None => SimConfig {
            port: PORT,
            ..SimConfig::default()
        },
        Some(path) => read(path)?,
    };
    macro_rules! take {
        ($($name:ident),*) => { $(if let Some(value) = args.$name { config.$name = value; })* };
    }
    take!(
        host,
        port,
        block_size,
        cache_blocks,
        max_batch,
        prefill_base_ms,
        prefill_ms_per_token,
        itl_ms
    );
    // Those of the command line come first.
    config.faults.splice(0..0, args.fault);
    if let Some(model) = args.model {
        config.models = vec![model];
    }
    let given = signals::listen(&Cancel::new());
    let sim = Sim::start(config).context("the simulated engine did not start")?;
    let api = args.api.map(ApiWord::means).unwrap_or_default();
    let others = Api::ALL.into_iter().filter(|other| *other != api);
    let others: Vec<String> = others.map(|other| format!("/v1{}", other.path())).collect();
    print(&format!(
        "{}/v1{} (also {}, /metrics, /truth, /reset_prefix_cache)",
        sim.base_url(),
        api.path(),
        others.join(", ")
    ));
    while given.load(SeqCst) == 0 {
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(exit::OK)
}

/// The engine's settings in a file.
fn read(path: &Path) -> Result<SimConfig, Usage> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Usage(format!("cannot read --config {name}: {error}")))?;
    let bad = |error: serde_saphyr::Error| Usage(format!("--config {name}: {error}"));
    let config: SimConfig = serde_saphyr::from_str(&text).map_err(bad)?;
    let keys: BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(&text).map_err(bad)?;
    let port = if keys.contains_key("port") {
        config.port
    } else {
        PORT
    };
    Ok(SimConfig { port, ..config })
}
