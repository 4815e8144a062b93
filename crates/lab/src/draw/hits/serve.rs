//! What the engines' caches gave each request, before anybody reports it.

use super::scenario::{HitScenario, PageStyle};
use crate::draw::random::Random;

/// Requests of the canary, which take their turns among the replicas too.
const CANARY_REQUESTS: usize = 3;

/// What one request of a round took from caches.
#[derive(Clone, Copy, Default)]
pub(super) struct Served {
    /// Tokens from a cache.
    pub(super) cached: u64,
    /// Tokens that requests of its own round gave it.
    pub(super) own: u64,
    /// Tokens that nobody outside can tell from those: behind one address with several engines,
    /// what any request of the round shares that was sent before this one ended.
    pub(super) hidden: u64,
    /// Of the cached ones, from an outer tier.
    pub(super) outer: u64,
    /// Which engine had it.
    pub(super) engine: usize,
}

/// The prompts of a scenario, and what of them is in caches.
pub(super) struct HitWorld<'a> {
    pub(super) scenario: &'a HitScenario,
    /// Token ids of each prompt.
    pub(super) ids: Vec<Vec<u32>>,
    /// It was cached whole before the cold round.
    foreign: Vec<bool>,
    /// The warm round finds it again.
    kept: Vec<bool>,
}

impl<'a> HitWorld<'a> {
    pub(super) fn new(scenario: &'a HitScenario, random: &mut Random) -> Self {
        let ids = ids(scenario);
        Self {
            scenario,
            foreign: chances(ids.len(), scenario.foreign, random),
            kept: chances(ids.len(), scenario.kept, random),
            ids,
        }
    }

    pub(super) fn tokens(&self, at: usize) -> u64 {
        self.ids[at].len() as u64
    }

    /// Tokens that all prompts need, what a group shares once.
    pub(super) fn needed(&self) -> u64 {
        let scenario = self.scenario;
        u64::from(scenario.template)
            + u64::from(scenario.groups) * u64::from(scenario.shared)
            + u64::from(scenario.prompts) * u64::from(scenario.unique)
    }

    /// Tokens of a find that are given back: whole blocks, and the last token of a prompt is always
    /// computed.
    fn blocks(&self, at: usize, found: u64) -> u64 {
        let block = u64::from(self.scenario.block);
        found.min(self.tokens(at) - 1) / block * block
    }

    /// Tokens that two prompts begin with.
    fn common(&self, at: usize, other: usize) -> u64 {
        let both = self.ids[at].iter().zip(&self.ids[other]);
        both.take_while(|(a, b)| a == b).count() as u64
    }

    /// The engine whose turn it is.
    fn engine(&self, at: usize, warm: bool) -> usize {
        let earlier = if warm { self.ids.len() } else { 0 };
        (CANARY_REQUESTS + earlier + at) % self.scenario.replicas as usize
    }

    /// What each request of a round took. Requests of one wave run together and find nothing of
    /// each other.
    pub(super) fn serve(&self, warm: bool) -> Vec<Served> {
        (0..self.ids.len())
            .map(|at| self.serve_one(at, warm))
            .collect()
    }

    /// What one of some other requests of the round gives at most, tokens.
    fn shared(&self, at: usize, others: impl Iterator<Item = usize>) -> u64 {
        let others = others.filter(|other| *other != at);
        let most = others.map(|other| self.common(at, other)).max();
        self.blocks(at, most.unwrap_or(0))
    }

    fn serve_one(&self, at: usize, warm: bool) -> Served {
        let engine = self.engine(at, warm);
        if !self.scenario.cache {
            return Served {
                engine,
                ..Served::default()
            };
        }
        let wave = self.scenario.concurrency as usize;
        let earlier = at / wave * wave;
        let on_this_engine = (0..earlier).filter(|other| self.engine(*other, warm) == engine);
        let here = self.shared(at, on_this_engine);
        let hidden = match self.scenario.replicas {
            1 => here,
            _ => self.shared(at, 0..self.ids.len().min(earlier + wave)),
        };
        let stored = self.engine(at, false) == engine;
        let whole = if warm {
            self.kept[at] && stored
        } else {
            self.foreign[at]
        };
        let cached = if whole {
            self.blocks(at, u64::MAX)
        } else {
            here
        };
        let off = self.scenario.page == PageStyle::OuterOnly;
        let outer = match (self.scenario.outer, off) {
            (true, true) => cached,
            (true, false) => cached - here.min(cached),
            (false, _) => 0,
        };
        Served {
            cached,
            own: here,
            hidden,
            outer,
            engine,
        }
    }
}

/// So many draws of one probability.
fn chances(n: usize, share: f64, random: &mut Random) -> Vec<bool> {
    (0..n).map(|_| random.chance(share)).collect()
}

/// Token ids of each prompt: the template, what its group shares, and its own.
fn ids(scenario: &HitScenario) -> Vec<Vec<u32>> {
    let mut ids = Vec::new();
    for at in 0..scenario.prompts {
        let group = at % scenario.groups;
        let template = 0..scenario.template;
        let shared = (0..scenario.shared).map(|token| 1_000_000 * (group + 1) + token);
        let own = (0..scenario.unique).map(|token| 100_000_000 + 10_000 * at + token);
        ids.push(template.chain(shared).chain(own).collect());
    }
    ids
}
