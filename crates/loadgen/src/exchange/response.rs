//! One response while it is read: bytes and stamps in, events of an [`Answer`] out.
//!
//! Each event is stamped before its JSON is looked at.

use crate::exchange::{
    answer::{Answer, ReadTally},
    answer_reading::AnswerReading,
    deadlines::TimeLimit,
    retry,
};
use crate::sessions::SeenAnswer;
use dualround_model::{FailureKind, Outcome, Phase, Stamp, StreamFacts, Timeline, Usage};
use dualround_wire::{EventReader, Frame, ResponseDecoder, ResponseHead, SseDecoder, SseTail};
use std::time::Duration;

/// Most bytes kept of a body that is not a stream.
const BODY_LIMIT: usize = 64 << 20;

/// What a response held.
pub(crate) struct Answered {
    /// The text generated, where it is kept.
    pub(crate) output: Option<String>,
    pub(crate) timeline: Timeline,
    pub(crate) stream: StreamFacts,
    pub(crate) usage: Usage,
    /// The answer's own id.
    pub(crate) id: Option<String>,
    /// What later turns build on, where that is kept.
    pub(crate) seen: Option<SeenAnswer>,
}

/// The state of one response.
pub(crate) struct Response {
    http: ResponseDecoder,
    sse: SseDecoder,
    events: EventReader,
    /// HTTP/2: the read that the last frame is stamped with, and what it held.
    frames: Option<(Stamp, ReadTally)>,
    /// Bytes of body that may still come.
    room: u64,
    answer: Answer,
}

impl Response {
    pub(crate) fn new(queued_ns: u64, reading: AnswerReading) -> Self {
        Self {
            http: ResponseDecoder::new(),
            sse: SseDecoder::with_limit(reading.event_bytes),
            room: reading.body_bytes,
            events: EventReader::of(reading.api),
            frames: None,
            answer: Answer::new(queued_ns, reading),
        }
    }

    /// A connection was opened for it, which took so long; without that an earlier one is used.
    pub(crate) fn opened(&mut self, connect_ns: Option<u64>) {
        self.answer.timeline.connect_ns = connect_ns;
    }

    /// Its request goes out on a connection that had been used before.
    pub(crate) fn is_reused(&self) -> bool {
        self.answer.timeline.connect_ns.is_none()
    }

    /// The request is sent: t0, ns on the run's clock.
    pub(crate) fn sent_at(&mut self, t0: u64) {
        self.answer.timeline.start_ns = Some(t0);
    }

    /// t0; `None` where the request was never sent.
    pub(crate) fn start_ns(&self) -> Option<u64> {
        self.answer.timeline.start_ns
    }

    /// Nothing more is read from now on.
    pub(crate) fn end_at(&mut self, now: u64) {
        self.answer.timeline.end_ns = now;
    }

    /// The head has come.
    pub(crate) fn has_head(&self) -> bool {
        self.answer.head.is_some()
    }

    /// A token has come.
    pub(crate) fn has_token(&self) -> bool {
        self.answer.facts.token_events > 0
    }

    /// The connection ended before anything of an answer came.
    pub(crate) fn closed_unanswered(&self) -> bool {
        self.answer.closed_unanswered()
    }

    /// Notes a failure in a phase that the response itself cannot know.
    pub(crate) fn fail_in(&mut self, kind: FailureKind, phase: Phase, message: String) {
        self.answer.fail_in(kind, phase, message);
    }

    /// The same, where nothing more is read from now on.
    pub(crate) fn fail_at(&mut self, now: u64, kind: FailureKind, phase: Phase, message: String) {
        self.end_at(now);
        self.fail_in(kind, phase, message);
    }

    /// The connection broke while the response was read.
    pub(crate) fn break_off(&mut self, now: u64, kind: FailureKind, message: String) {
        self.end_at(now);
        self.answer.fail(kind, message);
    }

