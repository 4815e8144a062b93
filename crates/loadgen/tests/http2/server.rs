//! A server of another make (hyper's own), in several manners.

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::mpsc,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

/// What a server does with a chat request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    /// 100 ms, then ten tokens 20 ms apart.
    Steady,
    /// All of them in one write.
    AtOnce,
    /// The stream is reset after three tokens.
    Reset,
    /// Status 503.
    Busy,
    /// All at once, and comments for a minute behind the end.
    Drips,
    /// All at once, over HTTP/2 whatever was agreed.
    Http2Alone,
}

/// A body of what comes through a channel; an error resets the stream.
struct Body(mpsc::Receiver<io::Result<Bytes>>);

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.0
            .poll_recv(cx)
            .map(|next| next.map(|part| part.map(Frame::data)))
    }
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) connections: Arc<AtomicU64>,
    /// PEM of its certificate, under TLS.
    pub(crate) certificate: Option<String>,
}

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

fn token(i: u32) -> String {
    event(&format!(
        "{{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" t{i}\"}}}}]}}"
    ))
}

const END: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                   data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":10}}\n\n\
                   data: [DONE]\n\n";

async fn answer(request: Request<Incoming>, manner: Manner) -> Result<Response<Body>, Infallible> {
    use http_body_util::BodyExt;
    let (sender, receiver) = mpsc::channel(16);
    let mut response = Response::builder().status(200);
    if request.method() == http::Method::GET {
        let _ = sender
            .send(Ok("{\"data\":[{\"id\":\"sim-1\"}]}".into()))
            .await;
        return Ok(response.body(Body(receiver)).unwrap());
    }
    let sent = request.into_body().collect().await.unwrap().to_bytes();
    assert!(serde_json::from_slice::<serde_json::Value>(&sent).is_ok());
    response = response.header("content-type", "text/event-stream");
    if manner == Manner::Busy {
        let _ = sender
            .send(Ok("{\"error\":{\"message\":\"busy\"}}".into()))
            .await;
        let response = response
            .status(503)
            .header("content-type", "application/json");
        return Ok(response.body(Body(receiver)).unwrap());
    }
    tokio::spawn(async move {
        let all: String = (0..10).map(token).collect();
        match manner {
            Manner::AtOnce | Manner::Http2Alone => {
                let _ = sender.send(Ok((all + END).into())).await;
            }
            Manner::Drips => {
                let _ = sender.send(Ok((all + END).into())).await;
                for _ in 0..600 {
                    sleep(Duration::from_millis(100)).await;
                    let _ = sender.send(Ok(": still here\n\n".into())).await;
                }
            }
            _ => {
                sleep(Duration::from_millis(100)).await;
                for i in 0..10 {
                    if manner == Manner::Reset && i == 3 {
                        let _ = sender.send(Err(io::Error::other("engine died"))).await;
                        return;
                    }
                    let _ = sender.send(Ok(token(i).into())).await;
                    sleep(Duration::from_millis(20)).await;
                }
                let _ = sender.send(Ok(END.into())).await;
            }
        }
    });
    Ok(response.body(Body(receiver)).unwrap())
}

pub(crate) async fn serve_one(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    manner: Manner,
    http2: bool,
) {
    let service = service_fn(move |request| answer(request, manner));
    let io = TokioIo::new(stream);
    // A client that goes away is no fault of the server.
    if http2 {
        let builder = conn::http2::Builder::new(LocalExecutor);
        let _ = builder.serve_connection(io, service).await;
    } else {
        let _ = conn::http1::Builder::new()
            .serve_connection(io, service)
            .await;
    }
}

#[derive(Clone)]
struct LocalExecutor;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// Serves every connection by `serve`, on a thread of its own.
pub(crate) fn listen<F: Future<Output = ()> + 'static>(
    mut serve: impl FnMut(tokio::net::TcpStream) -> F + Send + 'static,
) -> std::net::SocketAddr {
    let (ready, addr) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                tokio::task::spawn_local(serve(stream));
            }
        });
    });
    addr.recv().unwrap()
}

pub(crate) fn start(manner: Manner, tls: bool, http2: bool) -> Server {
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    start_with(manner, tls.then_some(params), http2)
}

pub(crate) fn start_with(
    manner: Manner,
    tls: Option<rcgen::CertificateParams>,
    http2: bool,
) -> Server {
    let made = tls.map(|params| {
        let own = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&own).unwrap(), own)
    });
    serve_made(manner, made, http2)
}

pub(crate) fn serve_made(
    manner: Manner,
    tls: Option<(rcgen::Certificate, rcgen::KeyPair)>,
    http2: bool,
) -> Server {
    let connections = Arc::new(AtomicU64::new(0));
    let (acceptor, certificate) = if let Some((made, own)) = tls {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], key)
            .unwrap();
        if http2 {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        (Some(TlsAcceptor::from(Arc::new(config))), Some(made.pem()))
    } else {
        (None, None)
    };
    let count = Arc::clone(&connections);
    let addr = listen(move |stream| {
        count.fetch_add(1, Relaxed);
        let acceptor = acceptor.clone();
        async move {
            match acceptor {
                None => serve_one(stream, manner, http2).await,
                Some(acceptor) => {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let two = manner == Manner::Http2Alone
                        || stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve_one(stream, manner, two).await;
                }
            }
        }
    });
    Server {
        addr,
        connections,
        certificate,
    }
}
