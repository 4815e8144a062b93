//! What decides of hits one by one: each holds from its limit on, and not below it.
#![cfg(test)]
#![allow(dead_code, reason = "the builders are shared with other tests")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]

mod common;
mod level;
mod said;

use dualround_model::{
    ColdFact, ConclusionKind, EngineDelta, EngineKind, EngineReport, Expected, FailureKind,
    LevelComparison, Remark, RunEvidence, Schedule, TierDelta, TrafficSign, Verdict, Warning,
    Witness,
};
use dualround_stats::convention;
use level::{
    Level, Reported, canary, each, engine,
    rounds::{at, by_rounds, judged, known},
};

fn server() -> EngineReport {
    EngineReport::new(EngineKind::LlamaCpp, "http://one".to_owned())
}

/// One request of twelve took so much from a cache; the others nothing.
fn one_foreign(cached: u64) -> LevelComparison {
    let mut cold = each(12, 1000, 0);
    cold[3] = (Some(1000), Some(cached));
    Level::of(cold, each(12, 1000, 990)).judged()
}

#[test]
fn one_request_contaminates_from_half_of_its_prompt_on() {
    // Template and block, 16 and 20 (what the canary did not hit), are allowed, and 1 % of the
    // round: 120 tokens.
    assert_eq!(one_foreign(36).cold.verdict, Verdict::Cold);
    assert_eq!(one_foreign(156).cold.verdict, Verdict::Cold);
    assert_eq!(one_foreign(157).cold.verdict, Verdict::Contaminated);
    let alone = |level: &LevelComparison| {
        let facts = level.cold.evidence.iter();
        let mut facts = facts.filter(|fact| matches!(fact, ColdFact::HalfOfOne { .. }));
        facts.next().cloned()
    };
    let half = ColdFact::HalfOfOne {
        round: 1,
        requests: 1,
    };
    assert_eq!(alone(&one_foreign(535)), None);
    assert_eq!(alone(&one_foreign(536)), Some(half));
}

#[test]
fn hits_of_a_part_of_the_requests_decide_no_cold_round() {
    let level = |silent: usize| {
        let mut cold = each(20, 1000, 0);
        cold.iter_mut().take(silent).for_each(|one| one.1 = None);
        let mut level = Level::of(cold, each(20, 1000, 990));
        level.canary = canary(Some(0), Some(880));
        level.verdict()
    };
    assert_eq!(level(2), Verdict::Cold);
    assert_eq!(level(3), Verdict::Unknown);
}

#[test]
fn prompts_that_show_no_hit_are_too_short_or_share_too_much() {
    let fact = |level: Level| {
        let level = level.judged();
        assert_eq!(level.cold.verdict, Verdict::Unknown);
        level.cold.evidence.last().cloned()
    };
    let short = |shared| ColdFact::TooShort { round: 1, shared };
    // Of 60 tokens 32 are template and block.
    let level = Level::of(each(12, 60, 0), each(12, 60, 48));
    assert_eq!(fact(level), Some(short(false)));
    let mut level = Level::of(each(12, 2000, 1500), each(12, 2000, 1990));
    level.expected = Some(Expected {
        tokens: vec![Some(1500); 12],
        ..Expected::default()
    });
    assert_eq!(fact(level), Some(short(true)));
}

#[test]
fn a_quarter_of_the_rest_and_a_block_each_are_evidence() {
    // Of 1,000 tokens 960 are shared; the warm round finds more of the other 40.
    let works = |more: u64| {
        let cold = each(12, 1000, 960);
        let level = Level::of(cold, each(12, 1000, 960 + more)).judged();
        level.conclusion.cache_evidence
    };
    assert!(!works(9) && !works(15));
    assert!(works(16));
    // A larger block asks for more, and a quarter of the rest does.
    let mut level = Level::of(each(12, 1000, 900), each(12, 1000, 920));
    level.servers = vec![server()];
    assert!(!level.judged().conclusion.cache_evidence);
    let mut level = Level::of(each(12, 1000, 960), each(12, 1000, 990));
    level.servers = vec![EngineReport {
        block_tokens: Some(32),
        ..server()
    }];
    assert!(!level.judged().conclusion.cache_evidence);
}

