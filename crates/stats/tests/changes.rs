//! Changes from one run to another that were judged wrongly, each with the right judgement.
#![cfg(test)]
#![allow(dead_code, reason = "the builders are shared with other tests")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers made here"
)]

mod common;
mod said;

use common::{failed, near, round, rounds, simple, success, usage};
use dualround_model::{
    ChangeCaveat, ChangeReason, ColdMethod, Judgement, Judging, RequestRecord, RoundResult,
    RoundRun, RunChange, RunEvidence, Slo, Usage, Which,
};
use dualround_stats::{RunData, SummaryOptions, compare, summarise, versus};

/// Two runs against each other.
fn against(base: &[RoundResult], new: &[RoundResult]) -> RunChange {
    let level = |rounds: &[RoundResult]| {
        vec![compare(
            &mut rounds.to_vec(),
            &Judging::default(),
            &RunEvidence::default(),
        )]
    };
    let (a, b) = (level(base), level(new));
    versus(
        RunData {
            rounds: base,
            levels: &a,
        },
        RunData {
            rounds: new,
            levels: &b,
        },
        None,
    )
}

fn judgement(change: &RunChange, part: &str, name: &str) -> Judgement {
    let found = change.levels[0].metrics();
    let mut found = found.filter(|(of, metric)| *of == part && metric.name == name);
    found.next().unwrap().1.judgement
}

#[test]
fn v04_three_times_slower_is_not_the_same() {
    let run = |ms: [f64; 3]| rounds("CWW", ms.map(|ms| round(12, ms, 0)).into());
    let change = against(&run([100.0, 50.0, 5.0]), &run([300.0, 150.0, 15.0]));
    for part in ["cold", "warm"] {
        assert_eq!(judgement(&change, part, "ttft"), Judgement::Worse, "{part}");
    }
}

#[test]
fn v19_prompts_that_fail_in_each_round_are_counted_once() {
    let with = |bad: u32| {
        let round = |ttft: f64| -> Vec<RequestRecord> {
            (0..40)
                .map(|i| {
                    if i < bad {
                        failed(i)
                    } else {
                        simple(i, ttft, Some(0))
                    }
                })
                .collect()
        };
        rounds(
            "CWCWCW",
            [100.0, 10.0].repeat(3).into_iter().map(round).collect(),
        )
    };
    let change = against(&with(0), &with(3));
    assert_eq!(
        judgement(&change, "cold", "failure_rate"),
        Judgement::CannotTell
    );
}

#[test]
fn v15_a_level_of_one_run_is_named_as_missing() {
    let one = rounds("CW", vec![round(8, 100.0, 0), round(8, 10.0, 0)]);
    let mut four = one.clone();
    for round in &mut four {
        round.meta.load = 4.into();
    }
    let change = against(&one, &four);
    let missing: Vec<_> = change
        .missing
        .iter()
        .map(|level| (level.load.concurrency(), level.only_in))
        .collect();
    assert_eq!(missing, [(Some(1), Which::Base), (Some(4), Which::New)]);
}

