//! What somebody sees who types `dualround` and nothing else.

use crate::{args, exit};
use dualround_model::Lang;
use std::io::{IsTerminal, stderr};

/// Nothing was asked for, by somebody at a terminal. A script gets the whole help instead.
pub(crate) fn is_due() -> bool {
    std::env::args_os().len() == 1 && stderr().is_terminal()
}

/// Says how to begin; returns the exit code of a command line without a command.
#[expect(
    clippy::print_stderr,
    reason = "stands in the place of clap's own help"
)]
pub(crate) fn greet() -> u8 {
    eprint!("{}", text(args::spoken()));
    exit::USAGE
}

fn text(lang: Lang) -> &'static str {
    lang.pick([
        "\
dualround sends the same requests to an LLM server with its cache cold and
warm. It says what the cache is worth, and how sure that is.

  dualround demo --open          see it work: a simulated engine, no network
  dualround check endpoint URL   your server: what is it, does its cache hit?
  dualround init URL             write dualround.yaml and a data set for it
  dualround run --config dualround.yaml

URL is such as http://localhost:8000/v1. All commands: dualround --help
",
        "\
dualround 把同一批请求在缓存冷、热两种状态下各发给 LLM 服务一遍，
告诉你缓存能带来多大收益，以及有多大把握。

  dualround demo --open          先看效果：内嵌模拟引擎，不用网络，数秒
  dualround check endpoint URL   你的服务：是什么引擎，缓存是否命中？
  dualround init URL             为它写出 dualround.yaml 和一份小数据集
  dualround run --config dualround.yaml

URL 形如 http://localhost:8000/v1。全部命令：dualround --help
",
    ])
}
