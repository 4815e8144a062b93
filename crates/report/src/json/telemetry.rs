//! `telemetry_concurrency_C_round_R.json`: every reading of the server metrics around a round.

use crate::json::arrivals;
use crate::{number::json as num, telemetry_points::since_start};
use dualround_model::{RoundResult, SeriesTrack};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The labels of a series as a JSON object.
pub(crate) fn labels(series: &SeriesTrack) -> Map<String, Value> {
    let labels = series.labels.iter();
    labels
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect()
}

/// Writes the readings of a round as JSON.
pub(crate) fn write(result: &RoundResult, out: &mut impl Write) -> io::Result<()> {
    let meta = &result.meta;
    let metrics: Map<String, Value> = meta
        .metrics
        .iter()
        .map(|track| {
            let all = track.series.iter();
            let metric = json!({
                "kind": track.kind,
                "resolved": track.resolved,
                "failed_scrapes": track.failed_scrapes,
                "series": all.map(|one| series(one, meta.started_ns)).collect::<Vec<_>>(),
            });
            (track.asked.clone(), metric)
        })
        .collect();
    let file = json!({
        "concurrency": meta.load.concurrency(),
        "load": arrivals::load(meta.load),
        "level": meta.level,
        "round": meta.spec.number,
        "kind": meta.spec.kind,
        "started_at": meta.started_at,
        "duration_ms": time(meta.ended_ns, meta.started_ns),
        "metrics": metrics,
    });
    serde_json::to_writer(&mut *out, &file)?;
    out.write_all(b"\n")
}

fn series(one: &SeriesTrack, started_ns: u64) -> Value {
    let points = &one.points;
    let times: Vec<Value> = points
        .iter()
        .map(|point| time(point.at_ns, started_ns))
        .collect();
    let values: Vec<Value> = points.iter().map(|point| value(point.value)).collect();
    json!({
        "name": one.name,
        "labels": labels(one),
        "t_ms": times,
        "value": values,
    })
}

/// An instant, ms since the round began.
fn time(at_ns: u64, started_ns: u64) -> Value {
    num(Some(since_start(at_ns, started_ns)))
}

/// As the server said it: counters of bytes are beyond what is rounded for people.
fn value(value: Option<f64>) -> Value {
    let whole = value.filter(|value| value.fract() == 0.0 && value.abs() < 9e15);
    match whole {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
        Some(whole) => (whole as i64).into(),
        // What is no number is null here too.
        None => json!(value),
    }
}
