//! One background sampler per source: its own thread, connection, timer and short time limit.

use super::{asked::Asked, page::Page, promql::Server, resolve::Collected};
use crate::{Cancel, LoadError, clock::Clock, control::Control, head::Headers, transport::Target};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsConnector;

/// Bound on one scrape.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

pub(super) enum Command {
    /// The names of all metrics there.
    Names(oneshot::Sender<Result<Vec<String>, String>>),
    /// What is to be read from now on, looked up at once.
    Ask(Vec<Asked>, oneshot::Sender<Result<Collected, AskError>>),
    /// A round begins: read now, then at every tick.
    Begin(oneshot::Sender<()>),
    /// Read now.
    Now(oneshot::Sender<()>),
    /// The round that began and ended then is over: read once more and hand over what was read.
    End((u64, u64), oneshot::Sender<Collected>),
}

/// Why what is asked cannot be looked up.
#[derive(Clone, Debug)]
pub(crate) enum AskError {
    /// The source does not answer; it may later.
    Unreadable(String),
    /// The server does not understand it and never will.
    Refused(String),
}

impl From<String> for AskError {
    fn from(words: String) -> Self {
        Self::Unreadable(words)
    }
}

/// A handle to the sampler of one source.
#[derive(Debug)]
pub(crate) struct Sampler {
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
    hangs: Arc<AtomicBool>,
    /// The URL, secrets removed.
    pub(crate) shown: String,
}

/// What all samplers of a run have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) tls: Option<TlsConnector>,
    pub(crate) clock: Clock,
    pub(crate) every: Duration,
    /// Whole header lines that go to metric sources only.
    pub(crate) headers: Headers,
    pub(crate) cancel: Cancel,
    /// For its proxies.
    pub(crate) request: dualround_model::RequestPlan,
}

impl Sampler {
    /// Starts a sampler for `url`: of a Prometheus server where one answers there, else of a page.
    pub(crate) fn start(url: &str, common: &Common) -> Result<Self, LoadError> {
        let target = Target::resolve(url, &common.request)?;
        let shown = target.shown.clone();
        let runtime = crate::runtime::single()?;
        let (commands, mut inbox) = mpsc::unbounded_channel();
        let common = common.clone();
        let hangs = Arc::new(AtomicBool::new(false));
        let hanging = Arc::clone(&hangs);
        let thread = std::thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let control =
                        || Control::new(target.clone(), common.tls.clone(), common.clock, LIMIT);
                    let server = Server::find(control(), &common).await;
                    match server {
                        Some(server) => server.serve(&mut inbox).await,
                        None => {
                            let headers = common.headers.clone();
                            let page = Page::new(control(), headers, common.clock, hanging);
                            page.serve(&mut inbox, common.every).await;
                        }
                    }
                });
            })
            .map_err(LoadError::Worker)?;
        Ok(Self {
            commands: Some(commands),
            thread: Some(thread),
            hangs,
            shown,
        })
    }

    fn send<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        if let Some(commands) = &self.commands {
            // A sampler ends only when dropped; if its thread died, the answer never comes.
            let _ = commands.send(command(reply));
        }
        answer
    }

    /// The names of all metrics there. Blocks.
    pub(crate) fn names(&self) -> Result<Vec<String>, String> {
        let answer = self.send(Command::Names).blocking_recv();
        answer.unwrap_or_else(|_| Err("the sampler has ended".to_owned()))
    }

    /// Says what is to be read, and looks it up. Blocks.
    pub(crate) fn ask(&self, asked: &[Asked]) -> Result<Collected, AskError> {
        let asked = asked.to_vec();
        let answer = self.send(|reply| Command::Ask(asked, reply));
        let gone = |_| Err(AskError::Unreadable("the sampler has ended".to_owned()));
        answer.blocking_recv().unwrap_or_else(gone)
    }

    /// Begins a round with a reading. Blocks until it is done.
    pub(crate) fn begin(&self) {
        let _ = self.send(Command::Begin).blocking_recv();
    }

    /// Ends a round that began and ended then (ns on the run's clock) with a reading; returns all
    /// of the round's. Blocks.
    pub(crate) fn end(&self, window: (u64, u64)) -> Collected {
        let end = self
            .send(|reply| Command::End(window, reply))
            .blocking_recv();
        end.unwrap_or(Collected::Page(Vec::new()))
    }

    /// Reads now; not where the last reading ran into its time limit, as requests wait for this
    /// one. The ticks go on, and one that is answered ends that.
    pub(crate) async fn now(&self) {
        if self.hangs.load(Relaxed) {
            return;
        }
        let _ = self.send(Command::Now).await;
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
