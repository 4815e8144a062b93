//! Serving a round: what its workers are given, and what later rounds need to know of its requests.

use super::{arrivals::latency_ns, metrics::RunMetrics, session::Session, setting::RunSetting};
use crate::{
    LoadError, RoundEvent, exchange::answer_reading::AnswerReading, round::crew::RoundSupplies,
    round::order::RoundOrder, round::tally::RoundOutput, secrets::Secrets, sessions::TurnMaker,
};
use dualround_model::{PreparedEpoch, RequestRecord, RoundKind, RoundSpec, RoundStop};
use std::{collections::BTreeSet, sync::Arc};

impl RunSetting {
    /// What a round of requests is served with.
    fn supplies<'a>(
        &'a self,
        order: &RoundOrder,
        kind: RoundKind,
        bodies: &'a Arc<PreparedEpoch>,
        metrics: &RunMetrics,
    ) -> RoundSupplies<'a> {
        let plan = &self.plan;
        let is_alone = plan.load_of(order.level, kind).concurrency() == Some(1);
        let between = plan.prometheus.per_request && is_alone;
        RoundSupplies {
            client: &self.client,
            epoch: bodies,
            turns: None,
            reading: AnswerReading::of(plan),
            cancel: &self.control.cancel,
            secrets: Secrets::with_rows(plan, self.samples()),
            between: between.then(|| Arc::clone(&metrics.samplers)),
        }
    }
}

impl Session {
    /// Serves a round of requests that stand by themselves.
    pub(super) fn serve(
        &mut self,
        order: RoundOrder,
        kind: RoundKind,
        bodies: &Arc<PreparedEpoch>,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> RoundOutput {
        let supplies = self.setting.supplies(&order, kind, bodies, &self.metrics);
        if self.arrivals.is_some() {
            let mut longest_ns = 0;
            let output = self.crew.serve(order, supplies, &mut |event| {
                if let RoundEvent::Finished(record) = &event {
                    longest_ns = longest_ns.max(latency_ns(record).unwrap_or(0));
                }
                watch(event);
            });
            if kind == RoundKind::Cold {
                self.epoch.longest_ns = longest_ns;
            }
            return output;
        }
        if kind != RoundKind::Cold || self.setting.plan.limits.duration_ms.is_none() {
            return self.crew.serve(order, supplies, watch);
        }
        // What time does not let it begin cannot be warm later.
        let mut begun = BTreeSet::new();
        let output = self.crew.serve(order, supplies, &mut |event| {
            if let RoundEvent::Finished(record) = &event {
                begun.insert(record.index);
            }
            watch(event);
        });
        if output.stopped == Some(RoundStop::Duration) {
            self.epoch.note_begun(begun);
        }
        output
    }

    /// Serves a round of sessions.
    ///
    /// # Errors
    /// What kept a body from being made, or made it differ from the one before.
    pub(super) fn serve_turns(
        &mut self,
        order: RoundOrder,
        spec: RoundSpec,
        bodies: &Arc<PreparedEpoch>,
        turns: &Arc<TurnMaker>,
        watch: &mut dyn FnMut(RoundEvent<'_>),
    ) -> Result<RoundOutput, LoadError> {
        let setting = &self.setting;
        let supplies = setting.supplies(&order, spec.kind, bodies, &self.metrics);
        // A body that cannot be made ends the round, and not the run by the user's hand.
        let cancel = setting.control.cancel.child();
        let supplies = RoundSupplies {
            turns: Some(Arc::clone(turns)),
            reading: AnswerReading {
                keep_answer: !self.book.is_empty(),
                ..supplies.reading
            },
            cancel: &cancel,
            ..supplies
        };
        let (mut begun, mut answered) = (BTreeSet::new(), BTreeSet::new());
        let output = self.crew.serve(order, supplies, &mut |event| {
            if let RoundEvent::Finished(record) = &event {
                note(record, &mut begun, &mut answered);
            }
            watch(event);
        });
        if let Some(fault) = turns.take_fault() {
            return Err(fault);
        }
        self.answered.get_or_insert(answered);
        if spec.kind == RoundKind::Cold && output.stopped.is_some() {
            self.epoch.note_begun(begun);
        }
        Ok(output)
    }
}

/// Notes that a request was begun, and whether it was answered.
fn note(record: &RequestRecord, begun: &mut BTreeSet<u32>, answered: &mut BTreeSet<u32>) {
    begun.insert(record.index);
    if record.outcome.is_success() {
        answered.insert(record.index);
    }
}
