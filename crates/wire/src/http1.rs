//! HTTP/1.1 response framing (RFC 9112): head, then a body by chunks, by length or until the end.

use crate::gateway::{self, Gateway};
use std::mem::MaybeUninit;

/// The head of a response, as far as a client needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// Status code.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Length`.
    pub content_length: Option<u64>,
    /// The connection may carry another request after this response.
    pub keep_alive: bool,
    /// `Retry-After`.
    pub retry_after: Option<String>,
    /// `retry-after-ms` (OpenAI) or `x-ms-retry-after-ms` (Azure).
    pub retry_after_ms: Option<String>,
    /// `Date`.
    pub date: Option<String>,
    /// `Location`.
    pub location: Option<String>,
    /// `Server`.
    pub server: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `X-Linked-ETag`, of the file that a hub's redirect leads to.
    pub linked_etag: Option<String>,
    /// The gateway that its headers name.
    pub gateway: Option<Box<Gateway>>,
}

impl ResponseHead {
    /// Takes a header for what it says of a gateway.
    pub fn note_gateway(&mut self, name: &str, value: &str) {
        if self.gateway.as_ref().is_some_and(|known| known.own) {
            return;
        }
        if let Some(found) = gateway::of_header(name, value) {
            self.gateway = Some(Box::new(found));
        }
    }
}

/// One step of a response that is being decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The input holds nothing whole; feed more.
    NeedMore,
    /// The head is complete.
    Head(Box<ResponseHead>),
    /// Bytes of the body, borrowed from the input.
    Body(&'a [u8]),
    /// The body is complete.
    End,
}

/// Bytes that are no HTTP/1.1 response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The head does not parse.
    #[error("not an HTTP/1.1 response: {0}")]
    Head(String),
    /// The head is in another version of HTTP.
    #[error("not an HTTP/1.1 response: invalid HTTP version")]
    Version,
    /// The head exceeds 64 KiB or 256 headers.
    #[error("the response head is too large")]
    HeadTooLarge,
    /// A chunk size that is no hexadecimal number, or a chunk not followed by a line end.
    #[error("bad chunked framing: {0}")]
    Chunk(&'static str),
    /// A `Content-Length` that is no number, or two that differ.
    #[error("bad Content-Length")]
    Length,
    /// The connection ended before the response did.
    #[error("the connection ended in the middle of the response")]
    UnexpectedEof,
}

/// Bytes of a head, or of trailers, at most.
const HEAD_LIMIT: usize = 64 * 1024;
/// Headers of a head at most.
const HEADER_LIMIT: usize = 256;
/// Bytes of a chunk's size line at most.
const CHUNK_LINE_LIMIT: usize = 4096;

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// The head of a response, an interim one included.
    Head,
    /// In a chunk size line: the size so far, digits seen, whether extensions began.
    ChunkSize {
        size: u64,
        digits: u8,
        rest: bool,
        line: usize,
    },
    /// A chunk: bytes that are left of it.
    ChunkData(u64),
    /// The line end behind a chunk.
    ChunkEnd,
    /// Trailer lines until an empty one; whether the current line is empty so far.
    Trailer { empty: bool, total: usize },
    /// A body with a length: bytes that are left of it.
    Length(u64),
    /// A body that ends with the connection.
    UntilEof,
    /// The response is complete.
    Done,
}

/// A decoder of one response, fed in pieces of any size.
#[derive(Debug)]
pub struct ResponseDecoder {
    state: Framing,
    /// Bytes of a head whose end has not come yet.
    head: Vec<u8>,
    /// The end has been given out.
    ended: bool,
}

impl Default for ResponseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

const SIZE_START: Framing = Framing::ChunkSize {
    size: 0,
    digits: 0,
    rest: false,
    line: 0,
};

impl ResponseDecoder {
    /// A decoder for the response to a GET or POST.
    pub fn new() -> Self {
        Self {
            state: Framing::Head,
            head: Vec::new(),
            ended: false,
        }
    }

    /// True once [`Frame::End`] has been returned.
    pub fn is_done(&self) -> bool {
        self.ended
    }

