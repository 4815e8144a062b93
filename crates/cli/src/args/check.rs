//! `check` and its options: those of a run, and a few of its own.

use super::RunArgs;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Checks.
#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// What a dataset file holds, and the first request as it would be sent.
    ///
    /// 数据集文件里有什么，以及将发出的第一个请求
    Dataset(Box<CheckDatasetArgs>),
    /// What a metrics page holds, and the current values of some metrics.
    ///
    /// 指标页面里有什么，以及某些指标的当前值
    Metrics(Box<CheckMetricsArgs>),
    /// What the server is, what will be measured, and which of its flags are missing.
    ///
    /// 识别引擎，说明将测什么、缺少哪些启动参数
    Endpoint(Box<CheckEndpointArgs>),
}

/// Options of `check dataset`: those of a run, which it shows the first request of.
#[derive(Debug, Args)]
pub(crate) struct CheckDatasetArgs {
    /// The file [default: that of --dataset].
    ///
    /// 数据集文件 [默认：--dataset 的文件]
    pub(crate) file: Option<PathBuf>,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of `check metrics`: those of a run, of which the ways to a server count.
#[derive(Debug, Args)]
pub(crate) struct CheckMetricsArgs {
    /// The page, or a Prometheus server [default: the first --prometheus-url].
    ///
    /// 指标页面，或 Prometheus 服务 [默认：第一个 --prometheus-url]
    pub(crate) url: Option<String>,
    /// Metrics to look up [default: those of --prometheus-metrics, else list all].
    ///
    /// 要查的指标 [默认：--prometheus-metrics 的，否则全部列出]
    pub(crate) names: Vec<String>,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of `check endpoint`: those of a run.
#[derive(Debug, Args)]
pub(crate) struct CheckEndpointArgs {
    /// Base URL or full path [default: that of --endpoint].
    ///
    /// 基础 URL 或完整路径 [默认：--endpoint 的地址]
    pub(crate) url: Option<String>,
    /// Look only; send no request.
    ///
    /// 只看，不发送请求
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
