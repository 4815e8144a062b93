//! What connects beside the run: a hub and a receiver of remote write are reached as the endpoint is, by
//! the same proxies, CA and certificate of this client.

use crate::{
    common::{dataset, dualround, engine, path_of, stderr},
    network::http_proxy,
};
use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Output,
    sync::{Arc, Mutex, atomic::Ordering::SeqCst},
};

/// The heads of requests that a server took, and the lengths of their bodies.
type Taken = Arc<Mutex<Vec<(String, usize)>>>;

/// A server with a CA of its own that wants a certificate of each client. It answers every request with the
/// same bytes.
struct AskingServer {
    address: SocketAddr,
    taken: Taken,
    /// Where the files of the CA and of a client are.
    folder: tempfile::TempDir,
}

impl AskingServer {
    /// One that goes by `name` and by `localhost`.
    fn start(name: &str, answer: Vec<u8>) -> Self {
        let authority = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["authority".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&authority).unwrap();
        let issuer = rcgen::Issuer::new(params, authority);
        let made = |names: &[&str]| {
            let key = rcgen::KeyPair::generate().unwrap();
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let params = rcgen::CertificateParams::new(names).unwrap();
            (params.signed_by(&key, &issuer).unwrap(), key)
        };
        let (server, server_key) = made(&[name, "localhost"]);
        let (client, client_key) = made(&["client"]);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![server.der().clone()], key)
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [
            ("ca.pem", certificate.pem()),
            ("client.pem", client.pem()),
            ("client.key", client_key.serialize_pem()),
        ] {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = Taken::default();
        let (config, log) = (Arc::new(config), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &config, &log, &answer);
            }
        });
        Self {
            address,
            taken,
            folder,
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The flags that name its CA, and those that name the client's certificate.
    fn trusted(&self) -> String {
        format!("--ca-cert {}", self.path("ca.pem").display())
    }

    fn shown(&self) -> String {
        let (certificate, key) = (self.path("client.pem"), self.path("client.key"));
        format!(
            "--client-cert {} --client-key {}",
            certificate.display(),
            key.display()
        )
    }

    fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

/// Serves one connection until it ends.
fn serve(stream: TcpStream, config: &Arc<ServerConfig>, taken: &Taken, answer: &[u8]) {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        taken.lock().unwrap().push((head, body.len()));
        let stream = reader.get_mut();
        if stream
            .write_all(answer)
            .and_then(|()| stream.flush())
            .is_err()
        {
            return;
        }
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A file of LongBench v2 that takes many reads.
fn longbench() -> Vec<u8> {
    let context = "Code and more of it. ".repeat(20_000);
    let row = serde_json::json!([{
        "_id": "b", "question": "Which?", "choice_A": "a", "choice_B": "b", "choice_C": "c",
        "choice_D": "d", "answer": "B", "context": context,
    }]);
    row.to_string().into_bytes()
}

fn command(dir: &Path, line: &str, environment: &[(&str, &str)]) -> Output {
    dualround()
        .current_dir(dir)
        .env("DUALROUND_CACHE", dir.join("cache"))
        .envs(environment.iter().copied())
        .args(line.split_whitespace())
        .output()
        .unwrap()
}

/// Each in a folder without a cache.
fn convert(hub: &str, more: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let line = format!("convert longbench --dataset longbench-v2 --output out.jsonl {more}");
    let environment = [&[("HF_ENDPOINT", hub)], environment].concat();
    let output = command(dir.path(), &line, &environment);
    let written = dir.path().join("out.jsonl").exists();
    assert_eq!(written, output.status.success(), "{}", stderr(&output));
    (output.status.code(), stderr(&output))
}

/// A run against an engine of its own that pushes to `receiver`.
fn push(receiver: &str, more: &str, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 2);
    let sim = engine();
    let line = format!(
        "--dataset data.jsonl --endpoint {} --max-output-tokens 2 --output-dir out --remote-write {receiver} {more}",
        sim.base_url()
    );
    let output = command(dir.path(), &line, environment);
    (output.status.code(), stderr(&output))
}

#[test]
fn a_hub_is_reached_by_proxy_ca_and_client_certificate() {
    let server = AskingServer::start("hub.test", ok(&longbench()));
    let (proxy, seen) = http_proxy(server.address, true);
    let (hub, key) = ("https://hub.test", "pa55w0rd");
    let with_key = format!("http://al:{key}@{proxy}");
    let without_key = format!("http://{proxy}");
    let (trusted, shown) = (server.trusted(), server.shown());
    let all = format!("{trusted} {shown}");
    let by_proxy = [("HTTPS_PROXY", with_key.as_str())];
    assert_eq!(convert(hub, &all, &by_proxy).0, Some(0));
    // By flag, and without a look at its certificate.
    let more = format!("--insecure {shown} --proxy {with_key}");
    assert_eq!(convert(hub, &more, &[]).0, Some(0));
    assert_eq!((server.count(), seen.load(SeqCst)), (2, 2));
    let refused = |more: &str, environment: &[(&str, &str)], words: &str| {
        let (code, said) = convert(hub, more, environment);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("cannot fetch https://hub.test/"), "{said}");
        assert!(said.contains(words) && !said.contains(key), "{said}");
    };
    refused(&shown, &by_proxy, "--ca-cert FILE");
    refused(&trusted, &by_proxy, "--client-cert FILE");
    let other = [("HTTPS_PROXY", without_key.as_str())];
    refused(
        &all,
        &other,
        &format!("proxy {without_key}: it refuses CONNECT to hub.test:443"),
    );
    for direct in [("NO_PROXY", ".test"), ("DUALROUND_NO_PROXY", "true")] {
        let words = "cannot resolve host `hub.test`";
        refused(&all, &[by_proxy[0], direct], words);
    }
    assert_eq!(server.count(), 2);
}

