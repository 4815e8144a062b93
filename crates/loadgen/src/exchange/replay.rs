//! A response from its bytes alone, without a socket: for benches, for the bound on instructions,
//! and for asking what would have been recorded.

use crate::{exchange::answer_reading::AnswerReading, exchange::response::Response};
use dualround_model::{Api, Outcome, Plan, Stamp, StreamFacts, Timeline, Usage};

/// What a response comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// How it ended.
    pub outcome: Outcome,
    /// Its instants; t0 is 0.
    pub timeline: Timeline,
    /// What the stream held.
    pub stream: StreamFacts,
    /// Token counts as the server reported them.
    pub usage: Usage,
}

/// Decodes the reads of one HTTP/1.1 response of an API as a run does; a response that has not ended when
/// they are used up ends there, as if the server had closed the connection.
pub fn replay<'a>(api: Api, reads: impl IntoIterator<Item = (&'a [u8], Stamp)>) -> Replayed {
    let plan = Plan::new(format!("/v1{}", api.path()), "");
    let mut response = Response::new(0, AnswerReading::of(&plan));
    response.sent_at(0);
    let mut last = None;
    for (bytes, stamp) in reads {
        if response.ended() {
            break;
        }
        response.feed(bytes, stamp);
        last = Some(stamp);
    }
    if !response.ended()
        && let Some(stamp) = last
    {
        response.feed(&[], stamp);
    }
    let outcome = response.outcome();
    let answered = response.into_answered();
    Replayed {
        outcome,
        timeline: answered.timeline,
        stream: answered.stream,
        usage: answered.usage,
    }
}
