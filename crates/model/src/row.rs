//! What a round keeps in memory of each of its requests: 64 bytes, so that a run of a million
//! requests fits everywhere. Everything else of a request stands in the journal.

use crate::{Arm, Flag, MixedPlace, Outcome, RequestMetrics, RequestRecord};

/// Stands for no instant.
const NEVER: u64 = u64::MAX;
/// Stands for no count.
const UNCOUNTED: u32 = u32::MAX;

const PRESENT: u32 = 1 << 31;
const SUCCESS: u32 = 1 << 30;
const CANCELLED: u32 = 1 << 29;
/// The server left the field of cached tokens out.
const OMITTED: u32 = 1 << 28;
/// It says something of them that is no count.
const UNREADABLE: u32 = 1 << 27;

/// One request in memory. Times in ms; `None` is unknown or not applicable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RequestRow {
    start_ns: u64,
    first_ns: u64,
    end_ns: u64,
    prompt: u64,
    /// NaN: none.
    itl_ms: f64,
    input: u32,
    cached: u32,
    output: u32,
    shared_chars: u32,
    /// Of the answer's own id; 0: none.
    response: u32,
    /// [`Flag::bit`]s, and the outcome.
    bits: u32,
}

impl Default for RequestRow {
    /// The row of a request that is not there.
    fn default() -> Self {
        Self {
            start_ns: NEVER,
            first_ns: NEVER,
            end_ns: NEVER,
            prompt: 0,
            itl_ms: f64::NAN,
            input: UNCOUNTED,
            cached: UNCOUNTED,
            output: UNCOUNTED,
            shared_chars: 0,
            response: 0,
            bits: 0,
        }
    }
}

/// Counts beyond 32 bits are the largest one that fits.
fn pack(count: Option<u64>) -> u32 {
    count.map_or(UNCOUNTED, |count| {
        u32::try_from(count).unwrap_or(UNCOUNTED).min(UNCOUNTED - 1)
    })
}

fn unpack(count: u32) -> Option<u64> {
    (count != UNCOUNTED).then(|| u64::from(count))
}

/// A digest of 16 hex digits as the number that it is; FNV-1a of any other.
fn key(digest: &str) -> u64 {
    u64::from_str_radix(digest, 16).unwrap_or_else(|_| hash(digest))
}

