//! What is known of hits, what is expected, and what is said of a cold round; the names are those
//! of the faults that each test holds.
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
    CanaryReport, EngineDelta, EngineKind, EngineReport, Expected, LeftOut, MetricKind,
    MetricTrack, Resolved, SeriesTrack, Source, TrackPoint, Verdict,
};
use level::{Level, canary, each, engine};
use said::{diagnoses, evidence, sentence};

fn near(a: Option<f64>, b: f64) -> bool {
    a.is_some_and(|a| (a - b).abs() < 1e-9)
}

#[test]
fn v00f_a_short_prompt_that_is_wholly_cached_was_not_cold() {
    let level = Level::of(each(12, 40, 40), each(12, 40, 40));
    assert_eq!(level.verdict(), Verdict::Contaminated);
}

#[test]
fn v01_a_cache_that_works_behind_a_shared_beginning_works() {
    let mut cold = each(12, 700, 480);
    cold[0] = (Some(700), Some(0));
    let mut level = Level::of(cold, each(12, 700, 695));
    level.ttft = (120.0, 8.0);
    level.shared_chars = 1920;
    let level = level.judged();
    assert!(level.conclusion.cache_evidence);
    assert!(
        sentence(&level).starts_with("cache works"),
        "{}",
        sentence(&level)
    );
    assert!(
        sentence(&level).contains("what it reused is not in this ratio"),
        "{}",
        sentence(&level)
    );
    assert_ne!(level.cold.verdict, Verdict::Contaminated);
}

#[test]
fn v02_a_field_that_is_left_out_without_a_hit_is_in_the_hit_rate() {
    let mut warm = vec![(Some(700), None); 12];
    warm[0].1 = Some(688);
    warm[1].1 = Some(688);
    let mut level = Level::of(vec![(Some(700), None); 12], warm.clone());
    level.canary = canary(None, Some(880));
    let level = level.judged();
    assert!(
        near(level.hit_rate.usage, 1376.0 / 8400.0),
        "{:?}",
        level.hit_rate
    );
    assert_eq!(level.cold.verdict, Verdict::Cold);
    // The canary's own miss said 0: leaving the field out means something else here.
    let mut level = Level::of(vec![(Some(700), None); 12], warm);
    level.canary = canary(Some(0), Some(880));
    let level = level.judged();
    assert!(
        near(level.hit_rate.usage, 1376.0 / 1400.0),
        "{:?}",
        level.hit_rate
    );
    assert!(!level.conclusion.cache_evidence);
    assert_eq!(level.cold.verdict, Verdict::Unknown);
}

/// A quotient that grew from (0, 0) to these, under this name.
fn quotient(asked: &str, numerator: f64, denominator: f64) -> MetricTrack {
    let series = |name: &str, value: f64| SeriesTrack {
        name: name.to_owned(),
        labels: Vec::new(),
        points: [(0, 0.0), (common::ns(1000.0), value)]
            .map(|(at_ns, value)| TrackPoint {
                at_ns,
                took_ns: 0,
                value: Some(value),
                nan: false,
            })
            .to_vec(),
    };
    MetricTrack {
        asked: asked.to_owned(),
        resolved: Resolved::Ratio {
            numerator: "top".to_owned(),
            denominator: "bottom".to_owned(),
        },
        kind: MetricKind::Ratio,
        series: vec![series("top", numerator), series("bottom", denominator)],
        failed_scrapes: 0,
        bad_lines: 0,
        other_process: false,
    }
}

#[test]
fn v03_a_quotient_is_a_hit_rate_by_its_name_only() {
    let level = |metrics: Vec<MetricTrack>| {
        let unknown = vec![(Some(700), None); 12];
        let mut level = Level::of(unknown.clone(), unknown);
        level.canary = None;
        level.metrics = metrics;
        level.judged()
    };
    let busy = level(vec![quotient("req_per_busy_s", 8000.0, 8400.0)]);
    assert_eq!(busy.hit_rate.server, None);
    assert!(!busy.conclusion.cache_evidence);
    let named = level(vec![
        quotient("lmcache_hit_rate", 0.0, 0.0),
        quotient("prefix_cache_hit_rate", 4200.0, 8400.0),
    ]);
    assert!(near(named.hit_rate.server, 0.5), "{:?}", named.hit_rate);
}

