//! The words of every caveat in both languages.

use super::{Bilingual, odd_data::odd_data};
use dualround_model::{Lang, MissedLimit, TrafficSign, Warning};

/// What a caveat says to people.
pub fn warning_text(warning: &Warning, lang: Lang) -> String {
    let odd = odd_data(warning);
    odd.map_or_else(|| usual(warning, lang), |both| lang.pick(both))
}

fn usual(warning: &Warning, lang: Lang) -> String {
    match lang {
        Lang::En => english(warning),
        Lang::Zh => chinese(warning),
    }
}

fn english(warning: &Warning) -> String {
    match warning {
        Warning::FewerSamples { asked, available } => format!(
            "{asked} samples were asked for, the dataset has {available}; --oversample repeats rows"
        ),
        Warning::DuplicatePrompts { count } => format!(
            "{count} prompts are repetitions of another one, so not every request of round 1 can be cold"
        ),
        Warning::TruncatedInput { count, limit, unit } => {
            format!("{count} prompts were cut to {limit} {unit} (--max-input-length)")
        }
        Warning::OtherInputLength { stated, counted } => format!(
            "prompts have {counted} tokens by the server, {stated} by the dataset ({:+.1} %): another tokenizer, or its chat template; all figures use the server's count",
            deviation(*stated, *counted)
        ),
        Warning::IclApproximate { gaps } => format!(
            "{gaps} gaps between chunks: the percentiles of ICL are within 1 %, all else is exact"
        ),
        Warning::FewSamplesForP99 { n } => {
            format!("n = {n}: a P99 needs at least 100 samples, here it is close to the maximum")
        }
        Warning::NotStreamed { count } => {
            format!("{count} answers were not streamed: they have no TTFT and no ITL")
        }
        Warning::TokensFromEvents { count, of } => {
            format!(
                "{count} of {of} requests: output tokens counted from events, the server reported none"
            )
        }
        Warning::UsageMismatch { count } => format!(
            "{count} requests: usage reports fewer output tokens than events arrived (usage_mismatch)"
        ),
        Warning::BufferedSuspected { count, of } => format!(
            "{count} of {of} streams arrived in one burst: a proxy or the server holds events back, so their TTFT and ITL are not the engine's"
        ),
        Warning::PromptTokensChanged { count, of } => {
            format!(
                "{count} of {of} pairs: the server counted other prompt tokens for the same bytes"
            )
        }
        Warning::Failures {
            failed,
            sent,
            example,
        } => {
            format!("{failed} of {sent} requests failed; most often {example}")
        }
        Warning::CanaryFailed { reason } => format!(
            "the canary was not answered ({reason}): whether hits happen here and are reported is not known beforehand, and no cache salt is used"
        ),
        Warning::WarmUpFailed {
            failed,
            of,
            example,
        } => format!(
            "{failed} of {of} warm-up requests failed ({example}): the server may not be warm"
        ),
        Warning::Timeouts { count, limit, flag } => format!(
            "{count} requests timed out: {limit}; raise {flag}, or lower --max-output-tokens or --concurrency"
        ),
        Warning::AllFailed { sent, example } => format!(
            "all {sent} requests failed; most often {example}. Check the endpoint, that the server runs, and the model name; every reason is in the JSON"
        ),
        Warning::GoodputZero { detail, .. } => {
            format!("no request met the SLO: {detail}. Compare the limits with the table")
        }
        Warning::HighTtft { p50_ms, detail } => {
            let detail = if detail.is_empty() {
                String::new()
            } else {
                format!(" ({detail})")
            };
            format!(
                "median TTFT {:.1} s{detail}: long prompts, a queue on the server or a model still loading; watch its waiting requests with --prometheus-url",
                p50_ms / 1e3
            )
        }
        Warning::OtherTraffic { what, seen, ours } => format!(
            "other traffic on this server: {}: {seen:.0}, of which {ours:.0} are ours; its requests share queue and cache with this run, unless the page lags behind",
            sign(*what, Lang::En)
        ),
        Warning::ClientOverloaded {
            probe_lag_p99_ms,
            worker_cpu_share,
            ..
        } => Lang::En.pick(overloaded(*probe_lag_p99_ms, *worker_cpu_share)),
        Warning::MetricMissing { name, close } => {
            let close = if close.is_empty() {
                String::new()
            } else {
                format!("; close names: {}", close.join(", "))
            };
            format!("metric {name} is not on the page{close}")
        }
        Warning::MetricAlias { name, mapping } => format!("metric {name} is taken as {mapping}"),
        Warning::ShortWindow {
            url,
            seconds,
            interval_seconds,
        } => format!(
            "{url} scrapes every {interval_seconds} s, the round took {seconds:.1} s: its samples say little about it; scrape more often, or give the page itself"
        ),
        Warning::ScrapesFailed {
            url,
            failed,
            tried,
            reason,
        } => format!(
            "{failed} of {tried} scrapes of {url} failed{}",
            in_brackets(reason, Lang::En)
        ),
        Warning::CounterReset { name } => {
            format!(
                "{name}: no figures: it went backwards, or its readings are of different processes (the server began anew, or several answer in turn)"
            )
        }
        Warning::MetricNotCovered { name } => {
            format!(
                "{name}: no figures: it could not be read before the round's first request or after its last, so what it grew by over the round is not known"
            )
        }
        Warning::NotCold { detail } => format!("round 1 was not cold: {detail}"),
        Warning::Interrupted { not_started } => {
            format!(
                "the round ended early; {not_started} requests were never sent. Server counters include cancelled work"
            )
        }
        Warning::Killed {
            not_recorded,
            in_flight,
        } => format!(
            "the run was killed in this round: {not_recorded} requests are not in the journal, of which up to {in_flight} were in flight"
        ),
        Warning::LimitReached { flag, not_started } => {
            format!("{flag} ended the round early; {not_started} requests were never sent")
        }
        Warning::Retried { count, attempts } => format!(
            "{count} requests were sent again after failures ({attempts} attempts more); their times are of the last attempt, and a cache may hold their prompts"
        ),
        Warning::EngineUnreachable { url, reason } => {
            format!("--admin-url {url} cannot be reached ({reason}): it is left out")
        }
        Warning::MetricsUnreadable { url, reason } => {
            format!("metrics of {url} cannot be read: {reason}")
        }
        Warning::Note { text } => text.clone(),
        _ => format!("{warning:?}"),
    }
}

