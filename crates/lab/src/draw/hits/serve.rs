//! What the engines' caches gave each request, before anybody reports it.

use super::scenario::{HitScenario, Page};
use crate::draw::random::Random;

/// Requests of the canary, which take their turns among the replicas too.
const CANARY_REQUESTS: usize = 3;

/// What one request of a round is, before anybody reports it.
#[derive(Clone, Copy, Default)]
pub(super) struct Served {
    /// Tokens from a cache.
    pub(super) cached: u64,
    /// Tokens that requests of its own round gave it.
    pub(super) own: u64,
    /// Tokens that nobody outside can tell from those: behind one address with several engines, what
    /// any request of the round shares that was sent before this one ended.
    pub(super) hidden: u64,
    /// Of the cached ones, from an outer tier.
    pub(super) outer: u64,
    /// Which engine had it.
    pub(super) engine: usize,
}

pub(super) struct World<'a> {
    pub(super) scenario: &'a HitScenario,
    pub(super) ids: Vec<Vec<u32>>,
    foreign: Vec<bool>,
    kept: Vec<bool>,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a HitScenario, random: &mut Random) -> Self {
        let ids = ids(scenario);
        let mut draw = |share: f64| ids.iter().map(|_| random.chance(share)).collect();
        let (foreign, kept) = (draw(scenario.foreign), draw(scenario.kept));
        Self {
            scenario,
            foreign,
            kept,
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

    /// The engine whose turn it is.
    fn engine(&self, at: usize, warm: bool) -> usize {
        let earlier = if warm { self.ids.len() } else { 0 };
        (CANARY_REQUESTS + earlier + at) % self.scenario.replicas as usize
    }

    /// Requests of one wave run together and find nothing of each other.
    pub(super) fn serve(&self, warm: bool) -> Vec<Served> {
        (0..self.ids.len())
            .map(|at| self.serve_one(at, warm))
            .collect()
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
        let shared = |of: &dyn Fn(usize) -> bool| {
            let others = (0..self.ids.len()).filter(|other| *other != at && of(*other));
            let most = others.map(|other| self.common(at, other)).max();
            self.blocks(at, most.unwrap_or(0))
        };
        let here = shared(&|other| other < earlier && self.engine(other, warm) == engine);
        let hidden = match self.scenario.replicas {
            1 => here,
            _ => shared(&|other| other < earlier + wave),
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
        let off = self.scenario.page == Page::OuterOnly;
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