/// A text in 32 bits, never 0.
#[expect(clippy::cast_possible_truncation, reason = "folded")]
fn short_key(text: &str) -> u32 {
    let key = hash(text);
    ((key ^ (key >> 32)) as u32).max(1)
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn instant(at: u64) -> Option<u64> {
    (at != NEVER).then_some(at)
}

impl RequestRow {
    /// Characters by which the beginnings of turns are compared: up to one less more may be shared.
    pub const SHARED_STEP: u64 = 64;
    /// Stands for an unknown number of characters that a prompt shares: it holds what is no text.
    pub const SHARED_UNKNOWN: u64 = UNCOUNTED as u64 - 1;

    /// What is kept of a request.
    pub fn new(record: &RequestRecord, metrics: &RequestMetrics) -> Self {
        let time = &record.timeline;
        let outcome = match record.outcome {
            Outcome::Success => SUCCESS,
            Outcome::Failed(_) => 0,
            Outcome::Cancelled => CANCELLED,
        };
        let flags = metrics.flags.iter().map(|flag| flag.bit());
        let omitted = if metrics.cached_omitted { OMITTED } else { 0 };
        let unreadable = if record.usage.cached_unreadable {
            UNREADABLE
        } else {
            0
        };
        Self {
            start_ns: time.start_ns.unwrap_or(NEVER),
            first_ns: time.first_token_ns.unwrap_or(NEVER),
            end_ns: time.end_ns,
            prompt: key(&record.prompt_digest),
            itl_ms: metrics.itl_ms.unwrap_or(f64::NAN),
            input: pack(metrics.input_tokens),
            cached: pack(metrics.cached_tokens),
            output: pack(metrics.output_tokens),
            shared_chars: pack(Some(record.shared_chars)),
            response: record.response_id.as_deref().map_or(0, short_key),
            bits: flags.fold(PRESENT | outcome | omitted | unreadable, |all, flag| {
                all | flag
            }),
        }
    }

    /// It succeeded.
    pub fn is_success(&self) -> bool {
        self.bits & SUCCESS != 0
    }

    /// The user or a limit ended it.
    pub fn is_cancelled(&self) -> bool {
        self.bits & CANCELLED != 0
    }

    /// Which prompt it asked: the same number for the same text.
    pub fn prompt(&self) -> u64 {
        self.prompt
    }

    /// t0, ns since the run's anchor.
    pub fn start_ns(&self) -> Option<u64> {
        instant(self.start_ns)
    }

    /// When it had ended, ns since the run's anchor.
    pub fn end_ns(&self) -> u64 {
        self.end_ns
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "durations are far below 2^52 ns"
    )]
    fn since_start(&self, at: u64) -> Option<f64> {
        let (start, at) = self.start_ns().zip(instant(at))?;
        Some(at.saturating_sub(start) as f64 / 1e6)
    }

    /// First token-bearing event − t0.
    pub fn ttft_ms(&self) -> Option<f64> {
        self.since_start(self.first_ns)
    }

    /// Mean time between tokens.
    pub fn itl_ms(&self) -> Option<f64> {
        (!self.itl_ms.is_nan()).then_some(self.itl_ms)
    }

    /// End of the response − t0, of a success.
    pub fn latency_ms(&self) -> Option<f64> {
        if self.is_success() {
            self.since_start(self.end_ns)
        } else {
            None
        }
    }

    /// Prompt tokens.
    pub fn input_tokens(&self) -> Option<u64> {
        unpack(self.input)
    }

    /// Prompt tokens from the server's cache.
    pub fn cached_tokens(&self) -> Option<u64> {
        unpack(self.cached)
    }

    /// Characters that another prompt of the round begins with too.
    pub fn shared_chars(&self) -> u64 {
        u64::from(self.shared_chars)
    }

    /// A number for the answer's own id: the same for the same id.
    pub fn response(&self) -> Option<u32> {
        (self.response != 0).then_some(self.response)
    }

    /// The server left the field of cached tokens out, which it does without a hit.
    pub fn is_omitted(&self) -> bool {
        self.bits & OMITTED != 0
    }

    /// Takes a field that was left out for a zero, or takes that back.
    pub fn omit(&mut self, zero: bool) {
        match (zero, self.is_omitted()) {
            (true, false) if self.cached == UNCOUNTED && self.bits & UNREADABLE == 0 => {
                self.cached = 0;
                self.bits |= OMITTED;
            }
            (false, true) => {
                self.cached = UNCOUNTED;
                self.bits &= !OMITTED;
            }
            _ => {}
        }
    }

    /// Output tokens of a success.
    pub fn output_tokens(&self) -> Option<u64> {
        unpack(self.output)
    }

    /// It bears this flag.
    pub fn has(&self, flag: Flag) -> bool {
        self.bits & flag.bit() != 0
    }

    /// Marks it.
    pub fn mark(&mut self, flag: Flag) {
        self.bits |= flag.bit();
    }
}

/// The requests of a round by their index. Those that were never started are not there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RequestRows {
    rows: Vec<RequestRow>,
    /// By index, in a mixed round alone.
    places: Vec<Option<MixedPlace>>,
    /// When each was due, ns, by index, in an open loop alone.
    due_ns: Vec<u64>,
    /// By index, where they are turns of sessions.
    turns: Vec<Option<RowTurn>>,
}

/// The turn of a session that a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowTurn {
    /// Which session, 0-based.
    pub session: u32,
    /// Which turn of it, 1-based.
    pub turn: u32,
    /// How many turns that session has.
    pub of: u32,
    /// The session that it is one observation with.
    pub unit: u32,
    /// It builds on what the server answered to the turn before, in this round too.
    pub on_pinned: bool,
}

impl RequestRows {
    /// None yet, with room for all that are planned.
    pub fn with_room(planned: u32) -> Self {
        Self {
            rows: Vec::with_capacity(planned as usize),
            ..Self::default()
        }
    }

    /// Takes a request.
    pub fn set(&mut self, index: u32, row: RequestRow) {
        let at = index as usize;
        if self.rows.len() <= at {
            self.rows.resize(at + 1, RequestRow::default());
        }
        self.rows[at] = row;
    }

