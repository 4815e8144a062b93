//! What the program said of the engine's page and of its own journal, held against the truth.

use super::value::number;
use serde_json::Value;

/// What is said of a counter over a round: its increase is that of the log, and nothing where two
/// processes answer for one page.
pub fn wrong_counter(name: &str, two_pages: bool, round: &[Value], file: &Value) -> Vec<String> {
    let metric = &file["summary"]["prometheus"][name];
    if two_pages {
        let mut wrong = Vec::new();
        for key in ["increase", "rate", "value", "avg", "max"] {
            let said = &metric[key];
            if !said.is_null() {
                wrong.push(format!(
                    "{key} {said} of {name}, by the pages of two processes"
                ));
            }
        }
        if metric["counter_reset"] != true {
            wrong.push(format!("two processes behind {name} are not told"));
        }
        return wrong;
    }
    let read = round.iter().filter(|one| one["status"] == 200);
    let right: f64 = read.filter_map(|one| number(one, "/prompt_tokens")).sum();
    let said = metric["increase"].as_f64();
    if said.is_some_and(|said| (said - right).abs() < 0.5) {
        return Vec::new();
    }
    vec![format!(
        "{name} grew by {said:?}, by the engine's log by {right}"
    )]
}

/// What is said of a round of which `lost` records were taken from the journal: how many, and no
/// throughput.
pub fn wrong_lost(lost: u32, planned: u32, file: &Value) -> Vec<String> {
    let summary = &file["summary"];
    let mut wrong = Vec::new();
    let all = ["total_requests", "cancelled_requests"];
    let left: f64 = all.iter().filter_map(|key| summary[*key].as_f64()).sum();
    let right = f64::from(planned - lost);
    if (left - right).abs() > 0.5 {
        wrong.push(format!("{left} requests, of {planned} {lost} were lost"));
    }
    let warnings = summary["warnings"].to_string();
    let told = format!("lacks {lost} of the {planned} requests");
    if (lost > 0) != warnings.contains("the journal lacks")
        || (lost > 0 && !warnings.contains(&told))
    {
        wrong.push(format!("{lost} lost records: {warnings}"));
    }
    for key in ["token_throughput", "request_throughput"] {
        if lost > 0 && !summary[key].is_null() {
            wrong.push(format!("{key} {} without {lost} records", summary[key]));
        }
    }
    wrong
}
