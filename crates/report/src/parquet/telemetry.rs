//! `telemetry_concurrency_C_round_R.parquet`: the readings as one long table.

use crate::{json::telemetry::labels, parquet::table::ParquetTable, telemetry_points::since_start};
use dualround_model::RoundResult;
use serde_json::Value;
use std::{
    io::{self, Write},
    rc::Rc,
};

const COLUMNS: &str = "message telemetry {
    required binary metric (UTF8);
    required binary series (UTF8);
    required binary labels (UTF8);
    required double t_ms;
    optional double value;
}";

/// One reading of one series.
struct ReadingRow<'a> {
    metric: &'a str,
    series: &'a str,
    labels: Rc<str>,
    t_ms: f64,
    value: Option<f64>,
}

/// Writes the readings of a round, one a row: `labels` is a JSON object, `value` null where there
/// was none.
pub(crate) fn write<W: Write + Send>(result: &RoundResult, out: W) -> io::Result<()> {
    let meta = &result.meta;
    let mut rows = Vec::new();
    for track in &meta.metrics {
        for series in &track.series {
            let labels: Rc<str> = Value::Object(labels(series)).to_string().into();
            rows.extend(series.points.iter().map(|point| ReadingRow {
                metric: &track.asked,
                series: &series.name,
                labels: Rc::clone(&labels),
                t_ms: since_start(point.at_ns, meta.started_ns),
                value: point.value,
            }));
        }
    }
    let mut table = ParquetTable::new(COLUMNS, out)?;
    table.group(|columns| {
        columns.texts(rows.iter().map(|row| row.metric))?;
        columns.texts(rows.iter().map(|row| row.series))?;
        columns.texts(rows.iter().map(|row| &*row.labels))?;
        columns.doubles(&rows.iter().map(|row| row.t_ms).collect::<Vec<_>>())?;
        columns.optional_doubles(rows.iter().map(|row| row.value))
    })?;
    table.close()
}
