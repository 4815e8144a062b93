//! One background sampler per source: its own thread, connection and timer, never on the request
//! path.

use super::{
    page::MetricsPage,
    promql::PromqlServer,
    query::MetricQuery,
    source::{AskError, MetricsSource, SCRAPE_LIMIT, SamplerSettings, SourceError},
    tracks::Collected,
};
use crate::{LoadError, control::Control, transport::Target};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::JoinHandle,
    time::Duration,
};
use tokio::{
    select,
    sync::{mpsc, oneshot},
    time::{Instant, Interval, MissedTickBehavior, interval},
};

enum SamplerCommand {
    /// The names of all metrics there.
    Names(oneshot::Sender<Result<Vec<String>, SourceError>>),
    /// What is to be read from now on, looked up at once.
    Ask(
        Vec<MetricQuery>,
        oneshot::Sender<Result<Collected, AskError>>,
    ),
    /// A round begins: read now, then at every tick.
    Begin(oneshot::Sender<()>),
    /// Read now.
    Now(oneshot::Sender<()>),
    /// The round that began and ended then is over: read once more and hand over what was read.
    End((u64, u64), oneshot::Sender<Collected>),
}

/// A handle to the thread that samples one source; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Sampler {
    commands: Option<mpsc::UnboundedSender<SamplerCommand>>,
    thread: Option<JoinHandle<()>>,
    hangs: Arc<AtomicBool>,
    /// The URL, secrets removed.
    pub(crate) shown: String,
}

impl Sampler {
    /// Starts a sampler for `url`: of a Prometheus server where one answers there, else of a page.
    pub(crate) fn start(url: &str, settings: &SamplerSettings) -> Result<Self, LoadError> {
        let target = settings.network.target(url)?;
        let shown = target.shown.clone();
        let runtime = crate::runtime::single()?;
        let (commands, mut inbox) = mpsc::unbounded_channel();
        let settings = settings.clone();
        let hangs = Arc::new(AtomicBool::new(false));
        let hanging = Arc::clone(&hangs);
        let thread = std::thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let control = scrape_client(&target, &settings);
                    if let Some(server) = PromqlServer::find(control, &settings).await {
                        return serve(server, &mut inbox).await;
                    }
                    let control = scrape_client(&target, &settings);
                    let page = MetricsPage::new(control, &settings, hanging);
                    serve(page, &mut inbox).await;
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

    fn send<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> SamplerCommand,
    ) -> oneshot::Receiver<T> {
        let (reply, answer) = oneshot::channel();
        if let Some(commands) = &self.commands {
            // A sampler ends only when dropped; if its thread died, the answer never comes.
            let _ = commands.send(command(reply));
        }
        answer
    }

    /// The names of all metrics there. Blocks.
    ///
    /// # Errors
    /// [`SourceError`] where the source does not answer.
    pub(crate) fn names(&self) -> Result<Vec<String>, SourceError> {
        let answer = self.send(SamplerCommand::Names).blocking_recv();
        answer.unwrap_or(Err(SourceError::Ended))
    }

    /// Says what is to be read, and looks it up. Blocks.
    ///
    /// # Errors
    /// [`AskError`] where it cannot be looked up.
    pub(crate) fn ask(&self, asked: &[MetricQuery]) -> Result<Collected, AskError> {
        let asked = asked.to_vec();
        let answer = self.send(|reply| SamplerCommand::Ask(asked, reply));
        let answer = answer.blocking_recv();
        answer.unwrap_or_else(|_| Err(SourceError::Ended.into()))
    }

    /// Begins a round with a reading. Blocks until it is done.
    pub(crate) fn begin(&self) {
        let _ = self.send(SamplerCommand::Begin).blocking_recv();
    }

    /// Ends a round that began and ended then (ns on the run's clock) with a reading; returns all
    /// of the round's. Blocks.
    pub(crate) fn end(&self, window: (u64, u64)) -> Collected {
        let end = self
            .send(|reply| SamplerCommand::End(window, reply))
            .blocking_recv();
        end.unwrap_or(Collected::Page(Vec::new()))
    }

    /// Reads now; not where the last reading ran into its time limit, as requests wait for this
    /// one. The ticks go on, and one that is answered ends that.
    pub(crate) async fn now(&self) {
        if self.hangs.load(Relaxed) {
            return;
        }
        let _ = self.send(SamplerCommand::Now).await;
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

/// A client for a source, whose every exchange has the time limit of a scrape.
fn scrape_client(target: &Target, settings: &SamplerSettings) -> Control {
    Control::new(target.clone(), settings.network.clock, SCRAPE_LIMIT)
}

/// Carries out what the sampler's handle asks for, and reads at every tick of a round.
async fn serve(
    mut source: impl MetricsSource,
    inbox: &mut mpsc::UnboundedReceiver<SamplerCommand>,
) {
    let mut ticks = source.period().map(ticks_of);
    let mut in_round = false;
    loop {
        let command = select! {
            command = inbox.recv() => command,
            _ = next(&mut ticks), if in_round => {
                source.read().await;
                continue;
            }
        };
        // A reply that nobody waits for is no fault: the run is being torn down.
        match command {
            None => return,
            Some(SamplerCommand::Names(reply)) => {
                let _ = reply.send(source.names().await);
            }
            Some(SamplerCommand::Ask(asked, reply)) => {
                let _ = reply.send(source.look_up(asked).await);
            }
            Some(SamplerCommand::Begin(reply)) => {
                source.begin().await;
                in_round = true;
                if let Some(ticks) = &mut ticks {
                    ticks.reset();
                }
                let _ = reply.send(());
            }
            Some(SamplerCommand::Now(reply)) => {
                source.read().await;
                let _ = reply.send(());
            }
            Some(SamplerCommand::End(window, reply)) => {
                in_round = false;
                let _ = reply.send(source.end(window).await);
            }
        }
    }
}

fn ticks_of(period: Duration) -> Interval {
    let mut ticks = interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The next tick; never, of a source without any.
async fn next(ticks: &mut Option<Interval>) -> Instant {
    match ticks {
        Some(ticks) => ticks.tick().await,
        None => pending().await,
    }
}
