//! A virtual user: one connection, one request at a time, the next one as soon as one has ended.

use crate::{
    cancel::Cancel,
    exchange::answer_reading::AnswerReading,
    exchange::response::Response,
    exchange::{Attempt, Client},
    request::prepare::RequestBytes,
    secrets::Secrets,
    telemetry::Sampler,
    transport::{Link, StampCounts},
};
use dualround_model::{Outcome, PreparedEpoch, PreparedRequest, RequestRecord, Retry, RoundStop};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::Sender,
    },
    time::Duration,
};

/// What all users of a round share.
pub(crate) struct RoundJob {
    pub(crate) client: Arc<Client>,
    pub(crate) epoch: Arc<PreparedEpoch>,
    /// Positions in the epoch, in the order of sending.
    pub(crate) order: Vec<usize>,
    pub(crate) next: AtomicUsize,
    pub(crate) level: u32,
    pub(crate) round: u32,
    pub(crate) started_ns: AtomicU64,
    pub(crate) reading: AnswerReading,
    /// What may not stand in a record.
    pub(crate) secrets: Secrets,
    /// How often a request is sent again that failed before its first token.
    pub(crate) retries: u32,
    pub(crate) cancel: Cancel,
    /// No new request is to be started, for this reason.
    pub(crate) stop: OnceLock<RoundStop>,
    pub(crate) failures: AtomicU64,
    /// So many failures end the round, for this reason.
    pub(crate) max_failures: Option<(u64, RoundStop)>,
    pub(crate) in_flight: AtomicU32,
    pub(crate) peak: AtomicU32,
    pub(crate) records: Sender<RequestRecord>,
    /// Scrape between requests.
    pub(crate) between: Option<Arc<[Sampler]>>,
    /// How long requests waited for that, ns.
    pub(crate) paused_ns: AtomicU64,
}

impl RoundJob {
    /// Every request of the round has been begun.
    pub(crate) fn all_begun(&self) -> bool {
        self.next.load(Relaxed) >= self.order.len()
    }

    fn take(&self) -> Option<&PreparedRequest> {
        if self.stop.get().is_some() || self.cancel.is_cancelled() {
            return None;
        }
        let at = self.next.fetch_add(1, Relaxed);
        self.order.get(at).map(|index| &self.epoch.requests[*index])
    }

    fn note(&self, outcome: &Outcome) {
        if matches!(outcome, Outcome::Failed(_)) {
            let failures = self.failures.fetch_add(1, Relaxed) + 1;
            if let Some((_, stop)) = self.max_failures.filter(|(limit, _)| failures >= *limit) {
                // The first reason stays.
                let _ = self.stop.set(stop);
            }
        }
    }

    /// Reads the server's metrics, where that is done between requests; returns how long it took, ns.
    async fn scrape(&self) -> u64 {
        let Some(samplers) = &self.between else {
            return 0;
        };
        let began = self.client.clock.now();
        for sampler in samplers.iter() {
            sampler.now().await;
        }
        self.client.clock.now().saturating_sub(began)
    }
}

/// Serves requests until there are none left.
pub(crate) async fn user(
    number: u32,
    job: &RoundJob,
    slot: &mut Option<Link>,
    counts: &mut StampCounts,
) {
    let mut paused = 0;
    while let Some(request) = job.take() {
        // Behind the last request nobody waits.
        job.paused_ns.fetch_add(paused, Relaxed);
        let in_flight = job.in_flight.fetch_add(1, Relaxed) + 1;
        job.peak.fetch_max(in_flight, Relaxed);
        let record = measure(number, job, request, slot, counts).await;
        job.in_flight.fetch_sub(1, Relaxed);
        job.note(&record.outcome);
        let refused = record.timeline.start_ns.is_none();
        // The receiver is gone only when the run is being torn down.
        let _ = job.records.send(record);
        paused = job.scrape().await;
        if refused {
            // A server that is gone refuses at once; without a pause the round would end in an
            // instant, and its rate would be that of the refusals.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn measure(
    number: u32,
    job: &RoundJob,
    request: &PreparedRequest,
    slot: &mut Option<Link>,
    counts: &mut StampCounts,
) -> RequestRecord {
    let queued = job.started_ns.load(Relaxed);
    let bytes = RequestBytes {
        bytes: Arc::clone(&request.bytes),
        body_at: request.body_at,
    };
    let mut resent = false;
    let mut retries = Vec::new();
    let (response, outcome) = loop {
        let mut response = Response::new(queued, job.reading);
        let exchange = job
            .client
            .exchange(slot, &bytes, &mut response, &job.cancel, counts);
        match exchange.await {
            Attempt::NotAccepted if !resent => {
                resent = true;
                continue;
            }
            Attempt::Cancelled => break (response, Outcome::Cancelled),
            Attempt::Finished | Attempt::TimedOut(_) | Attempt::NotAccepted => {}
        }
        let outcome = response.outcome();
        let attempt = u32::try_from(retries.len()).unwrap_or(u32::MAX);
        let wait = response.retry_after(&outcome, attempt);
        let (true, Some((kind, wait))) = (attempt < job.retries, wait) else {
            break (response, outcome);
        };
        retries.push(Retry {
            kind,
            start_ns: response.start_ns(),
            end_ns: job.client.clock.now(),
            wait_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = job.cancel.cancelled() => break (response, Outcome::Cancelled),
        }
    };
    let answered = response.into_answered();
    let mut record = RequestRecord {
        level: job.level,
        round: job.round,
        index: request.index,
        id: request.id.clone(),
        prompt: request.prompt.clone(),
        prompt_digest: Arc::clone(&request.prompt_digest),
        prompt_chars: request.prompt_chars,
        input_tokens: request.input_tokens,
        shared_chars: request.shared_chars,
        truncated: request.truncated,
        row_options: request.row_options.clone(),
        user: number,
        outcome,
        output: answered.output,
        timeline: answered.timeline,
        stream: answered.stream,
        usage: answered.usage,
        response_id: answered.id.map(Arc::from),
        resent,
        retries,
    };
    job.secrets.scrub_record(&mut record);
    record
}
