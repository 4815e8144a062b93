//! What is known of one answer: its timeline, what its events said, and how it failed, if it did.

use crate::{exchange::answer_reading::AnswerReading, sessions::SeenAnswer, text::clean};
use dualround_model::{
    Api, Ending, Failure, FailureKind, Outcome, Phase, Stamp, StampSource, StreamFacts, Timeline,
    UnknownText, Usage,
};
use dualround_wire::{
    BodyDecoder, ChunkFacts, ResponseHead, StreamEvent, Suspect, error_text, quoted, read_body,
    says_overflow,
};

/// Bytes kept of the start of a stream in which no event is heard.
const START_LIMIT: usize = 1024;

/// An answer, as far as it has come.
pub(super) struct Answer {
    api: Api,
    failure: Option<Failure>,
    lenient: bool,
    keep_text: bool,
    /// The text of the answer is kept, for whatever it is.
    keeps: bool,
    /// What later turns build on, where they do.
    seen: Option<SeenAnswer>,
    /// Compressed answers were asked for.
    unpack: bool,
    /// Unpacks the body, where it is compressed.
    pub(super) decoder: Option<BodyDecoder>,
    pub(super) head: Option<ResponseHead>,
    /// The bytes of a body that is no stream.
    pub(super) body: Option<Vec<u8>>,
    /// What the body is has shown in its first bytes.
    pub(super) begun: bool,
    /// An event has come.
    pub(super) heard: bool,
    /// The words of the last event that looks like an error, and how many tokens had come then.
    suspect: Option<(String, u64)>,
    /// How the body began, as long as no event of it was heard.
    start: Vec<u8>,
    /// Nothing more will be read.
    pub(super) ended: bool,
    /// When the end of the stream was said: `[DONE]`, `message_stop`.
    pub(super) done_ns: Option<u64>,
    completion_seen: u64,
    usage_events: u32,
    /// A first usage-only growth, a token only if more events carry usage.
    pending_first: Option<(Stamp, u64)>,
    texts: Vec<String>,
    /// The answer's own id.
    pub(super) id: Option<String>,
    pub(super) timeline: Timeline,
    pub(super) facts: StreamFacts,
    pub(super) usage: Usage,
}

/// Events of one read: whether an arrival is exact depends on how many there were.
#[derive(Default)]
pub(super) struct ReadTally {
    events: u32,
    tokens: u32,
    first_token_here: bool,
}

impl Answer {
    pub(super) fn new(queued_ns: u64, reading: AnswerReading) -> Self {
        Self {
            api: reading.api,
            failure: None,
            lenient: reading.lenient,
            keep_text: reading.keep_text,
            keeps: reading.keep_text || reading.keep_answer,
            seen: reading.keep_answer.then(SeenAnswer::default),
            unpack: reading.unpack,
            decoder: None,
            head: None,
            body: None,
            begun: false,
            heard: false,
            suspect: None,
            start: Vec::new(),
            ended: false,
            done_ns: None,
            completion_seen: 0,
            usage_events: 0,
            pending_first: None,
            texts: Vec::new(),
            id: None,
            timeline: Timeline {
                queued_ns,
                ..Timeline::default()
            },
            facts: StreamFacts::default(),
            usage: Usage::default(),
        }
    }

    /// The connection ended before anything of an answer came.
    pub(super) fn closed_unanswered(&self) -> bool {
        let reset = |failure: &Failure| failure.kind == FailureKind::ConnectionReset;
        self.head.is_none() && self.failure.as_ref().is_some_and(reset)
    }

    /// The head has come.
    pub(super) fn take_head(&mut self, head: ResponseHead, stamp: Stamp) {
        self.timeline.head_ns = Some(stamp.at);
        self.facts.status = Some(head.status);
        let ok = (200..300).contains(&head.status);
        let coding = head.content_encoding.as_deref().unwrap_or("");
        if is_encoded(coding) {
            // The words of a refusal are wanted in any case.
            self.decoder = if self.unpack || !ok {
                BodyDecoder::of(coding)
            } else {
                None
            };
            self.facts.compressed = ok && self.decoder.is_some();
            if ok && self.decoder.is_none() {
                let message = not_unpacked(coding);
                self.fail(FailureKind::BadResponse, clean(&message));
            }
        }
        if !ok {
            self.body = Some(Vec::new());
        }
        self.head = Some(head);
    }

