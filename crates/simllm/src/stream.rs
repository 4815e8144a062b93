//! The answer to a chat request: events at their instants, or one JSON body; faults included.

use crate::{
    chat::ChatRequest,
    chunk::{ChunkForm, word},
    engine::{CachedTokens, Engine, RunningRequest},
    faults::Fault,
    http::Connection,
    tokenizer,
    truth::TruthRequest,
};
use serde_json::json;
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

/// Whether the connection can go on.
pub(crate) type GoOn = bool;

impl ChatAnswer<'_> {
    /// Serves the request and logs what happened.
    pub(crate) async fn serve(mut self) -> io::Result<GoOn> {
        let ids = match &self.chat.prompt {
            Some(prompt) => tokenizer::plain_tokens(prompt),
            None => tokenizer::chat_tokens(&self.chat.messages),
        };
        let mut running = self.engine.enter();
        let (cached, mut due) = running.prefill(&ids, &self.chat.salt).await;
        if let Some(Fault::Late { ms }) = self.fault {
            due += Duration::from_millis(ms);
            sleep_until(due.into()).await;
        }
        self.truth.prompt_tokens = ids.len() as u64;
        self.truth.cached_tokens = cached.local + cached.external;
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
        let text: Vec<&str> = (0..n).map(|i| word(seed, i)).collect();
        let body = json!({
            "id": format!("sim-{}", self.truth.id), "object": "chat.completion",
            "model": self.engine.config.first_model(), "usage": self.usage(n),
            "choices": [{"index": 0, "finish_reason": "length",
                "message": {"role": "assistant", "content": text.join(" ")}}],
        });
        self.truth.tokens = n as u64;
        self.truth.t_done_ns = Some(self.engine.now());
        self.connection
            .respond(200, "application/json", &body.to_string())
            .await?;
        Ok(true)
    }

    fn cached_details(&self) -> serde_json::Value {
        let cached = self.truth.cached_tokens;
        if !self.engine.config.report_cached_by_tier {
            return json!({"cached_tokens": cached});
        }
        json!({"cached_tokens": cached, "local_cached_tokens": self.cached.local,
            "external_cached_tokens": self.cached.external})
    }

    fn usage(&self, tokens: usize) -> serde_json::Value {
        let details = (self.engine.config.report_cached_tokens).then(|| self.cached_details());
        let completion = match &self.fault {
            Some(Fault::UsageMismatch { completion_tokens }) => *completion_tokens,
            _ => tokens as u64,
        };
        let prompt = self.truth.prompt_tokens;
        json!({"prompt_tokens": prompt, "completion_tokens": completion,
            "total_tokens": prompt + completion, "prompt_tokens_details": details})
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
        let form = ChunkForm::of(&self.chat, &engine.config, self.truth.id, seed);
        self.put(STREAM_HEAD).await?;
        if self.fault != Some(Fault::EmptyOutput) {
            if self.fault == Some(Fault::Bom) {
                self.put(b"3\r\n\xef\xbb\xbf\r\n").await?;
            }
            if !form.is_plain {
                self.event(&form.role()).await?;
            }
            if let Some(go_on) = self.tokens(&form, running, due).await? {
                return Ok(go_on);
            }
            let reason = self.finish_reason();
            self.event(&form.finish(&reason)).await?;
        }
        self.end(&form.prefix, self.wanted()).await
    }

    /// Writes all tokens, the first one when it is due and each when its time has passed; `Some` when
    /// a fault ended the stream.
    async fn tokens(
        &mut self,
        form: &ChunkForm<'_>,
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
            if let Some(go_on) = self.break_off(sent).await? {
                return Ok(Some(go_on));
            }
            let count = per_event.min(wanted - sent);
            if sent > 0 {
                at += running.itl() * u32::try_from(count).unwrap_or(1);
                if at > Instant::now() {
                    sleep_until(at.into()).await;
                }
            }
            let mut event = form.tokens(sent..sent + count);
            sent += count;
            if self.chat.continuous_usage {
                event.push_str(&format!(",\"usage\":{}", self.usage(sent)));
            }
            event.push('}');
            frame(&mut self.batch, self.fault.as_ref(), &event);
            self.batched += 1;
            if self.batched >= together || sent == wanted {
                self.write_batch(sent).await?;
            }
        }
        Ok(None)
    }

    /// Why the answer ends, as JSON.
    fn finish_reason(&mut self) -> String {
        let Some(Fault::Finish { reason }) = &self.fault else {
            return "\"length\"".to_owned();
        };
        self.truth.aborted = true;
        json!(reason).to_string()
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

    /// Usage, `[DONE]` and the end of the body.
    async fn end(&mut self, prefix: &str, n: usize) -> io::Result<GoOn> {
        let empty = self.fault == Some(Fault::EmptyOutput);
        if self.chat.include_usage && self.engine.config.report_usage && !empty {
            self.event(&format!("{prefix}],\"usage\":{}}}", self.usage(n)))
                .await?;
        }
        self.truth.t_done_ns = Some(self.engine.now());
        if self.fault != Some(Fault::MissingDone) {
            self.event("[DONE]").await?;
        }
        if self.fault == Some(Fault::Buffered) {
            let held = std::mem::take(&mut self.held);
            self.put(&held).await?;
        }
        self.put(b"0\r\n\r\n").await?;
        Ok(true)
    }

    /// Ends the stream where a fault says so; `Some` when it did.
    async fn break_off(&mut self, sent: usize) -> io::Result<Option<GoOn>> {
        let Some(fault) = self.fault.clone() else {
            return Ok(None);
        };
        match fault {
            Fault::ErrorEvent {
                after_tokens,
                message,
            } if sent >= after_tokens => {
                let error = json!({"error": {"message": message, "type": "server_error"}});
                self.event(&error.to_string()).await?;
                self.event("[DONE]").await?;
                self.put(b"0\r\n\r\n").await?;
                self.truth.aborted = true;
                Ok(Some(true))
            }
            Fault::ErrorField { after_tokens } if sent >= after_tokens => {
                let line = "error: {\"code\":500,\"message\":\"made to fail\"}\n\n";
                self.put(format!("{:x}\r\n{line}\r\n", line.len()).as_bytes())
                    .await?;
                self.event("[DONE]").await?;
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
                self.event("{\"choices\":[{\"delta\":{\"content\":\"x\"}]}")
                    .await?;
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

    /// Writes an event that bears no token.
    async fn event(&mut self, data: &str) -> io::Result<()> {
        let mut framed = Vec::with_capacity(data.len() + 32);
        frame(&mut framed, self.fault.as_ref(), data);
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
fn frame(out: &mut Vec<u8>, fault: Option<&Fault>, data: &str) {
    let (before, after) = match fault {
        Some(Fault::Crlf) => ("data: ", "\r\n\r\n"),
        Some(Fault::Cr) => ("data: ", "\r\r"),
        Some(Fault::NoSpace) => ("data:", "\n\n"),
        Some(Fault::Comments) => (": ping\n\nevent: ping\ndata: {}\n\ndata: ", "\n\n"),
        _ => ("data: ", "\n\n"),
    };
    let len = before.len() + data.len() + after.len();
    out.extend_from_slice(format!("{len:x}\r\n{before}").as_bytes());
    out.extend_from_slice(data.as_bytes());
    out.extend_from_slice(after.as_bytes());
    out.extend_from_slice(b"\r\n");
}
