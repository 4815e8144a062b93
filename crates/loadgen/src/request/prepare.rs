//! Samples to requests: bodies serialised once per epoch, with their digests.

use crate::{
    LoadError,
    cold::CacheBreaker,
    request::api::{self, BodyError},
    request::auth::credentials,
    request::body::{BodyExtras, fresh_body, sent},
    request::head::{Headers, RequestHead},
    request::row_options::RowOptions,
    request::unique_ids::UniqueIds,
    transport::Target,
};
use dualround_model::{
    BodyDigest, Plan, PreparedEpoch, PreparedRequest, RequestRow, Sample, StoreText, hex,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Characters of the prompt kept under [`StoreText::Preview`].
const PREVIEW_CHARS: usize = 200;

/// What makes the requests of a round new to every cache.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Freshness<'a> {
    /// Nothing is put into them.
    Nothing,
    /// One value for all of them: what they share can be reused.
    Shared(&'a CacheBreaker),
    /// A value each, by index: nothing can be reused.
    Each(&'a [CacheBreaker]),
}

impl<'a> Freshness<'a> {
    /// One value for all, where there is one.
    pub(crate) fn shared(breaker: Option<&'a CacheBreaker>) -> Self {
        breaker.map_or(Self::Nothing, Self::Shared)
    }

    fn of(self, index: u32) -> Option<&'a CacheBreaker> {
        match self {
            Self::Nothing => None,
            Self::Shared(breaker) => Some(breaker),
            Self::Each(breakers) => breakers.get(index as usize),
        }
    }
}

/// The requests of an epoch: every sample serialised, with what makes it fresh, and the digests.
///
/// # Errors
/// [`LoadError::Body`] when a sample cannot be made a body.
pub(crate) fn epoch(
    plan: &Plan,
    target: &Target,
    samples: &[Arc<Sample>],
    freshness: Freshness<'_>,
    key: Option<&str>,
) -> Result<PreparedEpoch, LoadError> {
    let mut maker = RequestMaker::new(plan, target);
    let mut content = Sha256::new();
    let mut requests = Vec::with_capacity(samples.len());
    let rendered = samples.iter().map(|sample| rendered(plan, sample));
    let shared = shared_prefixes(&rendered.collect::<Vec<_>>());
    for (index, sample) in (0..).zip(samples) {
        let fresh = freshness.of(index);
        let made = maker.make(index, sample, BodyExtras { fresh, key })?;
        add(&mut content, &made.content);
        requests.push(PreparedRequest {
            shared_chars: if matches!(freshness, Freshness::Each(_)) {
                0
            } else if has_more_than_text(sample) {
                RequestRow::SHARED_UNKNOWN
            } else {
                shared[index as usize]
            },
            ..made.request
        });
    }
    Ok(PreparedEpoch {
        wire_digest: wire_digest(&requests),
        requests,
        content_digest: hex(&content.finalize()),
    })
}

/// A request that was made, with its body as it is without anything fresh.
pub(crate) struct MadeRequest {
    pub(crate) request: PreparedRequest,
    pub(crate) content: Vec<u8>,
}

/// Makes the requests of a round, one after the other.
pub(crate) struct RequestMaker<'a> {
    plan: &'a Plan,
    target: &'a Target,
    headers: Headers,
    head: RequestHead,
    ids: UniqueIds,
    asked: RowOptions,
}

impl<'a> RequestMaker<'a> {
    pub(crate) fn new(plan: &'a Plan, target: &'a Target) -> Self {
        let headers = headers(plan);
        Self {
            plan,
            target,
            head: headers.head("POST", target),
            headers,
            ids: UniqueIds::default(),
            asked: RowOptions::default(),
        }
    }

    /// Makes the request of a sample, all of whose messages it holds; what it shares with others is
    /// for the caller to say.
    ///
    /// # Errors
    /// [`LoadError::Body`] when the sample cannot be made a body.
    pub(crate) fn make(
        &mut self,
        index: u32,
        sample: &Sample,
        extras: BodyExtras<'_>,
    ) -> Result<MadeRequest, LoadError> {
        let plan = self.plan;
        let text = sample.text();
        let content = serialise(plan, sample, BodyExtras::default())?;
        let fresh_body = if extras.is_empty() {
            None
        } else {
            Some(serialise(plan, sample, extras)?)
        };
        let body = fresh_body.as_ref().unwrap_or(&content);
        let field = self.session_field(sample);
        let (bytes, body_at) = match &field {
            None => with_head(&self.head, body),
            Some((name, value)) => {
                let mut headers = self.headers.clone();
                headers.set(name, value);
                with_head(&headers.head("POST", self.target), body)
            }
        };
        let prompt = match plan.output.store_text {
            StoreText::Full => Some(text.as_str().into()),
            StoreText::Preview => Some(text.chars().take(PREVIEW_CHARS).collect::<String>().into()),
            StoreText::None => None,
        };
        let id = sample.id.as_deref();
        let request = PreparedRequest {
            index,
            id: id.map(|id| self.ids.unique(id).into()),
            bytes,
            body_at,
            body_digest: body_digest(body),
            prompt,
            prompt_digest: digest(sample, &text).into(),
            prompt_chars: text.chars().count() as u64,
            input_tokens: if !sample.truncated {
                sample.input_tokens
            } else {
                None
            },
            shared_chars: 0,
            truncated: sample.truncated,
            row_options: self
                .asked
                .of(&plan.request, sample, || sent(plan, sample), extras.fresh),
            turn: None,
            session_field: field,
        };
        Ok(MadeRequest { request, content })
    }

