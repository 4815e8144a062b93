//! Facts about mixed rounds: what their blocks say, and when they speak for the level.

use super::{
    sentence,
    value::{near, number, text, texts, two},
};
use serde_json::Value;

/// Within ± 5 %.
const MARGIN: f64 = 1.05;
/// Blocks that a statement needs.
const BLOCKS: f64 = 10.0;
/// Ways to toss the coin that it needs.
const TOSSES: f64 = 40.0;
/// Prompts that it needs.
const FEWEST: f64 = 6.0;
/// Share of the hit arm that may miss.
const MISSED: f64 = 0.05;

/// What decides a level: `mixed` where its arms are sound and what rounds differ by is not seen by
/// cycles, or where no warm round was run; else the row of its rounds.
pub(super) fn source(truth: &Value) -> String {
    let row = text(truth, "/row");
    let alone = number(truth, "/warm_rounds").is_none_or(|rounds| rounds < 0.5);
    let sound = matches!(why(truth), None | Some("across_margin"));
    let is_there = !truth["mixed"].is_null();
    if is_there && (alone || (sound && !matches!(row, "cycles" | "until"))) {
        return "mixed".to_owned();
    }
    row.to_owned()
}

/// Why the arms are not compared, by what is true of them.
fn why(truth: &Value) -> Option<&'static str> {
    let at = |path: &str| number(truth, &format!("/mixed{path}")).unwrap_or(0.0);
    let of = at("/lost/of").max(1.0);
    let (cold, warm) = (at("/lost/cold") / of, at("/lost/warm") / of);
    if at("/hit_requests") + at("/miss_requests") < 0.5 {
        Some("no_pairs")
    } else if at("/missed") > MISSED * at("/hit_answers") {
        Some("arm_missed")
    } else if at("/blocks") < BLOCKS || at("/tosses") < TOSSES {
        Some("few_blocks")
    } else if at("/prompts") < FEWEST {
        Some("few_prompts")
    } else if cold.max(warm) > 0.10 || (cold - warm).abs() > 0.05 {
        Some("lost_pairs")
    } else if truth.pointer("/mixed/misses_hit") == Some(&Value::Bool(true)) {
        Some("misses_hit")
    } else {
        None
    }
}

/// Everything that is said of mixed rounds and is not so.
pub(super) fn wrong_mixed(truth: &Value, level: &Value) -> Vec<String> {
    let (true_one, said) = (&truth["mixed"], &level["mixed"]);
    match (true_one.is_null(), said.is_null()) {
        (true, true) => return Vec::new(),
        (false, false) => {}
        _ => return vec![format!("mixed rounds: {said}, in truth {true_one}")],
    }
    let mut wrong = figures(true_one, said);
    wrong.extend(chance(true_one, said));
    wrong.extend(decision(truth, said));
    wrong.extend(conclusion(truth, level));
    wrong
}

/// Counts, rates and ratios.
fn figures(truth: &Value, said: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in ["blocks", "hit_requests", "miss_requests", "prompts"] {
        if said[name].as_f64() != truth[name].as_f64() {
            wrong.push(format!(
                "mixed {name} {}, in truth {}",
                said[name], truth[name]
            ));
        }
    }
    let answers = number(truth, "/hit_answers").filter(|answers| *answers > 0.5);
    let missed = number(truth, "/missed").zip(answers);
    for (name, right, exact) in [
        ("missed_share", missed.map(|(missed, of)| missed / of), true),
        ("hit_rate", number(truth, "/hit_rate"), true),
        ("miss_rate", number(truth, "/miss_rate"), true),
        ("ratio", number(truth, "/ratio"), false),
        ("drift", number(truth, "/drift"), false),
    ] {
        let value = said[name].as_f64();
        let same = match (value, right) {
            (None, None) => true,
            (Some(a), Some(b)) if exact => near(a, b),
            // Times are kept in whole ns.
            (Some(a), Some(b)) => (a / b).ln().abs() < 1e-4,
            _ => false,
        };
        if !same {
            wrong.push(format!("mixed {name} {value:?}, in truth {right:?}"));
        }
    }
    wrong
}