/// An outer tier beside the engine's own, which looks up what is given.
fn outer(local: f64, queries: f64, hits: f64) -> Level {
    let silent: Vec<Reported> = vec![(Some(1000), None); 12];
    let mut level = Level::of(silent.clone(), silent);
    level.canary = None;
    level.engines = vec![engine(12_000.0, 0.0)];
    let tier = |tier: &str, hits: f64, queries: f64| TierDelta {
        tier: tier.to_owned(),
        hits: Some(hits),
        queries: Some(queries),
    };
    level.warm_engines = Some(vec![EngineDelta {
        tiers: vec![
            tier("local", local, 12_000.0),
            tier("external", hits, queries),
        ],
        ..EngineDelta::default()
    }]);
    level
}

#[test]
fn an_outer_tier_counts_all_or_what_the_first_one_missed() {
    let rate = |level: Level| match level.judged().conclusion.witness {
        Witness::Counters { warm, .. } => format!("{:.0}", warm * 12_000.0),
        other => panic!("{other:?}"),
    };
    assert_eq!(rate(outer(5000.0, 12_000.0, 3000.0)), "8000");
    assert_eq!(rate(outer(5000.0, 7000.0, 3000.0)), "8000");
    // Look-ups that fit neither are of something else.
    assert_eq!(rate(outer(5000.0, 4000.0, 3000.0)), "5000");
}

#[test]
fn look_ups_decide_where_everything_was_sent() {
    let kind = |looked_up: f64| {
        let silent: Vec<Reported> = vec![(Some(1000), None); 12];
        let mut level = Level::of(silent.clone(), silent);
        level.canary = None;
        level.engines = vec![engine(looked_up, 0.0)];
        matches!(level.judged().conclusion.witness, Witness::Counters { .. })
    };
    // 2 % and 64 tokens of 12,000.
    assert!(kind(12_304.0) && kind(11_696.0));
    assert!(!kind(12_305.0) && !kind(11_695.0));
}

#[test]
fn ids_that_prompts_share_say_nothing_of_a_response_cache() {
    // A few answers without an id of their own do not hide the others' replays; half of them do.
    let level = |mixed: bool| {
        let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
        level.ids = if mixed {
            |_, index| {
                Some(if index < 8 {
                    "one".to_owned()
                } else {
                    format!("a{index}")
                })
            }
        } else {
            |_, index| {
                Some(if index < 3 {
                    "one".to_owned()
                } else {
                    format!("a{index}")
                })
            }
        };
        level.judged().conclusion.witness
    };
    assert!(matches!(level(false), Witness::ResponseCache(found) if found.answers == 9));
    assert!(!matches!(level(true), Witness::ResponseCache(_)));
}

#[test]
fn one_replay_in_ten_is_not_many() {
    let level = |count: u32| {
        let mut level = Level::of(each(20, 700, 0), each(20, 700, 0));
        level.ids = match count {
            2 => |round, index| Some(format!("{}-{index}", if index < 2 { 1 } else { round })),
            _ => |round, index| Some(format!("{}-{index}", if index < 3 { 1 } else { round })),
        };
        level.judged().conclusion.witness
    };
    assert!(!matches!(level(2), Witness::ResponseCache(_)));
    assert!(matches!(level(3), Witness::ResponseCache(found) if found.answers == 3));
}

#[test]
fn answers_without_hits_are_not_contradicted_by_counters_that_stood_still() {
    let level = |cached: u64| {
        let mut level = Level::of(each(12, 700, 0), each(12, 700, cached));
        level.engines = vec![engine(8400.0, 0.0)];
        level.warm_engines = Some(vec![engine(0.0, 0.0)]);
        level.judged().conclusion.witness
    };
    assert_eq!(level(0), Witness::Usage);
    assert_eq!(level(600), Witness::Contradicted);
}

#[test]
fn few_hits_by_counters_are_known_to_be_few() {
    // A spread within ±25 % around 1 is no effect where hits are known to be few.
    let level = |hits: f64| {
        let silent: Vec<Reported> = vec![(Some(1000), None); 24];
        let mut level = Level::of(silent.clone(), silent);
        level.canary = None;
        level.ttft = (100.0, 101.0);
        level.change = |round, record| {
            let odd = f64::from(record.index % 5) * 5.0;
            let late = if round == 2 { odd } else { 20.0 - odd };
            let timeline = &mut record.timeline;
            timeline.first_token_ns = timeline.first_token_ns.map(|at| at + common::ns(late));
        };
        level.engines = vec![engine(24_000.0, 0.0)];
        level.warm_engines = Some(vec![engine(24_000.0, hits)]);
        level.judged().conclusion.kind
    };
    assert_eq!(level(0.0), ConclusionKind::NoEffect);
    assert_eq!(level(12_000.0), ConclusionKind::CannotTell);
}