    /// Notes where a request stands in a mixed round.
    pub fn place(&mut self, index: u32, place: MixedPlace) {
        let at = index as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, None);
        }
        self.places[at] = Some(place);
    }

    /// Notes when a request was due, ns since the run's anchor.
    pub fn due(&mut self, index: u32, due_ns: u64) {
        let at = index as usize;
        if self.due_ns.len() <= at {
            self.due_ns.resize(at + 1, NEVER);
        }
        self.due_ns[at] = due_ns;
    }

    /// Notes which turn of a session a request is.
    pub fn note_turn(&mut self, index: u32, turn: RowTurn) {
        let at = index as usize;
        if self.turns.len() <= at {
            self.turns.resize(at + 1, None);
        }
        self.turns[at] = Some(turn);
    }

    /// Which turn of a session a request is; `None` where it stands by itself.
    pub fn turn(&self, index: u32) -> Option<RowTurn> {
        self.turns.get(index as usize).copied().flatten()
    }

    /// The requests are turns of sessions.
    pub fn has_turns(&self) -> bool {
        !self.turns.is_empty()
    }

    /// The turn before a request in its session.
    pub fn turn_before(&self, index: u32) -> Option<&RequestRow> {
        let own = self.turn(index)?;
        let before = index.checked_sub(1)?;
        let is_before = self
            .turn(before)
            .is_some_and(|turn| turn.session == own.session && turn.turn + 1 == own.turn);
        if is_before { self.get(before) } else { None }
    }

    /// What is one observation, however many requests it has: a session with all that fork off it and
    /// that say the same, else a prompt.
    pub fn unit(&self, index: u32, row: &RequestRow) -> u64 {
        self.turn(index)
            .map_or_else(|| row.prompt(), |turn| u64::from(turn.unit))
    }

    /// When a request was due, ns since the run's anchor; `None` in a closed loop.
    pub fn due_ns(&self, index: u32) -> Option<u64> {
        self.due_ns.get(index as usize).copied().and_then(instant)
    }

    /// First token-bearing event − due instant of a success, ms; `None` in a closed loop.
    pub fn ttft_from_due_ms(&self, index: u32) -> Option<f64> {
        let row = self.get(index).filter(|row| row.is_success())?;
        self.since_due(index, instant(row.first_ns)?)
    }

    /// End of the response − due instant of a success, ms; `None` in a closed loop.
    pub fn latency_from_due_ms(&self, index: u32) -> Option<f64> {
        let row = self.get(index).filter(|row| row.is_success())?;
        self.since_due(index, row.end_ns)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "durations are far below 2^52 ns"
    )]
    fn since_due(&self, index: u32, at: u64) -> Option<f64> {
        let due = self.due_ns(index)?;
        Some(at.saturating_sub(due) as f64 / 1e6)
    }

    /// Where a request stands in a mixed round; `None` in any other.
    pub fn mixed_place(&self, index: u32) -> Option<MixedPlace> {
        self.places.get(index as usize).copied().flatten()
    }

    /// The requests of one arm alone.
    pub fn of_arm(&self, arm: Arm) -> Self {
        let mut rows = Self::default();
        for (index, row) in self.iter() {
            if self
                .mixed_place(index)
                .is_some_and(|place| place.arm == arm)
            {
                rows.set(index, *row);
            }
        }
        rows
    }

    /// The request of this index, if it is there.
    pub fn get(&self, index: u32) -> Option<&RequestRow> {
        let row = self.rows.get(index as usize);
        row.filter(|row| row.bits & PRESENT != 0)
    }

    /// All with their indexes, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &RequestRow)> {
        let there = (0..).zip(&self.rows);
        there.filter(|(_, row)| row.bits & PRESENT != 0)
    }

    /// All, to be marked.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut RequestRow)> {
        let there = (0..).zip(&mut self.rows);
        there.filter(|(_, row)| row.bits & PRESENT != 0)
    }

    /// Those that succeeded.
    pub fn successes(&self) -> impl Iterator<Item = (u32, &RequestRow)> {
        self.iter().filter(|(_, row)| row.is_success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_takes_64_bytes() {
        assert_eq!(size_of::<RequestRow>(), 64);
        assert!(Flag::ALL.len() < 28, "flags and outcome share 32 bits");
    }

    #[test]
    fn what_is_not_there_is_none() {
        let mut rows = RequestRows::with_room(4);
        let row = RequestRow {
            bits: PRESENT,
            ..RequestRow::default()
        };
        assert_eq!(
            (row.ttft_ms(), row.itl_ms(), row.input_tokens()),
            (None, None, None)
        );
        rows.set(2, row);
        assert_eq!(
            (rows.iter().count(), rows.get(0), rows.get(2).is_some()),
            (1, None, true)
        );
        assert_eq!(rows.get(9), None);
        let (index, marked) = rows.iter_mut().next().unwrap();
        marked.mark(Flag::Retried);
        assert_eq!(
            (index, rows.iter().next().unwrap().1.has(Flag::Retried)),
            (2, true)
        );
        assert_eq!(rows.successes().count(), 0);
        assert_eq!(unpack(pack(Some(u64::MAX))), Some(u64::from(UNCOUNTED) - 1));
    }
}
