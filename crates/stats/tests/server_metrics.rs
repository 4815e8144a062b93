//! Metrics of servers over a round: counters, gauges and histograms, case by case.
#![cfg(test)]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small numbers made here"
)]

mod common;

use common::{is, meta, ns, success, usage};
use dualround_model::{
    MetricKind, MetricTrack, Resolved, RoundRun, Schedule, SeriesTrack, TrackPoint, Warning,
};
use dualround_stats::{SummaryOptions, summarise};

fn series(name: &str, labels: &[(&str, &str)], values: &[Option<f64>]) -> SeriesTrack {
    let points = (0..).zip(values).map(|(i, value)| TrackPoint {
        at_ns: i * ns(500.0),
        took_ns: 0,
        value: value.filter(|value| value.is_finite()),
        nan: value.is_some_and(f64::is_nan),
    });
    SeriesTrack {
        name: name.to_owned(),
        labels: labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        points: points.collect(),
    }
}

/// Readings that begin with the round and end with it.
fn over_round(name: &str, labels: &[(&str, &str)], values: &[Option<f64>]) -> SeriesTrack {
    let mut series = series(name, labels, values);
    let gaps = (values.len() - 1).max(1) as u64;
    for (i, point) in (0..).zip(&mut series.points) {
        point.at_ns = i * ns(1000.0) / gaps;
    }
    series
}

fn metric(
    kind: MetricKind,
    resolved: Resolved,
    series: Vec<SeriesTrack>,
) -> dualround_model::MetricSummary {
    of_track(MetricTrack {
        resolved,
        ..track(kind, series)
    })
}

fn track(kind: MetricKind, series: Vec<SeriesTrack>) -> MetricTrack {
    MetricTrack {
        asked: "m".to_owned(),
        resolved: named(),
        kind,
        series,
        failed_scrapes: 0,
        bad_lines: 0,
        other_process: false,
    }
}

fn of_track(track: MetricTrack) -> dualround_model::MetricSummary {
    let spec = Schedule::default().rounds()[0];
    let mut meta = meta(spec, 1);
    meta.metrics = vec![track];
    let run = RoundRun {
        meta,
        records: vec![success(0, 0.0, &[1.0, 999.0], usage(1, 2, None))],
    };
    summarise(run, &SummaryOptions::default())
        .summary
        .prometheus["m"]
        .clone()
}

fn named() -> Resolved {
    Resolved::Name("m".to_owned())
}

#[test]
fn b110_histograms_by_the_rounds_own_increases() {
    let bucket = |le, a, b| over_round("t_bucket", &[("le", le)], &[Some(a), Some(b)]);
    let summary = metric(
        MetricKind::Histogram,
        named(),
        vec![
            bucket("0.1", 3.0, 3.0),
            bucket("0.5", 9.0, 19.0),
            bucket("+Inf", 10.0, 20.0),
            over_round("t_sum", &[], &[Some(2.5), Some(6.5)]),
            over_round("t_count", &[], &[Some(10.0), Some(20.0)]),
        ],
    );
    assert!(is(summary.value, 0.4) && is(summary.increase, 10.0) && is(summary.stat.p50, 0.3));
}

/// A page that two processes answer in turn: nothing is computed over the jumps.
#[test]
fn f024_no_statistic_over_readings_that_do_not_belong_together() {
    let turns = [1000.0, 40.0, 1010.0, 44.0].map(Some);
    let jumps = metric(
        MetricKind::Counter,
        named(),
        vec![over_round("h", &[], &turns)],
    );
    assert!(jumps.counter_reset);
    assert_eq!(
        (jumps.stat.n, jumps.stat.avg, jumps.stat.max),
        (0, None, None)
    );
    assert_eq!((jumps.increase, jumps.rate), (None, None));
}

