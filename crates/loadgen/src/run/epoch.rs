//! The epoch under way: the bodies that its rounds send, and what made them new to every cache.

use super::setting::RunSetting;
use crate::{
    LoadError,
    cold::CacheBreaker,
    request::prepare::{self, Freshness},
    sessions::{LevelFacts, TurnMaker},
};
use dualround_model::{ColdAction, PrefixCut, PreparedEpoch, RoundKind, RoundSpec, RoundStop, hex};
use std::{collections::BTreeSet, sync::Arc};

/// The bodies that one round sends.
pub(super) struct RoundBodies {
    pub(super) bodies: Arc<PreparedEpoch>,
    /// Where a partial round cut them.
    pub(super) cut: Option<PrefixCut>,
    /// What makes them fresh, where they have a value of their own.
    pub(super) cold: Option<ColdAction>,
    /// Makes those of sessions.
    pub(super) turns: Option<Arc<TurnMaker>>,
}

impl RoundBodies {
    /// Those of the epoch.
    pub(super) fn of_epoch(bodies: Arc<PreparedEpoch>) -> Self {
        Self {
            bodies,
            cut: None,
            cold: None,
            turns: None,
        }
    }
}

/// The epoch under way.
#[derive(Debug, Default)]
pub(super) struct RunEpoch {
    /// Its bodies; `None` before the first cold round.
    pub(super) bodies: Option<Arc<PreparedEpoch>>,
    /// What made it fresh; `None` where nothing was put into the bodies.
    pub(super) breaker: Option<CacheBreaker>,
    /// By which a service routes its requests; `None` where they have no key of their own.
    pub(super) key: Option<String>,
    /// The token ids of its prompts, once they were asked for and told.
    pub(super) token_ids: Option<Vec<Vec<u32>>>,
    /// The digest of what it asks, without the breaker: equal in all rounds of a level.
    content_digest: Option<String>,
    /// What its cold round began, where `--duration` ended that one: the others were never cached.
    begun: Option<BTreeSet<u32>>,
    /// The longest that a request of its cold round took, ns.
    pub(super) longest_ns: u64,
    /// What it sent in each turn, where it asks sessions.
    pub(super) facts: LevelFacts,
}

impl RunEpoch {
    /// The level that follows may ask other samples.
    pub(super) fn forget_content(&mut self) {
        self.content_digest = None;
        self.facts = LevelFacts::default();
    }

    /// Starts an epoch with fresh bodies.
    ///
    /// # Errors
    /// [`LoadError::Body`] for a sample that cannot be sent.
    pub(super) fn start(
        &mut self,
        setting: &RunSetting,
        breaker: Option<CacheBreaker>,
        key: Option<String>,
    ) -> Result<(), LoadError> {
        // Two sets of bodies at once are what a large dataset has no room for.
        (self.bodies, self.token_ids) = (None, None);
        let samples = setting.samples();
        if setting.asks_sessions() {
            // Bodies of turns are made when their turn is near.
            self.bodies = Some(Arc::new(no_bodies()));
            self.facts = self.facts.of_new_epoch();
            (self.breaker, self.key) = (breaker, key);
            return Ok(());
        }
        let freshness = Freshness::shared(breaker.as_ref());
        let bodies = prepare::epoch(
            &setting.plan,
            setting.target(),
            samples,
            freshness,
            key.as_deref(),
        )?;
        self.bodies = Some(Arc::new(bodies));
        (self.breaker, self.key) = (breaker, key);
        Ok(())
    }

    /// Holds what a round is about to send against what it is to repeat: the content of the level,
    /// and the bytes of the epoch.
    ///
    /// # Errors
    /// [`LoadError::Digest`] where they differ.
    pub(super) fn check_digests(
        &mut self,
        spec: RoundSpec,
        bodies: &PreparedEpoch,
    ) -> Result<(), LoadError> {
        let content = self
            .content_digest
            .get_or_insert_with(|| bodies.content_digest.clone());
        if spec.kind != RoundKind::Partial && *content != bodies.content_digest {
            return Err(differs(spec, "content", &bodies.content_digest, content));
        }
        if let Some(request) = prepare::first_changed(bodies) {
            let (found, expected) = (&request.bytes[request.body_at..], request.body_digest);
            let found = prepare::body_digest(found);
            return Err(differs(spec, "wire", &hex(&found), &hex(&expected)));
        }
        Ok(())
    }

    /// Whether a round of this kind sends the request at a position: one that repeats the cold round
    /// sends what that one had begun.
    pub(super) fn is_begun(&self, kind: RoundKind, position: u32) -> bool {
        let begun = self.begun.as_ref();
        !kind.repeats_cold() || begun.is_none_or(|begun| begun.contains(&position))
    }

    /// Leaves those of `order` that a round cannot repeat, since the cold one did not begin them.
    pub(super) fn keep_begun(&mut self, kind: RoundKind, order: &mut Vec<u32>) {
        match &self.begun {
            Some(begun) if kind.repeats_cold() => order.retain(|at| begun.contains(at)),
            _ if kind == RoundKind::Cold => self.begun = None,
            _ => {}
        }
    }

    /// Notes what a cold round began, which its time ended.
    pub(super) fn note_begun(&mut self, begun: BTreeSet<u32>) {
        self.begun = Some(begun);
    }

    /// Why a round asked less than was planned, where its cold round had not begun the rest.
    pub(super) fn stop_of(&self, kind: RoundKind) -> Option<RoundStop> {
        let is_short = kind.repeats_cold() && self.begun.is_some();
        is_short.then_some(RoundStop::Duration)
    }
}

/// The bodies of an epoch of sessions before any was made.
pub(super) fn no_bodies() -> PreparedEpoch {
    PreparedEpoch {
        requests: Vec::new(),
        content_digest: String::new(),
        wire_digest: String::new(),
    }
}

pub(super) fn differs(
    spec: RoundSpec,
    what: &'static str,
    found: &str,
    expected: &str,
) -> LoadError {
    LoadError::Digest {
        round: spec.number,
        what,
        found: found.to_owned(),
        expected: expected.to_owned(),
    }
}
