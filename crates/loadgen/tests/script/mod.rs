//! A scripted server that writes exact bytes.
#![cfg(test)]

use crate::common::{plan, run, samples};
use dualround_model::Plan;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// A step of a scripted answer.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Write these bytes at once.
    Write(Vec<u8>),
    /// Wait.
    Wait(u64),
    /// Reset the connection.
    Reset,
}

pub(crate) fn write(text: &str) -> Step {
    Step::Write(text.as_bytes().to_vec())
}

pub(crate) const SSE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
pub(crate) const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
pub(crate) const FIN: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub(crate) const DONE: &str = "data: [DONE]\n\n";

/// A content event.
pub(crate) fn c(text: &str) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}]}}\n\n",
        json!(text)
    )
}

/// A content event with cumulative usage.
pub(crate) fn cu(text: &str, tokens: u64) -> String {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{}}}}}],\
         \"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":{tokens}}}}}\n\n",
        json!(text)
    )
}

/// A usage event.
pub(crate) fn u(prompt: u64, completion: u64) -> String {
    format!(
        "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":{prompt},\"completion_tokens\":{completion}}}}}\n\n"
    )
}

/// Serves every connection one scripted answer, then closes it.
pub(crate) fn serve(script: Vec<Step>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let script = script.clone();
            std::thread::spawn(move || answer(stream, &script));
        }
    });
    addr
}

fn answer(mut stream: TcpStream, script: &[Step]) {
    stream.set_nodelay(true).unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 65536];
    loop {
        let Ok(n) = stream.read(&mut buffer) else {
            return;
        };
        if n == 0 {
            return;
        }
        request.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |l| l.parse().unwrap()) {
                break;
            }
        }
    }
    for step in script {
        match step {
            Step::Write(bytes) => {
                if stream.write_all(bytes).is_err() {
                    return;
                }
            }
            Step::Wait(ms) => std::thread::sleep(Duration::from_millis(*ms)),
            Step::Reset => {
                socket2::SockRef::from(&stream)
                    .set_linger(Some(Duration::ZERO))
                    .unwrap();
                return;
            }
        }
    }
}

/// One request against a scripted answer.
pub(crate) fn scripted(script: Vec<Step>) -> dualround_model::RequestRecord {
    scripted_with(script, |_| {})
}

/// The same with changes to the plan.
pub(crate) fn scripted_with(
    script: Vec<Step>,
    change: impl FnOnce(&mut Plan),
) -> dualround_model::RequestRecord {
    let mut plan = plan(&format!("http://{}", serve(script)));
    plan.schedule = "C".parse().unwrap();
    change(&mut plan);
    run(&plan, samples(1)).remove(0).records.remove(0)
}
