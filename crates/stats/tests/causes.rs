//! Causes and limits one by one: each holds from its threshold on, and not below it.
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
    CacheSeen, ColdFact, ConclusionKind, Diagnosis, EngineDelta, EngineKind, EngineReport,
    Expected, Failure, FailureKind, Judging, Known, LevelComparison, Outcome, Phase, Remark,
    RequestRecord, Reuse, RoundRun, Schedule, TierDelta, TrafficSign, Verdict, Warning, Witness,
};
use dualround_stats::{SummaryOptions, compare, convention, summarise};
use level::{Level, Reported, canary, each, engine};

fn server() -> EngineReport {
    EngineReport::new(EngineKind::LlamaCpp, "http://one".to_owned())
}

fn fails(record: &mut RequestRecord) {
    record.outcome = Outcome::Failed(Failure {
        kind: FailureKind::Http(503),
        phase: Phase::Head,
        message: "busy".to_owned(),
        status: Some(503),
    });
}

fn found(level: Level) -> Vec<Diagnosis> {
    level.judged().diagnosis
}

/// llama.cpp with so many slots, whose canary hit; warm requests hit so much of 700.
fn slots(slots: u64, warm: u64) -> Level {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, warm));
    level.ttft = (100.0, 100.0);
    level.servers = vec![EngineReport {
        capacity_prompts: Some(slots),
        ..server()
    }];
    level
}

#[test]
fn prompts_that_take_turns_on_fewer_slots_are_evicted() {
    let evicted = |slots| Diagnosis::EvictedSlots { prompts: 12, slots };
    assert!(found(slots(11, 0)).contains(&evicted(11)));
    // As many slots as prompts keep them.
    assert!(!found(slots(12, 0)).contains(&evicted(12)));
    assert!(found(slots(12, 0)).contains(&Diagnosis::FoundOnceOnly));
    // A canary that found nothing again has not seen a cache that could evict.
    let mut level = slots(4, 0);
    level.canary = canary(Some(0), Some(0));
    assert!(!found(level).contains(&evicted(4)));
    // Most of the prompts are found: nothing is lost.
    assert!(!found(slots(4, 600)).contains(&evicted(4)));
}

/// Prompts of 2,000 tokens that share 1,500, of which the warm round finds so much.
fn sharing(warm: u64) -> Level {
    let mut level = Level::of(each(12, 2000, 1500), each(12, 2000, warm));
    level.ttft = (100.0, 100.0);
    level.servers = vec![EngineReport {
        capacity_prompts: Some(4),
        block_tokens: Some(1),
        ..server()
    }];
    level.expected = Some(Expected {
        tokens: vec![Some(1500); 12],
        ..Expected::default()
    });
    level.reuse = Some(Reuse {
        block: 1,
        prompts: 12,
        tokens: 24_000,
        cold: 0.75,
        warm: 0.999,
        lru_warm: None,
        capacity_tokens: None,
    });
    level
}

#[test]
fn what_prompts_share_anyway_is_no_sign_that_they_were_kept() {
    let evicted = Diagnosis::EvictedSlots {
        prompts: 12,
        slots: 4,
    };
    assert!(found(sharing(1500)).contains(&evicted));
    assert!(found(sharing(1700)).contains(&evicted));
    assert!(!found(sharing(1800)).contains(&evicted));
    // Token ids that are not all of the prompts bound nothing.
    let mut level = sharing(1500);
    if let Some(expected) = &mut level.expected {
        expected.unseen = 500;
    }
    assert!(!found(level).contains(&evicted));
}

#[test]
fn failures_of_a_warm_round_are_told() {
    let level = |one_fails: bool| {
        let mut level = Level::of(each(24, 700, 0), each(24, 700, 0));
        level.ttft = (100.0, 100.0);
        if one_fails {
            level.change = |round, record| {
                if round == 2 && record.index == 0 {
                    fails(record);
                }
            };
        }
        found(level)
    };
    assert!(level(true).contains(&Diagnosis::WarmFailures));
    assert!(!level(false).contains(&Diagnosis::WarmFailures));
}

