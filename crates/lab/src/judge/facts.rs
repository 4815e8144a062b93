//! Facts in a verdict: what is wrong whatever chance did.

use super::{
    figures::wrong_figures,
    inside::wrong_inside,
    mixed::{source, wrong_mixed},
    sentence,
    value::{near, number, text, texts, two},
};
use serde_json::Value;

/// Within ± 5 %.
const MARGIN: f64 = 1.05;
/// An effect that cannot be excluded above this is no "no effect".
const WIDEST_BOUND: f64 = 1.35;
/// Prompts that any decision needs.
const FEWEST: f64 = 6.0;
/// Share of the pairs that leaves nothing to decide when one side lost it.
const LOST_ON_ONE_SIDE: f64 = 0.10;
/// The same where one side lost so much more than the other.
const LOST_APART: f64 = 0.05;
/// Requests that a class of hits needs.
const CLASS_REQUESTS: f64 = 3.0;
/// Share of all requests that a class of hits needs.
const CLASS_SHARE: f64 = 0.2;

/// A level of a verdict beside the truth.
struct VerdictCheck<'a> {
    scenario: &'a Value,
    truth: &'a Value,
    level: &'a Value,
    wrong: Vec<String>,
}

impl VerdictCheck<'_> {
    fn fail(&mut self, what: String) {
        self.wrong.push(what);
    }

    fn said(&self, path: &str) -> Option<f64> {
        number(self.level, path)
    }

    fn kind(&self) -> &str {
        text(self.level, "/conclusion/kind")
    }

    fn classes_said(&self) -> Vec<Value> {
        let found = self.level.pointer("/classes").and_then(Value::as_array);
        found.cloned().unwrap_or_default()
    }

    fn row(&self) -> &str {
        text(self.truth, "/row")
    }

    /// Three cycles and more decide.
    fn is_by_cycles(&self) -> bool {
        matches!(self.row(), "cycles" | "until")
    }

    /// Blocks of a mixed round decide: `mixed` judges that.
    fn is_by_blocks(&self) -> bool {
        source(self.truth) == "mixed"
    }
}

/// Everything in the verdict that is not so.
pub fn wrong_facts(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let mut case = VerdictCheck {
        scenario,
        truth,
        level,
        wrong: Vec::new(),
    };
    counts(&mut case);
    figures(&mut case);
    intervals(&mut case);
    decision(&mut case);
    withheld(&mut case);
    classes(&mut case);
    words(&mut case);
    prefill(&mut case);
    lengths(&mut case);
    until(&mut case);
    case.wrong.extend(wrong_figures(scenario, truth, level));
    case.wrong.extend(wrong_mixed(truth, level));
    case.wrong.extend(wrong_inside(truth, level));
    case.wrong
}

/// How many pairs, prompts and losses there are, and the row that decides.
fn counts(case: &mut VerdictCheck<'_>) {
    for (said, truth) in [
        ("/ttft/pairs", "/pairs"),
        ("/pairs", "/pairs"),
        ("/ttft/prompts", "/prompts"),
        ("/prompts", "/prompts"),
        ("/lost_pairs/cold", "/lost/cold"),
        ("/lost_pairs/warm", "/lost/warm"),
        ("/lost_pairs/of", "/lost/of"),
        // Answers of mixed rounds are in no warm figure.
        ("/hit_rate/usage_of", "/warm_successes"),
    ] {
        let (said_value, true_value) = (case.said(said), number(case.truth, truth));
        if said_value != true_value {
            case.fail(format!("{said} is {said_value:?}, in truth {true_value:?}"));
        }
    }
    let said = text(case.level, "/conclusion/source").to_owned();
    let right = source(case.truth);
    if said != right && right != "none" {
        case.fail(format!("decided by {said:?}, not by {right}"));
    }
}

/// Ratio and times are those of the drawn rounds, and divide.
fn figures(case: &mut VerdictCheck<'_>) {
    let ratio = case.said("/ttft/ratio");
    let seen = number(case.truth, "/seen_ratio");
    match (ratio, seen) {
        (None, None) => return,
        // Times are kept in whole ns.
        (Some(a), Some(b)) if (a / b).ln().abs() < 1e-4 => {}
        (said, seen) => case.fail(format!("ratio {said:?}, in the drawn times {seen:?}")),
    }
    let typical = case
        .said("/ttft/cold_typical")
        .zip(case.said("/ttft/warm_typical"));
    let Some((cold, warm)) = typical else {
        case.fail("no typical times beside a ratio".to_owned());
        return;
    };
    if ratio.is_none_or(|ratio| (cold / warm / ratio).ln().abs() > 1e-4) {
        case.fail(format!("{cold} / {warm} is not {ratio:?}"));
    }
    if two(case.truth, "/seen_ms").is_none_or(|(a, _)| (a / cold).ln().abs() > 1e-4) {
        case.fail(format!("cold {cold} ms is not the drawn one"));
    }
}

