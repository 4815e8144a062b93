//! Why round 2 was not faster, as far as the evidence goes, and what to look at next.

use crate::{
    cold,
    conclusion::{Basis, MARGIN},
    gap,
    kinds::of_kind,
    response_cache::{Replayed, SeenBy},
    reuse_seen::{self, Witness},
    witness::{self, Looked},
};
use dualround_model::{
    CanaryReport, Class, Conclusion, ConclusionKind, EngineDelta, EngineKind, Flag, Known,
    RoundKind, RoundResult, Warning,
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
    let found = known.canary.as_ref().and_then(CanaryReport::found);
    let warm = match basis.reuse.witness {
        Witness::Usage | Witness::Partly => basis.hit_rate.usage,
        Witness::Counters { warm, .. } => Some(warm),
        Witness::ResponseCache(_) | Witness::Nobody => None,
    };
    // Few hits, or far fewer than the token ids sent would have let it have.
    let possible = basis.hit_rate.theory.unwrap_or(0.0);
    let low = warm.is_some_and(|rate| rate < NO_REUSE || rate < FAR_BELOW * possible);
    let gap = gap::reasons(rounds, known, basis.hit_rate);
    let lost = low.then(|| lost(rounds, known, found)).flatten();
    for (a, b) in beside(rounds, basis) {
        say(a, b);
    }
    if works {
        // It works, but less than it could.
        for (a, b) in lost.into_iter().chain(gap) {
            say(a, b);
        }
        return (en, zh);
    }
    if is_off(known) && !conclusion.cache_evidence {
        say(
            "cache off: the engine says so itself".into(),
            "缓存未启用：引擎自己这样报告".into(),
        );
    } else if let Some((a, b)) = lost {
        say(a, b);
    } else if found == Some(false) && warm.is_some_and(|rate| rate < NO_REUSE) {
        let (a, b) = never_found(rounds);
        say(a.into(), b.into());
    } else if found == Some(true) && warm.is_some_and(|rate| rate < NO_REUSE) {
        say(
            "the cache works for one text sent twice, but the warm round hit almost nothing: evicted before its turn (more prompts than the cache holds), or spread over replicas; look at the capacity and at an eviction counter, or try fewer samples".into(),
            "同一文本连发两次能命中，但热轮几乎没有命中：轮到之前已被驱逐（提示词总量超过缓存容量），或请求被分散到多个副本；请查看容量与驱逐计数，或减少样本数".into(),
        );
    } else if basis.reuse.witness == Witness::Nobody {
        say(
            "the server reports no cached tokens, so hits cannot be seen: vLLM needs --enable-prompt-tokens-details, SGLang --enable-cache-report; or give --prometheus-url with a hit metric".into(),
            "服务端不报告缓存 token，无法看到命中：vLLM 需要 --enable-prompt-tokens-details，SGLang 需要 --enable-cache-report；也可用 --prometheus-url 指定命中指标".into(),
        );
    } else if let Some(rate) =
        warm.filter(|rate| *rate >= NO_REUSE && followed_not(basis, conclusion))
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

/// What stands beside the figures whatever they are: requests that no engine saw, and warm ones that
/// nothing was stored for.
fn beside(rounds: &[RoundResult], basis: &Basis<'_>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Witness::ResponseCache(Replayed {
        answers,
        of,
        seen_by,
    }) = basis.reuse.witness
    {
        out.push(match seen_by {
            SeenBy::Ids => (
                format!("response cache: {answers} of {of} warm answers bear the id of the cold answer to the same prompt; their times are not the engine's"),
                format!("响应缓存：{of} 个热轮响应中有 {answers} 个与同一提示词的冷轮响应 id 相同；其耗时不是引擎的耗时"),
            ),
            SeenBy::Counters => (
                format!("response cache: {answers} of {of} warm answers came whole while the engines' counters stood still; their times are not the engine's"),
                format!("响应缓存：{of} 个热轮响应中有 {answers} 个整段到达，而引擎计数器没有变化；其耗时不是引擎的耗时"),
            ),
        });
    }
    let less = basis
        .design
        .warm_rounds()
        .find_map(|round| match witness::looked(round) {
            Some(Looked::Less { seen, sent }) => Some((seen, sent)),
            _ => None,
        });
    if let Some((seen, sent)) = less {
        out.push((
            format!("of {sent:.0} prompt tokens sent in a warm round the engines' counters saw {seen:.0}: requests were answered before they reached an engine, or by one whose counters are not read (--admin-url); the counters are left out"),
            format!("热轮发送了 {sent:.0} 个提示词 token，而引擎计数器只见到 {seen:.0} 个：有请求未到达引擎，或到达了未读取计数器的引擎（--admin-url）；不采用这些计数器"),
        ));
    }
    let orphans = reuse_seen::orphans(rounds);
    if orphans > 0 {
        out.push((
            format!("{orphans} warm requests had no cold one that succeeded, so nothing was stored for them; they are in the hit rate"),
            format!("{orphans} 个热轮请求没有成功的冷轮请求，因此没有为其写入缓存；它们仍计入命中率"),
        ));
    }
    for reason in rounds
        .iter()
        .flat_map(|round| &round.meta.engines)
        .filter_map(|delta| {
            let reason = delta.left_out.as_ref()?;
            Some(format!("{}: {reason}", delta.base))
        })
    {
        let line = (
            format!("counters left out: {reason}"),
            format!("不采用的计数器：{reason}"),
        );
        if !out.contains(&line) {
            out.push(line);
        }
    }
    out
}

