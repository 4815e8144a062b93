//! The engine over real sockets, with a client of std only.
#![cfg(test)]

use serde_json::{Value, json};
use simllm::{Fault, FaultOn, FaultRule, Sim, SimConfig};
use std::{
    io::{Read, Write},
    net::TcpStream,
};

fn quick() -> SimConfig {
    SimConfig {
        prefill_base_ms: 1.0,
        prefill_ms_per_token: 0.05,
        itl_ms: 1.0,
        ..SimConfig::default()
    }
}

fn send(sim: &Sim, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(sim.addr()).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .unwrap();
    let mut answer = Vec::new();
    // A reset ends the reading with an error; what came before it counts.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, body.to_owned())
}

fn ask(sim: &Sim, text: &str, more: &Value) -> (u16, String) {
    let mut body = json!({"model": "sim-1", "stream": true, "max_tokens": 4,
        "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": text}]});
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    send(sim, "POST", "/v1/chat/completions", &body.to_string())
}

fn long(seed: usize) -> String {
    (0..300)
        .map(|i| format!("word{seed} number {i} "))
        .collect()
}

#[test]
fn the_same_prompt_hits_and_is_faster() {
    let sim = Sim::start(quick()).unwrap();
    for _ in 0..2 {
        let (status, body) = ask(&sim, &long(1), &json!({}));
        assert_eq!(status, 200);
        assert!(body.contains("[DONE]") && body.contains("\"cached_tokens\""));
    }
    let truth = sim.truth();
    let ttft = |i: usize| truth.requests[i].t_first_ns.unwrap() - truth.requests[i].t_recv_ns;
    assert_eq!(truth.requests[0].cached_tokens, 0);
    assert!(truth.requests[1].cached_tokens * 10 > truth.requests[1].prompt_tokens * 9);
    assert!(ttft(0) > 2 * ttft(1), "{} {}", ttft(0), ttft(1));
    assert_eq!(truth.requests[0].tokens, 4);
}

#[test]
fn salt_reset_and_eviction_make_it_cold() {
    let sim = Sim::start(quick()).unwrap();
    let cached = |i: usize| sim.truth().requests[i].cached_tokens;
    ask(&sim, &long(1), &json!({"cache_salt": "a"}));
    ask(&sim, &long(1), &json!({"cache_salt": "b"}));
    assert_eq!(cached(1), 0);
    assert_eq!(send(&sim, "POST", "/reset_prefix_cache", "").0, 200);
    ask(&sim, &long(1), &json!({"cache_salt": "a"}));
    assert_eq!(cached(2), 0);
    let small = Sim::start(SimConfig {
        cache_blocks: 60,
        ..quick()
    })
    .unwrap();
    for seed in [1, 2, 3, 1] {
        ask(&small, &long(seed), &json!({}));
    }
    assert_eq!(small.truth().requests[3].cached_tokens, 0);
    assert!(
        send(&small, "GET", "/metrics", "")
            .1
            .contains("kv_cache_eviction_count")
    );
}

#[test]
fn a_second_tier_survives_the_reset() {
    let sim = Sim::start(SimConfig {
        external_blocks: 1000,
        ..quick()
    })
    .unwrap();
    ask(&sim, &long(1), &json!({}));
    send(&sim, "POST", "/reset_prefix_cache", "");
    ask(&sim, &long(1), &json!({}));
    assert!(sim.truth().requests[1].cached_tokens > 0);
}

#[test]
fn the_batch_size_bounds_what_runs() {
    let sim = Sim::start(SimConfig {
        max_batch: 2,
        ..quick()
    })
    .unwrap();
    std::thread::scope(|scope| {
        for i in 0..6 {
            let sim = &sim;
            scope.spawn(move || assert_eq!(ask(sim, &format!("short {i}"), &json!({})).0, 200));
        }
    });
    let truth = sim.truth();
    assert_eq!((truth.requests.len(), truth.peak_running), (6, 2));
}

#[test]
fn two_hundred_streams_at_once_all_finish() {
    let sim = Sim::start(SimConfig {
        max_batch: 200,
        prefill_serial: false,
        ..quick()
    })
    .unwrap();
    std::thread::scope(|scope| {
        for i in 0..200 {
            let sim = &sim;
            scope.spawn(move || {
                assert!(ask(sim, &format!("s {i}"), &json!({})).1.contains("[DONE]"));
            });
        }
    });
    assert!(
        sim.truth()
            .requests
            .iter()
            .all(|request| request.tokens == 4 && !request.aborted)
    );
}

