//! `metrics_flat.csv`: one row a metric and statistic, `TTFT-平均值`, as the guide's other layout.

use crate::{
    csv::summary::{cell, head, sections},
    labels::Labels,
    number::short,
};
use dualround_model::RoundResult;
use std::io::Write;

/// Writes `metrics_flat.csv`, a column for each round.
pub(crate) fn write(
    rounds: &[RoundResult],
    columns: &[String],
    labels: &Labels,
    out: impl Write,
) -> csv::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(head(columns, labels))?;
    for section in sections(rounds, labels) {
        // The guide's names in this layout have no unit.
        let metric = section.title.trim_end_matches(" (ms)");
        for row in section.rows {
            let name = cell(&format!("{metric}-{}", row.name));
            let values = row.values.into_iter().map(short);
            csv.write_record(std::iter::once(name).chain(values))?;
        }
    }
    csv.flush()?;
    Ok(())
}
