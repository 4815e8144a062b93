//! What is said of the evidence on cold rounds.

use super::{Bilingual, both, figures::replayed};
use dualround_model::ColdFact;

/// The sentence of a piece of evidence, with the rounds that it is about.
pub(crate) fn cold_fact(fact: &ColdFact) -> Bilingual {
    match round_of(fact) {
        None => text(fact),
        Some(round) => of_rounds(&[round], text(fact)),
    }
}

/// The sentences of several, with the limits of what was found; what holds for several rounds is said
/// once.
pub(crate) fn cold_facts<'a>(facts: impl Iterator<Item = &'a ColdFact>) -> Vec<Bilingual> {
    let mut found: Vec<(Bilingual, Vec<u32>)> = Vec::new();
    for fact in facts {
        let ([en, zh], [limit, limit_zh]) = (text(fact), limit(fact));
        let text = [en + &limit, zh + &limit_zh];
        match found.iter_mut().find(|(known, _)| *known == text) {
            Some((_, rounds)) => rounds.extend(round_of(fact)),
            None => found.push((text, round_of(fact).into_iter().collect())),
        }
    }
    let found = found.into_iter();
    let said = found.map(|(text, rounds)| {
        if rounds.is_empty() {
            text
        } else {
            of_rounds(&rounds, text)
        }
    });
    said.collect()
}

/// What a figure may be at most, where it has a limit.
fn limit(fact: &ColdFact) -> Bilingual {
    match fact {
        ColdFact::Hits { limit, .. } => [
            format!(" (up to {limit:.0} are tolerated)"),
            format!("（容许不超过 {limit:.0}）"),
        ],
        _ => Bilingual::default(),
    }
}

fn round_of(fact: &ColdFact) -> Option<u32> {
    match fact {
        ColdFact::Retried { round, .. }
        | ColdFact::NoneSucceeded { round }
        | ColdFact::NotReported { round }
        | ColdFact::TooShort { round, .. }
        | ColdFact::MarkerInDoubt { round, .. }
        | ColdFact::CharactersOnly { round }
        | ColdFact::Impossible { round, .. }
        | ColdFact::HalfOfOne { round, .. }
        | ColdFact::KnownForFew { round, .. }
        | ColdFact::Hits { round, .. } => Some(*round),
        _ => None,
    }
}

