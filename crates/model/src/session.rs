//! Sessions: conversations and agents whose turns one user asks in order. A turn holds what is new in
//! it and the turn before, so that a session of n turns holds its text once, and not n times over.

use crate::{Sample, SessionUnits};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// Which turns of a conversation are asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turns {
    /// One prompt a row: of several turns the first.
    #[default]
    First,
    /// All of them, each when the one before has been answered.
    All,
}

/// Whose answers stand in the history of later turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// Those that the data set holds; where it holds none, those of the first round.
    #[default]
    Recorded,
    /// Those of the first round, whatever the data set holds.
    Live,
}

/// How long a user waits between an answer and the next turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThinkTime {
    /// As long as the data set says.
    #[default]
    Recorded,
    /// So long, ns.
    Fixed(u64),
}

/// How the sessions of a data set are played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPlan {
    /// All of them; for those who read a plan.
    pub turns: Turns,
    /// Whose answers later turns build on.
    pub answers: AnswerSource,
    /// What lies between an answer and the next turn.
    pub think_time: ThinkTime,
    /// Longest gap of the data set that is kept, ns; longer ones are cut to it.
    pub gap_cap_ns: u64,
}

impl SessionPlan {
    /// Gaps above a minute are cut, unless the user says otherwise.
    pub const GAP_CAP_NS: u64 = 60_000_000_000;
}

impl Default for SessionPlan {
    fn default() -> Self {
        Self {
            turns: Turns::All,
            answers: AnswerSource::default(),
            think_time: ThinkTime::default(),
            gap_cap_ns: Self::GAP_CAP_NS,
        }
    }
}

/// What a gap counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapFrom {
    /// The end of the answer before.
    #[default]
    End,
    /// The instant at which the turn before was sent; the turn never goes before its answer has
    /// ended.
    Start,
}

/// The time between a turn and the one before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnGap {
    /// What it counts from.
    pub from: GapFrom,
    /// How long it is, ns.
    pub ns: u64,
    /// The data set has a longer one, which `--gap-cap` cut.
    pub cut: bool,
}

impl TurnGap {
    /// The instant at which a turn is due whose predecessor began and ended then, ns.
    pub fn due_ns(self, start_ns: u64, end_ns: u64) -> u64 {
        match self.from {
            GapFrom::End => end_ns.saturating_add(self.ns),
            GapFrom::Start => start_ns.saturating_add(self.ns).max(end_ns),
        }
    }
}

/// The turn of a session that a sample asks. Its messages are those that are new in it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionTurn {
    /// Which session of the draw it is of, 0-based.
    pub session: u32,
    /// Its place in the session, 1-based.
    pub turn: u32,
    /// The name of the session: its own, or that of its row.
    pub name: Arc<str>,
    /// The time between it and what it follows. Of a first turn: of a session that forks off, the
    /// time after the turn that it forks off; else nothing.
    pub gap: TurnGap,
    /// Of a first turn: where the session forks off another one.
    pub fork: Option<SessionFork>,
    /// Sessions that must have ended before it.
    pub joins: Vec<SessionJoin>,
    /// What it builds on; `None`: its messages are all there is.
    pub history: Option<TurnHistory>,
}

/// Where a session forks off another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionFork {
    /// The other session.
    pub session: u32,
    /// Its turn after which this one begins; 0: it begins with the other one.
    pub turn: u32,
}

/// A session that must have ended before a turn of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionJoin {
    /// The session.
    pub session: u32,
    /// How long before the turn it has ended at the least, ns.
    pub gap_ns: u64,
}

/// What a turn builds on: the messages of the turn before, or a part of them.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnHistory {
    /// The turn before.
    pub before: Arc<Sample>,
    /// Its messages that are kept, from the first on.
    pub keep_messages: usize,
    /// Bytes that are kept of the text of the message after them, which the first new message goes
    /// on with; 0: it is a message of its own.
    pub keep_bytes: usize,
    /// The answer to the turn before, as it was pinned, stands between what is kept and what is new.
    pub pinned: bool,
}

impl Drop for TurnHistory {
    /// Lets the turns before go one after the other: a session may be longer than a stack is deep.
    fn drop(&mut self) {
        let mut before = std::mem::take(&mut self.before);
        while let Some(sample) = Arc::into_inner(before) {
            let turn = sample.turn.and_then(Arc::into_inner);
            let Some(mut history) = turn.and_then(|turn| turn.history) else {
                return;
            };
            before = std::mem::take(&mut history.before);
        }
    }
}

/// A turn that is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsentTurn {
    /// Which session of the file it is of, 0-based.
    pub session: u32,
    /// Its place in the session, 1-based.
    pub turn: u32,
}

/// Where a request stands in a session, for its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnPlace {
    /// Which session of the file it is of, 0-based.
    pub session: u32,
    /// Its place in the session, 1-based.
    pub turn: u32,
    /// The name of the session.
    pub name: Arc<str>,
    /// How many turns the session has.
    pub of: u32,
    /// The session that it is one observation with: the one that it forks off, or the first of the same
    /// content; `None`: its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<u32>,
    /// It builds on what the server answered to the turn before, in this round too: its cache may hold
    /// that as it was generated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_pinned: bool,
}

