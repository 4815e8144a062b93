//! Tier 1: records drawn in process, hundreds of thousands of them.

use crate::{
    draw::{HitScenario, Scenario, draw, draw_hits, hit_scenario, named, scenario},
    judge::{Claim, Tally, claims, known_cold, wrong_facts, wrong_hits},
    known_wrong::{KNOWN_WRONG, fault_of},
    run::{hit_verdict, verdict},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, ops::Range};

/// What the noise table is called among what is known to be wrong; it is judged apart.
pub const NOISE_TABLE: &str = "noise table";

/// A verdict held against the truth.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The world.
    pub scenario: Value,
    /// What is true of it.
    pub truth: Value,
    /// What was said.
    pub level: Value,
    /// What of that is not so.
    pub wrong: Vec<String>,
}

/// Draws a scenario, lets the program judge it, and judges that.
///
/// # Errors
/// When a scenario is no JSON, which is a fault of the lab.
pub fn judge(scenario: &Scenario) -> serde_json::Result<Judged> {
    let drawn = draw(scenario);
    let truth = serde_json::to_value(&drawn.truth)?;
    let level = verdict(scenario, drawn);
    let scenario = serde_json::to_value(scenario)?;
    let wrong = wrong_facts(&scenario, &truth, &level);
    Ok(Judged {
        scenario,
        truth,
        level,
        wrong,
    })
}

/// The same of a world of hits.
///
/// # Errors
/// As [`judge`].
pub fn judge_hits(scenario: &HitScenario) -> serde_json::Result<Judged> {
    let drawn = draw_hits(scenario);
    let truth = serde_json::to_value(&drawn.truth)?;
    let level = hit_verdict(drawn);
    let scenario = serde_json::to_value(scenario)?;
    let wrong = wrong_hits(&scenario, &truth, &level);
    Ok(Judged {
        scenario,
        truth,
        level,
        wrong,
    })
}

/// What a slice of seeds came to.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// Scenarios judged.
    pub scenarios: u64,
    /// Those with a wrong fact: name, how to see it again, and what is wrong.
    pub wrong: Vec<(String, String, Vec<String>)>,
    /// Statistical claims.
    pub tally: Tally,
    /// Conclusions by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Verdicts on cold rounds in worlds of hits.
    pub verdicts: BTreeMap<String, u64>,
}

fn verdict_of(judged: &Judged) -> String {
    judged.level["cold"]["verdict"]
        .as_str()
        .unwrap_or("")
        .to_owned()
}

impl Slice {
    fn add(&mut self, name: &str, again: String, judged: Judged) {
        self.scenarios += 1;
        let claims = claims(&judged.scenario, &judged.truth, &judged.level);
        self.tally.add(&claims);
        let kind = judged.level["conclusion"]["kind"].as_str().unwrap_or("");
        *self.kinds.entry(kind.to_owned()).or_default() += 1;
        if !judged.wrong.is_empty() {
            self.wrong.push((name.to_owned(), again, judged.wrong));
        }
    }

    /// The scenarios of these seeds.
    ///
    /// # Errors
    /// As [`judge`].
    pub fn of_seeds(&mut self, seeds: Range<u64>) -> serde_json::Result<()> {
        for seed in seeds {
            let scenario = scenario(seed);
            self.add(&scenario.name, format!("--show {seed}"), judge(&scenario)?);
            let scenario = hit_scenario(seed);
            let judged = judge_hits(&scenario)?;
            self.scenarios += 1;
            *self.verdicts.entry(verdict_of(&judged)).or_default() += 1;
            if let Some(known) = known_cold(&judged.scenario, &judged.truth, &judged.level) {
                self.tally.add(&[(Claim::ColdNotKnown, !known)]);
            }
            if !judged.wrong.is_empty() {
                let again = format!("--show hits-{seed}");
                self.wrong.push((scenario.name, again, judged.wrong));
            }
        }
        Ok(())
    }

    /// The faults that were found, each as its scenario.
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
        Ok(())
    }

    /// Whether nothing is wrong but what is listed; what is listed and right is told too, when all
    /// names were judged.
    pub fn faults(&self, all: bool) -> Vec<String> {
        let mut out = Vec::new();
        for (name, again, wrong) in &self.wrong {
            if fault_of(name).is_none() {
                out.push(format!("{name} ({again}): {}", wrong.join("; ")));
            }
        }
        let claims: Vec<&str> = self
            .tally
            .lines()
            .filter_map(|(claim, .., excluded)| excluded.then_some(claim.words()))
            .collect();
        let is_wrong = |name: &str| {
            let facts = self.wrong.iter().any(|(wrong, ..)| wrong == name);
            facts || claims.contains(&name) || name == NOISE_TABLE
        };
        for (name, fault) in KNOWN_WRONG
            .iter()
            .filter(|(name, _)| all && !is_wrong(name))
        {
            out.push(format!("{name} is right now: take {fault} off known_wrong"));
        }
        for (claim, wrong, of, excluded) in self.tally.lines() {
            if excluded && fault_of(claim.words()).is_none() {
                out.push(format!("{}: {wrong} of {of}", claim.words()));
            }
        }
        out
    }

    /// One line of JSON, to be appended to a file.
    pub fn line(&self, seeds: &Range<u64>) -> Value {
        let claims: BTreeMap<&str, [u64; 2]> = self
            .tally
            .lines()
            .map(|(claim, wrong, of, _)| (claim.words(), [wrong, of]))
            .collect();
        json!({
            "tier": 1,
            "seeds": [seeds.start, seeds.end],
            "scenarios": self.scenarios,
            "wrong": self.wrong.iter().map(|(name, again, wrong)| json!({
                "name": name, "again": again, "wrong": wrong,
            })).collect::<Vec<_>>(),
            "kinds": self.kinds,
            "cold": self.verdicts,
            "claims": claims,
        })
    }
}
