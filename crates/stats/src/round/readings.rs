//! Single requests of a finished round: what was computed of them, made again from their records.

use crate::{
    round::options::SummaryOptions, round::readings_around::ReadingsAround,
    round::request::request_metrics,
};
use dualround_model::{Flag, RequestMetrics, RequestRecord, RoundResult};

/// The metrics of the requests of a round.
#[derive(Debug)]
pub struct RoundMetrics<'a> {
    round: &'a RoundResult,
    options: &'a SummaryOptions,
    around: Option<ReadingsAround<'a>>,
}

impl<'a> RoundMetrics<'a> {
    /// The metrics of this round, whose rows must still be there.
    pub fn new(round: &'a RoundResult, options: &'a SummaryOptions) -> Self {
        let asked = !round.meta.metrics.is_empty();
        Self {
            round,
            options,
            around: asked.then(|| ReadingsAround::new(&round.meta, &round.requests)),
        }
    }

    /// The metrics of one request.
    pub fn of(&self, record: &RequestRecord) -> RequestMetrics {
        let mut metrics = request_metrics(record, self.options);
        let row = self.round.requests.get(record.index);
        if let Some(row) = row {
            // What was found out of a level may have changed how silence is read.
            metrics.cached_tokens = row.cached_tokens();
            metrics.cached_omitted = row.is_omitted();
        }
        if row.is_some_and(|row| row.has(Flag::PromptTokensChanged)) {
            metrics.flags.push(Flag::PromptTokensChanged);
        }
        if let Some(around) = &self.around {
            metrics.prometheus = around.of(record);
        }
        metrics
    }
}
