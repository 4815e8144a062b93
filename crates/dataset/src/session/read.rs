//! Reading a file of sessions: each row is a conversation, the session of an agent, or a turn.

use super::{
    agent::{self, AgentReader},
    draft::{SessionDraft, TurnPlacement},
    edit,
    error::SessionError,
    gap::{self, RecordedTimes},
    gather::{Gather, KeptSeat, TurnSeat},
    talk::{self, Talk, TalkReading, TalkShaped},
    turn_row::{self, HistoryMode, LastTurn, TurnKey, TurnRow},
};
use crate::{
    DatasetError,
    draw::DrawKey,
    messages::is_system,
    needs::Lengths,
    prompt::Shaped,
    read::{ReadOptions, TimesInOrder},
    row::{FileRow, RowPosition},
    row_error::RowError,
    rows::each_of_file,
    shape::shape,
    source::RowSource,
    tally::RowTally,
    timestamp::{self, TimeError},
    trace::TraceKind,
    weka,
};
use dualround_model::{
    AnswerSource, DatasetPlan, Sample, SessionFork, SessionPlan, ThinkTime, TurnGap, TurnHistory,
};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What was read of a file.
pub(super) struct ReadSessions {
    /// Its layout and the shapes of its rows, for people.
    pub(super) format: String,
    pub(super) tally: RowTally,
    /// What was drawn, in the order of the draw.
    pub(super) drawn: Vec<SessionDraft>,
    /// Sessions that the file has.
    pub(super) seen: u64,
    /// Chats behind ones that the file does not have: each begins a session.
    pub(super) lost_parents: u64,
}

/// Reads all rows, and keeps the sessions that are drawn.
pub(super) fn read(
    source: RowSource<'_>,
    options: &ReadOptions<'_>,
    plan: &DatasetPlan,
    sessions: SessionPlan,
    needed: Option<u64>,
    lengths: &Lengths<'_>,
) -> Result<ReadSessions, DatasetError> {
    let mut reader = SessionReader {
        name: source.name.clone(),
        options,
        plan,
        sessions,
        lengths,
        gather: Gather::new(needed),
        tally: RowTally::default(),
        times: TimesInOrder::default(),
        form: None,
        mode: None,
    };
    let layout = each_of_file(source, options.layout, &mut |row| reader.take(row))?;
    let format = format!("{} ({})", layout.name(), reader.tally.shapes());
    Ok(ReadSessions {
        lost_parents: reader.gather.lost_parents(),
        format,
        tally: reader.tally,
        seen: reader.gather.seen,
        drawn: reader.gather.finish(),
    })
}

/// What a row of a file of sessions is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RowForm {
    Conversation,
    Turn,
}

impl RowForm {
    fn words(self) -> &'static str {
        match self {
            Self::Conversation => "a whole conversation",
            Self::Turn => "one turn of a session",
        }
    }
}

/// Why a row is not used.
enum Unused {
    Skip(&'static str),
    Bad(RowError),
    /// Nothing of the file can be.
    File(DatasetError),
}

impl<E: Into<RowError>> From<E> for Unused {
    fn from(error: E) -> Self {
        Self::Bad(error.into())
    }
}

struct SessionReader<'a> {
    name: String,
    options: &'a ReadOptions<'a>,
    plan: &'a DatasetPlan,
    sessions: SessionPlan,
    lengths: &'a Lengths<'a>,
    gather: Gather,
    tally: RowTally,
    times: TimesInOrder,
    form: Option<RowForm>,
    mode: Option<HistoryMode>,
}

