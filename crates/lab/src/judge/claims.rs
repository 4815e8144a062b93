//! Statistical claims: each may be wrong at most so often, and an instrument that never claims
//! anything is useless.

use super::{
    binomial::lowest_rate,
    value::{number, text},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Effects within ± 5 % are none.
const MARGIN: f64 = 1.05;
/// How often a claim may be wrong.
const WRONG: f64 = 0.05;
/// Relative slack for figures that stand in JSON with six decimals.
const ROUNDING: f64 = 1e-6;

/// One kind of claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// An effect where there is none.
    FalseEffect,
    /// An effect the other way round.
    WrongWay,
    /// The deciding interval does not hold the true ratio.
    Uncovered,
    /// The true ratio lies beyond the bound of a "no effect".
    BrokenBound,
    /// An effect of twice and more was not found in a clean world.
    Missed,
    /// A cold round was not known to be cold where usage reports everything.
    ColdNotKnown,
}

impl Claim {
    /// The claim in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::FalseEffect => "effect claimed where there is none",
            Self::WrongWay => "effect claimed the other way round",
            Self::Uncovered => "interval misses the truth",
            Self::BrokenBound => "bound of no effect broken",
            Self::Missed => "2× and more not found",
            Self::ColdNotKnown => "cold not known to be cold",
        }
    }
}

/// What the verdict claims, and whether that is wrong.
pub fn claims(scenario: &Value, truth: &Value, level: &Value) -> Vec<(Claim, bool)> {
    let mut out = Vec::new();
    let quiet = is_zero(scenario, "/drift") && is_zero(scenario, "/first_round");
    let drawn = scenario.pointer("/by_round").is_none_or(Value::is_null);
    let allowed = number(scenario, "/round_noise").is_none();
    // Beyond these nothing is promised: a drift adds itself, a smaller allowance was asked for.
    if !(quiet && drawn && allowed) || text(truth, "/row") == "none" {
        return out;
    }
    let ratio = number(truth, "/ratio").unwrap_or(f64::NAN);
    let kind = text(level, "/conclusion/kind");
    let said = number(level, "/ttft/ratio").unwrap_or(1.0);
    let real = !(1.0 / MARGIN..=MARGIN).contains(&ratio);
    // Each over the worlds in which it can be wrong: others would dilute it.
    if real {
        out.push((
            Claim::WrongWay,
            kind == "effect" && (said > 1.0) != (ratio > 1.0),
        ));
    } else {
        out.push((Claim::FalseEffect, kind == "effect"));
    }
    let interval = number(level, "/ttft/interval_low").zip(number(level, "/ttft/interval_high"));
    if let Some((low, high)) = interval {
        let held = low * (1.0 - ROUNDING) <= ratio && ratio <= high * (1.0 + ROUNDING);
        out.push((Claim::Uncovered, !held));
    }
    let bound = if kind == "no_effect" {
        number(level, "/conclusion/bound")
    } else {
        None
    };
    let beyond = bound.is_some_and(|bound| ratio.max(1.0 / ratio) > bound * (1.0 + ROUNDING));
    out.push((Claim::BrokenBound, beyond));
    if clean(scenario, truth) && ratio >= 2.0 {
        out.push((Claim::Missed, kind != "effect"));
    }
    out
}

/// Twelve prompts and more, little noise, no failures.
fn clean(scenario: &Value, truth: &Value) -> bool {
    let failing = ["/failing/0", "/failing/1", "/always_failing"];
    number(truth, "/prompts").is_some_and(|prompts| prompts >= 12.0)
        && number(scenario, "/noise").is_some_and(|sigma| sigma <= 0.2)
        && number(scenario, "/round_sigma").is_some_and(|sigma| sigma <= 0.03)
        && failing.iter().all(|path| is_zero(scenario, path))
        && ["/failing_round", "/rounds_run"]
            .iter()
            .all(|path| scenario.pointer(path).is_none_or(Value::is_null))
}

fn is_zero(scenario: &Value, path: &str) -> bool {
    number(scenario, path).is_some_and(|value| value.abs() < 1e-12)
}

/// How often a kind of claim was wrong.
#[derive(Clone, Copy, Debug)]
pub struct ClaimCount {
    /// The kind.
    pub claim: Claim,
    /// How many were wrong.
    pub wrong: u64,
    /// Of so many.
    pub of: u64,
}

impl ClaimCount {
    /// Whether it was wrong more often than it may be, at 99 %.
    pub fn excludes_what_is_allowed(&self) -> bool {
        lowest_rate(self.wrong, self.of) > WRONG
    }
}

/// Claims counted over many verdicts.
#[derive(Clone, Debug, Default)]
pub struct ClaimCounts {
    counts: BTreeMap<Claim, ClaimCount>,
}

impl ClaimCounts {
    /// Counts the claims of a verdict.
    pub fn add(&mut self, claims: &[(Claim, bool)]) {
        for (claim, wrong) in claims {
            let count = self.counts.entry(*claim).or_insert(ClaimCount {
                claim: *claim,
                wrong: 0,
                of: 0,
            });
            count.wrong += u64::from(*wrong);
            count.of += 1;
        }
    }

    /// The kinds that were claimed, in their order.
    pub fn each(&self) -> impl Iterator<Item = &ClaimCount> {
        self.counts.values()
    }
}
