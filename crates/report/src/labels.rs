//! Every word of tables and CSV files, once a language. A missing translation does not compile.

use crate::number::times;
use dualround_model::{
    Arrivals, Lang, LevelComparison, Load, MetricComparison, RoundKind, RoundSpec, Verdict,
};

/// The words of tables and CSV files in one language.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each field is named after the word it holds")]
pub struct Labels {
    pub lang: Lang,
    pub concurrency: &'static str,
    pub request_rate: &'static str,
    pub replay: &'static str,
    pub arrivals: &'static str,
    pub cold: &'static str,
    pub warm: &'static str,
    pub external: &'static str,
    pub mixed: &'static str,
    pub no_reuse: &'static str,
    pub t_sequential: &'static str,
    pub prefix_kept: &'static str,
    pub by_tokens: &'static str,
    pub by_chars: &'static str,
    pub total_requests: &'static str,
    pub success: &'static str,
    pub failed: &'static str,
    pub cancelled: &'static str,
    pub not_started: &'static str,
    pub duration: &'static str,
    pub seconds: &'static str,
    pub avg_input: &'static str,
    pub avg_output: &'static str,
    pub metric: &'static str,
    pub token_throughput: &'static str,
    pub request_throughput: &'static str,
    pub slo_requests: &'static str,
    pub slo_tokens: &'static str,
    pub slo_rate: &'static str,
    /// Good requests per second.
    pub goodput_requests: &'static str,
    pub cache: &'static str,
    pub failures: &'static str,
    pub warnings: &'static str,
    pub csv_corner: &'static str,
    pub csv_concurrency: &'static str,
    pub csv_rate: &'static str,
    pub csv_replay: &'static str,
    pub throughput: &'static str,
    pub goodput: &'static str,
    pub counts: &'static str,
    pub planned: &'static str,
    pub duration_s: &'static str,
    pub cached_tokens: &'static str,
    /// Prompt tokens that a round wrote into the cache.
    pub written_tokens: &'static str,
    /// What a round cost.
    pub cost: &'static str,
    /// What its hits saved.
    pub cost_saved: &'static str,
    pub hit_rate: &'static str,
    pub cache_known: &'static str,
    pub increase: &'static str,
    pub rate: &'static str,
    pub value: &'static str,
    pub comparison: &'static str,
    pub ratio: &'static str,
    pub interval: &'static str,
    pub improved: &'static str,
    pub pairs: &'static str,
    pub allowed: &'static str,
    pub typical: &'static str,
    pub class_hit: &'static str,
    pub class_miss: &'static str,
    pub tails: &'static str,
    pub within_run: &'static str,
    pub t_cycles: &'static str,
    pub withheld: &'static str,
    pub hit_rate_usage: &'static str,
    pub hit_rate_server: &'static str,
    pub hit_rate_theory: &'static str,
    pub hit_rate_lru: &'static str,
    pub cold_verdict: &'static str,
    pub verdicts: [&'static str; 3],
    pub methods: [&'static str; 4],
    pub conclusion: &'static str,
    pub diagnosis: &'static str,
}

const EN: Labels = Labels {
    lang: Lang::En,
    concurrency: "Concurrency",
    request_rate: "Request rate",
    replay: "Replay",
    arrivals: "Arrivals",
    cold: "cold",
    warm: "warm",
    external: "outer tiers only",
    mixed: "mixed",
    no_reuse: "no reuse",
    t_sequential: "t interval over cycles, 95 % over all looks",
    prefix_kept: "prefix kept",
    by_tokens: "cut at token ids",
    by_chars: "cut at characters",
    total_requests: "Requests",
    success: "Success",
    failed: "Failed",
    cancelled: "Cancelled",
    not_started: "Not started",
    duration: "Duration",
    seconds: "s",
    avg_input: "Mean input tokens",
    avg_output: "Mean output tokens",
    metric: "Metric",
    token_throughput: "Token throughput",
    request_throughput: "Request throughput",
    slo_requests: "Requests within SLO",
    slo_tokens: "Tokens within SLO",
    slo_rate: "Tokens within SLO per second",
    goodput_requests: "Goodput (req/s)",
    cache: "Prompt tokens from cache",
    failures: "Failures",
    warnings: "Notes",
    csv_corner: "metric/round",
    csv_concurrency: "concurrency",
    csv_rate: "rate",
    csv_replay: "replay",
    throughput: "Throughput",
    goodput: "Goodput",
    counts: "Counts",
    planned: "planned requests",
    duration_s: "duration (s)",
    cached_tokens: "cached tokens",
    written_tokens: "written tokens",
    cost: "Cost",
    cost_saved: "Saved by hits",
    hit_rate: "cache hit rate",
    cache_known: "requests reporting cached tokens",
    increase: "increase",
    rate: "rate (per s)",
    value: "value",
    comparison: "Cold against warm",
    ratio: "Ratio",
    interval: "Interval",
    improved: "Warm faster",
    pairs: "Pairs",
    allowed: "95 % spread over prompts, widened by what two rounds of one kind may differ by",
    typical: "Cold, warm: typical times (geometric means over prompts), which divide to the ratio",
    class_hit: "Requests that hit",
    class_miss: "Requests that missed",
    tails: "TTFT tail, 95 % sure within this run",
    within_run: "within-run spread",
    t_cycles: "95 % t interval over cycles",
    withheld: "withheld",
    hit_rate_usage: "Hit rate (usage)",
    hit_rate_server: "Hit rate (server counters)",
    hit_rate_theory: "Hit rate (possible by the token ids sent)",
    hit_rate_lru: "LRU model at the stated capacity",
    cold_verdict: "Cold round",
    verdicts: ["cold", "CONTAMINATED", "unknown"],
    methods: ["text marker", "engine salt", "cache reset", "nothing done"],
    conclusion: "Conclusion",
    diagnosis: "Diagnosis",
};

const ZH: Labels = Labels {
    lang: Lang::Zh,
    concurrency: "并发",
    request_rate: "请求速率",
    replay: "回放",
    arrivals: "到达",
    cold: "冷",
    warm: "热",
    external: "仅外部缓存层",
    mixed: "混合",
    no_reuse: "无复用",
    t_sequential: "按冷热循环的置信区间（t），各次查看合计 95%",
    prefix_kept: "保留前缀",
    by_tokens: "按 token 截断",
    by_chars: "按字符截断",
    total_requests: "总请求数",
    success: "成功",
    failed: "失败",
    cancelled: "取消",
    not_started: "未发送",
    duration: "测试时长",
    seconds: "秒",
    avg_input: "平均输入 tokens",
    avg_output: "平均输出 tokens",
    metric: "Metric",
    token_throughput: "Token 吞吐量",
    request_throughput: "Request 吞吐量",
    slo_requests: "满足 SLO 的请求数",
    slo_tokens: "满足 SLO 的 tokens",
    slo_rate: "有效吞吐量 (tokens/sec)",
    goodput_requests: "有效吞吐量 (requests/sec)",
    cache: "缓存命中 tokens",
    failures: "失败原因",
    warnings: "注意",
    csv_corner: "指标/轮次",
    csv_concurrency: "并发",
    csv_rate: "速率",
    csv_replay: "回放",
    throughput: "吞吐量",
    goodput: "有效吞吐量",
    counts: "计数",
    planned: "计划请求数",
    duration_s: "测试时长 (秒)",
    cached_tokens: "缓存命中 tokens",
    written_tokens: "写入缓存 tokens",
    cost: "费用",
    cost_saved: "命中节省",
    hit_rate: "缓存命中率",
    cache_known: "报告缓存命中的请求数",
    increase: "增量",
    rate: "速率 (每秒)",
    value: "值",
    comparison: "冷热对比",
    ratio: "加速比",
    interval: "区间",
    improved: "热轮更快占比",
    pairs: "配对数",
    allowed: "提示词间 95% 的运行内波动，再按同类两轮允许的差异放宽",
    typical: "冷、热：典型值（各提示词的几何平均），两者相除即为加速比",
    class_hit: "命中的请求",
    class_miss: "未命中的请求",
    tails: "TTFT 尾部延迟（就本次运行有 95% 把握）",
    within_run: "运行内波动",
    t_cycles: "各冷热循环的 95% 置信区间（t）",
    withheld: "不可比",
    hit_rate_usage: "命中率 (usage)",
    hit_rate_server: "命中率 (服务端计数器)",
    hit_rate_theory: "理论命中率",
    hit_rate_lru: "按声明容量的 LRU 模型",
    cold_verdict: "冷轮判定",
    verdicts: ["冷", "被污染", "未知"],
    methods: ["唯一前缀", "缓存盐值", "缓存重置", "未采取措施"],
    conclusion: "结论",
    diagnosis: "诊断",
};

/// The words of a language.
pub fn labels(lang: Lang) -> &'static Labels {
    match lang {
        Lang::En => &EN,
        Lang::Zh => &ZH,
    }
}

impl Labels {
    /// What a round starts from: `cold`, `prefix kept 50 %`.
    pub fn kind(&self, spec: RoundSpec) -> String {
        match spec.kind {
            RoundKind::Cold => self.cold.to_owned(),
            RoundKind::Warm => self.warm.to_owned(),
            RoundKind::External => self.external.to_owned(),
            RoundKind::Mixed => self.mixed.to_owned(),
            RoundKind::NoReuse => self.no_reuse.to_owned(),
            RoundKind::Partial => {
                let percent = spec.kept_percent.unwrap_or(0);
                let unit = self.lang.pick([" %", "%"]);
                format!("{} {percent}{unit}", self.prefix_kept)
            }
        }
    }