impl SessionReader<'_> {
    fn take(&mut self, row: FileRow<'_>) -> Result<(), DatasetError> {
        self.tally.rows += 1;
        match row.parsed() {
            FileRow::Bad(line, reason) if self.options.keep_going => {
                self.tally.skip("not JSON");
                self.tally.bad(line, RowError::Unreadable(reason));
                Ok(())
            }
            FileRow::Bad(line, reason) => Err(DatasetError::BadJson {
                name: self.name.clone(),
                line,
                reason,
            }),
            FileRow::Value(place, value) => self.take_value(place, &value),
            FileRow::Json(..) => Ok(()),
        }
    }

    fn take_value(&mut self, place: RowPosition, value: &Value) -> Result<(), DatasetError> {
        match self.understand(place, value) {
            Ok(()) => Ok(()),
            Err(Unused::Skip(reason)) => {
                self.tally.skip(reason);
                Ok(())
            }
            Err(Unused::Bad(error)) if self.options.keep_going && !is_of_the_file(&error) => {
                self.tally.skip("unknown shape");
                self.tally.bad(place.number(), error);
                Ok(())
            }
            Err(Unused::Bad(reason)) => Err(DatasetError::BadRow {
                name: self.name.clone(),
                place: place.to_string(),
                reason,
            }),
            Err(Unused::File(error)) => Err(error),
        }
    }

    fn understand(&mut self, place: RowPosition, value: &Value) -> Result<(), Unused> {
        let object = value.as_object();
        if object.is_some_and(weka::is_session) {
            self.check_form(RowForm::Conversation)?;
            return self.agent(place, value);
        }
        if let Some(row) = object {
            turn_row::check_names(row)?;
        }
        let trace = self.options.reading.trace_of(value);
        let turn = match object.filter(|row| !talk::has_turns(row)) {
            Some(row) if turn_row::is_turn(row) => turn_row::of(row, trace)?,
            _ => None,
        };
        match (turn, object) {
            (Some(turn), Some(row)) => {
                self.check_form(RowForm::Turn)?;
                self.turn(place, value, row, &turn, trace)
            }
            _ => {
                if let (Some(trace), false) = (trace, object.is_some_and(has_text)) {
                    let trace = trace.name();
                    return Err(SessionError::NoSession { trace }.into());
                }
                self.check_form(RowForm::Conversation)?;
                self.talk(place, value)
            }
        }
    }

    fn check_form(&mut self, found: RowForm) -> Result<(), SessionError> {
        let before = *self.form.get_or_insert(found);
        if before != found {
            let (found, before) = (found.words(), before.words());
            return Err(SessionError::TwoForms { found, before });
        }
        Ok(())
    }

    fn check_mode(&mut self, found: HistoryMode) -> Result<(), SessionError> {
        let before = *self.mode.get_or_insert(found);
        if before != found {
            let (found, before) = (found.words(), before.words());
            return Err(SessionError::TwoModes { found, before });
        }
        if found == HistoryMode::Whole {
            self.check_answers()?;
        }
        Ok(())
    }

    /// Rows that hold their whole history hold the answers in it.
    fn check_answers(&self) -> Result<(), SessionError> {
        match self.sessions.answers {
            AnswerSource::Live => Err(SessionError::AnswersHeld),
            AnswerSource::Recorded => Ok(()),
        }
    }

    /// The key of the session that begins now.
    fn next_key(&mut self) -> DrawKey {
        let position = self.gather.seen;
        self.gather.seen += 1;
        DrawKey::planned(self.plan, position)
    }

    fn talk(&mut self, place: RowPosition, value: &Value) -> Result<(), Unused> {
        let how = TalkReading {
            reading: &self.options.reading,
            answers: self.sessions.answers,
            unit: self.options.unit,
        };
        let Talk {
            turns,
            shape,
            unsent,
        } = match talk::read(value, place.number(), &how) {
            TalkShaped::Talk(talk) => talk,
            TalkShaped::Skip(reason) => return Err(Unused::Skip(reason)),
            TalkShaped::Unknown(error) => return Err(error.into()),
        };
        let arrival_ns = self.begins_at(place, value, None)?;
        let key = self.next_key();
        let number = self.gather.number();
        if self.gather.wants(key) {
            let name = match &turns[0].sample.id {
                Some(id) => id.clone(),
                None => format!("row-{}", place.number()),
            };
            let name = self.gather.own_name(name);
            let mut draft = SessionDraft::new(number, &name);
            draft.arrival_ns = arrival_ns;
            for turn in turns {
                let own = RecordedTimes {
                    gap_ns: turn.gap_ns,
                    ..RecordedTimes::default()
                };
                let before = draft.turns.last();
                let placement = TurnPlacement {
                    gap: before.map_or_else(TurnGap::default, |_| {
                        gap::between(&self.sessions, RecordedTimes::default(), own)
                    }),
                    history: before.map(|before| all_of(before, turn.pinned)),
                    ..TurnPlacement::default()
                };
                let arrival_ns = if before.is_none() { arrival_ns } else { None };
                draft.add(
                    Sample {
                        arrival_ns,
                        ..turn.sample
                    },
                    placement,
                );
            }
            self.keep(key, draft)?;
        }
        self.tally.used(shape, without_places(unsent));
        Ok(())
    }

    fn agent(&mut self, place: RowPosition, value: &Value) -> Result<(), Unused> {
        self.check_answers()?;
        let mut reader = AgentReader {
            reading: &self.options.reading,
            plan: &self.sessions,
            row: place.number(),
            next: self.gather.next,
            shape: None,
            skipped: Vec::new(),
        };
        let name = agent::name_of(value, place.number());
        let draft = reader.session(&name, weka::entries(value))?;
        let (next, shape, skipped) = (reader.next, reader.shape, reader.skipped);
        self.gather.next = next;
        if draft.turns.is_empty() {
            return Err(Unused::Skip("no turns"));
        }
        for reason in skipped {
            self.tally.skip(reason);
        }
        let key = self.next_key();
        if self.gather.wants(key) {
            self.keep(key, draft)?;
        }
        self.tally.used(shape.unwrap_or("Weka trace"), Vec::new());
        Ok(())
    }

    /// Keeps a session, where its longest prompt is as long as prompts are to be.
    fn keep(&mut self, key: DrawKey, draft: SessionDraft) -> Result<(), Unused> {
        if let Some(longest) = draft.turns.last() {
            self.lengths.fits(longest).map_err(Unused::Skip)?;
        }
        self.gather.put(key, draft);
        Ok(())
    }

    fn turn(
        &mut self,
        place: RowPosition,
        value: &Value,
        row: &Map<String, Value>,
        turn: &TurnRow,
        trace: Option<TraceKind>,
    ) -> Result<(), Unused> {
        self.check_mode(turn.mode)?;
        self.gather.check_chat(&turn.key)?;
        let seat = self.gather.seat(&turn.key);
        let added = self.seated_turn(place, value, row, turn, trace, seat);
        if added.is_err() {
            self.gather.sit(&turn.key, TurnSeat::Broken);
        }
        added
    }

    fn seated_turn(
        &mut self,
        place: RowPosition,
        value: &Value,
        row: &Map<String, Value>,
        turn: &TurnRow,
        trace: Option<TraceKind>,
        seat: Option<TurnSeat>,
    ) -> Result<(), Unused> {
        let times = self.recorded(value, row, trace)?;
        let is_first = seat.is_none();
        let arrival_ns = self.begins_at(place, value, trace)?;
        let seat = match seat {
            Some(TurnSeat::Broken) => return Err(Unused::Skip("behind a turn that is left out")),
            Some(TurnSeat::NotDrawn) => return self.pass(turn),
            Some(TurnSeat::Kept(seat)) => seat,
            None => {
                let root = self.next_key();
                let session = self.gather.number();
                if !self.gather.wants(root) {
                    return self.pass(turn);
                }
                KeptSeat {
                    root,
                    session,
                    after: 0,
                    last: LastTurn::default(),
                }
            }
        };
        let name = turn.key.own_name();
        if matches!(turn.key, TurnKey::Session(_)) {
            seat.last.check(name, turn.turn)?;
            if is_first {
                turn.check_first(name)?;
            }
        }
        let found = match shape(value, place.number(), &self.options.reading) {
            Shaped::Sample(found) => *found,
            Shaped::Skip(reason) => return Err(Unused::Skip(reason)),
            Shaped::Unknown(error) => return Err(error.into()),
        };
        let answer = recorded_answer(row, self.sessions.answers)?;
        if is_first {
            let mut draft = SessionDraft::new(seat.session, name);
            draft.arrival_ns = arrival_ns;
            let sample = Sample {
                arrival_ns,
                ..found.sample
            };
            draft.add(sample, TurnPlacement::default());
            self.gather.put(seat.root, draft);
            self.sit(turn, KeptSeat { after: 1, ..seat }, times);
        } else {
            self.add_behind(seat, found.sample, turn, times)?;
        }
        self.gather.answer(&turn.key, answer);
        self.tally.used(found.shape, without_places(found.unsent));
        Ok(())
    }

    /// Adds a turn behind one of its session; where that has another behind it, a session forks off.
    fn add_behind(
        &mut self,
        seat: KeptSeat,
        sample: Sample,
        turn: &TurnRow,
        times: RecordedTimes,
    ) -> Result<(), Unused> {
        let gap = gap::between(&self.sessions, seat.last.times, times);
        let KeptSeat { session, after, .. } = seat;
        let answer = self.gather.answer_before(&turn.key);
        let next = self.gather.next;
        let Some(draft) = self.gather.session(seat.root, session) else {
            return self.pass(turn);
        };
        let Some(before) = draft.turns.get(after as usize - 1) else {
            return Err(Unused::Skip("behind a turn that is left out"));
        };
        let (history, messages) = match turn.mode {
            HistoryMode::Whole => edit::behind(before, sample.messages),
            HistoryMode::Delta => {
                let pinned = answer.is_empty();
                let mut messages = answer;
                messages.extend(without_system(sample.messages));
                (Some(all_of(before, pinned)), messages)
            }
        };
        let sample = Sample {
            messages,
            arrival_ns: None,
            ..sample
        };
        let forks = draft.turns_so_far() > after;
        if !forks {
            let placement = TurnPlacement {
                gap,
                history,
                ..TurnPlacement::default()
            };
            draft.add(sample, placement);
            let after = after + 1;
            self.sit(turn, KeptSeat { after, ..seat }, times);
            return Ok(());
        }
        let mut fork = SessionDraft::new(next, turn.key.own_name());
        let placement = TurnPlacement {
            gap,
            history,
            fork: Some(SessionFork {
                session,
                turn: after,
            }),
            ..TurnPlacement::default()
        };
        fork.add(sample, placement);
        draft.forks.push(fork);
        self.gather.number();
        let (session, after) = (next, 1);
        let seat = KeptSeat {
            session,
            after,
            ..seat
        };
        self.sit(turn, seat, times);
        Ok(())
    }

    /// Notes that the row which follows this one belongs there.
    fn sit(&mut self, row: &TurnRow, seat: KeptSeat, times: RecordedTimes) {
        let last = LastTurn {
            number: row.turn,
            times,
        };
        let seat = TurnSeat::Kept(KeptSeat { last, ..seat });
        self.gather.sit(&row.key, seat);
    }

    /// Passes over a row whose session is not drawn.
    fn pass(&mut self, turn: &TurnRow) -> Result<(), Unused> {
        self.gather.sit(&turn.key, TurnSeat::NotDrawn);
        self.tally.passed += 1;
        Ok(())
    }

    /// When a session begins, where sessions are replayed; the times of a file must not go back.
    fn begins_at(
        &mut self,
        place: RowPosition,
        row: &Value,
        trace: Option<TraceKind>,
    ) -> Result<Option<u64>, Unused> {
        let time = timestamp::of(row, trace, self.options.unit);
        if !self.options.timed {
            return Ok(time.ok().map(|time| time.ns));
        }
        let time = time?;
        let ns = time.ns;
        self.times
            .check(&self.name, place, time)
            .map_err(Unused::File)?;
        Ok(Some(ns))
    }

    /// What a turn's row says of its times, where gaps are as they were recorded.
    fn recorded(
        &self,
        value: &Value,
        row: &Map<String, Value>,
        trace: Option<TraceKind>,
    ) -> Result<RecordedTimes, SessionError> {
        if self.sessions.think_time != ThinkTime::Recorded {
            return Ok(RecordedTimes::default());
        }
        let unit = trace.and_then(timestamp::unit_of).or(self.options.unit);
        let gap_ns = gap::stated(row, unit)?;
        let sent_ns = match timestamp::of(value, trace, self.options.unit) {
            Ok(time) => Some(time.ns),
            Err(TimeError::Missing { .. }) => None,
            // What is not needed need not be understood.
            Err(_) if gap_ns.is_some() => None,
            Err(error) => return Err(error.into()),
        };
        Ok(RecordedTimes {
            sent_ns,
            took_ns: gap::took(row)?,
            gap_ns,
        })
    }
}

