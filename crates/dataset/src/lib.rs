//! A file to samples: read, recognised row by row, selected by a seed, cut and digested.
//!
//! No HTTP, no rounds, no printing.

#![deny(clippy::disallowed_methods)]

mod beginnings;
mod bounded;
mod decimal;
mod digest;
mod draw;
mod elements;
mod error;
mod fields;
mod format;
mod generate;
mod inspect;
mod length;
mod load;
pub mod longbench;
mod messages;
mod needs;
mod parquet;
mod prompt;
mod python;
mod quote;
mod read;
mod rng;
mod row;
mod row_error;
mod rows;
mod search;
mod session;
mod shape;
mod source;
mod table;
mod tally;
mod timestamp;
mod tokenizer;
mod trace;
mod truncate;
mod weka;
mod words;

pub use digest::sample_digest;
pub use error::{DatasetError, HitRatioError, PlacedTime, TokenizerError};
pub use fields::FieldError;
pub use format::format_names;
pub use generate::{Workload, WorkloadSummary};
pub use inspect::{Inspection, RowTimes, inspect};
pub use length::{Length, LengthError};
pub use load::{as_token_ids, load, load_bytes, load_counted};
pub use messages::MessageError;
pub use row_error::RowError;
pub use session::error::SessionError;
pub use source::bytes_read;
pub use tally::BadLine;
pub use timestamp::TimeError;
pub use tokenizer::FileTokenizer;
pub use trace::TraceError;
pub use truncate::CountTokens;
pub use words::{TextLang, made_text};
