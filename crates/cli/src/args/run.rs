//! The settings of a run, a row each: what `-h` and `--help` say of it in English and, in the last
//! paragraph, in Chinese; its type; where it has one, the name of its value; whether `-h` leaves it
//! out. One struct serves flags, environment (`DUALROUND_…`) and the YAML file of `--config`: its
//! keys are the flags' names with underscores. A setting that is not given is `None`, so that 0 and a
//! value equal to the default are settings like any other.

use super::budget::Budget;
use super::setting::one_or_more;
use super::think_time::GivenThinkTime;
use super::words::{
    AnswersWord, ApiWord, ArrivalWord, CacheControlWord, ColdWord, EngineWord, FormatName,
    KeepWord, LangWord, MaxTokensField, PrintedWord, ProgressWord, SamplingWord, StoreTextWord,
    TablesWord, TimestampUnitWord, TokenSourceWord, TurnsWord, UntilWord,
};
use clap::{ArgAction, value_parser};
use std::path::PathBuf;

settings! {
    /// Settings of a run, as given.
    #[command(after_help = "Examples:
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 --concurrency 1 4 16
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 --rounds CWC --require-cold
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 \\
      --prometheus-url http://localhost:8000/metrics --prometheus-metrics auto
-h shows the common flags, --help all. Every flag can be set as DUALROUND_NAME in the environment
or as a key in the --config file (--print-config writes one).")]
    RunArgs

    "Required" / "必需参数" {
        /// Dataset file: JSONL, JSON, CSV, TSV, text, Parquet, or a trace; .gz and .zst too.
        ///
        /// 数据集文件：JSONL、JSON、CSV、TSV、文本、Parquet 或请求 trace；也可 .gz、.zst
        #[arg(value_name = "FILE")]
        dataset: PathBuf,
        /// Endpoint: base URL, …/v1, or the full URL of chat completions, completions, Messages or
        /// Responses.
        ///
        /// 端点：基础 URL、…/v1，或 chat completions、completions、Messages、Responses 的完整 URL
        #[arg(value_name = "URL")]
        endpoint: String,
    }

    "Load" / "负载" {
        /// Samples to use, drawn by the seed: one number, or one a level [default: all].
        ///
        /// 测试的样本数量，按种子抽取：一个数，或每个负载级别一个 [默认：全部]
        #[arg(value_name = "N", num_args = 1.., value_delimiter = ',')]
        #[serde(deserialize_with = "one_or_more")]
        num_samples: Vec<u64>,
        /// Levels ask the same samples, or each its own (disjoint) [default: same].
        ///
        /// 各负载级别使用相同样本，或各用各的（disjoint）[默认：same]
        #[arg(value_name = "HOW", hide_short_help = true)]
        sampling: SamplingWord,
        /// Requests in flight; several values are several levels [default: 1].
        ///
        /// 并发数（可指定多个，每个为一个并发级别）[默认：1]
        #[arg(
            value_name = "N",
            num_args = 1..,
            value_delimiter = ',',
            value_parser = value_parser!(u32).range(1..),
        )]
        #[serde(deserialize_with = "one_or_more")]
        concurrency: Vec<u32>,
        /// Requests a second that arrive whatever is still running (an open loop); several values
        /// are several levels. Not beside --concurrency.
        ///
        /// 每秒到达的请求数，不等在途请求结束（开环）；可指定多个，每个为一个级别。不能与 --concurrency 同用
        #[arg(value_name = "RATE", num_args = 1.., value_delimiter = ',')]
        #[serde(deserialize_with = "one_or_more")]
        request_rate: Vec<f64>,
        /// How the requests of --request-rate arrive: poisson, constant or gamma [default: poisson].
        ///
        /// --request-rate 的请求如何到达：poisson、constant 或 gamma [默认：poisson]
        #[arg(value_name = "PROCESS", hide_short_help = true)]
        arrival: ArrivalWord,
        /// Shape of gamma arrivals: below 1 they come in bursts, above 1 more evenly [default: 1,
        /// as poisson].
        ///
        /// gamma 到达的形状参数：小于 1 更突发，大于 1 更均匀 [默认：1，即 poisson]
        #[arg(value_name = "SHAPE", hide_short_help = true)]
        burstiness: f64,
        /// Most requests in flight at --request-rate; others wait at the client, which TTFT from
        /// the due instant holds [default: no limit].
        ///
        /// --request-rate 下在途请求的上限；超出的在客户端等待，计入自计划时刻起算的 TTFT [默认：不限]
        #[arg(
            value_name = "N",
            value_parser = value_parser!(u32).range(1..),
            hide_short_help = true,
        )]
        max_concurrency: u32,
        /// Send the rows of a trace at their own times (timestamp), in the order of the file: the
        /// first --num-samples of them.
        ///
        /// 按 trace 各行自带的时间（timestamp）回放，顺序同文件，取前 --num-samples 行
        replay: bool,
        /// How many times as fast as the trace --replay goes [default: 1].
        ///
        /// --replay 的速度是 trace 的多少倍 [默认：1]
        #[arg(value_name = "TIMES", hide_short_help = true)]
        replay_speed: f64,
        /// Longest gap between two requests of --replay, or two turns of --turns all, seconds of the
        /// data set; longer ones are cut [default: none; 60 between turns].
        ///
        /// --replay 中两个请求之间、或 --turns all 中两轮对话之间的最长间隔（数据集的秒数），更长的截短
        /// [默认：不限；对话轮次之间 60]
        #[arg(value_name = "S", hide_short_help = true)]
        gap_cap: f64,
        /// Unit of the times of --replay and of gaps, where the format of the file does not say it:
        /// s or ms.
        ///
        /// --replay 与间隔的时间单位（文件格式未规定时必须给出）：s 或 ms
        #[arg(value_name = "UNIT", hide_short_help = true)]
        timestamp_unit: TimestampUnitWord,
        /// Turns of a conversation that are asked: first (one prompt a row) or all (sessions: each
        /// turn when the one before has been answered) [default: first].
        ///
        /// 发送对话的哪些轮次：first（每行一个提示词）或 all（会话：上一轮回答完后再发下一轮）[默认：first]
        #[arg(value_name = "WHICH")]
        turns: TurnsWord,
        /// Answers that later turns build on: recorded (the data set's; where it has none, those of
        /// round 1) or live (those of round 1) [default: recorded].
        ///
        /// 后续对话轮次所依据的回答：recorded（数据集中的；没有则用第 1 轮的）或 live（第 1 轮的）
        /// [默认：recorded]
        #[arg(value_name = "WHOSE", hide_short_help = true)]
        answers: AnswersWord,
        /// Wait between an answer and the next turn: recorded, none, or seconds [default: recorded].
        ///
        /// 回答与下一轮对话之间的等待：recorded、none 或秒数 [默认：recorded]
        #[arg(value_name = "S", hide_short_help = true)]
        think_time: GivenThinkTime,
        /// Header that carries the name of a request's session, for routers.
        ///
        /// 携带会话名称的请求头，供路由器使用
        #[arg(value_name = "NAME", hide_short_help = true)]
        session_header: String,
        /// Rounds of each level: C cold, W warm [default: CW]; CWC controls server warm-up; M mixes
        /// blocks of hits and misses by a coin (CWM: sure from one run); N reuses nothing, not even
        /// inside the round (NC, NCW); E keeps outer cache tiers alone.
        ///
        /// 每个负载级别的轮次：C 冷，W 热 [默认：CW]；CWC 可排除服务端预热的影响；M 按随机分组混合命中与未命中的区块
        /// （CWM：一次运行即可确定）；N 不复用任何内容，轮内也不复用（NC、NCW）；E 只保留外部缓存层
        #[arg(value_name = "CW…")]
        rounds: String,
        /// After the rounds, one more for each share in percent, that keeps that share of every
        /// prompt: TTFT against the share, e.g. 0,25,50,75,100.
        ///
        /// 轮次之后，每个百分比再加一轮，只保留每个提示词的这一部分：TTFT 随比例的变化，如
        /// 0,25,50,75,100
        #[arg(
            value_name = "PERCENT",
            num_args = 1..,
            value_delimiter = ',',
            value_parser = value_parser!(u32).range(0..=100),
            hide_short_help = true,
        )]
        #[serde(deserialize_with = "one_or_more")]
        shared_prefix: Vec<u32>,
        /// Repeat the cold and the warm round until the ratio is sure to be beyond, or within, ±5 %;
        /// --budget is the time that it may take.
        ///
        /// 反复运行冷轮与热轮，直到可以确定加速比在 ±5% 之外或之内；--budget 是允许的时间
        #[arg(value_name = "WHAT")]
        until: UntilWord,
        /// How long a run with --until may take, all levels together: 10m, 90s, 1h30m (no cycle begins
        /// when the time of its level is spent); or the tokens that any run may use: 2Mtok (no round
        /// begins that would go beyond, by the last one of its kind).
        ///
        /// 使用 --until 时整个运行（所有负载级别合计）允许的时间：10m、90s、1h30m（一个负载级别的时间用完后不再开始
        /// 新的冷热循环）；或任何运行允许使用的 token 数：2Mtok（按上一个同类轮次估计会超出时不再开始新的一轮）
        #[arg(value_name = "TIME|TOKENS")]
        budget: Budget,
        /// What two rounds of one kind may differ by as a whole, percent, 0 to 200 [default: 25]:
        /// an effect must be larger; three cycles (--rounds CWCWCW) need no such allowance.
        ///
        /// 同类两轮整体上允许相差的百分比，0 到 200 [默认：25]：差异须大于它才算有效果；
        /// 不少于三个冷热循环（--rounds CWCWCW）时不需要
        #[arg(value_name = "PERCENT", hide_short_help = true)]
        round_noise: f64,
        /// Send the warm rounds in another (seeded) order.
        ///
        /// 热轮用另一种（由种子定的）顺序发送
        #[arg(hide_short_help = true)]
        shuffle_round2: bool,
        /// Warm-up requests with other text before each level [default: one wave]; 0: none.
        ///
        /// 每个负载级别之前用其他文本预热的请求数 [默认：与并发数相同]；0：不预热
        #[arg(value_name = "N", hide_short_help = true)]
        warmup: u32,
        /// Send no priming and canary requests.
        ///
        /// 不发送探测请求，也不预先建连
        #[arg(hide_short_help = true)]
        no_probe: bool,
        /// Pause before each round but the first, seconds [default: 0].
        ///
        /// 除第一轮外每轮之前的停顿，秒 [默认：0]
        #[arg(value_name = "S", hide_short_help = true)]
        round_gap: f64,
        /// Threads that send requests [default: the processors].
        ///
        /// 发送请求的线程数 [默认：处理器数]
        #[arg(
            value_name = "N",
            value_parser = value_parser!(u32).range(1..),
            hide_short_help = true,
        )]
        workers: u32,
        /// Seed of everything drawn [default: from the clock, printed].
        ///
        /// 所有随机抽取的种子 [默认：取自时钟并打印]
        #[arg(value_name = "N")]
        seed: u64,
    }

    "Requests" / "请求" {
        /// Model name [default: the one that the server lists].
        ///
        /// 模型名称 [默认：服务列出的那个]
        model: String,
        /// API of the endpoint [default: by its path, else chat].
        ///
        /// 端点的 API [默认：由路径判断，否则 chat]
        #[arg(value_name = "API")]
        api: ApiWord,
        /// Longest answer, tokens; a row's own value wins. Messages, which want one: 256 without it.
        ///
        /// 最大生成 tokens；行内自带的值优先。Messages 必须有上限：不给则为 256
        #[arg(value_name = "N")]
        max_output_tokens: u64,
        /// Shortest answer, tokens (min_tokens).
        ///
        /// 最小生成 tokens（min_tokens）
        #[arg(value_name = "N", hide_short_help = true)]
        min_output_tokens: u64,
        /// Go on past the end-of-sequence token (ignore_eos).
        ///
        /// 越过结束符继续生成（ignore_eos）
        ignore_eos: bool,
        /// Sampling temperature.
        ///
        /// 生成温度
        #[arg(value_name = "T")]
        temperature: f64,
        /// Nucleus sampling.
        ///
        /// Top-p 采样
        #[arg(value_name = "P", hide_short_help = true)]
        top_p: f64,
        /// Field of the longest answer: max_tokens or max_completion_tokens [default: max_tokens].
        ///
        /// 最大生成 tokens 的字段：max_tokens 或 max_completion_tokens [默认：max_tokens]
        #[arg(value_name = "FIELD", hide_short_help = true)]
        max_tokens_field: MaxTokensField,
        /// Do not send stream_options.
        ///
        /// 不发送 stream_options
        #[arg(hide_short_help = true)]
        no_stream_options: bool,
        /// JSON merged into every body, or @FILE.
        ///
        /// 并入每个请求体的 JSON，或 @FILE
        #[arg(value_name = "JSON", hide_short_help = true)]
        extra_body: String,
        /// Ask the cache of Messages to keep each prompt: breakpoints at the end of the tools, of the
        /// system text and of the last message, for 5m or 1h; off takes a row's own out [default: a
        /// row's own].
        ///
        /// 要求 Messages 的缓存保留每个提示词：在 tools、system 与最后一条消息末尾设断点，保留 5m 或
        /// 1h；off 去掉行内自带的断点 [默认：行内自带的]
        #[arg(value_name = "TTL", hide_short_help = true)]
        cache_control: CacheControlWord,
        /// Shortest prompt that the model caches, tokens [default: by the model's name].
        ///
        /// 模型可缓存的最短提示词，token [默认：由模型名判断]
        #[arg(value_name = "N", hide_short_help = true)]
        cache_min_tokens: u64,
        /// prompt_cache_key of requests: per-epoch, or fixed:VALUE; a hint for routing, beside the
        /// marker (chat, Responses).
        ///
        /// 请求的 prompt_cache_key：per-epoch 或 fixed:值；只是路由提示，唯一前缀仍照常使用（chat、Responses）
        #[arg(value_name = "KEY", hide_short_help = true)]
        prompt_cache_key: String,
        /// prompt_cache_retention of requests, passed through (chat, Responses).
        ///
        /// 请求的 prompt_cache_retention，原样传递（chat、Responses）
        #[arg(value_name = "VALUE", hide_short_help = true)]
        prompt_cache_retention: String,
        /// Send prompts as token ids, by --tokenizer, else the engine's own (completions): exact
        /// lengths, no template.
        ///
        /// 以 token id 发送提示词，由 --tokenizer，否则由引擎自己的分词器得出（completions）：长度精确，无模板
        #[arg(hide_short_help = true)]
        prompt_token_ids: bool,
        /// Key [also from OPENAI_API_KEY; Messages: x-api-key, also from ANTHROPIC_API_KEY].
        ///
        /// 密钥 [也取自 OPENAI_API_KEY；Messages：x-api-key，也取自 ANTHROPIC_API_KEY]
        #[arg(value_name = "KEY")]
        api_key: String,
        /// Further header, 'Name: value'; can be repeated.
        ///
        /// 附加请求头，'名: 值'；可重复
        #[arg(value_name = "HEADER", action = ArgAction::Append, hide_short_help = true)]
        #[serde(deserialize_with = "one_or_more")]
        header: Vec<String>,
        /// Source of output token counts: auto, usage or events [default: auto].
        ///
        /// 输出 token 数的来源：auto、usage 或 events [默认：auto]
        #[arg(value_name = "SOURCE", hide_short_help = true)]
        token_source: TokenSourceWord,
        /// Keep requests with unreadable events instead of failing them.
        ///
        /// 保留含无法读取事件的请求，而不判失败
        #[arg(hide_short_help = true)]
        lenient: bool,
    }

    "Dataset" / "数据集" {
        /// Use this key of each row as the prompt.
        ///
        /// 用每行的这个键作提示词
        #[arg(value_name = "KEY", hide_short_help = true)]
        text_key: String,
        /// Pass over rows that cannot be read, counting them.
        ///
        /// 跳过无法读取的行并计数
        #[arg(hide_short_help = true)]
        skip_bad_rows: bool,
        /// Repeat rows when there are fewer than samples.
        ///
        /// 样本不够时重复行
        #[arg(hide_short_help = true)]
        oversample: bool,
        /// What the file is, where it is not recognised [default: auto].
        ///
        /// 无法识别时指明文件的格式 [默认：auto]
        #[arg(value_name = "NAME", hide_short_help = true)]
        format: FormatName,
        /// Tokenizer for lengths: a tokenizer.json, a model folder or a hub id; engine (cuts by the
        /// engine's /tokenize) or none (characters) [default: engine where it has one, else none].
        ///
        /// 计算长度的分词器：tokenizer.json、模型目录或 Hugging Face 模型 id；engine（用引擎的 /tokenize 截断）或
        /// none（按字符）[默认：引擎有则 engine，否则 none]
        #[arg(value_name = "WHAT", hide_short_help = true)]
        tokenizer: String,
        /// Longest prompt, in tokens (--tokenizer), else characters; longer ones are cut.
        ///
        /// 输入长度上限：有 --tokenizer 时按 token，否则按字符；超出则截断
        #[arg(value_name = "N")]
        max_input_length: u64,
        /// Side of a prompt that is kept when it is cut: end or start [default: end].
        ///
        /// 截断时保留哪一端：end 或 start [默认：end]
        #[arg(value_name = "SIDE", hide_short_help = true)]
        keep: KeepWord,
        /// Leave out prompts that are shorter (tokens or characters).
        ///
        /// 略去更短的提示词（token 或字符）
        #[arg(value_name = "N", hide_short_help = true)]
        min_length: u64,
        /// Leave out prompts that are longer.
        ///
        /// 略去更长的提示词
        #[arg(value_name = "N", hide_short_help = true)]
        max_length: u64,
        /// Draw rows in proportion to the number under this key.
        ///
        /// 按这个键的数值成比例抽取行
        #[arg(value_name = "KEY", hide_short_help = true)]
        weight_key: String,
        /// Tokens of a block of a trace [default: as the trace is known for].
        ///
        /// 请求 trace 一个块的 token 数 [默认：该 trace 已知的值]
        #[arg(
            value_name = "N",
            value_parser = value_parser!(u64).range(1..),
            hide_short_help = true,
        )]
        trace_block_size: u64,
    }

    "Cold rounds" / "冷轮" {
        /// How rounds are made cold: auto, salt, reset or none [default: auto].
        ///
        /// 冷轮的做法：auto、salt、reset 或 none [默认：auto]
        #[arg(value_name = "POLICY")]
        cold: ColdWord,
        /// Reset call before each cold round: URL (POST), or 'METHOD URL'; can be repeated; implies
        /// reset.
        ///
        /// 每个冷轮前的重置调用：URL（POST）或 '方法 URL'；可重复；即 reset
        #[arg(value_name = "URL", action = ArgAction::Append, hide_short_help = true)]
        #[serde(deserialize_with = "one_or_more")]
        reset_cache_url: Vec<String>,
        /// Keep the answers and say how many are the same cold and warm (with --temperature 0).
        ///
        /// 保留输出，并报告冷热两轮有多少输出一致（配合 --temperature 0）
        #[arg(hide_short_help = true)]
        check_output: bool,
        /// Exit code 4 when a condition on a level's comparison holds, e.g. 'ttft.ratio < 3' (see
        /// comparison.json); can be repeated.
        ///
        /// 某个负载级别的对比满足条件时退出码为 4，如 'ttft.ratio < 3'（见 comparison.json）；可重复
        #[arg(value_name = "CONDITION", action = ArgAction::Append)]
        #[serde(deserialize_with = "one_or_more")]
        fail_if: Vec<String>,
        /// The engine, where it is not recognised: vllm, sglang, llama_cpp, lmcache, tensorrt_llm,
        /// dynamo, tgi, hosted.
        ///
        /// 无法识别时指明引擎：vllm、sglang、llama_cpp、lmcache、tensorrt_llm、dynamo、tgi、hosted
        #[arg(hide_short_help = true)]
        engine: EngineWord,
        /// Base URL of an engine or cache server behind the endpoint (one a replica): its counters
        /// are read, its reset is called; can be repeated.
        ///
        /// 端点背后的引擎或缓存服务的基础 URL（每个副本一个）：读取其计数器，调用其重置；可重复
        #[arg(value_name = "URL", action = ArgAction::Append, hide_short_help = true)]
        #[serde(deserialize_with = "one_or_more")]
        admin_url: Vec<String>,
        /// Exit code 4 unless every cold round is verified cold.
        ///
        /// 除非每个冷轮都核实为冷，否则退出码为 4
        require_cold: bool,
    }

    "Limits" / "限制" {
        /// Limit of a request, seconds; 0: none [default: 300].
        ///
        /// 请求超时（秒）；0：不限 [默认：300]
        #[arg(value_name = "S")]
        timeout: f64,
        /// Limit of opening a connection, seconds; 0: none [default: 10].
        ///
        /// 建立连接的时限，秒；0：不限 [默认：10]
        #[arg(value_name = "S", hide_short_help = true)]
        connect_timeout: f64,
        /// Limit up to the first token, seconds [default: none].
        ///
        /// 到首个 token 的时限，秒 [默认：不限]
        #[arg(value_name = "S", hide_short_help = true)]
        first_token_timeout: f64,
        /// Limit between two reads, seconds [default: none].
        ///
        /// 两次读取之间的时限，秒 [默认：不限]
        #[arg(value_name = "S", hide_short_help = true)]
        idle_timeout: f64,
        /// Begin no request of a round later than so long after its start, seconds; what is in
        /// flight is let finish [default: none].
        ///
        /// 每轮开始超过该时长（秒）后不再发新请求，在途请求等其完成 [默认：不限]
        #[arg(value_name = "S")]
        duration: f64,
        /// Send a request again that failed before its first token (connect, reset, 408, 429, 5xx),
        /// up to so often; every attempt is recorded [default: 0].
        ///
        /// 首个 token 之前失败的请求（连接、重置、408、429、5xx）最多重发这么多次；
        /// 每次尝试都有记录 [默认：0]
        #[arg(value_name = "N", hide_short_help = true)]
        retries: u32,
        /// Wait up to so long until the server is ready, seconds [default: 0].
        ///
        /// 等待服务就绪的最长时间（秒）[默认：0]
        #[arg(value_name = "S")]
        wait_ready: f64,
        /// Largest event of a stream, bytes [default: 16777216].
        ///
        /// 流中单个事件的上限，字节 [默认：16777216]
        #[arg(value_name = "N", hide_short_help = true)]
        max_event_bytes: u64,
        /// Largest response body, bytes [default: 1073741824].
        ///
        /// 响应正文的上限，字节 [默认：1073741824]
        #[arg(value_name = "N", hide_short_help = true)]
        max_response_bytes: u64,
        /// End a level after so many failures in a round; exit code 4.
        ///
        /// 一轮中失败达到该数目后结束该负载级别；退出码为 4
        #[arg(value_name = "N", hide_short_help = true)]
        max_failures: u64,
        /// End a level when a larger share of a round's requests has failed (0 to 1); exit code 4.
        ///
        /// 一轮中失败比例超过该值（0 到 1）时结束该负载级别；退出码为 4
        #[arg(value_name = "SHARE", hide_short_help = true)]
        max_failure_rate: f64,
    }

    "Server metrics" / "Prometheus 指标" {
        /// Metrics page to sample, or a Prometheus server to ask; can be repeated.
        ///
        /// 要采样的指标页面，或可查询的 Prometheus 服务；可重复
        #[arg(value_name = "URL", action = ArgAction::Append)]
        #[serde(deserialize_with = "one_or_more")]
        prometheus_url: Vec<String>,
        /// Metrics to report: name, name{label="x"}, [label=]A/B, auto, or PromQL for a server
        /// ($round: range of a round, $since: offset to its start).
        ///
        /// 要报告的指标：名称、名称{标签="x"}、[标签=]A/B、auto，对 Prometheus 服务可用
        /// PromQL（$round：一轮的范围，$since：到其开始的偏移）
        #[arg(value_name = "NAME", num_args = 1..)]
        #[serde(deserialize_with = "one_or_more")]
        prometheus_metrics: Vec<String>,
        /// Header for these URLs alone, 'Name: value'; can be repeated.
        ///
        /// 只用于这些 URL 的请求头，'名: 值'；可重复
        #[arg(value_name = "HEADER", action = ArgAction::Append, hide_short_help = true)]
        #[serde(deserialize_with = "one_or_more")]
        prometheus_header: Vec<String>,
        /// Serve this run's own metrics there while it runs, e.g. 127.0.0.1:9300.
        ///
        /// 运行期间在此提供本次运行自身的指标，如 127.0.0.1:9300
        #[arg(value_name = "ADDR", hide_short_help = true)]
        metrics_listen: String,
        /// Push this run's own metrics to a remote write receiver, e.g.
        /// http://prometheus:9090/api/v1/write.
        ///
        /// 把本次运行自身的指标推送到 remote write 接收端，如 http://prometheus:9090/api/v1/write
        #[arg(value_name = "URL", hide_short_help = true)]
        remote_write: String,
        /// Seconds between samples [default: 1].
        ///
        /// 采样间隔，秒 [默认：1]
        #[arg(value_name = "S", hide_short_help = true)]
        prometheus_interval: f64,
        /// Also sample between the requests of a level of concurrency 1 [default: true].
        ///
        /// 并发为 1 时在请求之间也采样 [默认：true]
        #[arg(hide_short_help = true)]
        prometheus_per_request: bool,
    }

    "Output" / "输出" {
        /// Folder of the results [default: results].
        ///
        /// 输出目录 [默认：results]
        #[arg(value_name = "DIR")]
        output_dir: PathBuf,
        /// Replace an earlier run in that folder.
        ///
        /// 替换该目录中先前的运行
        overwrite: bool,
        /// Go on with the run in this folder at its first unfinished level; all else as it was
        /// given then.
        ///
        /// 在该目录的运行中，从第一个未完成的负载级别继续；其余参数与当时相同
        #[arg(value_name = "DIR")]
        #[serde(skip)]
        resume: PathBuf,
        /// SLO file (YAML) for goodput.
        ///
        /// SLO 配置文件（YAML）
        #[arg(value_name = "FILE")]
        slo_file: PathBuf,
        /// YAML file with what tokens cost: what each round costs, and what a hit saves.
        ///
        /// 含 token 价格的 YAML 文件：每轮的费用，以及命中节省多少
        #[arg(value_name = "FILE", hide_short_help = true)]
        prices: PathBuf,
        /// Text kept in the files: full, preview or none [default: preview].
        ///
        /// 文件中保留的文本：full、preview 或 none [默认：preview]
        #[arg(value_name = "HOW", hide_short_help = true)]
        store_text: StoreTextWord,
        /// What the terminal shows: first (the first cold and warm round of a level in full, later
        /// ones in a line) or all (every round with its notes, and the whole comparison) [default:
        /// first].
        ///
        /// 终端显示的内容：first（每个负载级别的首个冷轮与热轮完整显示，其后每轮一行）或
        /// all（每一轮及其注意事项，以及完整的对比）[默认：first]
        #[arg(value_name = "HOW", hide_short_help = true)]
        tables: TablesWord,
        /// Begin CSV files with a byte order mark, for Excel.
        ///
        /// CSV 文件以字节序标记开头，供 Excel 使用
        #[arg(hide_short_help = true)]
        csv_bom: bool,
        /// Write the arrival of every token event into requests.parquet.
        ///
        /// 把每个 token 事件的到达时刻写入 requests.parquet
        #[arg(hide_short_help = true)]
        chunk_times: bool,
        /// Language of tables: zh, en or auto [default: auto].
        ///
        /// 表格的语言：zh、en 或 auto [默认：auto]
        lang: LangWord,
        /// Progress on stderr: auto (lines on a terminal), plain (text for a log), json (a line a
        /// second) or none [default: auto].
        ///
        /// stderr 上的进度：auto（终端上几行）、plain（日志文本）、json（每秒一行）或 none
        /// [默认：auto]
        #[arg(value_name = "HOW", hide_short_help = true)]
        progress: ProgressWord,
        /// Print only each level's conclusion, and errors.
        ///
        /// 只打印每个负载级别的结论和错误
        #[arg(short)]
        quiet: bool,
        /// YAML file with settings; flags and environment win.
        ///
        /// 含设置的 YAML 文件；命令行与环境变量优先
        #[arg(value_name = "FILE")]
        #[serde(skip)]
        config: PathBuf,
        /// Print every setting with where it comes from, as a file for --config, and stop; =plan
        /// prints what they come to as JSON.
        ///
        /// 打印每个设置及其来源（可作 --config 文件）后停止；=plan 以 JSON 打印最终生效的计划
        #[arg(
            value_name = "WHAT",
            num_args = 0..=1,
            default_missing_value = "settings",
            require_equals = true,
        )]
        #[serde(skip)]
        print_config: PrintedWord,
    }

    "Network" / "网络" {
        /// Trust only the certificates of this PEM file.
        ///
        /// 只信任该 PEM 文件中的证书
        #[arg(value_name = "FILE", hide_short_help = true)]
        ca_cert: PathBuf,
        /// PEM file with this client's certificate and its chain, and its key where --client-key
        /// names no other.
        ///
        /// 含本客户端证书及其链的 PEM 文件；未给 --client-key 时也含私钥
        #[arg(value_name = "FILE", hide_short_help = true)]
        client_cert: PathBuf,
        /// PEM file with the key of --client-cert.
        ///
        /// 含 --client-cert 私钥的 PEM 文件
        #[arg(value_name = "FILE", hide_short_help = true)]
        client_key: PathBuf,
        /// Measure over HTTP/2: by ALPN under TLS, by prior knowledge without.
        ///
        /// 用 HTTP/2 测量：TLS 下用 ALPN，明文连接用 prior knowledge（h2c）
        #[arg(hide_short_help = true)]
        http2: bool,
        /// Proxy for every connection: http://, socks5:// or socks5h://, with user:password@ if it
        /// needs one [default: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, with NO_PROXY; loopback goes
        /// direct].
        ///
        /// 所有连接的代理：http://、socks5:// 或 socks5h://，需要时带 user:password@
        /// [默认：HTTP_PROXY、HTTPS_PROXY、ALL_PROXY 及 NO_PROXY；本机地址直连]
        #[arg(value_name = "URL", hide_short_help = true)]
        proxy: String,
        /// Use no proxy, whatever the environment says.
        ///
        /// 不用任何代理，无论环境变量如何
        #[arg(hide_short_help = true)]
        no_proxy: bool,
        /// Do not verify the server's certificate (recorded in the result).
        ///
        /// 不验证服务器证书（会记录在结果中）
        #[arg(hide_short_help = true)]
        insecure: bool,
    }
}
