//! What a server turned out to be, in both languages: for `check endpoint` and `init`.

use dualround_loadgen::Session;
use dualround_model::{Api, CanaryReport, EngineKind, EngineReport, Lang, TEMPLATE_TOKENS};
use dualround_report::{control_text, warning_text};

/// Whether the canary was sent, and what it showed.
pub(super) enum CanarySeen {
    /// It was not to be sent.
    NotSent,
    /// It was not answered, for this reason.
    Unanswered(String),
    /// It was answered.
    Report(Box<CanaryReport>),
}

impl CanarySeen {
    /// What it showed, where it was answered.
    pub(super) fn report(&self) -> Option<&CanaryReport> {
        match self {
            Self::Report(report) => Some(report),
            Self::NotSent | Self::Unanswered(_) => None,
        }
    }
}

/// What the engines are, and how hits of them are known.
pub(super) fn engines(session: &Session, seen: &CanarySeen, lang: Lang) -> Vec<String> {
    let api = session.plan().api();
    let mut lines = vec![lang.pick([
        format!("model: {}", session.plan().model),
        format!("模型：{}", session.plan().model),
    ])];
    for report in session.engines() {
        lines.extend(engine(&report, api, seen.report(), lang));
    }
    lines
}

/// What the canary says of hits and of cold rounds.
pub(super) fn canary(session: &Session, seen: &CanarySeen, lang: Lang) -> Vec<String> {
    let label = lang.pick(["canary", "探测请求"]);
    let colon = lang.pick([": ", "："]);
    let canary = |text: &str| format!("{label}{colon}{text}");
    let odd = session.canary_oddities().iter();
    let mut lines: Vec<String> = odd.map(|odd| canary(&warning_text(odd, lang))).collect();
    match seen {
        CanarySeen::NotSent => lines.push(canary(lang.pick(["not sent", "未发送"]))),
        CanarySeen::Unanswered(reason) => lines.push(canary(&lang.pick([
            format!("not answered: {reason}"),
            format!("未得到响应：{reason}"),
        ]))),
        CanarySeen::Report(report) => {
            lines.extend(hits(report, lang).iter().map(|text| canary(text)));
            lines.push(cold_rounds(report, lang));
        }
    }
    lines
}

fn engine(
    report: &EngineReport,
    api: Api,
    canary: Option<&CanaryReport>,
    lang: Lang,
) -> Vec<String> {
    let version = report.version.as_deref().unwrap_or("");
    let (name, evidence) = (report.kind.name(), report.evidence.join(", "));
    let base = &report.base;
    let first = lang.pick([
        format!("engine at {base}: {name} {version} ({evidence})"),
        format!("{base} 上的引擎：{name} {version}（{evidence}）"),
    ]);
    let parts = [
        gateway(report).into_iter().collect(),
        counters(report),
        cache(report, api),
        resets(report),
        hints(report, canary),
    ];
    let below = parts.into_iter().flatten();
    let below = below.map(|both| format!("  {}", lang.pick(both)));
    std::iter::once(first).chain(below).collect()
}

fn gateway(report: &EngineReport) -> Option<[String; 2]> {
    let gateway = report.gateway.as_ref()?;
    let [way, way_zh] = match report.kind {
        EngineKind::Unknown => [
            "; --admin-url takes the address of each engine behind it",
            "；用 --admin-url 给出它后面每个引擎的地址",
        ],
        _ => ["", ""],
    };
    Some([
        format!("a gateway answers: {gateway}{way}"),
        format!("由网关响应：{gateway}{way_zh}"),
    ])
}

/// By which counters hits will be known.
fn counters(report: &EngineReport) -> Vec<[String; 2]> {
    let tiers = report.tiers.iter().map(|tier| {
        let (tier, hits, queries) = (&tier.tier, &tier.hits, &tier.queries);
        [
            format!("hit rate of tier {tier}: increase of {hits} / increase of {queries}"),
            format!("缓存层 {tier} 的命中率：{hits} 的增量 / {queries} 的增量"),
        ]
    });
    let processed = report.processed.iter().map(|name| {
        [
            format!(
                "hit rate: prompt tokens sent, less the increase of {name} (it counts computed ones only)"
            ),
            format!("命中率：所发提示词 tokens 减去 {name} 的增量（该计数器只计算过的 tokens）"),
        ]
    });
    let found: Vec<[String; 2]> = tiers.chain(processed).collect();
    if found.is_empty() {
        return vec![["no counters of hits", "没有命中计数器"].map(str::to_owned)];
    }
    found
}

/// How much it holds, and where an answer tells its hits.
fn cache(report: &EngineReport, api: Api) -> Vec<[String; 2]> {
    let field = cached_field(report, api);
    let [block, block_zh] = number_or_unknown(report.block_tokens);
    let [capacity, capacity_zh] = number_or_unknown(report.capacity_tokens);
    let mut lines = vec![
        [
            format!("cached tokens of a request would stand in {field}"),
            format!("单个请求的缓存命中 tokens 若有报告，在 {field}"),
        ],
        [
            format!("cached in units of {block} tokens; capacity {capacity} tokens"),
            format!("缓存块 {block_zh} tokens；容量 {capacity_zh} tokens"),
        ],
    ];
    lines.extend(report.context_tokens.map(|context| {
        [
            format!("context: {context} tokens for a prompt and its answer"),
            format!("上下文长度：提示词与输出共 {context} tokens"),
        ]
    }));
    lines
}

