//! `dualround calibrate`: this client, on this machine, against an engine that logs the truth.

use crate::screen::{note, print};
use crate::{
    args::{
        CalibrateArgs,
        words::{ApiWord, LangWord},
    },
    exit,
    exit::Usage,
    settings, signals,
};
use anyhow::Context;
use dualround_loadgen::{Cancel, RoundEvent, Session};
use dualround_model::{
    Api, Calibration, ColdPolicy, FlatOut, Lang, Load, Plan, RequestPlan, RoundKind, RoundResult,
    RoundSpec, Sample, Timeouts, TrueTimes, whole_up,
};
use dualround_report::{calibration_table, load_text};
use dualround_stats::{
    RoundFold, SummaryOptions, calibrate, calibrate_rate, flat_out, held_level, held_rate,
};
use serde_json::{Map, json};
use simllm::{Sim, SimConfig, TruthRequest};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering::SeqCst},
};

/// A level counts as held when its errors stay within this, ms.
const LIMIT_MS: f64 = 1.0;
/// Requests in flight where nothing is asked for.
const LEVELS: [u32; 3] = [1, 64, 512];
/// How long requests arrive at a rate, s.
const SECONDS: f64 = 5.0;
/// Requests of a level at the least.
const LEAST: u32 = 8;
/// The flat-out round: streams, answers of each, tokens of an answer, events of a write.
const FLAT: (u32, u32, u64, usize) = (64, 20, 256, 16);

/// Runs `dualround calibrate`: the client's own error against a server that knows the truth.
pub(crate) fn run(args: &CalibrateArgs) -> anyhow::Result<u8> {
    let lang = LangWord::or_locale(args.lang);
    let api = args.api.map(ApiWord::means).unwrap_or_default();
    let cancel = Cancel::new();
    let given = signals::listen(&cancel);
    let workers = args.workers.unwrap_or_else(settings::default_workers);
    let paced = SimConfig {
        fixed_ttft_ms: Some(args.ttft_ms),
        itl_ms: args.itl_ms,
        ..engine()
    };
    let (mut levels, mut rates) = (Vec::new(), Vec::new());
    for load in loads(args)? {
        note(&format!("calibrating {} …", load_text(load, Lang::En)));
        let job = CalibrationRound {
            api,
            load,
            requests: requests(load, args.waves),
            workers,
            output_tokens: args.output_tokens,
        };
        let (round, truth) = job.run(&paced, &cancel)?;
        if cancel.is_cancelled() {
            return Ok(given.load(SeqCst));
        }
        if load.is_open() {
            rates.push(calibrate_rate(&round, &truth));
        } else {
            levels.push(calibrate(&round, &truth));
        }
    }
    note("calibrating flat out …");
    let flat = take_flat_out(api, workers, &cancel)?;
    if cancel.is_cancelled() {
        return Ok(given.load(SeqCst));
    }
    let calibration = Calibration {
        api: api.word().to_owned(),
        workers,
        ttft_ms: args.ttft_ms,
        itl_ms: args.itl_ms,
        output_tokens: args.output_tokens,
        held_level: held_level(&levels, LIMIT_MS),
        levels,
        held_rate: held_rate(&rates, LIMIT_MS),
        rates,
        limit_ms: LIMIT_MS,
        flat_out: flat,
    };
    if args.json {
        print(&serde_json::to_string_pretty(&calibration)?);
    } else {
        print(calibration_table(&calibration, lang).trim_end());
    }
    Ok(exit::OK)
}

/// The loads to be measured, as they were given.
///
/// # Errors
/// [`Usage`] for a rate that is none.
fn loads(args: &CalibrateArgs) -> Result<Vec<Load>, Usage> {
    let by_default = args.concurrency.is_empty() && args.request_rate.is_empty();
    let concurrency: &[u32] = if by_default {
        &LEVELS
    } else {
        &args.concurrency
    };
    let mut loads: Vec<Load> = concurrency.iter().copied().map(Load::from).collect();
    for per_second in &args.request_rate {
        loads.push(settings::poisson(*per_second)?);
    }
    Ok(loads)
}

