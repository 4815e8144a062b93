//! Statistical claims: each may be wrong at most so often, and an instrument that never claims
//! anything is useless.

use super::{
    binomial::lowest_rate,
    mixed::source,
    value::{number, text},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Effects within ± 5 % are none.
const MARGIN: f64 = 1.05;
/// How often a claim may be wrong.
const WRONG: f64 = 0.05;
/// How often a side a tenth above its capacity may be taken for one that holds.
const OVERLOAD_MISSED: f64 = 0.20;
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
    /// The same of a cold round of sessions.
    SessionsColdNotKnown,
    /// Mixed rounds claim an effect where there is none, or the other way round.
    MixedEffect,
    /// Their interval does not hold the true ratio.
    MixedUncovered,
    /// The true ratio lies beyond the bound of their "no effect".
    MixedBound,
    /// They did not find an effect of twice and more in a clean world, with twenty blocks.
    MixedMissed,
    /// Rounds without reuse claim an effect where there is none, or the other way round.
    InsideEffect,
    /// Their interval does not hold the true ratio.
    InsideUncovered,
    /// The true ratio lies beyond the bound of their "no effect".
    InsideBound,
    /// A side at 1.1 times its capacity was not called overloaded.
    OverloadMissed,
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
            Self::SessionsColdNotKnown => "cold sessions not known to be cold",
            Self::MixedEffect => "wrong effect by mixed rounds",
            Self::MixedUncovered => "interval of mixed rounds misses the truth",
            Self::MixedBound => "bound of no effect by mixed rounds broken",
            Self::MixedMissed => "2× and more not found by mixed rounds",
            Self::InsideEffect => "wrong effect of reuse inside",
            Self::InsideUncovered => "interval of reuse inside misses the truth",
            Self::InsideBound => "bound of no reuse inside broken",
            Self::OverloadMissed => "1.1 × the capacity not called overloaded",
        }
    }

    /// How often it may be wrong.
    fn allowed(self) -> f64 {
        match self {
            Self::OverloadMissed => OVERLOAD_MISSED,
            _ => WRONG,
        }
    }
}

/// What the verdict claims, and whether that is wrong.
pub fn claims(scenario: &Value, truth: &Value, level: &Value) -> Vec<(Claim, bool)> {
    let drawn = scenario.pointer("/by_round").is_none_or(Value::is_null);
    let allowed = number(scenario, "/round_noise").is_none();
    let quiet = is_zero(scenario, "/drift") && is_zero(scenario, "/first_round");
    let mut out = Vec::new();
    if drawn {
        // What goes on from round to round does not touch what is said of one round.
        out.extend(mixed(scenario, truth, level));
    }
    // Beyond these nothing is promised: a drift adds itself, a smaller allowance was asked for.
    if drawn && allowed && quiet {
        out.extend(rounds(scenario, truth, level));
        out.extend(inside(scenario, truth, level));
    }
    out
}

/// Warm rounds against cold ones.
fn rounds(scenario: &Value, truth: &Value, level: &Value) -> Vec<(Claim, bool)> {
    let mut out = Vec::new();
    let row = text(truth, "/row");
    if row == "none" {
        return out;
    }
    // What blocks of mixed rounds decide is counted with those.
    let kind = if source(truth) == "mixed" {
        ""
    } else {
        text(level, "/conclusion/kind")
    };
    let ratio = number(truth, "/ratio").unwrap_or(f64::NAN);
    let stated = Stated {
        kind,
        ratio: number(level, "/ttft/ratio"),
        ends: number(level, "/ttft/interval_low").zip(number(level, "/ttft/interval_high")),
        bound: number(level, "/conclusion/bound"),
    };
    // Each over the worlds in which it can be wrong: others would dilute it.
    let claim = if is_real(ratio) {
        Claim::WrongWay
    } else {
        Claim::FalseEffect
    };
    out.push((claim, stated.is_wrong_effect(ratio)));
    out.extend(stated.misses(ratio).map(|wrong| (Claim::Uncovered, wrong)));
    out.push((Claim::BrokenBound, stated.breaks_bound(ratio)));
    if clean(scenario) && ratio >= 2.0 && !kind.is_empty() {
        out.push((Claim::Missed, kind != "effect"));
    }
    out
}

