//! The commands on saved runs and on the program itself: `report`, `compare`, `list`, `explain`,
//! `man`, `completions`.

use super::words::{AllowWord, LangWord, TablesWord};
use clap::Args;
use std::path::PathBuf;

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Folder of a run.
    ///
    /// 一次运行的目录
    pub(crate) dir: PathBuf,
    /// Language of tables: zh, en or auto [default: that of the run].
    ///
    /// 表格的语言：zh、en 或 auto [默认：auto]
    #[arg(long)]
    pub(crate) lang: Option<LangWord>,
    /// What the terminal shows: first or all [default: that of the run].
    ///
    /// 终端显示的内容：first 或 all [默认：与该次运行相同]
    #[arg(long, value_name = "HOW")]
    pub(crate) tables: Option<TablesWord>,
    /// YAML file with what tokens cost [default: the prices of the run].
    ///
    /// 含 token 价格的 YAML 文件 [默认：该次运行的价格]
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// Begin CSV files with a byte order mark, for Excel.
    ///
    /// CSV 文件以字节序标记开头，供 Excel 使用
    #[arg(long)]
    pub(crate) csv_bom: bool,
    /// Write the arrival of every token event into requests.parquet.
    ///
    /// 把每个 token 事件的到达时刻写入 requests.parquet
    #[arg(long)]
    pub(crate) chunk_times: bool,
}

/// Options of `compare`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dualround compare results/base results/new
  dualround compare base new --fail-if 'warm.ttft.judgement == worse' --junit compare.xml
  dualround compare base new --fail-if 'worse > 0' --markdown - >> \"$GITHUB_STEP_SUMMARY\"")]
pub(crate) struct CompareArgs {
    /// Folder of the base run, then those of the runs to hold against it.
    ///
    /// 基准运行的目录，然后是要与之比较的各次运行
    #[arg(required = true, num_args = 2.., value_names = ["BASE", "NEW"])]
    pub(crate) dirs: Vec<PathBuf>,
    /// YAML file with what tokens cost, for all runs [default: the prices of each run].
    ///
    /// 含 token 价格的 YAML 文件，用于全部运行 [默认：各次运行自己的价格]
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// Changes within ± this share are none [default: 0.05].
    ///
    /// ± 此比例之内的变化视为无变化 [默认：0.05]
    #[arg(long, value_name = "SHARE")]
    pub(crate) margin: Option<f64>,
    /// Compare although this differs: model, dataset, engine or settings; can be repeated.
    ///
    /// 以下不同时仍然比较：model、dataset、engine 或 settings；可重复
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<AllowWord>,
    /// Exit code 4 when a condition on a level holds, e.g. 'worse > 0' or
    /// 'warm.ttft.change > 0.1' (names as in --json); can be repeated.
    ///
    /// 某个负载级别满足条件时退出码为 4，如 'worse > 0' 或 'warm.ttft.change > 0.1'（名称同 --json）；
    /// 可重复
    #[arg(long, value_name = "CONDITION")]
    pub(crate) fail_if: Vec<String>,
    /// Write JSON to this file; - for stdout.
    ///
    /// 把 JSON 写入该文件；- 为标准输出
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write Markdown to this file; - for stdout.
    ///
    /// 把 Markdown 写入该文件；- 为标准输出
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write JUnit XML to this file; - for stdout.
    ///
    /// 把 JUnit XML 写入该文件；- 为标准输出
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Language of tables: zh, en or auto.
    ///
    /// 表格的语言：zh、en 或 auto [默认：auto]
    #[arg(long)]
    pub(crate) lang: Option<LangWord>,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Folders to search, with those below [default: results].
    ///
    /// 要搜索的目录，含子目录 [默认：results]
    pub(crate) dirs: Vec<PathBuf>,
    /// Print JSON instead of a table.
    ///
    /// 打印 JSON 而不是表格
    #[arg(long)]
    pub(crate) json: bool,
}

/// Options of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dualround explain TTFT
  dualround explain cannot_tell --lang zh
  dualround explain http_503")]
pub(crate) struct ExplainArgs {
    /// The word, as it stands in a table or file [default: list them all].
    ///
    /// 表格或文件中的词 [默认：全部列出]
    pub(crate) word: Vec<String>,
    /// Language: zh, en or auto.
    ///
    /// 表格的语言：zh、en 或 auto [默认：auto]
    #[arg(long)]
    pub(crate) lang: Option<LangWord>,
}

/// Options of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dualround man ~/.local/share/man/man1 && man dualround-run")]
pub(crate) struct ManArgs {
    /// The folder to write to.
    ///
    /// 要写入的目录
    pub(crate) dir: PathBuf,
}

/// Options of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dualround completions bash > ~/.local/share/bash-completion/completions/dualround
  dualround completions zsh > ~/.zfunc/_dualround
  dualround completions fish > ~/.config/fish/completions/dualround.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    ///
    /// 哪种 shell
    pub(crate) shell: clap_complete::Shell,
}