    /// Looks at the first bytes of a body, which say better than its label whether it is a stream.
    /// Returns what of the part is to be read.
    pub(super) fn begin<'b>(&mut self, part: &'b [u8]) -> &'b [u8] {
        let part = part.trim_ascii_start();
        let Some(first) = part.first() else {
            return part;
        };
        self.begun = true;
        let labelled = self.label().starts_with("text/event-stream");
        let stream = is_stream(part) || (labelled && !b"{[<".contains(first));
        if !stream && self.body.is_none() {
            self.body = Some(Vec::new());
        }
        part
    }

    /// Keeps how a stream began in which nothing was heard yet.
    pub(super) fn note_start(&mut self, part: &[u8]) {
        let room = START_LIMIT.saturating_sub(self.start.len());
        self.start.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// The content type as it was given, in lower case.
    fn label(&self) -> String {
        let head = self.head.as_ref();
        let label = head.and_then(|head| head.content_type.as_deref());
        label.unwrap_or("").to_ascii_lowercase()
    }

    /// Status and content type, for reasons: what a proxy says of its own differs in them.
    fn said_by(&self) -> String {
        let label = match self.label() {
            label if label.is_empty() => "no Content-Type".to_owned(),
            label => label,
        };
        format!("HTTP {}, {label}", self.facts.status.unwrap_or(0))
    }

    /// An event has come; what follows `[DONE]` says nothing.
    pub(super) fn take_event(
        &mut self,
        event: StreamEvent<'_>,
        stamp: Stamp,
        tally: &mut ReadTally,
    ) {
        tally.events += 1;
        // What is of another kind is kept, to be quoted should nothing else come.
        self.heard |= matches!(
            event,
            StreamEvent::Chunk(_) | StreamEvent::Error { .. } | StreamEvent::Bad { .. }
        );
        if self.done_ns.is_some() {
            return;
        }
        match event {
            StreamEvent::Done => {
                self.facts.done = true;
                self.done_ns = Some(stamp.at);
            }
            StreamEvent::Chunk(chunk) => self.take_chunk(&chunk, stamp, tally),
            StreamEvent::Error { message, code } => {
                let message = match code {
                    Some(code) => format!("{message} ({code})"),
                    None => message,
                };
                self.fail(FailureKind::StreamError, clean(&message));
            }
            StreamEvent::Suspect(suspect) => self.take_suspect(*suspect, stamp),
            StreamEvent::Ignored => self.facts.ignored_events += 1,
            StreamEvent::Unknown { place } => {
                self.facts.ignored_events += 1;
                self.note_unknown(&place, stamp);
            }
            StreamEvent::Bad { reason, utf8 } => {
                self.facts.parse_errors += 1;
                if !self.lenient {
                    let kind = if utf8 {
                        FailureKind::BadUtf8
                    } else {
                        FailureKind::BadEvent
                    };
                    self.fail(kind, clean(&reason));
                }
            }
        }
    }

    fn take_suspect(&mut self, suspect: Suspect, stamp: Stamp) {
        self.facts.ignored_events += 1;
        if let Some(usage) = suspect.usage {
            self.take_usage(*usage);
        }
        if suspect.sure || self.facts.token_events > 0 {
            self.facts.streamed = true;
            self.suspect = Some((suspect.message, self.facts.token_events));
        } else if let Some(place) = suspect.place {
            self.note_unknown(&place, stamp);
        }
    }

    fn take_chunk(&mut self, chunk: &ChunkFacts<'_>, stamp: Stamp, tally: &mut ReadTally) {
        self.facts.streamed = true;
        if let (None, Some(id)) = (&self.id, &chunk.id) {
            self.id = Some(clean(id));
        }
        let mut bears = chunk.bears_token();
        if let Some(usage) = chunk.usage.as_deref().copied() {
            self.take_usage(usage);
            if chunk.has_choices {
                bears |= self.take_running_usage(usage, bears, stamp);
            }
        }
        if bears {
            self.token(stamp);
            tally.tokens += 1;
            tally.first_token_here |= self.facts.token_events == 1;
            if self.facts.token_events == 1 && chunk.usage.is_some() && chunk.has_choices {
                self.facts.first_event_tokens = Some(self.completion_seen);
            }
        }
        if let Some(place) = &chunk.unknown {
            self.note_unknown(place, stamp);
        }
        if chunk.answers() && self.timeline.first_content_ns.is_none() {
            self.timeline.first_content_ns = Some(stamp.at);
        }
        if let Some(reason) = &chunk.finish_reason {
            self.take_reason(reason);
        }
        if let Some(text) = &chunk.reasoning {
            self.keep(chunk.choice, text, false);
        }
        if let Some(text) = &chunk.content {
            self.keep(chunk.choice, text, true);
        }
        if chunk.ends {
            self.facts.done = true;
            self.done_ns = Some(stamp.at);
        }
    }

    /// Counts in a stream grow in chat completions; in the other APIs an event has those of the whole
    /// answer so far, and a total that an engine puts first is not one that counts.
    fn take_usage(&mut self, usage: Usage) {
        match self.api {
            Api::Chat | Api::Completions => self.usage.merge(usage),
            Api::Messages | Api::Responses => self.usage = usage,
        }
    }

    /// A word that breaks the answer off is not taken back by a later one; one that says that there is
    /// no end yet says nothing.
    fn take_reason(&mut self, reason: &str) {
        if Ending::of(reason) == Ending::NotYet {
            return;
        }
        let earlier = self.facts.finish_reason.as_deref();
        if earlier.is_none_or(|earlier| Ending::of(earlier) != Ending::Forced) {
            self.facts.finish_reason = Some(clean(reason));
        }
    }

    /// Text that may have been generated came before the first token that is known.
    fn note_unknown(&mut self, place: &str, stamp: Stamp) {
        if self.facts.token_events == 0 && self.facts.unknown_text.is_none() {
            self.facts.unknown_text = Some(UnknownText {
                place: clean(place),
                at_ns: stamp.at,
            });
        }
    }

    /// Continuous usage: events with choices that carry cumulative counts. A count that grew is a
    /// token even when it prints nothing; one single such event (a finish chunk with usage) is not
    /// continuous usage, so the first is held back until a second shows what it was.
    fn take_running_usage(&mut self, usage: Usage, visible: bool, stamp: Stamp) -> bool {
        let Some(count) = usage.completion_tokens else {
            return false;
        };
        self.usage_events += 1;
        let grew = count > self.completion_seen;
        self.completion_seen = self.completion_seen.max(count);
        if self.usage_events == 1 {
            if grew && !visible {
                self.pending_first = Some((stamp, count));
            }
            return false;
        }
        if let Some((first, tokens)) = self.pending_first.take()
            && self.facts.token_events == 0
        {
            self.token(first);
            self.facts.first_event_tokens = Some(tokens);
        }
        grew
    }

    fn token(&mut self, stamp: Stamp) {
        self.facts.token_events += 1;
        if let Some(last) = self.timeline.last_token_ns {
            self.timeline.gaps_ns.push(stamp.at.saturating_sub(last));
        } else {
            self.timeline.first_token_ns = Some(stamp.at);
        }
        self.timeline.last_token_ns = Some(stamp.at);
    }

    /// What the read as a whole says about its arrivals: with several token-bearing events they
    /// are coalesced; the first token's arrival is a point only when the kernel stamped a read
    /// that held one event.
    pub(super) fn judge_read(&mut self, stamp: Stamp, tally: &ReadTally) {
        if tally.tokens > 1 {
            self.facts.coalesced_events += u64::from(tally.tokens);
        }
        let exact = stamp.source == StampSource::Kernel && tally.events == 1;
        if tally.first_token_here && !exact {
            self.timeline.first_token_width_ns = stamp.at.saturating_sub(stamp.not_before);
        }
    }

    fn keep(&mut self, choice: u32, text: &str, is_answer: bool) {
        self.facts.output_chars += text.chars().count() as u64;
        if self.keeps {
            self.keep_whole(choice as usize, text, is_answer);
        }
    }

    /// Keeps a text that somebody asks for: the output, and what later turns build on.
    #[cold]
    #[inline(never)]
    fn keep_whole(&mut self, choice: usize, text: &str, is_answer: bool) {
        if let (Some(seen), 0, true) = (&mut self.seen, choice, is_answer) {
            seen.text.push_str(text);
        }
        if self.keep_text && choice < 64 {
            if self.texts.len() <= choice {
                self.texts.resize_with(choice + 1, String::new);
            }
            self.texts[choice].push_str(text);
        }
    }

    /// It says itself that it is complete.
    pub(super) fn finished(&self) -> bool {
        self.facts.done || self.facts.finish_reason.is_some()
    }

    /// How far the response had come.
    pub(super) fn phase(&self) -> Phase {
        if self.ended {
            Phase::Complete
        } else if self.facts.token_events > 0 {
            Phase::Stream
        } else if self.head.is_some() {
            Phase::FirstToken
        } else {
            Phase::Head
        }
    }

    /// Nothing of the body is taken from now on: the response ended at this instant, ns.
    pub(super) fn end(&mut self, at: u64) {
        self.timeline.end_ns = at;
        self.ended = true;
    }

    /// Notes a failure; the first one stays.
    pub(super) fn fail(&mut self, kind: FailureKind, message: String) {
        let phase = self.phase();
        self.fail_in(kind, phase, message);
    }

    /// Notes a failure in a phase that the response itself cannot know.
    pub(super) fn fail_in(&mut self, kind: FailureKind, phase: Phase, message: String) {
        let status = self.facts.status;
        self.failure.get_or_insert(Failure {
            kind,
            phase,
            message,
            status,
        });
    }

    /// Answers are kept for turns that build on them.
    pub(super) fn keeps_answer(&self) -> bool {
        self.seen.is_some()
    }

    /// Keeps an event that holds calls of tools, to be read when nothing is stamped any more.
    pub(super) fn keep_calls(&mut self, event: &[u8]) {
        if let Some(seen) = &mut self.seen {
            seen.calls.push(event.to_vec());
        }
    }

    /// What later turns build on.
    pub(super) fn take_seen(&mut self) -> Option<SeenAnswer> {
        self.seen.take()
    }

    /// The text generated, choices apart.
    pub(super) fn take_text(&mut self) -> Option<String> {
        self.keep_text
            .then(|| std::mem::take(&mut self.texts).join("\n\n"))
    }

    /// The verdict, once nothing more will be read.
    pub(super) fn outcome(&mut self) -> Outcome {
        let status = self.facts.status.unwrap_or(0);
        if self.head.is_some() && !(200..300).contains(&status) {
            let text = error_text(self.body.as_deref().unwrap_or_default());
            let to = self.head.as_ref().and_then(|head| head.location.as_deref());
            let message = match to {
                // Neither the key nor a prompt goes where a server points to.
                Some(to) if (300..400).contains(&status) => {
                    let to = crate::text::clean(&crate::redact_url(to));
                    format!("redirect to {to}, which is not followed: give that URL as --endpoint")
                }
                _ if text.is_empty() => format!("HTTP status {status}"),
                _ => text,
            };
            self.failure = None;
            let overflows = says_overflow(self.body.as_deref().unwrap_or_default());
            let kind = if overflows {
                FailureKind::ContextOverflow
            } else {
                FailureKind::Http(status)
            };
            self.fail_in(kind, Phase::Complete, message);
        } else if self.failure.is_none() {
            self.judge_content();
        }
        match self.failure.take() {
            Some(failure) => Outcome::Failed(failure),
            None => Outcome::Success,
        }
    }

    fn judge_content(&mut self) {
        if let Some(body) = self.body.take() {
            self.judge_body(&body);
        } else if let Some(message) = self.broken_off() {
            self.fail(FailureKind::StreamError, clean(&message));
        } else if !self.finished() {
            let message = self.unfinished();
            self.fail(FailureKind::IncompleteStream, message);
        }
        let reason = self.facts.finish_reason.as_deref();
        if let Some(reason) = reason.filter(|reason| Ending::of(reason) == Ending::Forced) {
            let message = format!(
                "the server broke the answer off: finish_reason `{reason}`, after {} tokens",
                self.facts.token_events
            );
            self.fail(FailureKind::StreamError, message);
        }
        let counted = self.usage.completion_tokens.is_some_and(|n| n > 0);
        if self.facts.token_events == 0 && !self.facts.has_body_text && !counted {
            let message = self.nothing_generated();
            self.fail(FailureKind::EmptyOutput, message);
        }
    }

    /// The words of what broke the answer off: it did not go on behind them, and was not ended.
    fn broken_off(&mut self) -> Option<String> {
        let (words, before) = self.suspect.take()?;
        let tokens = self.facts.token_events;
        let ended = self.facts.finish_reason.is_some() && tokens > 0;
        (!ended && tokens == before).then_some(words)
    }

    /// What to say of an answer in which no token was found.
    fn nothing_generated(&self) -> String {
        let said = match &self.facts.unknown_text {
            None => "the answer is complete, but nothing was generated".to_owned(),
            Some(text) => format!(
                "no token in a field that is known; there was text in `{}`, which is not",
                text.place
            ),
        };
        if self.heard || self.start.is_empty() {
            return said;
        }
        format!("{said}: {}", clean(&quoted(&self.start)))
    }

    /// What to say of a stream that ended without a word.
    fn unfinished(&self) -> String {
        if self.heard {
            let tokens = self.facts.token_events;
            let end = self.api.end_marker();
            return format!(
                "the stream ended without finish_reason and without {end}, after {tokens} tokens"
            );
        }
        let said_by = self.said_by();
        if self.start.is_empty() {
            return format!("the body is empty ({said_by})");
        }
        let sent = clean(&quoted(&self.start));
        format!("the body ended without a chunk of an answer ({said_by}): {sent}")
    }

    fn judge_body(&mut self, body: &[u8]) {
        match read_body(self.api, body) {
            Err(reason) => {
                let message = clean(&format!("{reason} ({})", self.said_by()));
                self.fail(FailureKind::BadEvent, message);
            }
            Ok(facts) => {
                if let Some(error) = facts.error {
                    self.fail(FailureKind::StreamError, clean(&error));
                }
                if let Some(usage) = facts.usage {
                    self.take_usage(usage);
                }
                self.id = facts.id.map(|id| clean(&id));
                if let Some(reason) = facts.finish_reason {
                    self.take_reason(&reason);
                }
                self.facts.has_body_text =
                    !facts.text.is_empty() || !facts.reasoning.is_empty() || facts.tool_call;
                self.keep(0, &facts.reasoning, false);
                self.keep(0, &facts.text, true);
                self.keep_calls(body);
            }
        }
    }
}

