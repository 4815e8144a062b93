//! Tier 1: records drawn in process, hundreds of thousands of them.

use crate::{
    draw::{
        ArrivalScenario, HitScenario, Scenario, SessionScenario, arrival_scenario, draw,
        draw_arrivals, draw_hits, draw_sessions, hit_scenario, named, named_arrivals, scenario,
        session_scenario,
    },
    judge::{
        Claim, ClaimCount, ClaimCounts, claims, known_cold, known_cold_sessions, overload_claims,
        wrong_arrivals, wrong_facts, wrong_hits, wrong_sessions,
    },
    known_wrong::{KNOWN_WRONG, fault_of},
    run::{arrival_verdict, hit_verdict, session_verdict, verdict},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::Range};

/// What the noise table is called among what is known to be wrong; it is judged apart.
pub const NOISE_TABLE: &str = "noise table";

/// A verdict held against the truth.
#[derive(Clone, Debug)]
pub struct JudgedVerdict {
    /// The world.
    pub scenario: Value,
    /// What is true of it.
    pub truth: Value,
    /// What was said.
    pub level: Value,
    /// What of that is not so.
    pub wrong: Vec<String>,
}

impl JudgedVerdict {
    /// Judges what was said of a world by what is true of it.
    fn of(
        scenario: &impl Serialize,
        truth: Value,
        level: Value,
        wrong: fn(&Value, &Value, &Value) -> Vec<String>,
    ) -> serde_json::Result<Self> {
        let scenario = serde_json::to_value(scenario)?;
        let wrong = wrong(&scenario, &truth, &level);
        Ok(Self {
            scenario,
            truth,
            level,
            wrong,
        })
    }
}

/// Draws a scenario, lets the program judge it, and judges that.
///
/// # Errors
/// When a scenario is no JSON, which is a fault of the lab.
pub fn judge(scenario: &Scenario) -> serde_json::Result<JudgedVerdict> {
    let drawn = draw(scenario);
    let truth = serde_json::to_value(&drawn.truth)?;
    let level = verdict(scenario, drawn);
    JudgedVerdict::of(scenario, truth, level, wrong_facts)
}

/// Draws a world of hits, lets the program judge it, and judges that.
///
/// # Errors
/// As [`judge`].
pub fn judge_hits(scenario: &HitScenario) -> serde_json::Result<JudgedVerdict> {
    let drawn = draw_hits(scenario);
    let truth = serde_json::to_value(&drawn.truth)?;
    let level = hit_verdict(scenario, drawn);
    JudgedVerdict::of(scenario, truth, level, wrong_hits)
}

/// Draws a world of arrivals, lets the program judge it, and judges that.
///
/// # Errors
/// As [`judge`].
pub fn judge_arrivals(scenario: &ArrivalScenario) -> serde_json::Result<JudgedVerdict> {
    let drawn = draw_arrivals(scenario);
    let truth = serde_json::to_value(&drawn.truth)?;
    let level = arrival_verdict(scenario, drawn)?;
    JudgedVerdict::of(scenario, truth, level, wrong_arrivals)
}

/// Draws a world of sessions, lets the program judge it, and judges that.
///
/// # Errors
/// As [`judge`].
pub fn judge_sessions(scenario: &SessionScenario) -> serde_json::Result<JudgedVerdict> {
    let drawn = draw_sessions(scenario);
    let truth = serde_json::to_value(&drawn.truth)?;
    let level = session_verdict(scenario, drawn);
    JudgedVerdict::of(scenario, truth, level, wrong_sessions)
}

/// A scenario with wrong facts.
#[derive(Clone, Debug, Serialize)]
pub struct WrongScenario {
    /// Its family or name.
    pub name: String,
    /// How to see it again.
    pub again: String,
    /// What is wrong.
    pub wrong: Vec<String>,
}

impl WrongScenario {
    /// The scenario with its faults in one line; `None` if it is known to be wrong.
    pub fn unknown(&self) -> Option<String> {
        let Self { name, again, wrong } = self;
        let known = fault_of(name).is_some();
        (!known).then(|| format!("{name} ({again}): {}", wrong.join("; ")))
    }
}

/// What a slice of seeds came to.
#[derive(Clone, Debug, Default)]
pub struct SeedSlice {
    /// Scenarios judged.
    pub scenarios: u64,
    /// Those with a wrong fact.
    pub wrong: Vec<WrongScenario>,
    /// Statistical claims.
    pub claims: ClaimCounts,
    /// Conclusions by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Verdicts on cold rounds in worlds of hits.
    pub verdicts: BTreeMap<String, u64>,
    /// Verdicts on cold rounds in worlds of sessions.
    pub sessions: BTreeMap<String, u64>,
    /// Reasons of conclusions in worlds of arrivals.
    pub arrivals: BTreeMap<String, u64>,
}

/// The verdict on the cold rounds.
fn verdict_of(judged: &JudgedVerdict) -> String {
    judged.level["cold"]["verdict"]
        .as_str()
        .unwrap_or("")
        .to_owned()
}

impl SeedSlice {
    /// Takes a verdict; `again`: how to see it again.
    fn add(&mut self, name: &str, again: String, judged: JudgedVerdict) {
        self.scenarios += 1;
        let claims = claims(&judged.scenario, &judged.truth, &judged.level);
        self.claims.add(&claims);
        let kind = judged.level["conclusion"]["kind"].as_str().unwrap_or("");
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        self.add_wrong(name, again, judged.wrong);
    }