impl SessionTurn {
    /// Where it stands in its session, which has so many turns and is one observation with session `unit`.
    pub fn place(&self, of: u32, unit: u32) -> TurnPlace {
        let history = self.history.as_ref();
        TurnPlace {
            session: self.session,
            turn: self.turn,
            name: Arc::clone(&self.name),
            of,
            unit: (unit != self.session).then_some(unit),
            on_pinned: history.is_some_and(|history| history.pinned),
        }
    }
}

/// Answers that a run has pinned, by session and turn.
pub trait PinnedAnswers {
    /// The messages of the answer to a turn; `None` where none was pinned.
    fn answer(&self, session: u32, turn: u32) -> Option<Vec<Value>>;
}

/// No answer is pinned.
#[derive(Clone, Copy, Debug)]
pub struct NoAnswers;

impl PinnedAnswers for NoAnswers {
    fn answer(&self, _: u32, _: u32) -> Option<Vec<Value>> {
        None
    }
}

impl Sample {
    /// All messages that it sends, those of the turns before included; `None` where an answer that
    /// it builds on is not pinned.
    pub fn whole_messages(&self, pinned: &dyn PinnedAnswers) -> Option<Vec<Value>> {
        let mut messages: Vec<Value> = Vec::new();
        // A session may be longer than a stack is deep.
        let turns: Vec<&Self> = self.and_before().collect();
        for turn in turns.into_iter().rev() {
            match turn.history() {
                None => messages.clone_from(&turn.messages),
                Some((_, history)) => turn.go_on(history, &mut messages, pinned)?,
            }
        }
        Some(messages)
    }

    /// Itself, then the turn that it builds on, and so on to the first.
    pub fn and_before(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |turn| {
            let (_, history) = turn.history()?;
            Some(&*history.before)
        })
    }

    /// Makes its own messages of those of the turn before.
    fn go_on(
        &self,
        history: &TurnHistory,
        messages: &mut Vec<Value>,
        pinned: &dyn PinnedAnswers,
    ) -> Option<()> {
        let continued = messages.get(history.keep_messages).and_then(text_of);
        let kept = continued.and_then(|text| text.get(..history.keep_bytes));
        let kept = kept.filter(|kept| !kept.is_empty()).map(str::to_owned);
        messages.truncate(history.keep_messages);
        if history.pinned {
            let before = history.before.turn.as_deref()?;
            messages.extend(pinned.answer(before.session, before.turn)?);
        }
        let mut new = self.messages.iter().cloned();
        if let Some(kept) = kept
            && let Some(mut first) = new.next()
        {
            if let Some(Value::String(text)) = first.get_mut("content") {
                text.insert_str(0, &kept);
            }
            messages.push(first);
        }
        messages.extend(new);
        Some(())
    }

    /// The same sample with all its messages, to be sent as they are.
    pub fn whole(&self, pinned: &dyn PinnedAnswers) -> Option<Self> {
        Some(Self {
            messages: self.whole_messages(pinned)?,
            ..self.clone()
        })
    }

    /// The turn, and what it builds on.
    pub fn history(&self) -> Option<(&SessionTurn, &TurnHistory)> {
        let turn = self.turn.as_deref()?;
        Some((turn, turn.history.as_ref()?))
    }

    /// An answer of its session must be pinned before it can be sent.
    pub fn needs_pinned(&self) -> bool {
        let mut turns = self.and_before().filter_map(Self::history);
        turns.any(|(_, history)| history.pinned)
    }
}

/// The text of a message whose content is one.
fn text_of(message: &Value) -> Option<&str> {
    message.get("content")?.as_str()
}

/// What the sessions of a selection come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFacts {
    /// Sessions, those that fork off others included.
    pub sessions: u64,
    /// Of these, those that fork off another one.
    pub forks: u64,
    /// Sessions that say what one before them says, forks left aside: they are one observation with it.
    #[serde(default)]
    pub repeats: u64,
    /// Turns of all of them: as many requests are planned.
    pub turns: u64,
    /// Turns of the shortest session.
    pub fewest_turns: u64,
    /// Turns of the longest.
    pub most_turns: u64,
    /// Turns that build on an answer which the first round pins.
    pub pinned_turns: u64,
    /// Gaps that were cut.
    pub gaps_cut: u64,
    /// The longest gap that is kept, ns.
    pub longest_gap_ns: u64,
}

