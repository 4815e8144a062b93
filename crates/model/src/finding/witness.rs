//! Who may speak of a level's hits.

use serde::{Deserialize, Serialize};

/// Who may speak of a level's hits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Witness {
    /// Usage, of every request.
    Usage,
    /// The engines' counters: rates of the cold and of the warm rounds.
    Counters {
        /// Of the cold rounds, 0 to 1.
        cold: f64,
        /// Of the warm rounds, 0 to 1.
        warm: f64,
    },
    /// Usage of some requests: a figure, and no evidence.
    Partly,
    /// Usage of every request, whose hits the engines' counters did not see: a figure, and no
    /// evidence.
    Contradicted,
    /// A response cache answered: nothing is said of the engine's.
    ResponseCache(Replayed),
    /// Nobody.
    #[default]
    Nobody,
}

/// Answers that no engine gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// How many.
    pub answers: u64,
    /// Of so many pairs in which both sides have an id, or of so many answers.
    pub of: u64,
    /// What shows it.
    pub seen_by: SeenBy,
}

/// What shows a response cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// Ids of answers that came back.
    #[default]
    Ids,
    /// Whole answers, and counters that stood still.
    Counters,
}