    /// Takes a verdict on a world of arrivals.
    fn add_arrivals(&mut self, name: &str, again: String, judged: JudgedVerdict) {
        self.scenarios += 1;
        self.claims
            .add(&overload_claims(&judged.truth, &judged.level));
        let conclusion = &judged.level["conclusion"];
        let reason = conclusion["reason"]["kind"].as_str();
        let reason = reason.or(conclusion["kind"].as_str()).unwrap_or("");
        *self.arrivals.entry(reason.to_owned()).or_default() += 1;
        self.add_wrong(name, again, judged.wrong);
    }

    fn add_wrong(&mut self, name: &str, again: String, wrong: Vec<String>) {
        if !wrong.is_empty() {
            self.wrong.push(WrongScenario {
                name: name.to_owned(),
                again,
                wrong,
            });
        }
    }

    /// Judges the scenarios of these seeds.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn of_seeds(&mut self, seeds: Range<u64>) -> serde_json::Result<()> {
        for seed in seeds.clone() {
            let scenario = scenario(seed);
            self.add(&scenario.name, format!("--show {seed}"), judge(&scenario)?);
            let scenario = hit_scenario(seed);
            let judged = judge_hits(&scenario)?;
            self.scenarios += 1;
            *self.verdicts.entry(verdict_of(&judged)).or_default() += 1;
            if let Some(known) = known_cold(&judged.scenario, &judged.truth, &judged.level) {
                self.claims.add(&[(Claim::ColdNotKnown, !known)]);
            }
            self.add_wrong(&scenario.name, format!("--show hits-{seed}"), judged.wrong);
        }
        self.of_sessions(seeds.clone())?;
        self.of_arrivals(seeds)
    }

    /// Judges the worlds of sessions of these seeds.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn of_sessions(&mut self, seeds: Range<u64>) -> serde_json::Result<()> {
        for seed in seeds {
            let scenario = session_scenario(seed);
            let judged = judge_sessions(&scenario)?;
            self.scenarios += 1;
            *self.sessions.entry(verdict_of(&judged)).or_default() += 1;
            let known = known_cold_sessions(&judged.scenario, &judged.truth, &judged.level);
            if let Some(known) = known {
                self.claims.add(&[(Claim::SessionsColdNotKnown, !known)]);
            }
            self.add_wrong(
                &scenario.name,
                format!("--show sessions-{seed}"),
                judged.wrong,
            );
        }
        Ok(())
    }

    /// Judges the worlds of arrivals of these seeds.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn of_arrivals(&mut self, seeds: Range<u64>) -> serde_json::Result<()> {
        for seed in seeds {
            let scenario = arrival_scenario(seed);
            let again = format!("--show arrivals-{seed}");
            self.add_arrivals(&scenario.name, again, judge_arrivals(&scenario)?);
        }
        Ok(())
    }

    /// Judges the faults that were found, each as its scenario.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn of_names(&mut self) -> serde_json::Result<()> {
        for scenario in named() {
            self.add(
                &scenario.name,
                format!("--show {}", scenario.name),
                judge(&scenario)?,
            );
        }
        for scenario in named_arrivals() {
            let again = format!("--show {}", scenario.name);
            self.add_arrivals(&scenario.name, again, judge_arrivals(&scenario)?);
        }
        Ok(())
    }

    /// What is wrong and not listed; when `all` names were judged, also what is listed and right.
    pub fn faults(&self, all: bool) -> Vec<String> {
        let mut out = self.unknown_faults();
        for (name, fault) in KNOWN_WRONG {
            if all && !self.is_wrong(name) {
                out.push(format!("{name} is right now: take {fault} off known_wrong"));
            }
        }
        for count in self.claims_too_often_wrong() {
            let words = count.claim.words();
            if fault_of(words).is_none() {
                out.push(format!("{words}: {} of {}", count.wrong, count.of));
            }
        }
        out
    }

    /// Scenarios with wrong facts that are not known, one line each.
    pub fn unknown_faults(&self) -> Vec<String> {
        let wrong = self.wrong.iter();
        wrong.filter_map(WrongScenario::unknown).collect()
    }

    /// Whether what is listed under this name is wrong still.
    fn is_wrong(&self, name: &str) -> bool {
        let mut claims = self.claims_too_often_wrong();
        self.wrong.iter().any(|wrong| wrong.name == name)
            || claims.any(|count| count.claim.words() == name)
            || name == NOISE_TABLE
    }

    /// The kinds of claims that are wrong more often than they may be.
    fn claims_too_often_wrong(&self) -> impl Iterator<Item = &ClaimCount> {
        let claims = self.claims.each();
        claims.filter(|count| count.excludes_what_is_allowed())
    }

    /// What the slice came to as one line of JSON, to be appended to a file.
    pub fn line(&self, seeds: &Range<u64>) -> Value {
        let claims: BTreeMap<&str, [u64; 2]> = self
            .claims
            .each()
            .map(|count| (count.claim.words(), [count.wrong, count.of]))
            .collect();
        json!({
            "tier": 1,
            "seeds": [seeds.start, seeds.end],
            "scenarios": self.scenarios,
            "wrong": self.wrong,
            "kinds": self.kinds,
            "cold": self.verdicts,
            "sessions": self.sessions,
            "arrivals": self.arrivals,
            "claims": claims,
        })
    }
}
