//! What a running round is shown to. Each request is measured once for all of them.

use super::RequestWatch;
use crate::{live::LiveRound, progress::Progress};
use dualround_loadgen::{Cancel, RoundEvent};
use dualround_model::RequestRecord;
use dualround_report::{AnswerFile, Journal, PinnedAnswer, ReportError};
use dualround_stats::{RoundFold, SummaryOptions, request_metrics};
use std::time::Duration;

/// The observers of a round.
pub(super) struct RoundObservers<'a> {
    pub(super) progress: &'a mut Progress,
    pub(super) live: Option<LiveRound<'a>>,
    pub(super) journal: &'a mut Journal,
    /// Where pinned answers are kept; `None` where no text is.
    pub(super) answers: Option<&'a mut AnswerFile>,
    /// `None` before the round has begun.
    pub(super) fold: Option<RoundFold>,
    pub(super) options: &'a SummaryOptions,
    /// Why the journal could not be written.
    pub(super) failure: Option<ReportError>,
    /// Who sees each request as well.
    pub(super) watch: Option<RequestWatch<'a>>,
    /// Given where nothing that is measured from here on could be kept.
    pub(super) cancel: &'a Cancel,
}

/// What observing a round came to.
pub(super) struct ObservedRound {
    pub(super) fold: RoundFold,
    pub(super) failure: Option<ReportError>,
    /// Time that was spent on showing progress, ns; `None` where none was shown.
    pub(super) progress_ns: Option<u64>,
}

impl RoundObservers<'_> {
    /// Shows one event to all.
    pub(super) fn on(&mut self, event: &RoundEvent<'_>) {
        if let RoundEvent::Finished(record) = event {
            self.finished(record);
            return;
        }
        self.progress.on(event);
        if let (RoundEvent::Tick { in_flight }, Some(live)) = (event, &self.live) {
            live.tick(*in_flight);
        }
        match event {
            RoundEvent::Started { begun } => {
                self.fold = Some(RoundFold::new(self.options.clone(), begun.planned));
                self.write(|journal| journal.begun(begun));
            }
            RoundEvent::Taken => self.write(Journal::flush),
            _ => {}
        }
    }

    fn finished(&mut self, record: &RequestRecord) {
        let metrics = request_metrics(record, self.options);
        self.progress.finished(record, &metrics);
        if let Some(watch) = &mut self.watch {
            watch(record, &metrics);
        }
        if let Some(live) = &self.live {
            live.finished(record, &metrics);
        }
        if self.failure.is_some() {
            return;
        }
        if let Some(fold) = &mut self.fold {
            fold.add_measured(record, &metrics);
        }
        self.write(|journal| journal.append(record));
        self.keep_answer(record);
    }

    /// Keeps an answer that later turns build on, for a run that goes on.
    fn keep_answer(&mut self, record: &RequestRecord) {
        let (Some(file), Some(turn), Some(answer)) =
            (&mut self.answers, &record.turn, &record.answer)
        else {
            return;
        };
        let kept = file.append(&PinnedAnswer {
            turn: turn.clone(),
            messages: answer.to_vec(),
        });
        if let (Err(failure), None) = (kept, &self.failure) {
            self.failure = Some(failure);
            self.cancel.cancel();
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut Journal) -> Result<(), ReportError>) {
        if self.failure.is_some() {
            return;
        }
        if let Err(failure) = write(self.journal) {
            self.failure = Some(failure);
            self.cancel.cancel();
        }
    }

    /// The round has ended.
    pub(super) fn end(self) -> ObservedRound {
        if let Some(live) = &self.live {
            live.tick(0);
        }
        let spent = self.progress.end().as_ref().map(Duration::as_nanos);
        ObservedRound {
            fold: self
                .fold
                .unwrap_or_else(|| RoundFold::new(self.options.clone(), 0)),
            failure: self.failure,
            progress_ns: spent.and_then(|ns| u64::try_from(ns).ok()),
        }
    }
}
