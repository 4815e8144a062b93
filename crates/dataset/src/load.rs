//! Reading, selecting, cutting: the whole road from a file to the samples of a run.

use crate::{
    DatasetError, FileTokenizer, digest,
    draw::{DrawKey, SeededDraw},
    needs::{Lengths, LevelShare, needed, refuse_empty, refuse_empty_level, shares},
    read::{ReadFile, ReadOptions, SampleReceiver, read},
    session,
    source::RowSource,
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
    select(RowSource::open(&plan.path)?, plan, levels, None)
}

/// Loads as [`load`] does, with prompts cut by `count` where the plan says that the engine counts tokens.
///
/// # Errors
/// As [`load`], and what `count` fails with.
pub fn load_counted(
    plan: &DatasetPlan,
    levels: usize,
    count: &dyn CountTokens,
) -> Result<Selection, DatasetError> {
    select(RowSource::open(&plan.path)?, plan, levels, Some(count))
}

/// Loads one level from memory; `name` stands for the file in messages.
///
/// # Errors
/// As [`load`].
pub fn load_bytes(name: &str, bytes: &[u8], plan: &DatasetPlan) -> Result<Selection, DatasetError> {
    select(RowSource::bytes(name, bytes)?, plan, 1, None)
}

/// Draws, by the seed, the rows that fit; for a replay, the first of them.
struct Drawer<'a> {
    plan: &'a DatasetPlan,
    lengths: Lengths<'a>,
    draw: SeededDraw<Sample>,
}

impl SampleReceiver for Drawer<'_> {
    fn wants(&mut self, position: u64) -> bool {
        // A weight is known only once the row is read.
        self.plan.weight_key.is_some() || self.draw.wants(DrawKey::planned(self.plan, position))
    }

    fn take(&mut self, position: u64, row: &Value, sample: Sample) -> Result<(), &'static str> {
        let key = match &self.plan.weight_key {
            None => DrawKey::planned(self.plan, position),
            Some(name) => {
                let weight = row.get(name).and_then(Value::as_f64);
                let weight = weight.ok_or("no number under --weight-key")?;
                DrawKey::weighted(self.plan.seed, position, weight).ok_or("weight not above 0")?
            }
        };
        self.lengths.fits(&sample)?;
        if self.draw.wants(key) {
            self.draw.put(key, sample);
        }
        Ok(())
    }
}

/// Hands what was drawn, in the order of the draw, to the levels; each sends in the file's order, a
/// replay in that of time.
fn levels_of(drawn: &[Arc<Sample>], plan: &DatasetPlan, levels: usize) -> Vec<Vec<Arc<Sample>>> {
    let mut out: Vec<Vec<Arc<Sample>>> = Vec::with_capacity(levels);
    for LevelShare { own, wanted } in shares(plan, drawn.len(), levels) {
        let mut samples = drawn[own].to_vec();
        if plan.replay {
            // Sessions whose clocks all begin at 0 run side by side.
            samples.sort_by_key(|sample| sample.arrival_ns);
        } else {
            samples.sort_by_key(|sample| sample.row);
        }
        let have = samples.len();
        if plan.oversample && have > 0 {
            for at in 0..wanted.saturating_sub(have) {
                samples.push(Arc::clone(&samples[at % have]));
            }
        }
        out.push(samples);
    }
    if out
        .windows(2)
        .all(|pair| have_same_rows(&pair[0], &pair[1]))
    {
        out.truncate(1);
    }
    out
}

fn have_same_rows(one: &[Arc<Sample>], other: &[Arc<Sample>]) -> bool {
    let (one, other) = (one.iter(), other.iter());
    one.map(|sample| sample.row)
        .eq(other.map(|sample| sample.row))
}

