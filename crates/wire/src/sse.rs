//! Server-sent events, decoded in pieces of any size by the rules of the WHATWG event stream:
//! LF, CRLF or CR ends a line, a blank line dispatches the event, one BOM at the start is dropped.
//!
//! An event is delivered at its blank line. At the end of the stream, where the standard would
//! drop a pending event, one that is complete is delivered: servers do end with `data: [DONE]`.

use crate::errors::vendor::is_error_name;
use memchr::memchr2;

/// One event of a stream, borrowed from the bytes fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The `event:` field, `""` without one.
    pub event: &'a str,
    /// The `data:` lines, joined with newlines.
    pub data: &'a [u8],
    /// It is no event of the standard: lines that are no fields, as they stand. Servers that fail
    /// in the middle of a stream write so.
    pub stray: bool,
}

/// A stream that cannot be decoded further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SseError {
    /// One line or event exceeds the limit.
    #[error("one event exceeds {limit} bytes")]
    EventTooLarge {
        /// The limit, bytes.
        limit: usize,
    },
}

/// The end of a stream: whether a piece of an event was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SseTail {
    /// Nothing, or a complete event that has been delivered.
    Clean,
    /// A piece of an event.
    Unterminated,
}

/// Largest event unless another limit is set, bytes.
const DEFAULT_LIMIT: usize = 16 << 20;

/// What waits for its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pending {
    #[default]
    Nothing,
    /// Data of an event.
    Data,
    /// Lines that are no fields.
    Stray,
}

/// An incremental decoder of one event stream, fed in pieces of any size.
#[derive(Debug)]
pub struct SseDecoder {
    /// A line whose end has not come yet.
    partial: Vec<u8>,
    /// Earlier lines of what pends.
    data: Vec<u8>,
    pending: Pending,
    /// The `event:` field of what pends.
    event: String,
    /// The last line ended with CR; an LF right behind belongs to it.
    after_cr: bool,
    /// Nothing has come yet: a byte order mark may.
    at_start: bool,
    /// Largest event, bytes.
    limit: usize,
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl SseDecoder {
    /// A decoder at the start of a stream, with the default limit of 16 MiB an event.
    pub fn new() -> Self {
        Self::with_limit(DEFAULT_LIMIT)
    }

    /// A decoder with its own limit on the size of an event.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            partial: Vec::new(),
            data: Vec::new(),
            pending: Pending::Nothing,
            event: String::new(),
            after_cr: false,
            at_start: true,
            limit,
        }
    }

    /// Takes bytes and delivers each event that they complete.
    ///
    /// # Errors
    /// [`SseError::EventTooLarge`]; the rest of the stream cannot be decoded.
    pub fn feed<F: FnMut(SseEvent<'_>)>(
        &mut self,
        mut bytes: &[u8],
        mut on_event: F,
    ) -> Result<(), SseError> {
        if self.at_start {
            // Only a byte order mark begins so; without one the first event may be borrowed, too.
            let first = self.partial.first().or(bytes.first());
            self.at_start = first.is_none_or(|byte| *byte == 0xEF);
        }
        while !bytes.is_empty() {
            if self.after_cr {
                self.after_cr = false;
                if bytes[0] == b'\n' {
                    bytes = &bytes[1..];
                    continue;
                }
            }
            if self.plain()
                && let Some(rest) = deliver_whole(bytes, &mut on_event)
            {
                bytes = rest;
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.partial.extend_from_slice(bytes);
                return self.check_size();
            };
            self.after_cr = bytes[end] == b'\r';
            if self.partial.is_empty() {
                self.line(&bytes[..end], &mut on_event);
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(&bytes[..end]);
                self.line(&line, &mut on_event);
                line.clear();
                self.partial = line;
            }
            self.check_size()?;
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    /// Nothing pends, so an event that stands whole in the input can be borrowed from it.
    fn plain(&self) -> bool {
        self.partial.is_empty()
            && self.pending == Pending::Nothing
            && self.event.is_empty()
            && !self.at_start
    }

    fn check_size(&self) -> Result<(), SseError> {
        if self.partial.len() + self.data.len() > self.limit {
            return Err(SseError::EventTooLarge { limit: self.limit });
        }
        Ok(())
    }

    fn line<F: FnMut(SseEvent<'_>)>(&mut self, line: &[u8], on_event: &mut F) {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return self.dispatch(on_event);
        }
        if !is_field(line) {
            return self.take_stray(line);
        }
        if self.pending == Pending::Stray {
            self.deliver_stray(on_event);
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match name {
            b"data" => {
                if self.pending == Pending::Data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.pending = Pending::Data;
            }
            b"event" => self.event = String::from_utf8_lossy(value).into_owned(),
            // Not of the standard: servers tell what broke a stream so. An empty one tells nothing.
            b"error" if !is_nothing(value) => {
                "error".clone_into(&mut self.event);
                self.data.clear();
                self.data.extend_from_slice(value);
                self.pending = Pending::Data;
            }
            // Comments (an empty name), id, retry and unknown fields.
            _ => {}
        }
    }

    /// A line that is no field; within an event it is passed over, as the standard says.
    fn take_stray(&mut self, line: &[u8]) {
        if self.pending == Pending::Data {
            return;
        }
        self.data.extend_from_slice(line);
        self.data.push(b'\n');
        self.pending = Pending::Stray;
    }

    fn dispatch<F: FnMut(SseEvent<'_>)>(&mut self, on_event: &mut F) {
        match self.pending {
            Pending::Nothing => {}
            Pending::Stray => self.deliver_stray(on_event),
            Pending::Data => on_event(SseEvent {
                event: &self.event,
                data: &self.data,
                stray: false,
            }),
        }
        self.pending = Pending::Nothing;
        self.data.clear();
        self.event.clear();
    }

    fn deliver_stray<F: FnMut(SseEvent<'_>)>(&mut self, on_event: &mut F) {
        on_event(SseEvent {
            event: "",
            data: self.data.trim_ascii_end(),
            stray: true,
        });
        self.pending = Pending::Nothing;
        self.data.clear();
    }

    /// The stream has ended: delivers a pending event if it is complete.
    pub fn finish<F: FnMut(SseEvent<'_>)>(&mut self, mut on_event: F) -> SseTail {
        let cut_in_line = !self.partial.is_empty();
        if cut_in_line {
            let line = std::mem::take(&mut self.partial);
            self.line(&line, &mut on_event);
        }
        match self.pending {
            Pending::Nothing => return SseTail::Clean,
            Pending::Stray => {
                self.deliver_stray(&mut on_event);
                return SseTail::Clean;
            }
            Pending::Data => {}
        }
        let whole = !cut_in_line || is_whole(&self.data);
        if whole {
            self.dispatch(&mut on_event);
            return SseTail::Clean;
        }
        SseTail::Unterminated
    }
}

/// What an `error:` field holds that tells of none.
fn is_nothing(value: &[u8]) -> bool {
    let words: [&[u8]; 7] = [b"", b"null", b"none", b"None", b"0", b"false", b"{}"];
    words.contains(&value.trim_ascii())
}

/// A line of the standard's form: a comment, or a field, whose name is one word. Names that the
/// standard does not know are passed over as it says, but for those of errors.
fn is_field(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| *byte == b':');
    let name = &line[..end.unwrap_or(line.len())];
    let known = [&b"data"[..], b"event", b"id", b"retry"];
    if known.contains(&name) {
        return true;
    }
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let text = std::str::from_utf8(name).unwrap_or("");
    end.is_some() && name.iter().all(word) && (name == b"error" || !is_error_name(text))
}

