//! Facts about sessions: what is said of each round turn by turn, what could have been hit and by
//! chance, which sessions are compared, and whether the cold rounds were cold.

use super::value::{number, text, texts};
use serde_json::Value;

/// Of a round's prompt tokens, that may be foreign without a word.
const TOLERANCE: f64 = 0.01;
/// Sessions that a conclusion needs.
const FEWEST: f64 = 6.0;
/// Times are kept in whole ns, and JSON has six decimals.
const EXACT: f64 = 2e-6;

/// A level of sessions beside the truth.
struct SessionCheck<'a> {
    scenario: &'a Value,
    truth: &'a Value,
    level: &'a Value,
    wrong: Vec<String>,
}

/// Everything in the verdict on a world of sessions that is not so.
pub fn wrong_sessions(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let mut check = SessionCheck {
        scenario,
        truth,
        level,
        wrong: Vec::new(),
    };
    if check.nothing_sent() {
        // Of what was not sent nothing is told.
        return check.wrong;
    }
    check.rounds();
    check.compared();
    check.cold();
    check.hits();
    check.lines();
    check.names();
    check.wrong
}

/// A clean world, in which the cold rounds must be known to be cold. `Some(false)`: they were not.
pub fn known_cold_sessions(scenario: &Value, truth: &Value, level: &Value) -> Option<bool> {
    let colds = colds(truth);
    let shows = colds.iter().all(|round| {
        let (visible, new) = (number(round, "/visible"), number(round, "/new"));
        let clean = number(round, "/any_foreign") == Some(0.0);
        let answered = number(round, "/all/0").is_some_and(|tokens| tokens > 0.0);
        clean
            && answered
            && visible
                .zip(new)
                .is_some_and(|(seen, new)| seen >= 0.6 * new)
    });
    let clean = shows
        && !colds.is_empty()
        && text(scenario, "/usage") == "explicit"
        && scenario["canary"] == true
        && scenario["cache"] == true
        && scenario["block_known"] == true
        && scenario["ids"] == true;
    clean.then(|| text(level, "/cold/verdict") == "cold")
}

/// The cold rounds of a level.
fn colds(truth: &Value) -> Vec<&Value> {
    let rounds = truth["rounds"].as_array().into_iter().flatten();
    rounds.filter(|round| round["letter"] == "C").collect()
}

/// Two figures that are the same but for rounding, or both unknown.
fn same(said: &Value, right: &Value) -> bool {
    match (said.as_f64(), right.as_f64()) {
        (Some(said), Some(right)) => (said - right).abs() <= EXACT * right.abs().max(1.0),
        (None, None) => true,
        _ => false,
    }
}

