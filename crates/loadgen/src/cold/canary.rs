//! The canary: three serial requests with made text that show whether hits happen here, whether
//! they are reported, and whether what is to make a prompt cold does so.

use super::Fresh;
use crate::{
    cancel::Cancel,
    exchange::Wiring,
    filler::filler,
    marker::Markers,
    prepare::request_of_text,
    stream::{Reading, Response},
    transport::StampCounts,
};
use dualround_model::{CanaryReport, Outcome, Plan, Usage};
use std::time::Duration;
use tokio::time::sleep;

/// Characters of the canary text: at least two blocks of 256 tokens, the largest seen in real
/// caches, also where a word is one token.
const CHARS: usize = 4500;
/// Engines store finished blocks asynchronously; the repetition waits for that.
const STORE_WAIT: Duration = Duration::from_millis(300);
/// Cached tokens that prove no hit: a template may share them whatever comes after it.
pub(crate) const TEMPLATE: u64 = 16;

/// Why a probe was refused: status, and reason in words.
pub(crate) type Refused = (Option<u16>, String);

/// Sends made text, one request after the other.
pub(crate) struct Prober<'a> {
    wiring: &'a Wiring,
    plan: &'a Plan,
    text: String,
    slot: Option<crate::transport::Link>,
}

impl<'a> Prober<'a> {
    pub(crate) fn new(wiring: &'a Wiring, plan: &'a Plan) -> Self {
        Self {
            wiring,
            plan,
            text: filler(plan.seed, CHARS),
            slot: None,
        }
    }

    /// Sends the text once, and waits until it may have been stored.
    ///
    /// # Errors
    /// [`Refused`] when the server did not answer it.
    pub(crate) async fn send(&mut self, fresh: &Fresh) -> Result<Usage, Refused> {
        let target = &self.wiring.target;
        let bytes = request_of_text(self.plan, target, &self.text, 2, Some(fresh)).into();
        let reading = Reading {
            lenient: true,
            keep_text: false,
            ..Reading::of(self.plan)
        };
        let mut response = Response::new(self.wiring.clock.now(), reading);
        let (cancel, mut counts) = (Cancel::new(), StampCounts::default());
        self.wiring
            .exchange(&mut self.slot, &bytes, &mut response, &cancel, &mut counts)
            .await;
        if let Outcome::Failed(failure) = response.answer.outcome() {
            let words = format!("{}: {}", failure.kind, failure.message);
            return Err((failure.status, words));
        }
        sleep(STORE_WAIT).await;
        Ok(response.answer.usage)
    }
}

/// Text A fresh 1, the same again, text A fresh 2; fresh is a marker, or a value of `salt_field`.
///
/// # Errors
/// [`Refused`] when the server did not answer one of them.
pub(crate) async fn run(
    prober: &mut Prober<'_>,
    markers: &mut Markers,
    salt_field: Option<&str>,
) -> Result<CanaryReport, Refused> {
    let mut fresh = || fresh(markers, salt_field);
    let (one, two) = (fresh(), fresh());
    let mut sent = Vec::with_capacity(3);
    for fresh in [&one, &one, &two] {
        sent.push(prober.send(fresh).await?);
    }
    let cached = |usage: &Usage| usage.cached_tokens;
    Ok(CanaryReport {
        prompt_tokens: sent[0].prompt_tokens,
        first: cached(&sent[0]),
        repeated: cached(&sent[1]),
        other_marker: cached(&sent[2]),
        salt_field: salt_field.map(str::to_owned),
    })
}

/// The next value of a kind.
pub(crate) fn fresh(markers: &mut Markers, salt_field: Option<&str>) -> Fresh {
    let words = markers.next();
    match salt_field {
        None => Fresh::Marker(words),
        Some(field) => Fresh::Salt {
            field: field.to_owned(),
            value: words.trim_end().replace(' ', "-"),
        },
    }
}

/// The field makes a prompt cold: the text hit under one value, and missed under another.
pub(crate) fn separates(report: &CanaryReport) -> bool {
    let missed = report.other_marker.unwrap_or(0) <= TEMPLATE;
    report.repeated.is_some_and(|hit| hit > TEMPLATE) && missed
}
