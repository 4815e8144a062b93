//! HTTP/2 and TLS against a real server of another make (hyper's own).
#![cfg(test)]

#[path = "../common/mod.rs"]
mod common;
mod server;

use common::{metrics, plan, run, samples};
use dualround_loadgen::{Cancel, LoadError, Obstacle, Session, TlsFile};
use dualround_model::{Outcome, Plan, RequestMetrics, RequestRecord, Secret, StampSource};
use dualround_stats::{SummaryOptions, summarise};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use server::{Manner, Server, listen, serve_made, serve_one, start, start_with};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio_rustls::TlsAcceptor;

fn plan_of(server: &Server, http2: bool, folder: &tempfile::TempDir) -> Plan {
    let scheme = if server.certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let mut plan = plan(&format!("{scheme}://localhost:{}", server.addr.port()));
    plan.request.network.http2 = http2;
    plan.levels = vec![4.into()];
    if let Some(pem) = &server.certificate {
        let path = folder.path().join("ca.pem");
        std::fs::write(&path, pem).unwrap();
        plan.request.network.ca_cert = Some(path);
    }
    plan
}

fn two_rounds(server: &Server, http2: bool) -> (Vec<RequestRecord>, StampSource) {
    let folder = tempfile::tempdir().unwrap();
    let mut rounds = run(&plan_of(server, http2, &folder), samples(8));
    let second = summarise(rounds.pop().unwrap(), &SummaryOptions::default());
    let records = rounds.pop().unwrap().records;
    (records, second.summary.client.stamps.unwrap())
}

/// A busy machine delays single answers, a client that measures wrongly all of them.
fn steady(records: &[RequestRecord]) {
    let found: Vec<_> = records.iter().map(metrics).collect();
    for (record, metrics) in records.iter().zip(&found) {
        assert_eq!(record.outcome, Outcome::Success);
        assert!(metrics.ttft_ms.unwrap() > 98.0, "{metrics:?}");
        assert_eq!(metrics.output_tokens, Some(10));
    }
    for (of, expected) in [(ttft as fn(_) -> _, 100.0), (itl, 21.0)] {
        let far = found.iter().map(|metrics| (of(metrics) - expected).abs());
        let closest = far.fold(f64::INFINITY, f64::min);
        assert!(closest < 8.0, "{expected}: {found:?}");
    }
}

fn ttft(metrics: &RequestMetrics) -> f64 {
    metrics.ttft_ms.unwrap()
}

fn itl(metrics: &RequestMetrics) -> f64 {
    metrics.itl_ms.unwrap()
}

#[test]
fn http2_by_prior_knowledge() {
    let server = start(Manner::Steady, false, true);
    let (records, stamps) = two_rounds(&server, true);
    steady(&records);
    assert_eq!(stamps, StampSource::Connection);
    // One connection a user, kept over both rounds.
    assert_eq!(server.connections.load(Relaxed), 4);
}

#[test]
fn http2_by_alpn_and_http1_under_tls() {
    let server = start(Manner::Steady, true, true);
    let (records, stamps) = two_rounds(&server, true);
    steady(&records);
    assert_eq!(stamps, StampSource::Connection);
    let (records, stamps) = two_rounds(&server, false);
    steady(&records);
    assert_eq!(stamps, StampSource::Kernel);
}

/// A proxy that knows CONNECT alone and leads everything to `server`.
fn connect_proxy(server: std::net::SocketAddr) -> (String, Arc<AtomicU64>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let tunnels = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&tunnels);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let count = Arc::clone(&count);
            std::thread::spawn(move || {
                let mut head = String::new();
                let mut reader = BufReader::new(client.try_clone().unwrap());
                while !head.ends_with("\r\n\r\n") {
                    assert!(reader.read_line(&mut head).unwrap() > 0);
                }
                assert!(head.starts_with("CONNECT localhost:"), "{head}");
                count.fetch_add(1, Relaxed);
                let (mut client, mut server) =
                    (client, std::net::TcpStream::connect(server).unwrap());
                server.set_nodelay(true).unwrap();
                client.set_nodelay(true).unwrap();
                client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                let _ = std::io::copy(&mut client, &mut server);
            });
        }
    });
    (url, tunnels)
}

/// A server that asks for a certificate of its own authority; returns its port and the PEM texts
/// of the authority, of a client's certificate and of that one's key.
fn asking_server() -> (u16, String, String, String) {
    let authority = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["authority".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&authority).unwrap();
    let issuer = rcgen::Issuer::new(params, authority);
    let made = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap(), key)
    };
    let ((server, server_key), (client, client_key)) = (made("localhost"), made("client"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::clone(&provider),
    );
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![server.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let addr = listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_one(stream, Manner::AtOnce, false).await;
            }
        }
    });
    let port = addr.port();
    (
        port,
        certificate.pem(),
        client.pem(),
        client_key.serialize_pem(),
    )
}

