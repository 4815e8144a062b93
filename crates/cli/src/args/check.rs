//! `check` and its options: those of a run, and a few of its own.

use super::RunArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Checks.
#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// What a dataset file holds, and the first request as it would be sent.
    Dataset(Box<CheckDatasetArgs>),
    /// What a metrics page holds, and the current values of some metrics.
    Metrics(Box<CheckMetricsArgs>),
    /// What the server is, what will be measured, and which of its flags are missing.
    Endpoint(Box<CheckEndpointArgs>),
}

/// Options of `check dataset`: those of a run, which it shows the first request of.
#[derive(Debug, Args)]
pub(crate) struct CheckDatasetArgs {
    /// The file [default: that of --dataset].
    pub(crate) file: Option<PathBuf>,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of `check metrics`: those of a run, of which the ways to a server count.
#[derive(Debug, Args)]
pub(crate) struct CheckMetricsArgs {
    /// The page, or a Prometheus server [default: the first --prometheus-url].
    pub(crate) url: Option<String>,
    /// Metrics to look up [default: those of --prometheus-metrics, else list all].
    pub(crate) names: Vec<String>,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of `check endpoint`: those of a run.
#[derive(Debug, Args)]
pub(crate) struct CheckEndpointArgs {
    /// Base URL or full path [default: that of --endpoint].
    pub(crate) url: Option<String>,
    /// Look only; send no request.
    #[arg(long)]
    pub(crate) no_canary: bool,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The checks, which take the flags of a run, with their examples.
pub(super) const CHECKS: [(&str, &str); 3] = [
    (
        "dataset",
        "Examples:
  dualround check dataset docs.jsonl
  dualround check dataset docs.jsonl --temperature 0 --extra-body '{\"seed\": 1}'
-h shows the command's own flags, --help those of a run too.",
    ),
    (
        "metrics",
        "Examples:
  dualround check metrics http://localhost:8000/metrics kv_cache_hit_rate
  dualround check metrics https://gateway/metrics --prometheus-header 'Authorization: Bearer …' --insecure
-h shows the command's own flags, --help those of a run too.",
    ),
    (
        "endpoint",
        "Examples:
  dualround check endpoint http://localhost:8000/v1
  dualround check endpoint https://gateway/v1 --ca-cert ca.pem --dataset docs.jsonl
-h shows the command's own flags, --help those of a run too.",
    ),
];

/// Lists a run's flags in the long help alone.
pub(super) fn as_check(command: clap::Command, examples: &'static str) -> clap::Command {
    let command = command.mut_args(|arg| {
        let of_run = RunArgs::NAMES.contains(&arg.get_id().as_str());
        if of_run {
            arg.hide_short_help(true)
        } else {
            arg
        }
    });
    command.after_help(examples)
}
