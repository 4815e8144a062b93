//! The commands that write data sets: `convert` and `generate`.

use super::{
    NetworkArgs,
    words::{FormatName, TextWord},
};
use clap::{Args, Subcommand, ValueEnum};
use dualround_dataset::longbench::ConvertFormat;
use std::path::PathBuf;

/// Conversions.
#[derive(Debug, Subcommand)]
pub(crate) enum Convert {
    /// LongBench v1 and v2 files to JSONL with `text`.
    ///
    /// LongBench v1、v2 文件转为带 `text` 的 JSONL
    Longbench(LongbenchArgs),
    /// ShareGPT files, or any other that is read, to JSONL with `messages`.
    ///
    /// ShareGPT 或任何能读的文件转为带 `messages` 的 JSONL
    Sharegpt(RowsArgs),
    /// Traces (Mooncake, Bailian, BurstGPT, Azure) to JSONL with made text.
    ///
    /// 请求 trace（Mooncake、Bailian、BurstGPT、Azure）转为 JSONL，提示词为合成文本
    Trace(RowsArgs),
}

/// How a data set is read.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// What the file is, where it is not recognised.
    ///
    /// 无法识别时指明文件的格式 [默认：auto]
    #[arg(long)]
    pub(crate) format: Option<FormatName>,
    /// Lengths, and made text, in tokens of this: a tokenizer.json, a model folder or a hub id.
    ///
    /// 按此分词器计长度、合成文本：tokenizer.json、模型目录或 Hugging Face 模型 id
    #[arg(long)]
    pub(crate) tokenizer: Option<String>,
    /// Tokens of a block of a trace [default: as the trace is known for].
    ///
    /// 请求 trace 一个块的 token 数 [默认：该 trace 已知的值]
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
    ///
    /// 输入文件
    #[arg(long, value_name = "FILE")]
    pub(crate) input_file: PathBuf,
    /// The file to write.
    ///
    /// 输出文件
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Keep so many rows, drawn by the seed [default: all].
    ///
    /// 保留多少行，按种子抽取 [默认：全部]
    #[arg(long)]
    pub(crate) num_samples: Option<u64>,
    /// Pass over rows that cannot be read, counting them.
    ///
    /// 跳过无法读取的行并计数
    #[arg(long)]
    pub(crate) skip_bad_rows: bool,
    /// Seed of the draw and of made text.
    ///
    /// 抽样与合成文本的随机种子
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How it is read.
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Options of `generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// The file to write.
    ///
    /// 输出文件
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Groups of prompts that share a beginning.
    ///
    /// 提示词的组数，同组有共享前缀
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) groups: u64,
    /// Prompts in all [default: 10 a group].
    ///
    /// 提示词总数 [默认：每组 10 个]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) prompts: Option<u64>,
    /// Length of the shared beginning: N, uniform:A:B, normal:MEAN:DEV or lognormal:MEAN:DEV.
    ///
    /// 共享前缀的长度：N、uniform:A:B、normal:平均值:标准差 或 lognormal:平均值:标准差
    #[arg(long, default_value = "1000")]
    pub(crate) shared: String,
    /// Length of what is each prompt's own, likewise.
    ///
    /// 各自部分的长度，写法同上
    #[arg(long, default_value = "200")]
    pub(crate) unique: String,
    /// Output length of each row, likewise [default: none].
    ///
    /// 每行的输出长度，写法同上 [默认：无]
    #[arg(long)]
    pub(crate) output_length: Option<String>,
    /// Popularity of groups: the k-th is asked 1/k^S as often; 0: all alike, in turns.
    ///
    /// 各组的热度：第 k 组的请求频率为 1/k^S；0：轮流相同
    #[arg(long, default_value_t = 0.0)]
    pub(crate) zipf: f64,
    /// Turns of each conversation; every turn sends those before it again.
    ///
    /// 每段对话的对话轮次数；每次都重发之前的内容
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) turns: u64,
    /// Seconds that a user waits before each turn but the first [default: not said].
    ///
    /// 除第一轮外，每轮对话之前用户等待的秒数 [默认：不写明]
    #[arg(long, value_name = "S")]
    pub(crate) gap: Option<f64>,
    /// Split --shared plus --unique so that a cold round can hit this share (0 to 1).
    ///
    /// 划分 --shared 与 --unique，使冷轮可命中这一比例（0 到 1）
    #[arg(long)]
    pub(crate) hit_ratio: Option<f64>,
    /// Language of the words: en or zh.
    ///
    /// 词的语言：en 或 zh
    #[arg(long, default_value = "en")]
    pub(crate) text: TextWord,
    /// Unit of lengths: words (about one token each), or tokens of this tokenizer.
    ///
    /// 长度单位：词（约各一个 token），或该分词器的 token
    #[arg(long)]
    pub(crate) tokenizer: Option<String>,
    /// Seed: the same bytes on every platform.
    ///
    /// 种子：在任何平台上字节都相同
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How the hub is reached.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

/// Options of the LongBench conversion.
#[derive(Debug, Args)]
pub(crate) struct LongbenchArgs {
    /// Keep only these data sets (narrativeqa, qasper, …).
    ///
    /// 只保留这些数据集（narrativeqa、qasper 等）
    #[arg(long, num_args = 1.., value_name = "NAME")]
    pub(crate) dataset: Vec<String>,
    /// A LongBench file.
    ///
    /// 一个 LongBench 文件
    #[arg(long, value_name = "FILE")]
    pub(crate) input_file: Vec<PathBuf>,
    /// A folder of LongBench files, searched with its subfolders.
    ///
    /// LongBench 文件的目录，含子目录
    #[arg(long, value_name = "DIR")]
    pub(crate) input_dir: Vec<PathBuf>,
    /// Keep so many rows [default: all].
    ///
    /// 保留多少行 [默认：全部]
    #[arg(long)]
    pub(crate) num_samples: Option<usize>,
    /// Which parts make the prompt.
    ///
    /// 提示词由哪些部分组成
    ///
    /// - auto：有上下文与问题时两者都用
    ///
    /// - context_question：上下文、空行、问题
    ///
    /// - context_only：仅上下文
    ///
    /// - question_only：仅问题
    ///
    /// - concatenate：上下文与问题直接相连
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) format: FormatArg,
    /// The file to write.
    ///
    /// 输出文件
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Keep the order of the files.
    ///
    /// 保持文件的顺序
    #[arg(long)]
    pub(crate) no_shuffle: bool,
    /// Seed of the shuffle.
    ///
    /// 打乱顺序的种子
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
