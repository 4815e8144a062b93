//! The request that a run would send for a sample, for people to look at.

use crate::{LoadError, request::api::Breakpoints, request::head::Headers, request::prepare};
use dualround_model::{Api, PinnedAnswers, Plan, Sample, authorises, masked_fields};
use serde_json::{Value, json};
use std::sync::Arc;

/// A request as it would be sent, made by the code that makes those of a run.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Where it goes, secrets removed.
    pub url: String,
    /// Header fields beside those that every request has (`Host`, `User-Agent`, `Content-Length`),
    /// values that are secrets as `***`.
    pub headers: Vec<(String, String)>,
    /// The body without what makes a cold round's prompts fresh, values that are secrets as `***`.
    pub body: Value,
    /// Where a cache is asked to keep the prompt up to, and for how long, in the order in which it is
    /// rendered: `messages[2]`, `1h`.
    pub breakpoints: Vec<(String, String)>,
}

/// The request of a sample by a plan.
///
/// # Errors
/// [`LoadError::Body`] when the sample cannot be made a body.
pub fn preview(plan: &Plan, sample: &Sample) -> Result<Preview, LoadError> {
    let body =
        prepare::sent_body(plan, sample, None).map_err(|error| prepare::refused(sample, &error))?;
    let breakpoints = match (plan.api(), &body) {
        (Api::Messages, Value::Object(fields)) => Breakpoints::of(fields).places,
        _ => Vec::new(),
    };
    Ok(Preview {
        url: crate::redact_url(&plan.endpoint),
        headers: masked(&prepare::headers(plan), plan),
        body: match body {
            Value::Object(fields) => Value::Object(masked_fields(&fields)),
            other => other,
        },
        breakpoints,
    })
}

/// Whether requests can be made of all of these samples.
///
/// # Errors
/// [`LoadError::Body`] for the first that cannot.
pub fn sendable(plan: &Plan, samples: &[Arc<Sample>]) -> Result<(), LoadError> {
    samples.iter().enumerate().try_for_each(|(at, sample)| {
        let next = samples.get(at + 1).and_then(|next| next.turn.as_deref());
        if next.is_some_and(|next| next.turn > 1) {
            // The last turn of a session holds the messages of all others.
            return Ok(());
        }
        let whole = sample.whole(&SomeAnswer);
        let body = prepare::sent_body(plan, whole.as_ref().unwrap_or(sample), None);
        body.map(drop)
            .map_err(|error| prepare::refused(sample, &error))
    })
}

/// Stands for the answers of a server, where it is asked whether a turn could be sent.
struct SomeAnswer;

impl PinnedAnswers for SomeAnswer {
    fn answer(&self, _: u32, _: u32) -> Option<Vec<Value>> {
        Some(vec![json!({"role": "assistant", "content": "."})])
    }
}

/// The user's own values and keys are secrets; what the program says of itself is none.
fn masked(headers: &Headers, plan: &Plan) -> Vec<(String, String)> {
    let fields = headers.fields().map(|(name, value)| {
        let secret = authorises(name) || is_users_own(plan, name);
        let value = if secret { "***" } else { value };
        (name.to_owned(), value.to_owned())
    });
    fields.collect()
}

/// The user gave a header of this name.
fn is_users_own(plan: &Plan, name: &str) -> bool {
    let mut given = plan.request.headers.iter();
    given.any(|(own, _)| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::Secret;
    use serde_json::json;

    #[test]
    fn a_preview_is_the_request_without_its_secrets() {
        let mut plan = Plan::new("http://h:1/v1/chat/completions?key=s3cret", "d");
        plan.model = "m".to_owned();
        plan.request.api_key = Some(Secret::new("sk-test"));
        plan.request.headers = vec![("X-Tenant".to_owned(), Secret::new("blue"))];
        plan.request.temperature = Some(0.5);
        let sample = Sample {
            row: 1,
            id: None,
            messages: vec![json!({"role": "user", "content": "hi"})],
            output_tokens: Some(4),
            input_tokens: None,
            arrival_ns: None,
            options: serde_json::Map::from_iter([("temperature".to_owned(), json!(1.5))]),
            truncated: false,
            turn: None,
        };
        let shown = preview(&plan, &sample).unwrap();
        assert_eq!(
            (&shown.body["temperature"], &shown.body["max_tokens"]),
            (&json!(0.5), &json!(4))
        );
        let all = format!("{shown:?}");
        assert!(!all.contains("sk-test") && !all.contains("blue") && !all.contains("s3cret"));
        assert!(
            shown
                .headers
                .contains(&("X-Tenant".to_owned(), "***".to_owned()))
        );
    }
}