/// Hits against misses inside mixed rounds whose arms are what they were to be.
fn mixed(scenario: &Value, truth: &Value, level: &Value) -> Vec<(Claim, bool)> {
    let mut out = Vec::new();
    let pure = is_zero(scenario, "/misses_hit")
        && number(scenario, "/hit_share").is_some_and(|share| share >= 1.0);
    let said = &level["mixed"];
    if !pure || said["descriptive"] != false {
        return out;
    }
    let ratio = number(truth, "/ratio").unwrap_or(f64::NAN);
    let stated = Stated::of(said, said);
    out.push((Claim::MixedEffect, stated.is_wrong_effect(ratio)));
    out.extend(
        stated
            .misses(ratio)
            .map(|wrong| (Claim::MixedUncovered, wrong)),
    );
    out.push((Claim::MixedBound, stated.breaks_bound(ratio)));
    let many = number(said, "/blocks").is_some_and(|blocks| blocks >= 20.0);
    if many && clean(scenario) && ratio >= 2.0 {
        out.push((Claim::MixedMissed, stated.kind != "effect"));
    }
    out
}

/// Rounds without reuse against cold ones.
fn inside(scenario: &Value, truth: &Value, level: &Value) -> Vec<(Claim, bool)> {
    let said = &level["inside_reuse"];
    if said.is_null() || !is_zero(scenario, "/without_hits") {
        return Vec::new();
    }
    let ratio = number(truth, "/inside/ratio").unwrap_or(f64::NAN);
    let ends = number(said, "/ttft/interval_low").zip(number(said, "/ttft/interval_high"));
    let stated = Stated {
        ends,
        ratio: number(said, "/ttft/ratio"),
        ..Stated::of(said, said)
    };
    let mut out = vec![
        (Claim::InsideEffect, stated.is_wrong_effect(ratio)),
        (Claim::InsideBound, stated.breaks_bound(ratio)),
    ];
    out.extend(
        stated
            .misses(ratio)
            .map(|wrong| (Claim::InsideUncovered, wrong)),
    );
    out
}

/// Whether a ratio is an effect at all.
fn is_real(ratio: f64) -> bool {
    !(1.0 / MARGIN..=MARGIN).contains(&ratio)
}

/// What is stated of a ratio.
struct Stated<'a> {
    kind: &'a str,
    ratio: Option<f64>,
    ends: Option<(f64, f64)>,
    bound: Option<f64>,
}

impl<'a> Stated<'a> {
    fn of(said: &'a Value, figures: &Value) -> Self {
        Self {
            kind: text(said, "/kind"),
            ratio: number(figures, "/ratio"),
            ends: number(figures, "/low").zip(number(figures, "/high")),
            bound: number(said, "/bound"),
        }
    }

    /// An effect where there is none, or the other way round.
    fn is_wrong_effect(&self, ratio: f64) -> bool {
        let said = self.ratio.unwrap_or(1.0);
        self.kind == "effect" && (!is_real(ratio) || (said > 1.0) != (ratio > 1.0))
    }

    /// The interval does not hold the truth.
    fn misses(&self, ratio: f64) -> Option<bool> {
        let (low, high) = self.ends?;
        Some(!(low * (1.0 - ROUNDING) <= ratio && ratio <= high * (1.0 + ROUNDING)))
    }

    /// The truth lies beyond the bound of a "no effect".
    fn breaks_bound(&self, ratio: f64) -> bool {
        if self.kind != "no_effect" {
            return false;
        }
        self.bound
            .is_some_and(|bound| ratio.max(1.0 / ratio) > bound * (1.0 + ROUNDING))
    }
}

/// Twelve prompts and more, little noise, no failures.
fn clean(scenario: &Value) -> bool {
    let failing = ["/failing/0", "/failing/1", "/always_failing"];
    number(scenario, "/prompts").is_some_and(|prompts| prompts >= 12.0)
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
        lowest_rate(self.wrong, self.of) > self.claim.allowed()
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
