//! The summary of one round: its rows, its facts, its warnings.

pub(crate) mod arrivals;
pub(crate) mod counter_growth;
pub(crate) mod facts;
pub(crate) mod fold;
pub(crate) mod goodput;
pub(crate) mod health;
pub(crate) mod options;
pub(crate) mod pool;
pub(crate) mod prompt_cut;
pub(crate) mod readings;
mod readings_around;
pub(crate) mod request;
pub(crate) mod running;
pub(crate) mod server_metrics;
pub(crate) mod tails;
mod track_values;
pub(crate) mod warnings;
