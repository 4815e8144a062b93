//! Reading a file: its rows are understood, handed to whoever wants them, and counted.

use crate::{
    DatasetError, FileTokenizer, PlacedTime,
    format::{self, Format},
    prompt::{Shaped, Understood},
    row::{FileRow, RowPosition},
    row_error::RowError,
    rows::each,
    shape::{Reading, shape},
    source::{RowLayout, RowSource},
    tally::RowTally,
    timestamp::{self, RowTime, TimeError},
    trace::TraceText,
};
use dualround_model::{DatasetPlan, Sample, TimestampUnit};
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
    /// Every row must have a time, and none a smaller one than the row before.
    pub(crate) timed: bool,
    /// The unit of times that the format leaves open.
    pub(crate) unit: Option<TimestampUnit>,
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
            timed: plan.replay,
            unit: plan.timestamp_unit,
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
        times: TimesInOrder::default(),
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
    /// The times of rows, where all must have one.
    times: TimesInOrder,
}

/// The time of the last row of a file whose rows must not go back in time.
#[derive(Default)]
pub(crate) struct TimesInOrder {
    last: Option<(RowPosition, RowTime)>,
}

impl TimesInOrder {
    /// Holds the time of a row against that of the one before it.
    ///
    /// # Errors
    /// [`DatasetError::TimesNotSorted`] where it is earlier.
    pub(crate) fn check(
        &mut self,
        name: &str,
        place: RowPosition,
        time: RowTime,
    ) -> Result<(), DatasetError> {
        if let Some((place_before, before)) = &self.last
            && time.in_order
            && time.ns < before.ns
        {
            return Err(DatasetError::TimesNotSorted {
                name: name.to_owned(),
                row: placed(place, &time),
                before: placed(*place_before, before),
            });
        }
        self.last = Some((place, time));
        Ok(())
    }
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
            Shaped::Sample(found) => return self.take_sample(position, place, value, *found),
            Shaped::Skip(reason) => self.tally.skip(reason),
            Shaped::Unknown(error) if self.options.keep_going => {
                self.tally.skip("unknown shape");
                self.tally.bad(place.number(), error);
            }
            Shaped::Unknown(reason) => return Err(self.bad_row(place, reason)),
        }
        Ok(())
    }

    fn take_sample(
        &mut self,
        position: u64,
        place: RowPosition,
        row: &Value,
        mut found: Understood,
    ) -> Result<(), DatasetError> {
        let trace = self.options.reading.trace_of(row);
        let time = timestamp::of(row, trace, self.options.unit);
        if self.options.timed {
            match time {
                Ok(time) => self.keep_time(place, time, &mut found)?,
                Err(error) => return self.take_untimed(place, error),
            }
        } else {
            found.sample.arrival_ns = time.ok().map(|time| time.ns);
        }
        match self.receiver.take(position, row, found.sample) {
            Ok(()) => self.tally.used(found.shape, found.unsent),
            Err(reason) => self.tally.skip(reason),
        }
        Ok(())
    }

    /// Gives a row its time, which must not be before that of the last one.
    fn keep_time(
        &mut self,
        place: RowPosition,
        time: RowTime,
        found: &mut Understood,
    ) -> Result<(), DatasetError> {
        found.sample.arrival_ns = Some(time.ns);
        found.unsent.retain(|key| key != time.key);
        self.times.check(&self.name, place, time)
    }

    /// A row without a usable time, where all must have one.
    fn take_untimed(&mut self, place: RowPosition, error: TimeError) -> Result<(), DatasetError> {
        match error.reason() {
            Some(reason) if self.options.keep_going => {
                self.tally.skip(reason);
                self.tally.bad(place.number(), error.into());
                Ok(())
            }
            _ => Err(self.bad_row(place, error.into())),
        }
    }

    fn bad_row(&self, place: RowPosition, reason: RowError) -> DatasetError {
        DatasetError::BadRow {
            name: self.name.clone(),
            place: place.to_string(),
            reason,
        }
    }
}

fn placed(place: RowPosition, time: &RowTime) -> Box<PlacedTime> {
    Box::new(PlacedTime {
        place: place.to_string(),
        time: time.stated.clone(),
    })
}
