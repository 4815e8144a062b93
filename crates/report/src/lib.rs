//! Summaries to tables, CSV and JSON, in English and Chinese. Nothing is computed here but the
//! conversion of units and formats.

#![deny(clippy::disallowed_methods)]

mod caveats;
mod csv;
mod error;
mod glossary;
mod html;
mod json;
mod labels;
mod markdown;
mod max_load;
mod metric_row;
mod metrics;
mod number;
mod parquet;
mod report_input;
mod statistics;
mod store;
mod telemetry_points;
mod terminal;
mod text;
mod versus;
mod words;

pub use error::ReportError;
pub use glossary::{Term, TermKind, explain, terms};
pub use json::comparison::level_json;
pub use json::run::RunInfo;
pub use labels::{Labels, labels};
pub use max_load::{max_load_json, max_load_page, max_load_text, probe_text};
pub use store::answers::{AnswerFile, PinnedAnswer};
pub use store::files::RunFiles;
pub use store::journal::Journal;
pub use store::journal_read::{JournalEntry, RoundReader, cut_journal, read_journal};
pub use store::list::{ListedRun, list_json, list_table};
pub use store::lock::FolderLock;
pub use store::request_source::{RequestReceiver, RequestSource};
pub use terminal::calibration::calibration_table;
pub use terminal::closing::{Closing, closing, round_line};
pub use terminal::comparison_block::comparison_block;
pub use terminal::round_table::{round_notes, round_table};
pub use text::{safe_text, wrap};
pub use versus::{
    ComparedRun, GateResult, Versus, junit, level_change_json, versus_json, versus_markdown,
    versus_table,
};
pub use words::{
    beside_texts, cold_text, conclusion_text, control_text, diagnosis_text, load_text,
    sessions_text, setting_text, warning_text,
};
