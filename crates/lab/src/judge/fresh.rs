//! Mixed rounds, rounds without reuse and cycles until decided, held against the bodies and tokens that
//! the simulated engine logged.

use super::{
    sockets::failed,
    value::{number, text, texts},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A rate of the engine's log and one of the program may differ by.
const RATE: f64 = 1e-5;

/// A run as the engine logged it and the program wrote it.
pub struct LoggedRun<'a> {
    /// The world.
    pub scenario: &'a Value,
    /// The rounds that were run, by their letters.
    pub schedule: &'a str,
    /// The requests of each round, as logged, with their bodies.
    pub rounds: &'a [Vec<Value>],
    /// What the program wrote of each round.
    pub files: &'a [Value],
    /// What it said of the level.
    pub level: &'a Value,
}

/// Prompt and cached tokens of answered requests.
#[derive(Clone, Copy, Default)]
struct Tokens {
    prompt: f64,
    cached: f64,
    answers: u64,
    /// Answers that took less than half of their prompt from the cache.
    missed: u64,
}

impl Tokens {
    fn add(&mut self, one: &Value) {
        let prompt = number(one, "/prompt_tokens").unwrap_or(0.0);
        let cached = number(one, "/cached_tokens").unwrap_or(0.0);
        self.prompt += prompt;
        self.cached += cached;
        self.answers += 1;
        self.missed += u64::from(2.0 * cached < prompt);
    }

    fn rate(&self) -> f64 {
        self.cached / self.prompt
    }
}

impl LoggedRun<'_> {
    /// The rounds of a letter.
    fn of_letter(&self, letter: char) -> impl Iterator<Item = usize> {
        let letters = self.schedule.chars().enumerate();
        letters
            .filter(move |(_, one)| *one == letter)
            .map(|(at, _)| at)
    }

    /// The bodies of a round by row.
    fn bodies(&self, round: usize) -> BTreeMap<u64, &str> {
        let logged = self.rounds[round].iter();
        logged
            .filter_map(|one| Some((row(one)?, text(one, "/body"))))
            .collect()
    }

    /// Whether a request of the log was answered.
    fn is_answered(&self, one: &Value) -> bool {
        !failed(self.scenario, one)
    }

    /// The tokens of a round's answers.
    fn tokens(&self, round: usize) -> Tokens {
        let mut tokens = Tokens::default();
        for one in self.rounds[round]
            .iter()
            .filter(|one| self.is_answered(one))
        {
            tokens.add(one);
        }
        tokens
    }
}

/// The row of a logged request, which its body names.
fn row(one: &Value) -> Option<u64> {
    let (_, rest) = text(one, "/body").split_once("Story ")?;
    rest.split(':').next()?.parse().ok()
}

/// What a file says of a row.
fn of_row(file: &Value, row: u64) -> Option<&Value> {
    let requests = file["requests"].as_array()?;
    let id = format!("r{row}");
    requests.iter().find(|request| request["id"] == id.as_str())
}

/// Everything that the log does not bear out.
pub fn wrong_fresh(run: &LoggedRun<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (letter, name) in [('M', "mixed"), ('N', "inside_reuse")] {
        if run.level[name].is_null() == run.schedule.contains(letter) {
            wrong.push(format!("{name} of {} is {}", run.schedule, run.level[name]));
        }
    }
    if run.schedule.contains('M') {
        wrong.extend(mixed(run));
    }
    if run.schedule.contains('N') {
        wrong.extend(without(run));
    }
    wrong.extend(until(run));
    wrong
}

/// The arms are those of the bodies, and what is said of them is that of the log.
fn mixed(run: &LoggedRun<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut hits, mut misses) = (Tokens::default(), Tokens::default());
    let (mut counted, mut blocks) = (0_u64, BTreeSet::new());
    for round in run.of_letter('M') {
        let Some(cold) = run.of_letter('C').filter(|cold| *cold < round).max() else {
            continue;
        };
        let sent = run.bodies(cold);
        let answered: BTreeSet<u64> = run.rounds[cold]
            .iter()
            .filter(|one| run.is_answered(one))
            .filter_map(row)
            .collect();
        for one in &run.rounds[round] {
            let Some((row, told)) =
                row(one).and_then(|at| Some((at, of_row(&run.files[round], at)?)))
            else {
                wrong.push(format!("round {} has a request of its own", round + 1));
                continue;
            };
            let repeats = sent.get(&row) == Some(&text(one, "/body"));
            if (told["arm"] == "hit") != repeats {
                let arm = &told["arm"];
                wrong.push(format!(
                    "row {row} of the arm {arm} repeats its bytes: {repeats}"
                ));
            }
            if !run.is_answered(one) {
                continue;
            }
            if repeats {
                hits.add(one);
            } else {
                misses.add(one);
            }
            if answered.contains(&row) && told["ramp"] != true {
                counted += 1;
                blocks.insert((round, told["block"].to_string()));
            }
        }
    }
    let said = &run.level["mixed"];
    let share = hits.missed as f64 / hits.answers as f64;
    for (name, right) in [
        ("missed_share", share),
        ("hit_rate", hits.rate()),
        ("miss_rate", misses.rate()),
    ] {
        let value = said[name].as_f64();
        if value.is_some_and(|value| (value - right).abs() > RATE) {
            wrong.push(format!("{name} is {value:?}, by the engine's log {right}"));
        }
    }
    let requests = ["hit_requests", "miss_requests"].map(|name| said[name].as_u64());
    if requests[0].zip(requests[1]).map(|(hit, miss)| hit + miss) != Some(counted) {
        wrong.push(format!("{requests:?} count, by the log {counted}"));
    }
    if said["blocks"].as_u64() != Some(blocks.len() as u64) {
        wrong.push(format!(
            "{} blocks, in truth {}",
            said["blocks"],
            blocks.len()
        ));
    }
    wrong.extend(speaks(run, hits.rate() - misses.rate()));
    wrong
}

