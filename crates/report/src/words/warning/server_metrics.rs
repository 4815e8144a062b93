//! What is said of server metrics and of the pages that have them.

use super::in_brackets;
use crate::words::Bilingual;
use dualround_model::{Lang, Warning};

/// What a caveat on server metrics says; `None` for any other.
pub(super) fn server_metrics(warning: &Warning) -> Option<Bilingual> {
    metric(warning).or_else(|| page(warning))
}

/// Of one metric, or of the names that are there.
fn metric(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::MetricMissing { name, close } => metric_missing(name, close),
        Warning::MetricAlias { name, mapping } => [
            format!("metric {name} is taken as {mapping}"),
            format!("指标 {name} 取自 {mapping}"),
        ],
        Warning::CounterReset { name } => [
            format!(
                "{name}: no figures: it went backwards, or its readings are of different processes (the server began anew, or several answer in turn)"
            ),
            format!(
                "{name}：不给出数值：计数器回退，或各次读数来自不同进程（服务端重启过，或有多个进程轮流响应）"
            ),
        ],
        Warning::MetricNotCovered { name } => [
            format!(
                "{name}: no figures: it could not be read before the round's first request or after its last, so what it grew by over the round is not known"
            ),
            format!("{name}：不给出数值：首个请求之前或最后一个请求之后未能读到，本轮增量未知"),
        ],
        Warning::AutoFoundNothing { metrics, names } => [
            format!(
                "--prometheus-metrics auto knows none of the {metrics} metrics that are there; name those to report, e.g. {} (dualround check metrics URL lists all)",
                names.join(", ")
            ),
            format!(
                "--prometheus-metrics auto 不认识现有 {metrics} 个指标中的任何一个；请写出要报告的名称，例如 {}（dualround check metrics URL 列出全部）",
                names.join("、")
            ),
        ],
        _ => return None,
    })
}

/// Of a page, or of a Prometheus server.
fn page(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::ShortWindow {
            url,
            seconds,
            interval_seconds,
        } => [
            format!(
                "{url} scrapes every {interval_seconds} s, the round took {seconds:.1} s: its samples say little about it; scrape more often, or give the page itself"
            ),
            format!(
                "{url} 每 {interval_seconds} 秒抓取一次，而本轮只有 {seconds:.1} 秒：样本说明不了多少；请提高抓取频率，或直接给出指标页"
            ),
        ],
        Warning::ScrapesFailed {
            url,
            failed,
            tried,
            reason,
        } => [
            format!(
                "{failed} of {tried} scrapes of {url} failed{}",
                in_brackets(reason, Lang::En)
            ),
            format!(
                "对 {url} 的 {tried} 次抓取中有 {failed} 次失败{}",
                in_brackets(reason, Lang::Zh)
            ),
        ],
        Warning::EngineUnreachable { url, reason } => [
            format!("--admin-url {url} cannot be reached ({reason}): it is left out"),
            format!("无法连接 --admin-url {url}（{reason}）：不予采用"),
        ],
        Warning::MetricsUnreadable { url, reason } => [
            format!("metrics of {url} cannot be read: {reason}"),
            format!("无法读取 {url} 的指标：{reason}"),
        ],
        _ => return None,
    })
}

fn metric_missing(name: &str, close: &[String]) -> Bilingual {
    let [names, names_zh] = if close.is_empty() {
        Bilingual::default()
    } else {
        let close = close.join(", ");
        [
            format!("; close names: {close}"),
            format!("；相近的名称：{close}"),
        ]
    };
    [
        format!("metric {name} is not on the page{names}"),
        format!("页面上没有指标 {name}{names_zh}"),
    ]
}
