//! What may be claimed from rounds, and what not.
#![cfg(test)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers made here"
)]

mod common;
mod said;

use common::{meta, simple, success, usage};
use dualround_model::{
    CanaryReport, ConclusionKind, EngineDelta, Expected, IntervalKind, Judging, NoPrefillLine,
    RequestRecord, RoundResult, RoundRun, RunEvidence, Schedule, TierDelta, Verdict, Warning,
};
use dualround_stats::{SummaryOptions, compare, decide, hodges_lehmann, summarise, t_interval};
use said::{diagnoses, diagnoses_zh, sentence, sentence_zh};

/// Values that look random and are the same in every run: a linear congruential generator.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// All rounds of a schedule from the records of each.
fn rounds(schedule: &str, records: Vec<Vec<RequestRecord>>) -> Vec<RoundResult> {
    let specs = schedule.parse::<Schedule>().unwrap().rounds();
    assert_eq!(specs.len(), records.len());
    specs
        .into_iter()
        .zip(records)
        .map(|(spec, records)| {
            let run = RoundRun {
                meta: meta(spec, records.len()),
                records,
            };
            summarise(run, &SummaryOptions::default())
        })
        .collect()
}

fn round(n: u32, ttft: f64, cached: Option<u64>, seed: u64) -> Vec<RequestRecord> {
    let mut random = Random(seed);
    (0..n)
        .map(|i| simple(i, ttft * (1.0 + 0.01 * random.normal()), cached))
        .collect()
}

fn known() -> RunEvidence {
    RunEvidence {
        canary: Some(canary()),
        ..RunEvidence::default()
    }
}

fn canary() -> CanaryReport {
    CanaryReport {
        prompt_tokens: Some(800),
        first: Some(0),
        repeated: Some(784),
        other_marker: Some(0),
        salt_field: None,
        other_counted: true,
        other_text: None,
        replayed: false,
        written: None,
        control: None,
        unasked: false,
    }
}

#[test]
fn b133_the_null_test_and_an_effect() {
    let mut null = rounds(
        "CW",
        vec![round(50, 100.0, Some(0), 1), round(50, 100.0, Some(0), 2)],
    );
    let level = compare(&mut null, &Judging::default(), &known());
    assert_eq!(level.conclusion.kind, ConclusionKind::NoEffect);
    assert!((level.ttft.ratio.unwrap() - 1.0).abs() < 0.02);
    assert!(!level.conclusion.cache_evidence && !diagnoses(&level).is_empty());
    let mut hit = rounds(
        "CW",
        vec![round(50, 100.0, Some(0), 1), round(50, 10.0, Some(990), 2)],
    );
    let level = compare(&mut hit, &Judging::default(), &known());
    assert_eq!(level.conclusion.kind, ConclusionKind::Effect);
    assert!((level.ttft.ratio.unwrap() - 10.0).abs() < 0.2);
    assert!(level.conclusion.cache_evidence && level.cold.verdict == Verdict::Cold);
    assert!(
        sentence(&level).starts_with("cache works"),
        "{}",
        sentence(&level)
    );
    assert!(sentence_zh(&level).starts_with("缓存有效"));
    assert_eq!(level.ttft.interval_kind, Some(IntervalKind::Allowed));
}

fn knowing(block: u64, warm: f64) -> RunEvidence {
    let reuse = dualround_model::Reuse {
        block,
        prompts: 20,
        tokens: 20_000,
        cold: 0.0,
        warm,
        lru_warm: None,
        capacity_tokens: None,
    };
    RunEvidence {
        reuse: Some(reuse),
        ..known()
    }
}

#[test]
fn a_gap_is_explained_by_blocks() {
    let cold = || round(20, 100.0, Some(0), 1);
    let told = |known: &RunEvidence, warm| {
        let mut rounds = rounds("CW", vec![cold(), warm]);
        diagnoses(&compare(&mut rounds, &Judging::default(), known)).join("; ")
    };
    // Prompts of 1,000 tokens, of which one block of 768 can hit.
    let text = told(&knowing(768, 0.768), round(20, 60.0, Some(768), 2));
    assert!(text.contains("at most 76.8 %"), "{text}");
    let text = told(&knowing(1024, 0.0), round(20, 100.0, Some(0), 2));
    assert!(
        text.contains("20 of 20 prompts have at most one block (1024 tokens)"),
        "{text}"
    );
    // Nothing to explain.
    let text = told(&knowing(16, 0.992), round(20, 10.0, Some(992), 2));
    assert_eq!(text, "");
}

