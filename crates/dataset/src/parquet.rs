//! Apache Parquet: every row becomes an object of its columns.

use crate::{DatasetError, rows::Take, source::Source};

#[cfg(not(feature = "parquet"))]
pub(crate) fn each(source: &mut Source<'_>, _: &mut Take<'_>) -> Result<(), DatasetError> {
    Err(DatasetError::NotRows {
        name: source.name.clone(),
        what: "it is Parquet, which this build leaves out (feature `parquet`): convert it to JSONL"
            .to_owned(),
    })
}

/// Hands over the rows of a file on disk, or in memory.
#[cfg(feature = "parquet")]
pub(crate) fn each(source: &mut Source<'_>, take: &mut Take<'_>) -> Result<(), DatasetError> {
    use parquet::file::reader::SerializedFileReader;
    use std::io::Read;
    let Source { name, path, reader } = source;
    let io = |source| DatasetError::Io {
        name: name.clone(),
        source,
    };
    let opened = match path {
        Some(path) => SerializedFileReader::new(std::fs::File::open(path).map_err(io)?)
            .map(|reader| rows(name, &reader, take)),
        None => {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map_err(io)?;
            SerializedFileReader::new(bytes::Bytes::from(bytes))
                .map(|reader| rows(name, &reader, take))
        }
    };
    opened.map_err(|error| fail(name, &error.to_string()))?
}

#[cfg(feature = "parquet")]
fn fail(name: &str, what: &str) -> DatasetError {
    DatasetError::NotRows {
        name: name.to_owned(),
        what: format!("it cannot be read as Parquet: {what}"),
    }
}

#[cfg(feature = "parquet")]
fn rows(
    name: &str,
    reader: &dyn parquet::file::reader::FileReader,
    take: &mut Take<'_>,
) -> Result<(), DatasetError> {
    use crate::rows::{Place, Row};
    let rows = reader.get_row_iter(None);
    for (number, row) in (1..).zip(rows.map_err(|error| fail(name, &error.to_string()))?) {
        let row = row.map_err(|error| fail(name, &format!("row {number}: {error}")))?;
        let columns = row.into_columns();
        let object = columns
            .into_iter()
            .map(|(name, field)| (name, field.to_json_value()));
        take(Row::Value(Place::Row(number), object.collect()))?;
    }
    Ok(())
}
