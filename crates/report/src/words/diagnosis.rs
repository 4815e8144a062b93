//! What is said of a diagnosis.

use super::{
    Bilingual, both,
    figures::{percent, replayed},
};
use dualround_model::{CacheSeen, Diagnosis, LeftOut, LevelComparison, Replayed};

/// The sentences of all diagnoses of a level, in their order.
pub(crate) fn diagnoses(level: &LevelComparison) -> Vec<Bilingual> {
    level.diagnosis.iter().map(diagnosis).collect()
}

/// The sentence of a diagnosis.
pub(crate) fn diagnosis(found: &Diagnosis) -> Bilingual {
    match found {
        Diagnosis::EndedBeforeWarm => both(
            "the level ended before there were two rounds to compare, so nothing is compared",
            "该负载级别在有两轮可比较之前就结束了，没有可比较的",
        ),
        Diagnosis::NoWarmRound => both(
            "the schedule has no warm round, so nothing is compared: a warm round (W) repeats a cold one",
            "只有冷轮，没有热轮可比（热轮 W 原样重复冷轮的请求）",
        ),
        Diagnosis::NoPairs => both(
            "no request succeeded with a TTFT in both rounds: see the failures of each round",
            "没有任何请求在两轮中都成功并测得 TTFT：请看各轮的失败原因",
        ),
        Diagnosis::ResponseCache(found) => response_cache(*found),
        Diagnosis::NotSeenByEngines {
            seen,
            sent,
            replayed,
        } => not_seen(*seen, *sent, *replayed),
        Diagnosis::Orphans { requests } => orphans(*requests),
        Diagnosis::CountersLeftOut { base, reason } => left_out(base, *reason),
        Diagnosis::CacheOff => both(
            "cache off: the engine says so itself",
            "缓存未启用：引擎自己这样报告",
        ),
        Diagnosis::Replicas { engines, seen } => replicas(engines, *seen),
        Diagnosis::SeveralProcesses { rate } => several_processes(*rate),
        Diagnosis::EvictedCapacity { needed, held } => evicted_capacity(*needed, *held),
        Diagnosis::EvictedSlots { prompts, slots } => evicted_slots(*prompts, *slots),
        Diagnosis::NeverFound { short, unasked } => or_unasked(never_found(*short), *unasked),
        Diagnosis::NeverFoundUnseen { short, unasked } => {
            or_unasked(never_found_unseen(*short), *unasked)
        }
        Diagnosis::NeverFoundProcesses => both(
            "another replica, or a cache that is off: several processes answer behind this address, and a text sent twice was not found again, which looks the same; name each engine by --admin-url, route by prefix (cache_aware) or by session, or measure one replica",
            "请求落到了其他副本，或缓存未启用：该地址之后有多个进程，连发两次的文本没有命中，两者表现相同；请用 --admin-url 指定每个引擎，按前缀（cache_aware）或会话路由，或只测一个副本",
        ),
        Diagnosis::FoundOnceOnly => both(
            "the cache works for one text sent twice, but the warm round hit almost nothing: evicted or expired before its turn (more prompts than the cache holds, a short lifetime), spread over replicas, changed on the way, or shorter than what the cache takes; look at the capacity and at an eviction counter, or try fewer or longer samples",
            "同一文本连发两次能命中，但热轮几乎没有命中：可能是轮到之前已被驱逐或过期（提示词总量超过缓存容量、有效期太短）、请求被分散到多个副本、提示词在途中被改动，或短于缓存所接受的长度；请查看容量与驱逐计数，或改用更少或更长的样本",
        ),
        Diagnosis::HitsUnseen => both(
            "the server reports no cached tokens, so hits cannot be seen: vLLM needs --enable-prompt-tokens-details, SGLang --enable-cache-report; or give --prometheus-url with a hit metric",
            "服务端不报告缓存命中 token，无法看到命中：vLLM 需要 --enable-prompt-tokens-details，SGLang 需要 --enable-cache-report；也可用 --prometheus-url 指定命中指标",
        ),
        Diagnosis::HitsImpossible => both(
            "the server reports more cached tokens than prompt tokens, so what it says of hits is not believed: a gateway may count them apart; give --prometheus-url with a hit metric, or ask the engine itself",
            "服务端报告的缓存命中 token 多于提示词 token，因此不采信其命中：可能由网关单独计数；可用 --prometheus-url 指定命中指标，或直接访问引擎",
        ),
        Diagnosis::NotFollowed { rate } => not_followed(*rate),
        Diagnosis::BelowBlock { short, of, block } => below_block(*short, *of, *block),
        Diagnosis::PartialBlocks { block, mean, most } => partial_blocks(*block, *mean, *most),
        Diagnosis::StoreNotFinishedLater { first, later } => not_finished_later(*first, *later),
        Diagnosis::StoreNotFinishedSoon {
            requests,
            within,
            after,
        } => not_finished_soon(*requests, *within, *after),
        Diagnosis::PromptTokensChanged => both(
            "the server counted other prompt tokens for the same bytes (prompt_tokens_changed): something between here and the engine changes the prompts",
            "同样的字节，服务端统计的提示词 token 数却不同（prompt_tokens_changed）：中间有组件改动了提示词",
        ),
        Diagnosis::WarmFailures => both(
            "requests failed in the warm round; only pairs that succeeded twice are compared",
            "热轮中有请求失败；只比较两轮都成功的请求对",
        ),
    }
}