#[test]
fn a_store_that_was_not_finished_is_told_from_its_evidence() {
    // One engine whose counters saw all of the warm round: no replica that nobody sees.
    let seen = |rounds: &mut [RoundResult]| {
        for round in rounds {
            let hits = round.summary.cached_tokens.unwrap_or(0) as f64;
            round.meta.engines = vec![EngineDelta {
                tiers: vec![TierDelta {
                    tier: "local".to_owned(),
                    hits: Some(hits),
                    queries: Some(20_000.0),
                }],
                ..EngineDelta::default()
            }];
        }
    };
    // The first ten ended just before they were asked again, the others long before.
    let at = |start: f64, cached: u64| {
        move |index: u32| {
            let tokens = [100.0, 110.0];
            success(index, start, &tokens, usage(1000, 2, Some(cached)))
        }
    };
    let cold = (0..10).map(at(5000.0, 0)).chain((10..20).map(at(0.0, 0)));
    let warm = (0..10)
        .map(at(5200.0, 0))
        .chain((10..20).map(at(5200.0, 992)));
    let mut told = rounds("CW", vec![cold.collect(), warm.collect()]);
    seen(&mut told);
    let text = diagnoses(&compare(
        &mut told,
        &Judging::default(),
        &knowing(16, 0.992),
    ))
    .join("; ");
    assert!(
        text.contains("10 requests that missed had been asked again within 0.09 s"),
        "{text}"
    );
    // The same waits for both: no such claim.
    let cold = (0..20).map(at(0.0, 0));
    let warm = (0..10)
        .map(at(5200.0, 0))
        .chain((10..20).map(at(5200.0, 992)));
    let mut told = rounds("CW", vec![cold.collect(), warm.collect()]);
    seen(&mut told);
    let text = diagnoses(&compare(
        &mut told,
        &Judging::default(),
        &knowing(16, 0.992),
    ))
    .join("; ");
    assert!(!text.contains("store not finished"), "{text}");
    let mut told = rounds(
        "CWW",
        vec![
            round(20, 100.0, Some(0), 1),
            round(20, 90.0, Some(100), 2),
            round(20, 10.0, Some(992), 3),
        ],
    );
    seen(&mut told);
    let level = compare(&mut told, &Judging::default(), &knowing(16, 0.992));
    let text = diagnoses(&level).join("; ");
    assert!(text.contains("hit 10.0 %, the next one 99.2 %"), "{text}");
    assert!(diagnoses_zh(&level).join("").contains("写入可能未完成"));
}

#[test]
fn faster_without_hits_is_not_the_cache() {
    let mut rounds = rounds(
        "CW",
        vec![round(20, 100.0, Some(0), 1), round(20, 50.0, Some(0), 2)],
    );
    let level = compare(&mut rounds, &Judging::default(), &known());
    assert_eq!(level.conclusion.kind, ConclusionKind::Effect);
    assert!(sentence(&level).contains("cause not established"));
}

#[test]
fn b127_a_contaminated_cold_round_withholds_the_claim() {
    let mut rounds = rounds(
        "CW",
        vec![round(20, 10.0, Some(990), 1), round(20, 10.0, Some(990), 2)],
    );
    let level = compare(&mut rounds, &Judging::default(), &RunEvidence::default());
    assert_eq!(level.cold.verdict, Verdict::Contaminated);
    assert_eq!(level.conclusion.kind, ConclusionKind::Withheld);
}

#[test]
fn b132_sharing_and_templates_are_no_contamination() {
    let verdict = |records: Vec<RequestRecord>, shared: Option<u32>| {
        let mut rounds = rounds("CW", vec![records, round(20, 10.0, Some(990), 2)]);
        rounds[0].expected = shared.map(|tokens| Expected {
            epoch: Some(0),
            tokens: vec![Some(tokens); 20],
            computed: 0,
            unseen: 0,
        });
        compare(&mut rounds, &Judging::default(), &known())
            .cold
            .verdict
    };
    let hitting = |cached| round(20, 100.0, Some(cached), 1);
    // 400 tokens are shared by their ids.
    assert_eq!(verdict(hitting(400), Some(400)), Verdict::Cold);
    assert_eq!(verdict(hitting(900), Some(400)), Verdict::Contaminated);
    assert_eq!(verdict(hitting(9), None), Verdict::Cold);
    // By characters sharing is an interval: 500 characters may be 62 tokens or 1,000.
    let by_characters = |cached| {
        let mut records = hitting(cached);
        for record in &mut records {
            record.shared_chars = 500;
        }
        verdict(records, None)
    };
    assert_eq!(by_characters(400), Verdict::Unknown);
}