#[test]
fn a_server_that_asks_for_a_certificate_gets_it() {
    let (port, authority, certificate, key) = asking_server();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    };
    let mut plan = plan(&format!("https://localhost:{port}"));
    plan.request.network.ca_cert = write("ca.pem", &authority);
    let kinds = |plan: &Plan| {
        let rounds = run(plan, samples(2));
        let outcomes = rounds[0]
            .records
            .iter()
            .map(|record| record.outcome.clone());
        outcomes.collect::<Vec<Outcome>>()
    };
    assert!(kinds(&plan).iter().all(|outcome| !outcome.is_success()));
    // Key and certificate apart, and in one file.
    plan.request.network.client_cert = write("client.pem", &certificate);
    plan.request.network.client_key = write("key.pem", &key);
    assert!(kinds(&plan).iter().all(Outcome::is_success));
    plan.request.network.client_cert = write("both.pem", &(certificate.clone() + &key));
    plan.request.network.client_key = None;
    assert!(kinds(&plan).iter().all(Outcome::is_success));
    plan.request.network.client_cert = write("none.pem", &key);
    let opened = Session::open(plan, vec![samples(1)], Cancel::new());
    let refused = opened.err().unwrap();
    let LoadError::TlsFile { file, path, .. } = &refused else {
        panic!("{refused}")
    };
    assert!(*file == TlsFile::ClientCert && path.ends_with("none.pem"));
}

#[test]
fn b063_tls_and_http2_go_through_a_tunnel() {
    for (tls, http2) in [(true, false), (true, true), (false, true)] {
        let server = start(Manner::Steady, tls, true);
        let (proxy, tunnels) = connect_proxy(server.addr);
        let folder = tempfile::tempdir().unwrap();
        let mut plan = plan_of(&server, http2, &folder);
        plan.request.network.proxy.http = Some(Secret::new(&proxy));
        plan.request.network.proxy.https = Some(Secret::new(&proxy));
        plan.request.network.proxy.given = true;
        let rounds = run(&plan, samples(8));
        steady(&rounds[0].records);
        assert!(tunnels.load(Relaxed) >= 4, "{}", tunnels.load(Relaxed));
    }
}

#[test]
fn events_of_one_frame_are_coalesced() {
    let server = start(Manner::AtOnce, false, true);
    let (records, _) = two_rounds(&server, true);
    assert!(
        records
            .iter()
            .all(|record| record.stream.coalesced_events == 10)
    );
}

#[test]
fn b053_a_reset_stream_keeps_what_came_before() {
    let server = start(Manner::Reset, false, true);
    let folder = tempfile::tempdir().unwrap();
    let rounds = run(&plan_of(&server, true, &folder), samples(8));
    for record in rounds.iter().flat_map(|round| &round.records) {
        let failure = record.outcome.failure().unwrap().clone();
        assert_eq!(failure.kind.to_string(), "connection_reset", "{failure:?}");
        assert_eq!(record.stream.token_events, 3);
    }
}

