//! A Parquet table written column by column, one row group after the other.

use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedFileWriter, SerializedRowGroupWriter},
    },
    schema::parser::parse_message_type,
};
use std::{
    io::{self, Write},
    sync::Arc,
};

/// A Parquet file that is being written.
pub(crate) struct ParquetTable<W: Write + Send> {
    file: SerializedFileWriter<W>,
}

impl<W: Write + Send> ParquetTable<W> {
    /// Begins a file with a schema in Parquet's message syntax.
    pub(crate) fn new(schema: &str, out: W) -> io::Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let schema = parse_message_type(schema).map_err(io::Error::other)?;
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Self {
            file: file.map_err(io::Error::other)?,
        })
    }

    /// Writes a row group; `fill` gives every column in the order of the schema.
    pub(crate) fn group(
        &mut self,
        fill: impl FnOnce(&mut RowGroupColumns<'_, W>) -> Result<(), ParquetError>,
    ) -> io::Result<()> {
        let group = self.file.next_row_group().map_err(io::Error::other)?;
        let mut columns = RowGroupColumns { group };
        fill(&mut columns).map_err(io::Error::other)?;
        columns.group.close().map_err(io::Error::other)?;
        Ok(())
    }

    /// Writes the footer, which ends the file.
    pub(crate) fn close(self) -> io::Result<()> {
        self.file.close().map_err(io::Error::other)?;
        Ok(())
    }
}

/// A row group that is being written: each call adds the next column of the schema.
pub(crate) struct RowGroupColumns<'a, W: Write + Send> {
    group: SerializedRowGroupWriter<'a, W>,
}

impl<W: Write + Send> RowGroupColumns<'_, W> {
    fn next<T: DataType>(
        &mut self,
        values: &[T::T],
        definitions: Option<&[i16]>,
        repetitions: Option<&[i16]>,
    ) -> Result<(), ParquetError> {
        let column = self.group.next_column()?;
        let mut column = column
            .ok_or_else(|| ParquetError::General("more columns than the schema has".to_owned()))?;
        column
            .typed::<T>()
            .write_batch(values, definitions, repetitions)?;
        column.close()
    }

    fn optional<T: DataType>(
        &mut self,
        values: impl Iterator<Item = Option<T::T>>,
    ) -> Result<(), ParquetError> {
        let mut known = Vec::new();
        let values: Vec<T::T> = values
            .inspect(|value| known.push(i16::from(value.is_some())))
            .flatten()
            .collect();
        self.next::<T>(&values, Some(&known), None)
    }

    /// A required column of text.
    pub(crate) fn texts<'t>(
        &mut self,
        values: impl Iterator<Item = &'t str>,
    ) -> Result<(), ParquetError> {
        let values: Vec<ByteArray> = values.map(ByteArray::from).collect();
        self.next::<ByteArrayType>(&values, None, None)
    }

    /// A required column of numbers.
    pub(crate) fn doubles(&mut self, values: &[f64]) -> Result<(), ParquetError> {
        self.next::<DoubleType>(values, None, None)
    }

    /// A required column of counts.
    pub(crate) fn counts(&mut self, values: impl Iterator<Item = u64>) -> Result<(), ParquetError> {
        let values: Vec<i64> = values.map(count).collect();
        self.next::<Int64Type>(&values, None, None)
    }

    /// A required column of truths.
    pub(crate) fn truths(
        &mut self,
        values: impl Iterator<Item = bool>,
    ) -> Result<(), ParquetError> {
        let values: Vec<bool> = values.collect();
        self.next::<BoolType>(&values, None, None)
    }

    /// An optional column of text.
    pub(crate) fn optional_texts<'t>(
        &mut self,
        values: impl Iterator<Item = Option<&'t str>>,
    ) -> Result<(), ParquetError> {
        self.optional::<ByteArrayType>(values.map(|value| value.map(ByteArray::from)))
    }

    /// An optional column of numbers; what is no number is null.
    pub(crate) fn optional_doubles(
        &mut self,
        values: impl Iterator<Item = Option<f64>>,
    ) -> Result<(), ParquetError> {
        self.optional::<DoubleType>(values.map(|value| value.filter(|value| value.is_finite())))
    }

    /// An optional column of counts.
    pub(crate) fn optional_counts(
        &mut self,
        values: impl Iterator<Item = Option<u64>>,
    ) -> Result<(), ParquetError> {
        self.optional::<Int64Type>(values.map(|value| value.map(count)))
    }

    /// An optional column of truths.
    pub(crate) fn optional_truths(
        &mut self,
        values: impl Iterator<Item = Option<bool>>,
    ) -> Result<(), ParquetError> {
        self.optional::<BoolType>(values)
    }

    /// A required list of required text (`LIST` of three levels).
    pub(crate) fn text_lists<'t>(
        &mut self,
        lists: impl Iterator<Item = Vec<&'t str>>,
    ) -> Result<(), ParquetError> {
        let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        for list in lists {
            levels(list.len(), 0, &mut definitions, &mut repetitions);
            values.extend(list.into_iter().map(ByteArray::from));
        }
        self.next::<ByteArrayType>(&values, Some(&definitions), Some(&repetitions))
    }

    /// An optional list of required numbers.
    pub(crate) fn optional_double_lists(
        &mut self,
        lists: impl Iterator<Item = Option<Vec<f64>>>,
    ) -> Result<(), ParquetError> {
        let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        for list in lists {
            match list {
                Some(list) => {
                    levels(list.len(), 1, &mut definitions, &mut repetitions);
                    values.extend(list);
                }
                None => {
                    definitions.push(0);
                    repetitions.push(0);
                }
            }
        }
        self.next::<DoubleType>(&values, Some(&definitions), Some(&repetitions))
    }
}

/// Adds Parquet's levels of one list that is there; `outer`, the definition level of an empty one, is 1
/// where a list may be missing. A repetition level of 0 begins a list.
fn levels(length: usize, outer: i16, definitions: &mut Vec<i16>, repetitions: &mut Vec<i16>) {
    if length == 0 {
        definitions.push(outer);
        repetitions.push(0);
    }
    for at in 0..length {
        definitions.push(outer + 1);
        repetitions.push(i16::from(at > 0));
    }
}

fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
