//! What is known of hits, what is expected, and what is said of a cold round; the names are those of
//! the faults that each test holds.
#![cfg(test)]
#![allow(dead_code, reason = "the builders are shared with other tests")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]

mod common;

use common::{meta, success, usage};
use dualround_model::{
    CanaryReport, ColdMethod, EngineDelta, Expected, Judging, Known, LevelComparison, MetricKind,
    MetricTrack, RequestRecord, Resolved, RoundRun, Schedule, SeriesTrack, TierDelta, TrackPoint,
    Verdict,
};
use dualround_stats::{SummaryOptions, compare, summarise};

/// Prompt and cached tokens of a request, as its answer reports them.
type Reported = (Option<u64>, Option<u64>);

/// A cold and a warm round.
struct Level {
    cold: Vec<Reported>,
    warm: Vec<Reported>,
    /// TTFT, cold and warm, ms.
    ttft: (f64, f64),
    /// Characters that each prompt shares with one sent before.
    shared_chars: u64,
    expected: Option<Expected>,
    canary: Option<CanaryReport>,
    engines: Vec<EngineDelta>,
    metrics: Vec<MetricTrack>,
    /// Under a salt instead of a marker.
    salt: bool,
}

impl Level {
    /// The canary hit 880 of its 900 tokens, and nothing under another marker.
    fn of(cold: Vec<Reported>, warm: Vec<Reported>) -> Self {
        Self {
            cold,
            warm,
            ttft: (100.0, 10.0),
            shared_chars: 0,
            expected: None,
            canary: canary(Some(0), Some(880)),
            engines: Vec::new(),
            metrics: Vec::new(),
            salt: false,
        }
    }

    fn judged(self) -> LevelComparison {
        let schedule: Schedule = "CW".parse().unwrap();
        let parts = [(&self.cold, self.ttft.0), (&self.warm, self.ttft.1)];
        let round = |(spec, (reported, ttft)): (_, (&Vec<Reported>, f64))| {
            let record = |(index, (prompt, cached)): (u32, &Reported)| {
                let tokens = [ttft, ttft + 10.0, ttft + 20.0];
                let mut usage = usage(0, 3, *cached);
                usage.prompt_tokens = *prompt;
                let mut record = success(index, 0.0, &tokens, usage);
                record.shared_chars = self.shared_chars;
                record
            };
            let records: Vec<RequestRecord> = (0..).zip(reported).map(record).collect();
            let mut meta = meta(spec, records.len());
            meta.engines.clone_from(&self.engines);
            meta.metrics.clone_from(&self.metrics);
            if let Some(cold) = meta.cold.as_mut().filter(|_| self.salt) {
                cold.method = ColdMethod::Salt;
                cold.marker = None;
                cold.marker_tokens = None;
            }
            let mut round = summarise(RoundRun { meta, records }, &SummaryOptions::default());
            round.expected.clone_from(&self.expected);
            round
        };
        let specs = schedule.rounds().into_iter();
        let mut rounds: Vec<_> = specs.zip(parts).map(round).collect();
        let judging = Judging {
            schedule,
            round_noise: None,
            same_samples: true,
        };
        let known = Known {
            canary: self.canary,
            ..Known::default()
        };
        compare(&mut rounds, &judging, &known)
    }

    fn verdict(self) -> Verdict {
        self.judged().cold.verdict
    }
}

fn canary(first: Option<u64>, repeated: Option<u64>) -> Option<CanaryReport> {
    Some(CanaryReport {
        prompt_tokens: Some(900),
        first,
        repeated,
        other_marker: Some(0),
        salt_field: None,
    })
}

/// `n` requests that report the same.
fn each(n: usize, prompt: u64, cached: u64) -> Vec<Reported> {
    vec![(Some(prompt), Some(cached)); n]
}

/// The counters of an engine.
fn engine(looked_up: f64, hits: f64) -> EngineDelta {
    EngineDelta {
        tiers: vec![TierDelta {
            tier: "local".to_owned(),
            hits: Some(hits),
            queries: Some(looked_up),
        }],
        ..EngineDelta::default()
    }
}

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
        level.conclusion.text.starts_with("cache works"),
        "{}",
        level.conclusion.text
    );
    assert!(
        level.conclusion.text.contains("reuse inside the round"),
        "{}",
        level.conclusion.text
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
        points: [(0, 0.0), (1, value)]
            .map(|(at_ns, value)| TrackPoint {
                at_ns,
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
            epoch: 1,
            tokens: vec![Some(520); 12],
            computed: 0,
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
        !level.conclusion.text.contains("cache works"),
        "{}",
        level.conclusion.text
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
        level.judged().diagnosis.join("\n")
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
        several_processes: true,
        left_out: Some("its counters go back and forth".to_owned()),
        ..EngineDelta::default()
    }]);
    assert!(
        several.contains("another replica, or a cache that is off"),
        "{several}"
    );
}