/// TTFT is known not to have fallen: no effect was found, or the contrary of one, also of those
/// requests that hit.
fn followed_not(basis: &Basis<'_>, conclusion: &Conclusion) -> bool {
    let ratio = basis.ttft.metric.ratio;
    let slower = conclusion.kind == ConclusionKind::Effect && ratio.is_some_and(|r| r < 1.0);
    let hits = basis.classes.iter().find(|class| class.class == Class::Hit);
    let hits_faster = hits.is_some_and(|class| class.ratio.is_some_and(|r| r > 1.0 + MARGIN));
    (slower || conclusion.kind == ConclusionKind::NoEffect) && !hits_faster
}

/// Every engine says that its prefix cache is off.
fn is_off(known: &Known) -> bool {
    let engines = known.engines.iter();
    let mut engines = engines.filter(|engine| engine.kind != EngineKind::Lmcache);
    !known.engines.is_empty() && engines.all(|engine| engine.prefix_caching == Some(false))
}

/// Why a text that was sent twice was not found again. Its second send met another engine, too, unless
/// one engine's counters saw all that was sent.
fn never_found(rounds: &[RoundResult]) -> (&'static str, &'static str) {
    if rounds.iter().any(witness::is_several_processes) {
        return (
            "another replica, or a cache that is off: several processes answer behind this address, and a text sent twice was not found again, which looks the same; name each engine by --admin-url, route by prefix (cache_aware) or by session, or measure one replica",
            "请求落到了其他副本，或缓存未启用：该地址之后有多个进程，连发两次的文本没有命中，两者表现相同；请用 --admin-url 指定每个引擎，按前缀（cache_aware）或会话路由，或只测一个副本",
        );
    }
    let one =
        |round: &RoundResult| round.meta.engines.len() == 1 && witness::of_round(round).is_some();
    if rounds.iter().all(one) {
        return (
            "cache off, or prompts below its block size: a repeated text of several hundred tokens hit nothing either",
            "缓存未启用，或提示词短于一个缓存块：重复发送数百 token 的文本也没有任何命中",
        );
    }
    (
        "cache off, prompts below its block size, or replicas behind this address (no engine's counters saw all that was sent): a repeated text of several hundred tokens hit nothing either",
        "缓存未启用、提示词短于一个缓存块，或该地址之后有多个副本（没有哪个引擎的计数器见到全部请求）：重复发送数百 token 的文本也没有任何命中",
    )
}

/// Why prompts that had been cached were not found again, by evidence; `found`: whether the canary's
/// repetition was.
fn lost(rounds: &[RoundResult], known: &Known, found: Option<bool>) -> Option<(String, String)> {
    if let Some((count, shares)) = replicas(rounds) {
        // A canary that went round the replicas, too, tells nothing of their caches.
        let (off, off_zh) = match found {
            Some(false) => (
                ", or a cache that is off (a text sent twice was not found again either, which looks the same)",
                "，或缓存未启用（连发两次的文本同样没有命中，两者表现相同）",
            ),
            _ => ("", ""),
        };
        return Some((
            format!(
                "another replica{off}: the rounds were spread over {count} engines ({shares}), so a prompt's second send mostly met one that had not seen it; route by prefix (cache_aware) or by session, or measure one replica"
            ),
            format!(
                "请求落到了其他副本{off_zh}：两轮分散在 {count} 个引擎上（{shares}），同一提示词第二次多半发给了没有其缓存的引擎；请按前缀（cache_aware）或会话路由，或只测一个副本"
            ),
        ));
    }
    // What was never cached was not lost.
    if found == Some(false) {
        return None;
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
    if let Some((slots, prompts)) = more_than_slots(rounds, known) {
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
    // What prompts share is held once.
    let rows = first.requests.iter();
    let own = rows.filter_map(|(index, row)| {
        let tokens = row.input_tokens()?;
        let (_, shared) = cold::expected(first, index, row, tokens);
        // Characters do not tell the template that all begin with.
        let template = first.expected.as_ref().map_or(cold::UNSEEN_TEMPLATE, |_| 0);
        Some(tokens.saturating_sub(shared + template))
    });
    let needed = own.sum();
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
