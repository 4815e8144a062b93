//! What usage, counters, engines and the canary tell of a world of hits.

use super::{
    scenario::{AnswerIds, Canary, CountersSeen, HitScenario, PageStyle, UsageTold},
    serve::{HitWorld, Served},
};
use crate::draw::records::whole;
use dualround_model::{
    CanaryReport, EngineDelta, EngineKind, EngineReport, LeftOut, RunEvidence, TierDelta,
};

/// Tokens of the canary's text.
const CANARY_TOKENS: u64 = 1500;

/// Cached tokens as an answer reports them.
pub(super) fn usage(usage: UsageTold, at: usize, cached: u64, prompt: u64) -> Option<u64> {
    match usage {
        UsageTold::Explicit => Some(cached),
        UsageTold::OmitsZero => Some(cached).filter(|cached| *cached > 0),
        UsageTold::Silent => None,
        UsageTold::EverySecond => at.is_multiple_of(2).then_some(cached),
        UsageTold::Impossible if at.is_multiple_of(3) => Some(prompt * 10),
        UsageTold::Impossible => Some(cached),
    }
}

/// Engines whose counters are read.
fn read(scenario: &HitScenario) -> usize {
    match scenario.counters {
        CountersSeen::None => 0,
        CountersSeen::OneOfTwo | CountersSeen::Processes => 1,
        CountersSeen::Match | CountersSeen::OtherTraffic => scenario.replicas as usize,
    }
}

fn base(engine: usize) -> String {
    format!("http://engine-{engine}")
}

/// What the counters of a round grew by; `reached`: which requests an engine saw.
pub(super) fn counters(
    scenario: &HitScenario,
    world: &HitWorld<'_>,
    served: &[Served],
    reached: &[bool],
) -> Vec<EngineDelta> {
    if scenario.counters == CountersSeen::Processes {
        return vec![EngineDelta {
            base: base(0),
            left_out: Some(LeftOut::SeveralProcesses),
            ..EngineDelta::default()
        }];
    }
    let mut deltas = Vec::new();
    for engine in 0..read(scenario) {
        let mut sums = ServedTokens::default();
        let mine = served.iter().enumerate();
        for (at, one) in mine.filter(|(at, one)| one.engine == engine && reached[*at]) {
            sums.local += (one.cached - one.outer) as f64;
            sums.outer += one.outer as f64;
            sums.sent += world.tokens(at) as f64;
        }
        if scenario.counters == CountersSeen::OtherTraffic {
            let all = world.tokens(0) as f64 * served.len() as f64;
            sums.local += 2.5 * all;
            sums.sent += 3.0 * all;
        }
        deltas.push(sums.delta(scenario, base(engine)));
    }
    deltas
}

/// Tokens that one engine had to do with.
#[derive(Default)]
struct ServedTokens {
    /// From its own cache.
    local: f64,
    /// From an outer tier.
    outer: f64,
    /// Sent to it.
    sent: f64,
}

impl ServedTokens {
    fn delta(self, scenario: &HitScenario, base: String) -> EngineDelta {
        let Self { local, outer, sent } = self;
        let mut tiers = match scenario.page {
            PageStyle::TiersOfAll => {
                vec![tier("local", local, sent), tier("external", outer, sent)]
            }
            PageStyle::TiersOfRest => vec![
                tier("local", local, sent),
                tier("external", outer, sent - local),
            ],
            PageStyle::OuterOnly => vec![
                tier("local", 0.0, 0.0),
                tier("external", local + outer, sent),
            ],
            PageStyle::Computed => Vec::new(),
        };
        // With its own cache off, an engine has an outer one to look things up in.
        if !scenario.outer && scenario.page != PageStyle::OuterOnly {
            tiers.retain(|tier| tier.tier != "external");
        }
        let computed = (scenario.page == PageStyle::Computed).then_some(sent - local - outer);
        EngineDelta {
            base,
            tiers,
            cached: computed.map(|_| local + outer),
            processed: computed,
            ..EngineDelta::default()
        }
    }
}

fn tier(tier: &str, hits: f64, queries: f64) -> TierDelta {
    TierDelta {
        tier: tier.to_owned(),
        hits: Some(hits),
        queries: Some(queries),
    }
}

/// What was known of canary and engines before the rounds.
pub(super) fn known(scenario: &HitScenario, world: &HitWorld<'_>) -> RunEvidence {
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

fn engine(scenario: &HitScenario, world: &HitWorld<'_>, at: usize) -> EngineReport {
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
        first: canary_usage(scenario.usage, template),
        repeated: canary_usage(scenario.usage, again),
        other_marker: canary_usage(scenario.usage, template),
        other_counted: true,
        other_text: if scenario.salted {
            canary_usage(scenario.usage, shared)
        } else {
            None
        },
        // A salt is used only where it was seen to separate.
        salt_field: scenario.salted.then(|| "cache_salt".to_owned()),
        replayed: scenario.canary == Canary::Replayed && scenario.response_ids == AnswerIds::Kept,
        written: None,
        control: None,
        unasked: false,
    })
}

/// Cached tokens as the canary's answers report them: each of them does, and none is impossible.
fn canary_usage(usage: UsageTold, cached: u64) -> Option<u64> {
    match usage {
        UsageTold::Explicit | UsageTold::EverySecond | UsageTold::Impossible => Some(cached),
        UsageTold::OmitsZero => Some(cached).filter(|cached| *cached > 0),
        UsageTold::Silent => None,
    }
}
