//! Decodes the same bytes over and over: what `scripts/instructions` counts the instructions of.
//!
//!     cargo run --release -p dualround-loadgen --example decode_fixed -- RESPONSES READS
//!
//! RESPONSES responses of 256 tokens are decoded, each in reads of one event (READS = one) or of
//! sixteen (READS = many). The last line says how many events that were.
#![expect(clippy::print_stdout, reason = "the count of events is its output")]

use dualround_loadgen::replay;
use dualround_model::{Outcome, Stamp, StampSource};
use std::error::Error;

/// Tokens of a response.
const TOKENS: u64 = 256;

fn chunk(data: &str) -> String {
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

/// Head and events of a response as vLLM writes them, one string a write.
fn response() -> Vec<String> {
    let id = "\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"m\"";
    let mut parts = vec![
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_owned(),
        chunk(&format!(
            "{{{id},\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"finish_reason\":null}}]}}"
        )),
    ];
    for i in 0..TOKENS {
        parts.push(chunk(&format!("{{{id},\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{}\"}},\"finish_reason\":null}}]}}", i % 10)));
    }
    parts.push(chunk(&format!(
        "{{{id},\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"length\"}}]}}"
    )));
    parts.push(chunk(&format!("{{{id},\"choices\":[],\"usage\":{{\"prompt_tokens\":900,\"completion_tokens\":{TOKENS},\"total_tokens\":1156}}}}")));
    parts.push(chunk("[DONE]"));
    parts.push("0\r\n\r\n".to_owned());
    parts
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let responses: u64 = args.next().unwrap_or_default().parse()?;
    let many = args.next().as_deref() == Some("many");
    let parts = response();
    let reads: Vec<String> = parts
        .chunks(if many { 16 } else { 1 })
        .map(<[String]>::concat)
        .collect();
    let mut events = 0;
    for _ in 0..responses {
        let mut at = 0;
        let stamped = reads.iter().map(|read| {
            at += 20_000_000;
            let stamp = Stamp {
                at,
                not_before: at,
                source: StampSource::Kernel,
            };
            (read.as_bytes(), stamp)
        });
        let replayed = replay(stamped);
        if replayed.outcome != Outcome::Success || replayed.stream.token_events != TOKENS {
            return Err(format!("not what was written: {replayed:?}").into());
        }
        events += replayed.stream.token_events;
    }
    println!("{events}");
    Ok(())
}
