//! The command line. Bare `dualround --dataset … --endpoint …` means `dualround run …`.

#[macro_use]
mod setting;
mod think_time;

pub(crate) mod budget;
mod check;
mod engine;
mod init;
mod language;
mod max_load;
mod network;
mod results;
mod run;
mod sources;
pub(crate) mod variables;
pub(crate) mod words;
mod workload;

pub(crate) use budget::Budget;
pub(crate) use check::{Check, CheckDatasetArgs, CheckEndpointArgs, CheckMetricsArgs};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, error::ErrorKind};
use dualround_model::Lang;
pub(crate) use engine::{CalibrateArgs, DemoArgs, SimulateArgs};
pub(crate) use init::InitArgs;
pub(crate) use max_load::MaxLoadArgs;
pub(crate) use network::NetworkArgs;
pub(crate) use results::{
    CompareArgs, CompletionsArgs, ExplainArgs, ListArgs, ManArgs, ReportArgs,
};
pub(crate) use run::RunArgs;
pub(crate) use sources::{GivenSetting, SettingSource, given_settings, listing};
use std::ffi::OsString;
pub(crate) use think_time::GivenThinkTime;
use words::LangWord;
pub(crate) use workload::{Convert, GenerateArgs, LongbenchArgs, ReadArgs, RowsArgs};

/// Does the cache in front of my model work, and what is it worth?
///
/// Sends one set of requests to an OpenAI-compatible streaming endpoint twice, a cold and a warm
/// round, at each concurrency, and reports what changed and how sure that is.
///
/// 我的模型前面的缓存有用吗，能带来多大收益？
///
/// 把同一批请求向 OpenAI 兼容的流式端点发送两次（冷轮、热轮），在每个负载级别下报告有何变化、把握多大。
#[derive(Debug, Parser)]
#[command(
    name = "dualround",
    version,
    max_term_width = 100,
    after_help = "Examples:
  dualround demo --open
  dualround check endpoint http://localhost:8000/v1
  dualround init http://localhost:8000/v1
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 --concurrency 1 4 16
  dualround report results && dualround compare results/previous/RUN results
  dualround explain TTFT
Each command has its own -h (short) and --help (all)."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure an endpoint (the default: `dualround --dataset … --endpoint …` is the same).
    ///
    /// 测量一个端点（默认命令：`dualround --dataset … --endpoint …` 相同）
    Run(Box<RunArgs>),
    /// Run the main job on the embedded simulated engine, with bundled documents.
    ///
    /// 用内置文档在内嵌的模拟引擎上跑一遍主流程
    Demo(DemoArgs),
    /// Look at a server and write dualround.yaml and a small data set that suit it.
    ///
    /// 查看服务，写出适合它的 dualround.yaml 与一份小数据集
    Init(Box<InitArgs>),
    /// Find the most load that a server takes within an SLO, with its cache cold and warm.
    ///
    /// 找出服务在满足 SLO 时能承受的最大负载，缓存冷、热各一个
    MaxLoad(Box<MaxLoadArgs>),
    /// Measure this client's own error on this machine, against the simulated engine's log.
    ///
    /// 对照模拟引擎的日志，测量本客户端在本机上的误差
    Calibrate(CalibrateArgs),
    /// Start the simulated engine and keep it running.
    ///
    /// 启动模拟引擎并保持运行
    Simulate(SimulateArgs),
    /// Make a workload whose prompts share beginnings, with exact control.
    ///
    /// 生成共享前缀精确可控的负载
    Generate(GenerateArgs),
    /// Convert datasets.
    ///
    /// 转换数据集
    #[command(subcommand)]
    Convert(Convert),
    /// Check a dataset, a metrics page or an endpoint before measuring.
    ///
    /// 测量前检查数据集、指标页面或端点
    #[command(subcommand)]
    Check(Check),
    /// Make the files of a run again from its journal.
    ///
    /// 由运行日志重新生成一次运行的所有文件
    Report(ReportArgs),
    /// Compare saved runs with a base run: better, worse, the same, or cannot tell.
    ///
    /// 把已保存的运行与基准运行比较：变好、变差、相同或无法判断
    Compare(CompareArgs),
    /// Show saved runs.
    ///
    /// 列出已保存的运行
    List(ListArgs),
    /// Say what a word of the results means: a metric, finding, caveat, failure, flag (of a request or of `run`) or exit code.
    ///
    /// 解释结果中的一个词：指标、发现、注意、失败原因、请求标记、`run` 的参数或退出码
    Explain(ExplainArgs),
    /// Write man pages.
    ///
    /// 写出 man 手册页
    Man(ManArgs),
    /// Print the completions of a shell.
    ///
    /// 打印 shell 补全脚本
    Completions(CompletionsArgs),
}