    /// The header by which a router keeps a session on one replica, where one was asked for.
    fn session_field(&self, sample: &Sample) -> Option<(Arc<str>, Arc<str>)> {
        let name = self.plan.request.session_header.as_deref()?;
        let turn = sample.turn.as_deref()?;
        Some((name.into(), header_value(&turn.name)))
    }
}

/// A session's name as the value of a header: what cannot stand there is written as in a URL, so that no
/// two names become one.
fn header_value(name: &str) -> Arc<str> {
    let mut value = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_graphic() && byte != b'%' {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    value.into()
}

/// The same requests, of which some are behind another fresh value.
///
/// # Errors
/// [`LoadError::Body`] when a sample cannot be made a body.
pub(crate) fn replaced(
    plan: &Plan,
    target: &Target,
    samples: &[Arc<Sample>],
    epoch: &PreparedEpoch,
    extras: BodyExtras<'_>,
    is_replaced: impl Fn(u32) -> bool,
) -> Result<PreparedEpoch, LoadError> {
    let head = head(plan, target);
    let mut requests = epoch.requests.clone();
    for (request, sample) in requests.iter_mut().zip(samples) {
        if !is_replaced(request.index) {
            continue;
        }
        let body = serialise(plan, sample, extras)?;
        (request.bytes, request.body_at) = with_head(&head, &body);
        request.body_digest = body_digest(&body);
    }
    Ok(PreparedEpoch {
        wire_digest: wire_digest(&requests),
        requests,
        content_digest: epoch.content_digest.clone(),
    })
}

/// A whole request, and where its body begins.
fn with_head(head: &RequestHead, body: &[u8]) -> (Arc<[u8]>, usize) {
    let mut bytes = head.http1(Some(body.len())).into_bytes();
    let body_at = bytes.len();
    bytes.extend_from_slice(body);
    (bytes.into(), body_at)
}

pub(crate) fn body_digest(body: &[u8]) -> BodyDigest {
    let mut digest = BodyDigest::default();
    let length = digest.len();
    digest.copy_from_slice(&Sha256::digest(body)[..length]);
    digest
}

/// Of what is asked: the text, and where there is more than text (images, sounds), all of it.
fn digest(sample: &Sample, text: &str) -> String {
    let beside = ["system", "instructions"].map(|key| sample.options.get(key));
    let whole = if beside.iter().any(Option::is_some) {
        json!([sample.messages, beside]).to_string()
    } else if has_more_than_text(sample) || sample.token_ids().is_some() {
        json!(sample.messages).to_string()
    } else {
        text.to_owned()
    };
    hex(&Sha256::digest(whole.as_bytes())[..8])
}

/// Messages hold images or sounds, whose tokens no character tells.
pub(crate) fn has_more_than_text(sample: &Sample) -> bool {
    let contents = sample
        .messages
        .iter()
        .filter_map(|message| message.get("content"));
    let mut parts = contents.filter_map(Value::as_array).flatten();
    let texts = ["text", "input_text", "output_text"];
    parts.any(|part| {
        let kind = part.get("type").and_then(Value::as_str);
        kind.is_some_and(|kind| !texts.contains(&kind))
    })
}

/// What shapes a prompt, in the order in which it is rendered. Sharing is measured on this, not on
/// the messages alone.
pub(crate) fn rendered(plan: &Plan, sample: &Sample) -> String {
    let body = sent(plan, sample);
    let mut out = String::new();
    for key in api::shaping(plan.api()) {
        if let Some(part) = body.get(*key) {
            out.push_str(&part.to_string());
        }
    }
    out
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

/// The digest of a round's bodies, over those of each.
fn wire_digest(requests: &[PreparedRequest]) -> String {
    let mut wire = Sha256::new();
    for request in requests {
        wire.update(request.body_digest);
    }
    hex(&wire.finalize())
}

/// The index of the first request whose body is not the one that was made.
pub(crate) fn first_changed(epoch: &PreparedEpoch) -> Option<&PreparedRequest> {
    let mut requests = epoch.requests.iter();
    requests.find(|request| body_digest(&request.bytes[request.body_at..]) != request.body_digest)
}

fn add(digest: &mut Sha256, body: &[u8]) {
    digest.update((body.len() as u64).to_le_bytes());
    digest.update(body);
}

/// Settings of a request that are about its answer: how long it is, and how it is drawn. Requests
/// that are not measured leave them out, and keep everything else, since it may shape the prompt or
/// the way to a replica.
const ABOUT_THE_ANSWER: [&str; 28] = [
    "max_output_tokens",
    "stop_sequences",
    // Its budget may be above the few tokens that are asked for.
    "thinking",
    "max_tokens",
    "max_completion_tokens",
    "min_tokens",
    "n_predict",
    "ignore_eos",
    "stop",
    "stop_token_ids",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "typical_p",
    "n",
    "best_of",
    "seed",
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",
    "logit_bias",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
    "length_penalty",
    "prediction",
    "samplers",
];

/// A request as HTTP/1.1 sends it.
pub(crate) struct RequestBytes {
    pub(crate) bytes: Arc<[u8]>,
    /// Where its body begins.
    pub(crate) body_at: usize,
    /// A field of its own in the head, for HTTP/2, which has the head apart.
    pub(crate) field: Option<(Arc<str>, Arc<str>)>,
}

/// One whole request with other text than any sample's: warm-up and canary. It carries what shapes
/// the prompt of `like`: tools, template arguments, response format, the system's words.
pub(crate) fn request_of_text(
    plan: &Plan,
    target: &Target,
    like: Option<&Sample>,
    text: &str,
    max_tokens: u64,
    extras: BodyExtras<'_>,
) -> RequestBytes {
    let system = like.and_then(|sample| {
        let first = sample.messages.first()?;
        let role = first.get("role").and_then(Value::as_str)?;
        ["system", "developer"]
            .contains(&role)
            .then(|| first.clone())
    });
    let mut messages: Vec<Value> = system.into_iter().collect();
    messages.push(json!({"role": "user", "content": text}));
    let sample = Sample {
        row: 0,
        id: None,
        messages,
        output_tokens: Some(max_tokens),
        input_tokens: None,
        arrival_ns: None,
        options: like.map_or_else(Map::new, |sample| sample.options.clone()),
        truncated: false,
        turn: None,
    };
    // There is a message, made here.
    let mut body = fresh_body(plan, &sample, extras).unwrap_or_default();
    body.retain(|key, _| !ABOUT_THE_ANSWER.contains(&key.as_str()));
    body.insert(plan.request.max_tokens_field.clone(), json!(max_tokens));
    body.insert("stream".to_owned(), json!(true));
    let body = Value::Object(body).to_string();
    let mut bytes = head(plan, target).http1(Some(body.len()));
    let body_at = bytes.len();
    bytes.push_str(&body);
    RequestBytes {
        bytes: bytes.into_bytes().into(),
        body_at,
        field: None,
    }
}

/// The body of a sample as it is sent.
///
/// # Errors
/// [`BodyError`] when the API cannot take the sample, or has no place for what makes it fresh.
pub(crate) fn sent_body(
    plan: &Plan,
    sample: &Sample,
    fresh: Option<&CacheBreaker>,
) -> Result<Value, BodyError> {
    fresh_body(plan, sample, BodyExtras::fresh(fresh)).map(Value::Object)
}

/// Whether requests of this sample carry tools.
pub(crate) fn has_tools(plan: &Plan, sample: &Sample) -> bool {
    api::is_marked_twice(plan.api(), &sent(plan, sample))
}

fn serialise(plan: &Plan, sample: &Sample, extras: BodyExtras<'_>) -> Result<Vec<u8>, LoadError> {
    fresh_body(plan, sample, extras)
        .and_then(|body| Ok(serde_json::to_vec(&body)?))
        .map_err(|error| refused(sample, &error))
}

/// The error of a sample that cannot be made a body.
pub(crate) fn refused(sample: &Sample, error: &BodyError) -> LoadError {
    LoadError::Body {
        row: sample.row,
        reason: error.to_string(),
    }
}

/// The head of every measured request.
pub(crate) fn head(plan: &Plan, target: &Target) -> RequestHead {
    let headers = headers(plan);
    headers.head("POST", target)
}

/// The headers of every measured request: what it takes and sends, and who asks.
pub(crate) fn headers(plan: &Plan) -> Headers {
    let mut headers = Headers::of("Content-Type", "application/json");
    headers.set("Accept", "text/event-stream, application/json");
    headers.set_all(&credentials(plan));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b132_sharing_inside_the_round_is_measured() {
        let texts = ["abcd", "x", "abzz", "abc你"].map(str::to_owned);
        assert_eq!(shared_prefixes(&texts), [3, 0, 2, 3]);
    }
}