    /// A time limit ended it: how far it had come stands in the message.
    pub(crate) fn time_out(&mut self, limit: TimeLimit, allowed: Duration, now: u64) {
        self.end_at(now);
        let answer = &self.answer;
        let state = match (answer.timeline.last_token_ns, answer.facts.status) {
            (Some(last), _) => format!(
                "{} tokens received, the last {:.1} s ago",
                answer.facts.token_events,
                Duration::from_nanos(now.saturating_sub(last)).as_secs_f64()
            ),
            (None, Some(status)) => format!("HTTP {status} received, but no token"),
            (None, None) => "no byte of a response received".to_owned(),
        };
        let (name, seconds) = (limit.name(), allowed.as_secs_f64());
        let message = format!("{name} limit of {seconds} s: {state}");
        self.answer.fail(limit.failure(), message);
    }

    /// The verdict, once nothing more will be read.
    pub(crate) fn outcome(&mut self) -> Outcome {
        self.answer.outcome()
    }

    /// Why and after how long the request is worth another attempt; `None`: it is not.
    pub(crate) fn retry_after(
        &self,
        outcome: &Outcome,
        attempt: u32,
    ) -> Option<(FailureKind, Duration)> {
        retry::wait(&self.answer, outcome, attempt)
    }

    /// What it held, for a record.
    pub(crate) fn into_answered(mut self) -> Answered {
        Answered {
            output: self.answer.take_text(),
            seen: self.answer.take_seen(),
            timeline: self.answer.timeline,
            stream: self.answer.facts,
            usage: self.answer.usage,
            id: self.answer.id,
        }
    }

    /// The body has ended as its framing says, or nothing more will be read.
    pub(crate) fn ended(&self) -> bool {
        self.answer.ended
    }

    /// `[DONE]` was seen.
    pub(crate) fn done(&self) -> bool {
        self.answer.done_ns.is_some()
    }

    /// The connection may carry another request.
    pub(crate) fn reusable(&self) -> bool {
        (self.http.is_done() || self.frames.is_some() && self.answer.ended)
            && self
                .answer
                .head
                .as_ref()
                .is_some_and(|head| head.keep_alive)
    }

