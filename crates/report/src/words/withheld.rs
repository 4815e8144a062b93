//! Why a figure is not given.

use super::{Bilingual, both};
use dualround_model::{NoPrefillLine, Withheld};

/// Why a ratio is withheld.
pub(crate) fn withheld(reason: Withheld) -> Bilingual {
    let Withheld::UnequalAnswers { pairs, of } = reason else {
        return both(
            "a side was overloaded: its times grow with the length of the round",
            "有一方过载：其耗时随轮次长度不断增长",
        );
    };
    [
        format!(
            "{pairs} of {of} pairs have answers of different length (by more than 5 %); fix it with --temperature 0, --ignore-eos and --min-output-tokens"
        ),
        format!(
            "{of} 个请求对中有 {pairs} 个输出长度不同（相差超过 5%）；可用 --temperature 0、--ignore-eos 与 --min-output-tokens 固定"
        ),
    ]
}

/// Why there is no line of TTFT over computed tokens.
pub(crate) fn no_prefill_line(reason: NoPrefillLine) -> Bilingual {
    match reason {
        NoPrefillLine::Queueing => both(
            "requests wait for each other above concurrency 1, or at a rate, and queueing is not prefill",
            "并发大于 1 或按速率到达时，请求会互相等待，排队不是预填充",
        ),
        NoPrefillLine::FewPoints => both(
            "fewer than 8 requests with TTFT, prompt tokens and cached tokens",
            "同时有 TTFT、提示词 token 与缓存命中 token 的请求不足 8 个",
        ),
        NoPrefillLine::NearlyOneLength => both(
            "the computed parts of the prompts are all of nearly one length",
            "各提示词需计算的部分长度几乎相同",
        ),
        NoPrefillLine::OneLength => both(
            "the computed parts of the prompts are all of one length",
            "各提示词需计算的部分长度相同",
        ),
        NoPrefillLine::BelowZero => both(
            "the line would begin below 0 ms: TTFT is not a fixed part and a part per computed token here",
            "直线在 0 token 处低于 0 ms：此处 TTFT 不是固定开销加每 token 开销",
        ),
        NoPrefillLine::NotFollowed => both(
            "TTFT does not follow the computed tokens here: something else takes the time",
            "此处 TTFT 不随需计算的 token 变化：时间花在别处",
        ),
    }
}
