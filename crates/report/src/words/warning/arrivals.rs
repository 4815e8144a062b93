//! What is said of the arrivals of an open loop: a client that was late, connections that ran out.

use crate::words::Bilingual;
use dualround_model::Warning;

/// What a caveat on arrivals says; `None` for any other.
pub(super) fn arrivals(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::ArrivalsLate {
            p99_ms,
            ttft_p50_ms,
        } => [
            format!(
                "this client sent requests late: {p99_ms:.2} ms at P99, beside a median TTFT of {ttft_p50_ms:.1} ms; TTFT from t0 is not touched, TTFT from the due instant holds it; use more --workers, another machine or a lower --request-rate"
            ),
            format!(
                "客户端发送滞后：P99 为 {p99_ms:.2} ms（TTFT 中位数 {ttft_p50_ms:.1} ms）；从 t0 起算的 TTFT 不受影响，从计划时刻起算的 TTFT 包含该滞后；请增加 --workers、换机器或降低 --request-rate"
            ),
        ],
        Warning::ConnectionsRanOut { opened, of, ready } => [
            format!(
                "{opened} of {of} requests opened a connection (ready: {ready}), as none was free or the server had closed it: that time is outside TTFT from t0 and inside TTFT from the due instant"
            ),
            format!(
                "{of} 个请求中有 {opened} 个新建了连接（预先打开 {ready} 条），因为没有空闲连接，或连接已被服务端关闭：其耗时不计入从 t0 起算的 TTFT，计入从计划时刻起算的 TTFT"
            ),
        ],
        _ => return None,
    })
}