/// Delivers the event at the start of `bytes` if it is one `data:` line, an `event:` line before it
/// perhaps, and its blank line, with LF ends, all there. Returns what stands behind it.
fn deliver_whole<'a, F: FnMut(SseEvent<'_>)>(
    bytes: &'a [u8],
    on_event: &mut F,
) -> Option<&'a [u8]> {
    let (event, value) = match bytes.strip_prefix(b"data:") {
        Some(value) => ("", value),
        None => named(bytes)?,
    };
    let end = memchr::memchr(b'\n', value)?;
    let rest = value[end + 1..].strip_prefix(b"\n")?;
    let line = &value[..end];
    let data = line.strip_prefix(b" ").unwrap_or(line);
    if memchr::memchr(b'\r', data).is_some() {
        return None;
    }
    on_event(SseEvent {
        event,
        data,
        stray: false,
    });
    Some(rest)
}

/// The name of an `event:` line, and what stands behind the `data:` of the line that follows it.
fn named(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let line = bytes.strip_prefix(b"event:")?;
    let end = memchr::memchr(b'\n', line)?;
    let (name, rest) = (&line[..end], &line[end + 1..]);
    let value = rest.strip_prefix(b"data:")?;
    let name = name.strip_prefix(b" ").unwrap_or(name);
    if memchr::memchr(b'\r', name).is_some() {
        return None;
    }
    Some((std::str::from_utf8(name).ok()?, value))
}

/// Whether data whose line never ended is complete all the same.
fn is_whole(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    data == b"[DONE]" || serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok()
}
