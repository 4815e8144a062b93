//! Everything about a file without sending anything: `dualround check dataset`.

use crate::{
    DatasetError, FileTokenizer,
    beginnings::Beginnings,
    digest::prompt_digest,
    needs::length,
    read::{ReadFile, ReadOptions, SampleReceiver, read},
    source::RowSource,
    tally::BadLine,
};
use dualround_model::{DatasetPlan, Sample};
use serde_json::Value;
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

/// Characters by which beginnings are compared.
const STEP: u64 = 32;

/// A summary of what a file holds.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Layout and shapes of the rows.
    pub format: String,
    /// Rows (lines) that are not blank.
    pub rows: u64,
    /// Rows with a usable prompt.
    pub usable: u64,
    /// Rows left out, by reason.
    pub skipped: Vec<(String, u64)>,
    /// Characters of the prompts: shortest, median, 99th percentile (nearest rank), longest.
    pub chars: Option<[u64; 4]>,
    /// The same in tokens, with a tokenizer.
    pub tokens: Option<[u64; 4]>,
    /// Prompts that repeat an earlier one.
    pub duplicates: u64,
    /// Characters that prompts begin with in common with an earlier one, in steps of 32, as a share
    /// of all characters: what a prefix cache could reuse inside one round.
    pub shared_prefix_share: f64,
    /// Rows with an output length of their own.
    pub row_output_lengths: u64,
    /// Prompts with a system message.
    pub with_system: u64,
    /// The times of the rows; `None` where no usable row has one.
    pub times: Option<RowTimes>,
    /// The first prompt.
    pub first: Option<Sample>,
    /// Keys of used rows that go into no request, with how many rows have them.
    pub unsent: Vec<(String, u64)>,
    /// The first lines that cannot be read, with the reason.
    pub bad: Vec<BadLine>,
}

/// The times at which rows say that they were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowTimes {
    /// Usable rows that have one.
    pub rows: u64,
    /// The earliest, ns on the clock of the trace; of date-times, since 1970 UTC.
    pub first_ns: u64,
    /// The latest, ns on the same clock.
    pub last_ns: u64,
}

impl RowTimes {
    /// The same with the time of one more row.
    fn with(times: Option<Self>, ns: u64) -> Self {
        let Self {
            rows,
            first_ns,
            last_ns,
        } = times.unwrap_or(Self {
            rows: 0,
            first_ns: ns,
            last_ns: ns,
        });
        Self {
            rows: rows + 1,
            first_ns: first_ns.min(ns),
            last_ns: last_ns.max(ns),
        }
    }
}

/// A look at every row of a file; texts are not kept.
#[derive(Default)]
struct FileInspector<'a> {
    tokens: Option<&'a FileTokenizer>,
    chars: Vec<u64>,
    token_counts: Vec<u64>,
    prompts: HashSet<u64>,
    beginnings: Beginnings,
    shared: u64,
    duplicates: u64,
    row_output_lengths: u64,
    with_system: u64,
    times: Option<RowTimes>,
    first: Option<Sample>,
}

impl SampleReceiver for FileInspector<'_> {
    fn wants(&mut self, _: u64) -> bool {
        true
    }

    fn take(&mut self, _: u64, _: &Value, sample: Sample) -> Result<(), &'static str> {
        let text = sample.text();
        let mut hasher = DefaultHasher::new();
        prompt_digest(&sample).hash(&mut hasher);
        self.duplicates += u64::from(!self.prompts.insert(hasher.finish()));
        self.row_output_lengths += u64::from(sample.output_tokens.is_some());
        self.with_system += u64::from(sample.messages.iter().any(is_system));
        if let Some(ns) = sample.arrival_ns {
            self.times = Some(RowTimes::with(self.times, ns));
        }
        let beginning = self.beginnings.count(text.chars(), STEP);
        self.chars.push(beginning.length);
        self.shared += beginning.shared;
        if self.tokens.is_some() {
            self.token_counts.push(length(&sample, self.tokens));
        }
        self.first.get_or_insert(sample);
        Ok(())
    }
}

fn is_system(message: &Value) -> bool {
    message.get("role").is_some_and(|role| role == "system")
}

/// Shortest, median, 99th percentile, longest.
fn spread(mut lengths: Vec<u64>) -> Option<[u64; 4]> {
    lengths.sort_unstable();
    Some([
        nearest_rank(&lengths, 0)?,
        nearest_rank(&lengths, 50)?,
        nearest_rank(&lengths, 99)?,
        nearest_rank(&lengths, 100)?,
    ])
}

fn nearest_rank(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Reads a whole file, going on after lines that cannot be read. Of the plan, selection is left
/// aside.
///
/// # Errors
/// [`DatasetError`] when the file as a whole cannot be read.
pub fn inspect(plan: &DatasetPlan) -> Result<Inspection, DatasetError> {
    let tokens = plan
        .tokenizer
        .as_deref()
        .map(FileTokenizer::open)
        .transpose()?;
    let how = ReadOptions {
        keep_going: true,
        ..ReadOptions::of(plan, tokens.as_ref())?
    };
    let mut inspector = FileInspector {
        tokens: tokens.as_ref(),
        ..FileInspector::default()
    };
    let ReadFile { format, tally } = read(RowSource::open(&plan.path)?, &how, &mut inspector)?;
    let total: u64 = inspector.chars.iter().sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share needs no more than 52 bits"
    )]
    let shared_prefix_share = if total > 0 {
        inspector.shared as f64 / total as f64
    } else {
        0.0
    };
    let unsent = tally.unsent();
    Ok(Inspection {
        format,
        rows: tally.rows,
        usable: tally.used,
        skipped: tally.skipped,
        chars: spread(inspector.chars),
        tokens: spread(inspector.token_counts),
        duplicates: inspector.duplicates,
        shared_prefix_share,
        row_output_lengths: inspector.row_output_lengths,
        with_system: inspector.with_system,
        times: inspector.times,
        first: inspector.first,
        unsent,
        bad: tally.bad,
    })
}
