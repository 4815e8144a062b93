//! The fully resolved plan of a run: what every setting came to. Stored with every result.

use crate::{
    Api, CacheControl, CachePlan, ColdPlan, DatasetPlan, EngineKind, Judging, Load, NetworkPlan,
    PriceTable, Pricing, RoundKind, RoundSpec, Schedule, Secret, Slo, UntilPlan, WriteTtl,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;

/// Everything that decides what a run does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The URL of the API, as resolved from `--endpoint`; credentials removed when stored.
    pub endpoint: String,
    /// `user:password` of the URL, sent as basic authorisation.
    #[serde(skip)]
    pub endpoint_userinfo: Option<Secret>,
    /// The model asked for.
    pub model: String,
    /// What is read.
    pub dataset: DatasetPlan,
    /// What every request holds.
    pub request: RequestPlan,
    /// The load of each level, in order.
    #[serde(with = "crate::load::by_number")]
    pub levels: Vec<Load>,
    /// Most requests in flight of an open loop; `None`: as many as its server makes it hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrency: Option<u32>,
    /// Cold rounds only fill the cache, by a closed loop of so many requests in flight, whatever the
    /// load of the level; `None`: they have that load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priming: Option<u32>,
    /// The rounds of every level.
    pub schedule: Schedule,
    /// Repeat the schedule until it is decided; `None`: run it once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilPlan>,
    /// Shares of each prompt that partial rounds after the schedule keep, percent.
    #[serde(default)]
    pub shared_prefix: Vec<u32>,
    /// How cold rounds are made cold.
    pub cold: ColdPlan,
    /// The engine, where the user names it; `None`: found out.
    #[serde(default)]
    pub engine: Option<EngineKind>,
    /// Base URLs of the engines behind the endpoint (one a replica), and of cache servers; empty:
    /// the endpoint's own.
    #[serde(default)]
    pub admin_urls: Vec<String>,
    /// What two rounds of one kind may differ by, percent; `None`: the default.
    #[serde(default)]
    pub round_noise: Option<f64>,
    /// Send warm rounds in another (seeded) order.
    pub shuffle_round2: bool,
    /// Warm-up requests before each level; `None`: one wave of the level's size.
    pub warmup: Option<u32>,
    /// Priming and canary requests are allowed.
    pub probe: bool,
    /// Pause before each round but the first, ms.
    pub round_gap_ms: u64,
    /// Time limits.
    pub timeouts: Timeouts,
    /// When to stop early.
    pub limits: LimitsPlan,
    /// Server metrics.
    pub prometheus: PrometheusPlan,
    /// Service level objectives.
    pub slo: Option<Slo>,
    /// What tokens cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<PriceTable>,
    /// What is written.
    pub output: OutputPlan,
    /// Runtimes (threads) that send requests.
    pub workers: u32,
    /// Seed of everything drawn: selection, order, markers.
    pub seed: u64,
}

impl Plan {
    /// A plan with the guide's defaults: one level of one request in flight, a cold and a warm
    /// round, all samples, time limits of 10 s to connect and 300 s in all.
    pub fn new(endpoint: impl Into<String>, dataset: impl Into<PathBuf>) -> Self {
        Self {
            endpoint: endpoint.into(),
            endpoint_userinfo: None,
            model: String::new(),
            dataset: DatasetPlan::new(dataset),
            request: RequestPlan::default(),
            levels: vec![Load::Concurrency(1)],
            max_concurrency: None,
            priming: None,
            schedule: Schedule::default(),
            until: None,
            shared_prefix: Vec::new(),
            cold: ColdPlan::default(),
            engine: None,
            admin_urls: Vec::new(),
            round_noise: None,
            shuffle_round2: false,
            warmup: None,
            probe: true,
            round_gap_ms: 0,
            timeouts: Timeouts::default(),
            limits: LimitsPlan::default(),
            prometheus: PrometheusPlan::default(),
            slo: None,
            prices: None,
            output: OutputPlan::default(),
            workers: 1,
            seed: 0,
        }
    }
}

impl Plan {
    /// The API that requests are sent to, by the endpoint's path.
    pub fn api(&self) -> Api {
        Api::of_path(&self.endpoint)
            .map(|(api, _)| api)
            .unwrap_or_default()
    }

    /// Shortest prompt that the model caches, tokens, where it is said, or known and asked for.
    pub fn least_cached_tokens(&self) -> Option<u64> {
        let cache = &self.request.cache;
        let asked = cache.control.and_then(CacheControl::ttl);
        let known = asked.and_then(|_| crate::least_cached_tokens(&self.model));
        cache.min_tokens.or(known)
    }

