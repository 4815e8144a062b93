//! What the samples of sessions are to a run: which of them arrive, which belong together, and what
//! they sent.

use super::tokens::TurnBodies;
use crate::{
    cold::CacheBreaker,
    request::body::{BodyExtras, fresh_body},
    sessions::AnswerBook,
};
use dualround_model::{Plan, Sample};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// The samples that arrive: all, or of sessions the first turns of those that fork off no other.
pub(super) fn starts(samples: &[Arc<Sample>]) -> Vec<Arc<Sample>> {
    let arrives = |sample: &&Arc<Sample>| match sample.turn.as_deref() {
        None => true,
        Some(turn) => turn.turn == 1 && turn.fork.is_none(),
    };
    samples.iter().filter(arrives).cloned().collect()
}

/// What a level of sessions has sent in its epoch, made again.
pub(super) struct SentTurns {
    pub(super) plan: Plan,
    pub(super) samples: Vec<Arc<Sample>>,
    pub(super) breaker: Option<CacheBreaker>,
    pub(super) key: Option<String>,
    pub(super) book: Arc<AnswerBook>,
    pub(super) answered: BTreeSet<u32>,
}

impl TurnBodies for SentTurns {
    fn count(&self) -> usize {
        self.samples.len()
    }

    fn body(&self, position: usize) -> Option<Value> {
        let index = u32::try_from(position).ok()?;
        if !self.answered.contains(&index) {
            return None;
        }
        let whole = self.samples.get(position)?.whole(&*self.book)?;
        let (fresh, key) = (self.breaker.as_ref(), self.key.as_deref());
        let body = fresh_body(&self.plan, &whole, BodyExtras { fresh, key });
        body.ok().map(Value::Object)
    }
}
