//! Apache Parquet: every row becomes an object of its columns.

use crate::{DatasetError, rows::Take, source::Source};

#[cfg(not(feature = "parquet"))]
pub(crate) fn each(source: &Source<'_>, _: &mut Take<'_>) -> Result<(), DatasetError> {
    Err(DatasetError::NotRows {
        name: source.name.clone(),
        what: "it is Parquet, which this build leaves out (feature `parquet`): convert it to JSONL"
            .to_owned(),
    })
}

/// Hands over the rows of a file on disk.
#[cfg(feature = "parquet")]
pub(crate) fn each(source: &Source<'_>, take: &mut Take<'_>) -> Result<(), DatasetError> {
    use crate::rows::{Place, Row};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let fail = |what: String| DatasetError::NotRows {
        name: source.name.clone(),
        what: format!("it cannot be read as Parquet: {what}"),
    };
    let path = source.path.as_ref();
    let path = path.ok_or_else(|| fail("it is not a file".to_owned()))?;
    let file = std::fs::File::open(path).map_err(|source| DatasetError::Io {
        name: path.display().to_string(),
        source,
    })?;
    let reader = SerializedFileReader::new(file).map_err(|error| fail(error.to_string()))?;
    let rows = reader.get_row_iter(None);
    for (number, row) in (1..).zip(rows.map_err(|error| fail(error.to_string()))?) {
        let row = row.map_err(|error| fail(format!("row {number}: {error}")))?;
        let columns = row.into_columns();
        let object = columns
            .into_iter()
            .map(|(name, field)| (name, field.to_json_value()));
        take(Row::Value(Place::Row(number), object.collect()))?;
    }
    Ok(())
}
