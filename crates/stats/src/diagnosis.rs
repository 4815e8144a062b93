//! Why round 2 was not faster, as far as the evidence goes, and what to look at next.

use crate::{
    conclusion::{Basis, MARGIN},
    gap,
    kinds::of_kind,
};
use dualround_model::{
    Conclusion, ConclusionKind, EngineDelta, EngineKind, Flag, Known, MetricComparison, RoundKind,
    RoundResult, Warning,
};

/// A warm hit rate below this counts as no reuse.
const NO_REUSE: f64 = 0.05;
/// Hits below this share of the possible ones want an explanation.
const FAR_BELOW: f64 = 0.5;
/// An engine with less than this share of the load had none of the round, but a probe perhaps.
const REPLICA_SHARE: f64 = 0.1;

/// Sentences in English and the same in Chinese; empty when round 2 was faster with all the hits
/// that were possible.
pub(crate) fn of(
    rounds: &[RoundResult],
    known: &Known,
    basis: &Basis<'_>,
    conclusion: &Conclusion,
) -> (Vec<String>, Vec<String>) {
    let (mut en, mut zh) = (Vec::new(), Vec::new());
    let mut say = |a: String, b: String| {
        en.push(a);
        zh.push(b);
    };
    let ttft = &basis.ttft.metric;
    let faster = ttft.ratio.is_some_and(|ratio| ratio > 1.0);
    let works = conclusion.kind == ConclusionKind::Effect && faster && conclusion.cache_evidence;
    if !basis.warm_round {
        let (a, b) = match basis.judging.schedule.has_pair() {
            true => (
                "the level ended before its warm round, so nothing is compared",
                "该并发级别在热轮之前就结束了，没有可比较的",
            ),
            false => (
                "the schedule has no warm round, so nothing is compared: a warm round (W) repeats a cold one",
                "只有冷轮，没有热轮可比（热轮 W 原样重复冷轮的请求）",
            ),
        };
        say(a.into(), b.into());
        return (en, zh);
    }
    if ttft.pairs == 0 {
        say(
            "no request succeeded with a TTFT in both rounds: see the failures of each round"
                .into(),
            "没有任何请求在两轮中都成功并测得 TTFT：请看各轮的失败原因".into(),
        );
        return (en, zh);
    }
    let repeated = known.canary.as_ref().and_then(|canary| canary.repeated);
    let warm = basis.hit_rate.usage.or(basis.hit_rate.server);
    // Few hits, or far fewer than the token ids sent would have let it have.
    let possible = basis.hit_rate.theory.unwrap_or(0.0);
    let low = warm.is_some_and(|rate| rate < NO_REUSE || rate < FAR_BELOW * possible);
    let gap = gap::reasons(rounds, known, basis.hit_rate);
    let lost = low.then(|| lost(rounds, known, repeated)).flatten();
    if works {
        // It works, but less than it could.
        for (a, b) in lost.into_iter().chain(gap) {
            say(a, b);
        }
        return (en, zh);
    }
    if let Some((a, b)) = lost {
        say(a, b);
    } else if repeated == Some(0) && warm.unwrap_or(0.0) < NO_REUSE {
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
    } else if let Some(rate) =
        warm.filter(|rate| *rate >= NO_REUSE && followed_not(ttft, conclusion))
    {
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
    for (a, b) in gap {
        say(a, b);
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
    let failed = |round: &RoundResult| round.summary.failed_requests > 0;
    if of_kind(rounds, RoundKind::Warm).any(failed) {
        say(
            "requests failed in the warm round; only pairs that succeeded twice are compared"
                .into(),
            "热轮中有请求失败；只比较两轮都成功的请求对".into(),
        );
    }
    (en, zh)
}

/// TTFT is known not to have fallen: the deciding interval says so, or no effect was found.
fn followed_not(ttft: &MetricComparison, conclusion: &Conclusion) -> bool {
    let no_faster = ttft.interval_high.is_some_and(|high| high <= 1.0 + MARGIN);
    no_faster || conclusion.kind == ConclusionKind::NoEffect
}

/// Why prompts that had been cached were not found again, by evidence.
fn lost(rounds: &[RoundResult], known: &Known, repeated: Option<u64>) -> Option<(String, String)> {
    if let Some((count, shares)) = replicas(rounds) {
        return Some((
            format!(
                "another replica: the rounds were spread over {count} engines ({shares}), so a prompt's second send mostly met one that had not seen it; route by prefix (cache_aware) or by session, or measure one replica"
            ),
            format!(
                "请求落在了另一个副本：两轮分散在 {count} 个引擎上（{shares}），同一提示词第二次多半到了没见过它的引擎；请按前缀（cache_aware）或会话路由，或只测一个副本"
            ),
        ));
    }
    if let Some((held, needed)) = overflow(rounds, known) {
        return Some((
            format!(
                "evicted: the prompts of one round hold {needed} tokens, the cache {held}, so most were gone before their turn came again; fewer samples, shorter prompts, or more capacity"
            ),
            format!(
                "已被驱逐：一轮的提示词共 {needed} token，而缓存容量为 {held} token，再次轮到时大多已不在缓存中；请减少样本、缩短提示词或增大容量"
            ),
        ));
    }
    if let Some((slots, prompts)) = more_than_slots(rounds, known).filter(|_| repeated != Some(0)) {
        return Some((
            format!(
                "evicted: {prompts} prompts took turns on {slots} slots, each of which keeps its last prompt only, and no host cache gave them back (llama.cpp: --cache-ram); fewer samples than slots, or a host cache"
            ),
            format!(
                "已被驱逐：{prompts} 条提示词轮流使用 {slots} 个槽位，每个槽位只保留最后一条，且没有主机缓存可恢复（llama.cpp：--cache-ram）；请让样本数不超过槽位数，或启用主机缓存"
            ),
        ));
    }
    None
}

/// Prompt tokens that a server had to do with, by whichever counter it has.
fn load(delta: &EngineDelta) -> Option<f64> {
    let looked_up = delta.tiers.first().and_then(|tier| tier.queries);
    looked_up.or(delta.prompt_tokens).or(delta.processed)
}

/// Load by engine over the warm rounds, of those that had any.
fn loads(rounds: &[RoundResult]) -> Vec<(&str, f64)> {
    let mut loads: Vec<(&str, f64)> = Vec::new();
    for delta in of_kind(rounds, RoundKind::Warm).flat_map(|round| &round.meta.engines) {
        if let Some(tokens) = load(delta).filter(|tokens| *tokens > 0.0) {
            match loads.iter_mut().find(|(base, _)| *base == delta.base) {
                Some((_, sum)) => *sum += tokens,
                None => loads.push((&delta.base, tokens)),
            }
        }
    }
    let total: f64 = loads.iter().map(|(_, tokens)| tokens).sum();
    loads.retain(|(_, tokens)| *tokens > REPLICA_SHARE * total);
    loads
}

/// How many engines had a part of the warm rounds, and which, when there are several.
fn replicas(rounds: &[RoundResult]) -> Option<(usize, String)> {
    let loads = loads(rounds);
    let words = loads
        .iter()
        .map(|(base, tokens)| format!("{base}: {tokens:.0} prompt tokens"));
    (loads.len() > 1).then(|| (loads.len(), words.collect::<Vec<_>>().join(", ")))
}

/// Capacity and working set, when the prompts of a round do not fit.
fn overflow(rounds: &[RoundResult], known: &Known) -> Option<(u64, u64)> {
    let engines = known
        .engines
        .iter()
        .filter(|engine| engine.kind != EngineKind::Lmcache);
    let capacity: u64 = engines.filter_map(|engine| engine.capacity_tokens).sum();
    let first = rounds.first()?;
    let rows = first.requests.iter();
    let needed = rows.filter_map(|(_, row)| row.input_tokens()).sum();
    (capacity > 0 && needed > capacity).then_some((capacity, needed))
}

/// Slots and prompts, when there are more prompts than slots.
fn more_than_slots(rounds: &[RoundResult], known: &Known) -> Option<(u64, u64)> {
    let slots = known
        .engines
        .iter()
        .filter_map(|engine| engine.capacity_prompts);
    let (slots, prompts) = (slots.sum::<u64>(), rounds.first()?.ended());
    (slots > 0 && prompts > slots).then_some((slots, prompts))
}
