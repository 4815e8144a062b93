//! What is said of the figures of a round.

use super::in_brackets;
use crate::words::Bilingual;
use dualround_model::{Lang, MissedLimit, Warning};

/// What a caveat on the figures of a round says; `None` for any other.
pub(super) fn figures(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::IclApproximate { gaps } => [
            format!(
                "{gaps} gaps between chunks: the percentiles of ICL are within 1 %, all else is exact"
            ),
            format!("{gaps} 个 chunk 间延迟：ICL 的分位数误差在 1% 以内，其余均为精确值"),
        ],
        Warning::FewSamplesForP99 { n } => [
            format!("n = {n}: a P99 needs at least 100 samples, here it is close to the maximum"),
            format!("成功请求只有 {n} 个，P99 至少需要 100 个：此处的 P99 接近最大值"),
        ],
        Warning::GoodputZero { detail, missed } => [
            format!("no request met the SLO: {detail}. Compare the limits with the table"),
            format!(
                "没有请求满足 SLO：{}。请对照表中的实际指标调整 SLO，或优化服务性能",
                missed_limits(detail, missed)
            ),
        ],
        Warning::HighTtft { p50_ms, detail } => [
            format!(
                "median TTFT {:.1} s{}: long prompts, a queue on the server or a model still loading; watch its waiting requests with --prometheus-url",
                p50_ms / 1e3,
                in_brackets(detail, Lang::En)
            ),
            format!(
                "TTFT 中位数 {:.1} 秒{}：输入过长、服务端排队或模型仍在加载；可用 --prometheus-url 观察排队数",
                p50_ms / 1e3,
                in_brackets(detail, Lang::Zh)
            ),
        ],
        Warning::NotCold { detail } => [
            format!("round 1 was not cold: {detail}"),
            format!("第 1 轮并不冷：{detail}"),
        ],
        _ => return None,
    })
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