#[test]
fn files_that_cannot_be_used_are_named_before_a_hub_is_asked() {
    for (more, words) in [
        ("--ca-cert none.pem", "--ca-cert none.pem"),
        ("--client-cert none.pem", "--client-cert none.pem"),
        ("--client-key key.pem", "--client-key needs --client-cert"),
        ("--ca-cert ca.pem --insecure", "exclude each other"),
        ("--proxy ftp://h:1", "--proxy ftp://h:1"),
    ] {
        let (code, said) = convert("http://127.0.0.1:9", more, &[]);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(words), "{more}: {said}");
    }
}

#[test]
fn a_proxy_of_the_environment_that_is_not_spoken_is_not_gone_round() {
    let proxy = [("http_proxy", "ftp://proxy.invalid:1"), ("HTTP_PROXY", "")];
    for (code, said) in [
        convert("http://192.0.2.2:9", "", &proxy),
        push("http://192.0.2.2:9/w", "", &proxy),
    ] {
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("HTTP_PROXY (or ALL_PROXY) is ftp://proxy.invalid:1"),
            "{said}"
        );
    }
}

#[test]
fn a_key_of_a_hub_is_one_line() {
    let (code, said) = convert("http://127.0.0.1:9", "", &[("HF_TOKEN", "abc\nX-Evil: 1")]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("HF_TOKEN holds a control character"),
        "{said}"
    );
    assert!(!said.contains("X-Evil"), "{said}");
}

#[test]
fn a_hub_leads_to_no_socket_and_no_file() {
    for to in ["http+unix://%2Frun%2Fdocker.sock/x", "file:///etc/passwd"] {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
        let hub = crate::common::scripted(move |_| answer.clone().into_bytes());
        let (code, said) = convert(&hub, "", &[]);
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("which is no http:// or https:// URL"),
            "{said}"
        );
    }
}

