//! One round: its order says what is sent and when, a crew of workers sends it, and the facts of the
//! round are put together at its end.

pub(crate) mod blocks;
pub(crate) mod crew;
mod free_users;
mod job;
mod lag_probe;
mod open_loop;
pub(crate) mod order;
pub(crate) mod pacing;
mod play;
mod suspension;
pub(crate) mod tally;
mod timer;
mod user;
mod worker;