#[test]
fn others_are_at_work_where_requests_ran_before_the_round() {
    let busy = |running: f64, waiting: f64| {
        let engines = move |_| {
            vec![EngineDelta {
                running_before: Some(running),
                waiting_before: Some(waiting),
                ..at("one", 8400.0, 0.0)
            }]
        };
        let schedule: Schedule = "CW".parse().unwrap();
        let spec = schedule.rounds()[0];
        let mut meta = common::meta(spec, 1);
        meta.engines = engines(1);
        let usage = common::usage(700, 3, Some(0));
        let records = vec![common::success(0, 0.0, &[10.0, 20.0], usage)];
        let round = common::summarised(meta, records);
        let mut warnings = round.summary.warnings.iter();
        warnings.any(|one| {
            matches!(one, Warning::OtherTraffic { what: TrafficSign::BusyBefore, seen, .. }
                if (seen - running - waiting).abs() < 1e-9)
        })
    };
    assert!(!busy(0.0, 0.0));
    assert!(busy(1.0, 0.0) && busy(0.0, 1.0) && busy(2.0, 3.0));
}

#[test]
fn silence_is_zero_where_a_known_miss_was_silent_and_a_repetition_hit() {
    let zero = |first: Option<u64>, repeated: Option<u64>, engines: &[EngineKind]| {
        let engines: Vec<_> = engines
            .iter()
            .map(|kind| EngineReport::new(*kind, "http://one".to_owned()))
            .collect();
        convention(canary(first, repeated).as_ref(), &engines).omission_is_zero
    };
    let vllm = EngineKind::Vllm;
    assert!(zero(None, Some(880), &[vllm]));
    assert!(!zero(Some(0), Some(880), &[vllm]) && !zero(None, None, &[vllm]));
    assert!(!zero(None, Some(16), &[vllm]));
    // A gateway's two engines may answer each in its own way; LMCache answers no one.
    assert!(!zero(None, Some(880), &[EngineKind::Unknown, vllm, vllm]));
    assert!(!zero(None, Some(880), &[vllm, vllm, vllm]) && zero(None, Some(880), &[vllm, vllm]));
    assert!(zero(None, Some(880), &[vllm, EngineKind::Lmcache]));
    assert!(!convention(None, &[]).omission_is_zero);
}

#[test]
fn up_to_a_tenth_of_impossible_answers_are_left_out_and_above_nothing_is_believed() {
    let rate = |impossible: usize| {
        let mut warm = each(20, 700, 630);
        let wrong = warm.iter_mut().take(impossible);
        wrong.for_each(|one| one.1 = Some(7000));
        Level::of(each(20, 700, 0), warm).judged().hit_rate.usage
    };
    assert!(rate(0).is_some_and(|rate| (rate - 0.9).abs() < 1e-9));
    assert!(rate(2).is_some_and(|rate| (rate - 0.9).abs() < 1e-9));
    assert_eq!(rate(3), None);
}

#[test]
fn outer_tiers_alone_stand_against_the_cold_round_of_their_epoch() {
    let level = by_rounds(
        "CWE",
        &known(880),
        |round, _| ([0, 690, 640][round as usize - 1], 0.0),
        |_| Vec::new(),
    );
    let external = level.external.unwrap();
    assert_eq!(external.ttft.pairs, 12);
    assert!(
        external
            .ttft
            .ratio
            .is_some_and(|ratio| (ratio - 1.0).abs() < 1e-9)
    );
    assert!(
        external
            .usage
            .is_some_and(|rate| (rate - 640.0 / 700.0).abs() < 1e-9)
    );
    let plain = by_rounds("CW", &known(880), |_, _| (0, 0.0), |_| Vec::new());
    assert!(plain.external.is_none());
}