    /// Decodes one frame from `input`; returns it with the number of bytes used. Call again with
    /// the rest until it needs more or the body ends.
    ///
    /// # Errors
    /// [`HttpError`] when the bytes are no response; the decoder is of no use afterwards.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> Result<(Frame<'a>, usize), HttpError> {
        let mut used = 0;
        loop {
            match self.state {
                Framing::Done => {
                    let frame = if self.ended {
                        Frame::NeedMore
                    } else {
                        Frame::End
                    };
                    self.ended = true;
                    return Ok((frame, used));
                }
                _ if used == input.len() => return Ok((Frame::NeedMore, used)),
                Framing::Head => {
                    let (head, n) = self.take_head(&input[used..])?;
                    used += n;
                    match head {
                        None => return Ok((Frame::NeedMore, used)),
                        Some(head) if head.status < 200 => self.state = Framing::Head,
                        Some(head) => return Ok((Frame::Head(Box::new(head)), used)),
                    }
                }
                Framing::Length(left) | Framing::ChunkData(left) => {
                    let rest = &input[used..];
                    let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let left = left - n as u64;
                    self.state = match (self.state, left) {
                        (Framing::Length(_), 0) => Framing::Done,
                        (Framing::Length(_), _) => Framing::Length(left),
                        (_, 0) => Framing::ChunkEnd,
                        _ => Framing::ChunkData(left),
                    };
                    return Ok((Frame::Body(&rest[..n]), used + n));
                }
                Framing::UntilEof => return Ok((Frame::Body(&input[used..]), input.len())),
                Framing::ChunkSize { .. } | Framing::ChunkEnd | Framing::Trailer { .. } => {
                    used += match self.plain_line(&input[used..]) {
                        Some(n) => n,
                        None => {
                            self.chunk_byte(input[used])?;
                            1
                        }
                    };
                }
            }
        }
    }

    /// Reads a head once it is whole; how many bytes of the input are used.
    fn take_head(&mut self, input: &[u8]) -> Result<(Option<ResponseHead>, usize), HttpError> {
        let before = self.head.len();
        // The usual case, a head in one piece, needs no copy.
        let joined;
        let bytes: &[u8] = if before == 0 {
            input
        } else {
            self.head.extend_from_slice(input);
            joined = std::mem::take(&mut self.head);
            &joined
        };
        let mut headers = [const { MaybeUninit::uninit() }; HEADER_LIMIT];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        match config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers) {
            Ok(httparse::Status::Complete(len)) => {
                let (head, state) = read_head(&response)?;
                self.state = state;
                Ok((Some(head), len - before))
            }
            Ok(httparse::Status::Partial) if bytes.len() > HEAD_LIMIT => {
                Err(HttpError::HeadTooLarge)
            }
            Ok(httparse::Status::Partial) => {
                self.head = bytes.to_vec();
                Ok((None, input.len()))
            }
            Err(httparse::Error::TooManyHeaders) => Err(HttpError::HeadTooLarge),
            Err(httparse::Error::Version) => Err(HttpError::Version),
            Err(error) => Err(HttpError::Head(error.to_string())),
        }
    }

    /// The usual case at once: the line end behind a chunk, or a size line without extension, whole
    /// in `rest`. Anything else goes byte by byte.
    fn plain_line(&mut self, rest: &[u8]) -> Option<usize> {
        match self.state {
            Framing::ChunkEnd if rest.starts_with(b"\r\n") => {
                self.state = SIZE_START;
                Some(2)
            }
            Framing::ChunkSize { line: 0, .. } => {
                let mut size = 0;
                for (at, byte) in rest.iter().take(8).enumerate() {
                    let digit = match byte {
                        b'0'..=b'9' => byte - b'0',
                        b'a'..=b'f' => byte - b'a' + 10,
                        b'A'..=b'F' => byte - b'A' + 10,
                        b'\r' if size > 0 && rest.get(at + 1) == Some(&b'\n') => {
                            self.state = Framing::ChunkData(size);
                            return Some(at + 2);
                        }
                        _ => return None,
                    };
                    size = size * 16 + u64::from(digit);
                }
                None
            }
            _ => None,
        }
    }

    /// Takes one byte of the framing of chunks.
    fn chunk_byte(&mut self, byte: u8) -> Result<(), HttpError> {
        self.state = match self.state {
            Framing::ChunkSize {
                size,
                digits,
                rest,
                line,
            } => {
                if line > CHUNK_LINE_LIMIT {
                    return Err(HttpError::Chunk("the size line is too long"));
                }
                let digit = if !rest {
                    char::from(byte).to_digit(16)
                } else {
                    None
                };
                match (byte, digit) {
                    (_, Some(digit)) => {
                        if digits >= 15 {
                            return Err(HttpError::Chunk("the size is too large"));
                        }
                        let size = size * 16 + u64::from(digit);
                        Framing::ChunkSize {
                            size,
                            digits: digits + 1,
                            rest,
                            line: line + 1,
                        }
                    }
                    (b'\n', _) if digits > 0 && size > 0 => Framing::ChunkData(size),
                    (b'\n', _) if digits > 0 => Framing::Trailer {
                        empty: true,
                        total: 0,
                    },
                    (b'\n', _) => return Err(HttpError::Chunk("no size")),
                    (b';' | b' ' | b'\t' | b'\r', _) if digits > 0 => Framing::ChunkSize {
                        size,
                        digits,
                        rest: true,
                        line: line + 1,
                    },
                    _ if rest => Framing::ChunkSize {
                        size,
                        digits,
                        rest,
                        line: line + 1,
                    },
                    _ => return Err(HttpError::Chunk("the size is not hexadecimal")),
                }
            }
            Framing::ChunkEnd => match byte {
                b'\r' => Framing::ChunkEnd,
                b'\n' => SIZE_START,
                _ => return Err(HttpError::Chunk("no line end behind a chunk")),
            },
            Framing::Trailer { empty, total } => match byte {
                b'\n' if empty => Framing::Done,
                b'\n' => Framing::Trailer {
                    empty: true,
                    total: total + 1,
                },
                b'\r' => Framing::Trailer {
                    empty,
                    total: total + 1,
                },
                _ if total > HEAD_LIMIT => return Err(HttpError::Chunk("the trailer is too long")),
                _ => Framing::Trailer {
                    empty: false,
                    total: total + 1,
                },
            },
            other => other,
        };
        Ok(())
    }

    /// Takes the end of the connection.
    ///
    /// Returns true when that ends the body properly (a body without length), false when the
    /// response was complete before.
    ///
    /// # Errors
    /// [`HttpError::UnexpectedEof`] when it cuts the response short.
    pub fn eof(&mut self) -> Result<bool, HttpError> {
        match self.state {
            Framing::UntilEof => {
                self.state = Framing::Done;
                self.ended = true;
                Ok(true)
            }
            Framing::Done => Ok(false),
            _ => Err(HttpError::UnexpectedEof),
        }
    }
}

