//! A metrics page, read at every tick of a round.

use super::{
    on_page::PageReading,
    query::MetricQuery,
    source::{AskError, MetricsSource, SCRAPE_LIMIT, SamplerSettings, SourceError},
    tracks::Collected,
};
use crate::{
    clock::{Clock, nanos},
    control::{Control, ControlError},
    request::auth::of_other_server,
    request::head::Headers,
    transport::WholeResponse,
};
use dualround_wire::{Scrape, no_page, parse_exposition};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Readings before the run by which several processes behind one page are looked for.
const LOOKS: u32 = 5;

/// A metrics page and what was read of it in the round.
pub(super) struct MetricsPage {
    control: Control,
    headers: Headers,
    clock: Clock,
    period: Duration,
    asked: Vec<MetricQuery>,
    readings: Vec<PageReading>,
    /// What was read last in the round.
    last: Option<Scrape>,
    /// More than one process has answered in the run: what any of its readings is of is not known.
    has_several: bool,
    /// The last reading ran into its time limit, so that nobody is to wait for the next.
    hangs: Arc<AtomicBool>,
}

impl MetricsSource for MetricsPage {
    fn period(&self) -> Option<Duration> {
        Some(self.period)
    }

    async fn names(&mut self) -> Result<Vec<String>, SourceError> {
        let (page, _) = self.parsed().await?;
        Ok(page.names().into_iter().map(str::to_owned).collect())
    }

    async fn look_up(&mut self, asked: Vec<MetricQuery>) -> Result<Collected, AskError> {
        self.asked = asked;
        let (page, _) = self.parsed().await?;
        let reading = PageReading::of(&page, &self.asked, 0);
        self.look_for_several(page).await;
        Ok(Collected::Page(vec![reading]))
    }

    async fn begin(&mut self) {
        self.readings.clear();
        self.last = None;
        self.read_twice().await;
    }

    async fn read(&mut self) {
        self.scrape_once().await;
    }

    async fn end(&mut self, _: (u64, u64)) -> Collected {
        self.read_twice().await;
        Collected::Page(std::mem::take(&mut self.readings))
    }
}

impl MetricsPage {
    pub(super) fn new(
        control: Control,
        settings: &SamplerSettings,
        hangs: Arc<AtomicBool>,
    ) -> Self {
        Self {
            control,
            headers: settings.headers.clone(),
            clock: settings.network.clock,
            period: settings.every,
            asked: Vec::new(),
            readings: Vec::new(),
            last: None,
            has_several: false,
            hangs,
        }
    }

    /// Reads on connections of their own, as balancers give each connection one process.
    async fn look_for_several(&mut self, mut last: Scrape) {
        for _ in 0..LOOKS {
            self.control.close();
            let Ok((page, _)) = self.parsed().await else {
                return;
            };
            self.has_several |= page.is_of_another_process(&last);
            last = page;
        }
    }

    /// Two processes that answer in turn show themselves in two readings, where one before a
    /// round and one after it may just look like growth.
    async fn read_twice(&mut self) {
        self.scrape_once().await;
        if !self.hangs.load(Relaxed) {
            self.scrape_once().await;
        }
    }

    async fn scrape_once(&mut self) {
        let began = self.clock.now();
        let parsed = self.parsed().await;
        let took = self.clock.now().saturating_sub(began);
        self.hangs
            .store(parsed.is_err() && took >= nanos(SCRAPE_LIMIT) / 2, Relaxed);
        let reading = match parsed {
            Ok((page, at_ns)) => {
                let last = self.last.as_ref();
                // Once seen, it holds for the rest of the run: one of several may answer a whole round.
                self.has_several |= last.is_some_and(|last| page.is_of_another_process(last));
                let other_process = self.has_several;
                let reading = PageReading::of(&page, &self.asked, at_ns);
                self.last = Some(page);
                PageReading {
                    took_ns: at_ns.saturating_sub(began),
                    other_process,
                    ..reading
                }
            }
            Err(error) => PageReading {
                at_ns: self.clock.now(),
                failed: Some(error.to_string()),
                ..PageReading::default()
            },
        };
        self.readings.push(reading);
    }

    /// The page as it is now, and when it was complete, ns on the run's clock.
    async fn parsed(&mut self) -> Result<(Scrape, u64), SourceError> {
        let answer = self.scrape().await?;
        if let Some(found) = no_page(&answer.body) {
            return Err(SourceError::NoPage { found });
        }
        Ok((parse_exposition(&answer.body), answer.at_ns))
    }

    async fn scrape(&mut self) -> Result<WholeResponse, ControlError> {
        // Some servers have only one of them.
        let accept = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5";
        let mut headers = Headers::of("Accept", accept);
        headers.set_all(&of_other_server(&self.control.target, &self.headers));
        self.control.get_page(&headers).await
    }
}