#[test]
fn v05_a_contaminated_round_is_not_cold() {
    // The canary's repetition missed: nothing widens what is allowed.
    let mut level = Level::of(each(12, 700, 280), each(12, 700, 280));
    level.canary = canary(Some(0), Some(0));
    assert_eq!(level.verdict(), Verdict::Contaminated);
    // Short prompts, more than half of each.
    let level = Level::of(each(12, 80, 48), each(12, 80, 64));
    assert_eq!(level.verdict(), Verdict::Contaminated);
    // Cached tokens of prompts of unknown length.
    let unknown = vec![(None, Some(688)); 12];
    assert_ne!(Level::of(unknown.clone(), unknown).verdict(), Verdict::Cold);
}

#[test]
fn v06_what_prompts_share_by_their_token_ids_is_no_contamination() {
    let level = |cached: u64| {
        let mut level = Level::of(each(12, 1200, cached), each(12, 1200, 1184));
        level.salt = true;
        level.expected = Some(Expected {
            epoch: Some(1),
            tokens: vec![Some(520); 12],
            computed: 0,
            unseen: 0,
        });
        level.verdict()
    };
    assert_eq!(level(512), Verdict::Cold);
    assert_eq!(level(640), Verdict::Contaminated);
}

#[test]
fn v10_counters_that_saw_others_do_not_overrule_usage() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
    level.engines = vec![engine(25_200.0, 12_000.0)];
    let level = level.judged();
    assert!(!level.conclusion.cache_evidence);
    assert_eq!(level.hit_rate.server, None);
    assert!(
        !sentence(&level).contains("cache works"),
        "{}",
        sentence(&level)
    );
}

#[test]
fn v30_a_few_wholly_cached_prompts_do_not_vanish_in_a_sum() {
    let mut cold = each(20, 700, 0);
    cold[3] = (Some(700), Some(693));
    cold[9] = (Some(700), Some(693));
    assert_eq!(
        Level::of(cold, each(20, 700, 693)).verdict(),
        Verdict::Contaminated
    );
    let mut short = each(200, 60, 0);
    short[7] = (Some(60), Some(59));
    assert_eq!(
        Level::of(short, each(200, 60, 59)).verdict(),
        Verdict::Contaminated
    );
}

#[test]
fn g04_a_canary_that_missed_allows_no_more() {
    let mut cold = each(12, 350, 349);
    for request in &mut cold[..3] {
        request.1 = Some(4);
    }
    let mut level = Level::of(cold, each(12, 350, 349));
    level.canary = canary(Some(0), Some(0));
    assert_eq!(level.verdict(), Verdict::Contaminated);
}

#[test]
fn f009_more_cached_than_sent_is_in_no_rate() {
    let level = Level::of(each(12, 700, 0), each(12, 12, 1800)).judged();
    assert_eq!(level.hit_rate.usage, None);
    assert!(!level.conclusion.cache_evidence);
    // One in twelve is left out, and the others speak.
    let mut warm = each(12, 700, 350);
    warm[0] = (Some(12), Some(1800));
    let level = Level::of(each(12, 700, 0), warm).judged();
    assert!(near(level.hit_rate.usage, 0.5), "{:?}", level.hit_rate);
}

/// Seen behind a router in turns: its canary, too, had met the other engine.
#[test]
fn a_cache_is_off_only_where_no_replica_can_be_the_reason() {
    let said = |engines: Vec<EngineDelta>| {
        let mut level = Level::of(each(8, 1000, 0), each(8, 1000, 0));
        level.ttft = (100.0, 100.0);
        level.canary = canary(Some(0), Some(0));
        level.engines = engines;
        diagnoses(&level.judged()).join("\n")
    };
    let all = said(vec![engine(8000.0, 0.0)]);
    assert!(all.contains("cache off"), "{all}");
    assert!(!all.contains("replica"), "{all}");

    let nobody = said(Vec::new());
    assert!(nobody.contains("cache off"), "{nobody}");
    assert!(
        nobody.contains("or replicas behind this address"),
        "{nobody}"
    );

    let several = said(vec![EngineDelta {
        left_out: Some(LeftOut::SeveralProcesses),
        ..EngineDelta::default()
    }]);
    assert!(
        several.contains("another replica, or a cache that is off"),
        "{several}"
    );
}

