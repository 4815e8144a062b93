//! Reading, selecting, cutting: the whole road from a file to the samples of a run.

use crate::{
    DatasetError, Tokens, digest,
    draw::{Draw, Key},
    format,
    row::Row,
    rows::each,
    shape::{Reading, Shaped, Understood, shape},
    source::{Layout, Source},
    tally::Tally,
    trace::Trace,
    truncate::{Characters, CountTokens, truncate},
};
use dualround_model::{DatasetPlan, Sample, Sampling, Selection};
use serde_json::Value;
use std::{collections::HashSet, sync::Arc};

/// Reads, selects, cuts and digests a dataset as the plan says, for so many levels.
///
/// # Errors
/// [`DatasetError`] names the file, the line and what to do.
pub fn load(plan: &DatasetPlan, levels: usize) -> Result<Selection, DatasetError> {
    select(Source::open(&plan.path)?, plan, levels, None)
}

/// The same with prompts cut by `count` where the plan says that the engine counts tokens.
///
/// # Errors
/// As [`load`], and what `count` fails with.
pub fn load_counted(
    plan: &DatasetPlan,
    levels: usize,
    count: &dyn CountTokens,
) -> Result<Selection, DatasetError> {
    select(Source::open(&plan.path)?, plan, levels, Some(count))
}

/// The same for one level from memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8], plan: &DatasetPlan) -> Result<Selection, DatasetError> {
    select(Source::bytes(name, bytes)?, plan, 1, None)
}

/// A receiver of samples, which says first whether a row is worth reading.
pub(crate) trait SampleReceiver {
    /// The row at this position will be taken if it is usable. Those that are not are only checked.
    fn wants(&mut self, position: u64) -> bool;
    /// A prompt of the row at this position.
    ///
    /// # Errors
    /// The reason why it is not usable after all.
    fn take(&mut self, position: u64, row: &Value, sample: Sample) -> Result<(), &'static str>;
}

/// The options by which a file is read.
pub(crate) struct ReadOptions<'a> {
    pub(crate) layout: Option<Layout>,
    pub(crate) reading: Reading<'a>,
    /// Lines that cannot be read are counted instead of ending the reading.
    pub(crate) keep_going: bool,
}

impl<'a> ReadOptions<'a> {
    pub(crate) fn of(
        plan: &'a DatasetPlan,
        tokens: Option<&'a Tokens>,
    ) -> Result<Self, DatasetError> {
        let (layout, shape) = format::named(plan.format.as_deref())?;
        Ok(Self {
            layout,
            reading: Reading {
                text_key: plan.text_key.as_deref(),
                shape,
                trace: Trace {
                    seed: plan.seed,
                    block: plan.trace_block_size,
                    tokens,
                },
            },
            keep_going: plan.skip_bad_rows,
        })
    }
}

/// Reads all rows.
pub(crate) fn read(
    source: Source<'_>,
    how: &ReadOptions<'_>,
    taker: &mut impl SampleReceiver,
) -> Result<(String, Tally), DatasetError> {
    let mut tally = Tally::default();
    let name = source.name.clone();
    let layout = each(source, how.layout, &mut |row| {
        let position = tally.rows;
        tally.rows += 1;
        let wanted = taker.wants(position);
        let row = if wanted { row.parsed() } else { row.checked() };
        let (number, problem) = match row {
            // Not drawn, whatever it holds.
            Row::Json(..) => {
                tally.passed += 1;
                return Ok(());
            }
            Row::Value(..) if !wanted => {
                tally.passed += 1;
                return Ok(());
            }
            Row::Bad(line, reason) if how.keep_going => {
                tally.skip("not JSON");
                (line, reason)
            }
            Row::Bad(line, reason) => {
                return Err(DatasetError::BadJson {
                    name: name.clone(),
                    line,
                    reason,
                });
            }
            Row::Value(place, value) => match shape(&value, place.number(), &how.reading) {
                Shaped::Sample(found) => {
                    let Understood {
                        sample,
                        shape,
                        unsent,
                    } = *found;
                    match taker.take(position, &value, sample) {
                        Ok(()) => tally.used(shape, unsent),
                        Err(reason) => tally.skip(reason),
                    }
                    return Ok(());
                }
                Shaped::Skip(reason) => {
                    tally.skip(reason);
                    return Ok(());
                }
                Shaped::Unknown(reason) if how.keep_going => {
                    tally.skip("unknown shape");
                    (place.number(), reason)
                }
                Shaped::Unknown(reason) => {
                    let (name, place) = (name.clone(), place.to_string());
                    return Err(DatasetError::BadRow {
                        name,
                        place,
                        reason,
                    });
                }
            },
        };
        tally.bad(number, problem);
        Ok(())
    })?;
    Ok((format!("{} ({})", layout.name(), tally.shapes()), tally))
}

/// Draws, by the seed, the rows that fit.
struct Drawer<'a> {
    plan: &'a DatasetPlan,
    tokens: Option<&'a Tokens>,
    draw: Draw<Sample>,
}

impl Drawer<'_> {
    fn fits(&self, sample: &Sample) -> Result<(), &'static str> {
        let (least, most) = self.plan.lengths;
        if least.is_none() && most.is_none() {
            return Ok(());
        }
        let length = length(sample, self.tokens);
        if least.is_some_and(|least| length < least) {
            return Err("shorter than --min-length");
        }
        if most.is_some_and(|most| length > most) {
            return Err("longer than --max-length");
        }
        Ok(())
    }
}

