//! Causes one by one: each is named from its threshold on, and not below it.
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
    CacheSeen, Diagnosis, EngineKind, EngineReport, Expected, LevelComparison, RequestRecord,
    Reuse, RunEvidence,
};
use level::{
    Level, canary, each,
    rounds::{at, by_rounds, known},
};

fn server() -> EngineReport {
    EngineReport::new(EngineKind::LlamaCpp, "http://one".to_owned())
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
                    common::fail(record);
                }
            };
        }
        found(level)
    };
    assert!(level(true).contains(&Diagnosis::WarmFailures));
    assert!(!level(false).contains(&Diagnosis::WarmFailures));
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
        let known = RunEvidence {
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

/// What a cache could give of prompts of 700 tokens in blocks of 100.
fn all_possible() -> RunEvidence {
    RunEvidence {
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
            common::fail(record);
        }
    });
    assert_eq!(two, Some(2));
    // One that failed in both rounds, or in the warm one alone, is none.
    let others = orphans(|round, record| {
        if record.index == 0 || (round == 2 && record.index == 1) {
            common::fail(record);
        }
    });
    assert_eq!(others, None);
}

#[test]
fn failures_explain_nothing_where_the_cache_works() {
    let level = |warm: u64, ttft: f64| {
        let mut level = Level::of(each(24, 700, 0), each(24, 700, warm));
        level.ttft = (100.0, ttft);
        level.change = |round, record| {
            if round == 2 && record.index == 0 {
                common::fail(record);
            }
        };
        level.judged().diagnosis.contains(&Diagnosis::WarmFailures)
    };
    assert!(!level(690, 10.0));
    assert!(level(0, 10.0) && level(690, 100.0));
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
