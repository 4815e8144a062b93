//! Which names hold secrets: of headers and of a URL's query, and of fields in a body.

use serde::Serializer;
use serde_json::{Map, Value};

/// Words of headers and of a URL's query that authorise.
const AUTHORISING: [&str; 17] = [
    "authorization",
    "authentication",
    "credential",
    "credentials",
    "jwt",
    "session",
    "auth",
    "key",
    "apikey",
    "token",
    "cookie",
    "secret",
    "signature",
    "sig",
    "sign",
    "code",
    "password",
];

/// Words beside them that make a name one of something else: `Idempotency-Key`, `cache_key`,
/// `X-Session-Id`, which leads to a replica.
const ELSE: [&str; 7] = [
    "idempotency",
    "cache",
    "partition",
    "routing",
    "shard",
    "id",
    "count",
];

fn words(name: &str) -> Vec<String> {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.map(str::to_owned).collect()
}

/// A header, or a parameter of a URL, of this name authorises.
pub fn authorises(name: &str) -> bool {
    let words = words(name);
    words
        .iter()
        .any(|word| AUTHORISING.contains(&word.as_str()))
        && !words.iter().any(|word| ELSE.contains(&word.as_str()))
}

/// A field of a body under this name holds a secret: `api_key` as LiteLLM takes it, `Authorization`.
/// Most names with `key` or `token` in them are of something else there.
fn names_secret(name: &str) -> bool {
    let words = words(name);
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    has(&[
        "apikey",
        "authorization",
        "secret",
        "password",
        "passwd",
        "credential",
        "credentials",
        "cookie",
        "bearer",
    ]) || (has(&["key"]) && has(&["api", "access", "private", "auth", "subscription"]))
        || (has(&["token"]) && has(&["access", "auth", "refresh", "api", "hf", "github"]))
}

/// What a secret of a body is shown as.
const MASK: &str = "***";

/// The fields of a body with `***` for the texts of secrets in it, however deep.
pub fn masked_fields(fields: &Map<String, Value>) -> Map<String, Value> {
    let shown = |(key, value): (&String, &Value)| (key.clone(), masked(key, value));
    fields.iter().map(shown).collect()
}

fn masked(key: &str, value: &Value) -> Value {
    match value {
        Value::String(_) if names_secret(key) => MASK.into(),
        Value::Array(items) => items.iter().map(|item| masked(key, item)).collect(),
        Value::Object(fields) => Value::Object(masked_fields(fields)),
        other => other.clone(),
    }
}

/// The texts that [`masked_fields`] would mask.
pub fn secrets_of_fields(fields: &Map<String, Value>) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in fields {
        collect(key, value, &mut found);
    }
    found
}

fn collect(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if names_secret(key) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(key, item, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                collect(key, value, found);
            }
        }
        _ => {}
    }
}

/// For fields that are stored.
pub(crate) fn serialize_masked<S: Serializer>(
    fields: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&masked_fields(fields), serializer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn b151_secrets_of_a_body_are_masked_by_their_names() {
        let body = json!({
            "api_key": "sk-1", "headers": {"Authorization": "Bearer sk-2", "X-Title": "a"},
            "tools": [{"server": {"access_token": "t-3"}}], "max_tokens": 5, "eos_token": "</s>",
            "prompt_cache_key": "c", "stop": ["a"],
        });
        let body = body.as_object().unwrap();
        let shown = masked_fields(body);
        assert_eq!(
            json!(shown),
            json!({
                "api_key": "***", "headers": {"Authorization": "***", "X-Title": "a"},
                "tools": [{"server": {"access_token": "***"}}], "max_tokens": 5, "eos_token": "</s>",
                "prompt_cache_key": "c", "stop": ["a"],
            })
        );
        let mut found = secrets_of_fields(body);
        found.sort();
        assert_eq!(found, ["Bearer sk-2", "sk-1", "t-3"]);
    }
}
