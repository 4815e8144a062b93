//! What a run prints: tables, sentences, notes.

mod arrivals_lines;
pub(crate) mod calibration;
pub(crate) mod closing;
pub(crate) mod comparison_block;
pub(crate) mod level_row;
pub(crate) mod round_table;
