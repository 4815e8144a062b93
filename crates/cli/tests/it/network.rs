//! Proxies between this program and a server, and names that only they can resolve.

use crate::common::{dataset, dualround, engine, in_no_file, json, stderr, stdout};
use simllm::{Sim, SimConfig};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
};

/// Credentials that the proxies here want, if they want any.
const AUTH: &str = "Proxy-Authorization: Basic YWw6cGE1NXcwcmQ=";

fn pipe(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// A proxy that leads every name to `engine`; returns its address and how many requests it saw.
pub(crate) fn http_proxy(engine: SocketAddr, auth: bool) -> (SocketAddr, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let count = Arc::clone(&count);
            std::thread::spawn(move || serve(client, engine, auth, &count));
        }
    });
    (address, seen)
}

/// One client: requests in absolute form are sent on with their path, CONNECT opens a tunnel.
fn serve(client: TcpStream, engine: SocketAddr, auth: bool, seen: &AtomicU32) {
    let mut server = TcpStream::connect(engine).unwrap();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let (back, mut answer) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let mut piped = None;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        seen.fetch_add(1, SeqCst);
        if auth && !head.contains(AUTH) {
            let _ = answer.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
            );
            return;
        }
        if head.starts_with("CONNECT ") {
            let _ = answer.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            std::thread::spawn(move || pipe(back, answer));
            return pipe(client, server);
        }
        let (method, rest) = head.split_once(' ').unwrap();
        let (url, rest) = rest.split_once(' ').unwrap();
        let path = url
            .strip_prefix("http://")
            .expect("absolute form")
            .split_once('/')
            .unwrap()
            .1;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        server
            .write_all(format!("{method} /{path} {rest}").as_bytes())
            .unwrap();
        server.write_all(&body).unwrap();
        if piped.is_none() {
            let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            piped = Some(std::thread::spawn(move || pipe(from, to)));
        }
    }
}

/// A SOCKS 5 proxy that leads every name to `engine`; returns the names it was asked for.
fn socks_proxy(engine: SocketAddr) -> (SocketAddr, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let names = Arc::new(std::sync::Mutex::new(Vec::new()));
    let asked = Arc::clone(&names);
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let asked = Arc::clone(&asked);
            std::thread::spawn(move || {
                let mut greeting = [0; 2];
                client.read_exact(&mut greeting).unwrap();
                let mut methods = vec![0; greeting[1].into()];
                client.read_exact(&mut methods).unwrap();
                client.write_all(&[5, 0]).unwrap();
                let mut request = [0; 4];
                client.read_exact(&mut request).unwrap();
                assert_eq!(request[3], 3, "a name, so that the proxy resolves it");
                let mut length = [0; 1];
                client.read_exact(&mut length).unwrap();
                let mut name = vec![0; length[0].into()];
                client.read_exact(&mut name).unwrap();
                client.read_exact(&mut [0; 2]).unwrap();
                asked.lock().unwrap().push(String::from_utf8(name).unwrap());
                client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
                let server = TcpStream::connect(engine).unwrap();
                let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || pipe(from, to));
                pipe(client, server);
            });
        }
    });
    (address, names)
}

