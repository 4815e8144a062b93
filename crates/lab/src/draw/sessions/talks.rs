//! What the sessions of a world say: the token ids of each turn's prompt.

use super::scenario::SessionScenario;
use crate::draw::{random::Random, records::OUTPUT_TOKENS};

/// Ids of one text at most; each text has a range of its own.
const TEXT: u32 = 4096;
/// Texts of a turn: its question, its recorded answer, the server's own, and that of another round.
const KINDS: u32 = 4;
/// Where the texts of turns begin, behind template and system prompt.
const TURNS: u32 = 16 * TEXT;
/// Turns of a session at most, for their places.
const MOST_TURNS: u32 = 16;

/// A turn of a session.
#[derive(Clone, Debug)]
pub(super) struct DrawnTurn {
    pub(super) session: u32,
    /// 1-based.
    pub(super) turn: u32,
    /// How many its session has.
    pub(super) of: u32,
    /// The ids of its whole prompt.
    pub(super) ids: Vec<u32>,
    /// The time before it, ms.
    pub(super) gap_ms: f64,
}

impl DrawnTurn {
    pub(super) fn tokens(&self) -> u64 {
        self.ids.len() as u64
    }

    /// The ids that the server answers it with: in other rounds than the one whose answers are put back
    /// they may be others.
    pub(super) fn answer(&self, again: bool) -> Vec<u32> {
        let kind = if again { 2 } else { 3 };
        text(self.session, self.turn, kind, OUTPUT_TOKENS)
    }
}

/// The turns of all sessions, session after session.
pub(super) fn turns(scenario: &SessionScenario, random: &mut Random) -> Vec<DrawnTurn> {
    let mut turns = Vec::new();
    for session in 0..scenario.sessions {
        let of = random.whole(1, scenario.most_turns);
        let mut ids: Vec<u32> = (0..scenario.template).collect();
        ids.extend(TEXT..TEXT + scenario.system);
        for turn in 1..=of {
            let asked = random.whole(scenario.question / 3, scenario.question);
            ids.extend(text(session, turn, 0, asked));
            let gap_ms = f64::from(scenario.gap_ms) * random.unit();
            turns.push(DrawnTurn {
                session,
                turn,
                of,
                ids: ids.clone(),
                gap_ms: if turn > 1 { gap_ms.floor() } else { 0.0 },
            });
            match scenario.answer {
                0 => ids.extend(text(session, turn, 2, OUTPUT_TOKENS)),
                recorded => ids.extend(text(session, turn, 1, recorded)),
            }
        }
    }
    turns
}

fn text(session: u32, turn: u32, kind: u32, tokens: u32) -> Vec<u32> {
    let place = (session * MOST_TURNS + turn) * KINDS + kind;
    let first = TURNS + place * TEXT;
    (first..first + tokens).collect()
}

/// Tokens that two prompts begin with.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
