//! Verdicts that were wrong, each with the right one. The lab has those that it can draw.
#![cfg(test)]
#![allow(dead_code, reason = "the builders are shared with other tests")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]

mod common;
mod said;

use common::{failed, meta, near, round, rounds, simple, success, usage};
use dualround_model::{
    AllowanceSource, Class, ConclusionKind, Failure, FailureKind, Judging, LevelComparison,
    NoPrefillLine, OpenLoopRound, Outcome, Phase, Reason, Repeated, RequestRecord, RequestRows,
    RoundKind, RoundResult, RoundRun, RoundSpec, RunEvidence, Schedule, Slo, Source, Timeouts,
    Warning, Withheld,
};
use dualround_stats::{SummaryOptions, compare, summarise};
use said::{diagnoses, sentence};

fn judged(schedule: &str, records: Vec<Vec<RequestRecord>>) -> LevelComparison {
    let judging = Judging {
        until: false,
        schedule: schedule.parse().unwrap(),
        round_noise: None,
        same_samples: true,
    };
    compare(
        &mut rounds(schedule, records),
        &judging,
        &RunEvidence::default(),
    )
}

/// Rounds of one TTFT each; warm ones hit 990 of 1,000 tokens.
fn by_round(schedule: &str, n: u32, ms: &[f64]) -> LevelComparison {
    let kinds = schedule.chars().zip(ms);
    let records = kinds.map(|(kind, ms)| round(n, *ms, if kind == 'C' { 0 } else { 990 }));
    judged(schedule, records.collect())
}

#[test]
fn v00a_a_shift_of_a_whole_round_is_no_effect_of_the_cache() {
    // Every request of the warm round 20 % faster, to the last digit, with hits reported.
    let level = by_round("CW", 24, &[100.0, 80.0]);
    assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
    assert_eq!(level.conclusion.reason, Some(Reason::AcrossMargin));
    assert!(sentence(&level).contains("CWCWCW"));
    let allowance = level.conclusion.allowance.unwrap();
    assert_eq!(allowance.source, AllowanceSource::Default);
    assert!(near(Some(allowance.percent), 25.0));
    assert!(near(level.ttft.interval_low, 1.0) && near(level.ttft.interval_high, 1.5625));
    // A user who knows the machine to vary by 5 % is told more.
    let quiet = Judging {
        until: false,
        schedule: Schedule::default(),
        round_noise: Some(5.0),
        same_samples: true,
    };
    let mut two = rounds("CW", vec![round(24, 100.0, 0), round(24, 80.0, 990)]);
    let level = compare(&mut two, &quiet, &RunEvidence::default());
    assert_eq!(level.conclusion.kind, ConclusionKind::Effect);
    assert!(sentence(&level).contains("--round-noise"));
}

#[test]
fn v00b_the_times_of_the_headline_divide() {
    // Seven of twelve prompts hit; the others are slow and hit nothing.
    let hits = |i: u32| i < 7;
    let cold = (0..12).map(|i| simple(i, if hits(i) { 100.0 } else { 1000.0 }, Some(0)));
    let warm = (0..12).map(|i| match hits(i) {
        true => simple(i, 10.0, Some(990)),
        false => simple(i, 1000.0, Some(0)),
    });
    let level = judged("CW", vec![cold.collect(), warm.collect()]);
    let ttft = &level.ttft;
    let typical = |hit: f64| f64::midpoint(7.0 * hit.ln(), 5.0 * 1000_f64.ln()) / 6.0;
    assert!(near(ttft.cold_typical, typical(100.0).exp()));
    assert!(near(ttft.warm_typical, typical(10.0).exp()));
    assert!(near(ttft.ratio, 10_f64.powf(7.0 / 12.0)) && near(ttft.ratio_median, 10.0));
    assert!(near(ttft.cold_avg, 5700.0 / 12.0) && near(ttft.warm_avg, 5070.0 / 12.0));
    // Two classes, each with its own ratio, in the sentence too.
    let classes = level.classes.iter().map(|one| (one.class, one.requests));
    assert_eq!(
        classes.collect::<Vec<_>>(),
        [(Class::Hit, 7), (Class::Miss, 5)]
    );
    assert!(near(level.classes[0].ratio, 10.0) && near(level.classes[1].ratio, 1.0));
    let judging = Judging {
        until: false,
        schedule: Schedule::default(),
        round_noise: Some(0.0),
        same_samples: true,
    };
    let cold = (0..12).map(|i| simple(i, 100.0, Some(0)));
    let warm = (0..12).map(|i| match hits(i) {
        true => simple(i, 10.0, Some(990)),
        false => simple(i, 50.0, Some(0)),
    });
    let mut two = rounds("CW", vec![cold.collect(), warm.collect()]);
    let text = sentence(&compare(&mut two, &judging, &RunEvidence::default()));
    assert!(
        text.contains("TTFT 100 → 20 ms (typical), 5.11× faster")
            && text.contains("7 of 12 hit: 10.00×; 5 missed: 2.00×"),
        "{text}"
    );
}