/// What a parsed head says, and what follows it.
fn read_head(response: &httparse::Response<'_, '_>) -> Result<(ResponseHead, Framing), HttpError> {
    let status = response.code.unwrap_or(0);
    let mut head = ResponseHead {
        status,
        keep_alive: response.version == Some(1),
        ..ResponseHead::default()
    };
    let mut chunked = false;
    for header in response.headers.iter() {
        let value = String::from_utf8_lossy(header.value);
        let (name, value) = (header.name, value.trim());
        let own = || Some(value.to_owned());
        if name.eq_ignore_ascii_case("content-type") {
            head.content_type = own();
        } else if name.eq_ignore_ascii_case("content-length") {
            // A proxy that joins two equal lines makes a list of them.
            for part in value.split(',') {
                let length = part.trim().parse().map_err(|_| HttpError::Length)?;
                if head.content_length.is_some_and(|known| known != length) {
                    return Err(HttpError::Length);
                }
                head.content_length = Some(length);
            }
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked |= value.to_ascii_lowercase().ends_with("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            let value = value.to_ascii_lowercase();
            if value.contains("close") {
                head.keep_alive = false;
            } else if value.contains("keep-alive") {
                head.keep_alive = true;
            }
        } else if name.eq_ignore_ascii_case("content-encoding") {
            head.content_encoding = own();
        } else if name.eq_ignore_ascii_case("retry-after") {
            head.retry_after = own();
        } else if name.eq_ignore_ascii_case("retry-after-ms")
            || name.eq_ignore_ascii_case("x-ms-retry-after-ms")
        {
            head.retry_after_ms = own();
        } else if name.eq_ignore_ascii_case("date") {
            head.date = own();
        } else if name.eq_ignore_ascii_case("location") {
            head.location = own();
        } else if name.eq_ignore_ascii_case("server") {
            head.note_gateway(name, value);
            head.server = own();
        } else if name.eq_ignore_ascii_case("etag") {
            head.etag = own();
        } else if name.eq_ignore_ascii_case("x-linked-etag") {
            head.linked_etag = own();
        } else {
            head.note_gateway(name, value);
        }
    }
    let state = match (status, chunked, head.content_length) {
        (100..=199, ..) => Framing::Head,
        (204 | 304, ..) | (_, false, Some(0)) => Framing::Done,
        (_, true, _) => SIZE_START,
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => {
            head.keep_alive = false;
            Framing::UntilEof
        }
    };
    Ok((head, state))
}
