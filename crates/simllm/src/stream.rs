//! The answer to a chat request: events at their instants, or one JSON body; faults included.

use crate::{
    chat::ChatRequest,
    dialect::Dialect,
    engine::{CachedTokens, Engine, RunningRequest},
    faults::Fault,
    form::{SimEvent, StreamForm, UsageFigures},
    http::Connection,
    tokenizer,
    truth::TruthRequest,
};
use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt,
    time::{sleep, sleep_until},
};

/// The head of every streamed response.
const STREAM_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: simllm\r\nContent-Type: text/event-stream\r\n\
      Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";

/// An answer to a chat request while it is being written.
pub(crate) struct ChatAnswer<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) connection: &'a mut Connection,
    pub(crate) chat: ChatRequest,
    pub(crate) fault: Option<Fault>,
    pub(crate) truth: TruthRequest,
    /// Where its cached tokens came from.
    pub(crate) cached: CachedTokens,
    /// Bytes held back by [`Fault::Buffered`].
    pub(crate) held: Vec<u8>,
    /// Token events that wait for their write, and how many they are.
    pub(crate) batch: Vec<u8>,
    pub(crate) batched: usize,
    /// Bytes of the response so far.
    pub(crate) written: usize,
}

/// A time in ns.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether the connection can go on.
pub(crate) type GoOn = bool;

