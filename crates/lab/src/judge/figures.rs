//! Figures and remarks beside a conclusion.

use super::{
    mixed::source,
    value::{number, text},
};
use serde_json::Value;

/// Everything beside the conclusion that is not so.
pub(super) fn wrong_figures(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let mut wrong = plain(truth, level);
    wrong.extend(remarks(scenario, truth, level));
    wrong.extend(reason(truth, level));
    wrong
}

/// Means, differences and shares are those of the drawn times, which are kept in whole ns.
fn plain(truth: &Value, level: &Value) -> Vec<String> {
    if !level.pointer("/ttft/withheld").is_none_or(Value::is_null) {
        return Vec::new();
    }
    let (cold, warm) = (number(truth, "/plain/cold"), number(truth, "/plain/warm"));
    let figures = [
        ("cold_avg", cold),
        ("warm_avg", warm),
        (
            "ratio_of_means",
            cold.zip(warm).map(|(cold, warm)| cold / warm),
        ),
        ("shift_ms", number(truth, "/plain/shift")),
        ("improved_share", number(truth, "/plain/improved")),
        ("ratio_median", number(truth, "/middles/0")),
        ("hodges_lehmann", number(truth, "/middles/1")),
    ];
    let mut wrong = Vec::new();
    for (name, right) in figures {
        // Of very many pairs the slow way is not taken.
        let Some(right) = right else {
            continue;
        };
        let said = number(level, &format!("/ttft/{name}"));
        if said.is_none_or(|said| (said - right).abs() > 1e-4 + 1e-4 * right.abs()) {
            wrong.push(format!("{name} is {said:?}, in the drawn times {right}"));
        }
    }
    wrong
}

/// What would tell more, and what was not controlled.
fn remarks(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let kind = text(level, "/conclusion/kind");
    let reason = text(level, "/conclusion/reason/kind");
    let claims = matches!(kind, "effect" | "no_effect");
    let schedule = text(scenario, "/schedule");
    let cycles = schedule.matches("CW").count();
    let by_cycles = matches!(text(truth, "/row"), "cycles" | "until");
    let controlled = by_cycles || number(truth, "/colds_apart").is_some();
    let decider = source(truth);
    let blocks = decider == "mixed";
    let most = number(scenario, "/most_cycles");
    let until = most.is_some();
    let run = number(truth, "/cycles_run");
    let goes_on = run.zip(most).is_some_and(|(run, most)| run < most);
    // What was run already is not advised.
    let with_mixed = !truth["mixed"].is_null();
    let few = open_few(reason, cycles) && !blocks && !until;
    let open = matches!(reason, "across_margin" | "wide_bound");
    let effect = number(truth, "/seen_ratio").map_or(0.0, |ratio| ratio.ln().abs());
    // What goes on from round to round is not in what blocks of one round say.
    let trend = if kind == "effect" && !blocks {
        number(truth, "/trend")
    } else {
        None
    };
    let near_half = trend.is_some_and(|trend| (trend.abs() - effect / 2.0).abs() < 1e-4);
    let wanted = [
        ("warm_up_not_controlled", claims && !controlled && !blocks),
        ("see_failures", reason == "lost_pairs"),
        ("three_cycles", few && with_mixed),
        ("three_cycles_or_mixed", few && !with_mixed),
        ("more_cycles", open && cycles >= 3 && !blocks && !until),
        // Twenty cycles are the most whatever the budget.
        (
            "more_budget",
            open && until && !goes_on && most.is_some_and(|most| most < 20.0),
        ),
        ("go_on", open && until && goes_on),
        ("more_mixed", open && blocks),
        (
            "trend",
            trend.is_some_and(|trend| trend.abs() >= effect / 2.0),
        ),
    ];
    let said = level.pointer("/conclusion/remarks");
    let said = said.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    for (name, wanted) in wanted {
        let found = said.iter().find(|remark| remark["kind"] == name);
        if found.is_some() != wanted && !(name == "trend" && near_half) {
            let not = if wanted { "is not" } else { "is" };
            wrong.push(format!(
                "the remark {name} {not} made of {schedule}: {kind} {reason}"
            ));
        }
        let per_round = found.and_then(|remark| remark["per_round"].as_f64());
        if let Some((said, true_trend)) = per_round.zip(trend)
            && (said.ln() - true_trend).abs() > 1e-4
        {
            wrong.push(format!(
                "{said} a round, in the drawn times {}",
                true_trend.exp()
            ));
        }
        let whole = found.and_then(|remark| remark["first_to_last"].as_f64());
        if let Some((said, right)) = whole.zip(number(truth, "/first_to_last"))
            && (said.ln() - right).abs() > 1e-4
        {
            wrong.push(format!(
                "{said} from first to last, in the drawn times {}",
                right.exp()
            ));
        }
        let repeat = found.and_then(|remark| remark["repeat_cold"].as_bool());
        if repeat.is_some_and(|repeat| repeat != (!until && schedule.matches('C').count() <= 1)) {
            wrong.push(format!("a repeated cold round is advised of {schedule}"));
        }
    }
    wrong
}

/// The figures of the reason why there is no claim.
fn reason(truth: &Value, level: &Value) -> Vec<String> {
    let reason = text(level, "/conclusion/reason/kind");
    let mut wrong = Vec::new();
    // `mixed` judges those of its rounds.
    if source(truth) == "mixed" {
        return wrong;
    }
    if reason == "lost_pairs" {
        let told = ["cold", "warm", "of"].map(|name| of_reason(level, name));
        let right = ["/lost/cold", "/lost/warm", "/lost/of"].map(|path| number(truth, path));
        if told != right {
            wrong.push(format!("lost {told:?}, in truth {right:?}"));
        }
    }
    let prompts = of_reason(level, "prompts");
    if reason == "few_prompts" && prompts != number(truth, "/prompts") {
        wrong.push(format!("few prompts: {prompts:?}"));
    }
    let ends = number(level, "/ttft/interval_low").zip(number(level, "/ttft/interval_high"));
    if let ("wide_bound", Some((low, high))) = (reason, ends) {
        let far = high.max(1.0 / low);
        let bound = of_reason(level, "bound");
        if bound.is_none_or(|bound| (bound - far).abs() > 1e-4 * far) {
            wrong.push(format!("a bound of {bound:?}, the interval ends at {far}"));
        }
    }
    wrong
}

/// A figure of the reason that is said.
fn of_reason(level: &Value, name: &str) -> Option<f64> {
    number(level, &format!("/conclusion/reason/{name}"))
}

/// Rounds that do not decide, of fewer cycles than measure what rounds differ by.
fn open_few(reason: &str, cycles: usize) -> bool {
    matches!(reason, "across_margin" | "wide_bound") && cycles < 3
}