/// Interval and spread are those of the drawn times, and hold what they must.
fn intervals(case: &mut VerdictCheck<'_>) {
    let interval = case
        .said("/ttft/interval_low")
        .zip(case.said("/ttft/interval_high"));
    let few = number(case.truth, "/prompts").unwrap_or(0.0) < FEWEST;
    let Some((low, high)) = interval else {
        if !few {
            case.fail("no interval for six prompts or more".to_owned());
        }
        return;
    };
    if few {
        case.fail("an interval from fewer than six prompts".to_owned());
    }
    let ratio = case.said("/ttft/ratio").unwrap_or(f64::NAN);
    if !(low <= ratio + 1e-6 && ratio <= high + 1e-6) {
        case.fail(format!("{ratio} is not in {low}–{high}"));
    }
    for (name, ends, truth) in [
        ("interval", Some((low, high)), two(case.truth, "/interval")),
        (
            "spread",
            case.said("/ttft/spread_low")
                .zip(case.said("/ttft/spread_high")),
            two(case.truth, "/spread"),
        ),
    ] {
        let right = ends
            .zip(truth)
            .is_some_and(|((low, high), (true_low, true_high))| {
                same_ratio(low, true_low) && same_ratio(high, true_high)
            });
        if !right {
            case.fail(format!("{name} {ends:?}, in the drawn times {truth:?}"));
        }
    }
    let spread = case
        .said("/ttft/spread_low")
        .zip(case.said("/ttft/spread_high"));
    let cycles = case.is_by_cycles();
    if !cycles && spread.is_none_or(|(a, b)| a < low - 1e-6 || b > high + 1e-6) {
        case.fail(format!("the spread {spread:?} is not within {low}–{high}"));
    }
    let expected = match case.row() {
        "cycles" => "t_cycles",
        "until" => "t_sequential",
        _ => "allowed",
    };
    if text(case.level, "/ttft/interval_kind") != expected {
        case.fail(format!("the interval is not called {expected}"));
    }
    allowance(case, low, spread.map_or(f64::NAN, |(low, _)| low));
}

/// Equal but for times that are kept in whole ns.
fn same_ratio(a: f64, b: f64) -> bool {
    (a / b).ln().abs() < 2e-4
}

/// What the interval was widened by is what is said, and where it comes from.
fn allowance(case: &mut VerdictCheck<'_>, low: f64, spread_low: f64) {
    let said = case.said("/conclusion/allowance/percent");
    if case.is_by_blocks() {
        return;
    }
    if case.is_by_cycles() {
        if said.is_some() {
            case.fail("cycles have an allowance".to_owned());
        }
        return;
    }
    let Some(percent) = said else {
        case.fail("no allowance beside an allowed interval".to_owned());
        return;
    };
    let widened = (spread_low / low - 1.0) * 100.0;
    if (widened - percent).abs() > 0.01 + 1e-3 * percent {
        case.fail(format!("widened by {widened} %, said {percent} %"));
    }
    let asked = number(case.scenario, "/round_noise");
    let source = text(case.level, "/conclusion/allowance/source");
    let plain = asked.unwrap_or(25.0);
    let right = match source {
        "flag" => asked.is_some() && (percent - plain).abs() < 1e-6,
        "default" => asked.is_none() && (percent - plain).abs() < 1e-6,
        "control" => case.row() == "cwc",
        _ => false,
    };
    if !right {
        case.fail(format!("an allowance of {percent} % from {source:?}"));
    }
}

/// The kind follows from the interval, the bound and what was lost.
fn decision(case: &mut VerdictCheck<'_>) {
    if case.is_by_blocks() {
        return;
    }
    let kind = case.kind().to_owned();
    let prompts = number(case.truth, "/prompts").unwrap_or(0.0);
    let decided = matches!(kind.as_str(), "effect" | "no_effect");
    if prompts < FEWEST && (decided || kind == "withheld") {
        case.fail(format!("{kind} from {prompts} prompts"));
    }
    let lost_cold = number(case.truth, "/lost/cold").unwrap_or(0.0);
    let lost_warm = number(case.truth, "/lost/warm").unwrap_or(0.0);
    let of = number(case.truth, "/lost/of").unwrap_or(0.0).max(1.0);
    let (a, b) = (lost_cold / of, lost_warm / of);
    let lost = a.max(b) > LOST_ON_ONE_SIDE || (a - b).abs() > LOST_APART;
    if lost && decided {
        case.fail(format!(
            "{kind} although pairs were lost: {a:.3} cold, {b:.3} warm"
        ));
    }
    let (Some(low), Some(high)) = (
        case.said("/ttft/interval_low"),
        case.said("/ttft/interval_high"),
    ) else {
        return;
    };
    let beyond = low > MARGIN || high < 1.0 / MARGIN;
    if kind == "effect" && !beyond {
        case.fail(format!("effect from {low}–{high}"));
    }
    if matches!(kind.as_str(), "no_effect" | "cannot_tell") && beyond && !lost {
        case.fail(format!(
            "{kind} although {low}–{high} lies beyond the margin"
        ));
    }
    if kind == "no_effect" && !(low <= MARGIN && high >= 1.0 / MARGIN) {
        case.fail(format!(
            "no effect although {low}–{high} lies beyond the margin"
        ));
    }
    let bound = case.said("/conclusion/bound");
    if kind != "no_effect" {
        if bound.is_some() {
            case.fail(format!("{kind} with a bound"));
        }
        return;
    }
    let far = high.max(1.0 / low);
    if bound.is_none_or(|bound| !near(bound, far) || !(1.0..=WIDEST_BOUND).contains(&bound)) {
        case.fail(format!(
            "no effect bounded by {bound:?}, the interval ends at {far}"
        ));
    }
}