/// One request of twelve took so much from a cache; the others nothing.
fn one_foreign(cached: u64) -> LevelComparison {
    let mut cold = each(12, 1000, 0);
    cold[3] = (Some(1000), Some(cached));
    Level::of(cold, each(12, 1000, 990)).judged()
}

#[test]
fn one_request_contaminates_from_half_of_its_prompt_on() {
    // Template and block, 16 and 20 (what the canary did not hit), are allowed, and 1 % of the round:
    // 120 tokens.
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

/// Twelve prompts of 700 tokens by a schedule: of each round, by its number, what each request hit,
/// when it was asked (s), and what the engines' counters saw.
fn by_rounds(
    schedule: &str,
    known: &Known,
    of: impl Fn(u32, u32) -> (u64, f64),
    engines: impl Fn(u32) -> Vec<EngineDelta>,
) -> LevelComparison {
    let schedule: Schedule = schedule.parse().unwrap();
    let round = |spec: dualround_model::RoundSpec| {
        let record = |index: u32| {
            let (cached, start) = of(spec.number, index);
            let usage = common::usage(700, 3, Some(cached));
            common::success(index, 1e3 * start, &[100.0, 110.0, 120.0], usage)
        };
        let mut meta = common::meta(spec, 12);
        meta.engines = engines(spec.number);
        let records = (0..12).map(record).collect();
        summarise(RoundRun { meta, records }, &SummaryOptions::default())
    };
    let mut rounds: Vec<_> = schedule.rounds().into_iter().map(round).collect();
    let judging = Judging {
        schedule,
        round_noise: None,
        same_samples: true,
    };
    compare(&mut rounds, &judging, known)
}

fn known(repeated: u64) -> Known {
    Known {
        canary: canary(Some(0), Some(repeated)),
        ..Known::default()
    }
}

fn at(base: &str, looked_up: f64, hits: f64) -> EngineDelta {
    EngineDelta {
        base: base.to_owned(),
        ..engine(looked_up, hits)
    }
}

#[test]
fn loads_of_replicas_are_those_of_all_warm_rounds() {
    let engines = |round: u32| match round {
        1 => vec![at("one", 8400.0, 0.0), at("two", 0.0, 0.0)],
        2 => vec![at("one", 4200.0, 0.0), at("two", 4200.0, 0.0)],
        _ => vec![at("one", 5600.0, 0.0), at("two", 2800.0, 0.0)],
    };
    let level = by_rounds("CWW", &known(880), |_, _| (0, 0.0), engines);
    let loads = level.diagnosis.iter().find_map(|one| match one {
        Diagnosis::Replicas { engines, seen } => Some((engines.clone(), *seen)),
        _ => None,
    });
    let loads = loads.unwrap();
    let right = [("one".to_owned(), 9800.0), ("two".to_owned(), 7000.0)];
    assert_eq!(loads, (right.to_vec(), CacheSeen::Found));
}

#[test]
fn an_engine_with_a_probe_s_share_is_no_replica() {
    let engines = |two: f64| {
        let of = move |_| vec![at("one", 8400.0 - two, 0.0), at("two", two, 0.0)];
        let level = by_rounds("CW", &known(880), |_, _| (0, 0.0), of);
        let mut found = level.diagnosis.iter();
        found.any(|one| matches!(one, Diagnosis::Replicas { .. }))
    };
    assert!(engines(841.0));
    assert!(!engines(840.0));
}

#[test]
fn a_cache_is_off_where_every_engine_says_so() {
    let level = |said: &[Option<bool>], warm: u64| {
        let engines = said.iter().map(|prefix_caching| EngineReport {
            prefix_caching: *prefix_caching,
            ..server()
        });
        let known = Known {
            engines: engines.collect(),
            ..known(0)
        };
        let level = by_rounds(
            "CW",
            &known,
            |round, _| (if round == 2 { warm } else { 0 }, 0.0),
            |_| Vec::new(),
        );
        level.diagnosis.contains(&Diagnosis::CacheOff)
    };
    assert!(level(&[Some(false)], 0) && level(&[Some(false), Some(false)], 0));
    assert!(!level(&[Some(false), Some(true)], 0) && !level(&[Some(false), None], 0));
    // Hits that were seen refute it; and an engine of which nothing is known says nothing.
    assert!(!level(&[Some(false)], 600) && !level(&[], 0));
}

#[test]
fn hits_that_no_time_follows_are_told() {
    let found = |warm: u64, ttft: f64| {
        let mut level = Level::of(each(24, 700, 0), each(24, 700, warm));
        level.ttft = (100.0, ttft);
        let level = level.judged();
        let mut found = level.diagnosis.iter();
        found.any(|one| matches!(one, Diagnosis::NotFollowed { .. }))
    };
    // Twice as slow, with hits: an effect, the other way round.
    assert!(found(600, 200.0));
    assert!(!found(600, 50.0) && !found(0, 200.0));
    // From 5 % of the prompts on.
    assert!(found(35, 200.0) && !found(34, 200.0));
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
        let round = summarise(RoundRun { meta, records }, &SummaryOptions::default());
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

/// What a cache could give of prompts of 700 tokens in blocks of 100.
fn all_possible() -> Known {
    Known {
        reuse: Some(Reuse {
            block: 100,
            prompts: 12,
            tokens: 8400,
            cold: 0.0,
            warm: 600.0 / 700.0,
            lru_warm: None,
            capacity_tokens: None,
        }),
        ..known(880)
    }
}

fn store_not_finished(level: &LevelComparison) -> Option<Diagnosis> {
    let mut found = level.diagnosis.iter();
    let found = found.find(|one| {
        matches!(
            one,
            Diagnosis::StoreNotFinishedSoon { .. } | Diagnosis::StoreNotFinishedLater { .. }
        )
    });
    found.cloned()
}

#[test]
fn requests_that_missed_sooner_than_others_hit_tell_a_store_that_was_not_finished() {
    // Asked again after 1 s and after 5 s.
    let level = |hits_soon: u64, hits_late: u64, soon: u32| {
        let of = move |round: u32, index: u32| match (round, index < soon) {
            (1, _) => (0, 0.0),
            (_, true) => (hits_soon, 1.0),
            (_, false) => (hits_late, 5.0),
        };
        let seen = |round: u32| {
            let hits = (0..12).map(|index| of(round, index).0).sum::<u64>();
            vec![at("one", 8400.0, hits as f64)]
        };
        store_not_finished(&by_rounds("CW", &all_possible(), of, seen))
    };
    let Some(Diagnosis::StoreNotFinishedSoon {
        requests,
        within,
        after,
    }) = level(0, 600, 6)
    else {
        panic!("{:?}", level(0, 600, 6));
    };
    assert_eq!(requests, 6);
    // From the end of the answer, 121 ms after it was asked.
    assert!((within - 0.879).abs() < 1e-6 && (after - 4.879).abs() < 1e-6);
    // Those that missed were asked later; two are too few; a hit of 300 is no miss.
    assert_eq!(level(600, 0, 6), None);
    assert_eq!(level(0, 600, 2), None);
    assert_eq!(level(0, 600, 10), None);
    assert_eq!(level(300, 600, 6), None);
    assert!(level(299, 600, 6).is_some());
}

#[test]
fn a_later_warm_round_that_hits_far_more_tells_it_too() {
    let level = |schedule: &str, first: u64, later: u64| {
        let of = move |round: u32, _: u32| match round {
            1 => (0, 0.0),
            2 => (first, 1.0),
            _ => (later, 2.0),
        };
        let seen = move |round: u32| vec![at("one", 8400.0, 12.0 * of(round, 0).0 as f64)];
        store_not_finished(&by_rounds(schedule, &all_possible(), of, seen))
    };
    let later = |first: f64, later: f64| Some(Diagnosis::StoreNotFinishedLater { first, later });
    assert_eq!(level("CWW", 210, 420), later(0.3, 0.6));
    // 20 points and less may be anything.
    assert_eq!(level("CWW", 280, 420), None);
    // Hits near the possible ones leave no gap.
    assert_eq!(level("CWW", 500, 650), None);
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
fn warm_requests_whose_cold_one_failed_are_counted() {
    let orphans = |change: fn(u32, &mut RequestRecord)| {
        let mut level = Level::of(each(24, 700, 0), each(24, 700, 690));
        level.change = change;
        let level = level.judged();
        level.diagnosis.iter().find_map(|one| match one {
            Diagnosis::Orphans { requests } => Some(*requests),
            _ => None,
        })
    };
    assert_eq!(orphans(|_, _| {}), None);
    let two = orphans(|round, record| {
        if round == 1 && record.index < 2 {
            fails(record);
        }
    });
    assert_eq!(two, Some(2));
    // One that failed in both rounds, or in the warm one alone, is none.
    let others = orphans(|round, record| {
        if record.index == 0 || (round == 2 && record.index == 1) {
            fails(record);
        }
    });
    assert_eq!(others, None);
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
        let round = summarise(RoundRun { meta, records }, &SummaryOptions::default());
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
    assert!(remarks(own).contains(&Remark::ThreeCycles));
    assert!(!remarks(same).contains(&Remark::ThreeCycles));
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
fn failures_explain_nothing_where_the_cache_works() {
    let level = |warm: u64, ttft: f64| {
        let mut level = Level::of(each(24, 700, 0), each(24, 700, warm));
        level.ttft = (100.0, ttft);
        level.change = |round, record| {
            if round == 2 && record.index == 0 {
                fails(record);
            }
        };
        level.judged().diagnosis.contains(&Diagnosis::WarmFailures)
    };
    assert!(!level(690, 10.0));
    assert!(level(0, 10.0) && level(690, 100.0));
}

#[test]
fn a_repeat_that_holds_too_few_of_the_pair_is_left_out_and_said() {
    let remarks = |lost: u32| {
        let schedule: Schedule = "CWC".parse().unwrap();
        let round = |spec: dualround_model::RoundSpec| {
            let record = |index: u32| {
                let ttft = if spec.number == 2 { 10.0 } else { 100.0 };
                let usage = common::usage(700, 3, Some(0));
                let times = [ttft, ttft + 10.0, ttft + 20.0];
                let mut record = common::success(index, 0.0, &times, usage);
                if spec.number == 3 && index < lost {
                    fails(&mut record);
                }
                record
            };
            let meta = common::meta(spec, 20);
            let records = (0..20).map(record).collect();
            summarise(RoundRun { meta, records }, &SummaryOptions::default())
        };
        let mut rounds: Vec<_> = schedule.rounds().into_iter().map(round).collect();
        let judging = Judging {
            schedule,
            round_noise: None,
            same_samples: true,
        };
        let level = compare(&mut rounds, &judging, &Known::default());
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

#[test]
fn where_those_that_hit_were_faster_ttft_did_follow() {
    // Half of them hit and were twice as fast; the others became four times slower.
    let found = |faster: bool| {
        let mut warm = each(24, 700, 0);
        warm.iter_mut().take(12).for_each(|one| one.1 = Some(690));
        let mut level = Level::of(each(24, 700, 0), warm);
        level.ttft = (100.0, 400.0);
        if faster {
            level.change = |round, record| {
                if round == 2 && record.index < 12 {
                    let sooner = common::ns(350.0);
                    let timeline = &mut record.timeline;
                    timeline.first_token_ns = timeline.first_token_ns.map(|at| at - sooner);
                }
            };
        }
        let level = level.judged();
        assert!(level.ttft.ratio.is_some_and(|ratio| ratio < 0.8));
        let mut found = level.diagnosis.iter();
        found.any(|one| matches!(one, Diagnosis::NotFollowed { .. }))
    };
    assert!(found(false));
    assert!(!found(true));
}
