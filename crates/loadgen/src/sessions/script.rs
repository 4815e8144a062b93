//! The order of a round of sessions: what each sends, and what it waits for.

use dualround_model::{Sample, SessionFork, SessionTurn, TurnGap};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};

/// What a session does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SessionStep {
    /// Sends the request at this position of the epoch, so long after the one before it.
    Ask {
        /// The position.
        position: u32,
        /// The time before it.
        gap: TurnGap,
    },
    /// Another session begins, which goes its own way.
    Fork {
        /// The place of its script.
        script: u32,
    },
    /// Waits for another session to end, and so long beyond.
    Join {
        /// The place of its script.
        script: u32,
        /// How long, ns.
        gap_ns: u64,
    },
}

/// What one session does, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionScript {
    pub(crate) steps: Vec<SessionStep>,
}

impl SessionScript {
    /// The positions of its requests.
    pub(crate) fn positions(&self) -> impl Iterator<Item = u32> {
        self.steps.iter().filter_map(|step| match step {
            SessionStep::Ask { position, .. } => Some(*position),
            SessionStep::Fork { .. } | SessionStep::Join { .. } => None,
        })
    }
}

/// The sessions of a round.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionOrder {
    pub(crate) scripts: Vec<SessionScript>,
    /// Places of the scripts that fork off no other, in the order in which they begin.
    pub(crate) roots: Vec<u32>,
}

/// A session of the level, while its script is put together.
struct SessionSketch<'a> {
    number: u32,
    /// Where it forks off another one.
    fork: Option<SessionFork>,
    /// Its turns that are played.
    turns: Vec<(u32, &'a SessionTurn)>,
}

impl SessionOrder {
    /// The order of a level's samples; `None` where they are no turns. A session ends before the first
    /// turn that is not to be played.
    pub(crate) fn of(samples: &[Arc<Sample>], is_played: impl Fn(u32) -> bool) -> Option<Self> {
        samples.first()?.turn.as_ref()?;
        let sketches = sketches(samples, is_played);
        let places: HashMap<u32, u32> = (0..)
            .zip(&sketches)
            .map(|(place, sketch)| (sketch.number, place))
            .collect();
        let mut forks: HashMap<SessionFork, Vec<u32>> = HashMap::new();
        let mut roots = Vec::new();
        for (place, sketch) in (0..).zip(&sketches) {
            match sketch.fork {
                Some(fork) => forks.entry(fork).or_default().push(place),
                None => roots.push(place),
            }
        }
        let scripts = sketches.iter().map(|sketch| sketch.script(&places, &forks));
        Some(Self {
            scripts: scripts.collect(),
            roots,
        })
    }

    /// The positions of all requests, session after session.
    pub(crate) fn positions(&self) -> Vec<u32> {
        let all = self.scripts.iter().flat_map(SessionScript::positions);
        all.collect()
    }

    /// The script at this place.
    pub(crate) fn script(&self, place: u32) -> &[SessionStep] {
        let script = self.scripts.get(place as usize);
        script.map_or(&[], |script| &script.steps)
    }

    /// The position of the first request of a script; of one that begins with a fork, of its own.
    pub(crate) fn first_position(&self, place: u32) -> Option<u32> {
        self.scripts.get(place as usize)?.positions().next()
    }

    /// Requests of the session at this place and of all that fork off it.
    pub(crate) fn requests_of(&self, place: u32) -> usize {
        self.requests_in(self.script(place))
    }

    /// Requests of these steps and of all that fork off in them.
    pub(crate) fn requests_in(&self, steps: &[SessionStep]) -> usize {
        let requests = steps.iter();
        requests
            .map(|step| match step {
                SessionStep::Ask { .. } => 1,
                SessionStep::Fork { script } => self.requests_of(*script),
                SessionStep::Join { .. } => 0,
            })
            .sum()
    }
}

/// The sessions of a level with the turns that are played; those of which none is are left out.
fn sketches(samples: &[Arc<Sample>], is_played: impl Fn(u32) -> bool) -> Vec<SessionSketch<'_>> {
    let mut sketches: Vec<SessionSketch<'_>> = Vec::new();
    let mut is_over = false;
    for (position, sample) in (0..).zip(samples) {
        let Some(turn) = sample.turn.as_deref() else {
            continue;
        };
        if turn.turn == 1 {
            is_over = false;
            sketches.push(SessionSketch {
                number: turn.session,
                fork: turn.fork,
                turns: Vec::new(),
            });
        }
        is_over |= !is_played(position);
        if let (false, Some(sketch)) = (is_over, sketches.last_mut()) {
            sketch.turns.push((position, turn));
        }
    }
    // What forks off a turn that is not played is not played either.
    let mut played: HashMap<u32, usize> = HashMap::new();
    sketches.retain(|sketch| {
        let is_forked = sketch.fork.is_none_or(|fork| {
            let turns = played.get(&fork.session).copied();
            turns.is_some_and(|turns| turns >= fork.turn as usize)
        });
        let is_played = is_forked && !sketch.turns.is_empty();
        if is_played {
            played.insert(sketch.number, sketch.turns.len());
        }
        is_played
    });
    sketches
}

