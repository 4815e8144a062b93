//! Warm-up: requests of other text, so that the first round does not pay for a server that wakes up.

use super::{
    arrivals::{LevelArrivals, SeenLatencies},
    cold::RunCold,
    setting::RunSetting,
};
use crate::{
    cold::CacheBreaker,
    events::RoundEvent,
    exchange::answer_reading::AnswerReading,
    request::{body::BodyExtras, filler::filler, prepare},
    round::{
        crew::{Crew, RoundSupplies},
        order::{RoundOrder, in_order},
    },
    secrets::Secrets,
};
use dualround_model::{PreparedEpoch, PreparedRequest, Warning};
use std::sync::Arc;

/// Longest answer of a warm-up request, tokens.
const MOST_TOKENS: u64 = 16;
/// Shortest text, characters.
const LEAST_CHARS: usize = 16;

/// The warm-up requests of a run.
#[derive(Debug, Default)]
pub(super) struct WarmUp {
    /// Those that were made; each has text of its own.
    made: u32,
    failed: u64,
    /// How the first of them failed.
    example: Option<String>,
    /// How long those took that were answered.
    pub(super) seen: SeenLatencies,
}

impl WarmUp {
    /// Sends so many requests of text that is as long as the measured prompts, as they arrive in the
    /// level. Returns the warning about those that failed.
    pub(super) fn send(
        &mut self,
        count: u32,
        arrivals: Option<&LevelArrivals>,
        setting: &RunSetting,
        crew: &Crew,
        cold: &mut RunCold,
    ) -> Option<Warning> {
        let epoch = Arc::new(self.epoch(count, setting, cold));
        let mut order = RoundOrder::closed(in_order(epoch.requests.len()), &setting.plan.limits);
        if let Some(arrivals) = arrivals {
            order.pacing = arrivals.evenly(count, setting.plan.max_concurrency);
        }
        let supplies = RoundSupplies {
            client: &setting.client,
            epoch: &epoch,
            turns: None,
            reading: AnswerReading::of(&setting.plan),
            cancel: &setting.control.cancel,
            secrets: Secrets::with_rows(&setting.plan, setting.samples()),
            between: None,
        };
        (self.failed, self.example, self.seen) = (0, None, SeenLatencies::default());
        crew.serve(order, supplies, &mut |event| self.note(&event));
        self.example.take().map(|example| Warning::WarmUpFailed {
            failed: self.failed,
            of: u64::from(count),
            example,
        })
    }

    fn note(&mut self, event: &RoundEvent<'_>) {
        let RoundEvent::Finished(record) = event else {
            return;
        };
        self.seen.add(record);
        if let Some(failure) = record.outcome.failure() {
            self.failed += 1;
            if self.example.is_none() {
                self.example = Some(format!("{}: {}", failure.kind, failure.message));
            }
        }
    }

    fn epoch(&mut self, count: u32, setting: &RunSetting, cold: &mut RunCold) -> PreparedEpoch {
        let chars = median_chars(setting).max(LEAST_CHARS);
        let requests = (0..count).map(|index| self.request(index, chars, setting, cold));
        PreparedEpoch {
            requests: requests.collect(),
            content_digest: String::new(),
            wire_digest: String::new(),
        }
    }

    fn request(
        &mut self,
        index: u32,
        chars: usize,
        setting: &RunSetting,
        cold: &mut RunCold,
    ) -> PreparedRequest {
        self.made += 1;
        let plan = &setting.plan;
        let request = prepare::request_of_text(
            plan,
            setting.target(),
            setting.first_sample().as_deref(),
            &filler(plan.seed ^ u64::from(self.made), chars),
            plan.request
                .max_output_tokens
                .unwrap_or(MOST_TOKENS)
                .min(MOST_TOKENS),
            BodyExtras {
                fresh: Some(&CacheBreaker::Marker(cold.markers.next())),
                key: cold.next_key(setting).as_deref(),
            },
        );
        PreparedRequest::made(index, request.bytes, request.body_at)
    }
}

fn median_chars(setting: &RunSetting) -> usize {
    let samples = setting.samples().iter();
    let mut lengths: Vec<usize> = samples.map(|sample| sample.text().len()).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}
