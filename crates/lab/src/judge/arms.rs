//! Facts about mixed rounds and rounds without reuse in worlds of hits: rates, what was foreign, and
//! what may be called evidence.

use super::value::{near, number, text, texts};
use serde_json::Value;

/// Of a round's prompt tokens, that may be foreign without a word.
const TOLERANCE: f64 = 0.01;
/// Tokens of a template that no request of another value shows.
const UNSEEN: f64 = 64.0;

/// Everything that is said of them and is not so.
pub(super) fn wrong_beside(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let schedule = text(scenario, "/schedule");
    let mut wrong = Vec::new();
    for (letter, name) in [('M', "mixed"), ('N', "inside_reuse")] {
        if level[name].is_null() == schedule.contains(letter) {
            wrong.push(format!("{name} of {schedule} is {}", level[name]));
        }
    }
    if schedule.contains('M') {
        wrong.extend(arms(scenario, &truth["mixed"], &level["mixed"]));
    }
    if schedule.contains('N') {
        wrong.extend(without(scenario, truth, level));
    }
    wrong
}

fn at(value: &Value, path: &str) -> f64 {
    number(value, path).unwrap_or(0.0)
}

/// The hits of both arms.
fn arms(scenario: &Value, truth: &Value, said: &Value) -> Vec<String> {
    let explicit = text(scenario, "/usage") == "explicit";
    // A stored answer tells an old story.
    let replays = scenario["response_cache"] == true;
    let share = |part: &str, of: &str| at(truth, part) / at(truth, of).max(1.0);
    let told = number(said, "/missed_share");
    let mut wrong = Vec::new();
    if explicit && !replays && told.is_none() && at(truth, "/hit_requests") > 0.5 {
        wrong.push("missed_share is not told, where every answer tells its hits".to_owned());
    }
    for (name, right, known) in [
        (
            "missed_share",
            share("/missed", "/hit_requests"),
            told.is_some() && !replays,
        ),
        (
            "hit_rate",
            share("/hit_cached", "/hit_prompt"),
            told.is_some() && !replays,
        ),
        ("miss_rate", share("/miss_cached", "/miss_prompt"), explicit),
    ] {
        let value = number(said, &format!("/{name}"));
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            wrong.push(format!("{name} is {value:?}"));
        }
        if known && value.is_some_and(|value| !near(value, right)) {
            wrong.push(format!("{name} is {value:?}, in truth {right}"));
        }
    }
    wrong.extend(misses(scenario, truth, said));
    wrong
}

/// Misses are called hits only where a cache knew some of them, and are where it knew much.
fn misses(scenario: &Value, truth: &Value, said: &Value) -> Option<String> {
    let reason = text(said, "/reason/kind");
    let known = at(truth, "/known_whole");
    if reason == "misses_hit" && known < 0.5 {
        return Some("misses are said to hit, and no cache knew them".to_owned());
    }
    let allowed = UNSEEN + at(scenario, "/template") + 3.0 * at(scenario, "/block");
    let beyond = at(truth, "/foreign") - known * allowed;
    let seen = text(scenario, "/usage") == "explicit" && at(scenario, "/shared") < 0.5;
    let much = beyond > TOLERANCE * at(truth, "/miss_prompt");
    let later = matches!(reason, "" | "across_margin" | "other_sharing");
    (seen && much && later).then(|| format!("{known} misses were known whole: {reason:?}"))
}

/// The round without reuse against the cold one.
fn without(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let (found, said) = (&truth["without"], &level["inside_reuse"]);
    let explicit = text(scenario, "/usage") == "explicit";
    let verdict = text(said, "/without/verdict");
    let prompt = at(found, "/prompt").max(1.0);
    let rates = [
        at(truth, "/cached/cold") / at(truth, "/prompt"),
        at(found, "/cached") / prompt,
    ];
    let mut wrong = Vec::new();
    for (name, right) in [("usage", rates[0]), ("usage_without", rates[1])] {
        let value = number(said, &format!("/{name}"));
        if explicit && value.is_none_or(|value| !near(value, right)) {
            wrong.push(format!("{name} beside it is {value:?}, in truth {right}"));
        }
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            wrong.push(format!("{name} beside it is {value:?}"));
        }
    }
    let contaminated = at(found, "/foreign/half_prompts") > 0.5
        || at(found, "/foreign/tokens") > TOLERANCE * prompt;
    if contaminated && verdict == "cold" {
        wrong.push("without reuse: cold, with foreign hits".to_owned());
    }
    // Without a canary more of a prompt may be a template.
    let told = explicit && text(scenario, "/canary") != "none";
    if contaminated && told && verdict != "contaminated" {
        wrong.push(format!(
            "without reuse: {verdict}, with foreign hits that all are told"
        ));
    }
    if at(found, "/known_whole") < 0.5 && verdict == "contaminated" {
        wrong.push("without reuse: contaminated, by nothing".to_owned());
    }
    if text(scenario, "/usage") == "silent" && verdict != "unknown" {
        wrong.push(format!(
            "without reuse: {verdict}, where nothing is reported"
        ));
    }
    let evidence = said["cache_evidence"] == true;
    if evidence && rates[0] <= rates[1] {
        wrong.push(format!("evidence of reuse inside, and rates of {rates:?}"));
    }
    let plain = explicit && rates[0] - rates[1] >= 0.06;
    if plain && !evidence {
        wrong.push(format!(
            "no evidence of reuse inside, and rates of {rates:?}"
        ));
    }
    let lines = texts(level, "/beside");
    if !evidence
        && lines
            .iter()
            .any(|line| line.contains("reuse inside the round works"))
    {
        wrong.push(format!("{lines:?} without evidence"));
    }
    wrong
}
