//! A session of an agent, whose sub-agents fork off it and may have ended before it goes on.

use super::{
    draft::{SessionDraft, TurnPlacement},
    edit,
    error::SessionError,
    gap::{self, RecordedTimes},
};
use crate::{
    prompt::Shaped,
    row_error::RowError,
    shape::{Reading, shape},
    timestamp::{self, TimeError},
    trace::TraceKind,
    weka::{AgentEntry, SubAgent},
};
use dualround_model::{SessionFork, SessionJoin, SessionPlan, ThinkTime};
use serde_json::Value;
use std::sync::Arc;

/// The reading of one session with its sub-agents.
pub(super) struct AgentReader<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) plan: &'a SessionPlan,
    /// The row of the session.
    pub(super) row: u64,
    /// The number of the next session in the file.
    pub(super) next: u32,
    /// The shape of its requests, once there is one.
    pub(super) shape: Option<&'static str>,
    /// Requests that were left out, by reason.
    pub(super) skipped: Vec<&'static str>,
}

/// A sub-agent that has begun.
struct OpenFork {
    session: u32,
    /// When it ended in the trace, ns; `None`: the trace does not say.
    ended_ns: Option<u64>,
}

impl AgentReader<'_> {
    /// Reads a session out of its requests.
    ///
    /// # Errors
    /// [`RowError`] for a request that cannot be asked.
    pub(super) fn session(
        &mut self,
        name: &str,
        entries: Vec<AgentEntry>,
    ) -> Result<SessionDraft, RowError> {
        self.read(name, entries, None)
    }

    fn read(
        &mut self,
        name: &str,
        entries: Vec<AgentEntry>,
        mut begins: Option<(SessionFork, RecordedTimes)>,
    ) -> Result<SessionDraft, RowError> {
        let mut draft = SessionDraft::new(self.next, name);
        self.next += 1;
        let mut before: Option<RecordedTimes> = None;
        let mut open: Vec<OpenFork> = Vec::new();
        for entry in entries {
            match entry {
                AgentEntry::Agent(agent) => {
                    let turn = draft.turns_so_far();
                    let fork = self.fork(agent, &draft, before.unwrap_or_default(), turn)?;
                    if let Some((child, ended_ns)) = fork {
                        let session = child.number;
                        open.push(OpenFork { session, ended_ns });
                        draft.forks.push(child);
                    }
                }
                AgentEntry::Request(row) => {
                    let times = times(&row)?;
                    let sample = match shape(&row, self.row, self.reading) {
                        Shaped::Sample(found) => {
                            self.shape = Some(found.shape);
                            found.sample
                        }
                        Shaped::Skip(reason) => {
                            self.skipped.push(reason);
                            continue;
                        }
                        Shaped::Unknown(error) => return Err(error),
                    };
                    let (fork, gap_before) = match (before, begins.take()) {
                        (None, Some((fork, parent))) => (Some(fork), Some(parent)),
                        (before, _) => (None, before),
                    };
                    let gap = gap_before.map(|before| gap::between(self.plan, before, times));
                    let (history, messages) = match draft.turns.last() {
                        Some(before) => edit::behind(before, sample.messages),
                        None => (None, sample.messages),
                    };
                    let placement = TurnPlacement {
                        gap: gap.unwrap_or_default(),
                        fork,
                        joins: joined(&mut open, times.sent_ns, self.plan),
                        history,
                    };
                    if draft.turns.is_empty() {
                        draft.arrival_ns = times.sent_ns;
                    }
                    let sample = dualround_model::Sample {
                        messages,
                        arrival_ns: times.sent_ns,
                        ..sample
                    };
                    draft.add(sample, placement);
                    before = Some(times);
                }
            }
        }
        Ok(draft)
    }

    /// A sub-agent behind the turns so far; `None` where it asks nothing.
    fn fork(
        &mut self,
        agent: SubAgent,
        parent: &SessionDraft,
        before: RecordedTimes,
        turn: u32,
    ) -> Result<Option<(SessionDraft, Option<u64>)>, RowError> {
        let name = format!("{}/{}", parent.name, agent.name);
        let ended_ns = agent.ended_ns;
        let fork = SessionFork {
            session: parent.number,
            turn,
        };
        let child = self.read(&name, agent.entries, Some((fork, before)))?;
        if child.turns.is_empty() {
            return Ok(None);
        }
        let last = last_end(&child);
        Ok(Some((child, ended_ns.or(last))))
    }
}

/// When the last request of a session was sent, which is no later than its end.
fn last_end(session: &SessionDraft) -> Option<u64> {
    session.turns.last()?.arrival_ns
}

/// What a request says of its times.
fn times(row: &Value) -> Result<RecordedTimes, RowError> {
    let fields = row.as_object();
    let (gap_ns, took_ns) = match fields {
        Some(fields) => (gap::stated(fields, None)?, gap::took(fields)?),
        None => (None, None),
    };
    let sent_ns = match timestamp::of(row, Some(TraceKind::Weka), None) {
        Ok(time) => Some(time.ns),
        // Times of a part of it alone are no times.
        Err(TimeError::Missing { .. } | TimeError::NoBeginning) => None,
        Err(error) => return Err(SessionError::Gap(error).into()),
    };
    Ok(RecordedTimes {
        sent_ns,
        took_ns,
        gap_ns,
    })
}

/// The sub-agents that had ended when a request was sent, and how long before; they are open no more.
fn joined(open: &mut Vec<OpenFork>, sent_ns: Option<u64>, plan: &SessionPlan) -> Vec<SessionJoin> {
    let mut joins = Vec::new();
    open.retain(|fork| {
        let times = fork.ended_ns.zip(sent_ns);
        if times.is_some_and(|(ended, sent)| sent < ended) {
            return true;
        }
        let recorded = times.map_or(0, |(ended, sent)| sent - ended);
        let gap_ns = match plan.think_time {
            ThinkTime::Fixed(ns) => ns,
            ThinkTime::Recorded => recorded.min(plan.gap_cap_ns),
        };
        joins.push(SessionJoin {
            session: fork.session,
            gap_ns,
        });
        false
    });
    joins
}

/// The name of a session: its own, or that of its row.
pub(super) fn name_of(session: &Value, row: u64) -> Arc<str> {
    match session.get("id").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => name.into(),
        _ => format!("row-{row}").into(),
    }
}
