//! LongBench rows, v1 and v2: as prompts, and converted to the plain `text` shape.

use crate::{
    DatasetError,
    error::unreadable,
    rng::shuffle,
    row::{FileRow, RowPosition},
    row_error::RowError,
    rows::each,
    source::RowSource,
};
use serde_json::{Map, Value, json};
use std::{
    collections::HashSet,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The parts of a row that make the prompt.
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

/// The options of a conversion.
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

/// The counts of a conversion.
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

/// Context and question of a LongBench row. Answers are never part.
#[derive(PartialEq, Eq, Hash)]
struct PromptParts {
    context: String,
    question: String,
}

impl PromptParts {
    /// The parts of a row; `None` when it is none of LongBench's.
    fn of(row: &Map<String, Value>) -> Option<Self> {
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
            return Some(Self { context, question });
        }
        let has_input = row.get("input").is_some_and(Value::is_string);
        has_input.then(|| Self {
            context,
            question: text(row, "input").to_owned(),
        })
    }

    fn prompt(&self, format: ConvertFormat) -> String {
        match format {
            ConvertFormat::Auto | ConvertFormat::ContextQuestion => self.joined("\n\n"),
            ConvertFormat::Concatenate => self.joined(" "),
            ConvertFormat::ContextOnly => self.context.clone(),
            ConvertFormat::QuestionOnly => self.question.clone(),
        }
    }

    /// Both parts with this between them, or the one that is there.
    fn joined(&self, between: &str) -> String {
        let Self { context, question } = self;
        match (context.trim().is_empty(), question.trim().is_empty()) {
            (false, false) => format!("{context}{between}{question}"),
            (true, _) => question.clone(),
            (_, true) => context.clone(),
        }
    }
}

/// The prompt of a LongBench row, for reading such files as they are.
pub(crate) fn prompt_of(row: &Map<String, Value>) -> Option<String> {
    PromptParts::of(row).map(|parts| parts.prompt(ConvertFormat::Auto))
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
    let mut paths = Vec::new();
    for input in &options.inputs {
        let name = input.display().to_string();
        files(input, &mut paths).map_err(unreadable(&name))?;
    }
    let mut conversion = Conversion {
        options,
        report: ConvertReport::default(),
        seen: HashSet::new(),
        lines: Vec::new(),
    };
    for path in &paths {
        conversion.read(path)?;
    }
    conversion.write(out)
}

/// A conversion under way.
struct Conversion<'a> {
    options: &'a ConvertOptions,
    report: ConvertReport,
    /// What has been asked by earlier rows.
    seen: HashSet<PromptParts>,
    /// The rows to be written.
    lines: Vec<Value>,
}

/// A file of a conversion.
struct InputFile {
    /// For messages.
    name: String,
    /// The data set of rows that name none.
    stem: String,
    /// The user named the file itself, and not its folder.
    is_named: bool,
}

impl Conversion<'_> {
    fn read(&mut self, path: &Path) -> Result<(), DatasetError> {
        self.report.files += 1;
        let source = RowSource::open(path)?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let file = InputFile {
            name: source.name.clone(),
            stem: stem.into_owned(),
            is_named: self.options.inputs.iter().any(|input| input == path),
        };
        each(source, None, &mut |row| self.take(row, &file))?;
        Ok(())
    }

    fn take(&mut self, row: FileRow<'_>, file: &InputFile) -> Result<(), DatasetError> {
        let (place, value) = match row.parsed() {
            FileRow::Value(place, value) => (place, value),
            // Was just parsed.
            FileRow::Json(..) => return Ok(()),
            FileRow::Bad(line, reason) => {
                return Err(DatasetError::BadJson {
                    name: file.name.clone(),
                    line,
                    reason,
                });
            }
        };
        self.report.read += 1;
        let Some(row) = value.as_object() else {
            return self.take_foreign(place, file);
        };
        match PromptParts::of(row) {
            Some(parts) => self.add(row, parts, file),
            None => return self.take_foreign(place, file),
        }
        Ok(())
    }

    /// A row of another kind: in a folder there may be such.
    fn take_foreign(&mut self, place: RowPosition, file: &InputFile) -> Result<(), DatasetError> {
        if file.is_named {
            return Err(DatasetError::BadRow {
                name: file.name.clone(),
                place: place.to_string(),
                reason: RowError::NotLongBench,
            });
        }
        self.report.foreign += 1;
        Ok(())
    }

    fn add(&mut self, row: &Map<String, Value>, parts: PromptParts, file: &InputFile) {
        let dataset = match text(row, "dataset") {
            "" => file.stem.as_str(),
            name => name,
        };
        let wanted = &self.options.datasets;
        if !wanted.is_empty() && !wanted.iter().any(|name| name == dataset) {
            self.report.filtered += 1;
            return;
        }
        let prompt = parts.prompt(self.options.format);
        if prompt.trim().is_empty() {
            self.report.empty += 1;
        } else if self.seen.insert(parts) {
            let line = json!({"text": prompt, "id": row.get("_id"), "dataset": dataset});
            self.lines.push(line);
        } else {
            self.report.duplicates += 1;
        }
    }

    /// Writes what was kept, in the order asked for.
    fn write(mut self, out: &mut dyn Write) -> Result<ConvertReport, DatasetError> {
        if self.options.shuffle {
            shuffle(&mut self.lines, self.options.seed);
        }
        let most = self.options.num_samples.unwrap_or(usize::MAX);
        self.lines.truncate(most);
        if self.lines.is_empty() {
            return Err(self.nothing_left());
        }
        for line in &self.lines {
            writeln!(out, "{line}").map_err(DatasetError::Write)?;
            self.report.written += 1;
        }
        Ok(self.report)
    }

    fn nothing_left(&self) -> DatasetError {
        let ConvertOptions {
            inputs, datasets, ..
        } = self.options;
        let detail = if !datasets.is_empty() {
            format!(" of data set {}", datasets.join(", "))
        } else if self.report.foreign > 0 {
            format!(": {} rows are none of LongBench's", self.report.foreign)
        } else {
            String::new()
        };
        let names: Vec<String> = inputs
            .iter()
            .map(|input| input.display().to_string())
            .collect();
        DatasetError::Empty {
            name: names.join(", "),
            detail,
        }
    }
}