/// Mixed rounds speak for the level where nothing else can, or where nothing is wrong with them, and
/// say that the cache works only where their hits did hit more.
fn speaks(run: &LoggedRun<'_>, gained: f64) -> Vec<String> {
    let (said, found) = (&run.level["mixed"], &run.level["conclusion"]);
    let alone = !run.schedule.contains('W');
    let sound = matches!(text(said, "/reason/kind"), "" | "across_margin");
    let cycles = number(run.level, "/cycles").unwrap_or(0.0);
    let speaks = alone || (sound && cycles < 3.0);
    let mut wrong = Vec::new();
    if speaks != (found["source"] == "mixed") && found["kind"] != "withheld" {
        wrong.push(format!(
            "decided by {}, mixed rounds: {said}",
            found["source"]
        ));
    }
    let works = text(found, "/text").contains("cache works");
    if works && alone && (gained.is_nan() || gained <= 0.0) {
        wrong.push(format!("{}: hits grew by {gained:.3}", found["text"]));
    }
    let enough = said["blocks"].as_u64().is_some_and(|blocks| blocks >= 10);
    if !said["p"].is_null() && !enough {
        wrong.push(format!("p {} of {} blocks", said["p"], said["blocks"]));
    }
    wrong
}

/// Every request stands behind a value of its own, and what is said of them is that of the log.
fn without(run: &LoggedRun<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let said = &run.level["inside_reuse"];
    let (mut alone, mut with) = (Tokens::default(), Tokens::default());
    let mut pairs = 0_u64;
    let mut seen = BTreeSet::new();
    for round in run.of_letter('N') {
        let own = run.rounds[round].iter().map(|one| text(one, "/body"));
        let repeated = own.filter(|body| !seen.insert(*body)).count();
        if repeated > 0 {
            wrong.push(format!(
                "{repeated} bodies of round {} were sent before",
                round + 1
            ));
        }
        let after = run.of_letter('C').find(|cold| *cold > round);
        let before = run.of_letter('C').filter(|cold| *cold < round).max();
        if let Some(cold) = after.or(before) {
            pairs += 1;
            for (sum, round) in [(&mut alone, round), (&mut with, cold)] {
                let tokens = run.tokens(round);
                sum.prompt += tokens.prompt;
                sum.cached += tokens.cached;
            }
        }
    }
    for (name, right) in [("usage_without", alone.rate()), ("usage", with.rate())] {
        let value = said[name].as_f64();
        if value.is_some_and(|value| (value - right).abs() > RATE) {
            wrong.push(format!("{name} is {value:?}, by the engine's log {right}"));
        }
    }
    if said["cycles"].as_u64() != Some(pairs) {
        wrong.push(format!(
            "{} pairs without reuse, in truth {pairs}",
            said["cycles"]
        ));
    }
    let verdict = text(said, "/without/verdict");
    let silent = run.scenario.pointer("/engine/report_cached_tokens") == Some(&Value::Bool(false));
    if verdict == "contaminated" || (verdict == "cold" && silent) {
        wrong.push(format!("without reuse: {verdict}"));
    }
    let gained = with.rate() - alone.rate();
    let works = texts(run.level, "/beside");
    let works = works
        .iter()
        .any(|line| line.contains("reuse inside the round works"));
    if (works || said["cache_evidence"] == true) && gained <= 0.0 {
        wrong.push(format!("reuse inside works: hits grew by {gained:.3}"));
    }
    wrong
}

/// Cycles went on until they decided, and no longer.
fn until(run: &LoggedRun<'_>) -> Vec<String> {
    let said = &run.level["until"];
    if run.scenario["until"] != true {
        return if said.is_null() {
            Vec::new()
        } else {
            vec![format!("until {said}, which nobody asked for")]
        };
    }
    let cycles = run.rounds.len() as f64 / 2.0;
    let most = number(said, "/most").unwrap_or(0.0);
    let kind = text(run.level, "/conclusion/kind");
    let decided = matches!(kind, "effect" | "no_effect");
    let mut wrong = Vec::new();
    for (name, right) in [
        ("cycles", cycles),
        ("look", cycles - 2.0),
        ("looks", most - 2.0),
    ] {
        if said[name].as_f64() != Some(right) {
            wrong.push(format!("until: {name} {}, in truth {right}", said[name]));
        }
    }
    if !(3.0..=20.0).contains(&most) || cycles > most || said["decided"] != decided {
        wrong.push(format!("until: {said}, {kind} after {cycles} cycles"));
    }
    // A level that was withheld cannot be decided by more cycles.
    if cycles < most && !decided && kind != "withheld" {
        wrong.push(format!(
            "until: {kind}, and {cycles} cycles of {most} were run"
        ));
    }
    wrong
}
