//! The server's half of HTTP/1.1: reading requests, writing responses.

use crate::arrival::ArrivalReader;
use std::{io, time::Instant};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// A request, read whole.
#[derive(Debug)]
pub(crate) struct HttpRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    /// `x-api-key`.
    pub(crate) api_key: Option<String>,
    pub(crate) body: Vec<u8>,
    /// The client wants the connection closed after the answer.
    pub(crate) close: bool,
    /// Its last byte had come.
    pub(crate) arrived: Instant,
}

/// A connection with the bytes read ahead of the present request.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    arrivals: ArrivalReader,
}

/// Bodies above this are refused by closing the connection.
const BODY_LIMIT: usize = 256 << 20;
const HEAD_LIMIT: usize = 64 << 10;

/// The head of a request, parsed, with what it says of the body.
struct ParsedHead {
    /// The request, still without its body.
    request: HttpRequest,
    /// Bytes of the head itself.
    len: usize,
    /// `Content-Length`, bytes.
    length: usize,
    chunked: bool,
    /// The client waits for `100 Continue` before it sends the body.
    expects: bool,
}

fn bad(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.to_owned())
}

/// Reads a head; `None` where its end has not come yet.
fn parse_head(bytes: &[u8]) -> io::Result<Option<ParsedHead>> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut parsed = httparse::Request::new(&mut headers);
    let len = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_LIMIT => return Ok(None),
        _ => return Err(bad("request head")),
    };
    let mut head = ParsedHead {
        request: HttpRequest {
            method: parsed.method.unwrap_or("").to_owned(),
            path: parsed.path.unwrap_or("").to_owned(),
            close: parsed.version != Some(1),
            authorization: None,
            api_key: None,
            body: Vec::new(),
            arrived: Instant::now(),
        },
        len,
        length: 0,
        chunked: false,
        expects: false,
    };
    for header in parsed.headers.iter() {
        let value = String::from_utf8_lossy(header.value).trim().to_owned();
        match header.name.to_ascii_lowercase().as_str() {
            "content-length" => head.length = value.parse().map_err(|_| bad("content-length"))?,
            "transfer-encoding" => head.chunked = value.eq_ignore_ascii_case("chunked"),
            "expect" => head.expects = true,
            "authorization" => head.request.authorization = Some(value),
            "x-api-key" => head.request.api_key = Some(value),
            "connection" if value.eq_ignore_ascii_case("close") => head.request.close = true,
            _ => {}
        }
    }
    if head.length > BODY_LIMIT {
        return Err(bad("body too large"));
    }
    Ok(Some(head))
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            arrivals: ArrivalReader::new(&stream),
            stream,
            buffer: Vec::new(),
        }
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.arrivals.read(&self.stream, &mut self.buffer).await
    }

    /// The next request; `None` when the client has closed the connection.
    pub(crate) async fn request(&mut self) -> io::Result<Option<HttpRequest>> {
        let mut head = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        };
        self.buffer.drain(..head.len);
        if head.expects {
            self.stream
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
                .await?;
        }
        if head.chunked {
            while let Some(size) = self.chunk_size().await? {
                head.request.body.extend(self.take(size).await?);
                self.take(2).await?;
            }
        } else {
            head.request.body = self.take(head.length).await?;
        }
        head.request.arrived = self.arrivals.last;
        Ok(Some(head.request))
    }

    async fn take(&mut self, len: usize) -> io::Result<Vec<u8>> {
        while self.buffer.len() < len {
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.buffer.split_off(len);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// The size of the next chunk; `None` behind the last one and its trailer.
    async fn chunk_size(&mut self) -> io::Result<Option<usize>> {
        let line = self.line().await?;
        let size = line.split(';').next().unwrap_or("").trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| bad("chunk size"))?;
        if size > BODY_LIMIT {
            return Err(bad("chunk too large"));
        }
        if size > 0 {
            return Ok(Some(size));
        }
        while !self.line().await?.is_empty() {}
        Ok(None)
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim().to_owned());
            }
            if self.buffer.len() > HEAD_LIMIT || self.fill().await? == 0 {
                return Err(bad("chunked body"));
            }
        }
    }

    /// Writes a whole response.
    pub(crate) async fn respond(&mut self, status: u16, kind: &str, body: &str) -> io::Result<()> {
        self.respond_with(status, kind, "", body).await
    }

    /// The same with further header lines, each ended with CRLF.
    pub(crate) async fn respond_with(
        &mut self,
        status: u16,
        kind: &str,
        more: &str,
        body: &str,
    ) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {status} {}\r\nServer: simllm\r\nContent-Type: {kind}\r\n{more}\
             Content-Length: {}\r\n\r\n",
            reason(status),
            body.len()
        );
        self.stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
