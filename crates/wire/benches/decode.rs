//! What decoding costs: `cargo bench -p dualround-wire`. Ratios between lines of one run are what
//! counts; the bound that is held is on instructions (`scripts/instructions`).

use divan::{Bencher, black_box, counter::ItemsCount};
use dualround_wire::{
    ChatReader, Frame, ResponseDecoder, SseDecoder, parse_event, parse_exposition,
};

const EVENTS: usize = 256;

fn main() {
    divan::main();
}

fn data(i: usize) -> String {
    format!(
        "{{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1700000000,\
         \"model\":\"m\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{}\"}},\"finish_reason\":null}}]}}",
        i % 10
    )
}

fn sse() -> Vec<u8> {
    (0..EVENTS)
        .flat_map(|i| format!("data: {}\n\n", data(i)).into_bytes())
        .collect()
}

#[divan::bench]
fn sse_events(bencher: Bencher<'_, '_>) {
    let bytes = sse();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let mut seen = 0;
        let mut decoder = SseDecoder::new();
        let result = decoder.feed(black_box(&bytes), |event| seen += event.data.len());
        (seen, result.is_ok())
    });
}

#[divan::bench]
fn chunks_parsed(bencher: Bencher<'_, '_>) {
    let events: Vec<String> = (0..EVENTS).map(data).collect();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        for event in &events {
            black_box(parse_event("", black_box(event.as_bytes())));
        }
    });
}

#[divan::bench]
fn chunks_remembered(bencher: Bencher<'_, '_>) {
    let events: Vec<String> = (0..EVENTS).map(data).collect();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let mut reader = ChatReader::default();
        for event in &events {
            black_box(reader.read("", black_box(event.as_bytes())));
        }
    });
}

#[divan::bench]
fn http_chunks(bencher: Bencher<'_, '_>) {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
    for i in 0..EVENTS {
        let event = format!("data: {}\n\n", data(i));
        bytes.extend_from_slice(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let mut decoder = ResponseDecoder::new();
        let mut rest: &[u8] = black_box(&bytes);
        let mut body = 0;
        while let Ok((frame, used)) = decoder.decode(rest) {
            rest = &rest[used..];
            match frame {
                Frame::Body(part) => body += part.len(),
                Frame::End | Frame::NeedMore => break,
                Frame::Head(_) => {}
            }
        }
        body
    });
}

/// A page of 2 MB, as several engines with all their histograms have: `exposition_page` says how long
/// it takes.
fn page() -> String {
    use std::fmt::Write;
    let mut page = String::new();
    let mut metric = 0;
    while page.len() < 2_000_000 {
        let name = format!("vllm:metric_{metric}_seconds");
        let _ = writeln!(page, "# TYPE {name} histogram");
        for engine in 0..8 {
            for bucket in 0..20 {
                let labels =
                    format!("engine=\"{engine}\",le=\"{bucket}.5\",model_name=\"org/model\"");
                let _ = writeln!(page, "{name}_bucket{{{labels}}} {}.0", bucket * 1000);
            }
        }
        metric += 1;
    }
    page
}

#[divan::bench]
fn exposition_page(bencher: Bencher<'_, '_>) {
    let page = page();
    bencher.bench(|| parse_exposition(black_box(page.as_bytes())));
}