impl ChatAnswer<'_> {
    /// Serves the request and logs what happened.
    pub(crate) async fn serve(mut self) -> io::Result<GoOn> {
        let mut running = self.engine.enter();
        let is_explicit =
            self.engine.config.explicit_cache && self.chat.dialect == Dialect::Messages;
        let prompt = &self.chat.prompt;
        let (cached, mut due) = running.prefill(prompt, &self.chat.salt, is_explicit).await;
        let ids = &self.chat.prompt.ids;
        if let Some(Fault::Late { ms }) = self.fault {
            due += Duration::from_millis(ms);
            sleep_until(due.into()).await;
        }
        self.truth.queue_ns = nanos(running.queued);
        self.truth.prefill_ns = nanos(running.computed);
        self.truth.prompt_tokens = ids.len() as u64;
        self.truth.cached_tokens = cached.local + cached.external;
        self.truth.written_tokens = cached.written + cached.written_long;
        self.cached = cached;
        self.truth.status = 200;
        let seed = tokenizer::hash(
            &ids.iter()
                .flat_map(|id| id.to_le_bytes())
                .collect::<Vec<_>>(),
        );
        let streamed = self.chat.stream && self.fault != Some(Fault::NotStreamed);
        let result = if streamed {
            self.stream(&running, due, seed).await
        } else {
            self.whole(&running, due, seed).await
        };
        drop(running);
        self.truth.aborted |= result.is_err();
        self.engine.finish(std::mem::take(&mut self.truth));
        result
    }

    /// Output tokens of the answer, at least one.
    fn wanted(&self) -> usize {
        self.chat
            .max_tokens
            .unwrap_or(self.engine.config.default_output_tokens)
            .max(1)
    }

    /// Answers with one JSON body, when a stream would have ended.
    async fn whole(
        &mut self,
        running: &RunningRequest,
        due: Instant,
        seed: u64,
    ) -> io::Result<GoOn> {
        let n = self.wanted();
        let decode = running.itl() * u32::try_from(n - 1).unwrap_or(u32::MAX);
        sleep_until((due + decode).into()).await;
        let engine = Arc::clone(self.engine);
        let form = StreamForm::of(&self.chat, &engine.config, self.truth.id, seed);
        let body = form.body(n, &self.usage(n));
        self.truth.tokens = n as u64;
        self.truth.t_done_ns = Some(self.engine.now());
        self.connection
            .respond(200, "application/json", &body.to_string())
            .await?;
        Ok(true)
    }

    /// What the answer tells of its tokens, so many of them generated.
    fn usage(&self, tokens: usize) -> UsageFigures {
        let config = &self.engine.config;
        let completion = match &self.fault {
            Some(Fault::UsageMismatch { completion_tokens }) => *completion_tokens,
            _ => tokens as u64,
        };
        let is_explicit = config.explicit_cache && self.chat.dialect == Dialect::Messages;
        let cached = config
            .report_cached_tokens
            .then_some(self.truth.cached_tokens);
        let tiers = (self.cached.local, self.cached.external);
        let written = (self.cached.written, self.cached.written_long);
        UsageFigures {
            prompt: self.truth.prompt_tokens,
            cached,
            tiers: config.report_cached_by_tier.then_some(tiers),
            written: (is_explicit || config.report_written_tokens).then_some(written),
            completion,
            times: config
                .report_times
                .then_some([self.truth.queue_ns, self.truth.prefill_ns]),
            reasoning: config.reasoning_tokens.min(tokens) as u64,
        }
    }

    /// The same where the answer is to tell it at all.
    fn told_usage(&self, tokens: usize) -> Option<UsageFigures> {
        let tells = self.chat.include_usage && self.engine.config.report_usage;
        tells.then(|| self.usage(tokens))
    }

    /// Answers with a stream of events.
    async fn stream(
        &mut self,
        running: &RunningRequest,
        due: Instant,
        seed: u64,
    ) -> io::Result<GoOn> {
        if let Some(Fault::Stall {
            after_tokens: 0,
            ms,
        }) = self.fault
        {
            sleep(Duration::from_millis(ms)).await;
            self.truth.aborted = true;
            return Ok(false);
        }
        let engine = Arc::clone(self.engine);
        let mut form = StreamForm::of(&self.chat, &engine.config, self.truth.id, seed);
        self.put(STREAM_HEAD).await?;
        let wanted = self.wanted();
        let is_empty = self.fault == Some(Fault::EmptyOutput);
        if self.fault == Some(Fault::Bom) {
            self.put(b"3\r\n\xef\xbb\xbf\r\n").await?;
        }
        let reason = if is_empty {
            None
        } else {
            for event in form.begin(self.told_usage(0).as_ref()) {
                self.event(&event).await?;
            }
            if let Some(go_on) = self.tokens(&mut form, running, due).await? {
                return Ok(go_on);
            }
            let reason = self.finish_reason();
            let usage = self.told_usage(wanted);
            for event in form.finish(wanted, reason.as_deref(), usage.as_ref()) {
                self.event(&event).await?;
            }
            reason
        };
        self.end(&mut form, reason.as_deref()).await
    }

    /// Writes all tokens, the first one when it is due and each when its time has passed; `Some` when
    /// a fault ended the stream.
    async fn tokens(
        &mut self,
        form: &mut StreamForm<'_>,
        running: &RunningRequest,
        due: Instant,
    ) -> io::Result<Option<GoOn>> {
        let wanted = self.wanted();
        let per_event = self.engine.config.tokens_per_event.max(1);
        let (together, merging) = match self.fault {
            Some(Fault::Merge { events }) => (events, true),
            _ => (self.engine.config.events_per_write, false),
        };
        let mut at = due;
        let mut sent = 0;
        while sent < wanted {
            if self.fault.is_some() && !merging && self.batched > 0 {
                self.write_batch(sent).await?;
            }
            if let Some(go_on) = self.break_off(form, sent).await? {
                return Ok(Some(go_on));
            }
            let count = per_event.min(wanted - sent);
            if sent > 0 {
                at += running.itl() * u32::try_from(count).unwrap_or(1);
                if at > Instant::now() {
                    sleep_until(at.into()).await;
                }
            }
            for event in form.between(sent) {
                frame(&mut self.batch, self.fault.as_ref(), &event);
            }
            let usage = self.chat.continuous_usage.then(|| self.usage(sent + count));
            let event = form.tokens(sent..sent + count, usage.as_ref());
            sent += count;
            frame(&mut self.batch, self.fault.as_ref(), &event);
            self.batched += 1;
            if self.batched >= together || sent == wanted {
                self.write_batch(sent).await?;
            }
        }
        Ok(None)
    }

    /// Why the answer ends, where a fault says so.
    fn finish_reason(&mut self) -> Option<String> {
        let Some(Fault::Finish { reason }) = &self.fault else {
            return None;
        };
        self.truth.aborted = true;
        Some(reason.clone())
    }

    /// Writes the token events that have gathered; `sent` tokens are in them and before them.
    async fn write_batch(&mut self, sent: usize) -> io::Result<()> {
        let now = self.engine.now();
        self.truth.t_first_ns.get_or_insert(now);
        self.truth.t_last_ns = Some(now);
        self.truth.tokens = sent as u64;
        self.truth.events += std::mem::take(&mut self.batched) as u64;
        let mut batch = std::mem::take(&mut self.batch);
        let result = self.write(&batch).await;
        batch.clear();
        self.batch = batch;
        result
    }

    /// Usage, what ends the stream, and the end of the body.
    async fn end(&mut self, form: &mut StreamForm<'_>, reason: Option<&str>) -> io::Result<GoOn> {
        let is_empty = self.fault == Some(Fault::EmptyOutput);
        let tokens = if is_empty { 0 } else { self.wanted() };
        let usage = if is_empty {
            None
        } else {
            self.told_usage(tokens)
        };
        if let Some(event) = usage.as_ref().and_then(|usage| form.usage(usage)) {
            self.event(&event).await?;
        }
        self.truth.t_done_ns = Some(self.engine.now());
        if self.fault != Some(Fault::MissingDone) {
            let ends = form.end(tokens, reason, usage.as_ref());
            for event in ends.into_iter().chain(form.done()) {
                self.event(&event).await?;
            }
        }
        if self.fault == Some(Fault::Buffered) {
            let held = std::mem::take(&mut self.held);
            self.put(&held).await?;
        }
        self.put(b"0\r\n\r\n").await?;
        Ok(true)
    }

    /// Ends the stream where a fault says so; `Some` when it did.
    async fn break_off(
        &mut self,
        form: &mut StreamForm<'_>,
        sent: usize,
    ) -> io::Result<Option<GoOn>> {
        let Some(fault) = self.fault.clone() else {
            return Ok(None);
        };
        match fault {
            Fault::ErrorEvent {
                after_tokens,
                message,
            } if sent >= after_tokens => {
                let error = form.error(&message);
                self.stop(form, error).await
            }
            Fault::FailedEvent {
                after_tokens,
                message,
            } if sent >= after_tokens => {
                let failed = form.failed(&message);
                self.stop(form, failed).await
            }
            Fault::ErrorField { after_tokens } if sent >= after_tokens => {
                let line = "error: {\"code\":500,\"message\":\"made to fail\"}\n\n";
                self.put(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())
                    .await?;
                if let Some(done) = form.done() {
                    self.event(&done).await?;
                }
                self.put(b"0\r\n\r\n").await?;
                self.truth.aborted = true;
                Ok(Some(true))
            }
            Fault::Reset { after_tokens } if sent >= after_tokens => {
                self.truth.aborted = true;
                self.connection.stream.set_zero_linger()?;
                Ok(Some(false))
            }
            Fault::CloseEarly { after_tokens } if sent >= after_tokens => {
                self.truth.aborted = true;
                self.put(b"0\r\n\r\n").await?;
                Ok(Some(true))
            }
            Fault::CutBody { after_tokens } if sent >= after_tokens => {
                self.truth.aborted = true;
                self.put(b"30\r\ndata: {\"choices\":[{\"del").await?;
                Ok(Some(false))
            }
            Fault::Stall { after_tokens, ms } if sent >= after_tokens => {
                sleep(Duration::from_millis(ms)).await;
                self.truth.aborted = true;
                Ok(Some(false))
            }
            Fault::GarbageEvent { after_tokens } if sent == after_tokens => {
                let mut broken = form.tokens(sent..sent + 1, None);
                broken.data.pop();
                self.event(&broken).await?;
                Ok(None)
            }
            Fault::EndlessLine { bytes } => {
                self.truth.aborted = true;
                self.put(format!("{:x}\r\ndata: ", bytes.max(6)).as_bytes())
                    .await?;
                let piece = [b'x'; 1 << 16];
                let mut left = bytes.saturating_sub(6);
                while left > 0 {
                    let part = left.min(piece.len());
                    self.put(&piece[..part]).await?;
                    left -= part;
                }
                Ok(Some(false))
            }
            _ => Ok(None),
        }
    }

    /// Writes the event of a failure, and ends the stream.
    async fn stop(&mut self, form: &StreamForm<'_>, event: SimEvent) -> io::Result<Option<GoOn>> {
        self.event(&event).await?;
        if let Some(done) = form.done() {
            self.event(&done).await?;
        }
        self.put(b"0\r\n\r\n").await?;
        self.truth.aborted = true;
        Ok(Some(true))
    }

    /// Writes an event that bears no token.
    async fn event(&mut self, event: &SimEvent) -> io::Result<()> {
        let mut framed = Vec::with_capacity(event.data.len() + 64);
        frame(&mut framed, self.fault.as_ref(), event);
        self.write(&framed).await
    }

    /// Writes bytes, or holds them back where a fault buffers the answer.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.fault == Some(Fault::Buffered) {
            self.held.extend_from_slice(bytes);
            return Ok(());
        }
        self.put(bytes).await
    }

    /// Writes bytes of the response, in the pieces that a fault asks for.
    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = &mut self.connection.stream;
        let from = self.written;
        self.written += bytes.len();
        match self.fault {
            Some(Fault::ResetAtByte { byte }) if self.written >= byte => {
                let last = byte.saturating_sub(from).min(bytes.len());
                stream.write_all(&bytes[..last]).await?;
                stream.set_zero_linger()?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Some(Fault::Split { bytes: size }) => {
                for piece in bytes.chunks(size) {
                    stream.write_all(piece).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Some(Fault::Drip { bytes: size, ms }) => {
                for piece in bytes.chunks(size) {
                    stream.write_all(piece).await?;
                    sleep(Duration::from_millis(ms)).await;
                }
                Ok(())
            }
            _ => stream.write_all(bytes).await,
        }
    }
}

/// An event in its chunk.
fn frame(out: &mut Vec<u8>, fault: Option<&Fault>, event: &SimEvent) {
    let (pings, space, line) = match fault {
        Some(Fault::Crlf) => ("", " ", "\r\n"),
        Some(Fault::Cr) => ("", " ", "\r"),
        Some(Fault::NoSpace) => ("", "", "\n"),
        Some(Fault::Comments) => (": ping\n\nevent: ping\ndata: {}\n\n", " ", "\n"),
        _ => ("", " ", "\n"),
    };
    let name = if event.name.is_empty() {
        String::new()
    } else {
        format!("event:{space}{}{line}", event.name)
    };
    let before = format!("{pings}{name}data:{space}");
    let len = before.len() + event.data.len() + 2 * line.len();
    out.extend_from_slice(format!("{len:x}\r\n{before}").as_bytes());
    out.extend_from_slice(event.data.as_bytes());
    out.extend_from_slice(format!("{line}{line}").as_bytes());
    out.extend_from_slice(b"\r\n");
}
