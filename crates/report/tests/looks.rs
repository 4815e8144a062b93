//! What people see: tables, CSV files, the folder of a run.
#![cfg(test)]

use dualround_model::{
    ClientHealth, ClientProbe, Goodput, Lang, MetricKind, MetricSummary, Outcome, OutputPlan, Plan,
    RequestMetrics, RequestPlan, RequestRecord, Resolved, RoundMeta, RoundResult, RoundSummary,
    Schedule, Stat, StreamFacts, Timeline, Timeouts, Usage, Warning,
};
use dualround_report::{ReportError, RunFiles, read_journal, round_table};
use std::{collections::BTreeMap, fs, path::Path};
use unicode_width::UnicodeWidthStr;

fn plan(lang: Lang, levels: &[u32]) -> Plan {
    Plan {
        model: "a,\"b\"".to_owned(),
        request: RequestPlan {
            max_output_tokens: Some(8),
            ..RequestPlan::default()
        },
        levels: levels.to_vec(),
        timeouts: Timeouts {
            connect_ms: None,
            total_ms: None,
            ..Timeouts::default()
        },
        output: OutputPlan {
            dir: "out".into(),
            lang,
            ..OutputPlan::default()
        },
        seed: 1,
        ..Plan::new("http://h:8000/v1/chat/completions", "d.jsonl")
    }
}

fn seven(avg: f64) -> Stat {
    let at = |factor: f64| Some(avg * factor);
    Stat {
        n: 100,
        avg: at(1.0),
        p50: at(0.97),
        p90: at(1.2),
        p95: at(1.25),
        p99: at(1.3),
        min: at(0.8),
        max: at(1.4),
        stddev: at(0.1),
    }
}

fn result(level: u32, concurrency: u32, round: u32) -> RoundResult {
    let spec = Schedule::default().rounds()[round as usize - 1];
    let metric = MetricSummary {
        kind: MetricKind::Gauge,
        resolved: Resolved::Name("lmcache_hit_rate".to_owned()),
        stat: seven(0.5),
        increase: None,
        rate: None,
        value: None,
        before: None,
        after: Some(f64::NAN),
        counter_reset: false,
        nan_samples: 0,
        series: BTreeMap::new(),
    };
    let long = "a_metric_name_of_more_than_thirty_columns{x=\"1,2\"}".to_owned();
    let counter = MetricSummary {
        kind: MetricKind::Counter,
        increase: Some(12.0),
        ..metric.clone()
    };
    let missing = MetricSummary {
        stat: Stat::default(),
        after: None,
        ..metric.clone()
    };
    let record = RequestRecord {
        level,
        round,
        index: 0,
        id: Some("../../tmp/evil".into()),
        prompt: Some("=HYPERLINK(\"http://x\")".into()),
        prompt_digest: "00".into(),
        prompt_chars: 5,
        input_tokens: None,
        shared_chars: 0,
        truncated: false,
        user: 0,
        outcome: Outcome::Success,
        timeline: Timeline::default(),
        stream: StreamFacts::default(),
        usage: Usage::default(),
        resent: false,
        output: None,
    };
    let metrics = RequestMetrics {
        ttft_ms: Some(f64::INFINITY),
        ..RequestMetrics::default()
    };
    RoundResult {
        meta: RoundMeta {
            level,
            concurrency,
            spec,
            planned: 100,
            not_started: 0,
            started_ns: 0,
            ended_ns: 1,
            started_at: "2026-01-01T00:00:00.000Z".to_owned(),
            probe_requests: 0,
            warmup_requests: 0,
            cold: None,
            cut: None,
            content_digest: String::new(),
            wire_digest: String::new(),
            peak_in_flight: concurrency,
            client: ClientProbe::default(),
            metrics: Vec::new(),
            engines: Vec::new(),
            interrupted: false,
            warnings: Vec::new(),
        },
        summary: RoundSummary {
            planned_requests: 100,
            total_requests: 100,
            successful_requests: 95,
            failed_requests: 5,
            cancelled_requests: 0,
            not_started_requests: 0,
            duration_seconds: Some(45.32),
            ttft: seven(245.32),
            ttfo: Stat::default(),
            itl: seven(18.25),
            icl: Stat::default(),
            latency: seven(4756.78),
            input_tokens: seven(1024.5),
            output_tokens: seven(256.3),
            token_throughput: Some(565.14),
            request_throughput: Some(2.21),
            goodput: Some(Goodput {
                requests: 95,
                sent: 100,
                request_rate: Some(0.95),
                tokens: 24_348,
                total_tokens: 25_600,
                token_rate: Some(0.9512),
                token_throughput: Some(537.25),
                itl_not_applicable: 0,
            }),
            cached_tokens: Some(1_234),
            cache_hit_rate: Some(0.2173),
            cache_known_requests: 90,
            failures: BTreeMap::from([("http_503".to_owned(), 5)]),
            flags: BTreeMap::new(),
            tokens_per_event: Some(1.0),
            prometheus: BTreeMap::from([
                ("lmcache_hit_rate".to_owned(), metric),
                (long, counter),
                ("nothing".to_owned(), missing),
            ]),
            client: ClientHealth::default(),
            warnings: vec![Warning::FewSamplesForP99 { n: 95 }],
        },
        requests: vec![(record, metrics)],
    }
}