#[test]
fn v04_warm_rounds_far_apart_make_nothing_equal() {
    let level = by_round("CWW", 12, &[100.0, 50.0, 5.0]);
    assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
    assert!(near(Some(level.conclusion.margin), 0.05) && level.conclusion.bound.is_none());
}

#[test]
fn v09_a_gain_that_is_not_proven_is_not_called_absent() {
    let level = by_round("CW", 5, &[271.0, 6.6]);
    assert_eq!(
        level.conclusion.reason,
        Some(Reason::FewPrompts { prompts: 5 })
    );
    assert!(diagnoses(&level).is_empty(), "{:?}", diagnoses(&level));
    // Known not to have followed: said.
    let level = by_round("CWCWCW", 12, &[100.0, 100.0, 101.0, 100.0, 100.0, 101.0]);
    assert_eq!(level.conclusion.kind, ConclusionKind::NoEffect);
    assert!(diagnoses(&level)[0].contains("did not follow"));
}

#[test]
fn v11_cycles_need_no_control_and_three_prompts_none_either() {
    let ms = [100.0, 30.0, 60.0, 15.0, 60.0, 15.0];
    let level = by_round("CWCWCW", 6, &ms);
    assert_eq!(
        (level.conclusion.kind, level.conclusion.source),
        (ConclusionKind::Effect, Source::Cycles)
    );
    assert!(level.conclusion.allowance.is_none());
    let level = by_round("CWCWCW", 3, &ms);
    assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
    assert!(level.ttft.interval_low.is_none() && level.ttft.spread_low.is_none());
}

#[test]
fn v11_the_way_a_server_went_is_said() {
    let slower = by_round("CWC", 12, &[50.0, 30.0, 101.0]);
    let drift = |rounds, ratio: f64| {
        move |level: &LevelComparison| match level.conclusion.reason {
            Some(Reason::Drift {
                rounds: said,
                ratio: by,
            }) => said == rounds && (by / ratio - 1.0).abs() < 1e-6,
            _ => false,
        }
    };
    assert!(
        drift(Repeated::Cold, 2.02)(&slower),
        "{:?}",
        slower.conclusion
    );
    let text = &sentence(&slower);
    assert!(
        text.contains("2.02× slower") && !text.contains("warms up"),
        "{text}"
    );
    let warms = by_round("CWW", 12, &[100.0, 80.0, 60.0]);
    assert!(
        drift(Repeated::Warm, 0.75)(&warms),
        "{:?}",
        warms.conclusion
    );
    assert!(!sentence(&warms).contains("warms up"));
}

#[test]
fn g11_a_slower_last_cold_round_leaves_the_effect_understated() {
    let level = by_round("CWC", 20, &[100.67, 10.59, 200.79]);
    assert_eq!(level.conclusion.kind, ConclusionKind::Effect);
    assert!(sentence(&level).contains("cache works") && diagnoses(&level).is_empty());
    assert!(near(level.ttft.cold_typical, (100.67_f64 * 200.79).sqrt()));
    assert_eq!(
        level.conclusion.allowance.unwrap().source,
        AllowanceSource::Control
    );
}

#[test]
fn v12_queueing_is_not_sold_as_prefill() {
    let mut queued = rounds("CW", vec![round(20, 100.0, 0), round(20, 10.0, 990)]);
    for round in &mut queued {
        round.meta.load = 4.into();
    }
    let level = compare(&mut queued, &Judging::default(), &RunEvidence::default());
    assert!(level.prefill.ms_per_token.is_none());
    assert_eq!(level.prefill.refused, Some(NoPrefillLine::Queueing));
}

