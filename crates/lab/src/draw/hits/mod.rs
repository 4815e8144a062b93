//! Worlds of hits: who reports what of them, who else uses the server, what prompts share, and what
//! of a cold round was not cold.

mod random_world;
mod scenario;
mod serve;
mod told;

pub use random_world::hit_scenario;
use scenario::{AnswerIds, CountedTier};
pub use scenario::{HitScenario, HitTruth};

use super::{
    coin::toss,
    random::Random,
    records::{DrawnRequest, record, round_meta},
};
use dualround_model::{
    Arm, ColdAction, ColdMethod, MixedPlace, RoundKind, RoundRun, RoundSpec, RunEvidence, Schedule,
};
use serve::{HitWorld, Served};

/// The rounds of a world of hits, with what is known and what is true of them.
#[derive(Clone, Debug)]
pub struct DrawnHits {
    /// Cold and warm.
    pub rounds: Vec<RoundRun>,
    /// What was known of the server.
    pub known: RunEvidence,
    /// The ids that were sent; empty where they are not known.
    pub ids: Vec<Vec<u32>>,
    /// The truth.
    pub truth: HitTruth,
}

/// Draws the rounds of a scenario.
pub fn draw_hits(scenario: &HitScenario) -> DrawnHits {
    // Not the draws that the scenario itself comes from.
    let mut random = Random::new(scenario.seed ^ 0x1457);
    let world = HitWorld::new(scenario, &mut random);
    // Rounds of later letters draw elsewhere, so that the others are as they would be without them.
    let mut beside = Random::new(scenario.seed ^ 0x3d2);
    let schedule: Schedule = scenario.schedule.parse().unwrap_or_default();
    let mut truth = HitTruth {
        needed: world.needed(),
        ..HitTruth::default()
    };
    let mut rounds: Vec<RoundRun> = Vec::new();
    let mut cold = Vec::new();
    for (place, spec) in schedule.rounds().into_iter().enumerate() {
        let mut round = HitRound {
            spec,
            served: Vec::new(),
            cold: &[],
            places: None,
        };
        match spec.kind {
            RoundKind::Mixed => {
                let rows: Vec<usize> = (0..world.ids.len()).collect();
                let places = toss(&rows, scenario.concurrency, &mut beside).places;
                let arms: Vec<Arm> = places.iter().map(|place| place.arm).collect();
                round.served = world.serve_mixed(place, &arms, &mut beside);
                round.places = Some(places);
                arms_truth(&mut truth, &world, &arms, &round.served);
            }
            RoundKind::NoReuse => {
                round.served = world.serve_without(place, &mut beside);
                without_truth(&mut truth, &world, &round.served);
            }
            kind => {
                round.served = world.serve(place, kind == RoundKind::Warm);
                if kind == RoundKind::Cold {
                    cold.clone_from(&round.served);
                } else {
                    warm_truth(&mut truth, &world, &cold, &round.served);
                }
            }
        }
        round.cold = &cold;
        let own = if matches!(spec.kind, RoundKind::Mixed | RoundKind::NoReuse) {
            &mut beside
        } else {
            &mut random
        };
        let run = run(scenario, &world, &round, own);
        if spec.kind == RoundKind::Warm {
            truth.counted = counted(&run);
        }
        rounds.push(run);
    }
    DrawnHits {
        rounds,
        known: told::known(scenario, &world),
        truth,
        ids: if scenario.ids {
            world.ids.clone()
        } else {
            Vec::new()
        },
    }
}

/// A round of a world of hits.
struct HitRound<'a> {
    spec: RoundSpec,
    served: Vec<Served>,
    /// What the cold round took, whose answers a response cache keeps.
    cold: &'a [Served],
    /// Of a mixed round: where each request stands.
    places: Option<Vec<MixedPlace>>,
}

impl HitRound<'_> {
    /// A response cache answers this request: it repeats bytes.
    fn replays(&self, scenario: &HitScenario, at: usize) -> bool {
        let repeats = match &self.places {
            Some(places) => places[at].arm == Arm::Hit,
            None => self.spec.kind == RoundKind::Warm,
        };
        scenario.response_cache && repeats
    }
}

/// A round as a run would have left it.
fn run(
    scenario: &HitScenario,
    world: &HitWorld<'_>,
    round: &HitRound<'_>,
    random: &mut Random,
) -> RoundRun {
    let requests = round.served.iter().enumerate().map(|(at, served)| {
        let replays = round.replays(scenario, at);
        let sent = HitRequest {
            at,
            served: *served,
            // A stored answer brings its usage along.
            told: if replays { round.cold[at] } else { *served },
            round: round.spec.number,
            replays,
            place: round.places.as_ref().map(|places| places[at]),
        };
        request(scenario, world, &sent, random)
    });
    let records: Vec<_> = requests.collect();
    let mut meta = round_meta(
        scenario.concurrency,
        round.spec,
        records.len(),
        records.len(),
        action(scenario),
    );
    let reached = round.served.iter().enumerate();
    let reached: Vec<bool> = reached
        .map(|(at, _)| !round.replays(scenario, at))
        .collect();
    meta.engines = told::counters(scenario, world, &round.served, &reached);
    RoundRun { meta, records }
}

/// How the cold round is made cold.
fn action(scenario: &HitScenario) -> ColdAction {
    ColdAction {
        method: if scenario.salted {
            ColdMethod::Salt
        } else {
            ColdMethod::Marker
        },
        marker_tokens: (!scenario.salted).then_some(0),
        ..ColdAction::default()
    }
}