/// Requests of a level.
fn requests(load: Load, waves: u32) -> u32 {
    let requests = match load.concurrency() {
        Some(concurrency) => concurrency.saturating_mul(waves),
        None => whole_up(load.value() * SECONDS),
    };
    requests.max(LEAST)
}

/// An engine without a cache, without queues, and with no time of its own.
fn engine() -> SimConfig {
    SimConfig {
        cache_blocks: 0,
        prefill_serial: false,
        max_batch: 1 << 20,
        fixed_ttft_ms: Some(0.0),
        itl_ms: 0.0,
        itl_ms_per_running: 0.0,
        ..SimConfig::default()
    }
}

fn take_flat_out(api: Api, workers: u32, cancel: &Cancel) -> anyhow::Result<Option<FlatOut>> {
    let (concurrency, waves, output_tokens, events_per_write) = FLAT;
    let config = SimConfig {
        events_per_write,
        ..engine()
    };
    let job = CalibrationRound {
        api,
        load: concurrency.into(),
        requests: concurrency * waves,
        workers,
        output_tokens,
    };
    let (round, _) = job.run(&config, cancel)?;
    Ok(flat_out(&round))
}

/// A round of a calibration: one level against the simulated engine.
struct CalibrationRound {
    api: Api,
    load: Load,
    requests: u32,
    workers: u32,
    output_tokens: u64,
}

impl CalibrationRound {
    fn run(
        &self,
        config: &SimConfig,
        cancel: &Cancel,
    ) -> anyhow::Result<(RoundResult, BTreeMap<u32, TrueTimes>)> {
        let sim = Sim::start(config.clone()).context("the simulated engine did not start")?;
        let mut plan = Plan {
            model: config.models.first().cloned().unwrap_or_default(),
            request: RequestPlan {
                max_output_tokens: Some(self.output_tokens),
                max_tokens_field: self.api.length_field().to_owned(),
                ..RequestPlan::default()
            },
            levels: vec![self.load],
            // Connections are opened and primed before the round, as in a run.
            probe: true,
            warmup: Some(0),
            workers: self.workers,
            timeouts: Timeouts::default(),
            ..Plan::new(format!("{}/v1{}", sim.base_url(), self.api.path()), "none")
        };
        plan.cold.policy = ColdPolicy::None;
        let samples = (0..self.requests).map(sample).collect();
        let mut session = Session::open(plan, vec![samples], cancel.clone())?;
        let spec = RoundSpec {
            number: 1,
            epoch: Some(0),
            kind: RoundKind::Cold,
            kept_percent: None,
        };
        let mut fold = RoundFold::new(SummaryOptions::default(), self.requests);
        let meta = session.run_round(0, spec, &mut |event| {
            if let RoundEvent::Finished(record) = event {
                fold.add(record);
            }
        })?;
        let truth = sim.settled_truth();
        let times = truth.requests.iter().filter_map(true_times).collect();
        Ok((fold.finish(meta, 0..0), times))
    }
}

/// A short question that names itself to the engine's log.
fn sample(index: u32) -> Arc<Sample> {
    Arc::new(Sample {
        row: u64::from(index) + 1,
        id: None,
        messages: vec![
            json!({"role": "user", "content": format!("Question {index}: what time is it?")}),
        ],
        output_tokens: None,
        input_tokens: None,
        arrival_ns: None,
        options: Map::from_iter([("user".to_owned(), json!(index.to_string()))]),
        truncated: false,
        turn: None,
    })
}

fn true_times(request: &TruthRequest) -> Option<(u32, TrueTimes)> {
    let index = request.user.as_ref()?.parse().ok()?;
    let (first, last, done) = (request.t_first_ns?, request.t_last_ns?, request.t_done_ns?);
    let gaps = u32::try_from(request.tokens.checked_sub(1)?).ok()?;
    Some((
        index,
        TrueTimes {
            ttft_ms: ms_between(request.t_recv_ns, first),
            itl_ms: (gaps > 0).then(|| ms_between(first, last) / f64::from(gaps)),
            latency_ms: ms_between(request.t_recv_ns, done),
        },
    ))
}

fn ms_between(from_ns: u64, to_ns: u64) -> f64 {
    std::time::Duration::from_nanos(to_ns.saturating_sub(from_ns)).as_secs_f64() * 1e3
}