/// Percent by which the server's count differs.
#[expect(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
fn deviation(stated: u64, counted: u64) -> f64 {
    100.0 * (counted as f64 / stated.max(1) as f64 - 1.0)
}

fn chinese(warning: &Warning) -> String {
    match warning {
        Warning::FewerSamples { asked, available } => {
            format!("要求 {asked} 个样本，数据集只有 {available} 个；--oversample 可重复使用")
        }
        Warning::DuplicatePrompts { count } => {
            format!("有 {count} 个提示词与其他重复，第 1 轮不可能全部为冷")
        }
        Warning::TruncatedInput { count, limit, unit } => {
            let unit = if unit == "tokens" { "token" } else { "字符" };
            format!("{count} 个提示词被截断为 {limit} {unit} (--max-input-length)")
        }
        Warning::OtherInputLength { stated, counted } => format!(
            "服务端计得提示词共 {counted} token，数据集标明 {stated} ({:+.1} %)：分词器不同，或含聊天模板；所有数字采用服务端计数",
            deviation(*stated, *counted)
        ),
        Warning::IclApproximate { gaps } => {
            format!("{gaps} 个块间隔：ICL 的分位数误差在 1% 以内，其余均为精确值")
        }
        Warning::FewSamplesForP99 { n } => {
            format!("成功请求只有 {n} 个，P99 至少需要 100 个：此处的 P99 接近最大值")
        }
        Warning::NotStreamed { count } => format!("{count} 个响应不是流式的：没有 TTFT 和 ITL"),
        Warning::TokensFromEvents { count, of } => {
            format!("{of} 个请求中有 {count} 个的输出 token 数按事件计数，服务端没有报告")
        }
        Warning::UsageMismatch { count } => {
            format!("{count} 个请求的 usage 报告的输出 token 数少于收到的事件数（usage_mismatch）")
        }
        Warning::BufferedSuspected { count, of } => format!(
            "{of} 个流中有 {count} 个是一次性到达的：代理或服务端缓冲了事件，其 TTFT 与 ITL 不代表引擎"
        ),
        Warning::PromptTokensChanged { count, of } => {
            format!("{of} 对中有 {count} 对：同样的字节，服务端统计的提示词 token 数不同")
        }
        Warning::Failures {
            failed,
            sent,
            example,
        } => {
            format!("{sent} 个请求中有 {failed} 个失败；最常见：{example}")
        }
        Warning::CanaryFailed { reason } => format!(
            "探测请求（canary）未得到响应（{reason}）：事先无法知道这里是否会命中、命中是否会报告，也不使用缓存盐值"
        ),
        Warning::WarmUpFailed {
            failed,
            of,
            example,
        } => format!("{of} 个预热请求中有 {failed} 个失败（{example}）：服务端可能尚未预热"),
        Warning::Timeouts { count, limit, flag } => format!(
            "{count} 个请求超时：{limit}；请增大 {flag}，或减小 --max-output-tokens 或 --concurrency"
        ),
        Warning::AllFailed { sent, example } => format!(
            "全部 {sent} 个请求失败；最常见：{example}。请检查端点、服务是否启动、模型名称；每个原因都在 JSON 中"
        ),
        Warning::GoodputZero { detail, missed } => format!(
            "没有请求满足 SLO：{}。请对照表中的实际指标调整 SLO，或优化服务性能",
            missed_limits(detail, missed)
        ),
        Warning::HighTtft { p50_ms, detail } => {
            let detail = if detail.is_empty() {
                String::new()
            } else {
                format!("（{detail}）")
            };
            format!(
                "TTFT 中位数 {:.1} 秒{detail}：输入过长、服务端排队或模型仍在加载；可用 --prometheus-url 观察排队数",
                p50_ms / 1e3
            )
        }
        Warning::OtherTraffic { what, seen, ours } => format!(
            "服务端有其他流量（{}）：{seen:.0}，其中本程序 {ours:.0}；它们与本次运行共用队列和缓存（除非指标页面更新滞后）",
            sign(*what, Lang::Zh)
        ),
        Warning::ClientOverloaded {
            probe_lag_p99_ms,
            worker_cpu_share,
            ..
        } => Lang::Zh.pick(overloaded(*probe_lag_p99_ms, *worker_cpu_share)),
        Warning::MetricMissing { name, close } => {
            let close = if close.is_empty() {
                String::new()
            } else {
                format!("；相近的名称：{}", close.join(", "))
            };
            format!("页面上没有指标 {name}{close}")
        }
        Warning::MetricAlias { name, mapping } => format!("指标 {name} 取自 {mapping}"),
        Warning::ShortWindow {
            url,
            seconds,
            interval_seconds,
        } => format!(
            "{url} 每 {interval_seconds} 秒抓取一次，而本轮只有 {seconds:.1} 秒：样本说明不了多少；请提高抓取频率，或直接给出指标页"
        ),
        Warning::ScrapesFailed {
            url,
            failed,
            tried,
            reason,
        } => format!(
            "对 {url} 的 {tried} 次抓取中有 {failed} 次失败{}",
            in_brackets(reason, Lang::Zh)
        ),
        Warning::CounterReset { name } => format!(
            "{name}：不给出数值：计数器倒退，或各次读数来自不同进程（服务重启过，或有多个进程轮流应答）"
        ),
        Warning::MetricNotCovered { name } => {
            format!("{name}：不给出数值：首个请求之前或最后一个请求之后未能读到，本轮增量未知")
        }
        Warning::NotCold { detail } => format!("第 1 轮并不冷：{detail}"),
        Warning::Interrupted { not_started } => {
            format!("本轮提前结束；{not_started} 个请求未发送。服务端计数器包含被取消的工作")
        }
        Warning::Killed {
            not_recorded,
            in_flight,
        } => format!(
            "运行在本轮中被杀死：{not_recorded} 个请求不在日志中，其中最多 {in_flight} 个当时正在进行"
        ),
        Warning::LimitReached { flag, not_started } => {
            format!("本轮被 {flag} 提前结束；{not_started} 个请求未发送")
        }
        Warning::Retried { count, attempts } => format!(
            "{count} 个请求失败后重发（额外尝试 {attempts} 次）；其时间属于最后一次尝试，缓存可能已存有其提示词"
        ),
        Warning::EngineUnreachable { url, reason } => {
            format!("无法连接 --admin-url {url}（{reason}）：不予采用")
        }
        Warning::MetricsUnreadable { url, reason } => format!("无法读取 {url} 的指标：{reason}"),
        Warning::Note { text } => text.clone(),
        _ => format!("{warning:?}"),
    }
}

