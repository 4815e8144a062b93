//! What the program said of a run, held against the simulated engine's own log.

use super::value::{number, text, texts};
use serde_json::Value;

/// A rate of the engine's log and one of the program may differ by, where both count the same.
const RATE: f64 = 1e-5;
/// The same where the engine's counters are read around a round.
const COUNTED: f64 = 0.03;

/// Prompt and cached tokens of a round's answered requests, by the engine's log.
#[derive(Clone, Copy, Debug, Default)]
struct LoggedTokens {
    prompt: f64,
    cached: f64,
}

impl LoggedTokens {
    fn add(&mut self, request: &Value) {
        self.prompt += number(request, "/prompt_tokens").unwrap_or(0.0);
        self.cached += number(request, "/cached_tokens").unwrap_or(0.0);
    }
}

/// Everything in the verdict that the log does not bear out. `rounds`: the requests of each
/// measured round as the engine logged them; `schedule`: their kinds, as in `--rounds`.
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
    let (mut cold, mut warm) = (LoggedTokens::default(), LoggedTokens::default());
    let mut read = LoggedTokens::default();
    for (role, round) in roles.iter().zip(rounds) {
        for one in round {
            match role {
                'C' if !failed(scenario, one) => cold.add(one),
                'W' if !failed(scenario, one) => warm.add(one),
                _ => {}
            }
            // The engine counts what it read, whatever became of the answer.
            if *role == 'W' && one["status"] == 200 {
                read.add(one);
            }
        }
    }
    rates(level, cold, warm, read, &mut wrong);
    cold_round(scenario, level, &mut wrong);
    claims(scenario, level, cold, warm, &mut wrong);
    wrong
}

/// What is said of the streams of a round that the log does not bear out: `file` is what the
/// program wrote of it. Failures are those of the log, every token bore one event, and text in a
/// field that nobody has is flagged.
pub fn wrong_streams(scenario: &Value, round: &[Value], file: &Value) -> Vec<String> {
    let failures = round.iter().filter(|one| failed(scenario, one)).count();
    // What broke off later had begun so too.
    let begun = round.iter().filter(|one| one["status"] == 200).count();
    let thinking = number(scenario, "/engine/reasoning_tokens").unwrap_or(0.0);
    // The place of thinking is a vendor's in chats alone, and a text that goes on has none.
    let is_chat = text(scenario, "/api") == "chat";
    let hidden = is_chat && text(scenario, "/engine/reasoning_in") == "unknown" && thinking > 0.5;
    let aborted = round.iter().filter(|one| one["aborted"] == true).count();
    let mut wrong = Vec::new();
    for (what, path, right) in [
        ("failures", "/summary/failed_requests", failures),
        (
            "answers with text in an unknown field",
            "/summary/flags/unknown_text",
            if hidden { begun } else { 0 },
        ),
        (
            "unknown words at the end",
            "/summary/flags/unknown_finish",
            if unknown_word(scenario) { aborted } else { 0 },
        ),
    ] {
        let said = number(file, path).unwrap_or(0.0);
        if (said - right as f64).abs() > 0.5 {
            wrong.push(format!("{said} {what}, by the engine's log {right}"));
        }
    }
    let requests = file.pointer("/requests").and_then(Value::as_array);
    for request in requests.into_iter().flatten() {
        if request["success"] != true {
            continue;
        }
        let events = number(request, "/token_events").unwrap_or(-1.0);
        let right = if hidden { 3.0 - thinking } else { 3.0 };
        if (events - right).abs() > 0.5 {
            wrong.push(format!(
                "{events} token events of an answer, {right} were sent"
            ));
        }
    }
    wrong
}

/// The engine was made to end answers with a word that nobody has.
/// Responses have reasons for an answer that the server broke off alone.
fn unknown_word(scenario: &Value) -> bool {
    let word = text(scenario, "/engine/faults/0/fault/finish/reason");
    word == "because" && text(scenario, "/api") != "responses"
}

/// The engine keeps what it is asked to keep, and nothing else.
fn is_explicit(scenario: &Value) -> bool {
    scenario.pointer("/engine/explicit_cache") == Some(&Value::Bool(true))
}

