//! No data is lost, whatever goes wrong: rounds under random fault scripts.
#![cfg(test)]

mod common;

use common::{plan, samples};
use dualround_model::{Flag, Outcome, RoundKind, RoundRun, StoreText, Timeouts};
use dualround_stats::{SummaryOptions, compare, summarise};
use proptest::prelude::*;
use simllm::{FaultRule, Sim, SimConfig};

/// Words of `--fault` but for those that only wait.
const FAULTS: [&str; 20] = [
    "status=503",
    "status=429,1",
    "status=404",
    "error_event=1",
    "reset=0",
    "reset=2",
    "reset_at_byte=0",
    "reset_at_byte=90",
    "reset_at_byte=700",
    "close_early=1",
    "cut_body=1",
    "garbage=1",
    "stall=1,400",
    "empty_output",
    "not_streamed",
    "missing_done",
    "usage=1",
    "split=3",
    "merge=3",
    "buffered",
];

fn rule() -> impl Strategy<Value = FaultRule> {
    let when = prop_oneof![
        (0_u32..20).prop_map(|n| format!("request={n}")),
        (1_u32..6).prop_map(|n| format!("every={n}")),
        (0_u32..60).prop_map(|percent| format!("{percent}%")),
        (5_u32..30).prop_map(|n| format!("from={n}")),
    ];
    (when, prop::sample::select(&FAULTS[..]))
        .prop_map(|(when, what)| format!("{when}:{what}").parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn b150_every_planned_request_has_one_record_and_the_totals_add_up(
        rules in prop::collection::vec(rule(), 0..5),
        rows in 1_u64..25,
        concurrency in 1_u32..7,
        max_failures in prop::option::of(1_u64..6),
    ) {
        let sim = Sim::start(SimConfig {
            faults: rules,
            prefill_base_ms: 0.2,
            prefill_ms_per_token: 0.0,
            itl_ms: 0.2,
            ..SimConfig::default()
        }).unwrap();
        let mut plan = plan(&sim.base_url());
        plan.levels = vec![concurrency.into()];
        plan.workers = 2;
        plan.output.store_text = StoreText::None;
        plan.timeouts = Timeouts { idle_ms: Some(150), total_ms: Some(3000), ..Timeouts::default() };
        plan.limits.max_failures = max_failures;
        let runs = common::run(&plan, samples(rows));
        let summed = |run: &RoundRun| summarise(run.clone(), &SummaryOptions::default());
        let mut rounds: Vec<_> = runs.iter().map(summed).collect();
        for (run, round) in runs.iter().zip(&rounds) {
            let (meta, summary) = (&round.meta, &round.summary);
            // One record each, none twice, none that was not planned.
            let indexes: Vec<u32> = run.records.iter().map(|record| record.index).collect();
            prop_assert!(indexes.windows(2).all(|pair| pair[0] < pair[1]), "{indexes:?}");
            prop_assert!(indexes.iter().all(|index| u64::from(*index) < rows));
            prop_assert_eq!(indexes.len() as u64 + u64::from(meta.not_started), rows);
            // planned = success + failed + cancelled + not started.
            let ended = summary.successful_requests + summary.failed_requests + summary.cancelled_requests;
            prop_assert_eq!(ended + summary.not_started_requests, summary.planned_requests);
            prop_assert_eq!(summary.total_requests, summary.successful_requests + summary.failed_requests);
            prop_assert_eq!(summary.failures.values().sum::<u64>(), summary.failed_requests);
            // Early ends are told.
            prop_assert_eq!(meta.not_started > 0, meta.stopped.is_some());
            // Distributions hold exactly the successes that have the value.
            let good = || run.records.iter().filter(|record| record.outcome.is_success());
            prop_assert_eq!(good().count() as u64, summary.successful_requests);
            prop_assert_eq!(round.requests.successes().count() as u64, summary.successful_requests);
            prop_assert_eq!(summary.latency.n, summary.successful_requests);
            let with_ttft = good().filter(|record| common::metrics(record).ttft_ms.is_some()).count();
            prop_assert_eq!(summary.ttft.n, with_ttft as u64);
            for record in &run.records {
                // What is kept in memory says the same as the record.
                let metrics = common::metrics(record);
                let row = round.requests.get(record.index).copied().unwrap();
                prop_assert_eq!(row.ttft_ms(), metrics.ttft_ms);
                prop_assert_eq!(row.itl_ms(), metrics.itl_ms);
                prop_assert_eq!(row.latency_ms(), metrics.latency_ms);
                prop_assert_eq!(row.input_tokens(), metrics.input_tokens);
                prop_assert_eq!(row.output_tokens(), metrics.output_tokens);
                prop_assert_eq!(row.cached_tokens(), metrics.cached_tokens);
                for flag in Flag::ALL {
                    prop_assert_eq!(row.has(flag), metrics.flags.contains(&flag));
                }
                if !record.outcome.is_success() {
                    prop_assert!(metrics.latency_ms.is_none() && metrics.output_tokens.is_none());
                }
                let time = &record.timeline;
                prop_assert!(time.end_ns >= time.start_ns.unwrap_or(time.queued_ns), "{:?}", record.outcome);
                prop_assert!(time.end_ns <= meta.ended_ns);
                if let Outcome::Failed(failure) = &record.outcome {
                    prop_assert!(!failure.message.is_empty());
                }
            }
        }
        // Pairs are requests that succeeded in both.
        let ended_early = rounds.iter().any(|round| round.meta.stopped.is_some());
        let cold = rounds.iter().find(|round| round.meta.spec.kind == RoundKind::Cold).cloned();
        let warm = rounds.iter().find(|round| round.meta.spec.kind == RoundKind::Warm).cloned();
        let level = compare(
            &mut rounds,
            &dualround_model::Judging::default(),
            &dualround_model::RunEvidence::default(),
        );
        if let (Some(cold), Some(warm)) = (cold, warm) {
            let succeeded = |round: &dualround_model::RoundResult, index: u32| {
                round.requests.get(index).is_some_and(dualround_model::RequestRow::is_success)
            };
            let both = (0..u32::try_from(rows).unwrap()).filter(|i| succeeded(&cold, *i) && succeeded(&warm, *i));
            prop_assert_eq!(level.pairs, both.count() as u64, "ended early: {}", ended_early);
        }
    }
}
