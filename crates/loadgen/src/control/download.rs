//! One GET whose body is read as it comes: a file from a hub may be larger than memory.

use crate::{
    LoadError,
    request::auth::{given, of_other_server},
    secrets::Secrets,
    transport::{Conn, ExchangeError, Network},
};
use dualround_model::Secret;
use dualround_wire::{Frame, HttpError, ResponseDecoder, ResponseHead};
use std::{
    io::{self, Read},
    time::Duration,
};
use tokio::{runtime::Runtime, time::timeout};

/// An answer whose body is yet to be read. Blocks.
pub struct Download {
    /// What came before the body.
    pub head: ResponseHead,
    conn: Conn,
    decoder: ResponseDecoder,
    runtime: Runtime,
    /// Between two reads, at most.
    limit: Duration,
    /// Of the body, what was received and not yet read.
    received: Vec<u8>,
    /// How much of that was read.
    at: usize,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download").finish_non_exhaustive()
    }
}

/// Asks for a URL with these headers, whatever its status; no redirect is followed. `limit` bounds the
/// opening of the connection, and the wait for each read.
///
/// # Errors
/// [`LoadError`] when the URL cannot be used or no answer begins.
pub fn download(
    url: &str,
    network: &Network,
    headers: &[(String, Secret)],
    limit: Duration,
) -> Result<Download, LoadError> {
    let target = network.target(url)?;
    let runtime = crate::runtime::single()?;
    let request = of_other_server(&target, &given(headers))
        .head("GET", &target)
        .http1(None);
    let secrets = Secrets::of_request(url, headers, network.plan());
    let unanswered = |reason: String| LoadError::Unanswered {
        url: target.shown.clone(),
        reason: secrets.scrub(reason),
    };
    let opening = Conn::open(&target, network.clock, Some(limit));
    let mut conn = runtime
        .block_on(opening)
        .map_err(|error| unanswered(error.to_string()))?;
    runtime
        .block_on(conn.write(request.as_bytes()))
        .map_err(|(_, error)| unanswered(ExchangeError::from(error).to_string()))?;
    let mut download = Download {
        head: ResponseHead::default(),
        conn,
        decoder: ResponseDecoder::new(),
        runtime,
        limit,
        received: Vec::new(),
        at: 0,
    };
    // Heads of status 1xx announce the one that counts.
    while download.head.status < 200 {
        let received = download.receive();
        received.map_err(|error| unanswered(error.to_string()))?;
    }
    Ok(download)
}

impl Download {
    /// Receives once; what was received before is read.
    fn receive(&mut self) -> io::Result<()> {
        self.received.clear();
        self.at = 0;
        let (decoder, head, body) = (&mut self.decoder, &mut self.head, &mut self.received);
        let reading = self
            .conn
            .read(|bytes, _| decode(decoder, head, body, bytes));
        let limit = self.limit;
        let read = self
            .runtime
            .block_on(async { timeout(limit, reading).await });
        let decoded = read.map_err(|_| {
            let words = format!("nothing came for {} s", limit.as_secs_f64());
            io::Error::new(io::ErrorKind::TimedOut, words)
        })?;
        let decoded = decoded.map_err(|error| io::Error::other(ExchangeError::from(error)))?;
        decoded.map_err(io::Error::other)
    }
}

impl Read for Download {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.received.len() {
            if self.decoder.is_done() {
                return Ok(0);
            }
            self.receive()?;
        }
        let rest = &self.received[self.at..];
        let taken = rest.len().min(out.len());
        out[..taken].copy_from_slice(&rest[..taken]);
        self.at += taken;
        Ok(taken)
    }
}

/// Takes what was received apart; nothing is the end of the connection.
fn decode(
    decoder: &mut ResponseDecoder,
    head: &mut ResponseHead,
    body: &mut Vec<u8>,
    mut bytes: &[u8],
) -> Result<(), HttpError> {
    if bytes.is_empty() {
        return decoder.eof().map(|_| ());
    }
    loop {
        match decoder.decode(bytes)? {
            (Frame::NeedMore | Frame::End, _) => return Ok(()),
            (Frame::Head(found), used) => {
                *head = *found;
                bytes = &bytes[used..];
            }
            (Frame::Body(part), used) => {
                body.extend_from_slice(part);
                bytes = &bytes[used..];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread::spawn,
    };

    /// What is made of an answer that is sent in these pieces, each by itself, before the connection ends.
    fn fetched(pieces: &'static [&'static str]) -> (Download, io::Result<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/file", listener.local_addr().unwrap());
        let server = spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {}
            for piece in pieces {
                stream.write_all(piece.as_bytes()).unwrap();
            }
        });
        let limit = Duration::from_secs(10);
        let mut download = download(&url, &Network::plain(), &[], limit).unwrap();
        let mut text = String::new();
        let read = download.read_to_string(&mut text);
        server.join().unwrap();
        (download, read.map(|_| text))
    }

    #[test]
    fn a_body_is_read_as_it_comes() {
        let (download, text) = fetched(&[
            "HTTP/1.1 103 Early Hints\r\n\r\n",
            "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "c\r\n",
            "2\r\nde\r\n0\r\n\r\n",
        ]);
        assert_eq!(text.unwrap(), "abcde");
        assert_eq!(download.head.status, 200);
        assert_eq!(download.head.etag.as_deref(), Some("\"a\""));
    }

    #[test]
    fn a_body_that_is_cut_short_is_no_whole_one() {
        let (_, text) = fetched(&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"]);
        assert!(text.is_err(), "{text:?}");
    }
}
