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
    random::Random,
    world::{DrawnRequest, record, round_meta},
};
use dualround_model::{ColdAction, ColdMethod, RoundKind, RoundRun, RunEvidence, Schedule};
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

/// Draws the two rounds of a scenario.
pub fn draw_hits(scenario: &HitScenario) -> DrawnHits {
    // Not the draws that the scenario itself comes from.
    let mut random = Random::new(scenario.seed ^ 0x1457);
    let world = HitWorld::new(scenario, &mut random);
    let (cold, warm) = (world.serve(false), world.serve(true));
    let specs = Schedule::default().rounds();
    let rounds = specs.into_iter().zip([&cold, &warm]).map(|(spec, served)| {
        let replays = scenario.response_cache && spec.kind == RoundKind::Warm;
        let requests = served.iter().enumerate().map(|(at, served)| {
            // A stored answer brings its usage along.
            let told = if replays { cold[at] } else { *served };
            request(
                scenario,
                &world,
                &HitRequest {
                    at,
                    served: *served,
                    told,
                    round: spec.number,
                    replays,
                },
                &mut random,
            )
        });
        let records: Vec<_> = requests.collect();
        let mut meta = round_meta(
            scenario.concurrency,
            spec,
            records.len(),
            records.len(),
            action(scenario),
        );
        meta.engines = told::counters(scenario, &world, served, replays);
        RoundRun { meta, records }
    });
    let rounds: Vec<RoundRun> = rounds.collect();
    let mut truth = truth(&world, &cold, &warm);
    truth.counted = counted(&rounds[1]);
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
    } = sent;
    let wave = scenario.concurrency as usize;
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
        shared_chars: scenario.shared_chars(),
        response_id: match scenario.response_ids {
            AnswerIds::None => None,
            AnswerIds::Kept if replays => Some(format!("answer-1-{at}")),
            AnswerIds::Kept | AnswerIds::Own => Some(format!("answer-{round}-{at}")),
        },
        round,
        mixed: None,
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

/// What is true of the two rounds, whoever reports what.
fn truth(world: &HitWorld<'_>, cold: &[Served], warm: &[Served]) -> HitTruth {
    let scenario = world.scenario;
    // Sixteen tokens of template are always tolerated, and a block; one more where its size is not
    // told, so that what is expected may end anywhere in it.
    let blocks = if scenario.block_known { 1 } else { 2 };
    let allowed = u64::from(scenario.template.max(16)) + blocks * u64::from(scenario.block);
    let mut truth = HitTruth {
        needed: world.needed(),
        ..HitTruth::default()
    };
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
    truth
}
