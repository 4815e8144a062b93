//! The server: its thread, its listener, its connections.

use crate::{
    config::SimConfig,
    engine::{Engine, ms},
    http::Connection,
    routes,
    truth::TruthLog,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::Notify, time::sleep};

/// How long a log may take to be whole.
const SETTLE: Duration = Duration::from_secs(1);

/// An engine that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Host and port.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The thread or its runtime could not be started.
    #[error("cannot start the engine's thread: {0}")]
    Thread(#[source] io::Error),
}

/// A running engine. It stops when dropped.
#[derive(Debug)]
pub struct Sim {
    engine: Arc<Engine>,
    addr: SocketAddr,
    stop: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

impl Sim {
    /// Starts an engine on a thread of its own and returns once it listens.
    ///
    /// # Errors
    /// [`SimError`] when the address or the thread cannot be had.
    pub fn start(config: SimConfig) -> Result<Self, SimError> {
        let address = format!("{}:{}", config.host, config.port);
        let listener = std::net::TcpListener::bind(&address)
            .and_then(|listener| {
                listener.set_nonblocking(true)?;
                let addr = listener.local_addr()?;
                Ok((listener, addr))
            })
            .map_err(|source| SimError::Listen { address, source })?;
        let (listener, addr) = listener;
        let engine = Arc::new(Engine::new(config));
        let stop = Arc::new(Notify::new());
        let (ready, started) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("simllm".to_owned())
            .spawn({
                let (engine, stop) = (Arc::clone(&engine), Arc::clone(&stop));
                move || run(listener, &engine, &stop, &ready)
            })
            .map_err(SimError::Thread)?;
        match started.recv() {
            Ok(Ok(())) => Ok(Self {
                engine,
                addr,
                stop,
                thread: Some(thread),
            }),
            Ok(Err(error)) => Err(SimError::Thread(error)),
            Err(_) => Err(SimError::Thread(io::Error::other("the thread ended"))),
        }
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://host:port`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The log so far.
    pub fn truth(&self) -> TruthLog {
        self.engine.lock().truth.clone()
    }

    /// The log once no request is in the engine, or after a second: a client sees the end of an
    /// answer before the engine has noted it.
    pub fn settled_truth(&self) -> TruthLog {
        let until = Instant::now() + SETTLE;
        loop {
            let state = self.engine.lock();
            if state.in_flight == 0 || Instant::now() > until {
                return state.truth.clone();
            }
            drop(state);
            std::thread::sleep(SETTLE / 1000);
        }
    }

    /// The instant from which the log counts.
    pub fn anchor(&self) -> Instant {
        self.engine.anchor
    }

    /// Forgets the log so far.
    pub fn clear_truth(&self) {
        self.engine.lock().truth = TruthLog::default();
    }

    /// Waits until the engine ends, which it does not by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // The thread's own panic has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(
    listener: std::net::TcpListener,
    engine: &Arc<Engine>,
    stop: &Notify,
    ready: &mpsc::Sender<io::Result<()>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (runtime, listener) = match runtime.and_then(|runtime| {
        let _entered = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        drop(_entered);
        Ok((runtime, listener))
    }) {
        Ok(pair) => pair,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let _ = ready.send(Ok(()));
    runtime.block_on(async {
        tokio::select! {
            () = accept(&listener, engine) => {}
            () = stop.notified() => {}
        }
    });
    // Streams in flight end here: the engine is gone.
    runtime.shutdown_background();
}

async fn accept(listener: &TcpListener, engine: &Arc<Engine>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: let some go first.
            sleep(ms(10.0)).await;
            continue;
        };
        let number = {
            let mut state = engine.lock();
            state.truth.connections += 1;
            state.truth.connections - 1
        };
        let engine = Arc::clone(engine);
        tokio::spawn(async move {
            // Without it small events wait for the client's acknowledgement.
            let _ = stream.set_nodelay(true);
            sleep(ms(engine.config.accept_delay_ms)).await;
            let mut connection = Connection::new(stream);
            while let Ok(Some(request)) = connection.request().await {
                let go_on = routes::route(&engine, &mut connection, number, &request).await;
                if !matches!(go_on, Ok(true)) || request.close {
                    break;
                }
            }
        });
    }
}
