//! Percentiles, statistics, goodput: case by case.
#![cfg(test)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small numbers made here"
)]

mod common;

use common::{is, meta, ns, simple, success, usage};
use dualround_model::{
    Failure, FailureKind, Flag, Outcome, Phase, RequestRecord, RoundResult, RoundRun, Schedule,
    Slo, TokenSource, TokenSourceChoice, Usage, Warning, WorkerLoad,
};
use dualround_stats::{
    SummaryOptions, hodges_lehmann, newcombe, quantile, request_metrics, stat, summarise, welch,
};
use proptest::prelude::*;

/// A failure that ended `end` ms after its t0 at `start` ms.
fn failure(index: u32, start: f64, end: f64) -> RequestRecord {
    let mut record = success(index, start, &[], Usage::default());
    record.timeline.end_ns = ns(start + end);
    record.outcome = Outcome::Failed(Failure {
        kind: FailureKind::Http(503),
        phase: Phase::Complete,
        message: "no".to_owned(),
        status: Some(503),
    });
    record
}

/// One round of a `C` schedule, summed up.
fn round(records: Vec<RequestRecord>, options: &SummaryOptions) -> RoundResult {
    let spec = Schedule::default().rounds()[0];
    summarise(
        RoundRun {
            meta: meta(spec, records.len()),
            records,
        },
        options,
    )
}

/// Equal up to rounding.
fn slo(ttft_ms: f64) -> SummaryOptions {
    let slo = Slo {
        ttft_ms: Some(ttft_ms),
        ..Slo::default()
    };
    SummaryOptions {
        slo: Some(slo),
        ..SummaryOptions::default()
    }
}

#[test]
fn b090_one_percentile_method() {
    // numpy.percentile(..., method="linear") gives the same.
    let four = stat([10.0, 20.0, 30.0, 40.0]);
    assert!(is(four.p50, 25.0) && is(four.p90, 37.0) && is(four.p99, 39.7));
    let ten = stat((1..=10).map(f64::from));
    assert!(is(ten.p50, 5.5) && is(ten.p90, 9.1) && is(ten.p99, 9.91) && is(ten.p95, 9.55));
}

#[test]
fn b092_b093_failures_enter_no_percentile_and_nothing_is_null() {
    let mut records: Vec<_> = (0..9).map(|i| simple(i, 100.0, None)).collect();
    records.push(failure(9, 0.0, 3.0));
    let summary = round(records, &slo(1.0)).summary;
    assert!(is(summary.ttft.p50, 100.0) && is(summary.ttft.max, 100.0));
    assert_eq!((summary.ttft.n, summary.failures["http_503"]), (9, 1));
    let none = round((0..5).map(|i| failure(i, 0.0, 3.0)).collect(), &slo(1.0)).summary;
    assert_eq!(
        (none.ttft.avg, none.latency.p99, none.itl.stddev),
        (None, None, None)
    );
    assert!(is(none.request_throughput, 0.0));
    assert_eq!(
        none.goodput.map(|good| (good.requests, good.sent)),
        Some((0, 5))
    );
    assert!(
        none.warnings
            .iter()
            .any(|w| matches!(w, Warning::AllFailed { sent: 5, .. }))
    );
}

#[test]
fn b094_few_samples_are_told() {
    let summary = round((0..8).map(|i| simple(i, 100.0, None)).collect(), &slo(1e3)).summary;
    assert!(
        summary
            .warnings
            .contains(&Warning::FewSamplesForP99 { n: 8 })
    );
}

