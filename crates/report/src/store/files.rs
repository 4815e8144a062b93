//! The folder of a run: what is in it, and how it is replaced.

use crate::{
    AnswerFile, Journal, PinnedAnswer, ReportError, RequestSource, RunInfo, csv, html, json,
    labels, markdown, parquet, report_input::ReportInput, store::answers,
};
use dualround_model::{Comparison, Load, Plan, RoundResult};
use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

const JOURNAL: &str = "requests.jsonl";
const RUN: &str = "run.json";
const SUMMARY: &str = "metrics_summary.csv";
const FLAT: &str = "metrics_flat.csv";
const COMPARISON: &str = "comparison.json";
const HTML: &str = "report.html";
const TIDY: &str = "metrics_tidy.csv";
const REQUESTS: &str = "requests.parquet";
const MARKDOWN: &str = "summary.md";
const ANSWERS: &str = "answers.jsonl";
const BOM: &[u8] = "\u{feff}".as_bytes();
/// All files of a run but the numbered ones.
const OWN: [&str; 10] = [
    JOURNAL, RUN, SUMMARY, FLAT, TIDY, COMPARISON, HTML, REQUESTS, MARKDOWN, ANSWERS,
];
const PREVIOUS: &str = "previous";

/// The folder of a run, open for writing.
#[derive(Debug)]
pub struct RunFiles {
    dir: PathBuf,
}

impl RunFiles {
    /// Opens a folder for a new run, creating it. A folder that holds a run is refused, unless it
    /// may be overwritten or is the default one, whose earlier run moves to `previous/<run id>/`;
    /// where to is returned.
    ///
    /// # Errors
    /// [`ReportError::Occupied`], or [`ReportError::Write`] when nothing can be written there.
    pub fn open(
        dir: &Path,
        overwrite: bool,
        is_default: bool,
    ) -> Result<(Self, Option<PathBuf>), ReportError> {
        fs::create_dir_all(dir).map_err(ReportError::write(dir))?;
        let own = own_files(dir)?;
        let mut moved = None;
        if !own.is_empty() {
            if overwrite {
                for path in &own {
                    fs::remove_file(path).map_err(ReportError::write(path))?;
                }
            } else if is_default {
                moved = Some(set_aside(dir, &own)?);
            } else {
                return Err(ReportError::Occupied {
                    dir: dir.to_owned(),
                });
            }
        }
        let files = Self {
            dir: dir.to_owned(),
        };
        // An unwritable folder is found out now, not after an hour of measuring.
        File::create(files.path(JOURNAL)).map_err(ReportError::write(files.path(JOURNAL)))?;
        Ok((files, moved))
    }

    /// Finds out whether [`RunFiles::open`] would succeed, and changes nothing but creating the
    /// folder: an unwritable or occupied one is to be known before anything is sent.
    ///
    /// # Errors
    /// As [`RunFiles::open`].
    pub fn check(dir: &Path, overwrite: bool, is_default: bool) -> Result<(), ReportError> {
        fs::create_dir_all(dir).map_err(ReportError::write(dir))?;
        if !overwrite && !is_default && !own_files(dir)?.is_empty() {
            return Err(ReportError::Occupied {
                dir: dir.to_owned(),
            });
        }
        let probe = dir.join(".writable");
        File::create(&probe).map_err(ReportError::write(&probe))?;
        fs::remove_file(&probe).map_err(ReportError::write(probe))
    }

    /// Opens the folder of an earlier run, to make its files again.
    pub fn existing(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// The path of the folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of the journal.
    pub fn journal_path(&self) -> PathBuf {
        self.path(JOURNAL)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Opens the journal for appending.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn journal(&self) -> Result<Journal, ReportError> {
        Journal::open(self.path(JOURNAL))
    }

    /// The file of pinned answers, for appending.
    pub fn answers(&self) -> AnswerFile {
        AnswerFile::at(self.path(ANSWERS))
    }

    /// The answers that an earlier run has pinned in the folder.
    ///
    /// # Errors
    /// [`ReportError::Read`] for a file that is there and cannot be read.
    pub fn pinned_answers(&self) -> Result<Vec<PinnedAnswer>, ReportError> {
        answers::read(&self.path(ANSWERS))
    }

    /// Writes a file beside its name and renames it, so that a half one never bears the name.
    fn replace(
        &self,
        name: &str,
        fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), ReportError> {
        let path = self.path(name);
        let draft = self.path(&format!(".{name}.part"));
        let written = File::create(&draft)
            .map(BufWriter::new)
            .and_then(|mut out| {
                fill(&mut out)?;
                out.flush()?;
                fs::rename(&draft, &path)
            });
        if written.is_err() {
            // Half a file is of no use, and where the disk is full its room is.
            let _ = fs::remove_file(&draft);
        }
        written.map_err(ReportError::write(path))
    }

    /// Writes `concurrency_{c}_round_{r}.json`. A level that repeats an earlier concurrency of
    /// the plan carries its count: `concurrency_{c}_run_{k}_round_{r}.json`. Where server metrics
    /// were asked for, their readings stand in `telemetry_concurrency_…` beside it, as JSON and
    /// Parquet.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write_round(
        &self,
        result: &RoundResult,
        plan: &Plan,
        details: &dyn RequestSource,
    ) -> Result<(), ReportError> {
        let (load, round) = (result.meta.load.file_name(), result.meta.spec.number);
        let again = match plan.level_repeat(result.meta.level) {
            1 => String::new(),
            k => format!("_run_{k}"),
        };
        let name = format!("{load}{again}_round_{round}");
        self.replace(&format!("{name}.json"), |out| {
            json::round::write(result, plan, details, out)
        })?;
        if result.meta.metrics.is_empty() {
            return Ok(());
        }
        self.replace(&format!("telemetry_{name}.json"), |out| {
            json::telemetry::write(result, out)
        })?;
        self.replace(&format!("telemetry_{name}.parquet"), |out| {
            parquet::telemetry::write(result, out)
        })
    }

    /// Writes the three CSV files over all rounds so far.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write_summaries(&self, rounds: &[RoundResult], plan: &Plan) -> Result<(), ReportError> {
        let labels = labels(plan.output.lang);
        let columns: Vec<String> = rounds
            .iter()
            .map(|round| {
                let meta = &round.meta;
                labels.column(meta.load, plan.level_repeat(meta.level), meta.spec.number)
            })
            .collect();
        let bom = if plan.output.csv_bom { BOM } else { b"" };
        self.replace(SUMMARY, |out| {
            out.write_all(bom)?;
            csv::summary::write(rounds, &columns, labels, out).map_err(io::Error::other)
        })?;
        self.replace(FLAT, |out| {
            out.write_all(bom)?;
            csv::flat::write(rounds, &columns, labels, out).map_err(io::Error::other)
        })?;
        self.replace(TIDY, |out| {
            out.write_all(bom)?;
            csv::tidy::write(rounds, out).map_err(io::Error::other)
        })
    }

