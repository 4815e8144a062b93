//! `max-load` and its options: those of a run, and a few of its own.

use super::{RunArgs, words::LoadUnitWord};
use clap::Args;

/// Options of `max-load`: those of a run, whose load it looks for.
#[derive(Debug, Args)]
pub(crate) struct MaxLoadArgs {
    /// What the load is counted in: rate (requests a second that arrive) or concurrency (requests
    /// in flight) [default: rate].
    ///
    /// 负载的单位：rate（每秒到达的请求数）或 concurrency（在途请求数）[默认：rate]
    #[arg(long, value_name = "UNIT")]
    pub(crate) by: Option<LoadUnitWord>,
    /// Lowest load that is tried [default: 1].
    ///
    /// 尝试的最低负载 [默认：1]
    #[arg(long, value_name = "LOAD")]
    pub(crate) from: Option<f64>,
    /// Highest load that is tried [default: 1000 requests a second, or 512 in flight].
    ///
    /// 尝试的最高负载 [默认：每秒 1000 个请求，或 512 个在途]
    #[arg(long, value_name = "LOAD")]
    pub(crate) to: Option<f64>,
    /// Share of requests that must be within the SLO, 0.5 to 0.999 [default: 0.99].
    ///
    /// 必须满足 SLO 的请求比例，0.5 到 0.999 [默认：0.99]
    #[arg(long, value_name = "SHARE")]
    pub(crate) share: Option<f64>,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Examples of `max-load`.
pub(super) const MAX_LOAD: &str = "Examples:
  dualround max-load --slo-file slo.yaml --dataset docs.jsonl --endpoint http://localhost:8000/v1
  dualround max-load --slo-file slo.yaml --by concurrency --to 64 --share 0.9 --budget 30m \\
      --dataset docs.jsonl --endpoint http://localhost:8000/v1
-h shows the command's own flags, --help those of a run too.";