impl SampleReceiver for Drawer<'_> {
    fn wants(&mut self, position: u64) -> bool {
        // A weight is known only once the row is read.
        self.plan.weight_key.is_some() || self.draw.wants(Key::of(self.plan.seed, position))
    }

    fn take(&mut self, position: u64, row: &Value, sample: Sample) -> Result<(), &'static str> {
        let key = match &self.plan.weight_key {
            None => Key::of(self.plan.seed, position),
            Some(name) => {
                let weight = row.get(name).and_then(Value::as_f64);
                let weight = weight.ok_or("no number under --weight-key")?;
                Key::weighted(self.plan.seed, position, weight).ok_or("weight not above 0")?
            }
        };
        self.fits(&sample)?;
        if self.draw.wants(key) {
            self.draw.put(key, sample);
        }
        Ok(())
    }
}

/// Length of a sample's text, in tokens or characters.
pub(crate) fn length(sample: &Sample, tokens: Option<&Tokens>) -> u64 {
    let text = sample.text();
    match tokens {
        Some(tokens) => tokens.count(&text),
        None => text.chars().count() as u64,
    }
}

/// How many rows the levels need together; `None`: all.
fn needed(plan: &DatasetPlan, levels: usize) -> Option<u64> {
    let counts = (0..levels).map(|level| plan.samples_of(level));
    match plan.sampling {
        Sampling::Same => counts.collect::<Option<Vec<_>>>()?.into_iter().max(),
        Sampling::Disjoint => counts.sum(),
    }
}

/// Hands what was drawn, in the order of the draw, to the levels; each sends in the file's order.
fn levels_of(drawn: &[Arc<Sample>], plan: &DatasetPlan, levels: usize) -> Vec<Vec<Arc<Sample>>> {
    let mut from = 0_usize;
    let mut out: Vec<Vec<Arc<Sample>>> = Vec::with_capacity(levels);
    for level in 0..levels {
        let wanted = plan.samples_of(level);
        let count = wanted.map_or(drawn.len(), |n| usize::try_from(n).unwrap_or(usize::MAX));
        let end = from.max(from.saturating_add(count).min(drawn.len()));
        let mut samples = drawn[from..end].to_vec();
        if plan.sampling == Sampling::Disjoint {
            from = end;
        }
        samples.sort_by_key(|sample| sample.row);
        let have = samples.len();
        if plan.oversample && have > 0 {
            for at in 0..count.saturating_sub(have) {
                samples.push(Arc::clone(&samples[at % have]));
            }
        }
        out.push(samples);
    }
    let same = |pair: &[Vec<Arc<Sample>>]| {
        let rows = |samples: &[Arc<Sample>]| samples.iter().map(|s| s.row).collect::<Vec<_>>();
        rows(&pair[0]) == rows(&pair[1])
    };
    if out.windows(2).all(same) {
        out.truncate(1);
    }
    out
}

fn select(
    source: Source<'_>,
    plan: &DatasetPlan,
    levels: usize,
    engine: Option<&dyn CountTokens>,
) -> Result<Selection, DatasetError> {
    if plan.num_samples.contains(&0) {
        return Err(DatasetError::Invalid(
            "--num-samples must be at least 1".to_owned(),
        ));
    }
    if plan.sampling == Sampling::Disjoint && plan.num_samples.is_empty() && levels > 1 {
        return Err(DatasetError::Invalid(
            "--sampling disjoint needs --num-samples: how many rows each level takes".to_owned(),
        ));
    }
    let tokens = plan.tokenizer.as_deref().map(Tokens::open).transpose()?;
    let tokens = tokens.as_ref();
    let name = source.name.clone();
    let levels = levels.max(1);
    let mut drawer = Drawer {
        plan,
        tokens,
        draw: Draw::new(needed(plan, levels)),
    };
    let (format, tally) = read(source, &ReadOptions::of(plan, tokens)?, &mut drawer)?;
    let mut drawn = drawer.draw.finish();
    if drawn.is_empty() {
        let detail = if tally.rows > 0 {
            format!(": {}", tally.words())
        } else {
            String::new()
        };
        return Err(DatasetError::Empty { name, detail });
    }
    let mut truncated = 0;
    if let Some(limit) = plan.max_input_length {
        let own = tokens.map(|tokens| tokens as &dyn CountTokens);
        let count = own.or(engine).unwrap_or(&Characters);
        for sample in &mut drawn {
            truncate(sample, limit, plan.keep, count)?;
            truncated += u64::from(sample.truncated);
        }
    }
    let drawn: Vec<Arc<Sample>> = drawn.into_iter().map(Arc::new).collect();
    let levels = levels_of(&drawn, plan, levels);
    if let Some(level) = levels.iter().position(Vec::is_empty) {
        return Err(DatasetError::Invalid(format!(
            "dataset {name} has too few rows for --sampling disjoint: none is left for level {} ({} drawn)",
            level + 1,
            drawn.len()
        )));
    }
    let repeated = levels.iter().map(|samples| {
        let mut seen = HashSet::new();
        let again = |sample: &&Arc<Sample>| !seen.insert(digest::prompt_digest(sample));
        samples.iter().filter(again).count() as u64
    });
    let duplicate_prompts = repeated.max().unwrap_or(0);
    let unsent = tally.unsent();
    let mut notes = Vec::new();
    if !tally.skipped.is_empty() {
        notes.push(tally.words());
    }
    Ok(Selection {
        rows: tally.rows,
        usable_rows: (tally.passed == 0).then_some(tally.used),
        skipped: tally.skipped,
        format,
        seed: plan.seed,
        duplicate_prompts,
        truncated,
        unsent,
        digest: digest::digest(levels.iter().flatten().map(AsRef::as_ref)),
        levels,
        notes,
    })
}
