//! What the load of a level is called.

use super::Bilingual;
use dualround_model::{Lang, Load};

/// What a load is called: `concurrency`, `request rate`, `replay`.
pub(crate) fn load_kind(load: Load) -> [&'static str; 2] {
    match load {
        Load::Concurrency(_) => ["concurrency", "并发"],
        Load::Rate(_) => ["request rate", "请求速率"],
        Load::Replay(_) => ["replay", "回放"],
    }
}

/// The head of a column with the loads of levels, of which one is given, and a short one.
pub(crate) fn load_head(load: Load) -> [[&'static str; 2]; 2] {
    match load {
        Load::Rate(_) => [["Request rate", "请求速率"], ["Rate", "速率"]],
        Load::Replay(_) => [["Replay", "回放"]; 2],
        Load::Concurrency(_) => [["Concurrency", "并发"], ["Conc.", "并发"]],
    }
}

/// A level by its load and its name in the plan: `concurrency 4`, `request rate 8/s #2`.
pub(crate) fn level_words(load: Load, name: &str) -> Bilingual {
    let [kind, kind_zh] = load_kind(load);
    match load {
        // Its name begins with the word.
        Load::Replay(replay) => {
            let gaps = replay.gap_cap_s.map(|cap| format!(", gaps up to {cap} s"));
            let gaps_zh = replay.gap_cap_s.map(|cap| format!("，间隔至多 {cap} 秒"));
            let [gaps, gaps_zh] = [gaps, gaps_zh].map(Option::unwrap_or_default);
            let zh = name.replacen(kind, kind_zh, 1).replacen(&gaps, &gaps_zh, 1);
            [name.to_owned(), zh]
        }
        _ => [format!("{kind} {name}"), format!("{kind_zh} {name}")],
    }
}

/// A level's name below the head of its column, which says what its load is: `4`, `8/s #2`, `×2`.
pub(crate) fn level_cell(load: Load, name: &str) -> Bilingual {
    let Load::Replay(replay) = load else {
        return [name.to_owned(), name.to_owned()];
    };
    let words = level_words(load, name);
    let [kind, kind_zh] = load_kind(load);
    let speed = format!("×{}", replay.speed);
    let cell = |text: String, kind: &str| {
        let rest = text.strip_prefix(kind).unwrap_or(&text).trim_start();
        // The trace's own speed is not in a name.
        if rest.starts_with('×') {
            return rest.to_owned();
        }
        let gap = if rest.starts_with('#') { " " } else { "" };
        format!("{speed}{gap}{rest}")
    };
    let [en, zh] = words;
    [cell(en, kind), cell(zh, kind_zh)]
}

/// A text as a sentence begins.
pub(crate) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// The same in one language, by the load alone.
pub fn load_text(load: Load, lang: Lang) -> String {
    lang.pick(level_words(load, &load.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::{ArrivalRate, Arrivals, Replay};

    #[test]
    fn each_kind_of_load_has_its_words() {
        let rate = Load::Rate(ArrivalRate {
            per_second: 0.5,
            arrivals: Arrivals::Poisson,
        });
        let replay = Load::Replay(Replay {
            speed: 2.0,
            gap_cap_s: None,
        });
        let words = [Load::from(4), rate, replay].map(|load| load_text(load, Lang::En));
        assert_eq!(words, ["concurrency 4", "request rate 0.5/s", "replay ×2"]);
        let words = [Load::from(4), rate, replay].map(|load| load_text(load, Lang::Zh));
        assert_eq!(words, ["并发 4", "请求速率 0.5/s", "回放 ×2"]);
        assert_eq!(level_words(replay, "replay ×2 #2")[1], "回放 ×2 #2");
        let capped = Load::Replay(Replay {
            speed: 1.0,
            gap_cap_s: Some(5.0),
        });
        assert_eq!(load_text(capped, Lang::Zh), "回放，间隔至多 5 秒");
        let cell = |load: Load| level_cell(load, &load.to_string());
        assert_eq!(cell(Load::from(4)), ["4", "4"]);
        assert_eq!(cell(replay), ["×2", "×2"]);
        assert_eq!(cell(capped), ["×1, gaps up to 5 s", "×1，间隔至多 5 秒"]);
        assert_eq!(level_cell(capped, "replay #2")[0], "×1 #2");
    }
}
