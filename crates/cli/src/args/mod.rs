//! The command line. Bare `dualround --dataset … --endpoint …` means `dualround run …`.

mod check;
mod network;
mod run;
mod sources;
mod zh;

use crate::lang;
pub(crate) use check::{Check, CheckDatasetArgs, CheckEndpointArgs, CheckMetricsArgs};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use dualround_dataset::longbench::ConvertFormat;
use dualround_model::Lang;
pub(crate) use network::NetworkArgs;
pub(crate) use run::RunArgs;
pub(crate) use sources::{SettingSource, listing};
use std::{ffi::OsString, path::PathBuf};

/// Does the cache in front of my model work, and what is it worth?
///
/// Sends one set of requests to an OpenAI-compatible streaming endpoint twice, a cold and a warm
/// round, at each concurrency, and reports what changed and how sure that is.
#[derive(Debug, Parser)]
#[command(
    name = "dualround",
    version,
    max_term_width = 100,
    after_help = "Examples:
  dualround demo
  dualround check endpoint http://localhost:8000/v1
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
    Run(Box<RunArgs>),
    /// Run the main job on the embedded simulated engine, with bundled documents.
    Demo(DemoArgs),
    /// Measure this client's own error on this machine, against the simulated engine's log.
    Calibrate(CalibrateArgs),
    /// Start the simulated engine and keep it running.
    Simulate(SimulateArgs),
    /// Make a workload whose prompts share beginnings, with exact control.
    Generate(GenerateArgs),
    /// Convert datasets.
    #[command(subcommand)]
    Convert(Convert),
    /// Check a dataset, a metrics page or an endpoint before measuring.
    #[command(subcommand)]
    Check(Check),
    /// Make the files of a run again from its journal.
    Report(ReportArgs),
    /// Compare saved runs with a base run: better, worse, the same, or cannot tell.
    Compare(CompareArgs),
    /// Show saved runs.
    List(ListArgs),
    /// Say what a word of the results means: a metric, finding, caveat, failure, flag (of a request or of `run`) or exit code.
    Explain(ExplainArgs),
    /// Write man pages.
    Man(ManArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
}

/// Options of the demo.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Requests in flight, one level each.
    #[arg(long, num_args = 1.., value_delimiter = ',', default_values_t = [1, 4, 8])]
    pub(crate) concurrency: Vec<u32>,
    /// Documents to ask about (12 are bundled).
    #[arg(long)]
    pub(crate) num_samples: Option<u64>,
    /// Longest answer, tokens.
    #[arg(long, default_value_t = 24)]
    pub(crate) max_output_tokens: u64,
    /// Where the files go [default: results/demo].
    #[arg(long)]
    pub(crate) output_dir: Option<PathBuf>,
    /// Replace an earlier run in that folder.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Language of tables: zh, en or auto.
    #[arg(long, env = "DUALROUND_LANG", hide_env = true)]
    pub(crate) lang: Option<String>,
}

/// Options of `calibrate`.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// Requests in flight, one level each.
    #[arg(long, num_args = 1.., value_delimiter = ',', default_values_t = [1, 64, 512],
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) concurrency: Vec<u32>,
    /// Threads that measure [default: as in `run`].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) workers: Option<u32>,
    /// Requests one after the other on each connection.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) waves: u32,
    /// TTFT of the engine, ms.
    #[arg(long, default_value_t = 200.0)]
    pub(crate) ttft_ms: f64,
    /// ITL of the engine, ms.
    #[arg(long, default_value_t = 20.0)]
    pub(crate) itl_ms: f64,
    /// Output tokens of an answer.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) output_tokens: u64,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Language of the table: zh, en or auto.
    #[arg(long, env = "DUALROUND_LANG", hide_env = true)]
    pub(crate) lang: Option<String>,
}

/// Options of the simulated engine; `--config` sets everything.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dualround simulate --port 8000 --cache-blocks 0
  dualround simulate --fault 5%:status=503 --fault every=20:reset=3 --fault all:split=7
  dualround simulate --config examples/faults.yaml")]