/// The command line as clap describes it, with its help in this language.
pub(crate) fn command_in(lang: Lang) -> clap::Command {
    let command = Cli::command().mut_subcommand("check", |check| {
        check::CHECKS.iter().fold(check, |check, (name, examples)| {
            check.mut_subcommand(name, |one| check::as_check(one, examples))
        })
    });
    let command = command.mut_subcommand("init", |init| check::as_check(init, init::INIT));
    let command = command.mut_subcommand("max-load", |command| {
        check::as_check(command, max_load::MAX_LOAD)
    });
    language::spoken(setting::completed(command), lang)
}

/// The language of the help: `--lang` where it is among the words, else the setting, else the
/// locale.
fn language(words: &[OsString]) -> Lang {
    let chosen = language_word(words).or_else(|| std::env::var(variables::name_of("lang")).ok());
    match chosen.map(|word| LangWord::from_str(&word, false)) {
        None => LangWord::Auto.means(),
        Some(Ok(word)) => word.means(),
        Some(Err(_)) => Lang::default(),
    }
}

/// The language that this process speaks.
pub(crate) fn spoken() -> Lang {
    let words: Vec<OsString> = std::env::args_os().collect();
    language(&words)
}

/// The value of `--lang LANG`, or of `--lang=LANG`.
fn language_word(words: &[OsString]) -> Option<String> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let flag = words.iter().position(|word| word == "--lang");
    let apart = flag.and_then(|at| words.get(at + 1));
    if let Some(word) = apart {
        return Some(word.to_string());
    }
    let mut joined = words.iter();
    joined.find_map(|word| word.strip_prefix("--lang=").map(str::to_owned))
}

/// Parses, with `run` put in where the first word is an option.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    let first = words
        .get(1)
        .map(|word| word.to_string_lossy().into_owned())
        .unwrap_or_default();
    // `help run` is `run --help`, in every language.
    if first == "help" {
        words.remove(1);
        words.push("--help".into());
    }
    let global = ["-h", "--help", "-V", "--version"].contains(&first.as_str());
    if first.starts_with('-') && !global {
        words.insert(1, "run".into());
    }
    let mut command = command_in(language(&words));
    if first.contains("://") {
        let advice = format!(
            "an address alone is no command: `dualround check endpoint {first}` looks at the server, `dualround init {first}` makes a plan"
        );
        return Err(command.error(ErrorKind::InvalidSubcommand, advice));
    }
    let matches = command
        .try_get_matches_from(&words)
        .map_err(|error| variables::named_in(error, &words))?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    if let Some(args) = run_args(&mut cli.command) {
        let below = matches.subcommand().map(|(_, below)| below);
        let given = below.map(|below| below.subcommand().map_or(below, |(_, given)| given));
        args.sources = given
            .map(|given| sources::given(RunArgs::NAMES, given))
            .unwrap_or_default();
    }
    Ok(cli)
}

/// The settings of a run in a command that has them.
fn run_args(command: &mut Command) -> Option<&mut RunArgs> {
    match command {
        Command::Run(args) => Some(args),
        Command::Init(args) => Some(&mut args.run),
        Command::Check(Check::Dataset(args)) => Some(&mut args.run),
        Command::Check(Check::Metrics(args)) => Some(&mut args.run),
        Command::Check(Check::Endpoint(args)) => Some(&mut args.run),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> RunArgs {
        match parse(line.split(' ').map(OsString::from)).unwrap().command {
            Command::Run(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bare_command_is_a_run() {
        let args = run(
            "dualround --dataset d.jsonl --endpoint http://h --concurrency 5 10 20 --timeout 600",
        );
        assert_eq!(args.concurrency, Some(vec![5, 10, 20]));
        assert_eq!(args.timeout, Some(600.0));
        assert!(run("dualround run --ignore-eos --seed 0").ignore_eos == Some(true));
    }

    #[test]
    fn b072_senseless_concurrency_is_refused() {
        for bad in ["0", "-1", "x"] {
            let words = ["dualround", "run", "--concurrency", bad].map(OsString::from);
            assert!(parse(words).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        command_in(Lang::En).debug_assert();
    }
}