#[test]
fn unknown_is_neither_cold_nor_contaminated() {
    let mut silent = rounds(
        "CW",
        vec![round(20, 100.0, None, 1), round(20, 10.0, None, 2)],
    );
    assert_eq!(
        compare(&mut silent, &Judging::default(), &RunEvidence::default())
            .cold
            .verdict,
        Verdict::Unknown
    );
    // A server that leaves the field out without a hit, and is known to report hits.
    let mut quiet = rounds(
        "CW",
        vec![round(20, 100.0, None, 1), round(20, 10.0, Some(990), 2)],
    );
    let silent_without_a_hit = RunEvidence {
        canary: Some(CanaryReport {
            first: None,
            ..canary()
        }),
        ..RunEvidence::default()
    };
    assert_eq!(
        compare(&mut quiet, &Judging::default(), &silent_without_a_hit)
            .cold
            .verdict,
        Verdict::Cold
    );
}

#[test]
fn few_pairs_cannot_tell() {
    let mut rounds = rounds(
        "CW",
        vec![round(5, 100.0, Some(0), 1), round(5, 10.0, Some(990), 2)],
    );
    let level = compare(&mut rounds, &Judging::default(), &RunEvidence::default());
    assert_eq!(level.conclusion.kind, ConclusionKind::CannotTell);
    assert!(level.ttft.interval_kind.is_none() && level.ttft.ratio.is_some());
}

#[test]
fn a_drift_as_large_as_half_the_effect_withholds_the_claim() {
    let parts = vec![
        round(20, 100.0, Some(0), 1),
        round(20, 20.0, Some(0), 2),
        round(20, 50.0, Some(0), 3),
    ];
    let mut warming = rounds("CWC", parts);
    let level = compare(&mut warming, &Judging::default(), &RunEvidence::default());
    assert_eq!(level.conclusion.kind, ConclusionKind::Withheld);
    let text = &sentence(&level);
    assert!(
        text.contains("as with a server that warms up")
            && text.contains("the last cold round was 2.00× faster"),
        "{text}"
    );
    let parts = vec![
        round(20, 100.0, Some(0), 1),
        round(20, 10.0, Some(990), 2),
        round(20, 100.0, Some(0), 3),
    ];
    let level = compare(
        &mut rounds("CWC", parts),
        &Judging::default(),
        &RunEvidence::default(),
    );
    assert_eq!(level.conclusion.kind, ConclusionKind::Effect);
    assert!(!sentence(&level).contains("CWC"));
}

#[test]
fn three_cycles_have_a_t_interval() {
    let parts = (0..6)
        .map(|i| round(10, if i % 2 == 0 { 100.0 } else { 20.0 }, Some(0), i))
        .collect();
    let level = compare(
        &mut rounds("CWCWCW", parts),
        &Judging::default(),
        &RunEvidence::default(),
    );
    assert_eq!(
        (level.cycles, level.ttft.interval_kind),
        (3, Some(IntervalKind::TCycles))
    );
    let (low, high) = (
        level.ttft.interval_low.unwrap(),
        level.ttft.interval_high.unwrap(),
    );
    assert!(
        low < 5.0 && high > 5.0 || (level.ttft.ratio.unwrap() - 5.0).abs() < 0.1,
        "{low} {high}"
    );
}

#[test]
fn unequal_answers_withhold_latency_but_not_ttft() {
    let warm = (0..20).map(|i| {
        let n = if i < 5 { 40 } else { 4 };
        success(i, 0.0, &[10.0, 20.0, 30.0, 40.0], usage(1000, n, Some(990)))
    });
    let mut rounds = rounds("CW", vec![round(20, 100.0, Some(0), 1), warm.collect()]);
    let level = compare(&mut rounds, &Judging::default(), &RunEvidence::default());
    assert_eq!(level.unequal_outputs, 5);
    assert!(level.latency.ratio.is_none() && level.latency.withheld.is_some());
    assert!(level.ttft.ratio.is_some());
}

#[test]
fn b043_changed_prompts_are_told() {
    let warm = (0..20)
        .map(|i| success(i, 0.0, &[10.0, 20.0], usage(1400, 4, Some(0))))
        .collect();
    let mut rounds = rounds("CW", vec![round(20, 100.0, Some(0), 1), warm]);
    compare(&mut rounds, &Judging::default(), &RunEvidence::default());
    let warning = Warning::PromptTokensChanged { count: 20, of: 20 };
    assert!(rounds[1].summary.warnings.contains(&warning));
    assert_eq!(rounds[1].summary.flags["prompt_tokens_changed"], 20);
}

#[test]
fn the_decision_rule() {
    let kind = |low, high| decide(Some(low), Some(high), 0.05);
    assert_eq!(kind(1.2, 1.5), ConclusionKind::Effect);
    assert_eq!(kind(0.5, 0.8), ConclusionKind::Effect);
    assert_eq!(kind(0.97, 1.03), ConclusionKind::NoEffect);
    assert_eq!(kind(1.03, 1.2), ConclusionKind::CannotTell);
    assert_eq!(decide(None, None, 0.05), ConclusionKind::CannotTell);
}

