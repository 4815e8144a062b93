//! Samples to requests: bodies serialised once per epoch, with their digests.

use crate::{LoadError, auth::credentials, transport::Target};
use dualround_model::{
    Plan, PreparedEpoch, PreparedRequest, RequestPlan, Sample, Secret, StoreText,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{fmt::Write, sync::Arc};

/// Characters of the prompt kept under [`StoreText::Preview`].
const PREVIEW_CHARS: usize = 200;

/// Serialises every sample, with `marker` at the very start of its first message.
///
/// # Errors
/// [`LoadError::Body`] when a sample cannot be made a body.
pub(crate) fn epoch(
    plan: &Plan,
    target: &Target,
    samples: &[Arc<Sample>],
    marker: Option<&str>,
) -> Result<PreparedEpoch, LoadError> {
    let head = head(&plan.request, plan.endpoint_userinfo.as_ref(), target);
    let mut content = Sha256::new();
    let mut wire = Sha256::new();
    let mut requests = Vec::with_capacity(samples.len());
    let texts: Vec<String> = samples.iter().map(|sample| sample.text()).collect();
    let shared = shared_prefixes(&texts);
    for (index, (sample, text)) in (0..).zip(samples.iter().zip(&texts)) {
        let plain = serialise(plan, sample, None)?;
        add(&mut content, &plain);
        let body = match marker {
            Some(marker) => serialise(plan, sample, Some(marker))?,
            None => plain,
        };
        add(&mut wire, &body);
        let length = body.len();
        let mut bytes = format!("{head}Content-Length: {length}\r\n\r\n").into_bytes();
        let body_at = bytes.len();
        bytes.extend_from_slice(&body);
        let prompt = match plan.output.store_text {
            StoreText::Full => Some(text.as_str().into()),
            StoreText::Preview => Some(text.chars().take(PREVIEW_CHARS).collect::<String>().into()),
            StoreText::None => None,
        };
        requests.push(PreparedRequest {
            index,
            id: sample.id.as_deref().map(Arc::from),
            bytes: bytes.into(),
            body_at,
            prompt,
            prompt_digest: hex(&Sha256::digest(text.as_bytes())[..8]).into(),
            prompt_chars: text.chars().count() as u64,
            shared_chars: shared[index as usize],
            truncated: sample.truncated,
        });
    }
    Ok(PreparedEpoch {
        requests,
        content_digest: hex(&content.finalize()),
        wire_digest: hex(&wire.finalize()),
        marker: marker.map(str::to_owned),
    })
}

/// For each text, the characters of the longest beginning that any other one has too. Among
/// sorted texts, the closest relative stands next to it.
fn shared_prefixes(texts: &[String]) -> Vec<u64> {
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by(|a, b| texts[*a].cmp(&texts[*b]));
    let mut shared = vec![0; texts.len()];
    for pair in order.windows(2) {
        let (a, b) = (texts[pair[0]].chars(), texts[pair[1]].chars());
        let common = a.zip(b).take_while(|(a, b)| a == b).count() as u64;
        for index in pair {
            shared[*index] = common.max(shared[*index]);
        }
    }
    shared
}

/// The digest of the bodies of an epoch as they stand, to be held against the one of its making.
pub(crate) fn wire_digest(epoch: &PreparedEpoch) -> String {
    let mut wire = Sha256::new();
    for request in &epoch.requests {
        add(&mut wire, &request.bytes[request.body_at..]);
    }
    hex(&wire.finalize())
}

fn add(digest: &mut Sha256, body: &[u8]) {
    digest.update((body.len() as u64).to_le_bytes());
    digest.update(body);
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// One whole request with a body that is no sample: warm-up and canary.
pub(crate) fn request_of_text(
    plan: &Plan,
    target: &Target,
    text: &str,
    max_tokens: u64,
) -> Vec<u8> {
    let sample = Sample {
        row: 0,
        id: None,
        messages: vec![json!({"role": "user", "content": text})],
        output_tokens: Some(max_tokens),
        options: Map::new(),
        truncated: false,
    };
    let body = Value::Object(body(&plan.model, &plan.request, &sample)).to_string();
    let head = head(&plan.request, plan.endpoint_userinfo.as_ref(), target);
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn serialise(plan: &Plan, sample: &Sample, marker: Option<&str>) -> Result<Vec<u8>, LoadError> {
    let fail = |reason: String| LoadError::Body {
        row: sample.row,
        reason,
    };
    let mut body = body(&plan.model, &plan.request, sample);
    if let Some(marker) = marker {
        let first = body
            .get_mut("messages")
            .and_then(|messages| messages.get_mut(0));
        let first =
            first.ok_or_else(|| fail("it has no message to put a marker into".to_owned()))?;
        mark(first, marker);
    }
    serde_json::to_vec(&body).map_err(|error| fail(error.to_string()))
}

/// Puts the marker before everything else in a message.
fn mark(message: &mut Value, marker: &str) {
    match message.get_mut("content") {
        Some(Value::String(text)) => text.insert_str(0, marker),
        Some(Value::Array(parts)) => {
            let text = parts.first_mut().and_then(|part| part.get_mut("text"));
            if let Some(Value::String(text)) = text {
                text.insert_str(0, marker);
            } else {
                parts.insert(0, json!({"type": "text", "text": marker}));
            }
        }
        _ => message["content"] = json!(marker),
    }
}

fn body(model: &str, request: &RequestPlan, sample: &Sample) -> Map<String, Value> {
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
    put("model", json!(model));
    put("messages", json!(sample.messages));
    put("stream", json!(true));
    if request.stream_options {
        put("stream_options", json!({"include_usage": true}));
    }
    if let Some(tokens) = sample.output_tokens.or(request.max_output_tokens) {
        put(&request.max_tokens_field, json!(tokens));
    }
    if let Some(tokens) = request.min_output_tokens {
        put("min_tokens", json!(tokens));
    }
    if request.ignore_eos {
        put("ignore_eos", json!(true));
    }
    if let Some(temperature) = request.temperature {
        put("temperature", number(temperature));
    }
    if let Some(top_p) = request.top_p {
        put("top_p", number(top_p));
    }
    for (key, value) in sample.options.iter().chain(&request.extra_body) {
        put(key, value.clone());
    }
    body
}

/// A whole number without a fraction: servers with strict readers exist, and so do readers.
fn number(value: f64) -> Value {
    let whole = format!("{value}").parse::<i64>();
    whole.map_or_else(|_| json!(value), |whole| json!(whole))
}

/// The request head up to its Content-Length.
fn head(request: &RequestPlan, userinfo: Option<&Secret>, target: &Target) -> String {
    let mut head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: dualround/{}\r\n\
         Content-Type: application/json\r\nAccept: text/event-stream, application/json\r\n",
        target.path,
        target.authority,
        env!("CARGO_PKG_VERSION"),
    );
    head.push_str(&credentials(request, userinfo));
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b132_sharing_inside_the_round_is_measured() {
        let texts = ["abcd", "x", "abzz", "abc你"].map(str::to_owned);
        assert_eq!(shared_prefixes(&texts), [3, 0, 2, 3]);
    }

    #[test]
    fn b073_zero_is_sent_as_zero() {
        assert_eq!(number(0.0).to_string(), "0");
        assert_eq!(number(0.7).to_string(), "0.7");
    }

    #[test]
    fn a_marker_stands_before_everything() {
        let cases = [
            (json!({"content": "hi"}), json!({"content": "M hi"})),
            (
                json!({"content": [{"type": "text", "text": "a"}]}),
                json!({"content": [{"type": "text", "text": "M a"}]}),
            ),
            (
                json!({"content": [{"type": "image_url"}]}),
                json!({"content": [{"type": "text", "text": "M "}, {"type": "image_url"}]}),
            ),
            (json!({"content": null}), json!({"content": "M "})),
        ];
        for (mut message, marked) in cases {
            mark(&mut message, "M ");
            assert_eq!(message, marked);
        }
    }
}