fn measure(dir: &Path, endpoint: &str, env: &[(&str, &str)], more: &str) -> Output {
    let line = format!(
        "--dataset data.jsonl --endpoint {endpoint} --max-output-tokens 3 --output-dir out --overwrite {more}"
    );
    dualround()
        .current_dir(dir)
        .envs(env.iter().copied())
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

#[test]
fn b063_an_environment_proxy_is_used_only_where_it_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 6);
    let sim = engine();
    // A closed port: loopback goes direct, as does what NO_PROXY names.
    let closed = ("HTTP_PROXY", "http://127.0.0.1:9");
    let output = measure(dir, &sim.base_url(), &[closed], "");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.join("out/concurrency_1_round_1.json"));
    assert!(file["configuration"]["proxy"].is_null());
    let output = measure(dir, "http://engine.test:8000", &[closed], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("refused"), "{}", stderr(&output));
    for direct in [
        &[closed, ("NO_PROXY", ".test,10.0.0.0/8")][..],
        &[closed][..],
    ] {
        let more = if direct.len() == 1 { "--no-proxy" } else { "" };
        let output = measure(dir, "http://engine.test:8000", direct, more);
        assert_eq!(output.status.code(), Some(3));
        assert!(
            stderr(&output).contains("cannot resolve host `engine.test`"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn b152_a_proxy_resolves_the_name_and_its_credentials_are_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 6);
    let sim = engine();
    let (proxy, seen) = http_proxy(sim.addr(), true);
    let url = format!("http://al:pa55w0rd@{proxy}");
    let page = "--prometheus-url http://engine.test:8000/metrics --prometheus-metrics vllm:prefix_cache_hits_total";
    let output = measure(
        dir,
        "http://engine.test:8000",
        &[("http_proxy", &url)],
        page,
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(seen.load(SeqCst) > 12, "{}", seen.load(SeqCst));
    let file = json(&dir.join("out/concurrency_1_round_2.json"));
    assert_eq!(file["configuration"]["proxy"], format!("http://{proxy}"));
    assert_eq!(file["summary"]["successful_requests"], 6);
    assert!(file["summary"]["cache_hit_rate"].as_f64().unwrap() > 0.5);
    in_no_file(&dir.join("out"), "pa55w0rd");
    let said = stdout(&output) + &stderr(&output);
    assert!(!said.contains("pa55w0rd"), "{said}");
    // The engine never saw them: its log holds bodies alone, its key is another one.
    let refused = measure(
        dir,
        "http://engine.test:8000",
        &[("http_proxy", &format!("http://{proxy}"))],
        "",
    );
    assert_eq!(refused.status.code(), Some(3));
    assert!(
        stderr(&refused).contains("407") || stderr(&refused).contains("--model"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn a_socks_proxy_and_a_given_one_are_used_for_loopback_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 4);
    let sim = Sim::start(SimConfig::default()).unwrap();
    let (proxy, names) = socks_proxy(sim.addr());
    let output = measure(
        dir,
        "http://engine.test:8000",
        &[],
        &format!("--proxy socks5h://{proxy} --concurrency 2"),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let asked = names.lock().unwrap().clone();
    assert!(
        !asked.is_empty() && asked.iter().all(|name| name == "engine.test"),
        "{asked:?}"
    );
    let (proxy, seen) = http_proxy(sim.addr(), false);
    let output = measure(
        dir,
        &sim.base_url(),
        &[],
        &format!("--proxy http://{proxy}"),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(seen.load(SeqCst) > 8);
    for bad in ["--proxy ftp://h:1", "--proxy http://127.0.0.1:9 --no-proxy"] {
        let output = measure(dir, &sim.base_url(), &[], bad);
        assert_eq!(output.status.code(), Some(2), "{bad}");
    }
    let output = measure(dir, &sim.base_url(), &[], "--proxy http://127.0.0.1:9");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_redirect_is_not_followed_and_the_key_goes_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 2);
    let (heads, other) = {
        let heads = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        let base = crate::common::scripted(move |head| {
            seen.lock().unwrap().push(head.to_owned());
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}".to_vec()
        });
        (heads, base)
    };
    let target = other.clone();
    let base = crate::common::scripted(move |_| {
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {target}/v1/chat/completions?key=s3cret\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    });
    let output = measure(
        dir,
        &base,
        &[],
        "--model m --no-probe --warmup 0 --api-key sk-test-123",
    );
    assert_eq!(output.status.code(), Some(5), "{}", stderr(&output));
    let file = json(&dir.join("out/concurrency_1_round_1.json"));
    let error = &file["requests"][0]["error"];
    assert_eq!(error["kind"], "http_307");
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("{other}/v1/chat/completions")) && !message.contains("s3cret"),
        "{message}"
    );
    assert!(
        heads.lock().unwrap().is_empty(),
        "the redirect was followed"
    );
}

#[test]
fn ipv6_is_an_address_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 4);
    let sim = Sim::start(SimConfig {
        host: "[::1]".to_owned(),
        ..SimConfig::default()
    });
    // A machine without IPv6 cannot say anything here.
    let Ok(sim) = sim else {
        assert!(TcpListener::bind("[::1]:0").is_err());
        return;
    };
    let output = measure(dir, &sim.base_url(), &[], "--concurrency 2");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(sim.base_url().starts_with("http://[::1]:"));
}

#[test]
#[cfg(unix)]
fn a_unix_socket_is_measured_like_any_server() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 6);
    let sim = Sim::start(SimConfig::default()).unwrap();
    let socket = dir.join("engine.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let engine = sim.addr();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut server = TcpStream::connect(engine).unwrap();
            let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            std::thread::spawn(move || std::io::copy(&mut { client }, &mut server));
        }
    });
    let page = format!("unix:{}:/metrics", socket.display());
    let output = measure(
        dir,
        &format!("unix:{}", socket.display()),
        &[("HTTP_PROXY", "http://127.0.0.1:9")],
        &format!(
            "--concurrency 2 --prometheus-url {page} --prometheus-metrics vllm:prefix_cache_hits_total"
        ),
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.join("out/concurrency_2_round_2.json"));
    assert_eq!(file["summary"]["successful_requests"], 6);
    // The system stamps no bytes of a Unix socket: the stamps are this program's.
    assert_eq!(file["summary"]["client"]["stamps"], "read");
    assert!(file["summary"]["cache_hit_rate"].as_f64().unwrap() > 0.5);
    let metric = &file["summary"]["prometheus"]["vllm:prefix_cache_hits_total"];
    assert!(metric["increase"].as_f64().unwrap() > 0.0, "{metric}");
    let output = measure(dir, "unix:/nowhere/at/all.sock", &[], "");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("No such file"),
        "{}",
        stderr(&output)
    );
}
