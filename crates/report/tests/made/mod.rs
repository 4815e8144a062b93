//! A made run for the tests of what people see.

use dualround_model::{
    Allowance, AllowanceSource, CacheHit, Class, ClassComparison, ClientHealth, ClientProbe,
    ColdFact, ColdMethod, ColdVerdict, Comparison, Conclusion, ConclusionKind, Diagnosis, Goodput,
    IntervalKind, Lang, LeftOut, LevelComparison, LostPairs, MetricComparison, MetricKind,
    MetricSummary, NoPrefillLine, Outcome, OutputPlan, Plan, PrefillModel, Reason, RequestMetrics,
    RequestPlan, RequestRecord, RequestRows, Resolved, RoundMeta, RoundResult, RoundSummary,
    Schedule, Selection, Source, Stat, StreamFacts, Tail, Tails, Timeline, Timeouts, Usage,
    Verdict, Warning, Withheld, Witness,
};
use dualround_report::{RequestReceiver, RequestSource, RunInfo};
use std::collections::BTreeMap;

pub(crate) fn plan(lang: Lang, levels: &[u32]) -> Plan {
    Plan {
        model: "a,\"b\"".to_owned(),
        request: RequestPlan {
            max_output_tokens: Some(8),
            ..RequestPlan::default()
        },
        levels: levels.iter().copied().map(Into::into).collect(),
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

pub(crate) type Request = (RequestRecord, RequestMetrics);

/// The one request of a made round.
pub(crate) fn request(level: u32, round: u32) -> Request {
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
        row_options: None,
        mixed: None,
        turn: None,
        answer: None,
        user: 0,
        outcome: Outcome::Success,
        timeline: Timeline::default(),
        stream: StreamFacts::default(),
        usage: Usage::default(),
        response_id: None,
        resent: false,
        output: None,
        retries: Vec::new(),
    };
    let metrics = RequestMetrics {
        ttft_ms: Some(f64::INFINITY),
        ..RequestMetrics::default()
    };
    (record, metrics)
}

/// Requests that are in memory, by level and round.
pub(crate) struct InMemory(pub(crate) BTreeMap<(u32, u32), Vec<Request>>);

/// One request for each of these rounds.
pub(crate) fn in_memory(rounds: &[RoundResult]) -> InMemory {
    let keys = rounds
        .iter()
        .map(|round| (round.meta.level, round.meta.spec.number));
    InMemory(keys.map(|key| (key, vec![request(key.0, key.1)])).collect())
}

impl RequestSource for InMemory {
    fn each(
        &self,
        round: &RoundResult,
        every: usize,
        take: &mut RequestReceiver<'_>,
    ) -> std::io::Result<()> {
        let requests = &self.0[&(round.meta.level, round.meta.spec.number)];
        for (record, metrics) in requests.iter().step_by(every) {
            take(record.clone(), metrics.clone())?;
        }
        Ok(())
    }
}

pub(crate) fn result(level: u32, concurrency: u32, round: u32) -> RoundResult {
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
        not_covered: false,
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
    RoundResult {
        meta: RoundMeta {
            level,
            load: concurrency.into(),
            spec,
            planned: 100,
            not_started: 0,
            too_long: Vec::new(),
            prepared_ns: None,
            most_cycles: None,
            started_ns: 0,
            ended_ns: 1,
            paused_ns: 0,
            started_at: "2026-01-01T00:00:00.000Z".to_owned(),
            probe_requests: 0,
            warmup_requests: 0,
            cold: None,
            cut: None,
            content_digest: String::new(),
            wire_digest: String::new(),
            peak_in_flight: concurrency,
            open: None,
            client: ClientProbe::default(),
            metrics: Vec::new(),
            engines: Vec::new(),
            interrupted: false,
            unfinished: false,
            warnings: Vec::new(),
            stopped: None,
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
            ttft_from_due: Stat::default(),
            latency_from_due: Stat::default(),
            client_lag: Stat::default(),
            arrivals: None,
            tails: Tails {
                ttft: Tail {
                    p90: Some(260.5),
                    p95: Some(270.25),
                    p99: None,
                },
                ..Tails::default()
            },
            input_tokens: seven(1024.5),
            output_tokens: seven(256.3),
            token_throughput: Some(565.14),
            request_throughput: Some(2.21),
            goodput: Some(Goodput {
                requests: 95,
                sent: 100,
                request_rate: Some(0.95),
                request_throughput: Some(2.1),
                tokens: Some(24_348),
                total_tokens: Some(25_600),
                token_rate: Some(0.9512),
                token_throughput: Some(537.25),
                itl_not_applicable: 0,
            }),
            cached_tokens: Some(1_234),
            cache_hit_rate: Some(0.2173),
            cache_known_requests: 90,
            cache_omitted_requests: 0,
            cached_by_tier: None,
            written: None,
            cost: None,
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
        requests: RequestRows::default(),
        expected: None,
        chance: None,
        journal: 0..0,
    }
}

/// The comparison of a level, as a run would have it.
pub(crate) fn comparison(level: u32, concurrency: u32) -> LevelComparison {
    let ttft = MetricComparison {
        pairs: 95,
        prompts: 95,
        cold_avg: Some(245.32),
        warm_avg: Some(24.5),
        cold_typical: Some(240.24),
        warm_typical: Some(24.0),
        ratio: Some(10.01),
        ratio_median: Some(10.0),
        spread_low: Some(9.5),
        spread_high: Some(10.5),
        interval_low: Some(7.6),
        interval_high: Some(13.13),
        interval_kind: Some(IntervalKind::Allowed),
        allowance: Some(Allowance {
            percent: 25.0,
            source: AllowanceSource::Default,
        }),
        ..MetricComparison::default()
    };
    let withheld = MetricComparison {
        withheld: Some(Withheld::UnequalAnswers { pairs: 20, of: 95 }),
        ..ttft.clone()
    };
    LevelComparison {
        load: concurrency.into(),
        level,
        pairs: 95,
        sessions: None,
        cycles: 1,
        cold: ColdVerdict {
            method: ColdMethod::Marker,
            verdict: Verdict::Contaminated,
            evidence: vec![
                ColdFact::ResetProofFailed {
                    reason: "<b>9</b> <script>x</script> | y".to_owned(),
                },
                ColdFact::Hits {
                    round: 1,
                    cached: 9000,
                    prompt: 95_000,
                    known: 95,
                    omitted: 0,
                    excess: 9000,
                    limit: 950.0,
                },
            ],
        },
        prompts: 95,
        lost_pairs: LostPairs {
            cold: 0,
            warm: 5,
            of: 100,
        },
        classes: [Class::Hit, Class::Miss]
            .map(|class| ClassComparison {
                class,
                requests: 47,
                ratio: Some(10.01),
                cold_typical: Some(240.24),
                warm_typical: Some(24.0),
            })
            .into(),
        itl: ttft.clone(),
        latency: withheld,
        hit_rate: CacheHit {
            usage: Some(0.988),
            usage_cold: Some(0.0),
            usage_known: 95,
            usage_of: 95,
            ..CacheHit::default()
        },
        answers: None,
        external: None,
        mixed: None,
        inside_reuse: None,
        until: None,
        partial: Vec::new(),
        buckets: Vec::new(),
        prefill: PrefillModel {
            refused: Some(NoPrefillLine::FewPoints),
            ..PrefillModel::default()
        },
        unequal_outputs: 20,
        conclusion: Conclusion {
            kind: ConclusionKind::Withheld,
            source: Source::Cw,
            rounds: Source::Cw,
            allowance: ttft.allowance,
            bound: None,
            reason: Some(Reason::Contaminated),
            cache_evidence: true,
            margin: 0.05,
            witness: Witness::Usage,
            cold_hits: Some(0.0),
            remarks: Vec::new(),
        },
        cost: None,
        diagnosis: vec![Diagnosis::CountersLeftOut {
            base: "look *here* <script>x</script>".to_owned(),
            reason: LeftOut::PassesOn,
        }],
        ttft,
    }
}

/// All of a run.
pub(crate) fn run(lang: Lang, levels: &[u32]) -> (RunInfo, Vec<RoundResult>, Comparison) {
    let rounds = (0..)
        .zip(levels)
        .flat_map(|(level, concurrency)| [1, 2].map(|round| result(level, *concurrency, round)));
    let compared = (0..).zip(levels);
    let compared = compared.map(|(level, concurrency)| comparison(level, *concurrency));
    let info = RunInfo {
        run_id: "2026-01-01T00-00-00-000Z".to_owned(),
        version: "0.1.0".to_owned(),
        plan: plan(lang, levels),
        dataset: Selection::default(),
        started_at: "2026-01-01T00:00:00.000Z".to_owned(),
        finished_at: None,
        clock_anchor: "2026-01-01T00:00:00.000Z".to_owned(),
        environment: serde_json::json!({"os": "linux"}),
        canary: None,
        engines: Vec::new(),
        reuse: None,
        plan_digest: String::new(),
        resumed_at: Vec::new(),
        warnings: Vec::new(),
        interrupted: false,
        exit_code: None,
    };
    let comparison = Comparison {
        levels: compared.collect(),
        canary: None,
    };
    (info, rounds.collect(), comparison)
}