    /// The judgement on cold rounds.
    pub(crate) fn verdict(&self, verdict: Verdict) -> &'static str {
        let [cold, contaminated, unknown] = self.verdicts;
        match verdict {
            Verdict::Cold => cold,
            Verdict::Contaminated => contaminated,
            Verdict::Unknown => unknown,
        }
    }

    /// How many times as fast; a word where the metric or the level's conclusion is withheld.
    pub(crate) fn ratio(&self, metric: &MetricComparison, level: &LevelComparison) -> String {
        if level.conclusion.is_withheld() || metric.withheld.is_some() {
            self.withheld.to_owned()
        } else {
            times(metric.ratio)
        }
    }

    /// `Round 2` / `第 2 轮`.
    pub fn round(&self, number: u32) -> String {
        match self.lang {
            Lang::En => format!("Round {number}"),
            Lang::Zh => format!("第 {number} 轮"),
        }
    }

    /// The heading of a round's table, as the guide has it: `第 1 轮性能指标`.
    pub(crate) fn round_heading(&self, number: u32) -> String {
        let round = self.round(number);
        match self.lang {
            Lang::En => round,
            Lang::Zh => format!("{round}性能指标"),
        }
    }

    /// A level's load with its name: `Concurrency: 4`, `Request rate: 8/s Poisson`, `Replay: ×2`.
    pub fn load(&self, load: Load) -> String {
        match load {
            Load::Concurrency(requests) => format!("{}: {requests}", self.concurrency),
            Load::Rate(rate) if rate.arrivals == Arrivals::Poisson => {
                format!("{}: {load} Poisson", self.request_rate)
            }
            Load::Rate(_) => format!("{}: {load}", self.request_rate),
            Load::Replay(replay) => format!("{}: ×{}", self.replay, replay.speed),
        }
    }

    /// A CSV column: `concurrency10-round2` / `并发10-第2轮`; a level that repeats an earlier
    /// concurrency carries its run number.
    pub fn column(&self, load: Load, repeat: u32, round: u32) -> String {
        let again = if repeat > 1 {
            format!("#{repeat}")
        } else {
            String::new()
        };
        let load = match load {
            Load::Concurrency(requests) => format!("{}{requests}", self.csv_concurrency),
            Load::Rate(rate) => format!("{}{}", self.csv_rate, rate.per_second),
            Load::Replay(_) => self.csv_replay.to_owned(),
        };
        match self.lang {
            Lang::En => format!("{load}{again}-round{round}"),
            Lang::Zh => format!("{load}{again}-第{round}轮"),
        }
    }
}