/// A request that was sent in a round.
struct HitRequest {
    at: usize,
    served: Served,
    /// What its answer speaks of.
    told: Served,
    round: u32,
    /// A response cache answered.
    replays: bool,
    /// Where it stands in a mixed round.
    place: Option<MixedPlace>,
}

/// The record that a run would have left of a request.
fn request(
    scenario: &HitScenario,
    world: &HitWorld<'_>,
    sent: &HitRequest,
    random: &mut Random,
) -> dualround_model::RequestRecord {
    let &HitRequest {
        at,
        served,
        told,
        round,
        replays,
        place,
    } = sent;
    let wave = scenario.concurrency as usize;
    let letter = scenario.schedule.chars().nth(round as usize - 1);
    let cold = scenario.schedule.find('C').map_or(1, |place| place + 1);
    let is_without = letter == Some('N');
    let fast = replays || served.cached * 2 > world.tokens(at);
    let cached = told::usage(scenario.usage, at, told.cached, world.tokens(at));
    record(&DrawnRequest {
        index: at,
        prompt: at,
        start_ms: (at / wave) as f64 * 5000.0 + (at % wave) as f64,
        ttft_ms: Some(if fast { 10.0 } else { 100.0 } + random.unit()),
        whole: replays,
        tokens: Some(world.tokens(at)),
        cached,
        tiers: (scenario.by_tier && cached == Some(told.cached))
            .then_some((told.cached - told.outer, told.outer)),
        // Behind values of their own they share nothing.
        shared_chars: if is_without {
            0
        } else {
            scenario.shared_chars()
        },
        response_id: match scenario.response_ids {
            AnswerIds::None => None,
            AnswerIds::Kept if replays => Some(format!("answer-{cold}-{at}")),
            AnswerIds::Kept | AnswerIds::Own => Some(format!("answer-{round}-{at}")),
        },
        round,
        mixed: place,
    })
}

/// What counters told of a round by tier, in the order of names.
fn counted(round: &RoundRun) -> Vec<CountedTier> {
    let tiers = round.meta.engines.iter().flat_map(|engine| {
        engine.tiers.iter().map(|tier| CountedTier {
            server: engine.base.clone(),
            tier: tier.tier.clone(),
            hits: tier.hits,
            queries: tier.queries,
        })
    });
    let mut tiers: Vec<CountedTier> = tiers.collect();
    tiers.sort_by(|a, b| (&a.server, &a.tier).cmp(&(&b.server, &b.tier)));
    tiers
}

/// Tokens of a request that are always tolerated: sixteen of template, and a block; one more where
/// its size is not told, so that what is expected may end anywhere in it.
fn allowed(scenario: &HitScenario) -> u64 {
    let blocks = if scenario.block_known { 1 } else { 2 };
    u64::from(scenario.template.max(16)) + blocks * u64::from(scenario.block)
}

/// What is true of the cold round and the warm one, whoever reports what.
fn warm_truth(truth: &mut HitTruth, world: &HitWorld<'_>, cold: &[Served], warm: &[Served]) {
    let allowed = allowed(world.scenario);
    for (at, (cold, warm)) in cold.iter().zip(warm).enumerate() {
        let foreign = cold.cached - cold.cached.min(cold.hidden);
        truth.prompt += world.tokens(at);
        truth.cached.cold += cold.cached;
        truth.cached.warm += warm.cached;
        truth.outer += warm.outer;
        truth.lengths.push(world.tokens(at));
        truth.warm_hits += u64::from(warm.cached > 0);
        truth.any_foreign += cold.cached - cold.own;
        let foreign = foreign.saturating_sub(allowed);
        truth.foreign.tokens += foreign;
        truth.foreign.half_prompts += u64::from(2 * foreign >= world.tokens(at));
    }
}

/// What is true of a mixed round, added to that of those before it.
fn arms_truth(truth: &mut HitTruth, world: &HitWorld<'_>, arms: &[Arm], served: &[Served]) {
    let mixed = &mut truth.mixed;
    for (at, (arm, one)) in arms.iter().zip(served).enumerate() {
        let tokens = world.tokens(at);
        match arm {
            Arm::Hit => {
                mixed.hit_requests += 1;
                mixed.missed += u64::from(2 * one.cached < tokens);
                mixed.hit_prompt += tokens;
                mixed.hit_cached += one.cached;
            }
            Arm::Miss => {
                mixed.miss_prompt += tokens;
                mixed.miss_cached += one.cached;
                mixed.known_whole += u64::from(one.foreign);
                mixed.foreign += if one.foreign { one.cached } else { 0 };
            }
        }
    }
}

/// What is true of a round without reuse.
fn without_truth(truth: &mut HitTruth, world: &HitWorld<'_>, served: &[Served]) {
    let allowed = allowed(world.scenario);
    let without = &mut truth.without;
    for (at, one) in served.iter().enumerate() {
        let tokens = world.tokens(at);
        let foreign = (one.cached - one.own).saturating_sub(allowed);
        without.prompt += tokens;
        without.cached += one.cached;
        without.known_whole += u64::from(one.foreign);
        without.foreign.tokens += foreign;
        without.foreign.half_prompts += u64::from(2 * foreign >= tokens);
    }
}
