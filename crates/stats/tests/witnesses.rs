//! Who may speak of hits, and what is said where witnesses disagree: each case was shown to be
//! judged wrongly once.
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
    CanaryReport, ColdAction, Diagnosis, EngineDelta, EngineKind, EngineReport, Expected,
    RequestRow, Retry, Schedule, TierRate, Verdict, Witness,
};
use dualround_stats::{MarkedIds, expected};
use level::{Level, canary, each, engine};
use said::{diagnoses, sentence};

const OWN: fn(u32, u32) -> Option<String> = |round, index| Some(format!("{round}-{index}"));
const SAME: fn(u32, u32) -> Option<String> = |_, index| Some(format!("answer-{index}"));

fn said(level: Level) -> String {
    let level = level.judged();
    sentence(&level) + "\n" + &diagnoses(&level).join("\n")
}

fn server(kind: EngineKind, capacity: Option<u64>) -> EngineReport {
    EngineReport {
        capacity_tokens: capacity,
        ..EngineReport::new(kind, "http://engine".to_owned())
    }
}

#[test]
fn replays_prove_no_cold_round() {
    // The second level under --cold none: all of its answers are those of the first, usage
    // included.
    let level = |at: u32| {
        let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
        level.third = true;
        level.at = at;
        level.ids = SAME;
        level.ttft = (1.0, 1.0);
        (level.whole_cold, level.whole_warm) = (true, true);
        level.verdict()
    };
    assert_eq!(level(0), Verdict::Unknown);
    assert_eq!(level(1), Verdict::Contaminated);
    // Counters that saw nothing of it tell the same.
    let mut unseen = Level::of(each(12, 700, 0), each(12, 700, 0));
    unseen.third = true;
    unseen.engines = vec![engine(0.0, 0.0)];
    assert_eq!(unseen.verdict(), Verdict::Unknown);
}

#[test]
fn one_replay_in_twelve_explains_nothing_of_the_others() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 690));
    level.warm[3].1 = Some(0);
    level.ids = |round, index| match index {
        3 => SAME(round, index),
        _ => OWN(round, index),
    };
    let level = level.judged();
    assert_eq!(level.conclusion.witness, Witness::Usage);
    assert!(level.conclusion.cache_evidence);
    let words = diagnoses(&level).join("\n");
    assert!(words.contains("response cache: 1 of 12"), "{words}");
}

#[test]
fn an_id_that_is_a_digest_of_the_prompt_is_no_replay() {
    // Usage differs between the answers, so none is the other given back.
    let mut level = Level::of(each(12, 700, 14), each(12, 700, 690));
    level.ids = SAME;
    let words = said(level);
    assert!(words.starts_with("cache works"), "{words}");
    assert!(!words.contains("response cache"), "{words}");
    // Nor where the engine looked up every prompt.
    let unknown = vec![(Some(700), None); 12];
    let mut level = Level::of(unknown.clone(), unknown);
    level.canary = None;
    level.ids = SAME;
    level.engines = vec![engine(8400.0, 0.0)];
    level.warm_engines = Some(vec![engine(8400.0, 8280.0)]);
    let words = said(level);
    assert!(!words.contains("response cache"), "{words}");
}

#[test]
fn an_engine_whose_page_is_not_read_is_no_response_cache() {
    let level = || {
        let mut level = Level::of(each(12, 1000, 0), each(12, 1000, 0));
        level.engines = vec![engine(12_000.0, 0.0)];
        level.warm_engines = Some(vec![engine(0.0, 0.0)]);
        (level.whole_cold, level.whole_warm) = (true, true);
        level
    };
    // Whole answers are what this server gives.
    let words = said(level());
    assert!(!words.contains("response cache"), "{words}");
    assert!(words.contains("saw 0"), "{words}");
    // As slow as the cold ones, they were computed.
    let mut slow = level();
    slow.whole_cold = false;
    slow.ttft = (21.0, 21.0);
    let words = said(slow);
    assert!(!words.contains("response cache"), "{words}");
    // With hits of their own, too.
    let mut hits = level();
    hits.whole_cold = false;
    hits.warm = each(12, 1000, 986);
    let words = said(hits);
    assert!(!words.contains("response cache"), "{words}");
}

