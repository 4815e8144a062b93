//! The sentences of mixed rounds: hits against misses inside one round.

use super::{
    Bilingual, both,
    figures::{known_rate, p_value, times},
    overload::{self, SideNames},
};
use dualround_model::{
    ConclusionKind, LevelComparison, LostPairs, MixedFinding, Reason, Source, Witness,
};

/// `hits 10.10× faster than misses inside the mixed rounds (9.20–11.00×: 95 % interval by
/// re-randomising 24 blocks, p < 0.001)`; without an interval the ratio and the blocks alone.
pub(super) fn mixed_figures(mixed: &MixedFinding) -> Bilingual {
    let Some(ratio) = mixed.ratio else {
        return Bilingual::default();
    };
    let shown = times(ratio);
    let faster = ratio > 1.0 && shown != "1.000";
    let word = if faster { "faster than" } else { "as fast as" };
    let blocks = mixed.blocks;
    let [mut en, mut zh] = [
        format!("hits {shown}× {word} misses inside the mixed rounds"),
        format!("混合轮内命中相对未命中的加速比 {shown}×"),
    ];
    let Some(p) = mixed.p.map(p_value) else {
        en.push_str(&format!(" ({blocks} blocks)"));
        zh.push_str(&format!("（{blocks} 个区块）"));
        return [en, zh];
    };
    let range = match mixed.low.zip(mixed.high) {
        Some((low, high)) => format!("{}–{}×: ", times(low), times(high)),
        None => String::new(),
    };
    en.push_str(&format!(
        " ({range}95 % interval by re-randomising {blocks} blocks, {p})"
    ));
    let range = range.replace(": ", "：");
    zh.push_str(&format!(
        "（{range}{blocks} 个区块重新随机化的 95% 区间，{p}）"
    ));
    [en, zh]
}

/// What the mixed rounds say by themselves, where they do not stand for the level.
fn alone(mixed: &MixedFinding) -> Bilingual {
    let [figures, figures_zh] = mixed_figures(mixed);
    match (mixed.kind, mixed.reason) {
        (_, Some(reason)) => {
            let [why, why_zh] = undecided(mixed, reason);
            [format!("mixed rounds: {why}"), format!("混合轮：{why_zh}")]
        }
        _ => [
            format!("mixed rounds: {figures}"),
            format!("混合轮：{figures_zh}"),
        ],
    }
}

/// That the mixed rounds tell nothing, and why.
pub(super) fn undecided(mixed: &MixedFinding, reason: Reason) -> Bilingual {
    if let Reason::Overloaded(sides) = reason {
        return overload::withheld(sides, SideNames::COLD_AND_MIXED);
    }
    let [why, why_zh] = mixed_reason(mixed, reason);
    [format!("cannot tell: {why}"), format!("无法判断：{why_zh}")]
}

/// Why the mixed rounds tell nothing.
fn mixed_reason(mixed: &MixedFinding, reason: Reason) -> Bilingual {
    let [figures, figures_zh] = mixed_figures(mixed);
    match reason {
        Reason::ArmMissed { missed, of } => [
            format!(
                "of {of} requests that repeat what was sent {missed} missed the cache, so hits and misses were not compared"
            ),
            format!("重复发送的 {of} 个请求中有 {missed} 个未命中，因此比较的不是命中与未命中"),
        ],
        Reason::MissesHit => both(
            "requests behind a fresh value took prompt tokens from a cache, so hits and misses were not compared",
            "带全新前缀的请求也命中了缓存，因此比较的不是命中与未命中",
        ),
        Reason::OtherSharing { computed } => other_sharing(computed),
        Reason::FewBlocks { blocks } => few_blocks(mixed, blocks),
        Reason::FewPrompts { prompts } => [
            format!(
                "different prompts with a TTFT in it and in the cold round: {prompts}; at least 6 are needed"
            ),
            format!("混合轮与冷轮都有 TTFT 的不同提示词只有 {prompts} 条，至少需要 6 条"),
        ],
        Reason::LostPairs { cold, warm, of } => lost(LostPairs { cold, warm, of }),
        Reason::AcrossMargin => [
            format!("{figures}; the interval crosses the margin of ±5 %"),
            format!("{figures_zh}；区间跨过 ±5% 容差"),
        ],
        _ => both(
            "no request succeeded with a TTFT in a mixed round and in its cold round",
            "没有任何请求在混合轮及其冷轮中都成功并测得 TTFT",
        ),
    }
}

/// Misses that had others to share with than in their cold round.
fn other_sharing(computed: f64) -> Bilingual {
    let shown = times(computed);
    [
        format!(
            "the misses computed {shown}× as many prompt tokens as in their cold round, since other requests shared beginnings with them, so the arms differ by more than the cache"
        ),
        format!(
            "未命中请求计算的提示词 token 是其冷轮的 {shown} 倍（与之有共享前缀的请求不同），因此两组的差别不只是缓存"
        ),
    ]
}

