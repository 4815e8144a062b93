//! Worlds in which requests arrive at a rate, before a server whose capacity is known by
//! construction: on either side it can hold the rate, or it cannot.

mod instants;
mod named;
mod play;
mod random_world;
mod records;
mod scenario;

pub use named::named_arrivals;
pub use random_world::arrival_scenario;
pub use scenario::{ArrivalScenario, ArrivalTruth, LoadedSide};

use super::{
    coin::toss,
    random::Random,
    records::{known, round_meta, salted},
};
use dualround_model::{
    Arm, ArrivalRate, Load, MixedPlace, OpenLoopRound, RoundKind, RoundMeta, RoundRun, RoundSpec,
    RunEvidence, Schedule,
};
use instants::instants;
use play::{DueRequest, PlayedRound, play};
use records::{PlayedRow, backlog, ns, record_of, seen_ratio};
use scenario::{FEWEST, RoundTruth};

/// Requests of a mixed round for each four of a block.
const BLOCK: u32 = 80;

/// The rounds of a world of arrivals, with what is known and what is true of them.
#[derive(Clone, Debug)]
pub struct DrawnArrivals {
    /// The rounds in the order of the schedule.
    pub rounds: Vec<RoundRun>,
    /// What was known of the server beside them.
    pub known: RunEvidence,
    /// Requests that it works on at once, where it tells them.
    pub places: Option<u64>,
    /// The truth.
    pub truth: ArrivalTruth,
}

/// Draws the rounds of a scenario.
pub fn draw_arrivals(scenario: &ArrivalScenario) -> DrawnArrivals {
    // Not the draws that the scenario itself comes from.
    let mut random = Random::new(scenario.seed ^ 0xa441);
    let world = ArrivalWorld::new(scenario, &mut random);
    let schedule: Schedule = scenario.schedule.parse().unwrap_or_default();
    let specs = schedule.rounds();
    let mut truth = ArrivalTruth::default();
    let mut rounds = Vec::new();
    for (at, spec) in specs.iter().enumerate() {
        let started = match scenario.last_round_started {
            Some(started) if at + 1 == specs.len() => started.min(scenario.requests),
            _ => scenario.requests,
        };
        let (run, found) = world.round(*spec, started, &mut random);
        if spec.kind == RoundKind::Warm {
            for record in run.records.iter().filter(|one| one.outcome.is_success()) {
                truth.prompt += record.usage.prompt_tokens.unwrap_or(0);
                truth.cached.warm += record.usage.cached_tokens.unwrap_or(0);
            }
        }
        truth.rounds.push(found);
        rounds.push(run);
    }
    truth.seen_ratio = seen_ratio(&rounds);
    let places = u64::from(scenario.places);
    DrawnArrivals {
        rounds,
        known: known(),
        places: scenario.places_told.then_some(places),
        truth,
    }
}

/// What all rounds of a scenario have in common.
struct ArrivalWorld<'a> {
    scenario: &'a ArrivalScenario,
    /// Whether each prompt hits in warm rounds.
    hits: Vec<bool>,
    /// Mean time between two arrivals, ms.
    gap_ms: f64,
    /// When requests arrive, ms; empty in a closed loop.
    due_ms: Vec<f64>,
}

impl<'a> ArrivalWorld<'a> {
    fn new(scenario: &'a ArrivalScenario, random: &mut Random) -> Self {
        let prompts = 0..scenario.requests;
        let hits: Vec<bool> = prompts.map(|_| random.chance(scenario.hit_share)).collect();
        let mut world = Self {
            scenario,
            hits,
            gap_ms: 0.0,
            due_ms: Vec::new(),
        };
        let none = vec![false; world.hits.len()];
        let service_ms = match scenario.load_of {
            LoadedSide::Cold => world.mean_service_ms(&none),
            LoadedSide::Warm => world.mean_service_ms(&world.hits),
        };
        world.gap_ms = service_ms / f64::from(scenario.places) / scenario.load;
        if let Some(arrivals) = scenario.arrivals {
            world.due_ms = instants(arrivals, scenario.requests, world.gap_ms, random);
        }
        world
    }

    /// What a request that hits, or does not, takes of the time of a cold one.
    fn part(&self, hit: bool) -> f64 {
        if hit { 1.0 / self.scenario.ratio } else { 1.0 }
    }

    /// Mean time for which a request of a round holds its place, ms; `hits`: which of them hit.
    fn mean_service_ms(&self, hits: &[bool]) -> f64 {
        let parts = hits.iter().map(|hit| self.part(*hit));
        self.scenario.service_ms * parts.sum::<f64>() / hits.len() as f64
    }

