//! What is said of the two machines: this client, and a server that others use as well.

use crate::words::Bilingual;
use dualround_model::{Lang, TrafficSign, Warning};

/// What a caveat on the client or the server says; `None` for any other.
pub(super) fn machines(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::ClientOverloaded {
            probe_lag_p99_ms,
            worker_cpu_share,
            ..
        } => overloaded(*probe_lag_p99_ms, *worker_cpu_share),
        Warning::ClientStoodStill { ms, requests } => [
            format!(
                "this client did not run for {ms:.0} ms (stopped, suspended, or its core taken): {requests} requests were in flight then, and their times may be off by that"
            ),
            format!(
                "客户端有 {ms:.0} ms 未运行（被暂停、挂起，或其 CPU 被占用）：当时有 {requests} 个请求在途，其时间可能因此有误"
            ),
        ],
        Warning::OtherTraffic { what, seen, ours } => [
            format!(
                "other traffic on this server: {}: {seen:.0}, of which {ours:.0} are ours; its requests share queue and cache with this run, unless the page lags behind",
                sign(*what, Lang::En)
            ),
            format!(
                "服务端有其他流量（{}）：{seen:.0}，其中本程序 {ours:.0}；它们与本次运行共用队列和缓存（除非指标页面更新滞后）",
                sign(*what, Lang::Zh)
            ),
        ],
        _ => return None,
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
            "use more --workers, another machine or a lower load (--concurrency, --request-rate)",
            "请增加 --workers、换机器或降低负载（--concurrency、--request-rate）",
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
