//! Decodes the same bytes over and over: what `scripts/instructions` counts the instructions of.
//!
//!     cargo run --release -p dualround-loadgen --example decode_fixed -- RESPONSES READS [API]
//!
//! RESPONSES responses of 256 tokens are decoded, each in reads of one event (READS = one) or of
//! sixteen (READS = many), as the API has them (chat, completions, messages, responses). The last line
//! says how many events that were.
#![expect(clippy::print_stdout, reason = "the count of events is its output")]

use dualround_loadgen::replay;
use dualround_model::{Api, Outcome, Stamp, StampSource};
use std::error::Error;

/// Tokens of a response.
const TOKENS: u64 = 256;

/// An event in its chunk; the APIs that name their events do so.
fn chunk(name: &str, data: &str) -> String {
    let named = if name.is_empty() {
        String::new()
    } else {
        format!("event: {name}\n")
    };
    let event = format!("{named}data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

/// The events of a response as vLLM writes them, each with its name.
fn events(api: Api) -> Vec<(&'static str, String)> {
    let words = (0..TOKENS).map(|i| format!(" word{}", i % 10));
    match api {
        Api::Chat | Api::Completions => of_choices(api, words),
        Api::Messages => of_blocks(words),
        Api::Responses => of_items(words),
    }
}

fn of_choices(api: Api, words: impl Iterator<Item = String>) -> Vec<(&'static str, String)> {
    let (object, open, close) = if api == Api::Chat {
        ("chat.completion.chunk", "\"delta\":{\"content\":", "}")
    } else {
        ("text_completion", "\"text\":", "")
    };
    let id = format!(
        "\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"{object}\",\"created\":1700000000,\"model\":\"m\""
    );
    let choice = |text: &str, reason: &str| {
        format!(
            "{{{id},\"choices\":[{{\"index\":0,{open}\"{text}\"{close},\"finish_reason\":{reason}}}]}}"
        )
    };
    let mut all = vec![("", choice("", "null"))];
    all.extend(words.map(|word| ("", choice(&word, "null"))));
    all.push(("", choice("", "\"length\"")));
    all.push(("", format!("{{{id},\"choices\":[],\"usage\":{{\"prompt_tokens\":900,\"completion_tokens\":{TOKENS},\"total_tokens\":1156}}}}")));
    all.push(("", "[DONE]".to_owned()));
    all
}

fn of_blocks(words: impl Iterator<Item = String>) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("message_start", "{\"type\":\"message_start\",\"message\":{\"id\":\"chatcmpl-0123456789abcdef\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"m\",\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":900,\"output_tokens\":0}}}".to_owned()),
        ("content_block_start", "{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"},\"index\":0}".to_owned()),
    ];
    all.extend(words.map(|word| ("content_block_delta", format!("{{\"type\":\"content_block_delta\",\"delta\":{{\"type\":\"text_delta\",\"text\":\"{word}\"}},\"index\":0}}"))));
    all.extend([
        ("content_block_stop", "{\"type\":\"content_block_stop\",\"index\":0}".to_owned()),
        ("message_delta", format!("{{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null}},\"usage\":{{\"input_tokens\":900,\"output_tokens\":{TOKENS}}}}}")),
        ("message_stop", "{\"type\":\"message_stop\"}".to_owned()),
    ]);
    all
}

fn of_items(words: impl Iterator<Item = String>) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("response.created", "{\"response\":{\"id\":\"resp_0123456789abcdef\",\"status\":\"in_progress\"},\"sequence_number\":0,\"type\":\"response.created\"}".to_owned()),
        ("response.output_item.added", "{\"item\":{\"id\":\"msg_0123456789abcdef\",\"content\":[],\"role\":\"assistant\",\"type\":\"message\"},\"output_index\":0,\"sequence_number\":1,\"type\":\"response.output_item.added\"}".to_owned()),
    ];
    all.extend((2..).zip(words).map(|(number, word)| ("response.output_text.delta", format!("{{\"content_index\":0,\"delta\":\"{word}\",\"item_id\":\"msg_0123456789abcdef\",\"logprobs\":[],\"output_index\":0,\"sequence_number\":{number},\"type\":\"response.output_text.delta\"}}"))));
    all.push(("response.completed", format!("{{\"response\":{{\"id\":\"resp_0123456789abcdef\",\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"max_output_tokens\"}},\"output\":[],\"usage\":{{\"input_tokens\":900,\"output_tokens\":{TOKENS},\"total_tokens\":1156}}}},\"sequence_number\":300,\"type\":\"response.completed\"}}")));
    all
}

/// Head and events of a response, one string a write.
fn response(api: Api) -> Vec<String> {
    let mut parts = vec![
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_owned(),
    ];
    parts.extend(events(api).iter().map(|(name, data)| chunk(name, data)));
    parts.push("0\r\n\r\n".to_owned());
    parts
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let responses: u64 = args.next().unwrap_or_default().parse()?;
    let many = args.next().as_deref() == Some("many");
    let named = args.next();
    let mut apis = Api::ALL.into_iter();
    let api = apis.find(|api| named.as_deref() == Some(api.word()));
    let api = api.unwrap_or_default();
    let parts = response(api);
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
        let replayed = replay(api, stamped);
        if replayed.outcome != Outcome::Success || replayed.stream.token_events != TOKENS {
            return Err(format!("not what was written: {replayed:?}").into());
        }
        events += replayed.stream.token_events;
    }
    println!("{events}");
    Ok(())
}
