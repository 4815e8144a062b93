//! Facts about rounds without reuse, held against cold rounds.

use super::value::{near, number, text, texts, two};
use serde_json::Value;

/// Within ± 5 %.
const MARGIN: f64 = 1.05;
/// An effect that cannot be excluded above this is no "no effect".
const WIDEST_BOUND: f64 = 1.35;
/// Prompts that a decision needs.
const FEWEST: f64 = 6.0;

/// Everything that is said of rounds without reuse and is not so.
pub(super) fn wrong_inside(truth: &Value, level: &Value) -> Vec<String> {
    let (true_one, said) = (&truth["inside"], &level["inside_reuse"]);
    match (true_one.is_null(), said.is_null()) {
        (true, true) => return Vec::new(),
        (false, false) => {}
        _ => return vec![format!("reuse inside: {said}, in truth {true_one}")],
    }
    let mut wrong = figures(true_one, said);
    wrong.extend(was_without(true_one, said));
    wrong.extend(decision(true_one, said));
    wrong.extend(words(said, level));
    wrong
}

/// Counts, rates, ratio and interval.
fn figures(truth: &Value, said: &Value) -> Vec<String> {
    let ends = number(said, "/ttft/interval_low").zip(number(said, "/ttft/interval_high"));
    let right = two(truth, "/interval");
    let mut wrong = Vec::new();
    for (name, value, right) in [
        ("cycles", number(said, "/cycles"), number(truth, "/cycles")),
        (
            "prompts",
            number(said, "/ttft/prompts"),
            number(truth, "/prompts"),
        ),
        (
            "usage_without",
            number(said, "/usage_without"),
            number(truth, "/rate_without"),
        ),
        ("usage", number(said, "/usage"), number(truth, "/rate")),
        (
            "ratio",
            number(said, "/ttft/ratio"),
            number(truth, "/seen_ratio"),
        ),
        ("low", ends.map(|(low, _)| low), right.map(|(low, _)| low)),
        (
            "high",
            ends.map(|(_, high)| high),
            right.map(|(_, high)| high),
        ),
    ] {
        let same = match (value, right) {
            (None, None) => true,
            // Times are kept in whole ns.
            (Some(a), Some(b)) => near(a, b) || (a / b).ln().abs() < 2e-4,
            _ => false,
        };
        if !same {
            wrong.push(format!(
                "reuse inside: {name} {value:?}, in truth {right:?}"
            ));
        }
    }
    wrong
}

/// Whether nothing was reused where nothing could be.
fn was_without(truth: &Value, said: &Value) -> Option<String> {
    let verdict = text(said, "/without/verdict");
    let right = if truth["contaminated"] == true {
        "contaminated"
    } else if truth["unanswered"] == true {
        "unknown"
    } else {
        "cold"
    };
    // Below the limits either is right.
    let between = right == "cold" && truth["any_foreign"] == true && verdict != "contaminated";
    (verdict != right && !between).then(|| format!("without reuse: {verdict}, in truth {right}"))
}

/// What is said follows from hits, losses and the interval.
fn decision(truth: &Value, said: &Value) -> Option<String> {
    let at = |path: &str| number(truth, path).unwrap_or(0.0);
    let of = at("/lost/of").max(1.0);
    let (one, other) = (at("/lost/cold") / of, at("/lost/warm") / of);
    let (kind, reason) = (text(said, "/kind"), text(said, "/reason/kind"));
    let ends = number(said, "/ttft/interval_low").zip(number(said, "/ttft/interval_high"));
    let (right, because): (&[&str], &[&str]) = if truth["contaminated"] == true {
        (&["withheld"], &["contaminated"])
    } else if at("/prompts") < 0.5 {
        (&["cannot_tell"], &["no_pairs"])
    } else if at("/prompts") < FEWEST {
        (&["cannot_tell"], &["few_prompts"])
    } else if one.max(other) > 0.10 || (one - other).abs() > 0.05 {
        (&["cannot_tell"], &["lost_pairs"])
    } else if ends.is_some_and(|(low, high)| low > MARGIN || high < 1.0 / MARGIN) {
        (&["effect"], &[""])
    } else {
        (
            &["no_effect", "cannot_tell"],
            &["", "across_margin", "wide_bound"],
        )
    };
    if !right.contains(&kind) || !because.contains(&reason) {
        return Some(format!(
            "reuse inside: {kind} {reason}, not {right:?} {because:?}"
        ));
    }
    let bound = number(said, "/bound");
    let far = ends.map(|(low, high)| high.max(1.0 / low));
    let held = match bound {
        None => kind != "no_effect",
        Some(bound) => {
            kind == "no_effect" && bound <= WIDEST_BOUND && far.is_some_and(|far| near(far, bound))
        }
    };
    (!held).then(|| format!("reuse inside: {kind} bounded by {bound:?}, {ends:?}"))
}

/// Reuse "works" only where hits were seen that the others did not have.
fn words(said: &Value, level: &Value) -> Option<String> {
    let lines = texts(level, "/beside");
    let works = lines
        .iter()
        .any(|line| line.contains("reuse inside the round works"));
    let seen = said["cache_evidence"] == true;
    let gained = number(said, "/usage").zip(number(said, "/usage_without"));
    let few = gained.is_some_and(|(with, without)| with - without < 0.05 - 1e-6);
    if works && !(seen && text(said, "/kind") == "effect") {
        return Some(format!("{lines:?}: evidence of hits: {seen}"));
    }
    (seen && few).then(|| format!("evidence of reuse inside from {gained:?}"))
}
