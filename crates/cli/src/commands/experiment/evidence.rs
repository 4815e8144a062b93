//! What the server's tokenizer tells of a level, asked for after the level was sent.

use super::Experiment;
use dualround_model::{ChanceHits, Evidence, RoundKind};
use dualround_stats::{MarkedIds, chance, expected, reuse};

impl Experiment<'_> {
    /// Token ids of what the level sent, asked for after it was sent. Levels that ask the same have
    /// the same, but for the marker.
    pub(super) fn find_ids(&mut self, level: u32) {
        let again = level > 0 && self.stored.dataset.levels_differ();
        if self.ids.is_none() || again {
            let cold = self
                .rounds
                .iter()
                .rev()
                .filter(|round| round.meta.spec.kind == RoundKind::Cold)
                .find_map(|round| round.meta.cold.as_ref());
            let marker_tokens = cold.and_then(|cold| cold.marker_tokens);
            let ids = self.session.take_token_ids();
            self.ids = Some(ids.map(|prompts| MarkedIds {
                prompts,
                marker_tokens,
            }));
        }
    }

    /// After the first level: what the token ids that were sent let a cache reuse.
    pub(super) fn find_reuse(&mut self) {
        let Some((block, capacity)) = self.known.cache_unit() else {
            return;
        };
        if self.known.reuse.is_none() && self.comparison.levels.is_empty() {
            let ids = self.ids.iter().flatten().next();
            self.known.reuse = ids.and_then(|ids| reuse(&ids.prompts, block, capacity));
        }
    }

    /// What the level's cold rounds may hit of themselves, for the journal: the level can then be
    /// judged again without the server.
    pub(super) fn find_expected(&mut self, first: usize, level: u32) -> anyhow::Result<()> {
        let mut evidence = Evidence {
            level,
            canary: self.known.canary.clone(),
            reuse: if level == 0 { self.known.reuse } else { None },
            ..Evidence::default()
        };
        if let Some(Some(ids)) = &self.ids {
            let rounds = self.rounds[first..].iter_mut();
            for round in rounds.filter(|round| round.meta.spec.kind == RoundKind::Cold) {
                let found = expected(round, ids);
                evidence.expected.push(found.clone());
                round.expected = Some(found);
            }
            evidence.chance = self.by_chance(first, ids);
            for round in &mut self.rounds[first..] {
                round.take_chance(&evidence.chance);
            }
        }
        Ok(self.journal.evidence(&evidence)?)
    }

    /// What the level's sessions would hit by chance, where the user names several replicas.
    fn by_chance(&self, first: usize, ids: &MarkedIds) -> Vec<ChanceHits> {
        let rounds = &self.rounds[first..];
        let replicas = u32::try_from(self.known.replicas().len()).unwrap_or(u32::MAX);
        let of_sessions = rounds.iter().any(|round| round.requests.has_turns());
        if replicas < 2 || !of_sessions {
            return Vec::new();
        }
        chance(rounds, ids, replicas)
    }
}
