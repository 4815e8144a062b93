//! Why round 2 was not faster, as far as the evidence goes, and what to look at next.

use crate::conclusion::Basis;
use dualround_model::{
    CanaryReport, Conclusion, ConclusionKind, Flag, RoundKind, RoundResult, Warning,
};

/// A warm hit rate below this counts as no reuse.
const NO_REUSE: f64 = 0.05;

/// Sentences in English and the same in Chinese; empty when round 2 was faster with hits.
pub(crate) fn of(
    rounds: &[RoundResult],
    canary: Option<&CanaryReport>,
    basis: &Basis<'_>,
    conclusion: &Conclusion,
) -> (Vec<String>, Vec<String>) {
    let (mut en, mut zh) = (Vec::new(), Vec::new());
    let mut say = |a: String, b: String| {
        en.push(a);
        zh.push(b);
    };
    let faster = basis
        .ttft
        .ratio
        .is_some_and(|ratio| ratio > 1.0 + basis.margin);
    if conclusion.kind == ConclusionKind::Effect && faster && conclusion.cache_evidence {
        return (en, zh);
    }
    if basis.ttft.pairs == 0 {
        say(
            "no request succeeded with a TTFT in both rounds: see the failures of each round"
                .into(),
            "没有任何请求在两轮中都成功并测得 TTFT：请看各轮的失败原因".into(),
        );
        return (en, zh);
    }
    let repeated = canary.and_then(|canary| canary.repeated);
    let warm = basis.hit_rate.usage;
    if repeated == Some(0) && warm.unwrap_or(0.0) < NO_REUSE {
        say(
            "cache off, or prompts below its block size: a repeated text of several hundred tokens hit nothing either".into(),
            "缓存未启用，或提示词短于一个缓存块：重复发送数百 token 的文本也没有任何命中".into(),
        );
    } else if repeated.is_some_and(|hit| hit > 0) && warm.is_some_and(|rate| rate < NO_REUSE) {
        say(
            "the cache works for one text sent twice, but the warm round hit almost nothing: evicted before its turn (more prompts than the cache holds), or spread over replicas; look at the capacity and at an eviction counter, or try fewer samples".into(),
            "同一文本连发两次能命中，但热轮几乎没有命中：轮到之前已被驱逐（提示词总量超过缓存容量），或请求被分散到多个副本；请查看容量与驱逐计数，或减少样本数".into(),
        );
    } else if warm.is_none() && basis.hit_rate.server.is_none() {
        say(
            "the server reports no cached tokens, so hits cannot be seen: vLLM needs --enable-prompt-tokens-details, SGLang --enable-cache-report; or give --prometheus-url with a hit metric".into(),
            "服务端不报告缓存 token，无法看到命中：vLLM 需要 --enable-prompt-tokens-details，SGLang 需要 --enable-cache-report；也可用 --prometheus-url 指定命中指标".into(),
        );
    } else if let Some(rate) = warm.filter(|rate| *rate >= NO_REUSE) {
        let rate = 100.0 * rate;
        say(
            format!(
                "{rate:.1} % of the prompt tokens came from the cache, yet TTFT did not follow: it is bounded by something else here (queueing, short prompts, fixed overhead)"
            ),
            format!(
                "{rate:.1} % 的提示词 token 来自缓存，但 TTFT 没有随之下降：此处的瓶颈在别处（排队、提示词太短、固定开销）"
            ),
        );
    }
    let changed = |round: &RoundResult| {
        let mut warnings = round.summary.warnings.iter();
        warnings.any(|warning| matches!(warning, Warning::PromptTokensChanged { .. }))
    };
    if rounds.iter().any(changed) {
        let name = Flag::PromptTokensChanged.name();
        say(
            format!(
                "the server counted other prompt tokens for the same bytes ({name}): something between here and the engine changes the prompts"
            ),
            format!(
                "同样的字节，服务端统计的提示词 token 数却不同（{name}）：中间有组件改动了提示词"
            ),
        );
    }
    let failed = |round: &&RoundResult| round.summary.failed_requests > 0;
    let warm_rounds = rounds
        .iter()
        .filter(|round| round.meta.spec.kind == RoundKind::Warm);
    if warm_rounds.clone().any(|round| failed(&round)) {
        say(
            "requests failed in the warm round; only pairs that succeeded twice are compared"
                .into(),
            "热轮中有请求失败；只比较两轮都成功的请求对".into(),
        );
    }
    (en, zh)
}
