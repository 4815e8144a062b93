//! Facts about hits: rates, whether the cold round was cold, and causes by name.

use super::{
    arms::wrong_beside,
    causes::wrong_causes,
    value::{number, text, texts},
};
use serde_json::Value;

/// Of a round's prompt tokens, that may be foreign without a word.
const TOLERANCE: f64 = 0.01;

/// Everything in the verdict on a world of hits that is not so.
pub fn wrong_hits(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let mut wrong = wrong_rates(scenario, truth, level);
    tiers(scenario, truth, level, &mut wrong);
    names(scenario, truth, level, &mut wrong);
    wrong.extend(wrong_causes(scenario, truth, level));
    wrong.extend(wrong_beside(scenario, truth, level));
    wrong
}

/// What is not so of hit rates, of whether the cold round was cold, and of hits as evidence.
pub(super) fn wrong_rates(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    rates(scenario, truth, level, &mut wrong);
    cold(scenario, truth, level, &mut wrong);
    evidence(scenario, truth, level, &mut wrong);
    wrong
}

/// A clean world: usage tells everything, sharing is known by ids, nothing is foreign.
/// `Some(false)`: cold was not known there.
pub fn known_cold(scenario: &Value, truth: &Value, level: &Value) -> Option<bool> {
    let unique = number(scenario, "/unique")?;
    let shared = number(scenario, "/shared")?;
    let allowed = number(scenario, "/template")? + number(scenario, "/block")?;
    let clean = tells_all(scenario)
        && scenario["ids"] == true
        && scenario["cache"] == true
        && scenario["block_known"] == true
        && number(truth, "/any_foreign") == Some(0.0)
        && unique > 2.0 * (allowed + 16.0)
        && shared < unique / 2.0;
    clean.then(|| text(level, "/cold/verdict") == "cold")
}

/// Every request tells its hits, or it is proven that silence is 0: the canary hit, and its first
/// request, which missed, said nothing.
fn tells_all(scenario: &Value) -> bool {
    let below_block = amount(scenario, "/template") < amount(scenario, "/block");
    let missed = scenario["salted"] == true || below_block;
    // Of several engines that are known each one would have to prove it.
    let one = amount(scenario, "/replicas") < 2.0
        || matches!(text(scenario, "/counters"), "none" | "one_of_two");
    match text(scenario, "/usage") {
        "explicit" => true,
        "omits_zero" => {
            text(scenario, "/canary") == "works" && scenario["cache"] == true && missed && one
        }
        _ => false,
    }
}

/// A number at a path; 0 where there is none.
fn amount(value: &Value, path: &str) -> f64 {
    number(value, path).unwrap_or(0.0)
}

/// Rates by tier that the answers themselves tell.
fn tiers(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let (cached, outer) = (number(truth, "/cached/warm"), number(truth, "/outer"));
    let local = cached.zip(outer).map(|(cached, outer)| cached - outer);
    for (name, right) in [("local", local), ("external", outer)] {
        let said = if scenario["response_cache"] != true {
            told_hits(level, name)
        } else {
            None
        };
        if said.is_some() && said != right {
            wrong.push(format!("{name} hits are {said:?}, in truth {right:?}"));
        }
    }
}

/// Hits of a tier as usage tells them.
fn told_hits(level: &Value, name: &str) -> Option<f64> {
    let mut tiers = level.pointer("/hit_rate/tiers")?.as_array()?.iter();
    let tier = tiers.find(|tier| tier["tier"] == name && tier["server"] == "usage")?;
    number(tier, "/hits")
}

/// Hit rates are those of the world, where all of it is told.
fn rates(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let prompt = number(truth, "/prompt").unwrap_or(f64::NAN);
    let replays = scenario["response_cache"] == true;
    for (said, cached) in [
        ("/hit_rate/usage_cold", "/cached/cold"),
        ("/hit_rate/usage", "/cached/warm"),
    ] {
        let Some(rate) = number(level, said) else {
            continue;
        };
        if !(0.0..=1.0).contains(&rate) {
            wrong.push(format!("{said} is {rate}"));
        }
        // What answers themselves tell in full must be so; a stored answer tells an old story.
        let whole = number(level, &format!("{said}_known")) == number(level, &format!("{said}_of"));
        let told = replays && said == "/hit_rate/usage";
        let right = number(truth, cached).map(|cached| cached / prompt);
        if whole && !told && right.is_none_or(|right| (right - rate).abs() > 1e-5) {
            wrong.push(format!("{said} is {rate}, in truth {right:?}"));
        }
    }
    if let Some(rate) = number(level, "/hit_rate/server") {
        let right = number(truth, "/cached/warm").map(|cached| cached / prompt);
        let mine = text(scenario, "/counters") == "match";
        if !mine || right.is_none_or(|right| (right - rate).abs() > 0.03) {
            wrong.push(format!("/hit_rate/server is {rate}, in truth {right:?}"));
        }
    }
}

