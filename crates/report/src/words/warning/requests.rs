//! What is said of requests that failed, were sent again, or are not there.

use crate::words::{Bilingual, both};
use dualround_model::Warning;

/// What a caveat on requests says; `None` for any other.
pub(super) fn requests(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::Failures {
            failed,
            sent,
            example,
        } => [
            format!("{failed} of {sent} requests failed; most often {example}"),
            format!("{sent} 个请求中有 {failed} 个失败；最常见：{example}"),
        ],
        Warning::AllFailed { sent, example } => [
            format!(
                "all {sent} requests failed; most often {example}. Check the endpoint, that the server runs, and the model name; every reason is in the JSON"
            ),
            format!(
                "全部 {sent} 个请求失败；最常见：{example}。请检查端点、服务是否启动、模型名称；每个原因都在 JSON 中"
            ),
        ],
        Warning::Timeouts { count, limit, flag } => [
            format!(
                "{count} requests timed out: {limit}; raise {flag}, or lower --max-output-tokens or the load (--concurrency, --request-rate)"
            ),
            format!(
                "{count} 个请求超时：{limit}；请增大 {flag}，或减小 --max-output-tokens 或负载（--concurrency、--request-rate）"
            ),
        ],
        Warning::Retried { count, attempts } => [
            format!(
                "{count} requests were sent again after failures ({attempts} attempts more); their times are of the last attempt, and a cache may hold their prompts"
            ),
            format!(
                "{count} 个请求失败后重发（额外尝试 {attempts} 次）；其时间属于最后一次尝试，缓存可能已存有其提示词"
            ),
        ],
        Warning::FreshUnproven => both(
            "M and N rest on fresh text making a prompt cold, which the canary did not prove here",
            "M 与 N 依赖全新前缀使提示词不再命中，而探测请求（canary）在此未能证实这一点",
        ),
        Warning::CanaryFailed { reason } => [
            format!(
                "the canary was not answered ({reason}): whether hits happen here and are reported is not known beforehand, and no cache salt is used"
            ),
            format!(
                "探测请求（canary）未得到响应（{reason}）：事先无法知道这里是否会命中、命中是否会报告，也不使用缓存盐值"
            ),
        ],
        Warning::WarmUpFailed {
            failed,
            of,
            example,
        } => [
            format!(
                "{failed} of {of} warm-up requests failed ({example}): the server may not be warm"
            ),
            format!("{of} 个预热请求中有 {failed} 个失败（{example}）：服务端可能尚未预热"),
        ],
        _ => return None,
    })
}