pub(crate) struct SimulateArgs {
    /// YAML or JSON file with the engine's settings.
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1].
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// Port [default: 8000].
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Model name served [default: sim-1].
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Tokens of a cache block.
    #[arg(long)]
    pub(crate) block_size: Option<usize>,
    /// Capacity of the prefix cache, blocks; 0: none.
    #[arg(long)]
    pub(crate) cache_blocks: Option<usize>,
    /// Requests that run at once.
    #[arg(long)]
    pub(crate) max_batch: Option<usize>,
    /// Fixed part of a prefill, ms.
    #[arg(long)]
    pub(crate) prefill_base_ms: Option<f64>,
    /// Prefill per uncached prompt token, ms.
    #[arg(long)]
    pub(crate) prefill_ms_per_token: Option<f64>,
    /// Time per output token, ms.
    #[arg(long)]
    pub(crate) itl_ms: Option<f64>,
    /// What goes wrong, WHEN:WHAT, e.g. 5%:status=503 or request=3:stall=0,2000; can be repeated,
    /// the first that applies counts. A wrong word lists them all.
    #[arg(long, value_name = "FAULT", action = clap::ArgAction::Append)]
    pub(crate) fault: Vec<simllm::FaultRule>,
}

/// Conversions.
#[derive(Debug, Subcommand)]
pub(crate) enum Convert {
    /// LongBench v1 and v2 files to JSONL with `text`.
    Longbench(LongbenchArgs),
    /// ShareGPT files, or any other that is read, to JSONL with `messages`.
    Sharegpt(RowsArgs),
    /// Traces (Mooncake, Bailian, BurstGPT, Azure) to JSONL with made text.
    Trace(RowsArgs),
}

/// How a data set is read.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// What the file is, where it is not recognised.
    #[arg(long)]
    pub(crate) format: Option<String>,
    /// Lengths, and made text, in tokens of this: a tokenizer.json, a model folder or a hub id.
    #[arg(long)]
    pub(crate) tokenizer: Option<String>,
    /// Tokens of a block of a trace [default: as the trace is known for].
    #[arg(long)]
    pub(crate) trace_block_size: Option<u64>,
    /// How the hub is reached.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// Options of the other conversions.
#[derive(Debug, Args)]
pub(crate) struct RowsArgs {
    /// The file.
    #[arg(long, value_name = "FILE")]
    pub(crate) input_file: PathBuf,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Keep so many rows, drawn by the seed [default: all].
    #[arg(long)]
    pub(crate) num_samples: Option<u64>,
    /// How it is read.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
    /// Pass over rows that cannot be read, counting them.
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
    /// Seed of the draw and of made text.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

/// Options of `generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Groups of prompts that share a beginning.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) groups: u64,
    /// Prompts in all [default: 10 a group].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) prompts: Option<u64>,
    /// Length of the shared beginning: N, uniform:A:B, normal:MEAN:DEV or lognormal:MEAN:DEV.
    #[arg(long, default_value = "1000")]
    pub(crate) shared: String,
    /// Length of what is each prompt's own, likewise.
    #[arg(long, default_value = "200")]
    pub(crate) unique: String,
    /// Output length of each row, likewise [default: none].
    #[arg(long)]
    pub(crate) output_length: Option<String>,
    /// Popularity of groups: the k-th is asked 1/k^S as often; 0: all alike, in turns.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) zipf: f64,
    /// Turns of each conversation; every turn sends those before it again.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) turns: u64,
    /// Split --shared plus --unique so that a cold round can hit this share (0 to 1).
    #[arg(long)]
    pub(crate) hit_ratio: Option<f64>,
    /// Language of the words: en or zh.
    #[arg(long, default_value = "en")]
    pub(crate) text: String,
    /// Unit of lengths: words (about one token each), or tokens of this tokenizer.
    #[arg(long)]
    pub(crate) tokenizer: Option<String>,
    /// Seed: the same bytes on every platform.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How the hub is reached.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// One value or several, as YAML has them.
pub(crate) fn one_or_more<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    #[derive(serde::Deserialize)]
    #[serde(
        untagged,
        expecting = "wanted one value or a list of them (`[a, b]`), numbers without quotes, texts with `: ` in quotes"
    )]
    enum OneOrMore<T> {
        One(T),
        More(Vec<T>),
    }
    let given = <Option<OneOrMore<T>> as serde::Deserialize>::deserialize(deserializer)?;
    Ok(given.map(|given| match given {
        OneOrMore::One(value) => vec![value],
        OneOrMore::More(values) => values,
    }))
}