fn response_cache(found: Replayed) -> Bilingual {
    let [en, zh] = replayed(found);
    [
        format!("response cache: {en}; their times are not the engine's"),
        format!("响应缓存：{zh}；其耗时不是引擎的耗时"),
    ]
}

fn not_seen(seen: f64, sent: f64, replayed: bool) -> Bilingual {
    let [why, why_zh] = if replayed {
        [
            "answers that are given back reach no engine",
            "直接返回的响应不经过引擎",
        ]
    } else {
        [
            "requests were answered before they reached an engine, or by one whose counters are not read (--admin-url), or the page lags behind",
            "有请求未到达引擎，或到达了未读取计数器的引擎（--admin-url），或指标页面更新滞后",
        ]
    };
    [
        format!(
            "of {sent:.0} prompt tokens sent in a warm round the engines' counters saw {seen:.0}: {why}; the counters are left out"
        ),
        format!(
            "热轮发送了 {sent:.0} 个提示词 token，而引擎计数器只见到 {seen:.0} 个：{why_zh}；不采用这些计数器"
        ),
    ]
}

fn orphans(requests: u64) -> Bilingual {
    [
        format!(
            "warm requests whose cold request failed, so nothing was stored for them: {requests}; they are in the hit rate"
        ),
        format!("{requests} 个热轮请求没有成功的冷轮请求，因此没有为其写入缓存；它们仍计入命中率"),
    ]
}

fn several_processes(rate: f64) -> Bilingual {
    let [rate, rate_zh] = percent(rate);
    [
        format!(
            "another replica: several processes answer behind this address, and {rate} of the prompt tokens came from the cache: requests that missed may have met one that had not seen them; name each engine by --admin-url, route by prefix (cache_aware) or by session, or measure one replica"
        ),
        format!(
            "请求落到了其他副本：该地址之后有多个进程，{rate_zh} 的提示词 token 命中缓存，未命中的请求可能到达了没有其缓存的进程；请用 --admin-url 指定每个引擎，按前缀（cache_aware）或会话路由，或只测一个副本"
        ),
    ]
}