impl SessionFacts {
    /// Those of samples in the order of sending; `None` where they are no turns.
    pub fn of(samples: &[Arc<Sample>]) -> Option<Self> {
        let mut facts = Self::default();
        let units = SessionUnits::of(samples);
        let mut length = 0;
        let turns = samples.iter().filter_map(|sample| sample.turn.as_deref());
        let mut turns = turns.peekable();
        turns.peek()?;
        while let Some(turn) = turns.next() {
            facts.turns += 1;
            length += 1;
            let history = turn.history.as_ref();
            facts.pinned_turns += u64::from(history.is_some_and(|history| history.pinned));
            facts.gaps_cut += u64::from(turn.gap.cut);
            facts.longest_gap_ns = facts.longest_gap_ns.max(turn.gap.ns);
            facts.forks += u64::from(turn.fork.is_some());
            let is_first = turn.turn == 1 && turn.fork.is_none();
            facts.repeats += u64::from(is_first && units.unit(turn.session) != turn.session);
            if turns.peek().is_none_or(|next| next.session != turn.session) {
                facts.fewest_turns = match facts.sessions {
                    0 => length,
                    _ => facts.fewest_turns.min(length),
                };
                facts.most_turns = facts.most_turns.max(length);
                facts.sessions += 1;
                length = 0;
            }
        }
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn user(text: &str) -> Value {
        json!({"role": "user", "content": text})
    }

    fn turn(number: u32, history: Option<TurnHistory>, messages: Vec<Value>) -> Arc<Sample> {
        Arc::new(Sample {
            messages,
            turn: Some(Arc::new(SessionTurn {
                session: 3,
                turn: number,
                name: "s".into(),
                gap: TurnGap::default(),
                fork: None,
                joins: Vec::new(),
                history,
            })),
            ..Sample::default()
        })
    }

    fn behind(
        before: &Arc<Sample>,
        keep_messages: usize,
        keep_bytes: usize,
        pinned: bool,
    ) -> TurnHistory {
        TurnHistory {
            before: Arc::clone(before),
            keep_messages,
            keep_bytes,
            pinned,
        }
    }

    #[test]
    fn a_turn_is_what_it_keeps_and_what_is_new() {
        let first = turn(1, None, vec![user("one")]);
        let answer = json!({"role": "assistant", "content": "1"});
        let second = turn(
            2,
            Some(behind(&first, 1, 0, false)),
            vec![answer.clone(), user("two")],
        );
        let all = second.whole_messages(&NoAnswers).unwrap();
        assert_eq!(all, [user("one"), answer, user("two")]);
        // An agent that drops what it has answered, and goes on with a text.
        let third = turn(
            3,
            Some(behind(&second, 0, 2, false)),
            vec![user("ly three")],
        );
        assert_eq!(
            third.whole_messages(&NoAnswers).unwrap(),
            [user("only three")]
        );
        assert!(!third.needs_pinned());
    }

    #[test]
    fn a_pinned_answer_stands_between_what_is_kept_and_what_is_new() {
        struct Four;
        impl PinnedAnswers for Four {
            fn answer(&self, session: u32, turn: u32) -> Option<Vec<Value>> {
                Some(vec![
                    json!({"role": "assistant", "content": format!("{session}/{turn}")}),
                ])
            }
        }
        let first = turn(1, None, vec![user("one")]);
        let second = turn(2, Some(behind(&first, 1, 0, true)), vec![user("two")]);
        let third = turn(3, Some(behind(&second, 3, 0, true)), vec![user("three")]);
        assert_eq!(third.whole_messages(&NoAnswers), None);
        let all = third.whole(&Four).unwrap();
        let texts: Vec<&str> = all.texts();
        assert_eq!(texts, ["one", "3/1", "two", "3/2", "three"]);
        assert!(third.needs_pinned() && !first.needs_pinned());
        let places = [&first, &third].map(|sample| sample.turn.as_deref().unwrap().place(3, 3));
        assert_eq!(places.map(|place| place.on_pinned), [false, true]);
    }

    #[test]
    fn a_gap_counts_from_the_end_or_from_the_start_and_never_before_the_end() {
        let gap = |from, ns| TurnGap {
            from,
            ns,
            cut: false,
        };
        assert_eq!(gap(GapFrom::End, 5).due_ns(10, 100), 105);
        assert_eq!(gap(GapFrom::Start, 5).due_ns(10, 100), 100);
        assert_eq!(gap(GapFrom::Start, 200).due_ns(10, 100), 210);
    }

    #[test]
    fn sessions_are_counted_by_their_turns() {
        let first = turn(1, None, vec![user("one")]);
        let second = turn(2, Some(behind(&first, 1, 0, true)), vec![user("two")]);
        let mut other = SessionTurn::clone(first.turn.as_deref().unwrap());
        other.session = 4;
        let other = Arc::new(Sample {
            turn: Some(Arc::new(other)),
            ..Sample::clone(&first)
        });
        let facts = SessionFacts::of(&[first, second, other]).unwrap();
        assert_eq!((facts.sessions, facts.turns, facts.pinned_turns), (2, 3, 1));
        assert_eq!((facts.fewest_turns, facts.most_turns), (1, 2));
        assert_eq!(SessionFacts::of(&[Arc::new(Sample::default())]), None);
    }
}