/// No foreign hits where the cold round is called cold, and some where it is called contaminated.
fn cold(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let said = text(level, "/cold/verdict");
    let contaminated = amount(truth, "/foreign/half_prompts") > 0.0
        || amount(truth, "/foreign/tokens") > TOLERANCE * amount(truth, "/prompt");
    if contaminated && said == "cold" {
        wrong.push("cold, with foreign hits".to_owned());
    }
    if amount(truth, "/any_foreign") < 0.5 && said == "contaminated" {
        wrong.push("contaminated, without any foreign hit".to_owned());
    }
    if text(scenario, "/usage") == "silent" && said != "unknown" {
        wrong.push(format!("{said}, where nothing is reported"));
    }
}

/// Hits are evidence where the warm round had more of them, and are not overlooked.
fn evidence(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let said = level.pointer("/conclusion/cache_evidence") == Some(&Value::Bool(true));
    let mixed = level.pointer("/conclusion/source") == Some(&Value::from("mixed"));
    let arms = number(level, "/mixed/hit_rate").zip(number(level, "/mixed/miss_rate"));
    let told = !level["mixed"]["missed_share"].is_null();
    let gained = match arms {
        // Where blocks decide, their arms tell of hits; what they say of them is held elsewhere.
        Some((hit, miss)) if mixed && told => (hit - miss - 0.05) * amount(truth, "/prompt"),
        _ => amount(truth, "/cached/warm") - amount(truth, "/cached/cold"),
    };
    if said && gained <= 0.0 {
        wrong.push(format!(
            "evidence of hits, and the warm round hit {gained} tokens more"
        ));
    }
    // It is drawn to give warm rounds back, not the hits of mixed ones.
    if said && scenario["response_cache"] == true && !(mixed && told) {
        wrong.push("evidence of a cache behind a response cache".to_owned());
    }
    // Seen in full, hits of a tenth of the prompts are not overlooked.
    let plain = tells_all(scenario) && scenario["response_cache"] == false;
    if plain && !said && gained >= 0.10 * amount(truth, "/prompt") {
        wrong.push(format!(
            "no evidence, although {gained} tokens more were hit"
        ));
    }
    let sentence = text(level, "/conclusion/text");
    if sentence.contains("cache works") && !said {
        wrong.push(format!("`{sentence}` without evidence"));
    }
}

/// Causes that are named, and that must be.
fn names(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let lines = texts(level, "/diagnosis");
    let replays = scenario["response_cache"] == true;
    let counters = text(scenario, "/counters");
    // Without ids it shows by counters that stand still where the cold answers took their time.
    let few_cold = number(truth, "/cached/cold")
        .zip(number(truth, "/prompt"))
        .is_some_and(|(cached, prompt)| cached < 0.25 * prompt);
    let seen = text(scenario, "/response_ids") == "kept" || (counters == "match" && few_cold);
    if replays && seen && !says(&lines, "response cache") {
        wrong.push(format!("a response cache is not named: {lines:?}"));
    }
    for (said, allowed, what) in nameable(scenario, truth, &lines) {
        if said && !allowed {
            wrong.push(format!("{what}: {lines:?}"));
        }
    }
}

/// Each cause: whether it is said, whether it may be, and what it is if it may not.
fn nameable(scenario: &Value, truth: &Value, lines: &[&str]) -> Vec<(bool, bool, &'static str)> {
    let replays = scenario["response_cache"] == true;
    let cache = scenario["cache"] == true;
    let replicas = number(scenario, "/replicas").unwrap_or(1.0) > 1.0;
    let (canary, counters) = (text(scenario, "/canary"), text(scenario, "/counters"));
    let (needed, times) = (number(truth, "/needed"), number(scenario, "/capacity"));
    let overflows = needed.is_some() && times.is_some_and(|times| times < 1.0);
    let prompts_evicted = says(lines, "evicted: the prompts");
    let hit = number(truth, "/cached/warm").is_some_and(|cached| cached > 0.0);
    vec![
        (
            says(lines, "response cache"),
            replays,
            "a response cache that is not there",
        ),
        (
            prompts_evicted,
            overflows,
            "evicted from a cache that holds them",
        ),
        (
            says(lines, "evicted: ") && !prompts_evicted,
            false,
            "slots that are not there",
        ),
        (
            says(lines, "another replica"),
            replicas,
            "another replica, where there is one",
        ),
        // With one engine that a text was sent to twice, a cache that is on gave it back.
        (
            says(lines, "cache off") && !says(lines, "or replicas behind this address"),
            !cache || replicas || canary == "replayed",
            "a cache that is on is called off",
        ),
        (
            says(lines, "the cache works for one text"),
            cache,
            "a cache that is not there works",
        ),
        (
            says(lines, "store not finished"),
            false,
            "a store that was finished is called not finished",
        ),
        (
            says(lines, "were answered before they reached an engine"),
            replays || counters == "one_of_two",
            "requests that reached the engine are called lost",
        ),
        (
            says(lines, "counters left out"),
            counters == "processes",
            "counters left out",
        ),
        (
            says(lines, "came from the cache, yet"),
            hit || replays,
            "hits that are not there",
        ),
    ]
}

fn says(lines: &[&str], word: &str) -> bool {
    lines.iter().any(|line| line.contains(word))
}
