//! The sentence on reuse inside a round: rounds in which nothing could be reused against cold ones.

use super::{
    Bilingual, both,
    figures::{FigureBasis, figures_of, known_rate, times, too_few, units},
    overload::{self, SideNames},
};
use dualround_model::{ConclusionKind, InsideReuse, LevelComparison, Reason, Verdict};

/// What reuse inside the round is worth.
pub(super) fn inside_reuse(found: &InsideReuse, level: &LevelComparison) -> Bilingual {
    let [figures, figures_zh] = figures(found, level);
    let [hits, hits_zh] = hits(found);
    let [warm_up, warm_up_zh] = warm_up(found);
    match found.kind {
        ConclusionKind::Effect => {
            let [head, head_zh] = effect(found);
            [
                format!("{head}: {figures}{hits}{warm_up}"),
                format!("{head_zh}：{figures_zh}{hits_zh}{warm_up_zh}"),
            ]
        }
        ConclusionKind::NoEffect => {
            let above = 100.0 * (found.bound.unwrap_or(1.0) - 1.0);
            [
                format!(
                    "reuse inside the round: no effect above {above:.0} % on average: {figures}{hits}{warm_up}"
                ),
                format!(
                    "轮内复用：平均而言没有超过 {above:.0}% 的差异：{figures_zh}{hits_zh}{warm_up_zh}"
                ),
            ]
        }
        ConclusionKind::CannotTell | ConclusionKind::Withheld => {
            let [why, why_zh] = why_not(found, level, [figures, figures_zh]);
            [
                format!("reuse inside the round: {why}{hits}"),
                format!("轮内复用：{why_zh}{hits_zh}"),
            ]
        }
    }
}

/// The same in a few words, for a table.
pub(super) fn in_a_few_words(found: &InsideReuse) -> Bilingual {
    let shown = found.ttft.ratio.map_or_else(|| "-".to_owned(), times);
    match found.kind {
        ConclusionKind::Effect => match effect_kind(found) {
            EffectKind::Works => [
                format!("reuse inside the round {shown}×"),
                format!("轮内复用 {shown}×"),
            ],
            EffectKind::Faster => both(
                "faster than without reuse, cause not established",
                "比无复用更快，原因未证实",
            ),
            EffectKind::Slower => both("slower than without reuse", "比无复用更慢"),
        },
        ConclusionKind::NoEffect => both("no effect of reuse inside", "轮内复用没有差异"),
        ConclusionKind::CannotTell => both("cannot tell (inside)", "无法判断（轮内复用）"),
        ConclusionKind::Withheld if matches!(found.reason, Some(Reason::Overloaded(_))) => {
            overload::in_a_few_words()
        }
        ConclusionKind::Withheld => both("withheld: not cold", "不下结论：冷轮不冷"),
    }
}

fn figures(found: &InsideReuse, level: &LevelComparison) -> Bilingual {
    let pairs = found.cycles;
    figures_of(&FigureBasis {
        ttft: &found.ttft,
        units: units(level),
        rounds: if pairs == 1 {
            both("one pair of rounds", "一对轮次")
        } else {
            [
                format!("{pairs} pairs of rounds averaged"),
                format!("{pairs} 对轮次取平均"),
            ]
        },
    })
}

/// What an effect is.
enum EffectKind {
    /// The cold round is faster, and hit more.
    Works,
    /// It is faster, and nothing shows why.
    Faster,
    Slower,
}

fn effect_kind(found: &InsideReuse) -> EffectKind {
    let faster = found.ttft.ratio.is_some_and(|ratio| ratio > 1.0);
    match (faster, found.cache_evidence) {
        (true, true) => EffectKind::Works,
        (true, false) => EffectKind::Faster,
        (false, _) => EffectKind::Slower,
    }
}

fn effect(found: &InsideReuse) -> [&'static str; 2] {
    match effect_kind(found) {
        EffectKind::Works => [
            "reuse inside the round works (without it → cold round)",
            "轮内复用有效（无复用 → 冷轮）",
        ],
        EffectKind::Faster => [
            "the cold round is faster than one without reuse, cause not established",
            "冷轮比无复用的轮次快，但原因未证实",
        ],
        EffectKind::Slower => [
            "the cold round is slower than one without reuse",
            "冷轮比无复用的轮次慢",
        ],
    }
}

/// A server that warms up in the first round is in the ratio; a round before both controls it.
fn warm_up(found: &InsideReuse) -> [&'static str; 2] {
    if found.first_round {
        [
            "; server warm-up not controlled, --rounds CNC controls it",
            "；未排除服务端预热的影响（--rounds CNC 可排除）",
        ]
    } else {
        ["", ""]
    }
}

/// `; 0.0 % → 61.2 % of prompt tokens from cache`.
fn hits(found: &InsideReuse) -> Bilingual {
    let Some((without, with)) = found.usage_without.zip(found.usage) else {
        return Bilingual::default();
    };
    let [without, without_zh] =
        known_rate(without, found.usage_without_known, found.usage_without_of);
    let [with, with_zh] = known_rate(with, found.usage_known, found.usage_of);
    [
        format!("; {without} → {with} of prompt tokens from cache"),
        format!("；命中缓存的提示词 token 占比 {without_zh} → {with_zh}"),
    ]
}

fn why_not(found: &InsideReuse, level: &LevelComparison, figures: Bilingual) -> Bilingual {
    let [figures, figures_zh] = figures;
    match found.reason {
        Some(Reason::Contaminated) if found.without.verdict != Verdict::Contaminated => both(
            "withheld: the cold round was contaminated (prompt tokens came from a cache)",
            "不下结论：冷轮被污染（部分提示词 token 命中缓存）",
        ),
        Some(Reason::Contaminated) => both(
            "withheld: prompt tokens came from a cache where there was nothing to reuse",
            "不下结论：本无可复用之处，提示词 token 却命中了缓存",
        ),
        Some(Reason::Overloaded(sides)) => overload::withheld(sides, SideNames::WITHOUT_AND_COLD),
        Some(Reason::FewPrompts { prompts }) => too_few(prompts, level),
        Some(Reason::LostPairs { cold, warm, of }) => [
            format!(
                "cannot tell: of {of} pairs {cold} failed without reuse alone and {warm} in the cold round alone, so those left are no fair sample"
            ),
            format!(
                "无法判断：{of} 对请求中，{cold} 对仅无复用轮失败，{warm} 对仅冷轮失败，余下的已不是公平的样本"
            ),
        ],
        Some(Reason::WideBound { bound }) => {
            let bound = 100.0 * (bound - 1.0);
            [
                format!(
                    "cannot tell: {figures}: the rounds agree, but an effect of up to {bound:.0} % is not excluded"
                ),
                format!("无法判断：{figures_zh}：各轮一致，但不能排除最多 {bound:.0}% 的差异"),
            ]
        }
        Some(Reason::AcrossMargin) => [
            format!("cannot tell: {figures}; the interval crosses the margin of ±5 %"),
            format!("无法判断：{figures_zh}；区间跨过 ±5% 容差"),
        ],
        _ => both(
            "cannot tell: no request succeeded with a TTFT in both rounds",
            "无法判断：没有任何请求在两轮中都成功并测得 TTFT",
        ),
    }
}