/// What was seen in blocks too few to be sure of it, or that they are all of one arm.
fn few_blocks(mixed: &MixedFinding, blocks: u64) -> Bilingual {
    let needed = "at least 10 are needed, with 40 ways to give them their arms";
    let needed_zh = "至少需要 10 个区块，且有 40 种分组方式";
    if mixed.ratio.is_none() {
        return [
            format!("no round has blocks of both arms (blocks: {blocks}); {needed}"),
            format!("没有哪一轮同时有命中与未命中的区块（{blocks} 个）；{needed_zh}"),
        ];
    }
    let [figures, figures_zh] = mixed_figures(mixed);
    [
        format!("{figures}: too few to say how sure that is; {needed}"),
        format!("{figures_zh}：区块太少，无法说明把握有多大；{needed_zh}"),
    ]
}

/// Requests that failed in one arm.
fn lost(LostPairs { cold, warm, of }: LostPairs) -> Bilingual {
    [
        format!(
            "of {of} requests that had succeeded in the cold round {cold} failed among the misses and {warm} among the hits, so those left are no fair sample"
        ),
        format!(
            "冷轮中成功的 {of} 个请求里，未命中组失败 {cold} 个，命中组失败 {warm} 个，余下的已不是公平的样本"
        ),
    ]
}

/// What an effect inside mixed rounds is called.
pub(super) fn head(mixed: &MixedFinding, evidence: bool, witness: Witness) -> Bilingual {
    let faster = mixed.ratio.is_some_and(|ratio| ratio > 1.0);
    let known = mixed.missed_share.is_some() && mixed.miss_rate.is_some();
    let partly = mixed.hit_rate.is_some() || mixed.miss_rate.is_some();
    match (faster, evidence, witness) {
        (false, ..) => both("hits slower than misses", "命中比未命中慢"),
        (true, true, _) => both("cache works", "缓存有效"),
        (true, false, Witness::ResponseCache(_)) => both(
            "hits faster, by answers that a response cache gave back: of the engine's cache this says nothing",
            "命中更快，因为响应缓存直接返回了响应：这不能说明引擎自身的缓存",
        ),
        (true, false, _) if known => both(
            "hits faster, cause not established (they took hardly more of their prompts from cache than misses)",
            "命中更快，但原因未证实（其命中缓存的提示词几乎不比未命中多）",
        ),
        (true, false, _) if partly => both(
            "hits faster, cause not established (hits are known for a part of the requests only)",
            "命中更快，但原因未证实（只有部分请求的命中可知）",
        ),
        (true, false, _) => both(
            "hits faster, cause not established (hits cannot be seen here)",
            "命中更快，但原因未证实（此处无法看到命中）",
        ),
    }
}

/// `; hits took 99.9 % of their prompt tokens from cache, misses 0.5 %`.
pub(super) fn hit_rates(mixed: &MixedFinding) -> Bilingual {
    let Some((hit, miss)) = mixed.hit_rate.zip(mixed.miss_rate) else {
        return Bilingual::default();
    };
    let [hit, hit_zh] = known_rate(hit, mixed.hit_known, mixed.hit_of);
    let [miss, miss_zh] = known_rate(miss, mixed.miss_known, mixed.miss_of);
    [
        format!("; hits took {hit} of their prompt tokens from cache, misses {miss}"),
        format!("；命中组 {hit_zh} 的提示词 token 命中缓存，未命中组 {miss_zh}"),
    ]
}

/// What stands beside a conclusion on mixed rounds: what they say where they do not decide, else what
/// the rounds say; and the drift.
pub(super) fn beside(level: &LevelComparison, rounds: Bilingual) -> Vec<Bilingual> {
    let Some(mixed) = &level.mixed else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if level.conclusion.source != Source::Mixed {
        lines.push(alone(mixed));
    } else if level.ttft.ratio.is_some() {
        let [en, zh] = rounds;
        lines.push([
            format!("cold rounds against warm rounds: {en}"),
            format!("冷轮与热轮整轮相比：{zh}"),
        ]);
    }
    if let Some(drift) = mixed.drift {
        let shown = times(drift);
        lines.push([
            format!(
                "drift: the misses of the mixed rounds took {shown}× as long as in their cold round (by the server, its load, and what requests share of each other)"
            ),
            format!("漂移：混合轮中未命中请求的耗时是其冷轮的 {shown} 倍（取决于服务端、负载以及请求之间的共享）"),
        ]);
    }
    lines
}

/// `cache works (M 10.10×)`.
pub(super) fn in_a_few_words(mixed: &MixedFinding, evidence: bool, witness: Witness) -> Bilingual {
    let replayed = matches!(witness, Witness::ResponseCache(_));
    let faster = mixed.ratio.is_some_and(|ratio| ratio > 1.0);
    let [en, zh] = match mixed.kind {
        ConclusionKind::Effect if faster && evidence => ["cache works", "缓存有效"],
        ConclusionKind::Effect if faster && replayed => {
            ["faster, response cache", "更快，有响应缓存"]
        }
        ConclusionKind::Effect if faster => ["faster, cause not established", "更快，原因未证实"],
        ConclusionKind::Effect => ["slower", "更慢"],
        ConclusionKind::NoEffect => ["no effect", "没有差异"],
        ConclusionKind::CannotTell | ConclusionKind::Withheld => ["cannot tell", "无法判断"],
    };
    match mixed.ratio.map(times) {
        Some(ratio) => [format!("{en} (M {ratio}×)"), format!("{zh}（M {ratio}×）")],
        None => both(en, zh),
    }
}
