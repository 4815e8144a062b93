//! Summaries to tables, CSV and JSON, in English and Chinese. Nothing is computed here but the
//! conversion of units and formats.

mod calibration;
mod caveats;
mod closing;
mod comparison_block;
mod csv_flat;
mod csv_summary;
mod csv_tidy;
mod details;
mod error;
mod files;
mod glossary;
mod html;
mod journal;
mod journal_read;
mod json_comparison;
mod json_request;
mod json_round;
mod json_run;
mod json_telemetry;
mod labels;
mod level_row;
mod list;
mod lock;
mod markdown;
mod number;
mod page;
mod parquet_requests;
mod parquet_table;
mod parquet_telemetry;
mod rows;
mod table;
mod telemetry_points;
mod text;
mod versus;
mod words;

pub use calibration::calibration_table;
pub use closing::{Closing, closing, round_line};
pub use comparison_block::comparison_block;
pub use details::{RequestReceiver, RequestSource};
pub use error::ReportError;
pub use files::RunFiles;
pub use glossary::{Term, TermKind, explain, terms};
pub use journal::Journal;
pub use journal_read::{Entry, RoundReader, cut_journal, read_journal};
pub use json_comparison::level_json;
pub use json_run::RunInfo;
pub use labels::{Labels, labels};
pub use list::{ListedRun, list_json, list_table};
pub use lock::FolderLock;
pub use table::{round_notes, round_table};
pub use text::{safe_text, wrap};
pub use versus::{
    GateResult, Side, Versus, junit, level_change_json, versus_json, versus_markdown, versus_table,
};
pub use words::{cold_text, conclusion_text, diagnosis_text, setting_text, warning_text};
