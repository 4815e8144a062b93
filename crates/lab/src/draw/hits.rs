//! Worlds of hits: who reports what of them, who else uses the server, what prompts share, and what
//! of a cold round was not cold.

use super::{
    random::Random,
    world::{Request, record, round_meta},
};
use dualround_model::{
    CanaryReport, ColdAction, ColdMethod, EngineDelta, EngineKind, EngineReport, Known, RoundKind,
    RoundRun, Schedule, TierDelta,
};
use serde::Serialize;

/// How usage tells cached tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// Always, also 0.
    Explicit,
    /// Not without a hit, as vLLM.
    OmitsZero,
    /// Never.
    Silent,
    /// Only every second answer.
    EverySecond,
    /// With more than the prompt has in a third of the answers.
    Impossible,
}

/// What the canary met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Canary {
    /// It hit when sent again, as the cache does here.
    Works,
    /// Its repetition went to another replica.
    OtherReplica,
    /// It was not answered, or not sent.
    None,
}

/// What the engine's counters saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counters {
    /// There are none.
    None,
    /// All that was sent.
    Match,
    /// Three times as much: others use the server.
    OtherTraffic,
}

/// A world to draw two rounds of hits from.
#[derive(Clone, Debug, Serialize)]
pub struct HitScenario {
    /// Its family.
    pub name: String,
    /// Everything random in it comes from this.
    pub seed: u64,
    /// Prompts, in groups that share a beginning.
    pub prompts: u32,
    /// How many groups.
    pub groups: u32,
    /// Tokens that a group shares.
    pub shared: u32,
    /// Tokens of its own that each prompt has.
    pub unique: u32,
    /// Tokens of the template before everything.
    pub template: u32,
    /// Tokens of the unit in which prompts are cached.
    pub block: u32,
    /// The engine tells that unit.
    pub block_known: bool,
    /// The token ids that were sent are known.
    pub ids: bool,
    /// There is a cache.
    pub cache: bool,
    /// Share of the prompts that the warm round finds again.
    pub kept: f64,
    /// Share of the prompts that were cached whole before the cold round.
    pub foreign: f64,
    /// Usage.
    pub usage: Usage,
    /// Canary.
    pub canary: Canary,
    /// Counters.
    pub counters: Counters,
    /// A response cache in front gives warm answers back.
    pub response_cache: bool,
    /// Prompts are separated by the engine's salt, not by a marker.
    pub salted: bool,
    /// Requests in flight.
    pub concurrency: u32,
}

/// What is true of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HitTruth {
    /// Prompt tokens of a round.
    pub prompt: u64,
    /// Tokens that came from the engine's cache, in the cold and in the warm round.
    pub cached: (u64, u64),
    /// Foreign hits beyond template and block, summed, and requests with half of their prompt.
    pub foreign: (u64, u64),
    /// Foreign hits of any size.
    pub any_foreign: u64,
}

/// Rounds with what is known and true.
#[derive(Clone, Debug)]
pub struct DrawnHits {
    /// Cold and warm.
    pub rounds: Vec<RoundRun>,
    /// What was known of the server.
    pub known: Known,
    /// The ids that were sent.
    pub ids: Vec<Vec<u32>>,
    /// The truth.
    pub truth: HitTruth,
}

/// The world of a seed.
pub fn hit_scenario(seed: u64) -> HitScenario {
    let mut random = Random::new(seed ^ 0x4175);
    let prompts = random.whole(8, 40);
    let foreign = random.one_of(&[0.0, 0.0, 0.0, 0.05, 0.3, 1.0]);
    let cache = random.chance(0.85);
    let canary = random.one_of(&[
        Canary::Works,
        Canary::Works,
        Canary::Works,
        Canary::OtherReplica,
        Canary::None,
    ]);
    HitScenario {
        name: "hits".to_owned(),
        seed,
        prompts,
        groups: random.whole(1, prompts.min(6)),
        shared: random.one_of(&[0, 0, 40, 400, 2000]),
        unique: random.one_of(&[30, 60, 200, 800]),
        template: random.whole(3, 20),
        block: random.one_of(&[1, 16, 16, 64, 256]),
        block_known: random.chance(0.6),
        ids: random.chance(0.6),
        cache,
        kept: random.one_of(&[0.0, 0.1, 0.5, 1.0, 1.0]),
        foreign: if cache { foreign } else { 0.0 },
        usage: random.one_of(&[
            Usage::Explicit,
            Usage::Explicit,
            Usage::OmitsZero,
            Usage::OmitsZero,
            Usage::Silent,
            Usage::EverySecond,
            Usage::Impossible,
        ]),
        canary,
        counters: random.one_of(&[Counters::None, Counters::Match, Counters::OtherTraffic]),
        response_cache: random.chance(0.1),
        // A salt is used only where a canary showed that it separates.
        salted: random.chance(0.5) && cache && canary == Canary::Works,
        concurrency: random.one_of(&[1, 4]),
    }
}