fn said(level: Level) -> String {
    diagnoses(&level.judged()).join("\n")
}

/// An engine that holds so many tokens.
fn holds(capacity: u64, prefix_caching: Option<bool>) -> EngineReport {
    EngineReport {
        capacity_tokens: Some(capacity),
        prefix_caching,
        ..EngineReport::new(EngineKind::Vllm, "http://engine".to_owned())
    }
}

#[test]
fn v23_what_was_never_cached_was_not_evicted() {
    let level = |repeated: Option<u64>, prefix_caching: Option<bool>| {
        let mut level = Level::of(each(12, 700, 0), each(12, 700, 0));
        level.ttft = (100.0, 100.0);
        level.canary = canary(Some(0), repeated);
        level.engines = vec![engine(8400.0, 0.0)];
        level.servers = vec![holds(1600, prefix_caching)];
        said(level)
    };
    let off = level(Some(0), Some(false));
    assert!(
        off.contains("cache off") && !off.contains("evicted"),
        "{off}"
    );
    let missed = level(Some(0), None);
    assert!(!missed.contains("evicted"), "{missed}");
    // A cache that gave a text back, and holds a fifth of the round.
    let evicted = level(Some(880), Some(true));
    assert!(evicted.contains("evicted"), "{evicted}");
    // What prompts share is held once: these twelve need 600 + 12 · 100 tokens.
    let mut shared = Level::of(each(12, 700, 592), each(12, 700, 0));
    shared.ttft = (100.0, 100.0);
    shared.servers = vec![holds(2000, Some(true))];
    let mut tokens = vec![Some(600); 12];
    tokens[0] = Some(0);
    shared.expected = Some(Expected {
        epoch: Some(1),
        tokens,
        computed: 0,
        unseen: 0,
    });
    let fits = said(shared);
    assert!(
        !fits.contains("evicted: the prompts of one round hold"),
        "{fits}"
    );
}

#[test]
fn v25_a_rate_above_one_is_shown_nowhere() {
    // Cached tokens counted apart from a prompt that holds the rest.
    let level = Level::of(each(12, 70, 0), each(12, 70, 630)).judged();
    assert_eq!(level.hit_rate.usage, None);
    let text = &sentence(&level);
    assert!(
        !text.contains("900") && !text.contains("from cache"),
        "{text}"
    );
    let cold = Level::of(each(12, 70, 630), each(12, 70, 630))
        .judged()
        .cold;
    assert_eq!(cold.verdict, Verdict::Unknown);
}

#[test]
fn v29_a_second_cold_round_under_cold_none_is_a_warm_one() {
    let mut level = Level::of(each(12, 700, 0), each(12, 700, 690));
    level.third = true;
    let level = level.judged();
    // The third round hit 690 of 700 tokens, and is not called cold.
    assert_eq!(level.cold.verdict, Verdict::Cold);
    let judged: Vec<String> = evidence(&level);
    let judged: Vec<&String> = judged.iter().filter(|e| e.starts_with("round")).collect();
    assert!(
        judged.iter().all(|text| text.starts_with("round 1:")),
        "{judged:?}"
    );
    // It controls nothing, and its fast requests take nothing from the effect.
    assert_eq!(level.conclusion.source, Source::Cwc);
    assert!(
        level.ttft.ratio.is_some_and(|r| (r - 10.0).abs() < 0.01),
        "{level:?}"
    );
    assert!(
        sentence(&level).starts_with("cache works"),
        "{}",
        sentence(&level)
    );
}

#[test]
fn v31_hidden_replicas_are_no_unfinished_store() {
    // Every second request lands on the other one; nobody's counters saw all.
    let mut warm = each(12, 1000, 992);
    for request in warm.iter_mut().step_by(2) {
        request.1 = Some(0);
    }
    let mut level = Level::of(each(12, 1000, 0), warm);
    level.ttft = (100.0, 60.0);
    level.engines = vec![engine(6000.0, 0.0)];
    let words = said(level);
    assert!(!words.contains("store not finished"), "{words}");
    assert!(words.contains("saw 6000"), "{words}");
}