/// Withheld only where an effect would be claimed and the repeats are far apart, with the way they
/// went.
fn withheld(case: &mut VerdictCheck<'_>) {
    if case.is_by_blocks() {
        return;
    }
    let apart = ["/colds_apart", "/warms_apart"].map(|path| number(case.truth, path));
    let drift = apart
        .iter()
        .flatten()
        .fold(0.0_f64, |far, d| far.max(d.abs()));
    let effect = number(case.truth, "/seen_ratio").map_or(0.0, |ratio| ratio.ln().abs());
    let kind = case.kind().to_owned();
    let limit = effect / 2.0;
    if kind == "withheld" && (case.row() != "cwc" || drift < limit - 1e-4) {
        case.fail(format!(
            "withheld: repeats apart by {drift:.3}, effect {effect:.3}"
        ));
    }
    if kind == "effect" && case.row() == "cwc" && drift > limit + 1e-4 {
        case.fail(format!(
            "an effect of {effect:.3} with repeats apart by {drift:.3}"
        ));
    }
    if case.is_by_cycles() && kind == "withheld" {
        case.fail("cycles are withheld for drift".to_owned());
    }
    if kind != "withheld" {
        return;
    }
    let side = text(case.level, "/conclusion/reason/rounds").to_owned();
    let said = case.said("/conclusion/reason/ratio");
    let truth = match side.as_str() {
        "cold" => apart[0],
        "warm" => apart[1],
        _ => None,
    };
    let right = said
        .zip(truth)
        .is_some_and(|(said, truth)| (said.ln() - truth).abs() < 1e-4);
    if !right {
        case.fail(format!(
            "withheld by {side:?} rounds that went {said:?}, in truth {apart:?}"
        ));
    }
}

/// Hits and misses are classes where both are many enough, with the ratios of the drawn times.
fn classes(case: &mut VerdictCheck<'_>) {
    let found = case.classes_said();
    let hits = number(case.truth, "/hits/requests").unwrap_or(0.0);
    let misses = number(case.truth, "/misses/requests").unwrap_or(0.0);
    let least = CLASS_REQUESTS.max(CLASS_SHARE * (hits + misses));
    let both = hits >= least && misses >= least;
    let mut wrong = Vec::new();
    if both != (found.len() == 2) {
        wrong.push(format!(
            "{} classes of {hits} hits, {misses} misses",
            found.len()
        ));
    }
    for class in &found {
        let name = text(class, "/class");
        let (requests, ratio) = match name {
            "hit" => (hits, number(case.truth, "/hits/ratio")),
            _ => (misses, number(case.truth, "/misses/ratio")),
        };
        if number(class, "/requests") != Some(requests) {
            wrong.push(format!(
                "class {name}: {class}, in truth {requests} requests"
            ));
        }
        let said = number(class, "/ratio");
        if said
            .zip(ratio)
            .is_none_or(|(a, b)| (a / b).ln().abs() > 1e-4)
        {
            wrong.push(format!(
                "class {name}: ratio {said:?}, in the drawn times {ratio:?}"
            ));
        }
    }
    case.wrong.extend(wrong);
}

