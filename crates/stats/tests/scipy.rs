//! The same figures as scipy and numpy, from values made by `fixtures/make_scipy.py`.
#![cfg(test)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]
#![allow(dead_code, reason = "the builders are shared with other tests")]

mod common;

use common::{meta, success, usage};
use dualround_model::{Judging, RoundRun, RunEvidence, Schedule};
use dualround_stats::{
    SummaryOptions, compare, hodges_lehmann, quantile, stat, summarise, t_interval,
};
use serde_json::Value;

fn fixtures() -> Value {
    serde_json::from_str(include_str!("fixtures/scipy.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    let values = value.as_array().unwrap().iter();
    values.map(|value| value.as_f64().unwrap()).collect()
}

fn near(what: &str, found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    let off = (found - expected).abs() / expected.abs().max(1.0);
    assert!(off < 1e-9, "{what}: {found}, scipy {expected}");
}

#[test]
fn percentiles_and_intervals() {
    for case in fixtures()["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let values = floats(&case["values"]);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for (p, expected) in case["percentiles"].as_object().unwrap() {
            let p: f64 = p.parse().unwrap();
            near(name, quantile(&sorted, p / 100.0).unwrap(), expected);
        }
        let stat = stat(values.iter().copied());
        near(name, stat.avg.unwrap(), &case["mean"]);
        near(name, stat.stddev.unwrap(), &case["stddev"]);
        let t = t_interval(&values).unwrap();
        near(name, t.low, &case["t_interval"][0]);
        near(name, t.high, &case["t_interval"][1]);
        near(
            name,
            hodges_lehmann(&sorted).unwrap(),
            &case["hodges_lehmann"],
        );
    }
}

#[test]
fn theil_and_sens_line() {
    for line in fixtures()["lines"].as_array().unwrap() {
        let ttfts = floats(&line["y"]);
        let lengths = line["x"].as_array().unwrap().iter();
        let records = (0..)
            .zip(lengths.zip(ttfts))
            .map(|(index, (tokens, ttft))| {
                let usage = usage(tokens.as_u64().unwrap(), 1, Some(0));
                success(index, 0.0, &[ttft], usage)
            });
        let spec = "C".parse::<Schedule>().unwrap().rounds()[0];
        let records: Vec<_> = records.collect();
        let run = RoundRun {
            meta: meta(spec, records.len()),
            records,
        };
        let mut rounds = [summarise(run, &SummaryOptions::default())];
        let model = compare(&mut rounds, &Judging::default(), &RunEvidence::default()).prefill;
        // Times are kept in whole nanoseconds.
        let off = |found: Option<f64>, expected: &Value| {
            (found.unwrap() - expected.as_f64().unwrap()).abs()
        };
        assert!(off(model.ms_per_token, &line["slope"]) < 1e-5, "{model:?}");
        assert!(
            off(model.overhead_ms, &line["intercept"]) < 1e-3,
            "{model:?}"
        );
    }
}
