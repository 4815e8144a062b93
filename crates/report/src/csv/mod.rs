//! The CSV files of a run.

pub(crate) mod flat;
pub(crate) mod summary;
pub(crate) mod tidy;
