//! Given settings to a resolved plan: defaults filled in, everything checked.

mod api_fields;
mod cold;
mod dataset;
mod file;
mod limits;
mod load;
mod network;
mod output;
mod prometheus;
mod proxy;
mod request;
mod rounds;
mod sessions;

use crate::{
    args::{
        RunArgs, listing,
        words::{ApiWord, EngineWord, LangWord, PrintedWord, ProgressWord},
    },
    endpoint::{self, Endpoint},
    environment_key, environment_words,
    exit::Usage,
    live::LivePlan,
    prices,
    progress::ProgressFormat,
    redacted::redacted_plan,
    slo,
};
pub(crate) use dataset::read_plan;
use dualround_model::{Plan, Slo};
use dualround_report::RunFiles;
use limits::ms;
pub(crate) use load::{poisson, rate_in_reach};
pub(crate) use network::of_command as network_plan;
use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

/// A resolved plan with what else the command needs.
#[derive(Debug)]
pub(crate) struct ResolvedSettings {
    /// The plan; its model is empty when the server is to be asked.
    pub(crate) plan: Plan,
    /// The output folder was not chosen, so an earlier run in it may be moved.
    pub(crate) default_dir: bool,
    /// How the run shows itself.
    pub(crate) progress: ProgressFormat,
    /// Where the run shows itself while it runs.
    pub(crate) live: LivePlan,
    /// Print this and stop.
    pub(crate) print_config: Option<String>,
    /// Go on with the run in the output folder.
    pub(crate) resume: bool,
    /// How long to wait for the server, ms.
    pub(crate) wait_ready_ms: Option<u64>,
    /// Print only conclusions.
    pub(crate) quiet: bool,
    /// Remarks for the user.
    pub(crate) notes: Vec<String>,
}

fn usage(text: impl Into<String>) -> Usage {
    Usage(text.into())
}

/// The settings of flags and environment over those of the `--config` file.
///
/// # Errors
/// [`Usage`] naming file, line and key.
pub(crate) fn merged(args: RunArgs) -> Result<RunArgs, Usage> {
    match args.config.clone() {
        Some(path) => Ok(args.or(file::read(&path)?)),
        None => Ok(args),
    }
}

/// Whether what was given goes with the text of a file that is to be written.
///
/// # Errors
/// [`Usage`] naming what does not.
pub(crate) fn check_file(given: RunArgs, text: &str, name: &str) -> Result<(), Usage> {
    resolve(given.or(file::parse(text, name)?)).map(drop)
}

