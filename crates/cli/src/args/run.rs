//! The settings of a run. One struct serves flags, environment (`DUALROUND_…`) and the YAML file
//! of `--config`: its keys are the flags' names with underscores. A setting that is not given is
//! `None`, so that 0 and a value equal to the default are settings like any other.

use super::sources::{SettingSource, SettingSources};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// Declares the struct once, with the merge of two layers.
macro_rules! settings {
    ($($(#[$meta:meta])* $name:ident: $type:ty,)*) => {
        /// Settings of a run, as given.
        #[derive(Clone, Debug, Default, Args, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        #[command(after_help = "Examples:
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 --concurrency 1 4 16
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 --rounds CWC --require-cold
  dualround --dataset docs.jsonl --endpoint http://localhost:8000/v1 \\
      --prometheus-url http://localhost:8000/metrics --prometheus-metrics auto
-h shows the common flags, --help all. Every flag can be set as DUALROUND_NAME in the environment
or as a key in the --config file (--print-config writes one).")]
        pub(crate) struct RunArgs {
            $($(#[$meta])* pub(crate) $name: Option<$type>,)*
            /// Where each of them comes from.
            #[arg(skip)]
            #[serde(skip)]
            pub(crate) sources: SettingSources,
        }

        impl RunArgs {
            /// These settings, and `lower` where nothing is given.
            pub(crate) fn or(self, lower: Self) -> Self {
                let mut sources = self.sources;
                $(if self.$name.is_none() && lower.$name.is_some() {
                    sources.insert(stringify!($name), SettingSource::File);
                })*
                Self { $($name: self.$name.or(lower.$name),)* sources }
            }

            /// The settings that no file may hold.
            pub(crate) const NOT_IN_FILES: [&str; 3] = ["config", "print_config", "resume"];

            /// The names of all settings.
            pub(crate) const NAMES: &[&'static str] = &[$(stringify!($name)),*];

            /// Every setting with its value, in the order of the help.
            pub(super) fn values(&self) -> Vec<(&'static str, Option<Value>)> {
                vec![$((
                    stringify!($name),
                    self.$name.as_ref().map(|given| serde_json::to_value(given).unwrap_or_default()),
                )),*]
            }
        }
    };
}

settings! {
    /// Dataset file: JSONL, JSON, CSV, TSV, text, Parquet, or a trace; .gz and .zst too.
    #[arg(long, value_name = "FILE", env = "DUALROUND_DATASET", hide_env = true, help_heading = "Required")]
    dataset: PathBuf,
    /// Endpoint: base URL, …/v1 or the full chat completions URL.
    #[arg(long, value_name = "URL", env = "DUALROUND_ENDPOINT", hide_env = true, hide_env_values = true, help_heading = "Required")]
    endpoint: String,

    /// Samples to use, drawn by the seed: one number, or one a level [default: all].
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',', env = "DUALROUND_NUM_SAMPLES", hide_env = true, help_heading = "Load")]
    #[serde(deserialize_with = "super::one_or_more")]
    num_samples: Vec<u64>,
    /// Levels ask the same samples, or each its own (disjoint) [default: same].
    #[arg(long, value_name = "HOW", env = "DUALROUND_SAMPLING", hide_env = true, help_heading = "Load", hide_short_help = true)]
    sampling: String,
    /// Requests in flight; several values are several levels [default: 1].
    #[arg(long, value_name = "N", num_args = 1.., value_delimiter = ',', env = "DUALROUND_CONCURRENCY", hide_env = true, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Load")]
    #[serde(deserialize_with = "super::one_or_more")]
    concurrency: Vec<u32>,
    /// Rounds of each level: C cold, W warm [default: CW]; CWC controls server warm-up.
    #[arg(long, value_name = "CW…", env = "DUALROUND_ROUNDS", hide_env = true, help_heading = "Load")]
    rounds: String,
    /// After the rounds, one more for each share in percent, that keeps that share of every prompt:
    /// TTFT against the share, e.g. 0,25,50,75,100.
    #[arg(long, value_name = "PERCENT", num_args = 1.., value_delimiter = ',', env = "DUALROUND_SHARED_PREFIX", hide_env = true, value_parser = clap::value_parser!(u32).range(0..=100), help_heading = "Load", hide_short_help = true)]
    #[serde(deserialize_with = "super::one_or_more")]
    shared_prefix: Vec<u32>,
    /// What two rounds of one kind may differ by as a whole, percent, 0 to 200 [default: 25]: an
    /// effect must be larger; three cycles (--rounds CWCWCW) need no such allowance.
    #[arg(long, value_name = "PERCENT", env = "DUALROUND_ROUND_NOISE", hide_env = true, help_heading = "Load", hide_short_help = true)]
    round_noise: f64,
    /// Send the warm rounds in another (seeded) order.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_SHUFFLE_ROUND2", hide_env = true, help_heading = "Load", hide_short_help = true)]
    shuffle_round2: bool,
    /// Warm-up requests with other text before each level [default: one wave]; 0: none.
    #[arg(long, value_name = "N", env = "DUALROUND_WARMUP", hide_env = true, help_heading = "Load", hide_short_help = true)]
    warmup: u32,
    /// Send no priming and canary requests.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_NO_PROBE", hide_env = true, help_heading = "Load", hide_short_help = true)]
    no_probe: bool,
    /// Pause before each round but the first, seconds [default: 0].
    #[arg(long, value_name = "S", env = "DUALROUND_ROUND_GAP", hide_env = true, help_heading = "Load", hide_short_help = true)]
    round_gap: f64,
    /// Threads that send requests [default: the processors].
    #[arg(long, value_name = "N", env = "DUALROUND_WORKERS", hide_env = true, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Load", hide_short_help = true)]
    workers: u32,
    /// Seed of everything drawn [default: from the clock, printed].
    #[arg(long, value_name = "N", env = "DUALROUND_SEED", hide_env = true, help_heading = "Load")]
    seed: u64,

    /// Model name [default: the one that the server lists].
    #[arg(long, env = "DUALROUND_MODEL", hide_env = true, help_heading = "Requests")]
    model: String,
    /// Longest answer, tokens; a row's own value wins.
    #[arg(long, value_name = "N", env = "DUALROUND_MAX_OUTPUT_TOKENS", hide_env = true, help_heading = "Requests")]
    max_output_tokens: u64,
    /// Shortest answer, tokens (min_tokens).
    #[arg(long, value_name = "N", env = "DUALROUND_MIN_OUTPUT_TOKENS", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    min_output_tokens: u64,
    /// Go on past the end-of-sequence token (ignore_eos).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_IGNORE_EOS", hide_env = true, help_heading = "Requests")]
    ignore_eos: bool,
    /// Sampling temperature.
    #[arg(long, value_name = "T", env = "DUALROUND_TEMPERATURE", hide_env = true, help_heading = "Requests")]
    temperature: f64,
    /// Nucleus sampling.
    #[arg(long, value_name = "P", env = "DUALROUND_TOP_P", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    top_p: f64,
    /// Field of the longest answer: max_tokens or max_completion_tokens [default: max_tokens].
    #[arg(long, value_name = "FIELD", env = "DUALROUND_MAX_TOKENS_FIELD", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    max_tokens_field: String,
    /// Do not send stream_options.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_NO_STREAM_OPTIONS", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    no_stream_options: bool,
    /// JSON merged into every body, or @FILE.
    #[arg(long, value_name = "JSON", env = "DUALROUND_EXTRA_BODY", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    extra_body: String,
    /// Bearer key [also from OPENAI_API_KEY].
    #[arg(long, value_name = "KEY", env = "DUALROUND_API_KEY", hide_env = true, hide_env_values = true, help_heading = "Requests")]
    api_key: String,
    /// Further header, 'Name: value'; can be repeated.
    #[arg(long, value_name = "HEADER", action = clap::ArgAction::Append, env = "DUALROUND_HEADER", hide_env = true, hide_env_values = true, help_heading = "Requests", hide_short_help = true)]
    #[serde(deserialize_with = "super::one_or_more")]
    header: Vec<String>,
    /// Source of output token counts: auto, usage or events [default: auto].
    #[arg(long, value_name = "SOURCE", env = "DUALROUND_TOKEN_SOURCE", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    token_source: String,
    /// Keep requests with unreadable events instead of failing them.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_LENIENT", hide_env = true, help_heading = "Requests", hide_short_help = true)]
    lenient: bool,

    /// Use this key of each row as the prompt.
    #[arg(long, value_name = "KEY", env = "DUALROUND_TEXT_KEY", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    text_key: String,
    /// Pass over rows that cannot be read, counting them.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_SKIP_BAD_ROWS", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    skip_bad_rows: bool,
    /// Repeat rows when there are fewer than samples.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_OVERSAMPLE", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    oversample: bool,
    /// What the file is, where it is not recognised [default: auto].
    #[arg(long, value_name = "NAME", env = "DUALROUND_FORMAT", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    format: String,
    /// Tokenizer for lengths: a tokenizer.json, a model folder or a hub id; engine (cuts by the
    /// engine's /tokenize) or none (characters) [default: engine where it has one, else none].
    #[arg(long, value_name = "WHAT", env = "DUALROUND_TOKENIZER", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    tokenizer: String,
    /// Longest prompt, in tokens (--tokenizer), else characters; longer ones are cut.
    #[arg(long, value_name = "N", env = "DUALROUND_MAX_INPUT_LENGTH", hide_env = true, help_heading = "Dataset")]
    max_input_length: u64,
    /// Side of a prompt that is kept when it is cut: end or start [default: end].
    #[arg(long, value_name = "SIDE", env = "DUALROUND_KEEP", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    keep: String,
    /// Leave out prompts that are shorter (tokens or characters).
    #[arg(long, value_name = "N", env = "DUALROUND_MIN_LENGTH", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    min_length: u64,
    /// Leave out prompts that are longer.
    #[arg(long, value_name = "N", env = "DUALROUND_MAX_LENGTH", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    max_length: u64,
    /// Draw rows in proportion to the number under this key.
    #[arg(long, value_name = "KEY", env = "DUALROUND_WEIGHT_KEY", hide_env = true, help_heading = "Dataset", hide_short_help = true)]
    weight_key: String,
    /// Tokens of a block of a trace [default: as the trace is known for].
    #[arg(long, value_name = "N", env = "DUALROUND_TRACE_BLOCK_SIZE", hide_env = true, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Dataset", hide_short_help = true)]
    trace_block_size: u64,

    /// How rounds are made cold: auto, salt, reset or none [default: auto].
    #[arg(long, value_name = "POLICY", env = "DUALROUND_COLD", hide_env = true, help_heading = "Cold rounds")]
    cold: String,
    /// Reset call before each cold round: URL (POST), or 'METHOD URL'; can be repeated; implies reset.
    #[arg(long, value_name = "URL", action = clap::ArgAction::Append, env = "DUALROUND_RESET_CACHE_URL", hide_env = true, hide_env_values = true, help_heading = "Cold rounds", hide_short_help = true)]
    #[serde(deserialize_with = "super::one_or_more")]
    reset_cache_url: Vec<String>,
    /// Keep the answers and say how many are the same cold and warm (with --temperature 0).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_CHECK_OUTPUT", hide_env = true, help_heading = "Cold rounds", hide_short_help = true)]
    check_output: bool,
    /// Exit code 4 when a condition on a level's comparison holds, e.g. 'ttft.ratio < 3' (see comparison.json); can be repeated.
    #[arg(long, value_name = "CONDITION", action = clap::ArgAction::Append, env = "DUALROUND_FAIL_IF", hide_env = true, help_heading = "Cold rounds")]
    #[serde(deserialize_with = "super::one_or_more")]
    fail_if: Vec<String>,
    /// The engine, where it is not recognised: vllm, sglang, llama_cpp, lmcache, tensorrt_llm, dynamo, tgi, hosted.
    #[arg(long, env = "DUALROUND_ENGINE", hide_env = true, help_heading = "Cold rounds", hide_short_help = true)]
    engine: String,
    /// Base URL of an engine or cache server behind the endpoint (one a replica): its counters are read, its reset is called; can be repeated.
    #[arg(long, value_name = "URL", action = clap::ArgAction::Append, env = "DUALROUND_ADMIN_URL", hide_env = true, hide_env_values = true, help_heading = "Cold rounds", hide_short_help = true)]
    #[serde(deserialize_with = "super::one_or_more")]
    admin_url: Vec<String>,
    /// Exit code 4 unless every cold round is verified cold.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_REQUIRE_COLD", hide_env = true, help_heading = "Cold rounds")]
    require_cold: bool,

    /// Limit of a request, seconds; 0: none [default: 300].
    #[arg(long, value_name = "S", env = "DUALROUND_TIMEOUT", hide_env = true, help_heading = "Limits")]
    timeout: f64,
    /// Limit of opening a connection, seconds; 0: none [default: 10].
    #[arg(long, value_name = "S", env = "DUALROUND_CONNECT_TIMEOUT", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    connect_timeout: f64,
    /// Limit up to the first token, seconds [default: none].
    #[arg(long, value_name = "S", env = "DUALROUND_FIRST_TOKEN_TIMEOUT", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    first_token_timeout: f64,
    /// Limit between two reads, seconds [default: none].
    #[arg(long, value_name = "S", env = "DUALROUND_IDLE_TIMEOUT", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    idle_timeout: f64,
    /// Begin no request of a round later than so long after its start, seconds; what is in flight is let finish [default: none].
    #[arg(long, value_name = "S", env = "DUALROUND_DURATION", hide_env = true, help_heading = "Limits")]
    duration: f64,
    /// Send a request again that failed before its first token (connect, reset, 408, 429, 5xx), up to so often; every attempt is recorded [default: 0].
    #[arg(long, value_name = "N", env = "DUALROUND_RETRIES", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    retries: u32,
    /// Wait up to so long until the server is ready, seconds [default: 0].
    #[arg(long, value_name = "S", env = "DUALROUND_WAIT_READY", hide_env = true, help_heading = "Limits")]
    wait_ready: f64,
    /// Largest event of a stream, bytes [default: 16777216].
    #[arg(long, value_name = "N", env = "DUALROUND_MAX_EVENT_BYTES", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    max_event_bytes: u64,
    /// Largest response body, bytes [default: 1073741824].
    #[arg(long, value_name = "N", env = "DUALROUND_MAX_RESPONSE_BYTES", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    max_response_bytes: u64,
    /// End a level after so many failures in a round; exit code 4.
    #[arg(long, value_name = "N", env = "DUALROUND_MAX_FAILURES", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    max_failures: u64,
    /// End a level when a larger share of a round's requests has failed (0 to 1); exit code 4.
    #[arg(long, value_name = "SHARE", env = "DUALROUND_MAX_FAILURE_RATE", hide_env = true, help_heading = "Limits", hide_short_help = true)]
    max_failure_rate: f64,

    /// Metrics page to sample, or a Prometheus server to ask; can be repeated.
    #[arg(long, value_name = "URL", action = clap::ArgAction::Append, env = "DUALROUND_PROMETHEUS_URL", hide_env = true, hide_env_values = true, help_heading = "Server metrics")]
    #[serde(deserialize_with = "super::one_or_more")]
    prometheus_url: Vec<String>,
    /// Metrics to report: name, name{label="x"}, [label=]A/B, auto, or PromQL for a server ($round: range of a round, $since: offset to its start).
    #[arg(long, value_name = "NAME", num_args = 1.., env = "DUALROUND_PROMETHEUS_METRICS", hide_env = true, help_heading = "Server metrics")]
    #[serde(deserialize_with = "super::one_or_more")]
    prometheus_metrics: Vec<String>,
    /// Header for these URLs alone, 'Name: value'; can be repeated.
    #[arg(long, value_name = "HEADER", action = clap::ArgAction::Append, env = "DUALROUND_PROMETHEUS_HEADER", hide_env = true, hide_env_values = true, help_heading = "Server metrics", hide_short_help = true)]
    #[serde(deserialize_with = "super::one_or_more")]
    prometheus_header: Vec<String>,
    /// Serve this run's own metrics there while it runs, e.g. 127.0.0.1:9300.
    #[arg(long, value_name = "ADDR", env = "DUALROUND_METRICS_LISTEN", hide_env = true, help_heading = "Server metrics", hide_short_help = true)]
    metrics_listen: String,
    /// Push this run's own metrics to a remote write receiver, e.g. http://prometheus:9090/api/v1/write.
    #[arg(long, value_name = "URL", env = "DUALROUND_REMOTE_WRITE", hide_env = true, hide_env_values = true, help_heading = "Server metrics", hide_short_help = true)]
    remote_write: String,
    /// Seconds between samples [default: 1].
    #[arg(long, value_name = "S", env = "DUALROUND_PROMETHEUS_INTERVAL", hide_env = true, help_heading = "Server metrics", hide_short_help = true)]
    prometheus_interval: f64,
    /// Also sample between the requests of a level of concurrency 1 [default: true].
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_PROMETHEUS_PER_REQUEST", hide_env = true, help_heading = "Server metrics", hide_short_help = true)]
    prometheus_per_request: bool,

    /// Folder of the results [default: results].
    #[arg(long, value_name = "DIR", env = "DUALROUND_OUTPUT_DIR", hide_env = true, help_heading = "Output")]
    output_dir: PathBuf,
    /// Replace an earlier run in that folder.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_OVERWRITE", hide_env = true, help_heading = "Output")]
    overwrite: bool,
    /// Go on with the run in this folder at its first unfinished level; all else as it was given then.
    #[arg(long, value_name = "DIR", env = "DUALROUND_RESUME", hide_env = true, help_heading = "Output")]
    #[serde(skip)]
    resume: PathBuf,
    /// SLO file (YAML) for goodput.
    #[arg(long, value_name = "FILE", env = "DUALROUND_SLO_FILE", hide_env = true, help_heading = "Output")]
    slo_file: PathBuf,
    /// Text kept in the files: full, preview or none [default: preview].
    #[arg(long, value_name = "HOW", env = "DUALROUND_STORE_TEXT", hide_env = true, help_heading = "Output", hide_short_help = true)]
    store_text: String,
    /// What the terminal shows: first (the first cold and warm round of a level in full, later ones in a line) or all (every round with its notes, and the whole comparison) [default: first].
    #[arg(long, value_name = "HOW", env = "DUALROUND_TABLES", hide_env = true, help_heading = "Output", hide_short_help = true)]
    tables: String,
    /// Begin CSV files with a byte order mark, for Excel.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_CSV_BOM", hide_env = true, help_heading = "Output", hide_short_help = true)]
    csv_bom: bool,
    /// Write the arrival of every token event into requests.parquet.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_CHUNK_TIMES", hide_env = true, help_heading = "Output", hide_short_help = true)]
    chunk_times: bool,
    /// Language of tables: zh, en or auto [default: auto].
    #[arg(long, env = "DUALROUND_LANG", hide_env = true, help_heading = "Output")]
    lang: String,
    /// Progress on stderr: auto (lines on a terminal), plain (text for a log), json (a line a second) or none [default: auto].
    #[arg(long, value_name = "HOW", env = "DUALROUND_PROGRESS", hide_env = true, help_heading = "Output", hide_short_help = true)]
    progress: String,
    /// Print only each level's conclusion, and errors.
    #[arg(long, short, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_QUIET", hide_env = true, help_heading = "Output")]
    quiet: bool,
    /// YAML file with settings; flags and environment win.
    #[arg(long, value_name = "FILE", env = "DUALROUND_CONFIG", hide_env = true, help_heading = "Output")]
    #[serde(skip)]
    config: PathBuf,
    /// Print every setting with where it comes from, as a file for --config, and stop; =plan prints
    /// what they come to as JSON.
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "settings", require_equals = true, value_parser = ["settings", "plan"], hide_possible_values = true, help_heading = "Output")]
    #[serde(skip)]
    print_config: String,

    /// Trust only the certificates of this PEM file.
    #[arg(long, value_name = "FILE", env = "DUALROUND_CA_CERT", hide_env = true, help_heading = "Network", hide_short_help = true)]
    ca_cert: PathBuf,
    /// PEM file with this client's certificate and its chain, and its key where --client-key names no other.
    #[arg(long, value_name = "FILE", env = "DUALROUND_CLIENT_CERT", hide_env = true, help_heading = "Network", hide_short_help = true)]
    client_cert: PathBuf,
    /// PEM file with the key of --client-cert.
    #[arg(long, value_name = "FILE", env = "DUALROUND_CLIENT_KEY", hide_env = true, help_heading = "Network", hide_short_help = true)]
    client_key: PathBuf,
    /// Measure over HTTP/2: by ALPN under TLS, by prior knowledge without.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_HTTP2", hide_env = true, help_heading = "Network", hide_short_help = true)]
    http2: bool,
    /// Proxy for every connection: http://, socks5:// or socks5h://, with user:password@ if it needs one [default: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, with NO_PROXY; loopback goes direct].
    #[arg(long, value_name = "URL", env = "DUALROUND_PROXY", hide_env = true, hide_env_values = true, help_heading = "Network", hide_short_help = true)]
    proxy: String,
    /// Use no proxy, whatever the environment says.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_NO_PROXY", hide_env = true, help_heading = "Network", hide_short_help = true)]
    no_proxy: bool,
    /// Do not verify the server's certificate (recorded in the result).
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true, hide_possible_values = true, env = "DUALROUND_INSECURE", hide_env = true, help_heading = "Network", hide_short_help = true)]
    insecure: bool,
}
