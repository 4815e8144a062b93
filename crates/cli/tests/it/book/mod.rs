//! The two books: one list of chapters, the same headings, tables and commands, links that lead
//! somewhere, commands that run.

mod chapter;
mod commands;
mod generated;
mod links;
mod same;

use std::path::PathBuf;

/// The languages of the books.
const LANGUAGES: [&str; 2] = ["en", "zh"];

/// The folder of a book.
fn folder(lang: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/{lang}"))
}
