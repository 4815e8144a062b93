//! A file to samples: read, recognised row by row, selected by a seed, cut and digested.
//!
//! No HTTP, no rounds, no printing.

mod digest;
mod error;
mod inspect;
mod load;
pub mod longbench;
mod rows;
mod sampling;
mod shape;
mod source;
mod truncate;

pub use digest::sample_digest;
pub use error::DatasetError;
pub use inspect::{Inspection, inspect};
pub use load::{load, load_bytes};