#[test]
fn g02_a_response_cache_is_no_prefix_cache() {
    // Its counters: cached and computed tokens, as llama.cpp has them; none moved in the warm
    // round.
    let counted = |cached: f64, computed: f64| EngineDelta {
        cached: Some(cached),
        processed: Some(computed),
        ..EngineDelta::default()
    };
    let by_ids = |warm: Vec<EngineDelta>, ids: fn(u32, u32) -> Option<String>| {
        let mut level = Level::of(each(12, 1000, 20), each(12, 1000, 20));
        level.ids = ids;
        level.engines = vec![counted(240.0, 11_760.0)];
        level.warm_engines = Some(warm);
        level.judged()
    };
    let same: fn(u32, u32) -> Option<String> = |_, index| Some(format!("answer-{index}"));
    let own: fn(u32, u32) -> Option<String> = |round, index| Some(format!("{round}-{index}"));
    let level = by_ids(vec![counted(0.0, 0.0)], same);
    assert!(!level.conclusion.cache_evidence);
    assert_eq!(level.hit_rate.server, None);
    let words = diagnoses(&level).join("\n");
    assert!(words.contains("response cache: 12 of 12"), "{words}");
    assert!(!words.contains("evicted"), "{words}");
    assert!(
        !sentence(&level).contains("cache works"),
        "{}",
        sentence(&level)
    );
    // One that gives answers ids of its own: they take 20 ms to arrive, so engines may have given
    // them; counters that stood still for those that came whole would tell.
    let level = by_ids(vec![counted(0.0, 0.0)], own);
    let words = diagnoses(&level).join("\n");
    assert!(!words.contains("response cache"), "{words}");
    assert!(words.contains("saw 0"), "{words}");
    // The engine answered again.
    let level = by_ids(vec![counted(11_760.0, 240.0)], own);
    assert!((level.hit_rate.server.unwrap() - 0.98).abs() < 1e-9);
}

#[test]
fn g02_whole_answers_while_counters_stand_still() {
    let mut level = Level::of(each(12, 1000, 0), each(12, 1000, 0));
    level.engines = vec![engine(12_000.0, 0.0)];
    level.warm_engines = Some(vec![engine(0.0, 0.0)]);
    level.whole_warm = true;
    let level = level.judged();
    let words = diagnoses(&level).join("\n");
    assert!(
        words.contains("response cache: 12 of 12 answers to repeated requests came whole"),
        "{words}"
    );
    assert!(
        sentence(&level).contains("response cache"),
        "{}",
        sentence(&level)
    );
}

#[test]
fn g03_a_page_of_several_processes_is_left_out() {
    let mut level = Level::of(each(11, 1000, 0), each(11, 1000, 196));
    level.engines = vec![EngineDelta {
        left_out: Some(LeftOut::SeveralProcesses),
        ..EngineDelta::default()
    }];
    let level = level.judged();
    assert_eq!(level.hit_rate.server, None);
    assert!(near(level.hit_rate.usage, 0.196), "{:?}", level.hit_rate);
    let words = diagnoses(&level).join("\n");
    assert!(words.contains("counters left out"), "{words}");
    assert!(!words.contains("spread over"), "{words}");
}

#[test]
fn g05_tokens_of_a_template_are_no_hit_of_the_canary() {
    let level = |repeated: u64| {
        let mut level = Level::of(each(12, 1908, 4), each(12, 1908, 4));
        level.ttft = (100.0, 100.0);
        level.canary = canary(Some(4), Some(repeated));
        level.engines = vec![engine(12.0 * 1908.0, 48.0)];
        said(level)
    };
    let template = level(4);
    assert!(!template.contains("works for one text"), "{template}");
    assert!(template.contains("cache off"), "{template}");
    let hit = level(1900);
    assert!(hit.contains("works for one text"), "{hit}");
}

#[test]
fn a_canary_that_a_response_cache_answered_says_nothing_of_the_engine() {
    let mut level = Level::of(each(12, 1000, 0), each(12, 1000, 0));
    level.ttft = (100.0, 100.0);
    level.canary = canary(Some(0), Some(0)).map(|canary| CanaryReport {
        replayed: true,
        ..canary
    });
    let level = level.judged();
    let evidence = evidence(&level).join("\n");
    assert!(evidence.contains("as by a response cache"), "{evidence}");
    assert!(!evidence.contains("no prefix cache is seen"), "{evidence}");
    let words = diagnoses(&level).join("\n");
    assert!(!words.contains("cache off"), "{words}");
}
