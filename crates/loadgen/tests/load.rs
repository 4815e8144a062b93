//! The load that the client makes: how fast it starts, how full it stays, what holds it up.
#![cfg(test)]

mod common;

use common::{metrics, plan, run, samples};
use dualround_loadgen::{Cancel, RoundEvent, Session};
use dualround_model::{Plan, RequestRecord, Sample};
use serde_json::{Map, json};
use simllm::{Fault, FaultOn, FaultRule, Sim, SimConfig, TruthRequest};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

fn engine(ttft_ms: f64, itl_ms: f64) -> SimConfig {
    SimConfig {
        cache_blocks: 0,
        fixed_ttft_ms: Some(ttft_ms),
        itl_ms,
        itl_ms_per_running: 0.0,
        max_batch: 4096,
        prefill_serial: false,
        ..SimConfig::default()
    }
}

fn one_round(base: &str, level: u32) -> Plan {
    let mut plan = plan(base);
    plan.levels = vec![level.into()];
    plan.schedule = "C".parse().unwrap();
    // Connections are opened and primed first, as in a real run.
    plan.probe = true;
    plan
}

fn measured(sim: &Sim) -> Vec<TruthRequest> {
    let mut requests = sim.settled_truth().requests;
    // The canary's three come first.
    requests.drain(..3);
    requests
}

fn all_succeeded(records: &[RequestRecord]) {
    for record in records {
        assert!(record.outcome.is_success(), "{:?}", record.outcome);
    }
}

fn span_ms(records: &[RequestRecord]) -> f64 {
    let first = records.iter().filter_map(|r| r.timeline.start_ns).min();
    let last = records.iter().map(|r| r.timeline.end_ns).max();
    (last.unwrap() - first.unwrap()) as f64 / 1e6
}

#[test]
fn b106_the_level_is_reached_at_once_and_kept() {
    let sim = Sim::start(engine(200.0, 0.0)).unwrap();
    let rounds = run(&one_round(&sim.base_url(), 50), samples(500));
    all_succeeded(&rounds[0].records);
    let truth = measured(&sim);
    // The engine's own view: +1 when a request has come, −1 when its answer ends.
    let mut changes: Vec<(u64, i32)> = truth
        .iter()
        .flat_map(|t| [(t.t_recv_ns, 1), (t.t_done_ns.unwrap(), -1)])
        .collect();
    changes.sort_unstable();
    let (begin, end) = (changes[0].0, changes[changes.len() - 1].0);
    let (mut level, mut most, mut full_at, mut area, mut last) = (0, 0, None, 0.0, begin);
    for (at, change) in changes {
        area += f64::from(level) * (at - last) as f64;
        last = at;
        level += change;
        most = most.max(level);
        if level == 50 {
            full_at.get_or_insert(at - begin);
        }
    }
    assert_eq!(most, 50);
    let full_ms = full_at.unwrap() as f64 / 1e6;
    println!("full after {full_ms:.2} ms");
    // 50 ms on a quiet machine; all streams end together, so each refill is another burst.
    assert!(full_ms < 500.0, "{full_ms}");
    let mean = area / (end - begin) as f64;
    println!("mean in flight {mean:.2}");
    assert!(mean > 40.0, "{mean}");
}

#[test]
fn b107_one_slow_request_holds_nobody() {
    let slow = FaultRule {
        // Behind the canary's three.
        on: FaultOn::Request(3),
        fault: Fault::Late { ms: 3000 },
    };
    let sim = Sim::start(SimConfig {
        faults: vec![slow],
        ..engine(100.0, 0.0)
    })
    .unwrap();
    let rounds = run(&one_round(&sim.base_url(), 4), samples(40));
    all_succeeded(&rounds[0].records);
    let mut ends: Vec<u64> = rounds[0]
        .records
        .iter()
        .map(|r| r.timeline.end_ns)
        .collect();
    ends.sort_unstable();
    let start = rounds[0]
        .records
        .iter()
        .filter_map(|r| r.timeline.start_ns)
        .min();
    let ms = |at: u64| (at - start.unwrap()) as f64 / 1e6;
    // 39 on three connections at 0.1 s each: 1.3 s.
    assert!((1200.0..2700.0).contains(&ms(ends[38])), "{}", ms(ends[38]));
    assert!(ms(ends[39]) >= 3000.0);
}

/// Reads a body of a stated length, waits a second, and writes 256 events 5 ms apart; a thread a
/// connection, so that nobody waits for another. What it took from the body's end on comes back:
/// ms to the first event, and ms between events.
fn patient_server(times: mpsc::Sender<(f64, f64)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let times = times.clone();
            std::thread::spawn(move || serve_patiently(stream.unwrap(), &times));
        }
    });
    addr
}