#[test]
fn b111_b118_b119_b120_counters() {
    let two = vec![
        over_round("hits", &[("engine", "0")], &[Some(10.0), Some(40.0)]),
        over_round("hits", &[("engine", "1")], &[Some(5.0), Some(25.0)]),
    ];
    let summary = metric(MetricKind::Counter, named(), two);
    assert!(is(summary.increase, 50.0) && is(summary.series["{engine=\"1\"}"], 20.0));
    let reset = metric(
        MetricKind::Counter,
        named(),
        vec![over_round("h", &[], &[Some(900.0), Some(40.0)])],
    );
    assert!(reset.counter_reset && reset.increase.is_none());
    let later = metric(
        MetricKind::Counter,
        named(),
        vec![over_round("h", &[], &[None, Some(64.0)])],
    );
    assert!(is(later.increase, 64.0));
    let ratio = Resolved::Ratio {
        numerator: "h".to_owned(),
        denominator: "q".to_owned(),
    };
    let both = vec![
        over_round("h", &[], &[Some(9000.0), Some(9500.0)]),
        over_round("q", &[], &[Some(10_000.0), Some(12_000.0)]),
    ];
    assert!(is(metric(MetricKind::Ratio, ratio, both).value, 0.25));
}

#[test]
fn v20b_a_counter_that_is_not_a_number_at_first_does_not_count_from_zero() {
    let counter = |values: &[Option<f64>]| {
        metric(
            MetricKind::Counter,
            named(),
            vec![over_round("h", &[], values)],
        )
    };
    let nan = counter(&[Some(f64::NAN), Some(5000.0), Some(5012.0)]);
    assert!(is(nan.increase, 12.0) && nan.nan_samples == 1, "{nan:?}");
    // There after a reading without it, then without a number: nothing was before.
    let later = counter(&[None, Some(f64::NAN), Some(64.0)]);
    assert_eq!(later.increase, None, "{later:?}");
    let absent = counter(&[None, Some(60.0), Some(64.0)]);
    assert!(is(absent.increase, 64.0) && absent.nan_samples == 0);
    // One reading has nothing to be held against.
    assert_eq!(counter(&[Some(5000.0)]).increase, None);
}

#[test]
fn b111_b113_gauges() {
    let summary = metric(
        MetricKind::Gauge,
        named(),
        vec![series("g", &[], &[Some(0.5), None, Some(0.7)])],
    );
    assert!(is(summary.stat.avg, 0.6) && summary.stat.n == 2 && summary.nan_samples == 1);
    let two = vec![
        series("use", &[("gpu", "0")], &[Some(0.2)]),
        series("use", &[("gpu", "1")], &[Some(0.8)]),
    ];
    let summary = metric(MetricKind::Gauge, named(), two);
    assert!(is(summary.stat.avg, 0.5) && is(summary.series["{gpu=\"1\"}"], 0.8));
}

#[test]
fn b124_a_gauge_is_the_mean_of_the_round_not_its_last_reading() {
    // Every half second; the round takes one second.
    let summary = metric(
        MetricKind::Gauge,
        named(),
        vec![series(
            "g",
            &[],
            &[Some(0.9), Some(0.7), Some(0.8), Some(0.0)],
        )],
    );
    assert!(
        is(summary.stat.avg, 0.8) && summary.stat.n == 3,
        "{summary:?}"
    );
    assert!(is(summary.after, 0.0));
    // No reading fell into it: the first one after it stands for it.
    let mut late = series("g", &[], &[None, None, None, Some(0.4), Some(0.9)]);
    late.points.drain(..3);
    let late = metric(MetricKind::Gauge, named(), vec![late]);
    assert!(is(late.stat.avg, 0.4) && late.stat.n == 1, "{late:?}");
}

/// Two processes answered in turn, and what was read only grew.
#[test]
fn f024_no_statistic_where_another_process_answered() {
    for kind in [MetricKind::Counter, MetricKind::Gauge] {
        let values = [Some(40.0), Some(1000.0)];
        let summary = of_track(MetricTrack {
            other_process: true,
            ..track(kind, vec![over_round("m", &[], &values)])
        });
        assert!(summary.counter_reset);
        let figures = (summary.increase, summary.rate, summary.value);
        assert_eq!((figures, summary.stat.n), ((None, None, None), 0));
    }
}

/// Mean and number are the round's own, quantiles those of the server's window.
#[test]
fn f024_a_summary_is_read_as_one() {
    let quantile = over_round("t", &[("quantile", "0.5")], &[Some(0.3), Some(0.5)]);
    let sum = over_round("t_sum", &[], &[Some(100.0), Some(104.0)]);
    let count = over_round("t_count", &[], &[Some(90.0), Some(100.0)]);
    let parts = vec![quantile.clone(), sum.clone(), count];
    let summary = metric(MetricKind::Summary, named(), parts);
    assert!(is(summary.value, 0.4) && is(summary.increase, 10.0));
    assert_eq!((summary.stat.n, summary.stat.p50), (10, None));
    assert!(is(summary.series["{quantile=\"0.5\"}"], 0.4));
    let fell = over_round("t_count", &[], &[Some(90.0), Some(3.0)]);
    let reset = metric(MetricKind::Summary, named(), vec![quantile, sum, fell]);
    assert!(reset.counter_reset && reset.value.is_none() && reset.series.is_empty());
}

