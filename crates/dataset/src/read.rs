//! Reading a file: its rows are understood, handed to whoever wants them, and counted.

use crate::{
    DatasetError, FileTokenizer,
    format::{self, Format},
    prompt::{Shaped, Understood},
    row::{FileRow, RowPosition},
    row_error::RowError,
    rows::each,
    shape::{Reading, shape},
    source::{RowLayout, RowSource},
    tally::RowTally,
    trace::TraceText,
};
use dualround_model::{DatasetPlan, Sample};
use serde_json::Value;

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
    pub(crate) layout: Option<RowLayout>,
    pub(crate) reading: Reading<'a>,
    /// Lines that cannot be read are counted instead of ending the reading.
    pub(crate) keep_going: bool,
}

impl<'a> ReadOptions<'a> {
    pub(crate) fn of(
        plan: &'a DatasetPlan,
        tokens: Option<&'a FileTokenizer>,
    ) -> Result<Self, DatasetError> {
        let Format { layout, shape } = format::named(plan.format.as_deref())?;
        Ok(Self {
            layout,
            reading: Reading {
                text_key: plan.text_key.as_deref(),
                shape,
                trace: TraceText {
                    seed: plan.seed,
                    block: plan.trace_block_size,
                    tokens,
                },
            },
            keep_going: plan.skip_bad_rows,
        })
    }
}

/// What was read of a file.
pub(crate) struct ReadFile {
    /// Its layout and the shapes of its rows, for people.
    pub(crate) format: String,
    pub(crate) tally: RowTally,
}

/// Reads all rows.
pub(crate) fn read(
    source: RowSource<'_>,
    options: &ReadOptions<'_>,
    receiver: &mut impl SampleReceiver,
) -> Result<ReadFile, DatasetError> {
    let mut reader = RowReader {
        name: source.name.clone(),
        options,
        receiver,
        tally: RowTally::default(),
    };
    let layout = each(source, options.layout, &mut |row| reader.take(row))?;
    let tally = reader.tally;
    let format = format!("{} ({})", layout.name(), tally.shapes());
    Ok(ReadFile { format, tally })
}

/// The reading of one file: rows are understood, handed on and counted.
struct RowReader<'a, R> {
    /// The file, for messages.
    name: String,
    options: &'a ReadOptions<'a>,
    receiver: &'a mut R,
    tally: RowTally,
}

impl<R: SampleReceiver> RowReader<'_, R> {
    fn take(&mut self, row: FileRow<'_>) -> Result<(), DatasetError> {
        let position = self.tally.rows;
        self.tally.rows += 1;
        let wanted = self.receiver.wants(position);
        let row = if wanted { row.parsed() } else { row.checked() };
        match row {
            FileRow::Bad(line, reason) => self.take_bad(line, reason),
            FileRow::Value(place, value) if wanted => self.take_value(position, place, &value),
            // Not drawn, whatever it holds.
            FileRow::Json(..) | FileRow::Value(..) => {
                self.tally.passed += 1;
                Ok(())
            }
        }
    }

    fn take_bad(&mut self, line: u64, reason: String) -> Result<(), DatasetError> {
        if !self.options.keep_going {
            return Err(DatasetError::BadJson {
                name: self.name.clone(),
                line,
                reason,
            });
        }
        self.tally.skip("not JSON");
        self.tally.bad(line, RowError::Unreadable(reason));
        Ok(())
    }

    fn take_value(
        &mut self,
        position: u64,
        place: RowPosition,
        value: &Value,
    ) -> Result<(), DatasetError> {
        match shape(value, place.number(), &self.options.reading) {
            Shaped::Sample(found) => {
                let Understood {
                    sample,
                    shape,
                    unsent,
                } = *found;
                match self.receiver.take(position, value, sample) {
                    Ok(()) => self.tally.used(shape, unsent),
                    Err(reason) => self.tally.skip(reason),
                }
            }
            Shaped::Skip(reason) => self.tally.skip(reason),
            Shaped::Unknown(error) if self.options.keep_going => {
                self.tally.skip("unknown shape");
                self.tally.bad(place.number(), error);
            }
            Shaped::Unknown(reason) => {
                return Err(DatasetError::BadRow {
                    name: self.name.clone(),
                    place: place.to_string(),
                    reason,
                });
            }
        }
        Ok(())
    }
}
