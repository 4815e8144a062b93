//! What the engines' caches gave each request, before anybody reports it.

use super::scenario::{HitScenario, PageStyle};
use crate::draw::random::Random;
use dualround_model::Arm;

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
    /// A cache knew all of it that should have known nothing.
    pub(super) foreign: bool,
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
    /// The place of the cold round in the schedule.
    cold_at: usize,
}

impl<'a> HitWorld<'a> {
    pub(super) fn new(scenario: &'a HitScenario, random: &mut Random) -> Self {
        let ids = ids(scenario);
        Self {
            scenario,
            foreign: chances(ids.len(), scenario.foreign, random),
            kept: chances(ids.len(), scenario.kept, random),
            cold_at: scenario.schedule.find('C').unwrap_or(0),
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

    /// The engine whose turn it is in the round at this place of the schedule.
    fn engine(&self, at: usize, round: usize) -> usize {
        (CANARY_REQUESTS + round * self.ids.len() + at) % self.scenario.replicas as usize
    }

    /// What each request of a cold or a warm round took; `round`: its place in the schedule. Requests
    /// of one wave run together and find nothing of each other.
    pub(super) fn serve(&self, round: usize, warm: bool) -> Vec<Served> {
        let all = |_: usize| true;
        let serve = |at: usize| {
            let whole = if warm {
                self.kept[at]
            } else {
                self.foreign[at]
            };
            self.serve_one(at, round, whole, !warm, &all)
        };
        (0..self.ids.len()).map(serve).collect()
    }

    /// What each request of a mixed round took. An arm finds nothing of the other one; what is known
    /// of the miss arm all the same was drawn.
    pub(super) fn serve_mixed(
        &self,
        round: usize,
        arms: &[Arm],
        random: &mut Random,
    ) -> Vec<Served> {
        let foreign = chances(self.ids.len(), self.scenario.misses_foreign, random);
        let serve = |at: usize| {
            let alike = |other: usize| arms[other] == arms[at];
            match arms[at] {
                Arm::Hit => self.serve_one(at, round, self.kept[at], false, &alike),
                Arm::Miss => self.serve_one(at, round, foreign[at], true, &alike),
            }
        };
        (0..self.ids.len()).map(serve).collect()
    }

    /// What each request of a round without reuse took: the template, which stands before a marker;
    /// behind a salt of its own not even that.
    pub(super) fn serve_without(&self, round: usize, random: &mut Random) -> Vec<Served> {
        let foreign = chances(self.ids.len(), self.scenario.without_foreign, random);
        let template = if self.scenario.salted || !self.scenario.cache {
            0
        } else {
            u64::from(self.scenario.template)
        };
        let serve = |at: usize| {
            let own = self.blocks(at, template);
            let cached = if foreign[at] {
                self.blocks(at, u64::MAX)
            } else {
                own
            };
            Served {
                cached,
                own,
                hidden: own,
                outer: 0,
                engine: self.engine(at, round),
                foreign: foreign[at],
            }
        };
        (0..self.ids.len()).map(serve).collect()
    }

    /// What one of some other requests of the round gives at most, tokens.
    fn shared(&self, at: usize, others: impl Iterator<Item = usize>) -> u64 {
        let others = others.filter(|other| *other != at);
        let most = others.map(|other| self.common(at, other)).max();
        self.blocks(at, most.unwrap_or(0))
    }

    /// One request; `whole`: a cache knows all of it, on whatever engine it is if `anywhere`, else
    /// where the cold round sent it. `alike`: the requests of its round that stand behind the same
    /// value.
    fn serve_one(
        &self,
        at: usize,
        round: usize,
        whole: bool,
        anywhere: bool,
        alike: &dyn Fn(usize) -> bool,
    ) -> Served {
        let engine = self.engine(at, round);
        if !self.scenario.cache {
            return Served {
                engine,
                ..Served::default()
            };
        }
        let wave = self.scenario.concurrency as usize;
        let earlier = at / wave * wave;
        let before = (0..earlier).filter(|other| alike(*other));
        let here = self.shared(
            at,
            before.filter(|other| self.engine(*other, round) == engine),
        );
        let hidden = match self.scenario.replicas {
            1 => here,
            _ => {
                let sent = 0..self.ids.len().min(earlier + wave);
                self.shared(at, sent.filter(|other| alike(*other)))
            }
        };
        let stored = anywhere || self.engine(at, self.cold_at) == engine;
        let whole = whole && stored;
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
            foreign: whole && anywhere,
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