    /// What tokens of the plan's model are priced by; `None` without prices, or without any of it.
    pub fn pricing(&self) -> Option<Pricing> {
        let table = self.prices.as_ref()?;
        let cache = &self.request.cache;
        let control = cache.control.and_then(CacheControl::ttl);
        let asked = control.or(cache.retention.as_deref());
        Some(Pricing {
            currency: table.currency.clone(),
            prices: *table.of(&self.model)?,
            write_ttl: asked.and_then(WriteTtl::of),
            other_ttl: asked.is_some_and(|asked| WriteTtl::of(asked).is_none()),
        })
    }

    /// What the judgement of a level depends on beside its rounds.
    pub fn judging(&self) -> Judging {
        Judging {
            schedule: self.schedule.clone(),
            round_noise: self.round_noise,
            same_samples: !self.dataset.levels_differ(),
            until: self.until.is_some(),
        }
    }

    /// The name of a level: its load, with its count where the plan repeats one (`4 #2`).
    pub fn level_name(&self, level: u32) -> String {
        let load = self.levels.get(level as usize);
        let name = load.map(Load::to_string).unwrap_or_default();
        match self.level_repeat(level) {
            1 => name,
            count => format!("{name} #{count}"),
        }
    }

    /// The names of all levels, in order.
    pub fn level_names(&self) -> Vec<String> {
        (0..)
            .zip(&self.levels)
            .map(|(level, _)| self.level_name(level))
            .collect()
    }

    /// How often the load of this level has come up in the plan, this level included; at
    /// least 1.
    pub fn level_repeat(&self, level: u32) -> u32 {
        let Some(own) = self.levels.get(level as usize) else {
            return 1;
        };
        let earlier = self.levels.iter().take(level as usize);
        earlier
            .filter(|one| *one == own)
            .fold(1, |count, _| count + 1)
    }

    /// The load of the level at this position.
    pub fn own_load(&self, level: u32) -> Load {
        let own = self.levels.get(level as usize).copied();
        own.unwrap_or_default()
    }

    /// The load of a round of this kind in the level at this position.
    pub fn load_of(&self, level: u32, kind: RoundKind) -> Load {
        if let (Some(in_flight), RoundKind::Cold) = (self.priming, kind) {
            return Load::Concurrency(in_flight);
        }
        self.own_load(level)
    }

    /// The rounds of every level, in order.
    pub fn rounds(&self) -> Vec<RoundSpec> {
        self.schedule.rounds_with(&self.shared_prefix)
    }
}

/// What every request holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestPlan {
    /// Longest answer, tokens.
    pub max_output_tokens: Option<u64>,
    /// Shortest answer, tokens (`min_tokens`).
    pub min_output_tokens: Option<u64>,
    /// Go on past the end-of-sequence token (`ignore_eos`); not sent where it is not given.
    pub ignore_eos: Option<bool>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// The field that carries the longest answer: `max_tokens`, `max_completion_tokens`, or that of
    /// the API.
    pub max_tokens_field: String,
    /// Send `stream_options: {"include_usage": true}`.
    pub stream_options: bool,
    /// JSON merged into every body last; secrets in it are stored as `***`.
    #[serde(serialize_with = "crate::secret_names::serialize_masked")]
    pub extra_body: Map<String, Value>,
    /// What a cache is asked for in fields of the API.
    #[serde(default, skip_serializing_if = "CachePlan::is_empty")]
    pub cache: CachePlan,
    /// Prompts are sent as token ids (completions).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompt_token_ids: bool,
    /// The key.
    pub api_key: Option<Secret>,
    /// The key goes as `Authorization: Bearer` although the API has a header of its own for it: the
    /// server refused that one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub key_as_bearer: bool,
    /// Further headers; their values are secrets.
    pub headers: Vec<(String, Secret)>,
    /// The header that carries the name of a request's session; `None`: none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_header: Option<String>,
    /// Which source of output token counts to take.
    pub token_source: TokenSourceChoice,
    /// Keep requests with unreadable events instead of failing them.
    pub lenient: bool,
    /// How its servers, and everything beside them, are reached.
    #[serde(flatten)]
    pub network: NetworkPlan,
}

impl Default for RequestPlan {
    fn default() -> Self {
        Self {
            max_output_tokens: None,
            min_output_tokens: None,
            ignore_eos: None,
            temperature: None,
            top_p: None,
            max_tokens_field: "max_tokens".to_owned(),
            stream_options: true,
            extra_body: Map::new(),
            cache: CachePlan::default(),
            prompt_token_ids: false,
            api_key: None,
            key_as_bearer: false,
            headers: Vec::new(),
            session_header: None,
            token_source: TokenSourceChoice::Auto,
            lenient: false,
            network: NetworkPlan::default(),
        }
    }
}

