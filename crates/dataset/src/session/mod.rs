//! Sessions out of a file: rows that hold a conversation, rows that are a turn of one, and the agents
//! of a trace.

mod agent;
mod draft;
mod edit;
pub(crate) mod error;
mod gap;
mod gather;
mod read;
mod select;
mod talk;
mod turn_row;

pub(crate) use select::select;
