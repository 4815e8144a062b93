//! Worlds in which requests wait for each other: a closed loop of users before one server. TTFT is
//! what a user waits, queue and prefill together.

mod server;

use super::{
    coin::toss,
    random::Random,
    records::{DrawnRequest, known, record, round_meta, salted},
};
use dualround_model::{Arm, MixedPlace, RoundKind, RoundRun, RoundSpec, RunEvidence, Schedule};
use serde::Serialize;
use server::{AnsweredRequest, QueuedRequest, serve};

/// Middle time that the server needs for a cold prompt, ms.
const PREFILL_MS: f64 = 100.0;
/// How much prompts differ in it: standard deviation of ln.
const PROMPT_SIGMA: f64 = 0.3;
/// How much a request differs from itself: standard deviation of ln.
const NOISE: f64 = 0.1;
/// Tokens of a prompt.
const TOKENS: u64 = 1000;
/// Those of them that a hit takes from the cache.
const CACHED: u64 = 980;

/// A world to draw rounds of a queue from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct QueueScenario {
    /// Everything random in it comes from this.
    pub seed: u64,
    /// The schedule: `C`, `W` and `M`.
    pub schedule: &'static str,
    /// Users, each with one request in flight.
    pub concurrency: u32,
    /// Requests of a round, each of a prompt of its own.
    pub requests: u32,
    /// Cold over warm prefill time of a request that hits.
    pub prefill_ratio: f64,
    /// Time from first to last token, as a multiple of the middle cold prefill.
    pub decode: f64,
    /// How much a round differs as a whole: standard deviation of ln.
    pub round_sigma: f64,
    /// How far the server's times go from the beginning of a round to its end: ± 0.2 is from 0.8 to
    /// 1.2 or back, as a coin says.
    pub drift: f64,
}

/// The rounds of a queue, with what is known of the server.
#[derive(Clone, Debug)]
pub struct DrawnQueue {
    /// The rounds in the order of the schedule.
    pub rounds: Vec<RoundRun>,
    /// What was known of the server beside them.
    pub known: RunEvidence,
}

/// Draws the rounds of a queue.
pub fn draw_queue(scenario: &QueueScenario) -> DrawnQueue {
    let mut random = Random::new(scenario.seed);
    let prompts: Vec<f64> = (0..scenario.requests)
        .map(|_| PREFILL_MS * (PROMPT_SIGMA * random.normal()).exp())
        .collect();
    let schedule: Schedule = scenario.schedule.parse().unwrap_or_default();
    let specs = schedule.rounds().into_iter();
    DrawnQueue {
        rounds: specs
            .map(|spec| round(scenario, &prompts, spec, &mut random))
            .collect(),
        known: known(),
    }
}

/// One round, as a run would have left it.
fn round(
    scenario: &QueueScenario,
    prompts: &[f64],
    spec: RoundSpec,
    random: &mut Random,
) -> RoundRun {
    let rows: Vec<usize> = (0..prompts.len()).collect();
    let tossed = (spec.kind == RoundKind::Mixed).then(|| toss(&rows, scenario.concurrency, random));
    let (order, places) = match tossed {
        Some(tossed) => (tossed.order, tossed.places.into_iter().map(Some).collect()),
        None => (rows, vec![None; prompts.len()]),
    };
    let hits = |row: usize| match places[row] {
        Some(MixedPlace { arm, .. }) => arm == Arm::Hit,
        None => spec.kind == RoundKind::Warm,
    };
    let weather = Weather::of(scenario, random);
    let mut requests = Vec::new();
    for (place, row) in order.iter().enumerate() {
        let slower = weather.at(place as f64 / order.len() as f64);
        let before = place.checked_sub(1).map(|before| order[before]);
        let block = |row: usize| places[row].map(|place: MixedPlace| place.block);
        let saved = if hits(*row) {
            scenario.prefill_ratio
        } else {
            1.0
        };
        let [prefill, decode] = [0, 1].map(|_| slower * (NOISE * random.normal()).exp());
        requests.push(QueuedRequest {
            prefill_ms: prefill * prompts[*row] / saved,
            decode_ms: decode * scenario.decode * PREFILL_MS,
            drained: before.is_some_and(|before| block(before) != block(*row)),
        });
    }
    let answered = serve(&requests, scenario.concurrency);
    let sent = order.iter().zip(answered);
    let mut records: Vec<_> = sent
        .map(|(row, answered)| record(&request(*row, hits(*row), places[*row], answered, spec)))
        .collect();
    records.sort_unstable_by_key(|record| record.index);
    let planned = prompts.len();
    RoundRun {
        meta: round_meta(
            scenario.concurrency,
            spec,
            planned,
            planned,
            salted(spec.epoch),
        ),
        records,
    }
}

/// A request of a round as it was answered.
fn request(
    row: usize,
    hits: bool,
    mixed: Option<MixedPlace>,
    answered: AnsweredRequest,
    spec: RoundSpec,
) -> DrawnRequest {
    DrawnRequest {
        index: row,
        prompt: row,
        start_ms: answered.start_ms,
        ttft_ms: Some(answered.ttft_ms),
        tokens: Some(TOKENS),
        whole: false,
        cached: Some(if hits { CACHED } else { 0 }),
        tiers: None,
        shared_chars: 0,
        response_id: None,
        round: spec.number,
        mixed,
    }
}

/// What a round's times are multiplied by.
struct Weather {
    whole: f64,
    /// From the beginning of the round to its end.
    drift: f64,
}

impl Weather {
    fn of(scenario: &QueueScenario, random: &mut Random) -> Self {
        let whole = (scenario.round_sigma * random.normal()).exp();
        let way = if random.chance(0.5) { 1.0 } else { -1.0 };
        Self {
            whole,
            drift: way * scenario.drift,
        }
    }

    /// At this share of the round.
    fn at(&self, share: f64) -> f64 {
        self.whole * (1.0 + self.drift * (2.0 * share - 1.0))
    }
}