#[test]
fn the_tokenizer_of_a_run_comes_from_a_hub_by_the_flags_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "able": 1}, "unk_token": "[UNK]"},
    });
    let server = AskingServer::start("hub.test", ok(tokenizer.to_string().as_bytes()));
    let hub = format!("https://localhost:{}", server.address.port());
    dataset(dir, 2);
    let looked = |more: &str| {
        let line = format!("check dataset data.jsonl --tokenizer owner/model {more}");
        let output = command(dir, &line, &[("HF_ENDPOINT", &hub)]);
        (output.status.code(), stderr(&output))
    };
    let (code, said) = looked(&server.trusted());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--client-cert FILE"), "{said}");
    let (code, said) = looked(&format!("{} {}", server.trusted(), server.shown()));
    assert_eq!(code, Some(0), "{said}");
    let taken = server.taken.lock().unwrap();
    let (head, _) = &taken[0];
    assert_eq!(path_of(head), "/owner/model/resolve/main/tokenizer.json");
}

#[test]
fn remote_write_goes_by_proxy_ca_and_client_certificate() {
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let server = AskingServer::start("receiver.test", answer);
    let (proxy, seen) = http_proxy(server.address, true);
    let receiver = "https://receiver.test/api/v1/write";
    let with_key = format!("http://al:pa55w0rd@{proxy}");
    let without_key = format!("http://{proxy}");
    let all = format!("{} {}", server.trusted(), server.shown());
    let by_proxy = ("HTTPS_PROXY", with_key.as_str());
    let (code, said) = push(receiver, &all, &[by_proxy]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("remote-write"), "{said}");
    assert!(seen.load(SeqCst) > 0);
    {
        let taken = server.taken.lock().unwrap();
        let (head, length) = &taken[0];
        let is_push = head.starts_with("POST /api/v1/write HTTP/1.1\r\n");
        assert!(
            is_push && head.contains("Content-Encoding: snappy"),
            "{head}"
        );
        assert!(*length > 100, "{length}");
    }
    let count = server.count();
    // What shows the run to others does not end it.
    let failed = |more: &str, environment: &[(&str, &str)], words: &str| {
        let (code, said) = push(receiver, more, environment);
        assert_eq!(code, Some(0), "{said}");
        let begin = format!("warning: --remote-write {receiver}: ");
        let line = said.lines().find(|line| line.starts_with(&begin));
        let line = line.unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(words) && !said.contains("pa55w0rd"), "{said}");
    };
    failed(&server.shown(), &[by_proxy], "--ca-cert FILE");
    failed(&server.trusted(), &[by_proxy], "--client-cert FILE");
    let other = ("HTTPS_PROXY", without_key.as_str());
    failed(&all, &[other], "407 Proxy Authentication Required");
    let direct = ("no_proxy", "receiver.test");
    failed(
        &all,
        &[by_proxy, direct],
        "cannot resolve host `receiver.test`",
    );
    assert_eq!(server.count(), count);
}

#[test]
fn plain_requests_go_to_the_proxy_in_absolute_form() {
    let receiver = crate::common::scripted(|_| b"HTTP/1.1 204 No Content\r\n\r\n".to_vec());
    let address = receiver.trim_start_matches("http://").parse().unwrap();
    let (proxy, seen) = http_proxy(address, true);
    let by_proxy = format!("http://al:pa55w0rd@{proxy}");
    let (code, said) = push(
        "http://receiver.test/push",
        "",
        &[("http_proxy", &by_proxy)],
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(
        !said.contains("remote-write") && seen.load(SeqCst) > 0,
        "{said}"
    );
    let file = longbench();
    let hub = crate::common::scripted(move |_| ok(&file));
    let address = hub.trim_start_matches("http://").parse().unwrap();
    let (proxy, seen) = http_proxy(address, true);
    let by_proxy = format!("http://al:pa55w0rd@{proxy}");
    let (code, said) = convert("http://hub.test", "", &[("http_proxy", &by_proxy)]);
    assert_eq!((code, seen.load(SeqCst)), (Some(0), 1), "{said}");
}
