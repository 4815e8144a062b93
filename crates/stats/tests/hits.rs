//! What is said of hits, and what is not.
#![cfg(test)]
#![allow(dead_code, reason = "the builders are shared with other tests")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]

mod common;

use common::{meta, simple};
use dualround_model::{CanaryReport, EngineDelta, Judging, Known, RoundRun, Schedule, TierDelta};
use dualround_stats::{SummaryOptions, compare, summarise};

const PROMPTS: u32 = 8;

/// What is said when a text sent twice was not found again, nor any prompt, beside these counters.
fn said(engines: &[EngineDelta]) -> String {
    let schedule: Schedule = "CW".parse().unwrap();
    let round = |spec| {
        let records = (0..PROMPTS).map(|index| simple(index, 100.0, Some(0)));
        let mut run = RoundRun {
            meta: meta(spec, PROMPTS as usize),
            records: records.collect(),
        };
        run.meta.engines = engines.to_vec();
        summarise(run, &SummaryOptions::default())
    };
    let mut rounds: Vec<_> = schedule.rounds().into_iter().map(round).collect();
    let judging = Judging {
        schedule,
        round_noise: None,
        same_samples: true,
    };
    let known = Known {
        canary: Some(CanaryReport {
            prompt_tokens: Some(900),
            first: Some(0),
            repeated: Some(0),
            other_marker: Some(0),
            salt_field: None,
        }),
        ..Known::default()
    };
    let level = compare(&mut rounds, &judging, &known);
    level.diagnosis.join("\n")
}

/// The counters of an engine that looked up so many tokens and found none.
fn engine(looked_up: f64) -> EngineDelta {
    EngineDelta {
        tiers: vec![TierDelta {
            tier: "local".to_owned(),
            hits: Some(0.0),
            queries: Some(looked_up),
        }],
        ..EngineDelta::default()
    }
}

/// Seen behind a router in turns: its canary, too, had met the other engine.
#[test]
fn a_cache_is_off_only_where_no_replica_can_be_the_reason() {
    let all = said(&[engine(f64::from(PROMPTS) * 1000.0)]);
    assert!(all.contains("cache off"), "{all}");
    assert!(!all.contains("replica"), "{all}");

    let nobody = said(&[]);
    assert!(nobody.contains("cache off"), "{nobody}");
    assert!(
        nobody.contains("or replicas behind this address"),
        "{nobody}"
    );

    let several = said(&[EngineDelta {
        several_processes: true,
        left_out: Some("its counters go back and forth".to_owned()),
        ..EngineDelta::default()
    }]);
    assert!(
        several.contains("another replica, or a cache that is off"),
        "{several}"
    );
}