#[test]
fn refusals_are_those_of_the_real_api() {
    let config = SimConfig {
        strict_fields: true,
        api_key: None,
        ..quick()
    };
    let sim = Sim::start(config).unwrap();
    assert_eq!(ask(&sim, "x", &json!({"model": "other"})).0, 404);
    assert_eq!(ask(&sim, "x", &json!({"messages": []})).0, 400);
    assert_eq!(ask(&sim, "x", &json!({"metadata": 1})).0, 400);
    assert_eq!(send(&sim, "POST", "/v1/chat/completions", "{").0, 400);
    assert_eq!(send(&sim, "GET", "/v1/chat/completions", "").0, 405);
    assert_eq!(send(&sim, "GET", "/nowhere", "").0, 404);
    let closed = Sim::start(SimConfig {
        api_key: Some("k".to_owned()),
        ..quick()
    })
    .unwrap();
    assert_eq!(send(&closed, "GET", "/v1/models", "").0, 401);
    assert_eq!(send(&closed, "GET", "/health", "").0, 200);
}

#[test]
fn tokens_are_counted_as_they_are_cached() {
    let sim = Sim::start(quick()).unwrap();
    let body = json!({"messages": [{"role": "user", "content": "Hello there"}]}).to_string();
    let answer: Value = serde_json::from_str(&send(&sim, "POST", "/tokenize", &body).1).unwrap();
    ask(&sim, "Hello there", &json!({}));
    assert_eq!(answer["count"], sim.truth().requests[0].prompt_tokens);
}

#[test]
fn the_metrics_page_has_the_names_users_ask_for() {
    let sim = Sim::start(quick()).unwrap();
    ask(&sim, &long(1), &json!({}));
    ask(&sim, &long(1), &json!({}));
    let page = send(&sim, "GET", "/metrics", "").1;
    for name in [
        "lmcache_hit_rate",
        "memory_usage_bytes",
        "gpu_utilization",
        "kv_cache_size",
        "request_latency",
        "gpu_memory_usage",
        "model_load_time",
        "kv_cache_eviction_count",
        "vllm:prefix_cache_hits_total",
        "vllm:time_to_first_token_seconds_bucket",
    ] {
        assert!(page.contains(&format!("\n{name}{{")), "{name}");
    }
}

#[test]
fn faults_break_what_they_say() {
    let body = |fault: Fault| {
        let faults = vec![FaultRule {
            on: FaultOn::All,
            fault,
        }];
        let sim = Sim::start(SimConfig { faults, ..quick() }).unwrap();
        ask(&sim, "x", &json!({}))
    };
    assert_eq!(
        body(Fault::Status {
            code: 503,
            body: None,
            retry_after: Some(1)
        })
        .0,
        503
    );
    assert!(
        body(Fault::ErrorEvent {
            after_tokens: 1,
            message: "died".to_owned()
        })
        .1
        .contains("died")
    );
    assert!(
        !body(Fault::CloseEarly { after_tokens: 2 })
            .1
            .contains("finish_reason\":\"length")
    );
    assert!(
        !body(Fault::CutBody { after_tokens: 2 })
            .1
            .contains("[DONE]")
    );
    assert!(!body(Fault::Reset { after_tokens: 2 }).1.contains("[DONE]"));
    assert!(!body(Fault::MissingDone).1.contains("[DONE]"));
    assert!(!body(Fault::EmptyOutput).1.contains("content"));
    assert!(body(Fault::NotStreamed).1.starts_with('{'));
    assert!(body(Fault::Crlf).1.contains("[DONE]\r\n\r\n"));
    assert!(body(Fault::NoSpace).1.contains("data:{"));
    assert!(body(Fault::Comments).1.contains(": ping"));
    assert!(
        body(Fault::GarbageEvent { after_tokens: 1 })
            .1
            .contains("\"finish_reason\":null}]\n\n")
    );
    assert!(
        body(Fault::UsageMismatch {
            completion_tokens: 1
        })
        .1
        .contains("\"completion_tokens\":1,")
    );
    assert!(body(Fault::Buffered).1.contains("[DONE]"));
}
