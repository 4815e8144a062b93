//! Tables with a header line: every row becomes an object of its columns.

use crate::{
    DatasetError,
    row::{FileRow, RowPosition, RowSink},
    source::RowSource,
};
use serde_json::{Map, Value};

/// Hands over the rows of a CSV or TSV file. Cells that are numbers become numbers; empty ones are
/// left out.
pub(crate) fn each(
    source: &mut RowSource<'_>,
    separator: u8,
    take: &mut RowSink<'_>,
) -> Result<(), DatasetError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .from_reader(&mut source.reader);
    let header = reader
        .headers()
        .map_err(|error| bad_header(&source.name, &error))?
        .clone();
    let mut record = csv::StringRecord::new();
    let mut number = 1;
    loop {
        // The header is line 1; a quoted cell may hold line ends.
        let line = reader.position().line().max(number + 1);
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                number = line;
                if record.len() != header.len() {
                    let (found, wanted) = (record.len(), header.len());
                    let reason = format!("{found} cells under a header of {wanted}");
                    take(FileRow::Bad(line, reason))?;
                    continue;
                }
                let row: Map<String, Value> = header
                    .iter()
                    .zip(&record)
                    .filter(|(_, cell)| !cell.is_empty())
                    .map(|(name, cell)| (name.trim().to_owned(), value(cell)))
                    .collect();
                take(FileRow::Value(RowPosition::Line(line), Value::Object(row)))?;
            }
            Err(error) => {
                if let csv::ErrorKind::Io(_) = error.kind() {
                    return Err(bad_header(&source.name, &error));
                }
                number = line;
                take(FileRow::Bad(line, error.to_string()))?;
            }
        }
    }
}

fn bad_header(name: &str, error: &csv::Error) -> DatasetError {
    DatasetError::not_rows(name, format!("its header cannot be read: {error}"))
}

/// Numbers in their plain spelling; everything else is text, `007` and `1e5` too.
fn value(cell: &str) -> Value {
    match cell.parse::<u64>() {
        Ok(number) if number.to_string() == cell => number.into(),
        _ => cell.into(),
    }
}
