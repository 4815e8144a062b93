//! What is said of the token counts of answers.

use crate::words::Bilingual;
use dualround_model::Warning;

/// What a caveat on the token counts of answers says; `None` for any other.
pub(super) fn usage(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::TokensFromEvents { count, of } => [
            format!(
                "{count} of {of} requests: output tokens counted from events, the server reported none"
            ),
            format!("{of} 个请求中有 {count} 个的输出 token 数按事件计数，服务端没有报告"),
        ],
        Warning::UsageMismatch { count } => [
            format!(
                "{count} requests: usage reports fewer output tokens than events arrived (usage_mismatch)"
            ),
            format!("{count} 个请求的 usage 报告的输出 token 数少于收到的事件数（usage_mismatch）"),
        ],
        Warning::UsageTotalOff { count } => [
            format!(
                "{count} requests: usage does not add up, total_tokens is not prompt and completion together; something was counted that is not told"
            ),
            format!(
                "{count} 个请求的 usage 自相矛盾：total_tokens 不等于提示词与输出之和，有未说明的计数"
            ),
        ],
        Warning::ImpossibleUsage { count, of } => [
            format!(
                "{count} of {of} answers report more cached tokens than their prompt has: none of it is believed"
            ),
            format!("{of} 个响应中有 {count} 个报告的缓存命中 token 多于其提示词：均不采信"),
        ],
        Warning::PromptTokensChanged { count, of } => [
            format!(
                "{count} of {of} pairs: the server counted other prompt tokens for the same bytes"
            ),
            format!("{of} 对中有 {count} 对：同样的字节，服务端统计的提示词 token 数不同"),
        ],
        Warning::PromptCut {
            requests,
            chars,
            tokens,
        } => {
            let rate = rate(*chars, *tokens);
            [
                format!(
                    "the server counted {tokens} tokens for prompts of {chars} characters ({requests} requests, {rate:.1} characters a token): it must have cut them, to its context perhaps, so what was measured is not what was sent"
                ),
                format!(
                    "服务端对共 {chars} 字符的提示词只计了 {tokens} token（{requests} 个请求，每 token {rate:.1} 字符）：必定被截断，可能是截到其上下文长度，因此所测并非所发"
                ),
            ]
        }
        _ => return None,
    })
}

/// Characters a token.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn rate(chars: u64, tokens: u64) -> f64 {
    chars as f64 / tokens as f64
}
