//! Apache Parquet: every row becomes an object of its columns.

use crate::{DatasetError, row::RowSink, source::RowSource};

/// Hands over the rows of a file on disk, or in memory.
pub(crate) fn each(source: &mut RowSource<'_>, take: &mut RowSink<'_>) -> Result<(), DatasetError> {
    use crate::error::unreadable;
    use parquet::file::reader::SerializedFileReader;
    use std::io::Read;
    let RowSource { name, path, reader } = source;
    let opened = match path {
        Some(path) => {
            SerializedFileReader::new(std::fs::File::open(path).map_err(unreadable(name))?)
                .map(|reader| rows(name, &reader, take))
        }
        None => {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map_err(unreadable(name))?;
            SerializedFileReader::new(bytes::Bytes::from(bytes))
                .map(|reader| rows(name, &reader, take))
        }
    };
    opened.map_err(|error| fail(name, &error.to_string()))?
}

fn fail(name: &str, what: &str) -> DatasetError {
    let codecs = ["brotli", "lz4", "lzo"];
    if let Some(codec) = codecs
        .iter()
        .find(|codec| what.to_lowercase().contains(**codec))
    {
        let what = format!(
            "its columns are packed with {codec}, which is not read: write it with zstd, snappy, \
             gzip or without compression"
        );
        return DatasetError::not_rows(name, what);
    }
    DatasetError::not_rows(name, format!("it cannot be read as Parquet: {what}"))
}

/// Without the nulls inside of lists and structs: a struct of a column has every field that any row
/// has, so that they say nothing (`"image_url": null` in a text part).
fn unpadded(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Array(items) => items.into_iter().map(unpadded).collect(),
        Value::Object(fields) => {
            let told = fields.into_iter().filter(|(_, value)| !value.is_null());
            told.map(|(key, value)| (key, unpadded(value))).collect()
        }
        plain => plain,
    }
}

fn rows(
    name: &str,
    reader: &dyn parquet::file::reader::FileReader,
    take: &mut RowSink<'_>,
) -> Result<(), DatasetError> {
    use crate::row::{FileRow, RowPosition};
    let rows = reader.get_row_iter(None);
    for (number, row) in (1..).zip(rows.map_err(|error| fail(name, &error.to_string()))?) {
        let row = row.map_err(|error| fail(name, &format!("row {number}: {error}")))?;
        let columns = row.into_columns();
        let object = columns
            .into_iter()
            .map(|(name, field)| (name, unpadded(field.to_json_value())));
        take(FileRow::Value(RowPosition::Row(number), object.collect()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn x22_a_codec_that_is_not_read_is_named() {
        let words = "NYI: Disabled feature at compile time: brotli";
        let said = super::fail("d.parquet", words).to_string();
        assert!(
            said.contains("packed with brotli") && said.contains("zstd"),
            "{said}"
        );
        let said = super::fail("d.parquet", "Invalid Parquet file").to_string();
        assert!(said.contains("Invalid Parquet file"), "{said}");
    }
}
