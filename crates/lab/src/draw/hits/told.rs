//! What usage, counters, engines and the canary tell of a world of hits.

use super::{
    scenario::{Canary, Counters, HitScenario, Ids, Page, Usage},
    serve::{Served, World},
};
use crate::draw::world::whole;
use dualround_model::{
    CanaryReport, EngineDelta, EngineKind, EngineReport, LeftOut, RunEvidence, TierDelta,
};

/// Tokens of the canary's text.
const CANARY_TOKENS: u64 = 1500;

/// Cached tokens as an answer reports them.
pub(super) fn usage(usage: Usage, at: usize, cached: u64, prompt: u64) -> Option<u64> {
    match usage {
        Usage::Explicit => Some(cached),
        Usage::OmitsZero => Some(cached).filter(|cached| *cached > 0),
        Usage::Silent => None,
        Usage::EverySecond => at.is_multiple_of(2).then_some(cached),
        Usage::Impossible if at.is_multiple_of(3) => Some(prompt * 10),
        Usage::Impossible => Some(cached),
    }
}

/// Engines whose counters are read.
fn read(scenario: &HitScenario) -> usize {
    match scenario.counters {
        Counters::None => 0,
        Counters::OneOfTwo | Counters::Processes => 1,
        Counters::Match | Counters::OtherTraffic => scenario.replicas as usize,
    }
}

fn base(engine: usize) -> String {
    format!("http://engine-{engine}")
}

/// What the counters of a round grew by.
pub(super) fn counters(
    scenario: &HitScenario,
    world: &World<'_>,
    served: &[Served],
    replays: bool,
) -> Vec<EngineDelta> {
    if scenario.counters == Counters::Processes {
        return vec![EngineDelta {
            base: base(0),
            left_out: Some(LeftOut::SeveralProcesses),
            ..EngineDelta::default()
        }];
    }
    let one = |engine: usize| {
        let mut sums = Sums::default();
        let mine = served.iter().enumerate();
        for (at, one) in mine.filter(|(_, one)| one.engine == engine && !replays) {
            sums.local += (one.cached - one.outer) as f64;
            sums.outer += one.outer as f64;
            sums.sent += world.tokens(at) as f64;
        }
        if scenario.counters == Counters::OtherTraffic {
            let all = world.tokens(0) as f64 * served.len() as f64;
            sums.local += 2.5 * all;
            sums.sent += 3.0 * all;
        }
        sums.delta(scenario, base(engine))
    };
    (0..read(scenario)).map(one).collect()
}

/// Tokens that one engine had to do with.
#[derive(Default)]
struct Sums {
    local: f64,
    outer: f64,
    sent: f64,
}

impl Sums {
    fn delta(self, scenario: &HitScenario, base: String) -> EngineDelta {
        let tier = |tier: &str, hits: f64, queries: f64| TierDelta {
            tier: tier.to_owned(),
            hits: Some(hits),
            queries: Some(queries),
        };
        let Self { local, outer, sent } = self;
        let with_outer = |queries: f64| {
            let mut tiers = vec![tier("local", local, sent)];
            if scenario.outer {
                tiers.push(tier("external", outer, queries));
            }
            tiers
        };
        let tiers = match scenario.page {
            Page::TiersOfAll => with_outer(sent),
            Page::TiersOfRest => with_outer(sent - local),
            Page::OuterOnly => vec![
                tier("local", 0.0, 0.0),
                tier("external", local + outer, sent),
            ],
            Page::Computed => Vec::new(),
        };
        let computed = (scenario.page == Page::Computed).then_some(sent - local - outer);
        EngineDelta {
            base,
            tiers,
            cached: computed.map(|_| local + outer),
            processed: computed,
            ..EngineDelta::default()
        }
    }
}

/// What was known before the rounds.
pub(super) fn known(scenario: &HitScenario, world: &World<'_>) -> RunEvidence {
    // What is behind one address with several engines is a gateway, which tells nothing.
    let gateway = EngineReport::new(EngineKind::Unknown, "http://gateway".to_owned());
    let gateway = (scenario.replicas > 1).then_some(gateway);
    let engines = (0..read(scenario).max(1)).map(|at| engine(scenario, world, at));
    RunEvidence {
        canary: canary(scenario),
        engines: gateway.into_iter().chain(engines).collect(),
        ..RunEvidence::default()
    }
}

fn engine(scenario: &HitScenario, world: &World<'_>, at: usize) -> EngineReport {
    let capacity = scenario.capacity.map(|times| times * world.needed() as f64);
    EngineReport {
        block_tokens: scenario.block_known.then_some(u64::from(scenario.block)),
        capacity_tokens: capacity.map(whole),
        ..EngineReport::new(EngineKind::Unknown, base(at))
    }
}

fn canary(scenario: &HitScenario) -> Option<CanaryReport> {
    if scenario.canary == Canary::None {
        return None;
    }
    let tells = |cached: u64| match scenario.usage {
        Usage::Explicit | Usage::EverySecond | Usage::Impossible => Some(cached),
        Usage::OmitsZero => Some(cached).filter(|cached| *cached > 0),
        Usage::Silent => None,
    };
    let block = u64::from(scenario.block);
    // Under a salt, other values share nothing, and another text of the same value the template.
    let shared = u64::from(scenario.template) / block * block;
    let template = if scenario.cache && !scenario.salted {
        shared
    } else {
        0
    };
    let again = match scenario.canary {
        Canary::Works if scenario.cache => (CANARY_TOKENS - 1) / block * block,
        _ => template,
    };
    Some(CanaryReport {
        prompt_tokens: Some(CANARY_TOKENS),
        first: tells(template),
        repeated: tells(again),
        other_marker: tells(template),
        other_counted: true,
        other_text: if scenario.salted { tells(shared) } else { None },
        // A salt is used only where it was seen to separate.
        salt_field: scenario.salted.then(|| "cache_salt".to_owned()),
        replayed: scenario.canary == Canary::Replayed && scenario.response_ids == Ids::Kept,
    })
}
