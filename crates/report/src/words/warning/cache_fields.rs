//! What is said of the fields of a request that control a cache.

use crate::words::Bilingual;
use dualround_model::{ControlEffect, ControlReport, Warning};

/// What a caveat on these fields says; `None` for any other.
pub(super) fn cache_fields(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::CacheFields { report, effect } => control(report, *effect),
        Warning::BelowCacheMinimum { count, of, least } => [
            format!(
                "{count} of {of} prompts are shorter than the {least} tokens from which on this model is said to cache, and hit nothing: they may not be kept at all (--cache-min-tokens sets the number)"
            ),
            format!(
                "{of} 个提示词中有 {count} 个短于该模型据称可缓存的最短长度 {least} token，且没有命中：可能根本不会被保留（--cache-min-tokens 设定该值）"
            ),
        ],
        _ => return None,
    })
}

fn tokens(count: Option<u64>) -> String {
    count.map_or_else(|| "?".to_owned(), |count| count.to_string())
}

/// What the canary showed of the fields.
pub(super) fn control(report: &ControlReport, effect: ControlEffect) -> Bilingual {
    let fields = report.fields.join(", ");
    let (with, without) = (tokens(report.with), tokens(report.without));
    let of = tokens(report.prompt_tokens);
    let [wrote, wrote_zh] = match report.written {
        Some(written) => [
            format!(", and {written} were written"),
            format!("，写入 {written}"),
        ],
        None => [
            ", and what is written is not reported".to_owned(),
            "，未报告写入量".to_owned(),
        ],
    };
    match effect {
        ControlEffect::Works => [
            format!(
                "{fields}: works: a repeated text of {of} tokens hit {with} with it and {without} without{wrote}"
            ),
            format!(
                "{fields}：有效：重复的 {of} token 文本，带该字段命中 {with}，不带则命中 {without}{wrote_zh}"
            ),
        ],
        ControlEffect::Automatic => [
            format!(
                "{fields}: the server caches by itself: a repeated text of {of} tokens hit {without} without it and {with} with it, so its effect cannot be told"
            ),
            format!(
                "{fields}：服务端自行缓存：重复的 {of} token 文本不带该字段也命中 {without}（带则 {with}），无法判断其作用"
            ),
        ],
        ControlEffect::NotReadBack => {
            let written = tokens(report.written);
            [
                format!(
                    "{fields}: written, not read back: of {of} tokens {written} were written with it, and the repetition hit {with}: kept by another replica, or not to be read so soon"
                ),
                format!(
                    "{fields}：已写入，但未读回：{of} token 的文本带该字段写入 {written}，重复时命中 {with}：可能保存在其他副本，或尚不可读"
                ),
            ]
        }
        ControlEffect::Ignored => [
            format!(
                "{fields}: ignored: a repeated text of {of} tokens hit {with} with it, no more than a template"
            ),
            format!(
                "{fields}：被忽略：重复的 {of} token 文本带该字段也只命中 {with}，不超过聊天模板"
            ),
        ],
        ControlEffect::BelowMinimum => {
            let least = tokens(report.min_tokens);
            [
                format!(
                    "{fields}: not proven: the canary's text has {of} tokens, and the model caches from {least} on"
                ),
                format!(
                    "{fields}：未证实：探测文本为 {of} token，而该模型从 {least} token 起才缓存"
                ),
            ]
        }
        ControlEffect::Unknown => [
            format!("{fields}: what it does is not known: cached tokens are not reported"),
            format!("{fields}：作用未知：未报告缓存命中 token"),
        ],
    }
}