impl SessionSketch<'_> {
    fn script(
        &self,
        places: &HashMap<u32, u32>,
        forks: &HashMap<SessionFork, Vec<u32>>,
    ) -> SessionScript {
        let mut steps = Vec::new();
        self.fork_behind(0, forks, &mut steps);
        for (position, turn) in &self.turns {
            for join in &turn.joins {
                if let Some(script) = places.get(&join.session) {
                    steps.push(SessionStep::Join {
                        script: *script,
                        gap_ns: join.gap_ns,
                    });
                }
            }
            steps.push(SessionStep::Ask {
                position: *position,
                gap: turn.gap,
            });
            self.fork_behind(turn.turn, forks, &mut steps);
        }
        SessionScript { steps }
    }

    fn fork_behind(
        &self,
        turn: u32,
        forks: &HashMap<SessionFork, Vec<u32>>,
        steps: &mut Vec<SessionStep>,
    ) {
        let fork = SessionFork {
            session: self.number,
            turn,
        };
        let scripts = forks.get(&fork).into_iter().flatten();
        steps.extend(scripts.map(|script| SessionStep::Fork { script: *script }));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use dualround_model::SessionJoin;

    /// The turns of one session, each a sample.
    pub(crate) fn session(
        number: u32,
        turns: u32,
        fork: Option<SessionFork>,
        joins: &[(u32, SessionJoin)],
    ) -> Vec<Arc<Sample>> {
        let turns = (1..=turns).map(|turn| {
            let joins = joins.iter().filter(|(at, _)| *at == turn);
            Arc::new(Sample {
                turn: Some(Arc::new(SessionTurn {
                    session: number,
                    turn,
                    name: format!("s{number}").into(),
                    gap: TurnGap::default(),
                    fork: fork.filter(|_| turn == 1),
                    joins: joins.map(|(_, join)| *join).collect(),
                    history: None,
                })),
                ..Sample::default()
            })
        });
        turns.collect()
    }

    fn ask(position: u32) -> SessionStep {
        let gap = TurnGap::default();
        SessionStep::Ask { position, gap }
    }

    #[test]
    fn a_fork_begins_behind_its_turn_and_is_waited_for_before_another() {
        let fork = SessionFork {
            session: 4,
            turn: 1,
        };
        let join = SessionJoin {
            session: 5,
            gap_ns: 7,
        };
        let samples = [
            session(4, 3, None, &[(3, join)]),
            session(5, 2, Some(fork), &[]),
            session(9, 1, None, &[]),
        ]
        .concat();
        let order = SessionOrder::of(&samples, |_| true).unwrap();
        assert_eq!(order.roots, [0, 2]);
        let steps = [
            ask(0),
            SessionStep::Fork { script: 1 },
            ask(1),
            SessionStep::Join {
                script: 1,
                gap_ns: 7,
            },
            ask(2),
        ];
        assert_eq!(order.script(0), steps);
        assert_eq!(order.script(1), [ask(3), ask(4)]);
        assert_eq!((order.requests_of(0), order.requests_of(2)), (5, 1));
        assert_eq!(order.positions(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(
            SessionOrder::of(&[Arc::new(Sample::default())], |_| true),
            None
        );
    }

    #[test]
    fn a_session_ends_before_the_first_turn_that_is_not_played() {
        let behind = |turn| Some(SessionFork { session: 1, turn });
        let samples = [
            session(1, 3, None, &[]),
            session(2, 2, behind(1), &[]),
            session(3, 2, behind(2), &[]),
            session(4, 2, None, &[]),
        ]
        .concat();
        // The second turn of the first session is not, and the first of the last.
        let order = SessionOrder::of(&samples, |position| ![1, 7].contains(&position)).unwrap();
        assert_eq!(order.positions(), [0, 3, 4]);
        assert_eq!(order.roots, [0]);
        assert_eq!(order.script(0), [ask(0), SessionStep::Fork { script: 1 }]);
    }
}