/// Resolves flags and environment (already in `args`) over the `--config` file and the defaults.
///
/// # Errors
/// [`Usage`] naming the setting and what to do.
pub(crate) fn resolve(args: RunArgs) -> Result<ResolvedSettings, Usage> {
    let args = merged(args)?;
    let mut notes = Vec::new();
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    environment_words::check(variables, &mut notes)?;
    let dataset = required_dataset(&args)?;
    let endpoint = required_endpoint(&args)?;
    let levels = load::levels(&args, &mut notes)?;
    refuse_contradictions(&args)?;
    let seed = RunSeed::of(&args);
    let lang = LangWord::or_locale(args.lang);
    let slo = slo(&args, &mut notes)?;
    let prices = args.prices.as_deref().map(prices::read).transpose()?;
    let output = output::resolve(&args, lang);
    let cold = cold::resolve(&args)?;
    let rounds = rounds::resolve(&args, cold.policy)?;
    let request = request::resolve(&args, &endpoint, &mut notes)?;
    let api = endpoint.api();
    notes.extend(environment_key::note(
        args.header.as_deref().unwrap_or_default(),
        args.endpoint.as_deref(),
        api,
        args.api_key.as_deref(),
        lang,
    ));
    let plan = Plan {
        endpoint_userinfo: endpoint.userinfo,
        model: args.model.clone().unwrap_or_default(),
        dataset: dataset::resolve(&args, &dataset, levels.len(), seed.value, &request.network)?,
        request,
        levels,
        max_concurrency: load::max_concurrency(&args)?,
        schedule: rounds.schedule,
        shared_prefix: rounds.shared_prefix,
        until: rounds.until,
        round_noise: round_noise(&args, &mut notes)?,
        cold,
        engine: args.engine.and_then(EngineWord::means),
        admin_urls: cold::admin_urls(&args)?,
        shuffle_round2: args.shuffle_round2.unwrap_or(false),
        warmup: args.warmup,
        probe: !args.no_probe.unwrap_or(false),
        round_gap_ms: ms("--round-gap", args.round_gap, Some(0))?.unwrap_or(0),
        timeouts: limits::timeouts(&args)?,
        limits: limits::limits(&args)?,
        prometheus: prometheus::resolve(&args)?,
        slo,
        prices,
        workers: args.workers.unwrap_or_else(default_workers),
        seed: seed.value,
        output,
        ..Plan::new(endpoint.url, dataset)
    };
    notes.extend(seed.note());
    Ok(ResolvedSettings {
        wait_ready_ms: ms("--wait-ready", args.wait_ready, None)?,
        quiet: args.quiet.unwrap_or(false),
        resume: args.resume.is_some(),
        default_dir: args.output_dir.is_none() && args.resume.is_none(),
        progress: args.progress.unwrap_or(ProgressWord::Auto).means(),
        live: output::live(&args)?,
        print_config: printed_config(&args, &plan),
        plan,
        notes,
    })
}

fn required_dataset(args: &RunArgs) -> Result<PathBuf, Usage> {
    let dataset = args.dataset.clone();
    let dataset = dataset.ok_or_else(|| usage(
            "--dataset FILE is required; without one, `dualround init URL` makes a small one that suits the server",
        ))?;
    dataset::utf8_paths(&dataset, args.output_dir.as_deref())?;
    Ok(dataset)
}

fn required_endpoint(args: &RunArgs) -> Result<Endpoint, Usage> {
    let address = args.endpoint.as_deref();
    let address = address.ok_or_else(|| usage(
            "--endpoint URL is required, such as http://localhost:8000/v1; without a server, `dualround simulate` starts a simulated one",
        ))?;
    endpoint::resolve(address, args.api.map(ApiWord::means))
}

/// Refuses settings that cannot both be meant, or leave nothing to measure.
fn refuse_contradictions(args: &RunArgs) -> Result<(), Usage> {
    if args.num_samples.as_ref().is_some_and(|n| n.contains(&0)) {
        return Err(usage("--num-samples 0: at least 1 is needed"));
    }
    if args.resume.is_some() && (args.output_dir.is_some() || args.overwrite == Some(true)) {
        return Err(usage(
            "--resume DIR goes on in DIR: leave --output-dir and --overwrite out",
        ));
    }
    Ok(())
}

/// The seed of a run.
struct RunSeed {
    value: u64,
    /// Neither the user nor an earlier part of the run gave it.
    is_drawn: bool,
}

impl RunSeed {
    fn of(args: &RunArgs) -> Self {
        // A run that goes on draws the same requests again.
        let earlier = args.resume.as_deref().and_then(|dir| {
            let info = RunFiles::existing(dir).read_run().ok()?;
            Some(info.plan.seed)
        });
        if let Some(value) = args.seed.or(earlier) {
            let is_drawn = false;
            return Self { value, is_drawn };
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            value: u64::from(now.subsec_nanos()) ^ (now.as_secs() & 0xffff),
            is_drawn: true,
        }
    }

    /// How a run whose seed was drawn is repeated.
    fn note(&self) -> Option<String> {
        let seed = self.value;
        self.is_drawn
            .then(|| format!("seed: {seed} (repeat this run with --seed {seed})"))
    }
}