/// All that a turn sent is kept.
fn all_of(before: &Arc<Sample>, pinned: bool) -> TurnHistory {
    TurnHistory {
        before: Arc::clone(before),
        keep_messages: usize::MAX,
        keep_bytes: 0,
        pinned,
    }
}

/// Nothing that other rows could make good.
fn is_of_the_file(error: &RowError) -> bool {
    matches!(
        error,
        RowError::Session(
            SessionError::TwoForms { .. }
                | SessionError::TwoModes { .. }
                | SessionError::MissingTurn { .. }
                | SessionError::BeginsLate { .. }
                | SessionError::AnswersHeld
                | SessionError::NoSession { .. }
        )
    )
}

/// A row of a trace that carries its own text.
fn has_text(row: &Map<String, Value>) -> bool {
    row.contains_key("messages") || row.contains_key("text_input")
}

/// What a row of one turn was answered, where recorded answers are wanted.
fn recorded_answer(
    row: &Map<String, Value>,
    answers: AnswerSource,
) -> Result<Vec<Value>, RowError> {
    match (row.get("answer"), answers) {
        (Some(answer), AnswerSource::Recorded) => talk::answer_of(0, answer),
        _ => Ok(Vec::new()),
    }
}

/// The system's words stand in the first turn.
fn without_system(mut messages: Vec<Value>) -> Vec<Value> {
    if messages.len() > 1 && is_system(&messages[0]) {
        messages.remove(0);
    }
    messages
}

/// Keys that go nowhere, without those that place a turn.
fn without_places(mut unsent: Vec<String>) -> Vec<String> {
    unsent.retain(|key| !turn_row::is_of_place(key) && !gap::is_of_times(key));
    unsent
}