#[test]
fn b095_the_sample_standard_deviation() {
    // numpy.std(..., ddof=1)
    let eight = stat([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
    assert!(is(eight.stddev, 2.138_089_935_299_395));
    let one = stat([5.0]);
    assert!(one.stddev.is_none() && is(one.p99, 5.0) && is(one.avg, 5.0));
}

#[test]
fn b097_throughput_is_a_ratio_of_sums() {
    let a = success(0, 0.0, &[500.0, 999.0], usage(10, 100, None));
    let b = success(1, 1000.0, &[5000.0, 9999.0], usage(10, 100, None));
    let summary = round(vec![a, b], &SummaryOptions::default()).summary;
    assert!(
        is(summary.token_throughput, 200.0 / 11.0),
        "{:?}",
        summary.token_throughput
    );
    assert!(is(summary.duration_seconds, 11.0));
}

#[test]
fn b099_counts_add_up() {
    let mut cancelled = simple(2, 5.0, None);
    cancelled.outcome = Outcome::Cancelled;
    let spec = Schedule::default().rounds()[0];
    let records = vec![simple(0, 5.0, None), failure(1, 0.0, 1.0), cancelled];
    let mut meta = meta(spec, 5);
    meta.not_started = 2;
    let s = summarise(RoundRun { meta, records }, &SummaryOptions::default()).summary;
    let parts = [
        s.successful_requests,
        s.failed_requests,
        s.cancelled_requests,
        s.not_started_requests,
    ];
    assert_eq!(
        (parts.iter().sum::<u64>(), s.total_requests),
        (s.planned_requests, 2)
    );
}

#[test]
fn b100_itl_by_request_and_pooled() {
    let a = success(0, 0.0, &[0.0, 100.0], usage(1, 2, None));
    let tokens: Vec<f64> = (0..11).map(|i| f64::from(i) * 10.0).collect();
    let b = success(1, 0.0, &tokens, usage(1, 11, None));
    let summary = round(vec![a, b], &SummaryOptions::default()).summary;
    assert!(is(summary.itl.avg, 55.0) && is(summary.icl.avg, 200.0 / 11.0));
}

#[test]
fn b101_b103_goodput() {
    let summary = round(vec![simple(0, 1000.0, None)], &slo(1000.0)).summary;
    assert_eq!(summary.goodput.unwrap().requests, 0);
    let summary = round(vec![simple(0, 999.999, None)], &slo(1000.0)).summary;
    assert_eq!(summary.goodput.unwrap().requests, 1);
    let ten = |i: u32, ttft: f64| success(i, 0.0, &[ttft, ttft + 9.0], usage(5, 10, None));
    let mut records: Vec<_> = (0..6).map(|i| ten(i, 10.0)).collect();
    records.extend((6..8).map(|i| ten(i, 990.0)));
    records.extend((8..10).map(|i| failure(i, 0.0, 5.0)));
    let good = round(records, &slo(100.0)).summary.goodput.unwrap();
    assert_eq!(
        (good.requests, good.sent, good.tokens, good.total_tokens),
        (6, 10, Some(60), Some(80))
    );
    assert!(is(good.request_rate, 0.6) && is(good.token_rate, 0.75));
    assert!(is(good.token_throughput, 60.0));
}

#[test]
fn goodput_in_requests_per_second_is_good_requests_over_the_duration() {
    let two_tokens = |i, tokens: [f64; 2]| success(i, 0.0, &tokens, usage(5, 2, None));
    let mut records: Vec<_> = (0..3).map(|i| two_tokens(i, [10.0, 20.0])).collect();
    // The one that misses its limit ends the round after 2 s.
    records.push(two_tokens(3, [150.0, 1999.0]));
    let summary = round(records.clone(), &slo(100.0)).summary;
    let good = summary.goodput.unwrap();
    assert_eq!((good.requests, good.sent), (3, 4));
    assert!(is(good.request_throughput, 1.5) && is(good.request_rate, 0.75));
    assert!(is(summary.request_throughput, 2.0));
    let none = round(records.clone(), &slo(1.0)).summary.goodput.unwrap();
    assert!(is(none.request_throughput, 0.0));
    let without = round(records.clone(), &SummaryOptions::default()).summary;
    assert_eq!(without.goodput, None);
    // Neither a round without a duration nor one without some of its records has a rate.
    let spec = Schedule::default().rounds()[0];
    let (mut paused, lost) = (meta(spec, 4), meta(spec, 5));
    paused.paused_ns = ns(2000.0);
    for meta in [paused, lost] {
        let records = records.clone();
        let run = RoundRun { meta, records };
        let good = summarise(run, &slo(100.0)).summary.goodput.unwrap();
        assert_eq!((good.requests, good.request_throughput), (3, None));
    }
}

#[test]
fn b029_one_token_has_no_itl_and_violates_none() {
    let itl = Slo {
        itl_ms: Some(1.0),
        ..Slo::default()
    };
    let options = SummaryOptions {
        slo: Some(itl),
        ..SummaryOptions::default()
    };
    let one = success(0, 0.0, &[100.0], usage(5, 1, None));
    let summary = round(vec![one], &options).summary;
    assert_eq!((summary.itl.n, summary.goodput.unwrap().requests), (0, 1));
    assert_eq!(summary.goodput.unwrap().itl_not_applicable, 1);
}

#[test]
fn b031_bursts_and_steady_fast_streams() {
    let flags = |tokens: &[f64]| {
        let record = success(0, 0.0, tokens, usage(5, tokens.len() as u64, None));
        request_metrics(&record, &SummaryOptions::default()).flags
    };
    let burst: Vec<f64> = (0..50).map(|i| 1000.0 + f64::from(i) * 0.01).collect();
    assert!(flags(&burst).contains(&Flag::BufferedSuspected));
    let steady: Vec<f64> = (0..50).map(|i| 10.0 + f64::from(i) * 2.0).collect();
    assert!(!flags(&steady).contains(&Flag::BufferedSuspected));
}

/// A long prefill and a short answer of a fast engine (a small model, speculative decoding, an
/// H100) is no burst; what a proxy held back is.
#[test]
fn g01_v32_fast_engines_do_not_burst() {
    let flagged = |gap: f64, tokens: u32| {
        let at: Vec<f64> = (0..tokens).map(|i| 150.0 + f64::from(i) * gap).collect();
        let record = success(0, 0.0, &at, usage(5, u64::from(tokens), None));
        request_metrics(&record, &SummaryOptions::default())
            .flags
            .contains(&Flag::BufferedSuspected)
    };
    for gap in [0.3, 0.7, 1.4, 4.9] {
        assert!(!flagged(gap, 16), "{gap}");
    }
    for gap in [0.0, 0.013, 0.05] {
        assert!(flagged(gap, 16), "{gap}");
    }
    // Speculative decoding: four tokens at once, every 8 ms.
    let at: Vec<f64> = (0..16).map(|i| 150.0 + f64::from(i / 4) * 8.0).collect();
    let record = success(0, 0.0, &at, usage(5, 16, None));
    assert!(
        !request_metrics(&record, &SummaryOptions::default())
            .flags
            .contains(&Flag::BufferedSuspected)
    );
}

#[test]
fn b036_b038_b042_where_n_comes_from() {
    let n = |tokens: usize, usage: Usage, choice| {
        let at: Vec<f64> = (0..tokens).map(|i| i as f64).collect();
        let options = SummaryOptions {
            token_source: choice,
            ..SummaryOptions::default()
        };
        let metrics = request_metrics(&success(0, 0.0, &at, usage), &options);
        (metrics.output_tokens, metrics.token_source)
    };
    let auto = TokenSourceChoice::Auto;
    assert_eq!(
        n(7, usage(5, 7, None), auto),
        (Some(7), Some(TokenSource::Usage))
    );
    assert_eq!(
        n(20, usage(10, 1, None), auto),
        (Some(20), Some(TokenSource::Events))
    );
    assert_eq!(
        n(8, Usage::default(), auto),
        (Some(8), Some(TokenSource::Events))
    );
    assert_eq!(
        n(8, Usage::default(), TokenSourceChoice::Usage),
        (None, None)
    );
    let summary = round(
        vec![success(0, 0.0, &[1.0, 2.0], Usage::default())],
        &slo(1e3),
    )
    .summary;
    assert!(
        summary
            .warnings
            .contains(&Warning::TokensFromEvents { count: 1, of: 1 })
    );
    assert_eq!(summary.input_tokens.avg, None);
}

#[test]
fn b046_b047_hit_rates_are_ratios_of_sums_over_those_that_know() {
    let with = |i, prompt, cached| success(i, 0.0, &[1.0, 2.0], usage(prompt, 2, cached));
    let records = vec![
        with(0, 100, Some(100)),
        with(1, 900, Some(0)),
        with(2, 500, None),
    ];
    let summary = round(records, &SummaryOptions::default()).summary;
    assert!(is(summary.cache_hit_rate, 0.1));
    assert_eq!(
        (summary.cache_known_requests, summary.cached_tokens),
        (2, Some(100))
    );
    let unknown = round(vec![with(0, 100, None)], &SummaryOptions::default()).summary;
    assert_eq!(
        (unknown.cache_hit_rate, unknown.cached_tokens),
        (None, None)
    );
}

#[test]
fn v20a_tokens_that_are_not_known_are_no_zero() {
    let usage_only = SummaryOptions {
        token_source: TokenSourceChoice::Usage,
        ..slo(1e9)
    };
    let with = |i, usage| success(i, 0.0, &[1.0, 2.0], usage);
    let known = with(0, usage(5, 8, None));
    let unknown = with(1, Usage::default());
    let summary = round(vec![known.clone(), unknown], &usage_only).summary;
    let good = summary.goodput.unwrap();
    assert_eq!(
        (summary.token_throughput, summary.tokens_per_event),
        (None, None)
    );
    assert_eq!((good.tokens, good.total_tokens), (None, None));
    assert_eq!((good.token_rate, good.token_throughput), (None, None));
    // Requests are counted all the same.
    assert_eq!((good.requests, summary.output_tokens.n), (2, 1));
    assert!(summary.request_throughput.is_some());
    let summary = round(vec![known], &usage_only).summary;
    assert!(summary.token_throughput.is_some_and(|rate| rate > 0.0));
    assert_eq!(summary.goodput.unwrap().tokens, Some(8));
}

proptest! {
    #[test]
    fn b091_order_and_bounds(values in prop::collection::vec(-1e6_f64..1e6, 1..200)) {
        let s = stat(values.iter().copied());
        let order = [s.min, s.p50, s.p90, s.p95, s.p99, s.max].map(Option::unwrap);
        prop_assert!(order.is_sorted(), "{order:?}");
        prop_assert!(s.min <= s.avg && s.avg <= s.max);
    }

    #[test]
    fn picking_quantiles_is_as_good_as_sorting(values in prop::collection::vec(0.0_f64..1e3, 1..400)) {
        let s = stat(values.iter().copied());
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        for (found, p) in [(s.p50, 0.5), (s.p90, 0.9), (s.p95, 0.95), (s.p99, 0.99)] {
            prop_assert_eq!(found, quantile(&sorted, p));
        }
    }

    #[test]
    fn hodges_lehmann_is_the_median_of_all_pairwise_means(values in prop::collection::vec(-9.0_f64..9.0, 1..40)) {
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let mut means = Vec::new();
        for (at, a) in sorted.iter().enumerate() {
            means.extend(sorted[at..].iter().map(|b| f64::midpoint(*a, *b)));
        }
        means.sort_by(f64::total_cmp);
        let found = hodges_lehmann(&sorted).unwrap();
        prop_assert!((found - quantile(&means, 0.5).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn quantiles_match_the_plain_definition(values in prop::collection::vec(0.0_f64..1e3, 1..50), p in 0.0_f64..1.0) {
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        let h = p * (sorted.len() - 1) as f64;
        let (low, high) = (h.floor() as usize, h.ceil() as usize);
        let plain = sorted[low] + (h - h.floor()) * (sorted[high] - sorted[low]);
        prop_assert!((quantile(&sorted, p).unwrap() - plain).abs() < 1e-9);
    }
}

#[test]
fn b144_a_client_that_is_the_bottleneck_is_known() {
    let found = |lag_ms: f64, cpu: f64, coalesced: u64| {
        let mut records: Vec<_> = (0..10).map(|i| simple(i, 100.0, None)).collect();
        for record in &mut records {
            record.stream.coalesced_events = coalesced.min(record.stream.token_events);
        }
        let mut meta = meta(Schedule::default().rounds()[0], records.len());
        meta.client.lags_ns = vec![ns(lag_ms); 50];
        meta.client.busiest_worker = Some(WorkerLoad {
            cpu_ns: ns(1000.0 * cpu),
            wall_ns: ns(1000.0),
        });
        let run = RoundRun { meta, records };
        let result = summarise(run, &SummaryOptions::default());
        let told = result
            .summary
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::ClientOverloaded { .. }));
        assert_eq!(told, result.summary.client.overloaded);
        told
    };
    assert!(!found(1.2, 0.3, 0));
    assert!(found(8.0, 0.3, 0), "late for a TTFT of 100 ms");
    assert!(found(1.2, 0.99, 0), "no CPU time left");
    assert!(!found(1.2, 0.3, 100), "clumps alone are the server's");
}

#[test]
fn welch_is_that_of_scipy() {
    // scipy.stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    let interval = welch(&[1.0, 2.0, 4.0, 5.0], &[2.5, 3.5, 7.0]).unwrap();
    assert!(
        (interval.low + 3.374_861_844_973).abs() < 1e-9,
        "{interval:?}"
    );
    assert!(
        (interval.high - 6.041_528_511_640).abs() < 1e-9,
        "{interval:?}"
    );
    assert!(welch(&[1.0], &[2.0, 3.0]).is_none());
}

#[test]
fn newcombe_is_that_of_his_tables() {
    // Newcombe 1998, table II, method 10: rows (a), (b), (d), (f), (h).
    for (new, old, low, high) in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ] {
        let share = |(part, all): (i32, i32)| (f64::from(part) / f64::from(all), f64::from(all));
        let interval = newcombe(share(old), share(new));
        let near = |a: f64, b: f64| (a - b).abs() < 6e-5;
        assert!(
            near(interval.low, low) && near(interval.high, high),
            "{new:?} {old:?} {interval:?}"
        );
    }
}

#[test]
fn v13_tokens_that_were_not_streamed_do_not_divide_itl() {
    let tokens: Vec<f64> = (0..20).map(|i| 500.0 + 10.0 * f64::from(i)).collect();
    let mut usage = usage(700, 920, None);
    usage.reasoning_tokens = Some(900);
    let mut record = success(0, 0.0, &tokens, usage);
    let itl = |record: &RequestRecord| request_metrics(record, &SummaryOptions::default()).itl_ms;
    assert!((itl(&record).unwrap() - 10.0).abs() < 1e-9);
    assert_eq!(
        request_metrics(&record, &SummaryOptions::default()).output_tokens,
        Some(920)
    );
    // Streamed: the first event is reasoning, the answer begins later.
    record.timeline.first_content_ns = record.timeline.last_token_ns;
    assert!((itl(&record).unwrap() - 190.0 / 919.0).abs() < 1e-9);
    // Fewer visible tokens than events: an event holds at least one.
    record.timeline.first_content_ns = record.timeline.first_token_ns;
    record.usage.completion_tokens = Some(905);
    assert!((itl(&record).unwrap() - 10.0).abs() < 1e-9);
}
