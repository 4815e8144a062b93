//! Reading, selecting, cutting: the whole road from a file to the samples of a run.

use crate::{
    DatasetError, digest,
    rows::{Row, each},
    sampling::Reservoir,
    shape::{Shaped, shape},
    truncate::truncate,
};
use dualround_model::{DatasetPlan, Sample, Selection};
use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
};

/// Opens a dataset.
pub(crate) fn open(path: &Path) -> Result<(String, BufReader<File>), DatasetError> {
    let name = path.display().to_string();
    let file = File::open(path).and_then(|file| {
        if file.metadata()?.is_dir() {
            return Err(std::io::Error::other("it is a folder"));
        }
        Ok(file)
    });
    match file {
        Ok(file) => Ok((name, BufReader::with_capacity(1 << 18, file))),
        Err(source) => Err(DatasetError::Io { name, source }),
    }
}

/// Reads, selects, cuts and digests a dataset as the plan says.
///
/// # Errors
/// [`DatasetError`] names the file, the line and what to do.
pub fn load(plan: &DatasetPlan) -> Result<Selection, DatasetError> {
    let (name, reader) = open(&plan.path)?;
    select(&name, reader, plan)
}

/// The same from memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8], plan: &DatasetPlan) -> Result<Selection, DatasetError> {
    select(name, bytes, plan)
}

/// What was left out, and what the rows looked like.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    /// In order of appearance.
    pub(crate) skipped: Vec<(String, u64)>,
    pub(crate) shapes: BTreeMap<&'static str, u64>,
    pub(crate) bad: Vec<(u64, String)>,
}

impl Tally {
    fn skip(&mut self, reason: &str) {
        match self.skipped.iter_mut().find(|(known, _)| known == reason) {
            Some((_, count)) => *count += 1,
            None => self.skipped.push((reason.to_owned(), 1)),
        }
    }

    /// `7 rows: 5 used, 2 skipped (1 empty prompt, 1 no turns)`.
    pub(crate) fn words(&self, used: u64) -> String {
        let skipped: u64 = self.skipped.iter().map(|(_, count)| count).sum();
        let reasons: Vec<String> = self
            .skipped
            .iter()
            .map(|(why, n)| format!("{n} {why}"))
            .collect();
        let reasons = if reasons.is_empty() {
            String::new()
        } else {
            format!(", {skipped} skipped ({})", reasons.join(", "))
        };
        format!("{} rows: {used} used{reasons}", self.rows)
    }
}

/// Reads all rows and hands on the samples. With `keep_going`, lines that cannot be read are
/// counted instead of ending the reading.
pub(crate) fn read(
    name: &str,
    reader: impl BufRead,
    text_key: Option<&str>,
    keep_going: bool,
    mut take: impl FnMut(Sample),
) -> Result<(String, Tally), DatasetError> {
    let mut tally = Tally::default();
    let layout = each(name, reader, |row| {
        tally.rows += 1;
        let (number, problem) = match row {
            Row::Bad(line, reason) if keep_going => {
                tally.skip("not JSON");
                (line, reason)
            }
            Row::Bad(line, reason) => {
                return Err(DatasetError::BadJson {
                    name: name.to_owned(),
                    line,
                    reason,
                });
            }
            Row::Value(place, value) => match shape(&value, place.number(), text_key) {
                Shaped::Sample(sample, shape) => {
                    *tally.shapes.entry(shape).or_insert(0) += 1;
                    take(*sample);
                    return Ok(());
                }
                Shaped::Skip(reason) => {
                    tally.skip(reason);
                    return Ok(());
                }
                Shaped::Unknown(reason) if keep_going => {
                    tally.skip("unknown shape");
                    (place.number(), reason)
                }
                Shaped::Unknown(reason) => {
                    let (name, place) = (name.to_owned(), place.to_string());
                    return Err(DatasetError::BadRow {
                        name,
                        place,
                        reason,
                    });
                }
            },
        };
        if tally.bad.len() < 20 {
            tally.bad.push((number, problem));
        }
        Ok(())
    })?;
    let shapes: Vec<&str> = tally.shapes.keys().copied().collect();
    Ok((format!("{} ({})", layout.name(), shapes.join(", ")), tally))
}

fn select(name: &str, reader: impl BufRead, plan: &DatasetPlan) -> Result<Selection, DatasetError> {
    if plan.num_samples == Some(0) {
        return Err(DatasetError::Invalid(
            "--num-samples must be at least 1".to_owned(),
        ));
    }
    let mut reservoir = Reservoir::new(plan.num_samples, plan.seed);
    let text_key = plan.text_key.as_deref();
    let (format, tally) = read(name, reader, text_key, plan.skip_bad_rows, |sample| {
        reservoir.offer(sample);
    })?;
    let (usable_rows, mut chosen) = reservoir.finish();
    chosen.sort_by_key(|sample| sample.row);
    if chosen.is_empty() {
        let detail = if tally.rows > 0 {
            format!(": {}", tally.words(0))
        } else {
            String::new()
        };
        return Err(DatasetError::Empty {
            name: name.to_owned(),
            detail,
        });
    }
    let mut truncated = 0;
    if let Some(limit) = plan.max_input_length {
        for sample in &mut chosen {
            truncate(sample, limit);
            truncated += u64::from(sample.truncated);
        }
    }
    let mut samples: Vec<Arc<Sample>> = chosen.into_iter().map(Arc::new).collect();
    if let Some(wanted) = plan.num_samples.filter(|_| plan.oversample) {
        let have = samples.len();
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        for at in 0..wanted.saturating_sub(have) {
            samples.push(Arc::clone(&samples[at % have]));
        }
    }
    let mut seen = HashSet::new();
    let repeated = samples
        .iter()
        .filter(|sample| !seen.insert(digest::prompt_digest(sample)));
    let duplicate_prompts = repeated.count() as u64;
    let mut notes = Vec::new();
    if !tally.skipped.is_empty() {
        notes.push(tally.words(usable_rows));
    }
    Ok(Selection {
        usable_rows,
        skipped: tally.skipped,
        format,
        seed: plan.seed,
        duplicate_prompts,
        truncated,
        digest: digest::digest(samples.iter().map(AsRef::as_ref)),
        samples,
        notes,
    })
}
