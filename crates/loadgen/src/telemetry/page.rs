//! A metrics page, read at every tick of a round.

use super::{
    asked::Asked,
    resolve::{Collected, Reading},
    sampler::{Command, LIMIT},
};
use crate::{
    auth::basic,
    clock::{Clock, nanos},
    control::{Answer, Control},
    head::Headers,
};
use dualround_wire::{Scrape, no_page, parse_exposition};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    select,
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

pub(super) struct Page {
    pub(super) control: Control,
    pub(super) headers: Headers,
    pub(super) clock: Clock,
    pub(super) asked: Vec<Asked>,
    readings: Vec<Reading>,
    /// What was read last in the round.
    last: Option<Scrape>,
    /// The last reading ran into its time limit, so that nobody is to wait for the next.
    hangs: Arc<AtomicBool>,
}

impl Page {
    pub(super) fn new(
        control: Control,
        headers: Headers,
        clock: Clock,
        hangs: Arc<AtomicBool>,
    ) -> Self {
        Self {
            control,
            headers,
            clock,
            asked: Vec::new(),
            readings: Vec::new(),
            last: None,
            hangs,
        }
    }

    pub(super) async fn serve(
        mut self,
        inbox: &mut mpsc::UnboundedReceiver<Command>,
        every: Duration,
    ) {
        let mut ticks = interval(every.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut active = false;
        loop {
            select! {
                command = inbox.recv() => match command {
                    None => return,
                    Some(Command::Names(reply)) => {
                        let names = |page: Scrape| page.names().into_iter().map(str::to_owned).collect();
                        let _ = reply.send(self.parsed().await.map(|(page, _)| names(page)));
                    }
                    Some(Command::Ask(asked, reply)) => {
                        self.asked = asked;
                        let looked = self.parsed().await;
                        let looked = looked.map(|(page, _)| Reading::of(&page, &self.asked, 0));
                        let looked = looked.map(|reading| Collected::Page(vec![reading]));
                        let _ = reply.send(looked.map_err(Into::into));
                    }
                    Some(Command::Begin(reply)) => {
                        self.readings.clear();
                        self.last = None;
                        self.read_twice().await;
                        active = true;
                        ticks.reset();
                        let _ = reply.send(());
                    }
                    Some(Command::Now(reply)) => {
                        self.read().await;
                        let _ = reply.send(());
                    }
                    Some(Command::End(_, reply)) => {
                        active = false;
                        self.read_twice().await;
                        let _ = reply.send(Collected::Page(std::mem::take(&mut self.readings)));
                    }
                },
                _ = ticks.tick(), if active => self.read().await,
            }
        }
    }

    /// Two processes that answer in turn show themselves in two readings, where one before a
    /// round and one after it may just look like growth.
    async fn read_twice(&mut self) {
        self.read().await;
        if !self.hangs.load(Relaxed) {
            self.read().await;
        }
    }

    async fn read(&mut self) {
        let began = self.clock.now();
        let parsed = self.parsed().await;
        let took = self.clock.now().saturating_sub(began);
        self.hangs
            .store(parsed.is_err() && took >= nanos(LIMIT) / 2, Relaxed);
        let reading = match parsed {
            Ok((page, at_ns)) => {
                let other = |last: &Scrape| page.is_of_another_process(last);
                let other_process = self.last.as_ref().is_some_and(other);
                let reading = Reading::of(&page, &self.asked, at_ns);
                self.last = Some(page);
                Reading {
                    other_process,
                    ..reading
                }
            }
            Err(reason) => Reading {
                at_ns: self.clock.now(),
                failed: Some(reason),
                ..Reading::default()
            },
        };
        self.readings.push(reading);
    }

    async fn parsed(&mut self) -> Result<(Scrape, u64), String> {
        let answer = self.scrape().await?;
        if let Some(found) = no_page(&answer.body) {
            return Err(format!("no page of metrics, but {found}"));
        }
        Ok((parse_exposition(&answer.body), answer.at_ns))
    }

    async fn scrape(&mut self) -> Result<Answer, String> {
        let auth = basic(self.control.target.userinfo.as_deref());
        // Some servers have only one of them.
        let accept = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5";
        let mut headers = Headers::of("Accept", accept);
        headers.set_all(&auth);
        headers.set_all(&self.headers);
        let answer = self.control.get(&headers).await?;
        if answer.status == 200 {
            Ok(answer)
        } else {
            Err(format!("HTTP {}", answer.status))
        }
    }
}
