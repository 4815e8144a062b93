//! The facts of a round that no row of a request holds, counted as its requests end.

use crate::{round::health::TokenArrivals, round::prompt_cut::PromptLengths};
use dualround_model::{
    CachedByTier, Failure, Flag, RequestMetrics, RequestRecord, TokenSource, WrittenTokens,
};
use std::collections::BTreeMap;

/// The facts of a round that no row of a request holds.
#[derive(Debug, Default)]
pub(crate) struct RoundFacts {
    pub(crate) failures: BTreeMap<String, Failed>,
    /// Requests whose tokens were counted from events.
    pub(crate) by_events: u64,
    /// Requests that were sent again, and how often in all.
    pub(crate) retried: Retried,
    /// Prompt tokens that rows of the dataset state and the server counted, with how many such.
    pub(crate) lengths: StatedLengths,
    pub(crate) arrivals: TokenArrivals,
    pub(crate) prompts: PromptLengths,
    /// Answers that began with text in a field that is not known, by the field.
    pub(crate) unknown_text: BTreeMap<String, UnknownTextCount>,
    /// Answers that ended with a word that is not known, by the word.
    pub(crate) unknown_finish: BTreeMap<String, u64>,
    /// There were too many gaps to keep each one.
    pub(crate) icl_approximate: bool,
    /// Token-bearing events of successes.
    pub(crate) events: u64,
    pub(crate) by_tier: ByTier,
    /// What successes told of tokens written into a cache.
    pub(crate) written: WrittenTokens,
    /// Requests for which a connection was opened.
    pub(crate) connections_opened: u64,
    /// Requests that were due while all places in flight were taken.
    pub(crate) waited_for_place: u64,
    /// How late the client sent those that succeeded, in an open loop, ms.
    pub(crate) client_lag_ms: Vec<f64>,
}

/// Requests that were sent again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retried {
    pub(crate) requests: u64,
    /// How often, all of them together.
    pub(crate) attempts: u64,
}

/// Prompt tokens of the requests whose rows state a length, and whose server counted one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct StatedLengths {
    /// By the data set.
    pub(crate) stated: u64,
    /// By the server.
    pub(crate) counted: u64,
    /// Such requests.
    pub(crate) requests: u64,
}

/// Cached tokens by tier, as answers tell them.
#[derive(Debug, Default)]
pub(crate) struct ByTier {
    sum: CachedByTier,
    /// Answers that tell it.
    told: u64,
    /// Answers that hit and do not.
    untold: u64,
}

impl ByTier {
    fn add(&mut self, record: &RequestRecord) {
        let usage = &record.usage;
        let tiers = usage.local_cached_tokens.zip(usage.external_cached_tokens);
        // Tiers that do not add up are of another count.
        let tiers = tiers.filter(|(local, external)| {
            usage.cached_tokens.is_some() && local.checked_add(*external) == usage.cached_tokens
        });
        if let Some((local, external)) = tiers {
            self.told += 1;
            self.sum.local += local;
            self.sum.external += external;
        } else if usage.cached_tokens.is_some_and(|cached| cached > 0) {
            self.untold += 1;
        }
    }

    /// The sums, where every answer that hit tells them.
    pub(crate) fn told(&self) -> Option<CachedByTier> {
        (self.told > 0 && self.untold == 0).then_some(self.sum)
    }
}

/// Answers that began with text in one field that is not known.
#[derive(Debug, Default)]
pub(crate) struct UnknownTextCount {
    pub(crate) count: u64,
    /// The longest time from it to a known token, ms; unknown where there was none.
    pub(crate) lead_ms: Option<f64>,
}

/// Names of a kind that are told apart; servers may make one for each answer.
const NAMES: usize = 5;

/// The entry of a name, as long as there are not too many.
fn kept<'a, T: Default>(names: &'a mut BTreeMap<String, T>, name: &str) -> Option<&'a mut T> {
    let room = names.len() < NAMES || names.contains_key(name);
    room.then(|| names.entry(name.to_owned()).or_default())
}

/// The longer of two times, of which each may be unknown.
fn longer(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.into_iter().chain(b).reduce(f64::max)
}

/// Failures of one kind.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) count: u64,
    /// The first one by index speaks for all.
    index: u32,
    pub(crate) message: String,
}

impl RoundFacts {
    /// Counts a request that has ended.
    pub(crate) fn add(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        if let Some(failure) = record.outcome.failure() {
            self.add_failure(record.index, failure);
        }
        self.by_events += u64::from(metrics.token_source == Some(TokenSource::Events));
        let attempts = record.retries.len() as u64;
        self.retried.requests += u64::from(attempts > 0);
        self.retried.attempts += attempts;
        if let Some((stated, counted)) = record.input_tokens.zip(record.usage.prompt_tokens) {
            self.lengths.stated += stated;
            self.lengths.counted += counted;
            self.lengths.requests += 1;
        }
        self.arrivals.add(record);
        self.connections_opened += u64::from(record.timeline.connect_ns.is_some());
        self.waited_for_place += u64::from(record.timeline.freed_ns.is_some());
        if record.outcome.is_success() {
            self.events += record.stream.token_events;
            self.by_tier.add(record);
            self.client_lag_ms.extend(metrics.from_due.client_lag_ms);
            self.add_written(record);
            let believed = !metrics.flags.contains(&Flag::ImpossibleUsage);
            if believed && let Some(tokens) = record.usage.prompt_tokens {
                self.prompts.add(record.prompt_chars, tokens);
            }
            self.add_unknown(record, metrics);
        }
    }

    /// Counts what a success told of tokens written into a cache.
    fn add_written(&mut self, record: &RequestRecord) {
        let usage = &record.usage;
        let Some(tokens) = usage.written_tokens else {
            return;
        };
        self.written.requests += 1;
        self.written.tokens += tokens;
        self.written.five_minutes += usage.written_5m_tokens.unwrap_or(0);
        self.written.hour += usage.written_1h_tokens.unwrap_or(0);
    }

    /// Failed requests by the name of their kind.
    pub(crate) fn failure_counts(&self) -> BTreeMap<String, u64> {
        let kinds = self.failures.iter();
        kinds
            .map(|(kind, failed)| (kind.clone(), failed.count))
            .collect()
    }

    /// Counts text and endings that no known format has.
    fn add_unknown(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        if let Some(text) = &record.stream.unknown_text {
            let first = record.timeline.first_token_ns;
            let lead = first.map(|first| first.saturating_sub(text.at_ns) as f64 / 1e6);
            if let Some(seen) = kept(&mut self.unknown_text, &text.place) {
                seen.count += 1;
                seen.lead_ms = longer(seen.lead_ms, lead);
            }
        }
        if metrics.flags.contains(&Flag::UnknownFinish)
            && let Some(reason) = &record.stream.finish_reason
            && let Some(count) = kept(&mut self.unknown_finish, reason)
        {
            *count += 1;
        }
    }

    /// Counts a failure; the message is that of the first one by index, whichever ended first.
    fn add_failure(&mut self, index: u32, failure: &Failure) {
        let kind = self.failures.entry(failure.kind.to_string());
        let kind = kind.or_insert_with(|| Failed {
            count: 0,
            index,
            message: failure.message.clone(),
        });
        kind.count += 1;
        if index < kind.index {
            kind.index = index;
            kind.message.clone_from(&failure.message);
        }
    }
}
