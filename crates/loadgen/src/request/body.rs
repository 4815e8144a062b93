//! The body of a request: a row's own fields, then the flags, then the extra body.

use super::api::{self, BodyError};
use crate::cold::CacheBreaker;
use dualround_model::{Plan, PromptCacheKey, Sample};
use serde_json::{Map, Value, json};

/// The field by which a service routes requests to a cache.
const CACHE_KEY: &str = "prompt_cache_key";
/// Names of an answer's length.
const LENGTHS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// What is put into a body beside what the plan and the sample say.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BodyExtras<'a> {
    /// What makes it fresh.
    pub(crate) fresh: Option<&'a CacheBreaker>,
    /// The value of `prompt_cache_key` of its epoch.
    pub(crate) key: Option<&'a str>,
}

impl<'a> BodyExtras<'a> {
    /// Something fresh and nothing else.
    pub(crate) fn fresh(fresh: Option<&'a CacheBreaker>) -> Self {
        Self { fresh, key: None }
    }

    /// There is nothing to put in.
    pub(super) fn is_empty(self) -> bool {
        self.fresh.is_none() && self.key.is_none()
    }
}

/// The body of a sample with what is put into it.
///
/// # Errors
/// [`BodyError`] when the API cannot take the sample, or has no place for what makes it fresh.
pub(crate) fn fresh_body(
    plan: &Plan,
    sample: &Sample,
    extras: BodyExtras<'_>,
) -> Result<Map<String, Value>, BodyError> {
    let mut body = body(plan, sample)?;
    if let Some(fresh) = extras.fresh {
        fresh.apply(plan.api(), &mut body)?;
    }
    if let Some(key) = extras.key {
        put(&mut body, CACHE_KEY, json!(key));
    }
    Ok(body)
}

/// The body of a sample without anything fresh; empty where the API cannot take the sample, which is
/// refused when it is to be sent.
pub(super) fn sent(plan: &Plan, sample: &Sample) -> Map<String, Value> {
    body(plan, sample).unwrap_or_default()
}

/// The body of a sample without anything fresh.
fn body(plan: &Plan, sample: &Sample) -> Result<Map<String, Value>, BodyError> {
    let request = &plan.request;
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(plan.model));
    // A row, then the flags, then --extra-body: whichever comes later takes the place of an earlier
    // one. An answer's length is the row's first.
    body.extend(api::fields(plan.api(), sample)?);
    put(&mut body, "stream", json!(true));
    if request.stream_options {
        body.extend(api::asks_for_usage(plan.api()));
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
    if let Some(PromptCacheKey::Fixed(key)) = &request.cache.key {
        put(&mut body, CACHE_KEY, json!(key));
    }
    if let Some(retention) = &request.cache.retention {
        put(&mut body, "prompt_cache_retention", json!(retention));
    }
    // The names of an answer's length are one setting.
    if LENGTHS
        .iter()
        .any(|name| request.extra_body.contains_key(*name))
    {
        body.retain(|key, _| !LENGTHS.contains(&key.as_str()));
    }
    for (key, value) in &request.extra_body {
        put(&mut body, key, value.clone());
    }
    api::set_breakpoints(plan.api(), &mut body, request.cache.control)?;
    Ok(body)
}

fn put(body: &mut Map<String, Value>, field: &str, value: Value) {
    body.insert(field.to_owned(), value);
}

/// A whole number without a fraction: servers with strict readers exist, and so do readers.
fn number(value: f64) -> Value {
    let whole = format!("{value}").parse::<i64>();
    whole.map_or_else(|_| json!(value), |whole| json!(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::row_options::RowOptions;

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
            arrival_ns: None,
            options: options.as_object().unwrap().clone(),
            truncated: false,
            turn: None,
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
