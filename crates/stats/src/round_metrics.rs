//! Single requests of a finished round: what was computed of them, made again from their records.

use crate::{fold::SummaryOptions, request::measure, telemetry::Around};
use dualround_model::{Flag, RequestMetrics, RequestRecord, RoundResult};

/// The metrics of the requests of a round.
#[derive(Debug)]
pub struct RoundMetrics<'a> {
    round: &'a RoundResult,
    options: &'a SummaryOptions,
    around: Option<Around<'a>>,
}

impl<'a> RoundMetrics<'a> {
    /// Of this round, whose rows must still be there.
    pub fn new(round: &'a RoundResult, options: &'a SummaryOptions) -> Self {
        let asked = !round.meta.metrics.is_empty();
        Self {
            round,
            options,
            around: asked.then(|| Around::new(&round.meta, &round.requests)),
        }
    }

    /// Of one request.
    pub fn of(&self, record: &RequestRecord) -> RequestMetrics {
        let slo = self.options.slo.as_ref();
        let mut metrics = measure(record, self.options.token_source, slo);
        let row = self.round.requests.get(record.index);
        if row.is_some_and(|row| row.has(Flag::PromptTokensChanged)) {
            metrics.flags.push(Flag::PromptTokensChanged);
        }
        if let Some(around) = &self.around {
            metrics.prometheus = around.of(record);
        }
        metrics
    }
}