    /// Takes the bytes of one read; none means that the peer ended the stream.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], stamp: Stamp) {
        if bytes.is_empty() {
            return self.end_of_stream(stamp);
        }
        let mut tally = ReadTally::default();
        while !self.answer.ended {
            let (used, more) = match self.http.decode(bytes) {
                Ok((frame, used)) => {
                    let more = !matches!(frame, Frame::NeedMore);
                    match frame {
                        Frame::NeedMore => {}
                        Frame::Head(head) => self.answer.take_head(*head, stamp),
                        Frame::Body(part) if self.answer.decoder.is_some() => {
                            self.take_packed(part, stamp, &mut tally);
                        }
                        Frame::Body(part) => self.take_body(part, stamp, &mut tally),
                        Frame::End => self.finish(stamp, &mut tally),
                    }
                    (used, more)
                }
                Err(error) => {
                    self.answer
                        .fail(FailureKind::BadResponse, error.to_string());
                    self.answer.end(stamp.at);
                    break;
                }
            };
            bytes = &bytes[used..];
            if !more {
                break;
            }
        }
        self.answer.judge_read(stamp, &tally);
    }

    /// HTTP/2: the head has come.
    pub(crate) fn feed_head(&mut self, head: ResponseHead, stamp: Stamp) {
        self.frames = Some((stamp, ReadTally::default()));
        self.answer.take_head(head, stamp);
    }

    /// HTTP/2: a frame has come. Frames with one stamp came with one read.
    pub(crate) fn feed_part(&mut self, part: &[u8], stamp: Stamp) {
        let mut tally = self.tally_of(stamp);
        if self.answer.decoder.is_some() {
            self.take_packed(part, stamp, &mut tally);
        } else {
            self.take_body(part, stamp, &mut tally);
        }
        self.frames = Some((stamp, tally));
    }

    /// HTTP/2: the stream has ended.
    pub(crate) fn feed_end(&mut self, stamp: Stamp) {
        let mut tally = self.tally_of(stamp);
        self.finish(stamp, &mut tally);
        self.answer.judge_read(stamp, &tally);
        self.frames = Some((stamp, ReadTally::default()));
    }

    /// The tally of the read with this stamp; one that is over is judged.
    fn tally_of(&mut self, stamp: Stamp) -> ReadTally {
        match self.frames.take() {
            Some((last, tally)) if last.at == stamp.at => tally,
            Some((last, tally)) => {
                self.answer.judge_read(last, &tally);
                ReadTally::default()
            }
            None => ReadTally::default(),
        }
    }

    /// The bytes of a compressed body.
    #[cold]
    #[inline(never)]
    fn take_packed(&mut self, part: &[u8], stamp: Stamp, tally: &mut ReadTally) {
        let decoder = self.answer.decoder.as_mut();
        match decoder.map_or(Ok(Vec::new()), |decoder| decoder.unpack(part)) {
            Ok(plain) => self.take_body(&plain, stamp, tally),
            Err(error) => {
                let message = format!("the response cannot be unpacked: {error}");
                self.answer.fail(FailureKind::BadResponse, message);
                self.answer.end(stamp.at);
            }
        }
    }

    // Of three callers one is on the path of every token, where a call costs as much as its checks.
    #[inline(always)]
    fn take_body(&mut self, part: &[u8], stamp: Stamp, tally: &mut ReadTally) {
        let Self {
            sse,
            events,
            answer,
            ..
        } = self;
        match self.room.checked_sub(part.len() as u64) {
            Some(room) => self.room = room,
            None => {
                let message = "the response exceeds the limit of --max-response-bytes".to_owned();
                answer.fail(FailureKind::ResponseTooLarge, message);
                answer.end(stamp.at);
                return;
            }
        }
        let part = if answer.begun {
            part
        } else {
            answer.begin(part)
        };
        if let Some(body) = &mut answer.body {
            let room = BODY_LIMIT.saturating_sub(body.len());
            body.extend_from_slice(&part[..part.len().min(room)]);
            return;
        }
        let keeps_calls = answer.keeps_answer();
        let result = sse.feed(part, |event| {
            let data = event.data;
            answer.take_event(events.read_event(event), stamp, tally);
            if keeps_calls && may_call(data) {
                answer.keep_calls(data);
            }
        });
        if !answer.heard {
            answer.note_start(part);
        }
        if let Err(error) = result {
            answer.fail(FailureKind::EventTooLarge, error.to_string());
            answer.end(stamp.at);
        }
    }

    fn end_of_stream(&mut self, stamp: Stamp) {
        let framed = self.http.eof();
        if self.answer.head.is_none() {
            let message = "the connection was closed before a response".to_owned();
            self.answer.fail(FailureKind::ConnectionReset, message);
            self.answer.end(stamp.at);
            return;
        }
        // A body cut short of its Content-Length or last chunk is judged like any stream: by what
        // it holds. Only a plain body cannot be whole then.
        if framed.is_err() && self.answer.body.is_some() {
            self.answer.fail(
                FailureKind::ConnectionReset,
                "the body was cut short".to_owned(),
            );
        }
        self.finish(stamp, &mut ReadTally::default());
    }

    fn finish(&mut self, stamp: Stamp, tally: &mut ReadTally) {
        let Self {
            sse,
            events,
            answer,
            ..
        } = self;
        if answer.body.is_none() {
            let tail = sse.finish(|event| {
                answer.take_event(events.read_event(event), stamp, tally);
            });
            if tail == SseTail::Unterminated && !answer.finished() {
                let message = "the stream ended in the middle of an event".to_owned();
                answer.fail(FailureKind::TruncatedEvent, message);
            }
        }
        answer.end(answer.done_ns.unwrap_or(stamp.at));
    }

    /// Nothing is read after `[DONE]` any more: the response ended there.
    pub(crate) fn close_at_done(&mut self) {
        if let Some((stamp, tally)) = self.frames.take() {
            self.answer.judge_read(stamp, &tally);
            self.frames = Some((stamp, ReadTally::default()));
        }
        if let Some(done) = self.answer.done_ns {
            self.answer.end(done);
        }
    }
}