#[test]
fn usage_whose_hits_no_engine_saw_is_no_evidence() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 700));
    level.engines = vec![engine(8400.0, 0.0)];
    level.warm_engines = Some(vec![engine(0.0, 0.0)]);
    let level = level.judged();
    assert_eq!(level.conclusion.witness, Witness::Contradicted);
    assert!(!level.conclusion.cache_evidence);
    let text = sentence(&level);
    assert!(text.contains("engines' counters saw nothing"), "{text}");
}

#[test]
fn nothing_is_evicted_from_a_cache_that_nobody_saw() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
    level.ttft = (100.0, 100.0);
    level.canary = None;
    level.servers = vec![server(EngineKind::Vllm, Some(1600))];
    let words = said(level);
    assert!(!words.contains("evicted:"), "{words}");
}

fn two(first: f64, second: f64) -> Vec<EngineDelta> {
    [("http://a", first), ("http://b", second)]
        .map(|(base, tokens)| EngineDelta {
            base: base.to_owned(),
            ..engine(tokens, 0.0)
        })
        .to_vec()
}

#[test]
fn engines_that_are_too_small_together_evicted() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
    level.ttft = (100.0, 100.0);
    level.engines = two(4200.0, 4200.0);
    level.servers = vec![
        server(EngineKind::LlamaCpp, Some(1920)),
        server(EngineKind::LlamaCpp, Some(1920)),
    ];
    let found = level.judged().diagnosis;
    assert!(
        matches!(found[0], Diagnosis::EvictedCapacity { held: 3840, .. }),
        "{found:?}"
    );
}

#[test]
fn engines_that_each_see_every_prompt_are_a_chain() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
    level.ttft = (100.0, 100.0);
    level.engines = two(8400.0, 8400.0);
    let words = said(level);
    assert!(!words.contains("another replica"), "{words}");
}

#[test]
fn a_tokenizer_that_does_not_show_everything_bounds_nothing() {
    // A thousand tokens of an image that all share, which /tokenize does not expand.
    let level = |unseen: u64, cached: u64| {
        let mut level = Level::of(each(12, 1100, cached), each(12, 1100, 1088));
        level.cold[0].1 = Some(0);
        level.expected = Some(Expected {
            epoch: Some(1),
            tokens: vec![Some(10); 12],
            computed: 0,
            unseen,
        });
        level.verdict()
    };
    assert_eq!(level(1000, 1000), Verdict::Unknown);
    assert_eq!(level(0, 1000), Verdict::Contaminated);
    // By characters nothing is known of them.
    let mut level = Level::of(each(12, 1100, 1000), each(12, 1100, 1088));
    level.shared_chars = RequestRow::SHARED_UNKNOWN;
    assert_eq!(level.verdict(), Verdict::Unknown);
}

#[test]
fn what_prompts_of_a_salt_share_is_measured() {
    let level = |other_text: Option<u64>| {
        let mut level = Level::of(each(12, 1100, 400), each(12, 1100, 1088));
        level.salt = true;
        level.canary = canary(Some(0), Some(880)).map(|canary| CanaryReport {
            salt_field: Some("cache_salt".to_owned()),
            other_text,
            ..canary
        });
        level.verdict()
    };
    assert_eq!(level(Some(400)), Verdict::Cold);
    assert_eq!(level(Some(0)), Verdict::Contaminated);
}

#[test]
fn an_outer_cache_server_says_nothing_of_the_engine() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
    level.servers = vec![server(EngineKind::Lmcache, None)];
    let words = said(level);
    assert!(!words.contains("the engine says so itself"), "{words}");
}

#[test]
fn requests_that_were_sent_again_hit_what_they_had_stored() {
    // Two of twelve: the gateway answered 503 when the engine had computed them.
    let again = |round: u32, record: &mut dualround_model::RequestRecord| {
        if record.index < 2 && round == 1 {
            record.retries = vec![Retry {
                kind: dualround_model::FailureKind::Http(503),
                start_ns: Some(0),
                wait_ms: 0,
                end_ns: 1,
            }];
            record.usage.cached_tokens = Some(690);
        }
    };
    let mut level = Level::of(each(24, 700, 0), each(24, 700, 690));
    level.change = again;
    assert_eq!(level.verdict(), Verdict::Cold);
}