#[test]
fn v19_a_prompt_is_one_observation_in_cycles_and_rows() {
    let level = by_round("CWCW", 3, &[100.0, 20.0, 100.0, 20.0]);
    assert_eq!((level.pairs, level.prompts), (6, 3));
    assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
    // Three prompts in twelve rows.
    let again = |ttft: f64, cached| {
        let rows = (0..12).map(|i| {
            let mut record = simple(i, ttft, Some(cached));
            record.prompt_digest = format!("{:016x}", i % 3).into();
            record
        });
        rows.collect()
    };
    let level = judged("CW", vec![again(100.0, 0), again(10.0, 990)]);
    assert_eq!((level.pairs, level.prompts), (12, 3));
    assert!(sentence(&level).contains("in both rounds: 3; at least 6"));
    // Cycles are no classes of prompt length.
    let level = by_round("CWCWCW", 6, &[100.0, 30.0, 110.0, 28.0, 110.0, 28.0]);
    assert!(level.buckets.is_empty());
}

#[test]
fn pairs_that_one_side_lost_leave_no_fair_sample() {
    // The eight slowest of forty time out when cold.
    let cold = |i| {
        if i < 8 {
            failed(i)
        } else {
            simple(i, 100.0, Some(0))
        }
    };
    let level = judged(
        "CW",
        vec![(0..40).map(cold).collect(), round(40, 10.0, 990)],
    );
    assert_eq!(
        level.conclusion.reason,
        Some(Reason::LostPairs {
            cold: 8,
            warm: 0,
            of: 40
        })
    );
    assert!(sentence(&level).contains("8 failed in the cold round alone"));
    // Those that fail twice are no pairs, and none is lost.
    let both = |ttft| {
        (0..40).map(move |i| {
            if i < 8 {
                failed(i)
            } else {
                simple(i, ttft, Some(0))
            }
        })
    };
    let level = judged("CW", vec![both(100.0).collect(), both(10.0).collect()]);
    assert_eq!((level.lost_pairs.of, level.lost_pairs.cold), (32, 0));
    assert_eq!(level.conclusion.kind, ConclusionKind::Effect);
}

#[test]
fn no_effect_says_what_it_excludes() {
    let level = by_round("CWC", 24, &[100.0, 100.0, 100.0]);
    assert_eq!(level.conclusion.kind, ConclusionKind::NoEffect);
    assert!(near(level.conclusion.bound, 1.0));
    let level = by_round("CWCW", 24, &[100.0, 101.0, 102.0, 101.0]);
    let bound = level.conclusion.bound.unwrap();
    assert!((bound - 1.25).abs() < 1e-3, "{bound}");
    let text = &sentence(&level);
    assert!(text.contains("no effect above 25 % on average"), "{text}");
    // With ±40 % between rounds allowed, an effect of 40 % is not excluded.
    let wide = Judging {
        until: false,
        schedule: Schedule::default(),
        round_noise: Some(40.0),
        same_samples: true,
    };
    let mut two = rounds("CW", vec![round(24, 100.0, 0), round(24, 100.0, 0)]);
    let level = compare(&mut two, &wide, &RunEvidence::default());
    assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
    assert!(matches!(
        level.conclusion.reason,
        Some(Reason::WideBound { .. })
    ));
}

#[test]
fn every_schedule_has_its_row() {
    let source = |schedule: &str| {
        let records = schedule.chars().map(|_| round(8, 100.0, 0));
        let level = judged(schedule, records.collect());
        (level.conclusion.source, level.cycles)
    };
    for (schedules, row, cycles) in [
        (&["CW", "CWE", "CEW"][..], Source::Cw, 1),
        (
            &["CWC", "CWW", "CWCE", "CCW", "CWWW", "CWCC", "CCWW"],
            Source::Cwc,
            1,
        ),
        (&["CWCW", "CWWCW", "CWCWC"], Source::Cwcw, 2),
        (&["CWCWCW", "CWCCWCW"], Source::Cycles, 3),
        (&["C", "CC", "CE"], Source::Cw, 0),
    ] {
        for schedule in schedules {
            assert_eq!(source(schedule), (row, cycles), "{schedule}");
        }
    }
}

