//! The settings by which answers are read.

use dualround_model::{Api, Plan, Secret};
use dualround_wire::BodyDecoder;

/// The settings by which an answer is read: what is kept, and its limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerReading {
    /// Of which its events are.
    pub(crate) api: Api,
    /// Pass over events that cannot be read.
    pub(crate) lenient: bool,
    /// Keep the text of the answer.
    pub(crate) keep_text: bool,
    /// Keep its content and its calls, for turns that build on them.
    pub(crate) keep_answer: bool,
    /// Largest event, bytes.
    pub(crate) event_bytes: usize,
    /// Largest body, bytes.
    pub(crate) body_bytes: u64,
    /// The user's own header asks for compressed answers.
    pub(crate) unpack: bool,
}

impl AnswerReading {
    /// As the plan says.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            api: plan.api(),
            lenient: plan.request.lenient,
            keep_text: plan.output.keeps_answers(),
            keep_answer: false,
            event_bytes: usize::try_from(plan.limits.max_event_bytes).unwrap_or(usize::MAX),
            body_bytes: plan.limits.max_response_bytes,
            unpack: asks_for_packed(&plan.request.headers),
        }
    }
}

/// A header of the run asks for a coding that can be unpacked.
pub(crate) fn asks_for_packed(headers: &[(String, Secret)]) -> bool {
    let mut accepted = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("Accept-Encoding"));
    accepted.any(|(_, value)| BodyDecoder::is_asked_for(value.expose()))
}