    /// Writes `comparison.json`.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write_comparison(&self, comparison: &Comparison) -> Result<(), ReportError> {
        let value = json::comparison::value(comparison);
        self.replace(COMPARISON, |out| {
            Ok(serde_json::to_writer_pretty(out, &value)?)
        })
    }

    /// Writes `report.html`, `summary.md` and `requests.parquet`, over all rounds.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write_report(
        &self,
        run: &RunInfo,
        rounds: &[RoundResult],
        comparison: &Comparison,
        details: &dyn RequestSource,
    ) -> Result<(), ReportError> {
        let page = ReportInput {
            run,
            rounds,
            comparison,
            details,
        };
        let chunks = run.plan.output.chunk_times;
        self.replace(HTML, |out| html::write(page, out))?;
        self.replace(MARKDOWN, |out| markdown::write(page, out))?;
        self.replace(REQUESTS, |out| {
            parquet::requests::write(rounds, details, chunks, out)
        })
    }

    /// Writes `run.json`.
    ///
    /// # Errors
    /// [`ReportError::Write`].
    pub fn write_run(&self, run: &RunInfo) -> Result<(), ReportError> {
        self.replace(RUN, |out| Ok(serde_json::to_writer_pretty(out, run)?))
    }

    /// Reads TTFT cold over warm of each level from `comparison.json` of an earlier run; empty
    /// where there is none.
    pub fn ratios(&self) -> Vec<Option<f64>> {
        let read = fs::read(self.path(COMPARISON)).unwrap_or_default();
        let file: serde_json::Value = serde_json::from_slice(&read).unwrap_or_default();
        let levels = file["levels"].as_array();
        levels.map_or_else(Vec::new, |levels| {
            levels.iter().map(claimed_ratio).collect()
        })
    }

    /// Reads `run.json` of an earlier run.
    ///
    /// # Errors
    /// [`ReportError::Read`].
    pub fn read_run(&self) -> Result<RunInfo, ReportError> {
        let path = self.path(RUN);
        let bytes = fs::read(&path).map_err(ReportError::read(&path))?;
        serde_json::from_slice(&bytes).map_err(|error| ReportError::read(path)(error.into()))
    }
}

/// The TTFT ratio of a level of `comparison.json`; `None` where its conclusion takes it back.
fn claimed_ratio(level: &serde_json::Value) -> Option<f64> {
    if level["conclusion"]["kind"] == "withheld" {
        return None;
    }
    level["ttft"]["ratio"].as_f64()
}

/// Files of ours in a folder.
fn own_files(dir: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let mut own = Vec::new();
    for entry in fs::read_dir(dir).map_err(ReportError::read(dir))? {
        let path = entry.map_err(ReportError::read(dir))?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if is_of_round(&name) || OWN.contains(&name.as_str()) {
            own.push(path);
        }
    }
    Ok(own)
}

/// The name of a round's file, or of its telemetry.
fn is_of_round(name: &str) -> bool {
    let (name, is_telemetry) = match name.strip_prefix("telemetry_") {
        Some(rest) => (rest, true),
        None => (name, false),
    };
    let mut loads = Load::FILE_NAMES.iter();
    loads.any(|load| name.starts_with(load)) && (is_telemetry || name.ends_with(".json"))
}

/// Moves an earlier run to `previous/<run id>/`.
fn set_aside(dir: &Path, own: &[PathBuf]) -> Result<PathBuf, ReportError> {
    let earlier = RunFiles::existing(dir).read_run().map(|run| run.run_id);
    let id: String = earlier
        .unwrap_or_else(|_| "unknown".to_owned())
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let mut target = dir.join(PREVIOUS).join(&id);
    let mut count = 1;
    while target.exists() {
        count += 1;
        target = dir.join(PREVIOUS).join(format!("{id}-{count}"));
    }
    fs::create_dir_all(&target).map_err(ReportError::write(&target))?;
    for path in own {
        let to = target.join(path.file_name().unwrap_or_default());
        fs::rename(path, &to).map_err(ReportError::write(to))?;
    }
    Ok(target)
}
