//! A virtual user: one connection, one request at a time.

use crate::{
    exchange::Attempt,
    exchange::response::Response,
    request::prepare::RequestBytes,
    round::job::{RoundJob, TakenRequest},
    transport::{Link, StampCounts},
};
use dualround_model::{Outcome, PreparedRequest, RequestRecord, Retry};
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

/// The pause after a request that could not be sent. A server that is gone refuses at once: the
/// round would end in an instant, and its rate would be that of the refusals.
const REFUSED: Duration = Duration::from_millis(10);

/// A virtual user, and what it keeps from request to request.
pub(crate) struct User {
    /// 0-based within the level.
    pub(crate) number: u32,
    /// Its connection, while it can be used.
    pub(crate) link: Option<Link>,
    /// The stamps that it has taken in this round.
    pub(crate) counts: StampCounts,
}

impl User {
    /// A user without a connection.
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            link: None,
            counts: StampCounts::default(),
        }
    }

    /// Serves a closed loop: takes the next request as soon as the last one has ended, until there
    /// are none left.
    pub(crate) async fn serve(&mut self, job: &RoundJob) {
        let mut paused_ns = 0;
        while let Some(taken) = job.take() {
            // Behind the last request nobody waits.
            job.counters.paused_ns.fetch_add(paused_ns, Relaxed);
            let was_sent = self.send(job, taken).await;
            paused_ns = job.scrape().await;
            if !was_sent {
                tokio::time::sleep(REFUSED).await;
            }
        }
    }

    /// Sends one request, and hands its record on. Returns whether a byte of it was written.
    pub(crate) async fn send(&mut self, job: &RoundJob, taken: TakenRequest) -> bool {
        let Some(request) = job.request(taken) else {
            return false;
        };
        job.begin();
        let record = self.measure(job, request, taken.due_ns).await;
        job.end(&record.outcome);
        let was_sent = record.timeline.start_ns.is_some();
        // The receiver is gone only when the run is being torn down.
        let _ = job.records.send(record);
        was_sent
    }

    async fn measure(
        &mut self,
        job: &RoundJob,
        request: &PreparedRequest,
        due_ns: Option<u64>,
    ) -> RequestRecord {
        let bytes = RequestBytes {
            bytes: Arc::clone(&request.bytes),
            body_at: request.body_at,
        };
        let mut resent = false;
        let mut retries = Vec::new();
        let (response, outcome) = loop {
            let mut response = Response::new(job.started_ns, job.reading);
            let exchange = job.client.exchange(
                &mut self.link,
                &bytes,
                &mut response,
                &job.cancel,
                &mut self.counts,
            );
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
            let (true, Some((kind, wait))) = (attempt < job.order.retries, wait) else {
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
        let mut answered = response.into_answered();
        answered.timeline.due_ns = due_ns;
        let mut record = RequestRecord {
            level: job.order.level,
            round: job.order.round,
            index: request.index,
            id: request.id.clone(),
            prompt: request.prompt.clone(),
            prompt_digest: Arc::clone(&request.prompt_digest),
            prompt_chars: request.prompt_chars,
            input_tokens: request.input_tokens,
            shared_chars: request.shared_chars,
            truncated: request.truncated,
            row_options: request.row_options.clone(),
            user: self.number,
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
}
