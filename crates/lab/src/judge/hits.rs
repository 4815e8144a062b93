//! Facts about hits: rates, whether the cold round was cold, and causes by name.

use super::value::{number, text};
use serde_json::Value;

/// Of a round's prompt tokens, that may be foreign without a word.
const TOLERANCE: f64 = 0.01;

/// Everything in the verdict on a world of hits that is not so.
pub fn wrong_hits(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    rates(scenario, truth, level, &mut wrong);
    cold(scenario, truth, level, &mut wrong);
    evidence(scenario, truth, level, &mut wrong);
    names(scenario, truth, level, &mut wrong);
    wrong
}

/// A clean world: usage tells everything, sharing is known by ids, nothing is foreign. `Some(false)`:
/// cold was not known there.
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
    let at = |path: &str| number(scenario, path).unwrap_or(0.0);
    let missed = scenario["salted"] == true || at("/template") < at("/block");
    match text(scenario, "/usage") {
        "explicit" => true,
        "omits_zero" => text(scenario, "/canary") == "works" && scenario["cache"] == true && missed,
        _ => false,
    }
}

fn rates(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let prompt = number(truth, "/prompt").unwrap_or(f64::NAN);
    let replays = scenario["response_cache"] == true;
    for (said, cached) in [
        ("/hit_rate/usage_cold", "/cached/0"),
        ("/hit_rate/usage", "/cached/1"),
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
        let right = number(truth, "/cached/1").map(|cached| cached / prompt);
        let mine = text(scenario, "/counters") == "match";
        if !mine || right.is_none_or(|right| (right - rate).abs() > 0.03) {
            wrong.push(format!("/hit_rate/server is {rate}, in truth {right:?}"));
        }
    }
}

fn cold(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let said = text(level, "/cold/verdict");
    let at = |path: &str| number(truth, path).unwrap_or(0.0);
    let contaminated = at("/foreign/1") > 0.0 || at("/foreign/0") > TOLERANCE * at("/prompt");
    if contaminated && said == "cold" {
        wrong.push("cold, with foreign hits".to_owned());
    }
    if at("/any_foreign") < 0.5 && said == "contaminated" {
        wrong.push("contaminated, without any foreign hit".to_owned());
    }
    if text(scenario, "/usage") == "silent" && said != "unknown" {
        wrong.push(format!("{said}, where nothing is reported"));
    }
}

fn evidence(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let said = level.pointer("/conclusion/cache_evidence") == Some(&Value::Bool(true));
    let at = |path: &str| number(truth, path).unwrap_or(0.0);
    let gained = at("/cached/1") - at("/cached/0");
    if said && gained <= 0.0 {
        wrong.push(format!(
            "evidence of hits, and the warm round hit {gained} tokens more"
        ));
    }
    if said && scenario["response_cache"] == true {
        wrong.push("evidence of a cache behind a response cache".to_owned());
    }
    // Seen in full, hits of a tenth of the prompts are not overlooked.
    let plain = tells_all(scenario) && scenario["response_cache"] == false;
    if plain && !said && gained >= 0.10 * at("/prompt") {
        wrong.push(format!(
            "no evidence, although {gained} tokens more were hit"
        ));
    }
    let sentence = text(level, "/conclusion/text");
    if sentence.contains("cache works") && !said {
        wrong.push(format!("`{sentence}` without evidence"));
    }
}

fn names(scenario: &Value, truth: &Value, level: &Value, wrong: &mut Vec<String>) {
    let lines = level.pointer("/diagnosis").and_then(Value::as_array);
    let lines: Vec<&str> = lines
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let says = |word: &str| lines.iter().any(|line| line.contains(word));
    let replays = scenario["response_cache"] == true;
    if says("response cache") != replays {
        wrong.push(format!("response cache: {replays}, said {lines:?}"));
    }
    let cache = scenario["cache"] == true;
    if says("cache off") && cache && text(scenario, "/canary") != "other_replica" {
        wrong.push(format!("a cache that is on is called off: {lines:?}"));
    }
    if says("another replica") || says("evicted:") || says("store not finished") {
        wrong.push(format!("a cause that is not there: {lines:?}"));
    }
    let looked = says("were answered before they reached an engine");
    let less = replays && text(scenario, "/counters") == "match";
    if looked && !less {
        wrong.push(format!(
            "requests that reached the engine are called lost: {lines:?}"
        ));
    }
    if number(truth, "/cached/1") == Some(0.0) && says("came from the cache, yet") && !replays {
        wrong.push(format!("hits that are not there: {lines:?}"));
    }
}
