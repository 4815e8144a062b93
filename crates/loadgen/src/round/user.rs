//! A virtual user: one connection, one request at a time.

use crate::{
    exchange::Attempt,
    exchange::response::{Answered, Response},
    request::prepare::RequestBytes,
    round::job::{RoundJob, TakenRequest},
    transport::{Link, StampCounts},
};
use dualround_model::{Outcome, PreparedRequest, RequestRecord, Retry, Timeline, TurnPlace};
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

/// What sending a request came to.
struct EndedExchange {
    answered: Answered,
    outcome: Outcome,
    /// Sent again because the old connection had accepted no byte.
    resent: bool,
    /// Attempts that failed before this one.
    retries: Vec<Retry>,
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
    #[expect(
        clippy::disallowed_methods,
        reason = "nothing was sent, so nothing is measured"
    )]
    pub(crate) async fn serve(&mut self, job: &RoundJob) {
        let mut paused_ns = 0;
        while let Some(taken) = job.take() {
            if taken.mixed.is_some() && !job.may_go(taken).await {
                break;
            }
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
        self.send_request(job, request, taken)
            .await
            .start_ns
            .is_some()
    }

    /// The same of a request that is at hand.
    pub(super) async fn send_request(
        &mut self,
        job: &RoundJob,
        request: &PreparedRequest,
        taken: TakenRequest,
    ) -> SentRequest {
        job.begin();
        let ended = self.exchange(job, request).await;
        let record = self.record(job, request, taken, ended);
        job.end(&record.outcome);
        let sent = SentRequest {
            start_ns: record.timeline.start_ns,
            end_ns: record.timeline.end_ns,
            is_success: record.outcome.is_success(),
        };
        // The receiver is gone only when the run is being torn down.
        let _ = job.records.send(Box::new(record));
        sent
    }

    /// Sends a request until it is answered or is to be tried no more.
    #[expect(
        clippy::disallowed_methods,
        reason = "between two attempts, which are timed alone"
    )]
    async fn exchange(&mut self, job: &RoundJob, request: &PreparedRequest) -> EndedExchange {
        let bytes = RequestBytes {
            bytes: Arc::clone(&request.bytes),
            body_at: request.body_at,
            field: request.session_field.clone(),
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
        EndedExchange {
            answered: response.into_answered(),
            outcome,
            resent,
            retries,
        }
    }

    /// The record of a request that has ended.
    fn record(
        &self,
        job: &RoundJob,
        request: &PreparedRequest,
        taken: TakenRequest,
        ended: EndedExchange,
    ) -> RequestRecord {
        let answered = ended.answered;
        let answer = pinned(job, request, &answered, &ended.outcome);
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
            mixed: taken.mixed,
            turn: place(job, request),
            answer,
            user: self.number,
            outcome: ended.outcome,
            output: answered.output,
            timeline: Timeline {
                due_ns: taken.due_ns,
                freed_ns: taken.freed_ns,
                ..answered.timeline
            },
            stream: answered.stream,
            usage: answered.usage,
            response_id: answered.id.map(Arc::from),
            resent: ended.resent,
            retries: ended.retries,
        };
        job.secrets.scrub_record(&mut record);
        record
    }
}

/// What became of a request, as the turns behind it need to know.
#[derive(Clone, Copy, Debug)]
pub(super) struct SentRequest {
    /// t0; `None` where no byte of it was written.
    pub(super) start_ns: Option<u64>,
    pub(super) end_ns: u64,
    pub(super) is_success: bool,
}

/// The answer to a request, where it is pinned by it: a later turn builds on it, and none was.
fn pinned(
    job: &RoundJob,
    request: &PreparedRequest,
    answered: &Answered,
    outcome: &Outcome,
) -> Option<Arc<[serde_json::Value]>> {
    if !outcome.is_success() {
        return None;
    }
    let turns = job.turns.as_ref()?;
    let usage = &answered.usage;
    let reasons = usage.reasoning_tokens.is_some_and(|tokens| tokens > 0)
        || answered.timeline.first_content_ns != answered.timeline.first_token_ns;
    // Of an answer with reasoning no count is that of the answer alone.
    let generated = if reasons {
        Some(u64::MAX)
    } else {
        usage.completion_tokens
    };
    turns.take_answer(request, answered.seen.as_ref()?, generated)
}

/// Where a request stands in its session.
fn place(job: &RoundJob, request: &PreparedRequest) -> Option<TurnPlace> {
    match &job.turns {
        Some(turns) => turns.place_of(request),
        None => request.turn.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        exchange::response::tests::{DONE, HEAD, TOKEN, fed},
        round::job::tests::{job, prepared},
        round::order::{RoundOrder, in_order},
    };
    use dualround_model::LimitsPlan;

    #[test]
    fn a_record_says_whose_request_it_was_and_how_it_was_answered() {
        let mut order = RoundOrder::closed(in_order(3), &LimitsPlan::default());
        (order.level, order.round) = (1, 2);
        let (job, request) = (job(order, 3), prepared(2));
        let mut response = fed(&[HEAD, TOKEN, TOKEN, DONE, ""]);
        let ended = EndedExchange {
            outcome: response.outcome(),
            answered: response.into_answered(),
            resent: true,
            retries: Vec::new(),
        };
        let mut taken = job.take().unwrap();
        taken.due_ns = Some(50);
        let record = User::new(7).record(&job, &request, taken, ended);
        assert_eq!((record.level, record.round, record.index), (1, 2, 2));
        assert_eq!((record.user, record.resent), (7, true));
        assert!(record.outcome.is_success());
        let time = &record.timeline;
        assert_eq!((time.due_ns, time.start_ns), (Some(50), Some(100)));
        assert_eq!(
            (time.first_token_ns, time.last_token_ns),
            (Some(300), Some(400))
        );
        assert_eq!((time.gaps_ns.as_slice(), time.end_ns), (&[100][..], 500));
    }

    #[tokio::test]
    async fn a_cancelled_round_is_served_without_a_byte() {
        let job = job(RoundOrder::closed(in_order(3), &LimitsPlan::default()), 3);
        job.cancel.cancel();
        let mut user = User::new(0);
        user.serve(&job).await;
        assert!(user.link.is_none() && !job.all_begun());
    }
}