#[test]
fn v21_salt_against_marker_is_told_and_longer_prompts_are_allowed_for() {
    let run = |method, tokens| {
        let records = |ttft: f64| {
            (0..12)
                .map(|i| success(i, 0.0, &[ttft, ttft + 10.0], usage(tokens, 2, Some(0))))
                .collect()
        };
        let mut rounds = rounds(
            "CW",
            vec![records(24.0 * tokens as f64 / 70.0), records(5.0)],
        );
        for round in &mut rounds {
            if let Some(cold) = &mut round.meta.cold {
                cold.method = method;
            }
        }
        rounds
    };
    let change = against(&run(ColdMethod::Salt, 70), &run(ColdMethod::Marker, 79));
    let caveats = &change.levels[0].caveats;
    assert!(
        caveats.contains(&ChangeCaveat::OtherMethods {
            base: vec![ColdMethod::Salt],
            new: vec![ColdMethod::Marker],
        }),
        "{caveats:?}"
    );
    assert_eq!(judgement(&change, "cold", "ttft"), Judgement::CannotTell);
    assert_eq!(
        change.levels[0].cold[0].reason,
        Some(ChangeReason::OtherPrompts {
            base: 70.0,
            new: 79.0
        })
    );
    // What lengths cannot account for is said all the same: a cache that is gone.
    let mut gone = run(ColdMethod::Marker, 79);
    let slow = (0..12).map(|i| success(i, 0.0, &[50.0, 60.0], usage(79, 2, Some(0))));
    let warm = RoundRun {
        meta: gone[1].meta.clone(),
        records: slow.collect(),
    };
    gone[1] = summarise(warm, &SummaryOptions::default());
    let change = against(&run(ColdMethod::Salt, 70), &gone);
    assert_eq!(judgement(&change, "warm", "ttft"), Judgement::Worse);
    let warm = change.levels[0]
        .warm
        .iter()
        .find(|m| m.name == "ttft")
        .unwrap();
    // ×10 in 5.0 → 50.0, of which prompts 79/70 as long account for at most the square.
    let least = 10.0 * (70.0_f64 / 79.0).powi(2) - 1.0;
    assert!(near(warm.low, least), "{warm:?} {least}");
    // A marker of eight tokens in prompts of four thousand: told, and compared.
    let change = against(&run(ColdMethod::Salt, 4000), &run(ColdMethod::Marker, 4008));
    assert_eq!(judgement(&change, "cold", "ttft"), Judgement::Same);
    assert_eq!(change.levels[0].caveats.len(), 2);
}

#[test]
fn other_prompts_made_cold_in_other_ways_claim_nothing_that_hangs_on_their_length() {
    let run = |method, tokens: Option<u64>, content: &str, warm: f64| {
        let records = |ttft: f64| {
            let told = Usage {
                prompt_tokens: tokens,
                ..usage(0, 2, Some(0))
            };
            let one = |i| success(i, 0.0, &[ttft, ttft + 10.0], told);
            (0..12).map(one).collect()
        };
        let mut rounds = rounds("CW", vec![records(100.0), records(warm)]);
        for round in &mut rounds {
            round.meta.content_digest = content.to_owned();
            if let Some(cold) = &mut round.meta.cold {
                cold.method = method;
            }
        }
        rounds
    };
    // Lengths of one run are not known: a marker there may have made its prompts longer.
    let base = run(ColdMethod::Salt, None, "one", 50.0);
    let new = run(ColdMethod::Marker, Some(70), "two", 200.0);
    let change = against(&base, &new);
    assert_eq!(judgement(&change, "warm", "ttft"), Judgement::CannotTell);
    assert!(
        change.levels[0]
            .caveats
            .contains(&ChangeCaveat::LengthsUnknown)
    );
    // Known to be as long, they are compared.
    let base = run(ColdMethod::Salt, Some(70), "one", 50.0);
    let change = against(&base, &new);
    assert_eq!(judgement(&change, "warm", "ttft"), Judgement::Worse);
}

#[test]
fn a_change_of_what_the_cache_is_worth_is_that_of_the_ratios() {
    let run = |cold: f64, warm: f64| rounds("CW", vec![round(12, cold, 0), round(12, warm, 990)]);
    let worth = |new: [f64; 2]| {
        let change = against(&run(100.0, 20.0), &run(new[0], new[1]));
        let level = &change.levels[0];
        let found = level.cache.iter().find(|one| one.name == "ttft_ratio");
        let found = found.unwrap();
        assert!(
            near(found.base, 5.0) && near(found.new, new[0] / new[1]),
            "{found:?}"
        );
        let change = new[0] / new[1] / 5.0 - 1.0;
        assert!(
            found
                .change
                .is_some_and(|found| (found - change).abs() < 1e-9)
        );
        found.judgement
    };
    assert_eq!(worth([100.0, 10.0]), Judgement::Better);
    assert_eq!(worth([100.0, 50.0]), Judgement::Worse);
    assert_eq!(worth([50.0, 10.0]), Judgement::Same);
}

