//! `telemetry_concurrency_C_round_R.parquet`: the readings as one long table.

use crate::{json::telemetry::labels, parquet::table::Table, telemetry_points::since_start};
use dualround_model::RoundResult;
use serde_json::Value;
use std::io::{self, Write};

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
    let mut rows = Vec::new();
    for track in &meta.metrics {
        for series in &track.series {
            let labels: std::rc::Rc<str> = Value::Object(labels(series)).to_string().into();
            for point in &series.points {
                let time = since_start(point.at_ns, meta.started_ns);
                rows.push((
                    &track.asked,
                    &series.name,
                    labels.clone(),
                    time,
                    point.value,
                ));
            }
        }
    }
    let mut table = Table::new(COLUMNS, out)?;
    table.group(|columns| {
        columns.texts(rows.iter().map(|row| row.0.as_str()))?;
        columns.texts(rows.iter().map(|row| row.1.as_str()))?;
        columns.texts(rows.iter().map(|row| &*row.2))?;
        columns.doubles(&rows.iter().map(|row| row.3).collect::<Vec<_>>())?;
        columns.optional_doubles(rows.iter().map(|row| row.4))
    })?;
    table.close()
}
