//! The JSON files of a run.

pub(crate) mod arrivals;
pub(crate) mod comparison;
pub(crate) mod cost;
pub(crate) mod request;
pub(crate) mod round;
pub(crate) mod run;
pub(crate) mod telemetry;
