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
    ColdFact, Diagnosis, EngineDelta, EngineKind, EngineReport, Expected, Failure, FailureKind,
    LevelComparison, Outcome, Phase, Reuse, TierDelta, Verdict, Witness,
};
use level::{Level, Reported, canary, each, engine};

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
    let level = |fails: bool| {
        let mut level = Level::of(each(24, 700, 0), each(24, 700, 0));
        level.ttft = (100.0, 100.0);
        if fails {
            level.change = |round, record| {
                if round == 2 && record.index == 0 {
                    record.outcome = Outcome::Failed(Failure {
                        kind: FailureKind::Http(503),
                        phase: Phase::Head,
                        message: "busy".to_owned(),
                        status: Some(503),
                    });
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