fn left_out(base: &str, reason: LeftOut) -> Bilingual {
    let [why, why_zh] = match reason {
        LeftOut::SeveralProcesses => [
            "the page's counters go back and forth, as those of several processes in turn do",
            "页面上的计数器来回跳动，像多个进程轮流响应",
        ],
        LeftOut::OtherProcess => [
            "the page before and the page after the round are those of different processes: the engine began anew, or several answer in turn",
            "轮前与轮后的页面来自不同进程：引擎重启过，或有多个进程轮流响应",
        ],
        LeftOut::PassesOn => [
            "an engine of the same kind is named by --admin-url, so this address shows the page of one engine and is none itself",
            "--admin-url 指定了同类引擎，该地址转发的是其中一个的页面",
        ],
        LeftOut::Other => ["the page is not that of one engine", "该页面不属于单个引擎"],
    };
    [
        format!("counters left out: {base}: {why}"),
        format!("不采用的计数器：{base}：{why_zh}"),
    ]
}

/// Each engine with its prompt tokens.
fn engine_shares(engines: &[(String, f64)], unit: &str) -> String {
    let shares: Vec<String> = engines
        .iter()
        .map(|(base, tokens)| format!("{base}: {tokens:.0} {unit}"))
        .collect();
    shares.join(", ")
}

fn replicas(engines: &[(String, f64)], seen: CacheSeen) -> Bilingual {
    let count = engines.len();
    let [shares, shares_zh] =
        ["prompt tokens", "提示词 tokens"].map(|unit| engine_shares(engines, unit));
    let [or, or_zh] = match seen {
        CacheSeen::InRound => [
            ", or an eviction (the cache is on: other requests of the round hit)",
            "，或已被驱逐（缓存已启用：本轮其他请求有命中）",
        ],
        CacheSeen::NotFound => [
            ", or a cache that is off (a text sent twice was not found again either, which looks the same)",
            "，或缓存未启用（连发两次的文本同样没有命中，两者表现相同）",
        ],
        CacheSeen::Untested => [
            ", or a cache that is off (no text was seen to be found again)",
            "，或缓存未启用（没有看到任何文本再次命中）",
        ],
        CacheSeen::Found => [
            ", or an eviction (a text sent twice in a row was found again)",
            "，或已被驱逐（连发两次的文本能够命中）",
        ],
    };
    [
        format!(
            "another replica{or}: the warm rounds were spread over {count} engines ({shares}), so that a prompt's second send may have met one that had not seen it; route by prefix (cache_aware) or by session, or measure one replica"
        ),
        format!(
            "请求落到了其他副本{or_zh}：热轮分散在 {count} 个引擎上（{shares_zh}），同一提示词第二次可能发给了没有其缓存的引擎；请按前缀（cache_aware）或会话路由，或只测一个副本"
        ),
    ]
}

fn evicted_capacity(needed: u64, held: u64) -> Bilingual {
    [
        format!(
            "evicted: the prompts of one round hold {needed} tokens, the cache {held}, so most were gone before their turn came again; fewer samples, shorter prompts, or more capacity"
        ),
        format!(
            "已被驱逐：一轮的提示词共 {needed} token，而缓存容量为 {held} token，再次轮到时大多已不在缓存中；请减少样本、缩短提示词或增大容量"
        ),
    ]
}

fn evicted_slots(prompts: u64, slots: u64) -> Bilingual {
    [
        format!(
            "evicted: {prompts} prompts took turns on {slots} slots, each of which keeps its last prompt only, and no host cache gave them back (llama.cpp: --cache-ram); fewer samples than slots, or a host cache"
        ),
        format!(
            "已被驱逐：{prompts} 条提示词轮流使用 {slots} 个槽位，每个槽位只保留最后一条，且没有主机内存缓存可恢复（llama.cpp：--cache-ram）；请让样本数不超过槽位数，或启用主机内存缓存"
        ),
    ]
}

/// A repeated text was not found again; `short`: it may be below a block.
fn never_found(short: bool) -> Bilingual {
    if short {
        both(
            "cache off, or prompts below its block size: a text sent twice by itself hit nothing either",
            "缓存未启用，或提示词短于一个缓存块：单独连发两次的文本也没有任何命中",
        )
    } else {
        both(
            "cache off: a text sent twice by itself hit nothing either",
            "缓存未启用：单独连发两次的文本也没有任何命中",
        )
    }
}