/// An event that may hold a call of a tool, in any API.
fn may_call(data: &[u8]) -> bool {
    let names: [&[u8]; 4] = [
        b"tool_calls",
        b"tool_use",
        b"partial_json",
        b"function_call",
    ];
    let mut windows = names.iter().map(|name| {
        let mut places = data.windows(name.len());
        places.any(|place| place == *name)
    });
    windows.any(|found| found)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use dualround_model::{Plan, StampSource};

    const FIELDS: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    pub(crate) const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    pub(crate) const TOKEN: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"A\"}}]}\n\n";
    pub(crate) const DONE: &str = "data: [DONE]\n\n";

    fn stamp(at: u64) -> Stamp {
        Stamp {
            at,
            not_before: at,
            source: StampSource::Read,
        }
    }

    /// The response to a request of t0 = 100 ns on a connection that was open, whose parts are read
    /// from 200 ns on, 100 ns apart. An empty part is the end of the connection.
    pub(crate) fn fed(parts: &[&str]) -> Response {
        fed_under(parts, |_| {})
    }

    fn fed_under(parts: &[&str], change: impl FnOnce(&mut Plan)) -> Response {
        let mut plan = Plan::new("http://127.0.0.1:9/v1/chat/completions", "none");
        plan.limits.max_event_bytes = 200;
        plan.limits.max_response_bytes = 1000;
        change(&mut plan);
        let mut response = Response::new(0, AnswerReading::of(&plan));
        response.sent_at(100);
        for (at, part) in (200..).step_by(100).zip(parts) {
            if !response.ended() {
                response.feed(part.as_bytes(), stamp(at));
            }
        }
        response
    }

    #[test]
    fn every_answer_that_fails_ends_when_it_fails() {
        let long_event = format!("data: {}", "x".repeat(300));
        let long_body = TOKEN.repeat(30);
        let in_gzip = format!("{FIELDS}Content-Encoding: gzip\r\n\r\n");
        let cases = [
            ("connection_reset", vec![""], 200),
            ("bad_response", vec!["SSH-2.0-OpenSSH_9.6\r\n"], 200),
            (
                "bad_response",
                vec![in_gzip.as_str(), "this is nothing that was packed"],
                300,
            ),
            ("response_too_large", vec![HEAD, &long_body], 300),
            ("event_too_large", vec![HEAD, TOKEN, &long_event], 400),
            ("incomplete_stream", vec![HEAD, TOKEN, ""], 400),
        ];
        for (kind, parts, end_ns) in cases {
            let gzip = (
                "Accept-Encoding".to_owned(),
                dualround_model::Secret::new("gzip"),
            );
            let mut response = fed_under(&parts, |plan| plan.request.headers.push(gzip));
            let outcome = response.outcome();
            let failure = outcome.failure().map(|failure| failure.kind.to_string());
            assert_eq!(failure.as_deref(), Some(kind));
            let time = response.into_answered().timeline;
            assert_eq!((time.start_ns, time.end_ns), (Some(100), end_ns), "{kind}");
        }
    }

    #[test]
    fn a_whole_answer_ends_at_its_last_event_and_not_at_its_tail() {
        let mut response = fed(&[HEAD, TOKEN, DONE, ": tail\n\n", ""]);
        assert!(response.outcome().is_success());
        let time = response.into_answered().timeline;
        assert_eq!((time.first_token_ns, time.end_ns), (Some(300), 400));
    }
}