/// What one request of a round is, before anybody reports it.
#[derive(Clone, Copy)]
struct Served {
    cached: u64,
    /// Of these, hits of requests of its own round.
    own: u64,
}

struct World<'a> {
    scenario: &'a HitScenario,
    ids: Vec<Vec<u32>>,
    foreign: Vec<bool>,
    kept: Vec<bool>,
}

impl World<'_> {
    fn tokens(&self, at: usize) -> u64 {
        self.ids[at].len() as u64
    }

    /// Whole blocks, and the last token is always computed.
    fn blocks(&self, at: usize, found: u64) -> u64 {
        let block = u64::from(self.scenario.block);
        found.min(self.tokens(at) - 1) / block * block
    }

    /// What another prompt that is there already gives.
    fn common(&self, at: usize, other: usize) -> u64 {
        let both = self.ids[at].iter().zip(&self.ids[other]);
        both.take_while(|(a, b)| a == b).count() as u64
    }

    /// Requests of one wave run together and find nothing of each other.
    fn serve(&self, warm: bool) -> Vec<Served> {
        let wave = self.scenario.concurrency as usize;
        let of = |at: usize| {
            if !self.scenario.cache {
                return Served { cached: 0, own: 0 };
            }
            let earlier = 0..at / wave * wave;
            let shared = earlier.map(|other| self.common(at, other)).max();
            let own = self.blocks(at, shared.unwrap_or(0));
            let whole = if warm {
                self.kept[at]
            } else {
                self.foreign[at]
            };
            let cached = if whole {
                self.blocks(at, u64::MAX)
            } else {
                own
            };
            Served {
                cached: cached.max(own),
                own,
            }
        };
        (0..self.ids.len()).map(of).collect()
    }
}

/// Draws its rounds.
pub fn draw_hits(scenario: &HitScenario) -> DrawnHits {
    let mut random = Random::new(scenario.seed ^ 0x1457);
    let ids = ids(scenario);
    let count = ids.len();
    let world = World {
        scenario,
        foreign: (0..count)
            .map(|_| random.chance(scenario.foreign))
            .collect(),
        kept: (0..count).map(|_| random.chance(scenario.kept)).collect(),
        ids,
    };
    let (cold, warm) = (world.serve(false), world.serve(true));
    let truth = truth(&world, &cold, &warm);
    let specs = Schedule::default().rounds();
    let rounds = specs.into_iter().zip([&cold, &warm]).map(|(spec, served)| {
        let replays = scenario.response_cache && spec.kind == RoundKind::Warm;
        let requests = served.iter().enumerate().map(|(at, served)| {
            // A stored answer brings its usage along.
            let told = if replays { cold[at] } else { *served };
            let start = (at / scenario.concurrency as usize) as f64 * 5000.0;
            let fast = replays || (served.cached * 2 > world.tokens(at));
            record(&Request {
                index: at,
                prompt: at,
                start_ms: start + (at % scenario.concurrency as usize) as f64,
                ttft_ms: Some(if fast { 10.0 } else { 100.0 } + random.unit()),
                tokens: Some(world.tokens(at)),
                cached: reported(scenario.usage, at, told.cached, world.tokens(at)),
                shared_chars: 4 * u64::from(scenario.shared),
                response_id: Some(match replays {
                    true => format!("answer-{at}"),
                    false => format!(
                        "answer-{}{at}",
                        if spec.number == 1 { "" } else { "again-" }
                    ),
                }),
                round: spec.number,
            })
        });
        let records: Vec<_> = requests.collect();
        let action = ColdAction {
            method: if scenario.salted {
                ColdMethod::Salt
            } else {
                ColdMethod::Marker
            },
            marker_tokens: (!scenario.salted).then_some(0),
            ..ColdAction::default()
        };
        let mut meta = round_meta(scenario.concurrency, spec, count, count, action);
        meta.engines = counters(scenario, &world, served, replays);
        RoundRun { meta, records }
    });
    DrawnHits {
        rounds: rounds.collect(),
        known: known(scenario),
        truth,
        ids: if scenario.ids {
            world.ids.clone()
        } else {
            Vec::new()
        },
    }
}