#[test]
fn more_finished_requests_than_ours_are_others_where_none_was_sent_again() {
    let others = |retried: bool| {
        let spec = "CW".parse::<Schedule>().unwrap().rounds()[0];
        let mut meta = common::meta(spec, 12);
        meta.engines = vec![EngineDelta {
            requests: Some(14.0),
            ..at("one", 8400.0, 0.0)
        }];
        let record = |index: u32| {
            let usage = common::usage(700, 3, Some(0));
            let mut record = common::success(index, 0.0, &[100.0, 110.0, 120.0], usage);
            if retried && index == 0 {
                record.retries = vec![dualround_model::Retry {
                    kind: FailureKind::Http(503),
                    start_ns: Some(0),
                    wait_ms: 0,
                    end_ns: 1,
                }];
            }
            record
        };
        let records = (0..12).map(record).collect();
        let round = common::summarised(meta, records);
        let mut warnings = round.summary.warnings.iter();
        warnings.any(|one| {
            matches!(
                one,
                Warning::OtherTraffic {
                    what: TrafficSign::Finished,
                    ..
                }
            )
        })
    };
    assert!(others(false));
    assert!(!others(true));
}

#[test]
fn more_rounds_are_not_advised_where_they_are_given_back() {
    let remarks = |ids: fn(u32, u32) -> Option<String>| {
        let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
        level.ids = ids;
        (level.whole_cold, level.whole_warm) = (true, true);
        level.ttft = (1.0, 1.1);
        level.change = |round, record| {
            let late = f64::from(record.index % 5) * if round == 2 { 0.2 } else { 0.1 };
            let timeline = &mut record.timeline;
            timeline.first_token_ns = timeline.first_token_ns.map(|at| at + common::ns(late));
            timeline.last_token_ns = timeline.last_token_ns.map(|at| at + common::ns(late));
            timeline.end_ns += common::ns(late);
        };
        let level = level.judged();
        assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
        level.conclusion.remarks
    };
    let same = |_: u32, index: u32| Some(format!("answer-{index}"));
    let own = |round: u32, index: u32| Some(format!("{round}-{index}"));
    assert!(remarks(own).contains(&Remark::ThreeCyclesOrMixed));
    assert!(!remarks(same).contains(&Remark::ThreeCyclesOrMixed));
}

#[test]
fn answers_of_the_level_prove_what_silence_means_too() {
    // The canary's repetition was silent; one warm answer tells of a hit.
    let known = |hit: Option<u64>| {
        let mut warm: Vec<Reported> = vec![(Some(700), None); 12];
        warm[5].1 = hit;
        let mut level = Level::of(vec![(Some(700), None); 12], warm);
        level.canary = canary(None, None);
        level.judged().hit_rate.usage_known
    };
    assert_eq!(known(Some(690)), 12);
    assert_eq!(known(None), 0);
    assert_eq!(known(Some(0)), 1);
}

#[test]
fn a_repeat_that_holds_too_few_of_the_pair_is_left_out_and_said() {
    let remarks = |lost: u32| {
        let record = |round: u32, index: u32| {
            let ttft = if round == 2 { 10.0 } else { 100.0 };
            let usage = common::usage(700, 3, Some(0));
            let times = [ttft, ttft + 10.0, ttft + 20.0];
            let mut record = common::success(index, 0.0, &times, usage);
            if round == 3 && index < lost {
                common::fail(&mut record);
            }
            record
        };
        let records = |round: u32| (0..20).map(|index| record(round, index)).collect();
        let level = judged("CWC", &RunEvidence::default(), records, |_| Vec::new());
        level.conclusion.remarks.contains(&Remark::RoundLeftOut)
    };
    // Nine in ten of the pair's are enough.
    assert!(!remarks(0) && !remarks(2));
    assert!(remarks(3));
}

#[test]
fn nothing_is_said_of_what_did_not_happen() {
    let level = Level::of(each(12, 1000, 0), each(12, 1000, 990)).judged();
    let kinds: Vec<&str> = level
        .cold
        .evidence
        .iter()
        .map(|fact| match fact {
            ColdFact::CanaryHit { .. } => "canary hit",
            ColdFact::OtherMarker { hit: 0 } => "other marker",
            ColdFact::Hits { excess: 0, .. } => "hits",
            _ => "more",
        })
        .collect();
    assert_eq!(kinds, ["canary hit", "other marker", "hits"]);
    assert_eq!(level.diagnosis, []);
}

#[test]
fn one_prompt_that_computes_what_all_share_is_no_evidence() {
    // Of thirty that share 1,296 of 1,344 tokens the first had to compute them.
    let hits = |first: u64| {
        let mut reported = each(30, 1344, 1296);
        reported[0].1 = Some(first);
        reported
    };
    let level = Level::of(hits(0), hits(1296)).judged();
    assert!(!level.conclusion.cache_evidence);
}