fn serve_patiently(mut stream: TcpStream, times: &mpsc::Sender<(f64, f64)>) {
    stream.set_nodelay(true).unwrap();
    let (mut got, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    let body_at = loop {
        let n = stream.read(&mut buffer).unwrap();
        if n == 0 {
            return;
        }
        got.extend_from_slice(&buffer[..n]);
        if let Some(at) = got.windows(4).position(|w| w == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&got[..body_at]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut left = length - (got.len() - body_at);
    while left > 0 {
        left -= stream.read(&mut buffer).unwrap();
    }
    let arrived = Instant::now();
    std::thread::sleep(Duration::from_secs(1));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let event = b"data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";
    let first = Instant::now();
    for i in 0..256 {
        let due = first + Duration::from_millis(5) * i;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        stream.write_all(event).unwrap();
    }
    let last = Instant::now();
    stream.write_all(b"data: [DONE]\n\n").unwrap();
    let ms = |from: Instant, to: Instant| (to - from).as_secs_f64() * 1e3;
    times
        .send((ms(arrived, first), ms(first, last) / 255.0))
        .unwrap();
}

#[test]
fn b142_long_prompts_do_not_slow_the_client() {
    let (sender, times) = mpsc::channel();
    let addr = patient_server(sender);
    let sample = |i: u32| {
        let text = format!("{i} ") + &"a long context that goes on and on, ".repeat(11_000);
        Arc::new(Sample {
            row: u64::from(i),
            id: None,
            messages: vec![json!({"role": "user", "content": text})],
            output_tokens: Some(256),
            input_tokens: None,
            arrival_ns: None,
            options: Map::new(),
            truncated: false,
            turn: None,
        })
    };
    let mut plan = one_round(&format!("http://{addr}"), 50);
    plan.probe = false;
    let rounds = run(&plan, (0..50).map(sample).collect());
    all_succeeded(&rounds[0].records);
    let times: Vec<(f64, f64)> = times.try_iter().collect();
    assert_eq!(times.len(), 50);
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let found: Vec<_> = rounds[0].records.iter().map(metrics).collect();
    let said = mean(found.iter().map(|m| m.ttft_ms.unwrap()).collect());
    let is = mean(times.iter().map(|(ttft, _)| *ttft).collect());
    println!("50 bodies of 400 KB: TTFT said {said:.1} ms, server {is:.1} ms");
    // The rest is the upload, of 20 MB in all.
    assert!(said - is < 300.0, "said {said}, server {is}");
    let said = mean(found.iter().map(|m| m.itl_ms.unwrap()).collect());
    let is = mean(times.iter().map(|(_, itl)| *itl).collect());
    println!("ITL said {said:.3} ms, server {is:.3} ms");
    assert!((said - is).abs() < 0.5, "ITL said {said}, server {is}");
}

#[test]
fn b143_two_hundred_streams_are_measured_as_they_come() {
    let sim = Sim::start(engine(100.0, 20.0)).unwrap();
    let mut plan = one_round(&sim.base_url(), 200);
    plan.request.max_output_tokens = Some(50);
    let rounds = run(&plan, samples(200));
    all_succeeded(&rounds[0].records);
    let truth = measured(&sim);
    let first = truth.iter().map(|t| t.t_recv_ns).min().unwrap();
    let last = truth.iter().filter_map(|t| t.t_done_ns).max().unwrap();
    let ratio = span_ms(&rounds[0].records) * 1e6 / (last - first) as f64;
    println!(
        "measured token rate over the engine's own: {:.4}",
        1.0 / ratio
    );
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

#[test]
fn b147_a_slow_consumer_of_records_holds_no_request() {
    let sim = Sim::start(engine(20.0, 0.0)).unwrap();
    let mut plan = one_round(&sim.base_url(), 10);
    plan.request.max_output_tokens = Some(50);
    let mut session = Session::open(plan.clone(), vec![samples(200)], Cancel::new()).unwrap();
    session.preflight().unwrap();
    let spec = plan.schedule.rounds()[0];
    let mut records = Vec::new();
    session
        .run_round(0, spec, &mut |progress| {
            if let RoundEvent::Finished(record) = progress {
                records.push(record.clone());
                std::thread::sleep(Duration::from_millis(25));
            }
        })
        .unwrap();
    assert_eq!(records.len(), 200);
    all_succeeded(&records);
    // The consumer takes 5 s, the round 20 times 20 ms and what the engine needs to write: if one held
    // the other, it would take 5 s too.
    assert!(span_ms(&records) < 3500.0, "{}", span_ms(&records));
}

/// Two small writes a millisecond apart, with Nagle's algorithm on, request after request on one
/// connection.
fn small_writes(mut stream: TcpStream) {
    let mut buffer = vec![0; 1 << 16];
    while stream.read(&mut buffer).is_ok_and(|n| n > 0) {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        let event = |data: &str| format!("{:x}\r\ndata: {data}\n\n\r\n", data.len() + 8);
        let token = event("{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}");
        for part in [head, token.as_str(), token.as_str()] {
            stream.write_all(part.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        let end = event("[DONE]") + "0\r\n\r\n";
        stream.write_all(end.as_bytes()).unwrap();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_that_waits_for_acknowledgements_is_not_kept_waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || small_writes(stream.unwrap()));
        }
    });
    let mut plan = one_round(&format!("http://{addr}"), 1);
    plan.probe = false;
    // The system acknowledges the first answers of a connection at once by itself.
    let rounds = run(&plan, samples(60));
    all_succeeded(&rounds[0].records);
    let mut late: Vec<f64> = rounds[0].records[30..]
        .iter()
        .map(|r| metrics(r).latency_ms.unwrap())
        .collect();
    late.sort_by(f64::total_cmp);
    println!("median latency of small writes: {:.2} ms", late[15]);
    assert!(late[15] < 30.0, "{late:?}");
}