/// What the sentences say is what the figures say.
fn words(case: &mut VerdictCheck<'_>) {
    let text_en = text(case.level, "/conclusion/text").to_owned();
    let kind = case.kind().to_owned();
    if case.is_by_blocks() {
        diagnosis(case, &kind);
        return;
    }
    if let Some(found) = sentence::figures(&text_en) {
        let pairs = [
            ("/ttft/cold_typical", found.cold),
            ("/ttft/warm_typical", found.warm),
        ];
        for (path, shown) in pairs {
            if case.said(path).is_none_or(|value| !shown.is(value)) {
                let value = case.said(path);
                case.fail(format!("`{text_en}`: {path} is {value:?}"));
            }
        }
        let ratio = case.said("/ttft/ratio").unwrap_or(f64::NAN);
        if !found.times.is(ratio) || found.faster != found.times.is_above(1.0) {
            case.fail(format!("`{text_en}`: the ratio is {ratio}"));
        }
    } else if matches!(kind.as_str(), "effect" | "no_effect") {
        case.fail(format!("`{text_en}` has no figures"));
    }
    if text_en.contains("cache works") != (kind == "effect" && works(case.level)) {
        case.fail(format!("`{text_en}` of kind {kind}"));
    }
    if kind == "withheld" && text_en.contains("warms up") {
        let faster = number(case.truth, "/colds_apart").is_some_and(|apart| apart < 0.0);
        if !faster {
            case.fail(format!("`{text_en}`: the later cold round was not faster"));
        }
    }
    diagnosis(case, &kind);
}

/// Faster, with hits seen.
fn works(level: &Value) -> bool {
    let evidence = level.pointer("/conclusion/cache_evidence");
    let faster = number(level, "/ttft/ratio").is_some_and(|ratio| ratio > 1.0);
    faster && evidence == Some(&Value::Bool(true))
}

/// Causes that are named are not contradicted by what was drawn.
fn diagnosis(case: &mut VerdictCheck<'_>, kind: &str) {
    let lines = texts(case.level, "/diagnosis");
    // TTFT did not follow where no effect was found or round 2 is slower, and those that hit were
    // not faster either.
    let concluded = if case.is_by_blocks() {
        "/mixed/ratio"
    } else {
        "/ttft/ratio"
    };
    let ratio = case.said(concluded).unwrap_or(f64::NAN);
    let hit_ratio = if !case.classes_said().is_empty() {
        number(case.truth, "/hits/ratio")
    } else {
        None
    };
    let followed_not = (kind == "no_effect" || (kind == "effect" && ratio < 1.0))
        && hit_ratio.is_none_or(|ratio| ratio <= MARGIN);
    for line in &lines {
        if line.contains("did not follow") && !followed_not {
            case.fail(format!("`{line}`, but TTFT may have followed"));
        }
        let compared = ["mixed", "inside"]
            .iter()
            .any(|one| !case.truth[*one].is_null());
        if line.contains("nothing is compared") && compared {
            case.fail(format!("`{line}`, though something is"));
        }
        let schedule = text(case.scenario, "/schedule");
        if line.contains("every round was made cold") && schedule.contains(['W', 'M']) {
            case.fail(format!("`{line}` of the schedule {schedule}"));
        }
    }
}

/// How far a level came that is run until it is decided.
fn until(case: &mut VerdictCheck<'_>) {
    let most = number(case.scenario, "/most_cycles");
    let said = case.level["until"].clone();
    let Some(most) = most else {
        if !said.is_null() {
            case.fail(format!("until {said}, which nobody asked for"));
        }
        return;
    };
    let cycles = number(case.truth, "/cycles_run").unwrap_or(0.0);
    let decided = case.row() == "until" && matches!(case.kind(), "effect" | "no_effect");
    for (name, right) in [
        ("cycles", cycles),
        ("most", most),
        ("look", (cycles - 2.0).max(0.0)),
        ("looks", most - 2.0),
    ] {
        if said[name].as_f64() != Some(right) {
            case.fail(format!("until: {name} {}, in truth {right}", said[name]));
        }
    }
    if said["decided"] != decided {
        case.fail(format!(
            "until: decided {}, in truth {decided}",
            said["decided"]
        ));
    }
}

/// Queueing is not sold as prefill.
fn prefill(case: &mut VerdictCheck<'_>) {
    let many = number(case.scenario, "/concurrency").is_some_and(|many| many > 1.0);
    let line = case.said("/prefill/ms_per_token");
    if many && line.is_some() {
        case.fail(format!(
            "a prefill line of {line:?} ms per token from requests that queued"
        ));
    }
}

/// Classes of prompt length are of different lengths and rest on six prompts each.
fn lengths(case: &mut VerdictCheck<'_>) {
    let found = case.level.pointer("/buckets").and_then(Value::as_array);
    let found: Vec<Value> = found.cloned().unwrap_or_default();
    for pair in found.windows(2) {
        if number(&pair[0], "/max_tokens") >= number(&pair[1], "/min_tokens") {
            case.fail(format!(
                "classes of length overlap: {} {}",
                pair[0], pair[1]
            ));
        }
    }
    for class in &found {
        if number(class, "/ttft/prompts").is_none_or(|prompts| prompts < FEWEST) {
            case.fail(format!(
                "a class of length of fewer than six prompts: {class}"
            ));
        }
    }
}