fn ids(scenario: &HitScenario) -> Vec<Vec<u32>> {
    let of = |at: u32| {
        let group = at % scenario.groups;
        let template = 0..scenario.template;
        let shared = (0..scenario.shared).map(|token| 1_000_000 * (group + 1) + token);
        let own = (0..scenario.unique).map(|token| 100_000_000 + 10_000 * at + token);
        template.chain(shared).chain(own).collect()
    };
    (0..scenario.prompts).map(of).collect()
}

fn reported(usage: Usage, at: usize, cached: u64, prompt: u64) -> Option<u64> {
    match usage {
        Usage::Explicit => Some(cached),
        Usage::OmitsZero => Some(cached).filter(|cached| *cached > 0),
        Usage::Silent => None,
        Usage::EverySecond => Some(cached).filter(|_| at.is_multiple_of(2)),
        Usage::Impossible if at.is_multiple_of(3) => Some(prompt * 10),
        Usage::Impossible => Some(cached),
    }
}

fn counters(
    scenario: &HitScenario,
    world: &World<'_>,
    served: &[Served],
    replays: bool,
) -> Vec<EngineDelta> {
    if scenario.counters == Counters::None {
        return Vec::new();
    }
    let (mut hits, mut queries) = (0.0, 0.0);
    for (at, served) in served.iter().enumerate().filter(|_| !replays) {
        hits += served.cached as f64;
        queries += world.tokens(at) as f64;
    }
    if scenario.counters == Counters::OtherTraffic {
        hits += 2.5 * world.tokens(0) as f64 * served.len() as f64;
        queries += 3.0 * world.tokens(0) as f64 * served.len() as f64;
    }
    vec![EngineDelta {
        base: "http://engine".to_owned(),
        tiers: vec![TierDelta {
            tier: "local".to_owned(),
            hits: Some(hits),
            queries: Some(queries),
        }],
        ..EngineDelta::default()
    }]
}

fn known(scenario: &HitScenario) -> Known {
    let tells = |cached: u64| match scenario.usage {
        Usage::Explicit | Usage::EverySecond | Usage::Impossible => Some(cached),
        Usage::OmitsZero => Some(cached).filter(|cached| *cached > 0),
        Usage::Silent => None,
    };
    let block = u64::from(scenario.block);
    let template = u64::from(scenario.template) / block * block;
    let template = if scenario.cache && !scenario.salted {
        template
    } else {
        0
    };
    let again = match scenario.canary {
        Canary::Works if scenario.cache => 1499 / block * block,
        _ => template,
    };
    let canary = (scenario.canary != Canary::None).then(|| CanaryReport {
        prompt_tokens: Some(1500),
        first: tells(template),
        repeated: tells(again),
        other_marker: tells(template),
        // A salt is used only where it was seen to separate.
        salt_field: scenario.salted.then(|| "cache_salt".to_owned()),
        replayed: false,
    });
    Known {
        canary,
        engines: vec![engine(scenario)],
        ..Known::default()
    }
}

fn engine(scenario: &HitScenario) -> EngineReport {
    EngineReport {
        block_tokens: scenario.block_known.then_some(u64::from(scenario.block)),
        ..EngineReport::new(EngineKind::Unknown, "http://engine".to_owned())
    }
}

fn truth(world: &World<'_>, cold: &[Served], warm: &[Served]) -> HitTruth {
    let scenario = world.scenario;
    // Sixteen tokens of template are always tolerated.
    let allowed = u64::from(scenario.template.max(16)) + u64::from(scenario.block);
    let mut truth = HitTruth::default();
    for (at, (cold, warm)) in cold.iter().zip(warm).enumerate() {
        let foreign = cold.cached - cold.own;
        truth.prompt += world.tokens(at);
        truth.cached.0 += cold.cached;
        truth.cached.1 += warm.cached;
        truth.any_foreign += foreign;
        truth.foreign.0 += foreign.saturating_sub(allowed);
        truth.foreign.1 += u64::from(2 * foreign.saturating_sub(allowed) >= world.tokens(at));
    }
    truth
}