/// What is said of tokens that were written, and of what a round cost, that the log does not bear out.
pub fn wrong_costs(scenario: &Value, round: &[Value], file: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let answered: Vec<&Value> = round.iter().filter(|one| !failed(scenario, one)).collect();
    let sum = |key: &str| -> f64 {
        let counts = answered.iter().filter_map(|one| number(one, key));
        counts.sum()
    };
    let tells = is_explicit(scenario)
        || scenario.pointer("/engine/report_written_tokens") == Some(&Value::Bool(true));
    let (prompt, read) = (sum("/prompt_tokens"), sum("/cached_tokens"));
    let (written, output) = (sum("/written_tokens"), sum("/tokens"));
    let said = number(file, "/summary/written_tokens");
    let right = (tells && !answered.is_empty()).then_some(written);
    if said != right {
        wrong.push(format!(
            "{said:?} tokens written, by the engine's log {right:?}"
        ));
    }
    let Some(total) = number(file, "/summary/cost/total") else {
        return wrong;
    };
    if !tells {
        wrong.push(format!(
            "a cost of {total}, though nothing tells what was written"
        ));
    }
    // Messages tell how long it is kept, and what is kept by itself counts as the shorter.
    let is_long = is_explicit(scenario) && text(scenario, "/cache_control") == "1h";
    let price = if is_long { 6.0 } else { 3.75 };
    if text(scenario, "/api") != "messages" && written > 0.5 {
        wrong.push(format!("a cost of {total}, though writes have two prices"));
        return wrong;
    }
    let right = (prompt - read - written) * 3.0 + read * 0.3 + written * price + output * 15.0;
    if (total * 1e6 - right).abs() > 1e-3 {
        wrong.push(format!(
            "a cost of {total}, by the engine's log {}",
            right / 1e6
        ));
    }
    wrong
}

/// Whether the program must call an answer a failure: a status, or one that was broken off.
pub(super) fn failed(scenario: &Value, one: &Value) -> bool {
    one["status"] != 200 || (one["aborted"] == true && !unknown_word(scenario))
}

/// Hit rates are those of the log.
fn rates(
    level: &Value,
    cold: LoggedTokens,
    warm: LoggedTokens,
    read: LoggedTokens,
    wrong: &mut Vec<String>,
) {
    for (key, tokens, off) in [
        ("/hit_rate/usage", warm, RATE),
        ("/hit_rate/usage_cold", cold, RATE),
        ("/hit_rate/server", read, COUNTED),
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

/// Cold is said where nothing was cached before, and contaminated only where something was.
fn cold_round(scenario: &Value, level: &Value, wrong: &mut Vec<String>) {
    let said = text(level, "/cold/verdict");
    let none = text(scenario, "/cold") == "none";
    let before = number(scenario, "/sent_before").unwrap_or(0.0);
    let blocks = number(scenario, "/engine/cache_blocks").unwrap_or(0.0);
    let outer = number(scenario, "/engine/external_blocks").unwrap_or(0.0);
    let cached = none && before > 0.0 && (blocks > 1000.0 || outer > 0.0) && !is_explicit(scenario);
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

/// What is concluded, and the causes that are named.
fn claims(
    scenario: &Value,
    level: &Value,
    cold: LoggedTokens,
    warm: LoggedTokens,
    wrong: &mut Vec<String>,
) {
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
    let kept = is_explicit(scenario) && warm.cached + cold.cached > 0.0;
    let cacheless = !kept && (is_explicit(scenario) || (blocks < 0.5 && outer < 0.5));
    let two_pages = scenario.pointer("/two_pages") == Some(&Value::Bool(true));
    for (word, allowed) in [
        ("cache off", cacheless),
        ("evicted:", blocks > 0.5 && blocks < 1000.0),
        ("another replica", two_pages),
        ("response cache", false),
        ("store not finished", false),
        ("counters left out", two_pages),
        ("were answered before they reached an engine", false),
    ] {
        if !allowed && lines.iter().any(|line| line.contains(word)) {
            wrong.push(format!("`{word}`: {lines:?}"));
        }
    }
    let says = text(level, "/conclusion/text");
    if says.contains("cache works") && (cacheless || gained <= 0.0) {
        wrong.push(format!("`{says}`: hits grew by {gained:.3}"));
    }
}