/// p and interval are those of the tosses that there could have been, where they are enough.
fn chance(truth: &Value, said: &Value) -> Vec<String> {
    let at = |path: &str| number(truth, path).unwrap_or(0.0);
    let few = at("/blocks") < BLOCKS || at("/tosses") < TOSSES;
    let mut wrong = Vec::new();
    if said["descriptive"] != few {
        wrong.push(format!(
            "mixed rounds are descriptive: {}",
            said["descriptive"]
        ));
    }
    if few {
        for name in ["p", "low", "high"] {
            if !said[name].is_null() {
                wrong.push(format!("{name} {} of too few blocks", said[name]));
            }
        }
        return wrong;
    }
    let p = said["p"].as_f64().unwrap_or(f64::NAN);
    let right = two(truth, "/p").is_some_and(|(low, high)| low - 2e-6 <= p && p <= high + 2e-6);
    if !right || p.is_nan() || p <= 0.0 || p > 1.0 {
        wrong.push(format!("p {p}, by the tosses {}", truth["p"]));
    }
    let ratio = said["ratio"].as_f64().unwrap_or(f64::NAN);
    for (name, way) in [("low", 1.0), ("high", -1.0)] {
        let band = two(truth, &format!("/{name}"));
        let end = said[name].as_f64();
        let held = match (end, band) {
            (Some(end), Some((a, b))) => a * (1.0 - 2e-4) <= end && end <= b * (1.0 + 2e-4),
            (None, None) => true,
            // Both are told or none.
            (None, Some(_)) => truth["high"].is_null(),
            (Some(_), None) => false,
        };
        if !held || end.is_some_and(|end| way * (ratio - end) < -2e-6) {
            wrong.push(format!("{name} {end:?} of {ratio}, by the tosses {band:?}"));
        }
    }
    wrong
}

/// What the mixed rounds say follows from their arms and the interval.
fn decision(truth: &Value, said: &Value) -> Vec<String> {
    let (kind, reason) = (text(said, "/kind"), text(said, "/reason/kind"));
    let ends = number(said, "/low").zip(number(said, "/high"));
    let far = ends.map(|(low, high)| high.max(1.0 / low));
    let (right, because) = match (why(truth), ends) {
        (Some(why), _) => ("cannot_tell", why),
        (None, Some((low, high))) if low > MARGIN || high < 1.0 / MARGIN => ("effect", ""),
        (None, Some((low, high))) if low >= 1.0 / MARGIN && high <= MARGIN => ("no_effect", ""),
        (None, _) => ("cannot_tell", "across_margin"),
    };
    let mut wrong = Vec::new();
    if (kind, reason) != (right, because) {
        wrong.push(format!(
            "mixed rounds: {kind} {reason}, not {right} {because}"
        ));
    }
    let bound = number(said, "/bound");
    let bounded = kind == "no_effect";
    if bound.is_some() != bounded || bound.zip(far).is_some_and(|(bound, far)| !near(bound, far)) {
        wrong.push(format!(
            "mixed rounds: {kind} bounded by {bound:?}, {ends:?}"
        ));
    }
    let at = |path: &str| number(truth, &format!("/mixed{path}"));
    for (of, name, right) in [
        ("arm_missed", "missed", at("/missed")),
        ("arm_missed", "of", at("/hit_answers")),
        ("few_blocks", "blocks", at("/blocks")),
        ("few_prompts", "prompts", at("/prompts")),
        ("lost_pairs", "cold", at("/lost/cold")),
        ("lost_pairs", "warm", at("/lost/warm")),
        ("lost_pairs", "of", at("/lost/of")),
    ] {
        let told = said["reason"][name].as_f64();
        if reason == of && told != right {
            wrong.push(format!("{reason}: {name} {told:?}, in truth {right:?}"));
        }
    }
    wrong
}

/// Where mixed rounds speak for the level, the conclusion is theirs; elsewhere they stand beside it.
fn conclusion(truth: &Value, level: &Value) -> Vec<String> {
    let (found, mixed) = (&level["conclusion"], &level["mixed"]);
    let decides = source(truth) == "mixed";
    let beside = texts(level, "/beside");
    let mut wrong = Vec::new();
    let drift = number(mixed, "/drift").is_some();
    if drift != beside.iter().any(|line| line.starts_with("drift: ")) {
        wrong.push(format!("a drift is told: {beside:?}"));
    }
    if decides == beside.iter().any(|line| line.starts_with("mixed rounds: ")) {
        wrong.push(format!(
            "mixed rounds decide: {decides}, beside: {beside:?}"
        ));
    }
    if !decides {
        return wrong;
    }
    for name in ["kind", "bound", "reason"] {
        if found[name] != mixed[name] {
            wrong.push(format!(
                "{name} {}, of mixed rounds {}",
                found[name], mixed[name]
            ));
        }
    }
    if !found["allowance"].is_null() {
        wrong.push(format!("mixed rounds allow {}", found["allowance"]));
    }
    let said = text(found, "/text");
    let decided = matches!(text(found, "/kind"), "effect" | "no_effect");
    let ratio = number(mixed, "/ratio").unwrap_or(f64::NAN);
    match sentence::arms(said) {
        Some(times) if times.is(ratio) => {}
        None if !decided => {}
        shown => wrong.push(format!("`{said}` shows {shown:?}, the ratio is {ratio}")),
    }
    let works = ratio > 1.0 && found["cache_evidence"] == true && found["kind"] == "effect";
    if said.contains("cache works") != works {
        wrong.push(format!("`{said}`: the cache works: {works}"));
    }
    wrong
}
