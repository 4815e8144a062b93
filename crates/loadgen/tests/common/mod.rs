//! A plan with defaults, a run of it, and a scripted server that writes exact bytes.
#![cfg(test)]
#![expect(dead_code, reason = "each test file uses its own part")]

use dualround_loadgen::{Cancel, Session};
use dualround_model::{
    ColdPlan, ColdPolicy, DatasetPlan, Lang, LimitsPlan, OutputPlan, Plan, PrometheusPlan,
    RequestPlan, RoundRun, Sample, StoreText, Timeouts, TokenSourceChoice,
};
use serde_json::{Map, json};
use simllm::SimConfig;
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

/// A plan of one level and two rounds that sends nothing unasked.
pub(crate) fn plan(base: &str) -> Plan {
    Plan {
        endpoint: format!("{base}/v1/chat/completions"),
        endpoint_userinfo: None,
        model: "sim-1".to_owned(),
        dataset: DatasetPlan {
            path: "test".into(),
            text_key: None,
            skip_bad_rows: false,
            num_samples: None,
            oversample: false,
            max_input_length: None,
            seed: 1,
        },
        request: RequestPlan {
            max_output_tokens: Some(8),
            min_output_tokens: None,
            ignore_eos: false,
            temperature: None,
            top_p: None,
            max_tokens_field: "max_tokens".to_owned(),
            stream_options: true,
            extra_body: Map::new(),
            api_key: None,
            headers: Vec::new(),
            token_source: TokenSourceChoice::Auto,
            lenient: false,
            ca_cert: None,
            insecure: false,
        },
        levels: vec![1],
        schedule: "CW".parse().unwrap(),
        cold: ColdPlan {
            policy: ColdPolicy::None,
            ..ColdPlan::default()
        },
        shuffle_round2: false,
        warmup: Some(0),
        probe: false,
        round_gap_ms: 0,
        timeouts: Timeouts {
            connect_ms: Some(5000),
            first_token_ms: None,
            idle_ms: None,
            total_ms: Some(20_000),
        },
        limits: LimitsPlan::default(),
        prometheus: PrometheusPlan {
            urls: Vec::new(),
            metrics: Vec::new(),
            interval_ms: 1000,
            per_request: false,
        },
        slo: None,
        output: OutputPlan {
            dir: "unused".into(),
            overwrite: false,
            store_text: StoreText::Full,
            lang: Lang::En,
        },
        workers: 1,
        seed: 1,
    }
}

/// `count` different prompts of some hundred words.
pub(crate) fn samples(count: u64) -> Vec<Arc<Sample>> {
    let sample = |i: u64| Sample {
        row: i + 1,
        id: Some(format!("s{i}")),
        messages: vec![json!({"role": "user",
            "content": format!("{i} tells a story. ") + &format!("word{i} and more text ").repeat(60)})],
        output_tokens: None,
        options: Map::new(),
        truncated: false,
    };
    (0..count).map(|i| Arc::new(sample(i))).collect()
}

/// Runs all levels and rounds of a plan.
pub(crate) fn run(plan: &Plan, samples: Vec<Arc<Sample>>) -> Vec<RoundRun> {
    let mut session = Session::open(plan.clone(), samples, Cancel::new()).unwrap();
    session.preflight().unwrap();
    let mut rounds = Vec::new();
    for (level, concurrency) in (0..).zip(plan.levels.clone()) {
        for spec in plan.schedule.rounds() {
            rounds.push(
                session
                    .run_round(level, concurrency, spec, &mut |_| {})
                    .unwrap(),
            );
        }
    }
    rounds
}

/// An engine that answers at once, for tests that are not about time.
pub(crate) fn quick() -> SimConfig {
    SimConfig {
        prefill_base_ms: 1.0,
        prefill_ms_per_token: 0.01,
        itl_ms: 1.0,
        itl_ms_per_running: 0.0,
        max_batch: 4096,
        prefill_serial: false,
        ..SimConfig::default()
    }
}

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

/// The metrics of a record.
pub(crate) fn metrics(record: &dualround_model::RequestRecord) -> dualround_model::RequestMetrics {
    dualround_stats::measure(record, TokenSourceChoice::Auto, None)
}
