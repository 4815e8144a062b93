//! A run from its first connection to its last round: the session is the order of things, and each
//! part of a run keeps its own state.

mod arrivals;
mod cold;
mod discovery;
mod engines;
mod epoch;
mod metrics;
mod mixed;
mod no_reuse;
mod notes;
mod partial;
mod seating;
mod serving;
mod session;
mod setting;
mod tokens;
mod turn_samples;
mod turns;
mod warm_up;

pub use arrivals::{ReplaySpan, replay_span};
pub use mixed::block_need;
pub use session::Session;
