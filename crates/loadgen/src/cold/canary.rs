//! The canary: three serial requests with made text that show whether hits happen here, whether
//! they are reported, and whether another marker misses.

use crate::{
    cancel::Cancel, exchange::Wiring, filler::filler, marker::Markers, prepare::request_of_text,
    stream::Response, transport::StampCounts,
};
use dualround_model::{CanaryReport, Outcome, Plan, Usage};
use std::time::Duration;
use tokio::time::sleep;

/// Characters of the canary text: at least two blocks of 256 tokens, the largest seen in real
/// caches, also where a word is one token.
const CHARS: usize = 4500;
/// Engines store finished blocks asynchronously; the repetition waits for that.
const STORE_WAIT: Duration = Duration::from_millis(300);

/// Sends the canary. `Err`: the endpoint refused it, with the status and reason.
pub(crate) async fn run(
    wiring: &Wiring,
    plan: &Plan,
    markers: &mut Markers,
) -> Result<CanaryReport, (Option<u16>, String)> {
    let text = filler(plan.seed, CHARS);
    let (one, two) = (markers.next(), markers.next());
    let mut sent = Vec::with_capacity(3);
    let mut slot = None;
    for marker in [&one, &one, &two] {
        let text = format!("{marker}{text}");
        let bytes = request_of_text(plan, &wiring.target, &text, 2).into();
        let mut response = Response::new(wiring.clock.now(), true, false);
        let cancel = Cancel::new();
        let mut counts = StampCounts::default();
        wiring
            .exchange(&mut slot, &bytes, &mut response, &cancel, &mut counts)
            .await;
        if let Outcome::Failed(failure) = response.answer.outcome() {
            return Err((
                failure.status,
                format!("{}: {}", failure.kind, failure.message),
            ));
        }
        sent.push(response.answer.usage);
        sleep(STORE_WAIT).await;
    }
    let cached = |usage: &Usage| usage.cached_tokens;
    Ok(CanaryReport {
        prompt_tokens: sent[0].prompt_tokens,
        first: cached(&sent[0]),
        repeated: cached(&sent[1]),
        other_marker: cached(&sent[2]),
    })
}
