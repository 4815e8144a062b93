//! `telemetry_concurrency_C_round_R.parquet`: the readings as one long table.

use crate::{json_telemetry::labels, telemetry_points::since_start};
use dualround_model::RoundResult;
use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DoubleType},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use serde_json::Value;
use std::{
    io::{self, Write},
    sync::Arc,
};

const COLUMNS: &str = "message telemetry {
    required binary metric (UTF8);
    required binary series (UTF8);
    required binary labels (UTF8);
    required double t_ms;
    optional double value;
}";

/// Writes the file: a row a reading, `labels` as a JSON object, `value` null where there was none.
pub(crate) fn write<W: Write + Send>(result: &RoundResult, out: W) -> io::Result<()> {
    let meta = &result.meta;
    let mut texts: [Vec<ByteArray>; 3] = Default::default();
    let (mut times, mut values, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for track in &meta.metrics {
        for series in &track.series {
            let labels = Value::Object(labels(series)).to_string();
            for point in &series.points {
                let row = [track.asked.as_str(), &series.name, &labels];
                for (column, text) in texts.iter_mut().zip(row) {
                    column.push(ByteArray::from(text));
                }
                times.push(since_start(point.at_ns, meta.started_ns));
                known.push(i16::from(point.value.is_some()));
                values.extend(point.value);
            }
        }
    }
    table(out, &texts, &times, &values, &known).map_err(io::Error::other)
}

fn table<W: Write + Send>(
    out: W,
    texts: &[Vec<ByteArray>],
    times: &[f64],
    values: &[f64],
    known: &[i16],
) -> Result<(), ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let schema = Arc::new(parse_message_type(COLUMNS)?);
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let missing = || ParquetError::General("a column is missing".to_owned());
    for texts in texts {
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column
            .typed::<ByteArrayType>()
            .write_batch(texts, None, None)?;
        column.close()?;
    }
    for (numbers, known) in [(times, None), (values, Some(known))] {
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column
            .typed::<DoubleType>()
            .write_batch(numbers, known, None)?;
        column.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}