/// Loads what the plan says from an opened file; `engine` counts tokens where the plan asks for it.
fn select(
    source: RowSource<'_>,
    plan: &DatasetPlan,
    levels: usize,
    engine: Option<&dyn CountTokens>,
) -> Result<Selection, DatasetError> {
    check_counts(plan, levels)?;
    check_replay(plan)?;
    let tokens = plan
        .tokenizer
        .as_deref()
        .map(FileTokenizer::open)
        .transpose()?;
    let tokens = tokens.as_ref();
    let name = source.name.clone();
    let levels = levels.max(1);
    if let Some(sessions) = plan.sessions {
        return session::select(source, plan, sessions, levels, tokens);
    }
    let mut drawer = Drawer {
        plan,
        lengths: Lengths::of(plan, tokens),
        draw: SeededDraw::new(needed(plan, levels)),
    };
    let options = ReadOptions::of(plan, tokens)?;
    let ReadFile { format, tally } = read(source, &options, &mut drawer)?;
    let mut drawn = drawer.draw.finish();
    refuse_empty(&name, drawn.len(), &tally)?;
    let own = tokens.map(|tokens| tokens as &dyn CountTokens);
    let truncated = cut(&mut drawn, plan, own.or(engine).unwrap_or(&Characters))?;
    let drawn: Vec<Arc<Sample>> = drawn.into_iter().map(Arc::new).collect();
    let levels = levels_of(&drawn, plan, levels);
    refuse_empty_level(&name, drawn.len(), &levels)?;
    let duplicates = levels.iter().map(|samples| repeated_prompts(samples));
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
        duplicate_prompts: duplicates.max().unwrap_or(0),
        truncated,
        unsent,
        digest: digest::digest(levels.iter().flatten().map(AsRef::as_ref)),
        levels,
        notes,
        sessions: None,
    })
}

/// Whether the plan says how many rows every level takes, where that must be known.
fn check_counts(plan: &DatasetPlan, levels: usize) -> Result<(), DatasetError> {
    if plan.num_samples.contains(&0) {
        return Err(DatasetError::NoSamples);
    }
    if plan.sampling == Sampling::Disjoint && plan.num_samples.is_empty() && levels > 1 {
        return Err(DatasetError::UncountedDisjoint);
    }
    Ok(())
}

/// Whether nothing else than the file says which rows are replayed.
fn check_replay(plan: &DatasetPlan) -> Result<(), DatasetError> {
    let choices = [
        (plan.oversample, "repeating rows"),
        (plan.weight_key.is_some(), "drawing by weight"),
        (
            plan.sampling == Sampling::Disjoint,
            "drawing rows for each level",
        ),
    ];
    let mut chosen = choices.into_iter().filter(|(chosen, _)| *chosen);
    match chosen.next() {
        Some((_, setting)) if plan.replay => Err(DatasetError::NotWithReplay { setting }),
        _ => Ok(()),
    }
}

/// Makes prompts of token ids out of texts: each by `encode`, and cut to the plan's longest exactly.
/// Prompts that are ids already stay as they are.
///
/// # Errors
/// What `encode` says; [`DatasetError::NotOneText`] for a row of several messages.
pub fn as_token_ids(
    selection: &mut Selection,
    plan: &DatasetPlan,
    encode: &mut dyn FnMut(&str) -> Result<Vec<u32>, DatasetError>,
) -> Result<(), DatasetError> {
    for samples in &mut selection.levels {
        for sample in samples.iter_mut() {
            if sample.token_ids().is_some() {
                continue;
            }
            if sample.messages.len() != 1 {
                return Err(DatasetError::NotOneText {
                    row: sample.row,
                    messages: sample.messages.len(),
                });
            }
            let ids = encode(&sample.text())?;
            let mut made = Sample::clone(sample);
            made.messages = vec![Sample::message_of_ids(&ids)];
            if let Some(limit) = plan.max_input_length {
                truncate(&mut made, limit, plan.keep, &Characters)?;
            }
            *sample = Arc::new(made);
        }
    }
    Ok(())
}

/// Cuts the samples that are longer than the plan allows, and counts those.
fn cut(
    drawn: &mut [Sample],
    plan: &DatasetPlan,
    count: &dyn CountTokens,
) -> Result<u64, DatasetError> {
    let Some(limit) = plan.max_input_length else {
        return Ok(0);
    };
    let mut truncated = 0;
    for sample in drawn {
        truncate(sample, limit, plan.keep, count)?;
        truncated += u64::from(sample.truncated);
    }
    Ok(truncated)
}

/// Prompts of a level that repeat an earlier one of it.
fn repeated_prompts(samples: &[Arc<Sample>]) -> u64 {
    let mut seen = HashSet::new();
    let repeated = samples
        .iter()
        .filter(|sample| !seen.insert(digest::prompt_digest(sample)));
    repeated.count() as u64
}