fn resets(report: &EngineReport) -> Vec<[String; 2]> {
    if report.resets.is_empty() {
        return vec![["no reset call is known", "没有已知的缓存重置接口"].map(str::to_owned)];
    }
    let calls = report.resets.iter().map(|call| {
        let (method, path) = (&call.method, path_of(&call.url));
        [
            format!("--cold reset calls: {method} {path}"),
            format!("--cold reset 会调用：{method} {path}"),
        ]
    });
    calls.collect()
}

/// What the canary has answered is no question any more; without usage there is nothing to add to.
fn hints(report: &EngineReport, canary: Option<&CanaryReport>) -> Vec<[String; 2]> {
    let answered =
        canary.is_some_and(|canary| canary.repeated.is_some() || canary.prompt_tokens.is_none());
    let mut open = report.hints.clone();
    open.retain(|hint| !(answered && hint.starts_with("cached tokens in usage")));
    let both = open
        .iter()
        .map(|hint| [format!("note: {hint}"), format!("注意：{hint}")]);
    both.collect()
}

/// Path and query: paths made here hold no secrets; what a user puts into the base may.
fn path_of(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else {
        return String::new();
    };
    let query = url.query().map_or_else(String::new, |q| format!("?{q}"));
    format!("{}{query}", url.path())
}

/// Where an answer tells its cached tokens.
fn cached_field(report: &EngineReport, api: Api) -> &str {
    match api {
        Api::Chat | Api::Completions => &report.cached_field,
        Api::Messages => "usage.cache_read_input_tokens",
        Api::Responses => "usage.input_tokens_details.cached_tokens",
    }
}

fn number_or_unknown(value: Option<u64>) -> [String; 2] {
    match value {
        Some(number) => [number.to_string(), number.to_string()],
        None => ["unknown", "未知"].map(str::to_owned),
    }
}

/// What the canary says of hits, in one line or a few.
fn hits(canary: &CanaryReport, lang: Lang) -> Vec<String> {
    let mut lines = vec![lang.pick(repetition(canary))];
    if canary.prompt_tokens.is_none() {
        lines.push(
            lang.pick([
                "the answers bear no usage: tokens are counted from events, and prompts by no one"
                    .to_owned(),
                "响应中没有 usage：输出 tokens 按事件计数，提示词 tokens 无从得知".to_owned(),
            ]),
        );
    }
    if let Some(report) = &canary.control {
        lines.push(lang.pick(control_text(report)));
    }
    lines
}

/// What a repeated text took from the cache.
pub(super) fn repetition(canary: &CanaryReport) -> [String; 2] {
    let of = canary.prompt_tokens.unwrap_or(0);
    let (reasons, reasons_zh) = if canary.unasked {
        (
            "off, or the requests went to different replicas, or the service keeps only what it is asked to keep: try --cache-control 5m",
            "缓存未启用，或请求落到不同副本，或服务只缓存被要求缓存的内容：可试 --cache-control 5m",
        )
    } else {
        (
            "off, or the requests went to different replicas",
            "缓存未启用，或请求落到不同副本",
        )
    };
    match canary.repeated {
        _ if canary.replayed => [
            "a repeated text was answered under the id of its first answer: a response cache gave it back, and nothing is seen of the engine's".to_owned(),
            "重复的文本得到了与首次相同 id 的响应：由响应缓存返回，看不到引擎自己的缓存".to_owned(),
        ],
        Some(hit) if hit <= TEMPLATE_TOKENS && hit > 0 => [
            format!("a repeated text of {of} tokens took {hit}, no more than a template: no prefix cache is seen here ({reasons})"),
            format!("重复的 {of} tokens 文本只命中 {hit} tokens，不超过聊天模板：看不到前缀缓存（{reasons_zh}）"),
        ],
        Some(0) => [
            format!("a repeated text of {of} tokens hit nothing: no prefix cache is seen here ({reasons})"),
            format!("重复的 {of} tokens 文本没有命中：看不到前缀缓存（{reasons_zh}）"),
        ],
        Some(hit) => [
            format!("a repeated text took {hit} of {of} tokens from the cache, and the server said so"),
            format!("重复的文本有 {hit} / {of} tokens 命中缓存，由服务自己报告"),
        ],
        None => [
            "cached tokens are not reported, so hits can be judged by counters and time only".to_owned(),
            "服务不报告缓存命中 tokens，只能凭计数器和时间判断是否命中".to_owned(),
        ],
    }
}

/// How rounds will be made cold, and what a text took then.
fn cold_rounds(canary: &CanaryReport, lang: Lang) -> String {
    let took = match canary.other_marker {
        Some(other) => [
            format!("the text took {other} tokens"),
            format!("命中 {other} tokens"),
        ],
        // Its answer named no cached tokens where others do.
        None if canary.repeated.is_some() && canary.other_counted => {
            ["the text took none".to_owned(), "没有命中".to_owned()]
        }
        None => [
            "what the text takes is not reported".to_owned(),
            "命中多少没有报告".to_owned(),
        ],
    };
    let [took, took_zh] = took;
    match &canary.salt_field {
        Some(field) => lang.pick([
            format!("cold rounds: by the field {field}; under another value {took}"),
            format!("冷轮做法：字段 {field}；换一个值后同一文本{took_zh}"),
        ]),
        None => lang.pick([
            format!("cold rounds: by a text marker; behind another one {took}"),
            format!("冷轮做法：唯一前缀（marker）；换一个前缀后同一文本{took_zh}"),
        ]),
    }
}
