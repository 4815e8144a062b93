//! One background sampler per page: its own thread, connection, timer and short time limit.

use super::resolve::Reading;
use crate::{
    LoadError,
    auth::basic,
    clock::Clock,
    control::{Answer, Control},
    transport::Target,
};
use dualround_wire::{Scrape, parse_exposition};
use std::{thread::JoinHandle, time::Duration};
use tokio::{
    select,
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval},
};
use tokio_rustls::TlsConnector;

/// Bound on one scrape.
const LIMIT: Duration = Duration::from_secs(2);

enum Command {
    /// The whole page, for look-ups before the run.
    Page(oneshot::Sender<Result<Scrape, String>>),
    /// A round begins: read now, then at every tick.
    Begin(oneshot::Sender<()>),
    /// Read now.
    Now(oneshot::Sender<()>),
    /// The round has ended: read once more and hand over what was read.
    End(oneshot::Sender<Vec<Reading>>),
}

/// A handle to the sampler of one page.
#[derive(Debug)]
pub(crate) struct Sampler {
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
    /// The URL, secrets removed.
    pub(crate) shown: String,
}

impl Sampler {
    /// Starts a sampler for `url`.
    pub(crate) fn start(
        url: &str,
        asked: Vec<String>,
        tls: Option<TlsConnector>,
        clock: Clock,
        every: Duration,
    ) -> Result<Self, LoadError> {
        let target = Target::resolve(url)?;
        let shown = target.shown.clone();
        let runtime = crate::runtime::single()?;
        let (commands, mut inbox) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                let control = Control::new(target, tls, clock, LIMIT);
                let mut page = Page {
                    control,
                    asked,
                    clock,
                    readings: Vec::new(),
                };
                runtime.block_on(page.serve(&mut inbox, every));
            })
            .map_err(LoadError::Worker)?;
        Ok(Self {
            commands: Some(commands),
            thread: Some(thread),
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

    /// The whole page, read now. Blocks.
    pub(crate) fn page(&self) -> Result<Scrape, String> {
        let answer = self.send(Command::Page).blocking_recv();
        answer.unwrap_or_else(|_| Err("the sampler has ended".to_owned()))
    }

    /// Begins a round with a reading. Blocks until it is done.
    pub(crate) fn begin(&self) {
        let _ = self.send(Command::Begin).blocking_recv();
    }

    /// Ends a round with a reading; returns all of the round's. Blocks.
    pub(crate) fn end(&self) -> Vec<Reading> {
        self.send(Command::End).blocking_recv().unwrap_or_default()
    }

    /// Reads now.
    pub(crate) async fn now(&self) {
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

struct Page {
    control: Control,
    asked: Vec<String>,
    clock: Clock,
    readings: Vec<Reading>,
}

impl Page {
    async fn serve(&mut self, inbox: &mut mpsc::UnboundedReceiver<Command>, every: Duration) {
        let mut ticks = interval(every.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut active = false;
        loop {
            select! {
                command = inbox.recv() => match command {
                    None => return,
                    Some(Command::Page(reply)) => {
                        let page = self.scrape().await.map(|answer| parse_exposition(&answer.body));
                        let _ = reply.send(page);
                    }
                    Some(Command::Begin(reply)) => {
                        self.readings.clear();
                        self.read().await;
                        active = true;
                        ticks.reset();
                        let _ = reply.send(());
                    }
                    Some(Command::Now(reply)) => {
                        self.read().await;
                        let _ = reply.send(());
                    }
                    Some(Command::End(reply)) => {
                        active = false;
                        self.read().await;
                        let _ = reply.send(std::mem::take(&mut self.readings));
                    }
                },
                _ = ticks.tick(), if active => self.read().await,
            }
        }
    }

    async fn read(&mut self) {
        let reading = match self.scrape().await {
            Ok(answer) => {
                let page = parse_exposition(&answer.body);
                Reading::of(&page, &self.asked, answer.at_ns)
            }
            Err(reason) => Reading {
                at_ns: self.clock.now(),
                failed: Some(reason),
                ..Reading::default()
            },
        };
        self.readings.push(reading);
    }

    async fn scrape(&mut self) -> Result<Answer, String> {
        let auth = basic(self.control.target.userinfo.as_deref());
        let headers = format!("Accept: text/plain; version=0.0.4\r\n{auth}");
        let answer = self.control.send("GET", &headers, "").await?;
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(format!("HTTP {}", answer.status))
        }
    }
}