#[test]
fn what_cannot_be_read_was_not_left_out() {
    let odd = |round: u32, record: &mut dualround_model::RequestRecord| {
        if round == 2 && record.index < 6 {
            record.usage.cached_tokens = None;
            record.usage.cached_unreadable = true;
        }
    };
    let mut level = Level::of(vec![(Some(700), None); 12], each(12, 700, 690));
    level.canary = canary(None, Some(880));
    level.change = odd;
    let level = level.judged();
    assert_eq!(
        (level.hit_rate.usage_known, level.hit_rate.usage_of),
        (6, 12)
    );
}

#[test]
fn tiers_that_do_not_add_up_are_not_shown() {
    let tiers = |round: u32, record: &mut dualround_model::RequestRecord| {
        let cached = record.usage.cached_tokens.unwrap_or(0);
        record.usage.local_cached_tokens = Some(if round == 2 { cached * 3 } else { 0 });
        record.usage.external_cached_tokens = Some(0);
    };
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 690));
    level.change = tiers;
    let found = level.judged().hit_rate.tiers;
    assert!(
        found.iter().all(|tier| tier.server != TierRate::BY_USAGE),
        "{found:?}"
    );
}

#[test]
fn v29_a_repeated_cold_round_is_said_to_count_as_warm() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 690));
    level.third = true;
    let words = said(level);
    assert!(
        words.contains("repeats the first one's bytes and counts as warm"),
        "{words}"
    );
}

/// Twelve prompts of 2,880 tokens whose system prompt of 868 the canary carries too, sent one after
/// the other.
fn one_system_prompt(first: u64, others: u64) -> Level {
    let hits = |first: u64, others: u64| -> Vec<(Option<u64>, Option<u64>)> {
        let cached = std::iter::once(first).chain(std::iter::repeat_n(others, 11));
        cached.map(|cached| (Some(2880), Some(cached))).collect()
    };
    let mut level = Level::of(hits(first, others), hits(2816, 2816));
    level.salt = true;
    level.canary = canary(Some(0), Some(880)).map(|canary| CanaryReport {
        salt_field: Some("cache_salt".to_owned()),
        other_text: Some(768),
        ..canary
    });
    let shared = std::iter::once(0).chain(std::iter::repeat_n(868, 11));
    level.expected = Some(Expected {
        tokens: shared.map(Some).collect(),
        ..Expected::default()
    });
    level
}

#[test]
fn a_system_prompt_that_the_canary_carries_is_allowed_once() {
    assert_eq!(one_system_prompt(0, 768).verdict(), Verdict::Cold);
    // What the canary computed may be hit by the first request too.
    assert_eq!(one_system_prompt(768, 768).verdict(), Verdict::Cold);
    // Twice the system prompt is more than they share.
    assert_eq!(one_system_prompt(0, 1536).verdict(), Verdict::Contaminated);
}

#[test]
fn token_ids_of_one_epoch_tell_the_others_whatever_their_markers() {
    let spec = "CW".parse::<Schedule>().unwrap().rounds()[0];
    let mut meta = common::meta(spec, 3);
    meta.cold = Some(ColdAction {
        marker_tokens: Some(19),
        ..ColdAction::default()
    });
    let usage = || common::usage(103, 2, Some(0));
    let records = (0..3).map(|index| common::success(index, 0.0, &[10.0, 20.0], usage()));
    let records = records.collect();
    let round = common::summarised(meta, records);
    let ids: Vec<Vec<u32>> = (0..3)
        .map(|own| {
            (0..40)
                .chain((own * 100 + 100)..(own * 100 + 160))
                .collect()
        })
        .collect();
    // Under a marker of 16 tokens they had 100; this one has 19.
    let marked = |marker_tokens| MarkedIds {
        prompts: ids.clone(),
        marker_tokens,
    };
    let found = expected(&round, &marked(Some(16)));
    assert_eq!(found.unseen, 0);
    assert_eq!(found.tokens, [Some(43), Some(43), Some(43)]);
    assert_eq!(expected(&round, &marked(None)).unseen, 3);
}