/// The sentence, without its round.
fn text(fact: &ColdFact) -> Bilingual {
    match fact {
        ColdFact::NothingDone => both(
            "nothing was done to make the round cold (--cold none)",
            "没有采取任何措施使该轮为冷（--cold none）",
        ),
        ColdFact::SentBefore => both(
            "an earlier level sent the same prompts, and nothing was done since",
            "之前的负载级别已发送过相同的提示词，此后没有采取任何措施",
        ),
        ColdFact::ResetAccepted { .. }
        | ColdFact::ResetProven { .. }
        | ColdFact::ResetProofFailed { .. }
        | ColdFact::ResetUnproven => reset(fact),
        ColdFact::CanaryReplayed
        | ColdFact::CanaryMissed { .. }
        | ColdFact::CanaryHit { .. }
        | ColdFact::CanarySilent
        | ColdFact::OtherSalt { .. }
        | ColdFact::OtherMarker { .. } => canary(fact),
        ColdFact::MayBeReplays { seen } => may_be_replays(*seen),
        ColdFact::Retried { requests, .. } => [
            format!(
                "requests that were sent again: {requests}; their hits may be of their own first attempt and are left out"
            ),
            format!("{requests} 个请求重发过，其命中可能来自自身的首次尝试，未予采用"),
        ],
        ColdFact::Replayed(found) => {
            let [en, zh] = replayed(*found);
            [
                format!("{en}: a response cache gave them back, not an engine"),
                format!("{zh}：由响应缓存返回，而非引擎"),
            ]
        }
        ColdFact::NoneSucceeded { .. } => both("no request succeeded", "没有请求成功"),
        ColdFact::NotReported { .. } => both(
            "the server reports no cached tokens; it may have an option for it (vLLM: --enable-prompt-tokens-details, SGLang: --enable-cache-report)",
            "服务端不报告缓存命中 tokens；可能有启动参数可开启（vLLM：--enable-prompt-tokens-details，SGLang：--enable-cache-report）",
        ),
        ColdFact::TooShort { shared: true, .. } => both(
            "the prompts share too much of each other to tell whether anything else was hit",
            "提示词彼此共享的部分太多，无法判断是否还有其他命中",
        ),
        ColdFact::TooShort { shared: false, .. } => both(
            "the prompts are too short to tell a hit from the template and a block",
            "提示词太短，无法将命中与聊天模板及一个缓存块区分开",
        ),
        ColdFact::MarkerInDoubt { hit, .. } => [
            format!(
                "the same text behind another marker took {hit} tokens from the cache: either all prompts begin alike here, or a marker does not make them cold"
            ),
            format!(
                "同一文本换用另一个唯一前缀后仍命中 {hit} tokens：要么此处所有提示词的开头相同，要么唯一前缀不能使其变冷"
            ),
        ],
        ColdFact::CharactersOnly { .. } => both(
            "what prompts share is known by characters only, so hits of what they do not share might not show",
            "提示词的共享部分只知道字符数，非共享部分的命中可能无法看出",
        ),
        ColdFact::Impossible { requests, .. } => [
            format!(
                "requests that report more cached tokens than their prompt has: {requests}; they are left out"
            ),
            format!("{requests} 个请求报告的缓存命中 tokens 多于其提示词，未予采用"),
        ],
        ColdFact::HalfOfOne { requests, .. } => [
            format!(
                "requests that took half of their prompt and more from a cache, unexpectedly: {requests}"
            ),
            format!("有 {requests} 个请求，各自的提示词有一半以上意外命中缓存"),
        ],
        ColdFact::KnownForFew { known, of, .. } => [
            format!("hits can be judged for {known} of {of} requests only"),
            format!("{of} 个请求中只有 {known} 个的命中可判断"),
        ],
        ColdFact::Hits { .. } => hits(fact),
    }
}

/// With the rounds that it is about.
fn of_rounds(rounds: &[u32], [en, zh]: Bilingual) -> Bilingual {
    let word = if rounds.len() == 1 { "round" } else { "rounds" };
    let numbers: Vec<String> = rounds.iter().map(u32::to_string).collect();
    let (list, list_zh) = (numbers.join(", "), numbers.join("、"));
    [
        format!("{word} {list}: {en}"),
        format!("第 {list_zh} 轮：{zh}"),
    ]
}

fn may_be_replays(seen: Option<(f64, f64)>) -> Bilingual {
    let [en, zh] = [
        "these answers may be those of earlier requests, given back whole with their usage: what usage says is no proof",
        "这些响应可能是之前请求的响应被原样返回，usage 也随之返回：usage 不能作为证据",
    ];
    let Some((seen, sent)) = seen else {
        return both(en, zh);
    };
    [
        format!(
            "of {sent:.0} prompt tokens sent in the cold round the engines' counters saw {seen:.0}: {en}"
        ),
        format!("冷轮发送了 {sent:.0} 个提示词 token，而引擎计数器只见到 {seen:.0} 个：{zh}"),
    ]
}