    /// Times for which the requests hold their places, ms: of the mean that makes the capacity what
    /// it is, however they fall.
    fn services_ms(&self, hits: &[bool], random: &mut Random) -> Vec<f64> {
        let sigma = self.scenario.service_cv.powi(2).ln_1p().sqrt();
        let drawn = hits.iter();
        let drawn = drawn.map(|hit| self.part(*hit) * (sigma * random.normal()).exp());
        let drawn: Vec<f64> = drawn.collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let scale = self.mean_service_ms(hits) / mean;
        drawn.iter().map(|time| time * scale).collect()
    }

    /// One round, as a run would have left it, and what is true of it.
    fn round(&self, spec: RoundSpec, started: u32, random: &mut Random) -> (RoundRun, RoundTruth) {
        let places = (spec.kind == RoundKind::Mixed).then(|| self.places(random));
        let hits = self.hits_of(spec, places.as_deref());
        let services = self.services_ms(&hits, random);
        let block = |at: usize| places.as_ref().map(|places| places[at].block);
        let requests = services.iter().enumerate().map(|(at, service)| DueRequest {
            due_ms: self.due_ms.get(at).copied().unwrap_or(0.0),
            service_ms: *service,
            drained: at > 0 && block(at - 1) != block(at),
        });
        let requests: Vec<DueRequest> = requests.take(started as usize).collect();
        let is_open = !self.due_ms.is_empty();
        let in_flight = if is_open {
            self.scenario.max_in_flight
        } else {
            Some(self.scenario.users)
        };
        let round = play(&requests, self.scenario.places, in_flight);
        let records = round.requests.iter().enumerate().map(|(at, played)| {
            record_of(&PlayedRow {
                at,
                played: *played,
                is_open,
                hit: hits[at],
                fails: random.chance(self.scenario.failing),
                place: places.as_ref().map(|places| places[at]),
                round: spec.number,
            })
        });
        let records: Vec<_> = records.collect();
        let waited = records
            .iter()
            .filter(|record| record.timeline.freed_ns.is_some());
        let failed = records.iter().filter(|record| !record.outcome.is_success());
        let capacity = f64::from(self.scenario.places) / self.mean_service_ms(&hits);
        let whole = started == self.scenario.requests && round.drained_ms <= 0.0;
        let truth = RoundTruth {
            letter: spec.kind.letter(),
            load: is_open.then(|| 1.0 / self.gap_ms / capacity),
            started,
            tells: is_open && whole && started >= FEWEST,
            failed: failed.count() as u64,
            waited: waited.count() as u64,
            backlog: is_open.then(|| backlog(&records)),
        };
        let meta = self.meta(spec, started, &round);
        (RoundRun { meta, records }, truth)
    }

    /// Which requests of a round hit.
    fn hits_of(&self, spec: RoundSpec, places: Option<&[MixedPlace]>) -> Vec<bool> {
        let hits = self.hits.iter().enumerate();
        let hits = hits.map(|(at, hit)| match places {
            Some(places) => *hit && places[at].arm == Arm::Hit,
            None => *hit && matches!(spec.kind, RoundKind::Warm | RoundKind::External),
        });
        hits.collect()
    }

    /// Where the requests of a mixed round stand.
    fn places(&self, random: &mut Random) -> Vec<MixedPlace> {
        let rows: Vec<usize> = (0..self.hits.len()).collect();
        toss(&rows, self.scenario.requests.div_ceil(BLOCK), random).places
    }

    fn meta(&self, spec: RoundSpec, started: u32, round: &PlayedRound) -> RoundMeta {
        let scenario = self.scenario;
        let planned = scenario.requests as usize;
        let cold = salted(spec.epoch);
        let ends = round.requests.iter().map(|played| played.end_ms);
        let plain = round_meta(scenario.users, spec, planned, started as usize, cold);
        let load = scenario.arrivals.map(|arrivals| {
            Load::Rate(ArrivalRate {
                per_second: 1e3 / self.gap_ms,
                arrivals,
            })
        });
        RoundMeta {
            load: load.unwrap_or(plain.load),
            ended_ns: ns(ends.fold(0.0, f64::max)),
            open: self.due_ms.last().map(|last| OpenLoopRound {
                connections: scenario.requests,
                max_in_flight: scenario.max_in_flight,
                last_due_ns: ns(*last),
                drained_ns: ns(round.drained_ms),
            }),
            ..plain
        }
    }
}
