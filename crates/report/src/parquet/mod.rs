//! The Parquet files of a run.

pub(crate) mod requests;
pub(crate) mod table;
pub(crate) mod telemetry;