/// Limits of the SLO with how many requests missed them; older folders have a text only.
fn missed_limits(detail: &str, missed: &[MissedLimit]) -> String {
    if missed.is_empty() {
        return detail.to_owned();
    }
    let parts = missed.iter().map(|limit| {
        let MissedLimit {
            metric,
            limit,
            by,
            of,
        } = limit;
        format!("{metric} < {limit}：{of} 个中有 {by} 个不满足")
    });
    parts.collect::<Vec<_>>().join("；")
}

/// Nothing, where there is nothing to say.
fn in_brackets(text: &str, lang: Lang) -> String {
    match (text, lang) {
        ("", _) => String::new(),
        (text, Lang::En) => format!(" ({text})"),
        (text, Lang::Zh) => format!("（{text}）"),
    }
}

/// What shows other traffic.
fn sign(sign: TrafficSign, lang: Lang) -> &'static str {
    lang.pick(match sign {
        TrafficSign::BusyBefore => [
            "requests running or waiting before the round",
            "本轮之前正在运行或排队的请求",
        ],
        TrafficSign::Finished => ["requests finished", "已完成的请求"],
        TrafficSign::PromptTokens => ["prompt tokens", "提示词 tokens"],
        TrafficSign::Computed => ["prompt tokens computed", "计算的提示词 tokens"],
        TrafficSign::LookedUp => [
            "prompt tokens looked up in the cache",
            "在缓存中查找的提示词 tokens",
        ],
    })
}

/// A client that was late, and what helps: below half of a core it was not this client that used it.
fn overloaded(lag_ms: f64, share: Option<f64>) -> Bilingual {
    let [advice, advice_zh] = match share {
        Some(share) if share < 0.5 => [
            "something else took this machine's cores; stop it, or use another machine",
            "有其他程序占用了本机的 CPU；请停止它，或换机器",
        ],
        _ => [
            "use more --workers, another machine or a lower --concurrency",
            "请增加 --workers、换机器或降低 --concurrency",
        ],
    };
    [
        format!(
            "this client was overloaded (timer probe late by up to {lag_ms:.1} ms at P99{}): its times are not only the server's; {advice}",
            busy(", busiest worker's core ", share)
        ),
        format!(
            "客户端过载（定时探针 P99 延迟最大 {lag_ms:.1} ms{}）：所测时间不只是服务端的；{advice_zh}",
            busy("，最忙的工作线程占用其核心 ", share)
        ),
    ]
}

fn busy(before: &str, share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| {
        format!("{before}{:.0} %", 100.0 * share)
    })
}