/// A reading right behind another shows one event, not a rate.
#[test]
fn f024_rates_are_of_readings_that_lie_apart() {
    let mut counter = series("h", &[], &[Some(0.0), Some(5.0), Some(10.0), Some(11.0)]);
    counter.points[3].at_ns = counter.points[2].at_ns + 200_000;
    let summary = metric(MetricKind::Counter, named(), vec![counter]);
    assert!(is(summary.increase, 11.0));
    assert_eq!(summary.stat.n, 2);
    assert!(
        summary.stat.max.is_some_and(|most| most < 12.1),
        "{summary:?}"
    );
}

/// Readings that fail, or lack the series, at an end of the round leave a part of it.
#[test]
fn f024_a_part_of_a_round_is_no_increase() {
    let read = |at_ms: &[f64], values: &[Option<f64>]| {
        let mut one = series("h", &[], values);
        for (point, at) in one.points.iter_mut().zip(at_ms) {
            point.at_ns = ns(*at);
        }
        let mut meta = meta(Schedule::default().rounds()[0], 1);
        (meta.started_ns, meta.ended_ns) = (ns(100.0), ns(1000.0));
        meta.metrics = vec![track(MetricKind::Counter, vec![one])];
        let records = vec![success(0, 100.0, &[101.0, 999.0], usage(1, 2, None))];
        let summary = summarise(RoundRun { meta, records }, &SummaryOptions::default()).summary;
        let told = summary
            .warnings
            .iter()
            .any(|one| matches!(one, Warning::MetricNotCovered { .. }));
        let metric = &summary.prometheus["m"];
        (metric.increase, metric.counter_reset, told)
    };
    let whole = [0.0, 50.0, 600.0, 1001.0];
    let counted = [Some(5.0), Some(5.0), Some(9.0), Some(12.0)];
    assert_eq!(read(&whole, &counted), (Some(7.0), false, false));
    // All that could be read was before the round, or within it.
    assert_eq!(read(&whole[..2], &counted[..2]), (None, false, true));
    assert_eq!(read(&whole[..3], &counted[..3]), (None, false, true));
    assert_eq!(read(&whole[2..], &counted[2..]), (None, false, true));
    // The last one was asked for before the end, and answered after it: it may be of the round.
    let late = |took_ms: f64| {
        let mut one = series("h", &[], &[Some(5.0), Some(9.0)]);
        for (point, at) in one.points.iter_mut().zip([0.0, 1100.0]) {
            point.at_ns = ns(at);
        }
        one.points[1].took_ns = ns(took_ms);
        let mut meta = meta(Schedule::default().rounds()[0], 1);
        (meta.started_ns, meta.ended_ns) = (ns(0.0), ns(1000.0));
        meta.metrics = vec![track(MetricKind::Counter, vec![one])];
        let records = vec![success(0, 0.0, &[1.0, 999.0], usage(1, 2, None))];
        let result = summarise(RoundRun { meta, records }, &SummaryOptions::default());
        let metric = result.summary.prometheus["m"].clone();
        (metric.increase, metric.after, metric.not_covered)
    };
    assert_eq!(late(90.0), (Some(4.0), Some(9.0), false));
    assert_eq!(late(150.0), (None, None, true));
    // The page came without the series at the end.
    let lacks = [Some(5.0), Some(5.0), Some(9.0), None];
    assert_eq!(read(&whole, &lacks), (None, false, true));
    // One that appears in the round counts from zero, one of the second reading before it does not.
    let appears = [None, None, Some(9.0), Some(12.0)];
    assert_eq!(read(&whole, &appears), (Some(12.0), false, false));
    let known = [None, Some(5.0), Some(9.0), Some(12.0)];
    assert_eq!(read(&whole, &known), (Some(7.0), false, false));
    // A series that goes and comes is of two processes.
    let flips = [Some(5.0), None, Some(9.0), Some(12.0)];
    assert_eq!(read(&whole, &flips), (None, true, false));
}