/// A field of the event stream's standard begins here, or the start of its name.
fn is_stream(part: &[u8]) -> bool {
    let part = part.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(part);
    let fields = ["data", "event", "id:", "retry", ":", "error"];
    fields.iter().any(|field| {
        let length = field.len().min(part.len());
        part[..length] == field.as_bytes()[..length]
    })
}

/// Why an encoded body is not read.
fn not_unpacked(coding: &str) -> String {
    if BodyDecoder::of(coding).is_none() {
        return format!("the response is encoded ({coding}); only gzip and deflate are unpacked");
    }
    format!(
        "the response is encoded ({coding}), which was not asked for; with --header 'Accept-Encoding: {coding}' it is unpacked"
    )
}

/// A body that is not sent as it is; `Content-Encoding` may say in words, or with nothing, that it is.
fn is_encoded(coding: &str) -> bool {
    let plain = |part: &str| part.is_empty() || part.eq_ignore_ascii_case("identity");
    !coding.split(',').all(|part| plain(part.trim()))
}

#[cfg(test)]
mod tests {
    use super::is_encoded;

    #[test]
    fn x10_identity_in_any_spelling_is_plain() {
        for plain in ["", " ", "identity", "Identity", "IDENTITY, identity"] {
            assert!(!is_encoded(plain), "{plain:?}");
        }
        for coding in ["gzip", "br", "identity, gzip", "x-identity"] {
            assert!(is_encoded(coding), "{coding:?}");
        }
    }
}