#[test]
fn v26_an_answer_of_one_token_violates_no_itl_limit() {
    let records = (0..12).map(|i| success(i, 0.0, &[900.0], usage(100, 1, None)));
    let run = RoundRun {
        meta: meta(Schedule::default().rounds()[0], 12),
        records: records.collect(),
    };
    let options = SummaryOptions {
        slo: Some(Slo {
            ttft_ms: Some(500.0),
            itl_ms: Some(50.0),
            latency_ms: None,
        }),
        ..SummaryOptions::default()
    };
    let warnings = summarise(run, &options).summary.warnings;
    let detail = warnings.iter().find_map(|warning| match warning {
        Warning::GoodputZero { detail, .. } => Some(detail.as_str()),
        _ => None,
    });
    assert_eq!(
        detail,
        Some("ttft_ms < 500: missed by 12 of 12; itl_ms < 50: missed by 0 of 12")
    );
}

#[test]
fn v27_a_level_that_ended_before_its_warm_round_says_so() {
    let level = judged("CW", vec![round(12, 100.0, 0)]);
    assert!(
        diagnoses(&level)[0].contains("ended before there were two rounds"),
        "{:?}",
        diagnoses(&level)
    );
    let level = judged("C", vec![round(12, 100.0, 0)]);
    assert!(diagnoses(&level)[0].contains("no warm round"));
}

#[test]
fn v28_a_time_limit_is_named_by_its_own_flag() {
    let kinds = [
        FailureKind::TimeoutIdle,
        FailureKind::TimeoutTotal,
        FailureKind::TimeoutIdle,
    ];
    let records = (0..).zip(kinds).map(|(i, kind)| {
        let mut record = failed(i);
        record.outcome = Outcome::Failed(Failure {
            kind,
            phase: Phase::Stream,
            message: "a limit".to_owned(),
            status: Some(200),
        });
        record
    });
    let run = RoundRun {
        meta: meta(Schedule::default().rounds()[0], 3),
        records: records.collect(),
    };
    let options = SummaryOptions {
        timeouts: Some(Timeouts {
            idle_ms: Some(300),
            ..Timeouts::default()
        }),
        ..SummaryOptions::default()
    };
    let warnings = summarise(run, &options).summary.warnings;
    let found: Vec<_> = warnings
        .iter()
        .filter_map(|warning| match warning {
            Warning::Timeouts { count, limit, flag } => {
                Some((*count, limit.as_str(), flag.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        found,
        [
            (2, "a limit (--idle-timeout 0.3)", "--idle-timeout"),
            (1, "a limit (--timeout 300)", "--timeout")
        ]
    );
}

/// A round of 800 requests, of which one is due every 10 ms and one ends every `each` ms.
fn arriving(spec: RoundSpec, each: f64) -> RoundResult {
    let records = (0..800).map(|index| {
        let due = 10.0 * f64::from(index);
        let ttft = 5.0 + f64::from(index) * (each - 10.0);
        let hit = if spec.kind == RoundKind::Warm { 990 } else { 0 };
        let tokens = [ttft, ttft + 1.0];
        let mut record = success(index, due, &tokens, usage(1000, 2, Some(hit)));
        record.timeline.due_ns = record.timeline.start_ns;
        record
    });
    let mut meta = meta(spec, 800);
    meta.open = Some(OpenLoopRound {
        last_due_ns: 7_990_000_000,
        ..OpenLoopRound::default()
    });
    common::summarised(meta, records.collect())
}

#[test]
fn one_overloaded_round_of_a_side_leaves_nothing_to_divide() {
    for (schedule, over) in [("CWC", 2), ("CWW", 2), ("CWCW", 2), ("CWC", 0)] {
        let schedule: Schedule = schedule.parse().unwrap();
        let specs = schedule.rounds().into_iter().enumerate();
        let each = |at| if at == over { 20.0 } else { 10.0 };
        let mut rounds: Vec<_> = specs.map(|(at, spec)| arriving(spec, each(at))).collect();
        // The second cycle was cut short, and is no pair.
        for late in rounds.iter_mut().skip(3) {
            late.requests = RequestRows::default();
        }
        let judging = Judging {
            schedule: schedule.clone(),
            ..Judging::default()
        };
        let level = compare(&mut rounds, &judging, &RunEvidence::default());
        let reason = level.conclusion.reason;
        assert!(
            matches!(reason, Some(Reason::Overloaded(_))),
            "{schedule}: {reason:?}"
        );
        for metric in [&level.ttft, &level.itl, &level.latency] {
            assert_eq!(metric.withheld, Some(Withheld::Overloaded), "{schedule}");
            assert_eq!((metric.ratio, metric.cold_typical), (None, None));
        }
    }
}
