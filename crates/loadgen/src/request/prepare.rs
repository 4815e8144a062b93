//! Samples to requests: bodies serialised once per epoch, with their digests.

use crate::{
    LoadError,
    cold::CacheBreaker,
    request::api::{self, BodyError},
    request::auth::credentials,
    request::head::{Headers, RequestHead},
    request::row_options::RowOptions,
    transport::Target,
};
use dualround_model::{
    Plan, PreparedEpoch, PreparedRequest, RequestPlan, RequestRow, Sample, Secret, StoreText, hex,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Characters of the prompt kept under [`StoreText::Preview`].
const PREVIEW_CHARS: usize = 200;

/// The requests of an epoch: every sample serialised, with what makes it fresh, and the digests.
///
/// # Errors
/// [`LoadError::Body`] when a sample cannot be made a body.
pub(crate) fn epoch(
    plan: &Plan,
    target: &Target,
    samples: &[Arc<Sample>],
    fresh: Option<&CacheBreaker>,
) -> Result<PreparedEpoch, LoadError> {
    let head = head(plan, target);
    let mut content = Sha256::new();
    let mut wire = Sha256::new();
    let mut requests = Vec::with_capacity(samples.len());
    let texts: Vec<String> = samples.iter().map(|sample| sample.text()).collect();
    let rendered = samples.iter().map(|sample| rendered(plan, sample));
    let shared = shared_prefixes(&rendered.collect::<Vec<_>>());
    let mut ids = UniqueIds::default();
    let mut asked = RowOptions::default();
    for (index, (sample, text)) in (0..).zip(samples.iter().zip(&texts)) {
        let plain = serialise(plan, sample, None)?;
        add(&mut content, &plain);
        let body = match fresh {
            Some(fresh) => serialise(plan, sample, Some(fresh))?,
            None => plain,
        };
        add(&mut wire, &body);
        let mut bytes = head.http1(Some(body.len())).into_bytes();
        let body_at = bytes.len();
        bytes.extend_from_slice(&body);
        let prompt = match plan.output.store_text {
            StoreText::Full => Some(text.as_str().into()),
            StoreText::Preview => Some(text.chars().take(PREVIEW_CHARS).collect::<String>().into()),
            StoreText::None => None,
        };
        requests.push(PreparedRequest {
            index,
            id: sample.id.as_deref().map(|id| ids.unique(id).into()),
            bytes: bytes.into(),
            body_at,
            prompt,
            prompt_digest: digest(sample, text).into(),
            prompt_chars: text.chars().count() as u64,
            input_tokens: if !sample.truncated {
                sample.input_tokens
            } else {
                None
            },
            shared_chars: if has_more_than_text(sample) {
                RequestRow::SHARED_UNKNOWN
            } else {
                shared[index as usize]
            },
            truncated: sample.truncated,
            row_options: asked.of(&plan.request, sample, || sent(plan, sample), fresh),
        });
    }
    Ok(PreparedEpoch {
        requests,
        content_digest: hex(&content.finalize()),
        wire_digest: hex(&wire.finalize()),
    })
}

/// Of what is asked: the text, and where there is more than text (images, sounds), all of it.
fn digest(sample: &Sample, text: &str) -> String {
    let whole = if has_more_than_text(sample) {
        json!(sample.messages).to_string()
    } else {
        text.to_owned()
    };
    hex(&Sha256::digest(whole.as_bytes())[..8])
}

/// The ids of a round, each of which names one request.
#[derive(Default)]
struct UniqueIds {
    taken: HashSet<String>,
    /// The next number of an id that was repeated.
    next: HashMap<String, u64>,
}

impl UniqueIds {
    /// The id, or with a number where an earlier row has it.
    fn unique(&mut self, id: &str) -> String {
        if self.taken.insert(id.to_owned()) {
            return id.to_owned();
        }
        let next = self.next.entry(id.to_owned()).or_insert(2);
        loop {
            let candidate = format!("{id}#{next}");
            *next += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

/// Messages hold images or sounds, whose tokens no character tells.
fn has_more_than_text(sample: &Sample) -> bool {
    let contents = sample
        .messages
        .iter()
        .filter_map(|message| message.get("content"));
    let mut parts = contents.filter_map(Value::as_array).flatten();
    parts.any(|part| part.get("type").is_some_and(|kind| kind != "text"))
}

/// What shapes a prompt, in the order in which it is rendered. Sharing is measured on this, not on
/// the messages alone.
fn rendered(plan: &Plan, sample: &Sample) -> String {
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

/// The digest of an epoch's bodies as they stand now, to be held against the one of their making.
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

/// Settings of a request that are about its answer: how long it is, and how it is drawn. Requests
/// that are not measured leave them out, and keep everything else, since it may shape the prompt or
/// the way to a replica.
const ABOUT_THE_ANSWER: [&str; 25] = [
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
}

/// One whole request with other text than any sample's: warm-up and canary. It carries what shapes
/// the prompt of `like`: tools, template arguments, response format, the system's words.
pub(crate) fn request_of_text(
    plan: &Plan,
    target: &Target,
    like: Option<&Sample>,
    text: &str,
    max_tokens: u64,
    fresh: Option<&CacheBreaker>,
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
        options: like.map_or_else(Map::new, |sample| sample.options.clone()),
        truncated: false,
    };
    // There is a message, made here.
    let mut body = fresh_body(plan, &sample, fresh).unwrap_or_default();
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
    fresh_body(plan, sample, fresh).map(Value::Object)
}

/// Whether requests of this sample carry tools.
pub(crate) fn has_tools(plan: &Plan, sample: &Sample) -> bool {
    api::is_marked_twice(plan.api(), &sent(plan, sample))
}

fn fresh_body(
    plan: &Plan,
    sample: &Sample,
    fresh: Option<&CacheBreaker>,
) -> Result<Map<String, Value>, BodyError> {
    let mut body = body(plan, sample)?;
    if let Some(fresh) = fresh {
        fresh.apply(plan.api(), &mut body)?;
    }
    Ok(body)
}

fn serialise(
    plan: &Plan,
    sample: &Sample,
    fresh: Option<&CacheBreaker>,
) -> Result<Vec<u8>, LoadError> {
    fresh_body(plan, sample, fresh)
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

/// The body of a sample without anything fresh; empty where the API cannot take the sample, which is
/// refused when it is to be sent.
fn sent(plan: &Plan, sample: &Sample) -> Map<String, Value> {
    body(plan, sample).unwrap_or_default()
}

fn body(plan: &Plan, sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    let request = &plan.request;
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(plan.model));
    body.extend(api::prompt(plan.api(), sample)?);
    put(&mut body, "stream", json!(true));
    // A row, then the flags, then --extra-body: whichever comes later takes the place of an earlier
    // one. An answer's length is the row's first.
    for (key, value) in &sample.options {
        put(&mut body, key, value.clone());
    }
    if request.stream_options {
        put(&mut body, "stream_options", json!({"include_usage": true}));
    }
    if let Some(tokens) = sample.output_tokens.or(request.max_output_tokens) {
        put(&mut body, &request.max_tokens_field, json!(tokens));
    }
    if let Some(tokens) = request.min_output_tokens {
        put(&mut body, "min_tokens", json!(tokens));
    }
    if let Some(ignore) = request.ignore_eos {
        put(&mut body, "ignore_eos", json!(ignore));
    }
    if let Some(temperature) = request.temperature {
        put(&mut body, "temperature", number(temperature));
    }
    if let Some(top_p) = request.top_p {
        put(&mut body, "top_p", number(top_p));
    }
    // The two names of an answer's length are one setting.
    if LENGTHS
        .iter()
        .any(|name| request.extra_body.contains_key(*name))
    {
        body.retain(|key, _| !LENGTHS.contains(&key.as_str()));
    }
    for (key, value) in &request.extra_body {
        put(&mut body, key, value.clone());
    }
    Ok(body)
}

fn put(body: &mut Map<String, Value>, field: &str, value: Value) {
    body.insert(field.to_owned(), value);
}

/// Names of an answer's length.
const LENGTHS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// A whole number without a fraction: servers with strict readers exist, and so do readers.
fn number(value: f64) -> Value {
    let whole = format!("{value}").parse::<i64>();
    whole.map_or_else(|_| json!(value), |whole| json!(whole))
}

/// The head of every measured request.
pub(crate) fn head(plan: &Plan, target: &Target) -> RequestHead {
    let headers = headers(&plan.request, plan.endpoint_userinfo.as_ref());
    headers.head("POST", target)
}

/// The headers of every measured request: what it takes and sends, and who asks.
pub(crate) fn headers(request: &RequestPlan, userinfo: Option<&Secret>) -> Headers {
    let mut headers = Headers::of("Content-Type", "application/json");
    headers.set("Accept", "text/event-stream, application/json");
    headers.set_all(&credentials(request, userinfo));
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

    #[test]
    fn v00i_every_request_of_a_round_has_its_own_id() {
        let mut ids = UniqueIds::default();
        let made = ["a", "b", "a", "a#2", "a"].map(|id| ids.unique(id));
        assert_eq!(made, ["a", "b", "a#2", "a#2#2", "a#3"]);
    }

    fn asked(
        plan: &Plan,
        options: &Value,
        output_tokens: Option<u64>,
    ) -> (Map<String, Value>, Option<Value>) {
        let sample = Sample {
            row: 1,
            id: None,
            messages: vec![json!({"role": "user", "content": "hi"})],
            output_tokens,
            input_tokens: None,
            options: options.as_object().unwrap().clone(),
            truncated: false,
        };
        let told = RowOptions::default().of(&plan.request, &sample, || sent(plan, &sample), None);
        let told = told.map(|text| serde_json::from_str(&text).unwrap());
        (body(plan, &sample).unwrap(), told)
    }

    #[test]
    fn v18_a_flag_wins_over_a_row_and_extra_body_over_both() {
        let mut plan = Plan::new("http://h", "d");
        plan.request.temperature = Some(0.0);
        plan.request.max_output_tokens = Some(64);
        plan.request.extra_body = Map::from_iter([("seed".to_owned(), json!(9))]);
        let row = json!({"temperature": 1.3, "top_p": 0.5, "seed": 1, "tools": [{"type": "x".repeat(300)}]});
        let (sent, told) = asked(&plan, &row, Some(7));
        assert_eq!(sent["temperature"], 0);
        assert_eq!((&sent["top_p"], &sent["seed"]), (&json!(0.5), &json!(9)));
        assert_eq!(sent["max_tokens"], 7);
        let told = told.unwrap();
        assert_eq!(told["top_p"], 0.5);
        assert_eq!(told["max_tokens"], 7);
        assert!(told["tools"].as_str().unwrap().ends_with("characters)"));
        assert!(told.get("temperature").is_none() && told.get("seed").is_none());
        let (sent, told) = asked(&plan, &json!({}), None);
        assert_eq!((&sent["max_tokens"], told), (&json!(64), None));
    }

    #[test]
    fn v18_the_names_of_an_answers_length_are_one_setting() {
        for field in LENGTHS {
            for extra in LENGTHS {
                let mut plan = Plan::new("http://h", "d");
                plan.request.max_tokens_field = field.to_owned();
                plan.request.max_output_tokens = Some(64);
                plan.request.extra_body = Map::from_iter([(extra.to_owned(), json!(5))]);
                let (sent, told) = asked(&plan, &json!({}), Some(7));
                let lengths = LENGTHS.map(|name| sent.get(name).cloned());
                let lengths: Vec<Value> = lengths.into_iter().flatten().collect();
                assert_eq!((lengths, told), (vec![json!(5)], None), "{field} {extra}");
            }
        }
    }

    #[test]
    fn b073_zero_is_sent_as_zero() {
        assert_eq!(number(0.0).to_string(), "0");
        assert_eq!(number(0.7).to_string(), "0.7");
    }
}
