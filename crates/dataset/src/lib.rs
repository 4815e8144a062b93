//! A file to samples: read, recognised row by row, selected by a seed, cut and digested.
//!
//! No HTTP, no rounds, no printing.

mod beginnings;
mod bounded;
mod digest;
mod draw;
mod elements;
mod error;
mod fields;
mod format;
mod generate;
mod inspect;
mod load;
pub mod longbench;
mod parquet;
mod rng;
mod row;
mod rows;
mod search;
mod shape;
mod source;
mod table;
mod tally;
mod tokens;
mod trace;
mod truncate;
mod weka;
mod words;

pub use digest::sample_digest;
pub use error::DatasetError;
pub use format::format_names;
pub use generate::{Length, Workload, WorkloadSummary};
pub use inspect::{Inspection, inspect};
pub use load::{load, load_bytes, load_counted};
pub use source::bytes_read;
pub use tokens::Tokens;
pub use truncate::CountTokens;
pub use words::{TextLang, made_text};
