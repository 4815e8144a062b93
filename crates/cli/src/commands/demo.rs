//! `dualround demo`: the main job on the embedded simulated engine with bundled documents.

use super::experiment;
use crate::screen::note;
use crate::{
    args::{DemoArgs, RunArgs},
    browser,
    live::LivePlan,
    progress::ProgressFormat,
    settings,
};
use anyhow::Context;
use dualround_model::Slo;
use simllm::{Sim, SimConfig};

/// Documents written for this program: eight in English, four in Chinese.
const DOCUMENTS: &[u8] = include_bytes!("../../assets/demo.jsonl");

/// Runs `dualround demo`: a whole run against a simulated engine.
pub(crate) fn run(args: DemoArgs) -> anyhow::Result<u8> {
    let sim = Sim::start(SimConfig::default()).context("the simulated engine did not start")?;
    let base = sim.base_url();
    let default_dir = args.output_dir.is_none();
    let names = [
        "lmcache_hit_rate",
        "kv_cache_size",
        "vllm:prefix_cache_hits_total",
    ];
    let given = RunArgs {
        dataset: Some("demo.jsonl".into()),
        endpoint: Some(base.clone()),
        api: args.api,
        num_samples: args.num_samples.map(|n| vec![n]),
        concurrency: Some(args.concurrency),
        max_output_tokens: Some(args.max_output_tokens),
        temperature: Some(0.0),
        seed: Some(0),
        prometheus_url: Some(vec![format!("{base}/metrics")]),
        prometheus_metrics: Some(names.map(str::to_owned).to_vec()),
        prometheus_interval: Some(0.2),
        output_dir: Some(args.output_dir.unwrap_or_else(|| "results/demo".into())),
        overwrite: Some(args.overwrite),
        lang: args.lang,
        ..RunArgs::default()
    };
    let mut plan = settings::resolve(given)?.plan;
    plan.slo = Some(Slo {
        ttft_ms: Some(100.0),
        itl_ms: Some(50.0),
        latency_ms: Some(10_000.0),
    });
    // A key in the environment is meant for real servers.
    plan.request.api_key = None;
    note(&format!("simulated engine at {base}"));
    let selection = dualround_dataset::load_bytes("demo.jsonl", DOCUMENTS, &plan.dataset)?;
    let (lang, page) = (plan.output.lang, plan.output.dir.join("report.html"));
    let code = experiment::run_experiment(&experiment::ExperimentRequest {
        plan,
        selection,
        default_dir,
        how: ProgressFormat::Auto,
        live: &LivePlan::default(),
        resume: false,
        wait_ready_ms: None,
    })?;
    if args.open && page.exists() {
        browser::open(&page, lang);
    }
    Ok(code)
}