#[test]
fn the_table_in_both_languages() {
    insta::assert_snapshot!(
        "table_zh",
        round_table(&result(0, 10, 1), &plan(Lang::Zh, &[10]))
    );
    insta::assert_snapshot!(
        "table_en",
        round_table(&result(0, 10, 2), &plan(Lang::En, &[10]))
    );
}

#[test]
fn b141_every_line_of_the_box_has_one_width() {
    for lang in [Lang::En, Lang::Zh] {
        let table = round_table(&result(0, 10, 1), &plan(lang, &[10]));
        let boxed = table
            .lines()
            .filter(|line| line.starts_with(['│', '├', '└']));
        let widths: Vec<usize> = boxed.map(UnicodeWidthStr::width).collect();
        assert!(
            widths.len() > 7 && widths.iter().all(|width| *width == widths[0]),
            "{widths:?}"
        );
    }
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn b135_b136_csv_files() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let rounds = [
        result(0, 5, 1),
        result(0, 5, 2),
        result(1, 10, 1),
        result(1, 10, 2),
    ];
    for (lang, name) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
        files
            .write_summaries(&rounds, &plan(lang, &[5, 10]))
            .unwrap();
        for file in ["metrics_summary", "metrics_flat"] {
            let text = read(dir.path(), &format!("{file}.csv"));
            insta::assert_snapshot!(format!("{file}_{name}"), text);
            let mut csv = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(text.as_bytes());
            // The reader refuses rows of another width by itself.
            let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
            assert!(rows.iter().all(|row| row.len() == 5));
            assert!(rows.iter().any(|row| row[0].contains("{x=\"1,2\"}")));
        }
    }
}

#[test]
fn b134_b154_json_is_strict_and_ids_are_data() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    files
        .write_round(&result(0, 10, 1), &plan(Lang::En, &[10]))
        .unwrap();
    let text = read(dir.path(), "concurrency_10_round_1.json");
    assert!(!text.contains("NaN") && !text.contains("inf"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["requests"][0]["ttft"].is_null());
    assert_eq!(value["requests"][0]["id"], "../../tmp/evil");
    assert_eq!(value["summary"]["p99_ttft"], 318.916);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn b138_folders_of_earlier_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    files
        .write_round(&result(0, 20, 1), &plan(Lang::En, &[20]))
        .unwrap();
    let again = RunFiles::open(dir.path(), false, false);
    assert!(matches!(again, Err(ReportError::Occupied { .. })));
    let (_, moved) = RunFiles::open(dir.path(), false, true).unwrap();
    assert!(moved.unwrap().join("concurrency_20_round_1.json").exists());
    assert!(!dir.path().join("concurrency_20_round_1.json").exists());
    files
        .write_round(&result(0, 30, 1), &plan(Lang::En, &[30]))
        .unwrap();
    RunFiles::open(dir.path(), true, false).unwrap();
    assert!(!dir.path().join("concurrency_30_round_1.json").exists());
    fs::write(dir.path().join("file"), "").unwrap();
    let error = RunFiles::check(&dir.path().join("file/x"), false, false).unwrap_err();
    assert!(error.to_string().contains("file/x"));
}

#[test]
fn b149_a_journal_with_a_torn_end_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let one = result(0, 10, 1);
    let mut journal = files.journal().unwrap();
    journal.append(&one.requests[0].0).unwrap();
    journal.round(&one.meta).unwrap();
    journal.append(&one.requests[0].0).unwrap();
    journal.flush().unwrap();
    let path = files.journal_path();
    let whole = read_journal(&path).unwrap();
    assert_eq!((whole.len(), whole[0].records.len()), (1, 1));
    assert_eq!(
        (&whole[0].meta, &whole[0].records[0]),
        (&one.meta, &one.requests[0].0)
    );
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    assert_eq!(read_journal(&path).unwrap().len(), 1);
    fs::write(&path, format!("{{}}\n{text}")).unwrap();
    assert!(
        read_journal(&path)
            .unwrap_err()
            .to_string()
            .contains("line 1")
    );
}
