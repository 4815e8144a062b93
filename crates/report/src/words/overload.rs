//! The words for a side that could not hold the rate of an open loop.

use super::{Bilingual, both};
use dualround_model::Overload;

/// What the two sides are called.
#[derive(Clone, Copy)]
pub(super) struct SideNames {
    pub(super) cold: [&'static str; 2],
    pub(super) warm: [&'static str; 2],
}

impl SideNames {
    /// Those of cold and warm rounds.
    pub(super) const COLD_AND_WARM: Self = Self {
        cold: ["the cold side", "冷轮"],
        warm: ["the warm side", "热轮"],
    };
    /// Those of cold and mixed rounds.
    pub(super) const COLD_AND_MIXED: Self = Self {
        cold: ["the cold side", "冷轮"],
        warm: ["the mixed side", "混合轮"],
    };
    /// Those of rounds without reuse and cold ones.
    pub(super) const WITHOUT_AND_COLD: Self = Self {
        cold: ["the side without reuse", "无复用轮"],
        warm: ["the cold side", "冷轮"],
    };
}

/// That nothing is divided, for a table.
pub(super) fn in_a_few_words() -> Bilingual {
    both("withheld: overloaded", "不下结论：过载")
}

/// That nobody can tell it.
pub(super) fn unknown() -> Bilingual {
    both(
        "; whether a side was overloaded is not told below 800 requests, or of a round that was cut short or had many failures",
        "；请求数不足 800、中途结束或失败较多的轮，无法判断是否过载",
    )
}

/// What speaks for it where nobody can tell it.
pub(super) fn backlog_grew(warm: bool, middle: u64, end: u64) -> Bilingual {
    let SideNames { cold, warm: hot } = SideNames::COLD_AND_WARM;
    let [side, side_zh] = if warm { hot } else { cold };
    [
        format!(
            "; the backlog of {side} grew from {middle} to {end} requests between the middle and the end, so its times may grow with the length of the round"
        ),
        format!(
            "；{side_zh}的积压从中点到末尾由 {middle} 个请求增至 {end} 个，其耗时可能随轮次长度增长"
        ),
    ]
}

/// Why nothing is divided.
pub(super) fn withheld(overload: Overload, names: SideNames) -> Bilingual {
    let [sides, sides_zh] = sides(overload, names);
    [
        format!(
            "withheld: {sides}; the times of an overloaded side grow with the length of the round, so they are not divided"
        ),
        format!("不下结论：{sides_zh}；过载一方的耗时会随轮次长度不断增长，因此不计算比值"),
    ]
}

/// `the cold side cannot hold this rate, the warm side can`.
fn sides(overload: Overload, names: SideNames) -> Bilingual {
    let [cold, cold_zh] = names.cold;
    let [warm, warm_zh] = names.warm;
    match (overload.cold, overload.warm) {
        (Some(true), Some(true)) => [
            format!("neither {cold} nor {warm} can hold this rate"),
            format!("{cold_zh}与{warm_zh}都承受不了该到达速率"),
        ],
        (Some(true), other) => one(names.cold, names.warm, other),
        (other, _) => one(names.warm, names.cold, other),
    }
}

fn one(over: [&str; 2], other: [&str; 2], holds: Option<bool>) -> Bilingual {
    let ([over, over_zh], [other, other_zh]) = (over, other);
    match holds {
        Some(_) => [
            format!("{over} cannot hold this rate, {other} can"),
            format!("{over_zh}承受不了该到达速率，{other_zh}可以"),
        ],
        None => [
            format!("{over} cannot hold this rate; whether {other} can is unknown"),
            format!("{over_zh}承受不了该到达速率；{other_zh}能否承受未知"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_is_named_for_what_is_known_of_it() {
        let text = |cold, warm| {
            let [en, zh] = sides(Overload { cold, warm }, SideNames::COLD_AND_WARM);
            assert!(zh.contains("承受不了"), "{zh}");
            en
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(
            text(yes, no),
            "the cold side cannot hold this rate, the warm side can"
        );
        assert_eq!(
            text(no, yes),
            "the warm side cannot hold this rate, the cold side can"
        );
        assert_eq!(
            text(yes, yes),
            "neither the cold side nor the warm side can hold this rate"
        );
        assert_eq!(
            text(yes, None),
            "the cold side cannot hold this rate; whether the warm side can is unknown"
        );
    }
}