/// Three cycles of rounds of 2 s, of whose twelve requests so many are good.
fn good_in_two_seconds(good: u32) -> Vec<RoundResult> {
    let options = SummaryOptions {
        slo: Some(Slo {
            ttft_ms: Some(100.0),
            ..Slo::default()
        }),
        ..SummaryOptions::default()
    };
    let one = |i: u32| {
        let ttft = if i < good { 10.0 } else { 150.0 };
        success(i, 0.0, &[ttft, 1999.0], usage(1000, 2, Some(0)))
    };
    let records: Vec<RequestRecord> = (0..12).map(one).collect();
    let rounds = rounds("CWCWCW", vec![records.clone(); 6]);
    let again = |round: RoundResult| {
        let (meta, records) = (round.meta, records.clone());
        summarise(RoundRun { meta, records }, &options)
    };
    rounds.into_iter().map(again).collect()
}

#[test]
fn goodput_per_second_is_compared_and_more_is_better() {
    let found = |base: u32, new: u32| {
        let change = against(&good_in_two_seconds(base), &good_in_two_seconds(new));
        let mut metrics = change.levels[0].metrics();
        let (_, found) = metrics
            .find(|(part, metric)| *part == "warm" && metric.name == "goodput_request_throughput")
            .unwrap();
        found.clone()
    };
    let worse = found(8, 4);
    assert!(near(worse.base, 4.0) && near(worse.new, 2.0) && near(worse.change, -0.5));
    assert_eq!((worse.judgement, worse.n), (Judgement::Worse, 3));
    assert_eq!(found(4, 8).judgement, Judgement::Better);
    assert_eq!(found(8, 8).judgement, Judgement::Same);
    // Of none a ratio cannot be made, however many rounds there are.
    let none = found(8, 0);
    assert_eq!((none.new, none.change), (Some(0.0), None));
    assert_eq!(none.reason, Some(ChangeReason::NoRatio));
}

/// A run whose answers came packed, against one whose answers did not.
#[test]
fn g10_compressed_answers_of_one_run_are_told() {
    let run = |compressed: bool| {
        let records = |ttft: f64| {
            let mut records = round(12, ttft, 0);
            for record in records.iter_mut().filter(|_| compressed) {
                record.stream.compressed = true;
            }
            records
        };
        rounds("CW", vec![records(100.0), records(10.0)])
    };
    let caveats = |base, new| against(&run(base), &run(new)).levels[0].caveats.clone();
    let told = |run| vec![ChangeCaveat::Compressed { run }];
    assert_eq!(caveats(false, true), told(Which::New));
    assert_eq!(caveats(true, false), told(Which::Base));
    assert_eq!(caveats(true, true), []);
}

/// A throughput over what is left of a round would be that of another round.
#[test]
fn x32_a_round_without_some_records_has_no_throughput() {
    let run = |kept: usize| {
        let mut run = rounds("CW", vec![round(12, 100.0, 0), round(12, 10.0, 0)]);
        let warm = RoundRun {
            meta: run[1].meta.clone(),
            records: round(12, 10.0, 0).into_iter().take(kept).collect(),
        };
        run[1] = summarise(warm, &SummaryOptions::default());
        run
    };
    let summary = &run(7)[1].summary;
    assert_eq!(
        (summary.token_throughput, summary.request_throughput),
        (None, None)
    );
    assert!(summary.duration_seconds.is_some() && summary.ttft.p50.is_some());
    let told = vec![ChangeCaveat::RecordsMissing { run: Which::New }];
    assert_eq!(against(&run(12), &run(7)).levels[0].caveats, told);
    assert!(run(12)[1].summary.request_throughput.is_some());
}
