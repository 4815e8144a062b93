//! `init` and its options: those of a run, and a few of its own.

use super::RunArgs;
use clap::Args;

/// Options of `init`: those of a run, which go into the file that it writes.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Base URL or full path [default: that of --endpoint].
    ///
    /// 基础 URL 或完整路径 [默认：--endpoint 的地址]
    pub(crate) url: Option<String>,
    /// Replace dualround.yaml and dualround-prompts.jsonl.
    ///
    /// 覆盖已有的 dualround.yaml 与 dualround-prompts.jsonl
    #[arg(long)]
    pub(crate) force: bool,
    /// The run.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Examples of `init`.
pub(super) const INIT: &str = "Examples:
  dualround init http://localhost:8000/v1
  dualround init http://localhost:8000/v1 --dataset docs.jsonl --concurrency 1 16
-h shows the command's own flags, --help those of a run too.";
