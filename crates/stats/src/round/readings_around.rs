//! What a server's metrics were just before and just after each request.

use crate::round::track_values::{asked_ns, instants, value_at};
use dualround_model::{
    MetricKind, MetricTrack, RequestMetricSample, RequestRecord, RequestRows, Resolved, RoundMeta,
    SeriesTrack,
};
use std::collections::BTreeMap;

/// The readings around single requests of a round.
#[derive(Debug)]
pub(crate) struct ReadingsAround<'a> {
    /// When requests began, in order, ns.
    starts: Vec<u64>,
    /// When they ended, in order, ns.
    stops: Vec<u64>,
    tracks: Vec<SampledTrack<'a>>,
}

/// A metric with the series that stand for its value at an instant, and when they were read.
#[derive(Debug)]
struct SampledTrack<'a> {
    track: &'a MetricTrack,
    series: Vec<&'a SeriesTrack>,
    instants: Vec<u64>,
}

impl<'a> ReadingsAround<'a> {
    pub(crate) fn new(meta: &'a RoundMeta, rows: &RequestRows) -> Self {
        let (mut starts, mut stops) = (Vec::new(), Vec::new());
        for (_, row) in rows.iter() {
            if let Some(start) = row.start_ns() {
                starts.push(start);
                stops.push(row.end_ns());
            }
        }
        starts.sort_unstable();
        stops.sort_unstable();
        let tracks = meta.metrics.iter().map(|track| {
            let series = sampled(track);
            SampledTrack {
                track,
                instants: instants(&series),
                series,
            }
        });
        Self {
            starts,
            stops,
            tracks: tracks.collect(),
        }
    }

    /// Each metric around one request: the last reading before it began, the first one after it
    /// ended. `overlapping` when another request was in flight between the two.
    pub(crate) fn of(&self, record: &RequestRecord) -> BTreeMap<String, RequestMetricSample> {
        let mut samples = BTreeMap::new();
        if let Some(start_ns) = record.timeline.start_ns {
            for one in &self.tracks {
                let sample = self.sample(one, start_ns, record.timeline.end_ns);
                samples.insert(one.track.asked.clone(), sample);
            }
        }
        samples
    }

    fn sample(&self, one: &SampledTrack<'_>, start_ns: u64, end_ns: u64) -> RequestMetricSample {
        let before = one.last_before(start_ns);
        let after = one.first_after(end_ns);
        // Requests that began before the later reading and had not ended at the earlier one, this
        // one among them.
        let (low, high) = (before.unwrap_or(0), after.unwrap_or(u64::MAX));
        let begun = self.starts.partition_point(|start| *start < high);
        let ended = self.stops.partition_point(|stop| *stop <= low);
        let before = before.and_then(|at| one.value(at));
        let after = after.and_then(|at| one.value(at));
        let delta = before.zip(after).map(|(before, after)| after - before);
        RequestMetricSample {
            before,
            after,
            delta: delta.filter(|delta| one.is_possible(*delta)),
            overlapping: begun - ended > 1,
        }
    }
}

impl SampledTrack<'_> {
    /// When the last reading before a request was answered, ns.
    fn last_before(&self, start_ns: u64) -> Option<u64> {
        let before = self.instants.partition_point(|at| *at <= start_ns);
        self.instants[..before].last().copied()
    }

    /// When the first reading after a request was answered, ns. One on its way when it ended is not
    /// after it.
    fn first_after(&self, end_ns: u64) -> Option<u64> {
        let early = self
            .instants
            .partition_point(|at| asked_ns(&self.series, *at) < end_ns);
        self.instants.get(early).copied()
    }

    fn value(&self, at_ns: u64) -> Option<f64> {
        value_at(&self.series, self.track.kind, at_ns)
    }

    /// Whether a difference of two readings says anything: two processes have nothing to do with
    /// each other, and counters never fall.
    fn is_possible(&self, delta: f64) -> bool {
        !self.track.other_process && (delta >= 0.0 || !grows(self.track.kind))
    }
}

/// Whether what such a metric stands for at an instant only grows.
fn grows(kind: MetricKind) -> bool {
    !matches!(kind, MetricKind::Gauge | MetricKind::Untyped)
}

/// The series that stand for a metric's value at an instant: a histogram's count, a ratio's hits.
fn sampled(track: &MetricTrack) -> Vec<&SeriesTrack> {
    let series = track.series.iter();
    match (&track.kind, &track.resolved) {
        (MetricKind::Histogram | MetricKind::Summary, _) => {
            series.filter(|one| one.name.ends_with("_count")).collect()
        }
        (MetricKind::Ratio, Resolved::Ratio { numerator, .. }) => {
            series.filter(|one| one.name == *numerator).collect()
        }
        _ => series.collect(),
    }
}