fn slo(args: &RunArgs, notes: &mut Vec<String>) -> Result<Option<Slo>, Usage> {
    let Some(path) = &args.slo_file else {
        return Ok(None);
    };
    let file = slo::read(path)?;
    notes.extend(file.notes);
    Ok(Some(file.slo))
}

/// What `--print-config` prints.
fn printed_config(args: &RunArgs, plan: &Plan) -> Option<String> {
    Some(match args.print_config? {
        PrintedWord::Plan => serde_json::to_string_pretty(&redacted_plan(plan)).unwrap_or_default(),
        PrintedWord::Settings => listing(args),
    })
}

fn round_noise(args: &RunArgs, notes: &mut Vec<String>) -> Result<Option<f64>, Usage> {
    let Some(percent) = args.round_noise else {
        return Ok(None);
    };
    if !(0.0..=200.0).contains(&percent) {
        return Err(usage(format!(
            "--round-noise {percent}: give percent, 0 to 200"
        )));
    }
    if percent == 0.0 {
        notes.push(
            "--round-noise 0: two rounds of one kind are taken never to differ as a whole; real servers were seen to differ by 1 to 22 %".to_owned(),
        );
    }
    Ok(Some(percent))
}

/// A URL of a page; the scheme may be missing for a plain host.
fn metrics_url(flag: &str, text: &str) -> Result<String, Usage> {
    if let Some(url) = endpoint::socket_url(text) {
        return Ok(url);
    }
    let parsed = url::Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https" | "http+unix"));
    match parsed {
        Some(_) => Ok(text.to_owned()),
        None => {
            let shown = dualround_loadgen::redact_url(text);
            Err(usage(format!(
                "{flag} {shown}: give a whole URL, e.g. http://{shown}"
            )))
        }
    }
}

/// The number of workers where none is given: one a core.
pub(crate) fn default_workers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(cores).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::Load;

    pub(super) fn given() -> RunArgs {
        RunArgs {
            dataset: Some("d.jsonl".into()),
            endpoint: Some("http://h:1".to_owned()),
            ..RunArgs::default()
        }
    }

    #[test]
    fn defaults_are_those_of_the_guide() {
        let resolved = resolve(given()).unwrap();
        assert_eq!(resolved.plan.levels, [Load::Concurrency(1)]);
        assert_eq!(resolved.plan.timeouts.total_ms, Some(300_000));
        assert!(resolved.plan.dataset.num_samples.is_empty());
        assert_eq!(resolved.plan.schedule.to_string(), "CW");
        assert!(resolved.default_dir && resolved.notes[0].contains("--seed"));
    }

    #[test]
    fn b071_a_flag_equal_to_the_default_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.yaml");
        std::fs::write(&path, "timeout: 600\nconcurrency: [2, 3]\n").unwrap();
        let args = RunArgs {
            config: Some(path),
            ..given()
        };
        let plan = resolve(RunArgs {
            timeout: Some(300.0),
            ..args.clone()
        })
        .unwrap()
        .plan;
        assert_eq!(
            (plan.timeouts.total_ms, plan.levels),
            (Some(300_000), vec![2.into(), 3.into()])
        );
        assert_eq!(resolve(args).unwrap().plan.timeouts.total_ms, Some(600_000));
    }

    #[test]
    fn b072_repeated_levels_are_told() {
        let resolved = resolve(RunArgs {
            concurrency: Some(vec![10, 10]),
            ..given()
        })
        .unwrap();
        assert!(resolved.notes.iter().any(|note| note.contains("twice")));
        assert!(
            resolve(RunArgs {
                num_samples: Some(vec![0]),
                ..given()
            })
            .is_err()
        );
    }

    #[test]
    fn b073_zero_is_a_setting() {
        let args = RunArgs {
            seed: Some(0),
            temperature: Some(0.0),
            ..given()
        };
        let plan = resolve(args).unwrap().plan;
        assert_eq!((plan.seed, plan.request.temperature), (0, Some(0.0)));
    }
}