/// Which source of output token counts to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSourceChoice {
    /// `usage`, else events.
    #[default]
    Auto,
    /// `usage` only; unknown without it.
    Usage,
    /// Events only.
    Events,
}

/// Time limits of a request, ms; `None`: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// To open a connection.
    pub connect_ms: Option<u64>,
    /// From t0 to the first token.
    pub first_token_ms: Option<u64>,
    /// Between any two reads.
    pub idle_ms: Option<u64>,
    /// From t0 to the end.
    pub total_ms: Option<u64>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_ms: Some(10_000),
            first_token_ms: None,
            idle_ms: None,
            total_ms: Some(300_000),
        }
    }
}

/// When a level is stopped early, and what one response may cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitsPlan {
    /// After so many failures in a round.
    pub max_failures: Option<u64>,
    /// When a larger share of a round's requests has failed (0 to 1).
    pub max_failure_rate: Option<f64>,
    /// No request of a round is begun later than so long after its start, ms.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// Tokens of prompts and answers that the run may use: no round begins that would go beyond, if it
    /// used as many as the last one of its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_tokens: Option<u64>,
    /// How often a request that failed before its first token is sent again.
    #[serde(default)]
    pub retries: u32,
    /// Largest event of a stream, bytes.
    #[serde(default = "LimitsPlan::default_event_bytes")]
    pub max_event_bytes: u64,
    /// Largest response body, bytes.
    #[serde(default = "LimitsPlan::default_response_bytes")]
    pub max_response_bytes: u64,
}

impl LimitsPlan {
    fn default_event_bytes() -> u64 {
        16 << 20
    }

    fn default_response_bytes() -> u64 {
        1 << 30
    }
}

impl Default for LimitsPlan {
    fn default() -> Self {
        Self {
            max_failures: None,
            max_failure_rate: None,
            duration_ms: None,
            retries: 0,
            budget_tokens: None,
            max_event_bytes: Self::default_event_bytes(),
            max_response_bytes: Self::default_response_bytes(),
        }
    }
}

/// Server metrics to sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrometheusPlan {
    /// Pages to read; credentials removed when stored.
    pub urls: Vec<String>,
    /// Asked metrics.
    pub metrics: Vec<String>,
    /// Between background samples, ms.
    pub interval_ms: u64,
    /// Headers for these URLs alone, values masked when shown.
    #[serde(default)]
    pub headers: Vec<(String, Secret)>,
    /// Scrape between the requests of a level of concurrency 1.
    pub per_request: bool,
}

impl Default for PrometheusPlan {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            metrics: Vec::new(),
            interval_ms: 1000,
            headers: Vec::new(),
            per_request: true,
        }
    }
}

/// What is written where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputPlan {
    /// The folder.
    pub dir: PathBuf,
    /// Replace an earlier run in it.
    pub overwrite: bool,
    /// How much text is kept.
    pub store_text: StoreText,
    /// Keep the answers too, and compare them cold against warm.
    #[serde(default)]
    pub check_output: bool,
    /// Language of tables and CSV labels.
    pub lang: Lang,
    /// Begin CSV files with a byte order mark, which Excel needs to take them for UTF-8.
    #[serde(default)]
    pub csv_bom: bool,
    /// What the terminal shows.
    #[serde(default)]
    pub tables: Tables,
    /// Write the arrival of every token event into `requests.parquet`.
    #[serde(default)]
    pub chunk_times: bool,
}

impl OutputPlan {
    /// Generated text is kept in the records.
    pub fn keeps_answers(&self) -> bool {
        self.check_output || self.store_text == StoreText::Full
    }
}

impl Default for OutputPlan {
    fn default() -> Self {
        Self {
            dir: "results".into(),
            overwrite: false,
            store_text: StoreText::default(),
            check_output: false,
            lang: Lang::default(),
            csv_bom: false,
            tables: Tables::First,
            chunk_times: false,
        }
    }
}

/// How much prompt and output text is kept in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreText {
    /// All of it.
    Full,
    /// The first 200 characters of the prompt and a digest.
    #[default]
    Preview,
    /// The digest only.
    None,
}

/// What is shown of rounds and comparisons on the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tables {
    /// The first cold and the first warm round of each level in full, later rounds in a line.
    #[default]
    First,
    /// Every round in full with its notes, and the whole comparison of each level.
    All,
}

/// Language of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// 中文.
    Zh,
}

impl Lang {
    /// The one of two, in English and Chinese.
    pub fn pick<T>(self, words: [T; 2]) -> T {
        let [en, zh] = words;
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }

    /// As in `--lang` and in HTML.
    pub fn code(self) -> &'static str {
        self.pick(["en", "zh"])
    }
}