impl SessionCheck<'_> {
    /// Holds figures of one thing against what is true of it.
    fn hold(&mut self, of: &str, said: &Value, right: &Value, names: &[(&str, &str)]) {
        for (name, true_name) in names {
            if !same(&said[*name], &right[*true_name]) {
                let (said, right) = (&said[*name], &right[*true_name]);
                self.wrong
                    .push(format!("{of}: {name} {said}, in truth {right}"));
            }
        }
    }

    /// Every first turn was too long.
    fn nothing_sent(&self) -> bool {
        let mut rounds = self.truth["rounds"].as_array().into_iter().flatten();
        rounds.all(|round| round["sessions"] == 0) && self.level["sessions"].is_null()
    }

    /// What is said of each round.
    fn rounds(&mut self) {
        let said = self.level["sessions"]["rounds"].clone();
        let truth = self.truth["rounds"].clone();
        let (said, truth) = (said.as_array().cloned(), truth.as_array().cloned());
        let (said, truth) = (said.unwrap_or_default(), truth.unwrap_or_default());
        if said.len() != truth.len() {
            self.wrong
                .push(format!("{} of {} rounds", said.len(), truth.len()));
        }
        for (at, (said, truth)) in said.iter().zip(&truth).enumerate() {
            let of = format!("round {} {}", at + 1, text(truth, "/letter"));
            let names = ["sessions", "ended_early", "overflowed", "lost_turns"];
            self.hold(&of, said, truth, &names.map(|name| (name, name)));
            self.hold(&of, said, truth, &[("reached_share", "reached")]);
            // No round ends before its sessions do.
            if said["cut_short"] != 0 {
                self.wrong
                    .push(format!("{of}: cut short {}", said["cut_short"]));
            }
            self.replicas(&of, said, truth);
            let turns = |value: &Value| value["turns"].as_array().cloned().unwrap_or_default();
            let (said, truth) = (turns(said), turns(truth));
            if said.len() != truth.len() {
                self.wrong
                    .push(format!("{of}: {} of {} turns", said.len(), truth.len()));
            }
            for (said, truth) in said.iter().zip(&truth) {
                let of = format!("{of}, turn {}", truth["turn"]);
                let names = [
                    ("turn", "turn"),
                    ("requests", "requests"),
                    ("ttft_ms", "ttft_ms"),
                    ("prompt_tokens", "prompt"),
                    ("hit_tokens", "hit"),
                    ("reachable_tokens", "reachable"),
                    ("gap_s", "gap_s"),
                ];
                self.hold(&of, said, truth, &names);
            }
        }
    }

    /// Chance and balance, where the replicas are known to be all.
    fn replicas(&mut self, of: &str, said: &Value, truth: &Value) {
        let loads: Vec<f64> = truth["loads"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        let sum: f64 = loads.iter().sum();
        let most = loads.iter().copied().fold(0.0, f64::max);
        let imbalance = if sum > 0.0 {
            Value::from(most * loads.len() as f64 / sum)
        } else {
            Value::Null
        };
        if !same(&said["imbalance"], &imbalance) {
            let said = &said["imbalance"];
            self.wrong
                .push(format!("{of}: imbalance {said}, in truth {imbalance}"));
        }
        let told = said["replicas"].as_array().map_or(0, Vec::len);
        if told != loads.len() {
            self.wrong
                .push(format!("{of}: {told} replicas, in truth {}", loads.len()));
        }
        // Each request's mean is kept in hundredths of a token.
        let (chance, right) = (number(said, "/chance_share"), number(truth, "/chance"));
        let right = match (chance, right) {
            (None, None) => true,
            (Some(chance), Some(right)) => (chance - right).abs() < 0.001,
            _ => false,
        };
        if !right {
            let (said, truth) = (&said["chance_share"], &truth["chance"]);
            self.wrong
                .push(format!("{of}: by chance {said}, in truth {truth}"));
        }
    }

    /// Which sessions are in the ratio, and the ratio of one pair of rounds.
    fn compared(&mut self) {
        let sessions = self.level["sessions"].clone();
        let truth = self.truth.clone();
        self.hold(
            "level",
            &sessions,
            &truth,
            &[("left_out_inside", "left_out_inside")],
        );
        // A round that holds too few of the requests of the others is no part of a pair.
        if truth["left_out"].is_null() || number(self.level, "/cycles") != Some(1.0) {
            return;
        }
        self.hold("level", &sessions, &truth, &[("left_out", "left_out")]);
        let Some(right) = number(&truth, "/seen_ratio") else {
            return;
        };
        let level = self.level.clone();
        self.hold(
            "level",
            &level,
            &truth,
            &[("pairs", "pairs"), ("prompts", "paired")],
        );
        let said = number(&level, "/ttft/ratio");
        if said.is_some_and(|said| (said / right).ln().abs() > 1e-4) {
            self.wrong
                .push(format!("ratio {said:?}, in the drawn times {right}"));
        }
        let paired = number(&truth, "/paired").unwrap_or(0.0);
        let kind = text(&level, "/conclusion/kind");
        if paired < FEWEST && !matches!(kind, "cannot_tell" | "withheld") {
            self.wrong.push(format!("{kind} of {paired} sessions"));
        }
        let sentence = text(&level, "/conclusion/text");
        let named = format!("over {paired} sessions");
        if sentence.contains("spread over") && !sentence.contains(&named) {
            self.wrong
                .push(format!("`{sentence}` of {paired} sessions"));
        }
    }

    /// No foreign hits where the cold rounds are called cold, and some where they are not.
    fn cold(&mut self) {
        let said = text(self.level, "/cold/verdict").to_owned();
        let found = colds(self.truth);
        let contaminated = found.iter().any(|round| {
            let foreign = number(round, "/foreign_tokens").unwrap_or(0.0);
            let prompt = number(round, "/all/0").unwrap_or(0.0);
            let halves = number(round, "/foreign_halves").unwrap_or(0.0);
            foreign > TOLERANCE * prompt || (halves > 0.0 && foreign > 0.0)
        });
        let none = found
            .iter()
            .all(|round| number(round, "/any_foreign") == Some(0.0));
        let explicit = text(self.scenario, "/usage") == "explicit";
        let silent = text(self.scenario, "/usage") == "silent";
        if contaminated && said == "cold" {
            self.wrong.push("cold, with foreign hits".to_owned());
        }
        // Where ids are known, what is not foreign is explained.
        if contaminated && explicit && self.scenario["ids"] == true && said != "contaminated" {
            self.wrong.push(format!("{said}, with foreign hits"));
        }
        if none && said == "contaminated" {
            self.wrong
                .push("contaminated, without any foreign hit".to_owned());
        }
        if silent && said != "unknown" {
            self.wrong
                .push(format!("{said}, where nothing is reported"));
        }
    }

    /// Hit rates are those of the rounds where every answer tells them.
    fn hits(&mut self) {
        if text(self.scenario, "/usage") != "explicit" {
            return;
        }
        for (path, letter) in [("/hit_rate/usage_cold", "C"), ("/hit_rate/usage", "W")] {
            let rounds = self.truth["rounds"].as_array().into_iter().flatten();
            let mine: Vec<&Value> = rounds.filter(|round| round["letter"] == letter).collect();
            let sum = |at: &str| {
                mine.iter()
                    .filter_map(|round| number(round, at))
                    .sum::<f64>()
            };
            let (prompt, cached) = (sum("/all/0"), sum("/all/1"));
            let said = number(self.level, path);
            let right = (prompt > 0.0).then(|| cached / prompt);
            let is_right = said.zip(right).is_none_or(|(a, b)| (a - b).abs() < 1e-5);
            if !is_right {
                self.wrong
                    .push(format!("{path} {said:?}, in truth {right:?}"));
            }
        }
        let sentence = text(self.level, "/conclusion/text");
        let evidence = self.level.pointer("/conclusion/cache_evidence");
        if sentence.contains("cache works") && evidence != Some(&Value::Bool(true)) {
            self.wrong.push(format!("`{sentence}` without evidence"));
        }
    }

    /// Each round has its line in both languages, and endings have theirs.
    fn lines(&mut self) {
        let rounds = self.truth["rounds"].as_array().cloned().unwrap_or_default();
        for (at, round) in rounds.iter().enumerate() {
            let number = at + 1;
            let [sessions, early, overflowed, lost] =
                ["sessions", "ended_early", "overflowed", "lost_turns"].map(|name| &round[name]);
            let heads = [
                ("/beside", format!("round {number} (")),
                ("/beside_zh", format!("第 {number} 轮（")),
            ];
            for (path, head) in heads {
                let lines = texts(self.level, path);
                if lines.iter().filter(|line| line.starts_with(&head)).count() != 1 {
                    self.wrong
                        .push(format!("no line of round {number}: {lines:?}"));
                }
            }
            let of_them = match overflowed.as_u64() {
                Some(0) | None => String::new(),
                Some(some) => format!(" ({some} by a context that was too long)"),
            };
            let ended = format!(
                "round {number}: {early} of {sessions} sessions ended early{of_them}, {lost} turns were not sent"
            );
            let wanted = early.as_u64() > Some(0);
            let lines = texts(self.level, "/beside");
            if lines.contains(&ended.as_str()) != wanted {
                self.wrong
                    .push(format!("`{ended}`, to be said: {wanted}: {lines:?}"));
            }
        }
    }

    /// Causes that are named are there.
    fn names(&mut self) {
        let several = number(self.scenario, "/replicas").is_some_and(|replicas| replicas > 1.0);
        let cache = self.scenario["cache"] == true;
        let causes = [
            ("another replica", several),
            ("evicted: ", false),
            ("response cache", false),
            ("cache off", !cache || several),
            ("store not finished", false),
        ];
        for line in texts(self.level, "/diagnosis") {
            for (word, allowed) in causes {
                if line.contains(word) && !allowed {
                    self.wrong.push(format!("`{line}`, which is not so"));
                }
            }
        }
    }
}
