//! The commands with a simulated engine: `demo`, `calibrate`, `simulate`.

use super::words::{ApiWord, LangWord};
use clap::Args;
use std::path::PathBuf;

/// Options of the demo.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// API of the requests [default: chat].
    ///
    /// 请求的 API [默认：chat]
    #[arg(long, value_name = "API")]
    pub(crate) api: Option<ApiWord>,
    /// Requests in flight, one level each.
    ///
    /// 并发数（可指定多个，每个为一个并发级别）
    #[arg(long, num_args = 1.., value_delimiter = ',', default_values_t = [1, 4, 8])]
    pub(crate) concurrency: Vec<u32>,
    /// Documents to ask about (12 are bundled).
    ///
    /// 使用多少份文档（内置 12 份）
    #[arg(long)]
    pub(crate) num_samples: Option<u64>,
    /// Longest answer, tokens.
    ///
    /// 最大生成 tokens
    #[arg(long, default_value_t = 24)]
    pub(crate) max_output_tokens: u64,
    /// Where the files go [default: results/demo].
    ///
    /// 输出目录 [默认：results/demo]
    #[arg(long)]
    pub(crate) output_dir: Option<PathBuf>,
    /// Replace an earlier run in that folder.
    ///
    /// 替换该目录中先前的运行
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Open report.html in a browser when it is there.
    ///
    /// 完成后在浏览器中打开 report.html
    #[arg(long)]
    pub(crate) open: bool,
    /// Language of tables: zh, en or auto.
    ///
    /// 表格的语言：zh、en 或 auto [默认：auto]
    #[arg(long)]
    pub(crate) lang: Option<LangWord>,
}

/// Options of `calibrate`.
#[derive(Debug, Args)]
pub(crate) struct CalibrateArgs {
    /// API of the requests [default: chat].
    ///
    /// 请求的 API [默认：chat]
    #[arg(long, value_name = "API")]
    pub(crate) api: Option<ApiWord>,
    /// Requests in flight, one level each [default: 1, 64 and 512, unless rates are given].
    ///
    /// 并发数（可指定多个，每个为一个并发级别）[默认：1、64、512；给出速率时不测]
    #[arg(long, num_args = 1.., value_delimiter = ',',
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) concurrency: Vec<u32>,
    /// Requests a second, one level each: five seconds of Poisson arrivals, and how late they are
    /// sent.
    ///
    /// 每秒请求数（可指定多个，每个为一个级别）：泊松到达五秒，测量发送的滞后
    #[arg(long, num_args = 1.., value_delimiter = ',')]
    pub(crate) request_rate: Vec<f64>,
    /// Threads that measure [default: as in `run`].
    ///
    /// 测量用的线程数 [默认：同 `run`]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) workers: Option<u32>,
    /// Requests one after the other on each connection.
    ///
    /// 每个连接上依次发送的请求数
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) waves: u32,
    /// TTFT of the engine, ms.
    ///
    /// 引擎的 TTFT，毫秒
    #[arg(long, default_value_t = 200.0)]
    pub(crate) ttft_ms: f64,
    /// ITL of the engine, ms.
    ///
    /// 引擎的 ITL，毫秒
    #[arg(long, default_value_t = 20.0)]
    pub(crate) itl_ms: f64,
    /// Output tokens of an answer.
    ///
    /// 一个响应的输出 token 数
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) output_tokens: u64,
    /// Print JSON instead of a table.
    ///
    /// 打印 JSON 而不是表格
    #[arg(long)]
    pub(crate) json: bool,
    /// Language of the table: zh, en or auto.
    ///
    /// 表格的语言：zh、en 或 auto [默认：auto]
    #[arg(long)]
    pub(crate) lang: Option<LangWord>,
}

/// Options of the simulated engine; `--config` sets everything.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dualround simulate --port 8000 --cache-blocks 0
  dualround simulate --fault 5%:status=503 --fault every=20:reset=3 --fault all:split=7
  dualround simulate --config examples/faults.yaml")]
pub(crate) struct SimulateArgs {
    /// YAML or JSON file with the engine's settings.
    ///
    /// 含引擎设置的 YAML 或 JSON 文件
    #[arg(long)]
    pub(crate) config: Option<PathBuf>,
    /// API whose address is printed; the server speaks all of them [default: chat].
    ///
    /// 打印哪个 API 的地址；服务支持全部 API [默认：chat]
    #[arg(long, value_name = "API")]
    pub(crate) api: Option<ApiWord>,
    /// Address to listen on [default: 127.0.0.1].
    ///
    /// 监听地址 [默认：127.0.0.1]
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// Port [default: 8000].
    ///
    /// 端口 [默认：8000]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Model name served [default: sim-1].
    ///
    /// 提供的模型名称 [默认：sim-1]
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Tokens of a cache block.
    ///
    /// 一个缓存块的 token 数
    #[arg(long)]
    pub(crate) block_size: Option<usize>,
    /// Capacity of the prefix cache, blocks; 0: none.
    ///
    /// 前缀缓存的容量，缓存块数；0：无缓存
    #[arg(long)]
    pub(crate) cache_blocks: Option<usize>,
    /// Requests that run at once.
    ///
    /// 同时运行的请求数
    #[arg(long)]
    pub(crate) max_batch: Option<usize>,
    /// Fixed part of a prefill, ms.
    ///
    /// 预填充的固定部分，毫秒
    #[arg(long)]
    pub(crate) prefill_base_ms: Option<f64>,
    /// Prefill per uncached prompt token, ms.
    ///
    /// 每个未缓存的提示词 token 的预填充时间，毫秒
    #[arg(long)]
    pub(crate) prefill_ms_per_token: Option<f64>,
    /// Time per output token, ms.
    ///
    /// 每个输出 token 的时间，毫秒
    #[arg(long)]
    pub(crate) itl_ms: Option<f64>,
    /// What goes wrong, WHEN:WHAT, e.g. 5%:status=503 or request=3:stall=0,2000; can be repeated,
    /// the first that applies counts. A wrong word lists them all.
    ///
    /// 故障，写作 条件:故障，如 5%:status=503 或 request=3:stall=0,2000；可重复，取第一个适用的。
    /// 写错时列出全部写法
    #[arg(long, value_name = "FAULT", action = clap::ArgAction::Append)]
    pub(crate) fault: Vec<simllm::FaultRule>,
}
