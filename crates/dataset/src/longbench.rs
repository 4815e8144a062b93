//! LongBench rows, v1 and v2: as prompts, and converted to the plain `text` shape.

use crate::{DatasetError, rng::shuffle, row::Row, rows::each, source::Source};
use serde_json::{Map, Value, json};
use std::{
    collections::HashSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Which parts of a row make the prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConvertFormat {
    /// Context and question where both are there, else the one that is.
    #[default]
    Auto,
    /// Context, then the question.
    ContextQuestion,
    /// The context alone.
    ContextOnly,
    /// The question alone.
    QuestionOnly,
    /// Context and question in one run of text.
    Concatenate,
}

/// What to convert.
#[derive(Clone, Debug, Default)]
pub struct ConvertOptions {
    /// Files and folders; folders are searched for `.json` and `.jsonl` files.
    pub inputs: Vec<PathBuf>,
    /// Keep only rows of these data sets (by the row's `dataset`, else by the file's name).
    pub datasets: Vec<String>,
    /// Keep so many rows.
    pub num_samples: Option<usize>,
    /// Which parts make the prompt.
    pub format: ConvertFormat,
    /// Shuffle before keeping.
    pub shuffle: bool,
    /// Seed of the shuffle.
    pub seed: u64,
}

/// What was converted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConvertReport {
    /// Files read.
    pub files: u64,
    /// Rows read.
    pub read: u64,
    /// Rows of other data sets.
    pub filtered: u64,
    /// Rows with the same context and question as an earlier one.
    pub duplicates: u64,
    /// Rows without a prompt.
    pub empty: u64,
    /// Rows of folders that are none of LongBench's.
    pub foreign: u64,
    /// Rows written.
    pub written: u64,
}

fn text<'a>(row: &'a Map<String, Value>, key: &str) -> &'a str {
    row.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Context and question of a LongBench row; `None` for any other row. Answers are never part.
fn parts(row: &Map<String, Value>) -> Option<(String, String)> {
    if !row.get("context").is_some_and(Value::is_string) {
        return None;
    }
    let context = text(row, "context").to_owned();
    if row.contains_key("question") && row.contains_key("choice_A") {
        let mut question = text(row, "question").to_owned();
        for letter in ["A", "B", "C", "D"] {
            let choice = text(row, &format!("choice_{letter}"));
            question.push_str(&format!("\n{letter}. {choice}"));
        }
        return Some((context, question));
    }
    row.get("input")
        .is_some_and(Value::is_string)
        .then(|| (context, text(row, "input").to_owned()))
}

fn compose(context: &str, question: &str, format: ConvertFormat) -> String {
    let join = |between: &str| match (context.trim().is_empty(), question.trim().is_empty()) {
        (false, false) => format!("{context}{between}{question}"),
        (true, _) => question.to_owned(),
        (_, true) => context.to_owned(),
    };
    match format {
        ConvertFormat::Auto | ConvertFormat::ContextQuestion => join("\n\n"),
        ConvertFormat::Concatenate => join(" "),
        ConvertFormat::ContextOnly => context.to_owned(),
        ConvertFormat::QuestionOnly => question.to_owned(),
    }
}

/// The prompt of a LongBench row, for reading such files as they are.
pub(crate) fn prompt_of(row: &Map<String, Value>) -> Option<String> {
    parts(row).map(|(context, question)| compose(&context, &question, ConvertFormat::Auto))
}

/// All files under a path, sorted.
fn files(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(path)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<_>>()?;
    entries.sort();
    for entry in entries {
        let kind = entry
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or("")
            .to_ascii_lowercase();
        if entry.is_dir() || kind == "jsonl" || kind == "json" {
            files(&entry, found)?;
        }
    }
    Ok(())
}

/// Converts LongBench rows to `{"text", "id", "dataset"}` lines.
///
/// # Errors
/// [`DatasetError`] when an input cannot be read, a row of a file that was named is none of
/// LongBench's (rows of a folder are counted and left out), or nothing is left.
pub fn convert(
    options: &ConvertOptions,
    out: &mut dyn Write,
) -> Result<ConvertReport, DatasetError> {
    let mut report = ConvertReport::default();
    let mut found = Vec::new();
    for input in &options.inputs {
        let name = input.display().to_string();
        files(input, &mut found).map_err(|source| DatasetError::Io { name, source })?;
    }
    let mut seen = HashSet::new();
    let mut lines = Vec::new();
    for path in &found {
        report.files += 1;
        let source = Source::open(path)?;
        let name = source.name.clone();
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        each(source, None, &mut |row| {
            let (place, value) = match row.parsed() {
                Row::Value(place, value) => (place, value),
                // Was just parsed.
                Row::Json(..) => return Ok(()),
                Row::Bad(line, reason) => {
                    return Err(DatasetError::BadJson {
                        name: name.clone(),
                        line,
                        reason,
                    });
                }
            };
            report.read += 1;
            let Some((row, (context, question))) = value
                .as_object()
                .and_then(|row| parts(row).map(|parts| (row, parts)))
            else {
                if !options.inputs.contains(path) {
                    report.foreign += 1;
                    return Ok(());
                }
                return Err(DatasetError::BadRow {
                    name: name.clone(),
                    place: place.to_string(),
                    reason: "not a LongBench row (context with input, or question and choices)"
                        .to_owned(),
                });
            };
            let dataset = match text(row, "dataset") {
                "" => stem.as_str(),
                name => name,
            };
            if !options.datasets.is_empty() && !options.datasets.iter().any(|d| d == dataset) {
                report.filtered += 1;
                return Ok(());
            }
            let prompt = compose(&context, &question, options.format);
            if prompt.trim().is_empty() {
                report.empty += 1;
            } else if seen.insert((context, question)) {
                lines.push(json!({"text": prompt, "id": row.get("_id"), "dataset": dataset}));
            } else {
                report.duplicates += 1;
            }
            Ok(())
        })?;
    }
    if options.shuffle {
        shuffle(&mut lines, options.seed);
    }
    lines.truncate(options.num_samples.unwrap_or(usize::MAX));
    if lines.is_empty() {
        let detail = if options.datasets.is_empty() {
            match report.foreign {
                0 => String::new(),
                rows => format!(": {rows} rows are none of LongBench's"),
            }
        } else {
            format!(" of data set {}", options.datasets.join(", "))
        };
        let name = options
            .inputs
            .iter()
            .map(|p| p.display().to_string())
            .collect::<Vec<_>>();
        return Err(DatasetError::Empty {
            name: name.join(", "),
            detail,
        });
    }
    for line in &lines {
        writeln!(out, "{line}").map_err(DatasetError::Write)?;
        report.written += 1;
    }
    Ok(report)
}
