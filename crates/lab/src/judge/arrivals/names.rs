//! The sides that are named as unable to hold a rate, in data and in words, and what is given of
//! their times all the same.

use serde_json::Value;

/// What a metric has that rests on dividing both sides, or on subtracting them.
const DIVIDED: [&str; 12] = [
    "ratio",
    "ratio_median",
    "cold_typical",
    "warm_typical",
    "spread_low",
    "spread_high",
    "interval_low",
    "interval_high",
    "hodges_lehmann",
    "ratio_of_means",
    "shift_ms",
    "improved_share",
];

/// What is said of both sides: `Some(true)`: it cannot hold the rate; `None`: that is unknown.
pub(super) type Sides = [Option<bool>; 2];

/// What two sides are called, in English and in Chinese.
pub(super) struct SideWords {
    one: [&'static str; 2],
    other: [&'static str; 2],
}

/// Cold and warm rounds.
pub(super) const COLD_AND_WARM: SideWords = SideWords {
    one: ["the cold side", "冷轮"],
    other: ["the warm side", "热轮"],
};
/// Cold and mixed rounds.
pub(super) const COLD_AND_MIXED: SideWords = SideWords {
    one: ["the cold side", "冷轮"],
    other: ["the mixed side", "混合轮"],
};
/// Rounds without reuse and cold ones.
pub(super) const WITHOUT_AND_COLD: SideWords = SideWords {
    one: ["the side without reuse", "无复用轮"],
    other: ["the cold side", "冷轮"],
};

/// What every sentence that names a side has, and no other one.
const NAMING: [&str; 2] = ["hold this rate", "承受不了"];

/// A sentence in both languages.
pub(super) type Sentence<'a> = [&'a str; 2];

/// What is wrong with a sentence that is to name these sides, or none.
pub(super) fn wrong_names(
    sentence: Sentence<'_>,
    sides: Sides,
    words: &SideWords,
) -> Option<String> {
    let named = sides.contains(&Some(true));
    for (at, text) in sentence.into_iter().enumerate() {
        let right = if named {
            let name = name(sides, words, at);
            text.matches(&name).count() == 1 && text.matches(NAMING[at]).count() == 1
        } else {
            !text.contains(NAMING[at])
        };
        if !right {
            return Some(format!("`{text}` of the sides {sides:?}"));
        }
    }
    None
}

/// The words that name them, in the language at this place.
fn name(sides: Sides, words: &SideWords, language: usize) -> String {
    let (one, other) = (words.one[language], words.other[language]);
    let (over, rest, known) = match sides {
        [Some(true), Some(true)] if language == 0 => {
            return format!("neither {one} nor {other} can hold this rate");
        }
        [Some(true), Some(true)] => return format!("{one}与{other}都承受不了该到达速率"),
        [Some(true), of_other] => (one, other, of_other.is_some()),
        [of_one, _] => (other, one, of_one.is_some()),
    };
    match (language, known) {
        (0, true) => format!(" {over} cannot hold this rate, {rest} can;"),
        (0, false) => format!(" {over} cannot hold this rate; whether {rest} can is unknown;"),
        (_, true) => format!("：{over}承受不了该到达速率，{rest}可以；"),
        (_, false) => format!("：{over}承受不了该到达速率；{rest}能否承受未知；"),
    }
}

/// A reason that names other sides than these, or names some where none is to be.
pub(super) fn wrong_reason(reason: &Value, sides: Sides) -> Vec<String> {
    let named = sides.contains(&Some(true));
    let said = (reason["kind"] == "overloaded")
        .then(|| ["cold", "warm"].map(|side| reason[side].as_bool()));
    let right = said == named.then_some(sides);
    if right {
        return Vec::new();
    }
    vec![format!("the reason {reason}, of the sides {sides:?}")]
}

/// Which figures of a metric are given that rest on both sides.
pub(super) fn given(metric: &Value) -> Vec<&'static str> {
    let keys = DIVIDED.into_iter();
    keys.filter(|key| !metric[*key].is_null()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_exactly_the_sides_that_are_overloaded() {
        let cold = [
            "withheld: the cold side cannot hold this rate, the warm side can; its times grow",
            "不下结论：冷轮承受不了该到达速率，热轮可以；耗时增长",
        ];
        let (yes, no) = (Some(true), Some(false));
        let wrong = |sides| wrong_names(cold, sides, &COLD_AND_WARM).is_some();
        assert!(!wrong([yes, no]));
        for sides in [[no, yes], [yes, yes], [yes, None], [no, no], [None, None]] {
            assert!(wrong(sides), "{sides:?}");
        }
        assert!(wrong_names(["fast", "快"], [no, None], &COLD_AND_WARM).is_none());
    }
}