/// A repeated text was not found again, and no counters saw all that was sent.
fn never_found_unseen(short: bool) -> Bilingual {
    if short {
        both(
            "cache off, prompts below its block size, or replicas behind this address (no engine's counters saw all that was sent): a text sent twice by itself hit nothing either",
            "缓存未启用、提示词短于一个缓存块，或该地址之后有多个副本（没有哪个引擎的计数器见到全部请求）：单独连发两次的文本也没有任何命中",
        )
    } else {
        both(
            "cache off, or replicas behind this address (no engine's counters saw all that was sent): a text sent twice by itself hit nothing either",
            "缓存未启用，或该地址之后有多个副本（没有哪个引擎的计数器见到全部请求）：单独连发两次的文本也没有任何命中",
        )
    }
}

/// A service that keeps only what it is asked to keep looks the same where nothing was asked.
fn or_unasked([text, text_zh]: Bilingual, unasked: bool) -> Bilingual {
    if !unasked {
        return [text, text_zh];
    }
    [
        format!(
            "{text}; or this service keeps only what a request asks it to keep, and nothing was asked (--cache-control 5m)"
        ),
        format!(
            "{text_zh}；或该服务只保留请求要求保留的内容，而请求没有要求（--cache-control 5m）"
        ),
    ]
}

fn not_followed(rate: f64) -> Bilingual {
    let [rate, rate_zh] = percent(rate);
    [
        format!(
            "{rate} of the prompt tokens came from the cache, yet TTFT did not follow: it is bounded by something else here (queueing, short prompts, fixed overhead)"
        ),
        format!(
            "{rate_zh} 的提示词 token 命中缓存，但 TTFT 没有随之下降：此处的瓶颈在别处（排队、提示词太短、固定开销）"
        ),
    ]
}

fn below_block(short: u64, of: u64, block: u64) -> Bilingual {
    [
        format!(
            "below a block: {short} of {of} prompts have at most one block ({block} tokens) and cannot hit"
        ),
        format!(
            "短于一个缓存块：{of} 条提示词中有 {short} 条不超过一个 {block} token 的缓存块，无法命中"
        ),
    ]
}

fn partial_blocks(block: u64, mean: f64, most: f64) -> Bilingual {
    let [most, most_zh] = percent(most);
    [
        format!(
            "partial blocks: hits come in whole blocks of {block} tokens and the last token is always computed, so of prompts of {mean:.0} tokens on average at most {most} can come from the cache"
        ),
        format!(
            "不完整的缓存块：命中以 {block} token 的整个缓存块为单位，且最后一个 token 总要计算；提示词平均 {mean:.0} token，最多 {most_zh} 可命中缓存"
        ),
    ]
}

fn not_finished_later(first: f64, later: f64) -> Bilingual {
    let ([first, first_zh], [later, later_zh]) = (percent(first), percent(later));
    [
        format!(
            "store not finished, perhaps: the first warm round hit {first}, the next one {later}; the cache was still being written, or takes a prompt at its second use only; --round-gap SECONDS, which waits, tells"
        ),
        format!(
            "缓存写入可能未完成：第一个热轮命中 {first_zh}，下一个 {later_zh}；缓存仍在写入，或只在第二次使用时才缓存；可用 --round-gap SECONDS 等待以区分"
        ),
    ]
}

fn not_finished_soon(requests: u64, within: f64, after: f64) -> Bilingual {
    [
        format!(
            "store not finished, perhaps: {requests} requests that missed had been asked again within {within:.2} s of their first answer, those that hit after {after:.2} s and more; or the cache was full and kept the first ones; --round-gap SECONDS, which waits, tells"
        ),
        format!(
            "缓存写入可能未完成：未命中的 {requests} 个请求在首次响应后 {within:.2} 秒内就被再次发送，而命中的都在 {after:.2} 秒之后；也可能是缓存已满、只保留了最先的；可用 --round-gap SECONDS 等待以区分"
        ),
    ]
}