#[test]
fn estimates_match_known_values() {
    // Walsh averages of 1, 2, 4: 1 1.5 2.5 2 3 4; their median is 2.25.
    assert!((hodges_lehmann(&[1.0, 2.0, 4.0]).unwrap() - 2.25).abs() < 1e-12);
    // scipy.stats.t.interval(0.95, 2, loc=2, scale=sem([1, 2, 3]))
    let t = t_interval(&[1.0, 2.0, 3.0]).unwrap();
    assert!(
        (t.low + 0.484_137_711_719_544).abs() < 1e-6
            && (t.high - 4.484_137_711_719_544).abs() < 1e-6
    );
}

#[test]
fn the_t_interval_covers_with_a_common_shift_per_cycle() {
    let mut random = Random(7);
    for cycles in [3, 5, 10] {
        let runs = 2000;
        let covered = (0..runs).filter(|_| {
            let means: Vec<f64> = (0..cycles)
                .map(|_| {
                    let shift = 0.03 * random.normal();
                    shift + (0..20).map(|_| 0.1 * random.normal()).sum::<f64>() / 20.0
                })
                .collect();
            let interval = t_interval(&means).unwrap();
            interval.low <= 0.0 && 0.0 <= interval.high
        });
        let share = covered.count() as f64 / f64::from(runs);
        assert!((0.93..=1.0).contains(&share), "{cycles} cycles: {share}");
    }
}

/// Rounds of prompts of 100, 200, … tokens; TTFT 10 ms + 0.1 ms a computed token, with odd points.
fn priced(cold_ms: impl Fn(u64) -> f64) -> Vec<RoundResult> {
    let one = |i: u32, cached: u64, ttft: f64| {
        let tokens = 100 * (u64::from(i) + 1);
        success(i, 0.0, &[ttft], usage(tokens, 1, Some(cached)))
    };
    let cold = (0..20).map(|i| one(i, 0, cold_ms(100 * (u64::from(i) + 1))));
    let warm = (0..20).map(|i| one(i, 100 * (u64::from(i) + 1) - 4, 10.4));
    rounds("CW", vec![cold.collect(), warm.collect()])
}

#[test]
fn the_prefill_line_is_found_through_odd_points() {
    let line = |tokens: u64| 10.0 + 0.1 * tokens as f64;
    let odd = |tokens: u64| if tokens == 1700 { 900.0 } else { line(tokens) };
    let level = compare(&mut priced(odd), &Judging::default(), &known());
    let model = &level.prefill;
    let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-3;
    assert!(
        near(model.ms_per_token, 0.1) && near(model.overhead_ms, 10.0),
        "{model:?}"
    );
    assert!(near(model.pays_from_tokens, 100.0), "{model:?}");
    // All but the 4 tokens of each prompt that are computed again was saved, and the odd point's
    // more.
    let clean = compare(&mut priced(line), &Judging::default(), &known()).prefill;
    assert!(
        (0.98..1.0).contains(&clean.efficiency.unwrap()),
        "{clean:?}"
    );
    assert!(clean.fit.unwrap() > 0.999);
}

#[test]
fn the_prefill_line_is_refused_where_nothing_can_be_told() {
    // TTFT that has nothing to do with the tokens.
    let level = compare(
        &mut priced(|tokens| 10.4 + (tokens / 100 * 7919 % 13) as f64),
        &Judging::default(),
        &known(),
    );
    assert!(level.prefill.ms_per_token.is_none() || level.prefill.fit.unwrap() >= 0.5);
    let few = compare(
        &mut rounds(
            "CW",
            vec![round(3, 100.0, Some(0), 1), round(3, 10.0, Some(90), 2)],
        ),
        &Judging::default(),
        &known(),
    );
    assert_eq!(few.prefill.refused, Some(NoPrefillLine::FewPoints));
    let flat = compare(
        &mut rounds(
            "CW",
            vec![round(20, 100.0, Some(0), 1), round(20, 100.0, Some(0), 2)],
        ),
        &Judging::default(),
        &known(),
    );
    assert!(flat.prefill.refused.is_some(), "{:?}", flat.prefill);
}

#[test]
fn pairs_are_shown_by_prompt_length() {
    let level = compare(
        &mut priced(|tokens| tokens as f64),
        &Judging::default(),
        &known(),
    );
    assert_eq!(level.buckets.len(), 3);
    assert_eq!(
        (level.buckets[0].min_tokens, level.buckets[2].max_tokens),
        (100, 2000)
    );
    let ratio = |at: usize| level.buckets[at].ttft.ratio.unwrap();
    assert!(ratio(0) < ratio(1) && ratio(1) < ratio(2));
}