fn hits(fact: &ColdFact) -> Bilingual {
    let ColdFact::Hits {
        cached,
        prompt,
        known,
        omitted,
        excess,
        ..
    } = fact
    else {
        return Bilingual::default();
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "token counts are far below 2^52"
    )]
    let share = 100.0 * *cached as f64 / (*prompt).max(1) as f64;
    let [told, told_zh] = match (*omitted, *known) {
        (0, known) => [
            format!("known for {known} requests"),
            format!("{known} 个请求的命中可知"),
        ],
        (omitted, known) if omitted == known => both(
            "no request reports any, as this server does without a hit",
            "没有请求报告命中，该服务端无命中时省略此字段",
        ),
        (omitted, known) => {
            let reported = known - omitted;
            [
                format!(
                    "reported by {reported}; {omitted} say nothing, as this server does without a hit"
                ),
                format!("{reported} 个请求有报告，{omitted} 个省略（该服务端无命中时省略此字段）"),
            ]
        }
    };
    [
        format!(
            "{cached} of {prompt} prompt tokens ({share:.1} %) came from the cache, {told}; beyond what the round shares: {excess}"
        ),
        format!(
            "{prompt} 个提示词 token 中 {cached} 个（{share:.1}%）命中缓存，{told_zh}；超出轮内共享的部分：{excess}"
        ),
    ]
}

fn reset(fact: &ColdFact) -> Bilingual {
    match fact {
        ColdFact::ResetAccepted { url } => [
            format!("cache reset accepted by {url}"),
            format!("{url} 接受了缓存重置"),
        ],
        ColdFact::ResetProven {
            before,
            after: Some(after),
        } => [
            format!("proven: a text that had hit {before} tokens hit {after} after it"),
            format!("已证实：一段文本重置前命中 {before} tokens，重置后命中 {after}"),
        ],
        ColdFact::ResetProven {
            before,
            after: None,
        } => [
            format!(
                "proven: a text that had hit {before} tokens was answered without any after it"
            ),
            format!("已证实：一段文本重置前命中 {before} tokens，重置后的响应未报告命中"),
        ],
        ColdFact::ResetProofFailed { reason } => [
            format!("not proven: a request that was to prove it failed ({reason})"),
            format!("未证实：用于证实的请求失败（{reason}）"),
        ],
        _ => both(
            "not proven: no text was seen to hit before it",
            "未证实：重置前没有文本被看到命中",
        ),
    }
}

fn canary(fact: &ColdFact) -> Bilingual {
    match fact {
        ColdFact::CanaryReplayed => both(
            "a repeated made text was answered under the id of its first answer, as by a response cache: nothing is seen of the engine's",
            "重复发送的合成文本得到了与首次相同 id 的响应，如同由响应缓存返回：看不到引擎的缓存",
        ),
        ColdFact::CanaryMissed { hit: 0 } => both(
            "a repeated made text hit nothing: it found no prefix cache",
            "重复发送的合成文本没有任何命中：未发现前缀缓存",
        ),
        ColdFact::CanaryMissed { hit } => [
            format!(
                "a repeated made text took {hit} tokens, no more than a template: it found no prefix cache"
            ),
            format!("重复发送的合成文本只命中 {hit} tokens，不超过聊天模板：未发现前缀缓存"),
        ],
        ColdFact::CanaryHit { hit, of } => {
            let of_zh = of.map_or_else(String::new, |of| format!(" {of} tokens "));
            let of = of.map_or_else(String::new, |of| format!("{of} "));
            [
                format!(
                    "a repeated made text took {hit} of its {of}tokens from the cache, and the server said so"
                ),
                format!("重复发送的{of_zh}合成文本命中缓存 {hit} tokens，且服务端报告了命中"),
            ]
        }
        ColdFact::OtherSalt { field, hit: None } => [
            format!("the same text under another {field} was answered without cached tokens"),
            format!("同一文本换用另一个 {field} 后，响应未报告缓存命中 tokens"),
        ],
        ColdFact::OtherSalt {
            field,
            hit: Some(hit),
        } => [
            format!("the same text under another {field} took {hit} tokens"),
            format!("同一文本换用另一个 {field} 后命中 {hit} tokens"),
        ],
        ColdFact::OtherMarker { hit } => [
            format!("the same text behind another marker took {hit} tokens"),
            format!("同一文本换用另一个唯一前缀后命中 {hit} tokens"),
        ],
        _ => both(
            "a repeated made text: the server reports no cached tokens",
            "重复发送合成文本：服务端不报告缓存命中 tokens",
        ),
    }
}
