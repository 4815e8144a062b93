//! A page to scrape, on a thread of its own.

use crate::exit::Usage;
use prometheus_client::registry::Registry;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::Duration,
};

/// Bytes of a request that are read.
const MOST_BYTES: u64 = 16 << 10;
/// How long one read or write may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A listener that answers every scrape, and ends when dropped.
pub(super) struct ScrapeListener {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    address: std::net::SocketAddr,
}

impl ScrapeListener {
    pub(super) fn start(address: &str, registry: &Arc<Registry>) -> Result<Self, Usage> {
        let listener = TcpListener::bind(address).map_err(|error| unusable(address, &error))?;
        let bound = listener.local_addr();
        let address = bound.map_err(|error| unusable(address, &error))?;
        crate::screen::note(&format!("live metrics: http://{address}/metrics"));
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, registry) = (Arc::clone(&stop), Arc::clone(registry));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(SeqCst) {
                    return;
                }
                if let Ok(stream) = stream {
                    // A reader that goes away is no trouble of ours.
                    let _ = answer(stream, &registry);
                }
            }
        });
        Ok(Self {
            stop,
            thread: Some(thread),
            address,
        })
    }
}

impl Drop for ScrapeListener {
    fn drop(&mut self) {
        self.stop.store(true, SeqCst);
        // A connection wakes the listener up.
        let woken = TcpStream::connect_timeout(&self.address, Duration::from_secs(1)).is_ok();
        if woken && let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn unusable(address: &str, error: &std::io::Error) -> Usage {
    Usage(format!("--metrics-listen {address}: {error}"))
}

fn answer(mut stream: TcpStream, registry: &Registry) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream.try_clone()?.take(MOST_BYTES));
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut words = first.split(' ');
    let (method, path) = (words.next(), words.next().unwrap_or(""));
    let (status, kind, body) = match (method, path.split('?').next()) {
        (Some("GET"), Some("/metrics" | "/")) => (
            "200 OK",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            super::page(registry),
        ),
        _ => ("404 Not Found", "text/plain", "GET /metrics\n".to_owned()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
