//! Sessions: which requests follow one another, the answers that are pinned, and bodies that are made
//! when their turn is near.

mod answer;
mod book;
mod facts;
mod maker;
mod script;
mod sharing;

pub(crate) use answer::SeenAnswer;
pub(crate) use book::AnswerBook;
pub(crate) use facts::LevelFacts;
pub(crate) use maker::{MakerBasis, TurnFreshness, TurnMaker};
pub(crate) use script::{SessionOrder, SessionStep};
