//! Which sessions are one observation: what forks off another one, and what says the same.

use crate::Sample;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

/// For each session of a run the one that it is one observation with.
#[derive(Debug, Default)]
pub struct SessionUnits {
    of: HashMap<u32, u32>,
}

impl SessionUnits {
    /// Those of these samples, the turns of each session in order: a session belongs to the one that it
    /// forks off at last, and to the first whose turns, with all that fork off them, are the same.
    pub fn of(samples: &[Arc<Sample>]) -> Self {
        let roots = roots(samples);
        let mut order: Vec<u32> = Vec::new();
        let mut contents: HashMap<u32, DefaultHasher> = HashMap::new();
        for (sample, root) in samples.iter().zip(&roots) {
            let content = contents.entry(*root).or_insert_with(|| {
                order.push(*root);
                DefaultHasher::new()
            });
            add_turn(sample, content);
        }
        let mut first: HashMap<u64, u32> = HashMap::new();
        let mut alike: HashMap<u32, u32> = HashMap::new();
        for root in order {
            let content = contents.get(&root).map(Hasher::finish);
            let unit = content.map_or(root, |content| *first.entry(content).or_insert(root));
            alike.insert(root, unit);
        }
        let turns = samples.iter().filter_map(|sample| sample.turn.as_deref());
        let of = turns.zip(&roots).map(|(turn, root)| {
            let unit = alike.get(root).copied().unwrap_or(*root);
            (turn.session, unit)
        });
        Self { of: of.collect() }
    }

    /// The session that this one is one observation with: its own number, where it stands alone.
    pub fn unit(&self, session: u32) -> u32 {
        self.of.get(&session).copied().unwrap_or(session)
    }
}

/// What a turn says, in its place.
fn add_turn(sample: &Sample, content: &mut DefaultHasher) {
    let turn = sample.turn.as_deref();
    turn.map(|turn| (turn.turn, turn.fork.map(|fork| fork.turn)))
        .hash(content);
    let history = sample.history().map(|(_, history)| history);
    history
        .map(|history| (history.keep_messages, history.keep_bytes, history.pinned))
        .hash(content);
    for message in &sample.messages {
        message.to_string().hash(content);
    }
    for (key, value) in &sample.options {
        (key, value.to_string()).hash(content);
    }
}

/// The session of each sample, by the one that it forks off at last; samples that are no turns are left
/// out.
pub fn roots(samples: &[Arc<Sample>]) -> Vec<u32> {
    let mut parents: HashMap<u32, u32> = HashMap::new();
    let turns = samples.iter().filter_map(|sample| sample.turn.as_deref());
    let roots = turns.map(|turn| {
        if let Some(fork) = turn.fork {
            let root = parents.get(&fork.session).copied();
            parents.insert(turn.session, root.unwrap_or(fork.session));
        }
        parents.get(&turn.session).copied().unwrap_or(turn.session)
    });
    roots.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SessionFork, SessionTurn, TurnGap};
    use serde_json::json;

    fn turn(session: u32, number: u32, text: &str, fork: Option<SessionFork>) -> Arc<Sample> {
        Arc::new(Sample {
            messages: vec![json!({"role": "user", "content": text})],
            turn: Some(Arc::new(SessionTurn {
                session,
                turn: number,
                name: format!("s{session}").into(),
                gap: TurnGap::default(),
                fork,
                joins: Vec::new(),
                history: None,
            })),
            ..Sample::default()
        })
    }

    #[test]
    fn what_forks_off_and_what_says_the_same_is_one_observation() {
        let fork = |session| Some(SessionFork { session, turn: 1 });
        let samples = [
            turn(0, 1, "one", None),
            turn(0, 2, "two", None),
            turn(1, 1, "one", None),
            turn(1, 2, "two", None),
            turn(2, 1, "one", None),
            turn(3, 1, "agent", None),
            turn(4, 1, "sub", fork(3)),
            turn(5, 1, "sub of it", fork(4)),
            turn(6, 1, "agent", None),
        ];
        let units = SessionUnits::of(&samples);
        let all: Vec<u32> = (0..7).map(|session| units.unit(session)).collect();
        assert_eq!(all, [0, 0, 2, 3, 3, 3, 6]);
    }
}
