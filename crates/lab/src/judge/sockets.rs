//! What the program said of a run, held against the simulated engine's own log.

use super::value::{number, text, texts};
use serde_json::Value;

/// A rate of the engine's log and one of the program may differ by, where both count the same.
const RATE: f64 = 1e-5;
/// The same where the engine's counters are read around a round.
const COUNTED: f64 = 0.03;

/// Prompt and cached tokens of a round's answered requests, by the engine's log.
#[derive(Clone, Copy, Debug, Default)]
struct Tokens {
    prompt: f64,
    cached: f64,
}

/// Everything in the verdict that the log does not bear out. `rounds`: the requests of each measured
/// round as the engine logged them; `schedule`: their kinds, as in `--rounds`.
pub fn wrong_run(
    scenario: &Value,
    schedule: &str,
    rounds: &[Vec<Value>],
    level: &Value,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let none = text(scenario, "/cold") == "none";
    let roles: Vec<char> = schedule
        .chars()
        .enumerate()
        .map(|(at, kind)| if none && at > 0 { 'W' } else { kind })
        .collect();
    let of = |role: char| {
        let chosen = roles.iter().zip(rounds).filter(|(one, _)| **one == role);
        chosen.fold(Tokens::default(), |sum, (_, round)| add(sum, round))
    };
    let (cold, warm) = (of('C'), of('W'));
    rates(level, cold, warm, &mut wrong);
    cold_round(scenario, level, &mut wrong);
    claims(scenario, level, cold, warm, &mut wrong);
    wrong
}

fn add(sum: Tokens, round: &[Value]) -> Tokens {
    let answered = round.iter().filter(|one| one["status"] == 200);
    answered.fold(sum, |sum, one| Tokens {
        prompt: sum.prompt + number(one, "/prompt_tokens").unwrap_or(0.0),
        cached: sum.cached + number(one, "/cached_tokens").unwrap_or(0.0),
    })
}

fn rates(level: &Value, cold: Tokens, warm: Tokens, wrong: &mut Vec<String>) {
    for (key, tokens, off) in [
        ("/hit_rate/usage", warm, RATE),
        ("/hit_rate/usage_cold", cold, RATE),
        ("/hit_rate/server", warm, COUNTED),
    ] {
        let Some(said) = number(level, key) else {
            continue;
        };
        let true_rate = tokens.cached / tokens.prompt;
        if (said - true_rate).abs() > off {
            wrong.push(format!("{key} is {said}, by the engine's log {true_rate}"));
        }
    }
}

fn cold_round(scenario: &Value, level: &Value, wrong: &mut Vec<String>) {
    let said = text(level, "/cold/verdict");
    let none = text(scenario, "/cold") == "none";
    let before = number(scenario, "/sent_before").unwrap_or(0.0);
    let blocks = number(scenario, "/engine/cache_blocks").unwrap_or(0.0);
    let outer = number(scenario, "/engine/external_blocks").unwrap_or(0.0);
    let cached = none && before > 0.0 && (blocks > 1000.0 || outer > 0.0);
    if cached && said == "cold" {
        wrong.push(format!(
            "cold, though {before} prompts had been sent before"
        ));
    }
    if (!none || before < 0.5) && said == "contaminated" {
        wrong.push("contaminated, by nothing".to_owned());
    }
    if scenario.pointer("/engine/report_cached_tokens") == Some(&Value::Bool(false))
        && said == "cold"
    {
        wrong.push("cold, where nothing is reported".to_owned());
    }
}

fn claims(scenario: &Value, level: &Value, cold: Tokens, warm: Tokens, wrong: &mut Vec<String>) {
    let gained = warm.cached / warm.prompt - cold.cached / cold.prompt;
    let evidence = level.pointer("/conclusion/cache_evidence") == Some(&Value::Bool(true));
    if evidence && gained <= 0.0 {
        wrong.push(format!(
            "evidence of hits, and the warm rounds hit {gained:.3} more"
        ));
    }
    let blocks = number(scenario, "/engine/cache_blocks").unwrap_or(0.0);
    let outer = number(scenario, "/engine/external_blocks").unwrap_or(0.0);
    let lines = texts(level, "/diagnosis");
    let mut never = |word: &str, allowed: bool| {
        if !allowed && lines.iter().any(|line| line.contains(word)) {
            wrong.push(format!("`{word}`: {lines:?}"));
        }
    };
    let cacheless = blocks < 0.5 && outer < 0.5;
    never("cache off", cacheless);
    never("evicted:", blocks > 0.5 && blocks < 1000.0);
    never("another replica", false);
    never("response cache", false);
    never("store not finished", false);
    never("counters left out", false);
    never("were answered before they reached an engine", false);
    let says = text(level, "/conclusion/text");
    if says.contains("cache works") && (cacheless || gained <= 0.0) {
        wrong.push(format!("`{says}`: hits grew by {gained:.3}"));
    }
}