/// Options of the LongBench conversion.
#[derive(Debug, Args)]
pub(crate) struct LongbenchArgs {
    /// Keep only these data sets (narrativeqa, qasper, …).
    #[arg(long, num_args = 1.., value_name = "NAME")]
    pub(crate) dataset: Vec<String>,
    /// A LongBench file.
    #[arg(long, value_name = "FILE")]
    pub(crate) input_file: Vec<PathBuf>,
    /// A folder of LongBench files, searched with its subfolders.
    #[arg(long, value_name = "DIR")]
    pub(crate) input_dir: Vec<PathBuf>,
    /// Keep so many rows [default: all].
    #[arg(long)]
    pub(crate) num_samples: Option<usize>,
    /// Which parts make the prompt.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) format: FormatArg,
    /// The file to write.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Keep the order of the files.
    #[arg(long)]
    pub(crate) no_shuffle: bool,
    /// Seed of the shuffle.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How the hub is reached.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// Names of the conversion formats.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum FormatArg {
    /// Context and question where both are there.
    Auto,
    /// Context, blank line, question.
    ContextQuestion,
    /// The context alone.
    ContextOnly,
    /// The question alone.
    QuestionOnly,
    /// Context and question in one run of text.
    Concatenate,
}

impl From<FormatArg> for ConvertFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Auto => Self::Auto,
            FormatArg::ContextQuestion => Self::ContextQuestion,
            FormatArg::ContextOnly => Self::ContextOnly,
            FormatArg::QuestionOnly => Self::QuestionOnly,
            FormatArg::Concatenate => Self::Concatenate,
        }
    }
}

/// Options of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Folder of a run.
    pub(crate) dir: PathBuf,
    /// Language of tables: zh, en or auto [default: that of the run].
    #[arg(long, env = "DUALROUND_LANG", hide_env = true)]
    pub(crate) lang: Option<String>,
    /// What the terminal shows: first or all [default: that of the run].
    #[arg(long, value_name = "HOW", env = "DUALROUND_TABLES", hide_env = true)]
    pub(crate) tables: Option<String>,
    /// Begin CSV files with a byte order mark, for Excel.
    #[arg(long)]
    pub(crate) csv_bom: bool,
    /// Write the arrival of every token event into requests.parquet.
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
    #[arg(required = true, num_args = 2.., value_names = ["BASE", "NEW"])]
    pub(crate) dirs: Vec<PathBuf>,
    /// Changes within ± this share are none [default: 0.05].
    #[arg(long, value_name = "SHARE")]
    pub(crate) margin: Option<f64>,
    /// Compare although this differs: model, dataset, engine or settings; can be repeated.
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<String>,
    /// Exit code 4 when a condition on a level holds, e.g. 'worse > 0' or
    /// 'warm.ttft.change > 0.1' (names as in --json); can be repeated.
    #[arg(long, value_name = "CONDITION")]
    pub(crate) fail_if: Vec<String>,
    /// Write JSON to this file; - for stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write Markdown to this file; - for stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) markdown: Option<PathBuf>,
    /// Write JUnit XML to this file; - for stdout.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Language of tables: zh, en or auto.
    #[arg(long, env = "DUALROUND_LANG", hide_env = true)]
    pub(crate) lang: Option<String>,
}

/// Options of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Folders to search, with those below [default: results].
    pub(crate) dirs: Vec<PathBuf>,
    /// Print JSON instead of a table.
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
    pub(crate) word: Vec<String>,
    /// Language: zh, en or auto.
    #[arg(long, env = "DUALROUND_LANG", hide_env = true)]
    pub(crate) lang: Option<String>,
}

/// Options of `man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  dualround man ~/.local/share/man/man1 && man dualround-run")]
pub(crate) struct ManArgs {
    /// The folder to write to.
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
    pub(crate) shell: clap_complete::Shell,
}

/// The command line as clap describes it.
pub(crate) fn command() -> clap::Command {
    Cli::command().mut_subcommand("check", |check| {
        check::CHECKS.iter().fold(check, |check, (name, examples)| {
            check.mut_subcommand(name, |one| check::as_check(one, examples))
        })
    })
}

/// The command line with its help in this language.
pub(crate) fn command_in(lang: Lang) -> clap::Command {
    match lang {
        Lang::En => command(),
        Lang::Zh => zh::translated(command()),
    }
}

/// The language of the help: `--lang` where it is among the words, else the setting, else the
/// locale.
fn language(words: &[OsString]) -> Lang {
    let chosen = language_word(words).or_else(|| std::env::var("DUALROUND_LANG").ok());
    lang::flag(chosen.as_deref()).unwrap_or_default()
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
    let command = command_in(language(&words));
    let matches = command.try_get_matches_from(words)?;
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
        command().debug_assert();
    }
}