/// What a server sends behind `[DONE]` has 0.2 s altogether, however often it sends.
#[test]
fn v22_a_tail_that_drips_ends() {
    let server = start(Manner::Drips, false, true);
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let rounds = run(&plan_of(&server, true, &folder), samples(4));
    let mut records = rounds.iter().flat_map(|round| &round.records);
    assert!(records.all(|record| record.outcome == Outcome::Success));
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn b049_a_status_over_http2() {
    let server = start(Manner::Busy, false, true);
    let folder = tempfile::tempdir().unwrap();
    let rounds = run(&plan_of(&server, true, &folder), samples(4));
    let failure = rounds[0].records[0].outcome.failure().unwrap();
    assert_eq!(
        (failure.kind.to_string().as_str(), failure.message.as_str()),
        ("http_503", "busy")
    );
}

#[test]
fn a_server_without_http2_is_told() {
    let server = start(Manner::Steady, true, false);
    let folder = tempfile::tempdir().unwrap();
    let rounds = run(&plan_of(&server, true, &folder), samples(2));
    let failure = rounds[0].records[0].outcome.failure().unwrap();
    assert!(failure.message.contains("HTTP/2"), "{failure:?}");
}

#[test]
fn b062_an_unknown_certificate_stops_the_run_unless_told_otherwise() {
    let server = start(Manner::Steady, true, false);
    let folder = tempfile::tempdir().unwrap();
    let mut plan = plan_of(&server, false, &folder);
    plan.request.network.ca_cert = None;
    plan.probe = true;
    let open = |plan: &Plan| {
        let cancel = Cancel::new();
        let mut session = Session::open(plan.clone(), vec![samples(1)], cancel)?;
        session.preflight().map(|_| ())
    };
    let error = open(&plan).unwrap_err();
    assert!(matches!(error, LoadError::Unreachable { .. }), "{error}");
    let words = error.to_string();
    assert!(
        words.contains("ertificate") && words.contains("--ca-cert"),
        "{words}"
    );
    plan.request.network.insecure = true;
    open(&plan).unwrap();
}

/// As `openssl req -x509` makes them: a CA of its own.
fn own_authority(name: &str) -> rcgen::CertificateParams {
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
}

#[test]
fn f018_a_servers_own_certificate_is_trusted_where_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let said = |server: &Server, given: Option<&str>| {
        let mut plan = plan_of(server, false, &folder);
        plan.probe = true;
        if let (Some(path), Some(pem)) = (&plan.request.network.ca_cert, given) {
            std::fs::write(path, pem).unwrap();
        }
        let cancel = Cancel::new();
        let opened = Session::open(plan, vec![samples(1)], cancel);
        let looked = opened.and_then(|mut session| session.preflight().map(|_| ()));
        looked.err().map(|error| error.to_string())
    };
    let serve = |params| start_with(Manner::AtOnce, Some(params), false);
    let server = serve(own_authority("localhost"));
    assert_eq!(said(&server, None), None);
    // Among others, too.
    let other = serve(own_authority("localhost"));
    let pem = |server: &Server| server.certificate.clone().unwrap();
    assert_eq!(said(&server, Some(&(pem(&other) + &pem(&server)))), None);
    // One whose own CA is not known here, too.
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = own_authority("authority");
    let name = rcgen::DnType::CommonName;
    authority.distinguished_name.push(name, "an authority");
    let issuer = rcgen::Issuer::new(authority, key);
    let own = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let signed = params.signed_by(&own, &issuer).unwrap();
    let server = serve_made(Manner::AtOnce, Some((signed, own)), false);
    assert_eq!(said(&server, None), None);
    // Not another of the same name, not for another name, not past its time, not yet in it.
    let server = serve(own_authority("localhost"));
    let refused = said(&server, Some(&pem(&other))).unwrap();
    assert!(
        refused.contains("--ca-cert FILE names the CA of this server"),
        "{refused}"
    );
    let named = said(&serve(own_authority("elsewhere.example")), None).unwrap();
    assert!(named.contains("elsewhere.example"), "{named}");
    let mut old = own_authority("localhost");
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    old.not_before = rcgen::date_time_ymd(2019, 1, 1);
    let expired = said(&serve(old), None).unwrap();
    assert!(
        expired.contains("xpired") && expired.contains("clock"),
        "{expired}"
    );
    let mut early = own_authority("localhost");
    early.not_before = rcgen::date_time_ymd(2099, 1, 1);
    let early = said(&serve(early), None).unwrap();
    assert!(early.contains("clock"), "{early}");
    // Files of other forms are named, with the way out.
    let other_form = pem(&server).replace(" CERT", " TRUSTED CERT");
    let refused = said(&server, Some(&other_form)).unwrap();
    assert!(refused.contains("openssl x509 -in FILE"), "{refused}");
    let refused = said(&server, Some("not a certificate")).unwrap();
    assert!(refused.contains("no PEM certificate in it"), "{refused}");
}

/// The model list, the canary and engines' probes, not the measured requests alone.
#[test]
fn x13_a_server_that_speaks_http2_alone_is_asked_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let open = |server: &Server, http2: bool| {
        let mut plan = plan_of(server, http2, &folder);
        plan.probe = true;
        plan.model = String::new();
        let mut session = Session::open(plan, vec![samples(1)], Cancel::new()).unwrap();
        session.preflight()?;
        Ok::<_, LoadError>(session.plan().model.clone())
    };
    let tls = || rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    for params in [None, Some(tls())] {
        let server = start_with(Manner::Http2Alone, params, true);
        assert_eq!(open(&server, true).unwrap(), "sim-1");
        // Not asked for, it is not tried, and said.
        let refused = open(&server, false).unwrap_err();
        let LoadError::Unreachable { obstacle, .. } = refused else {
            panic!("{refused}")
        };
        assert_eq!(obstacle, Obstacle::HttpVersion);
    }
    // A server of both is asked as before.
    let both = start(Manner::AtOnce, true, true);
    assert_eq!(open(&both, true).unwrap(), "sim-1");
}
