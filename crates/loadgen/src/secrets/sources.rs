//! Every secret that is sent to a plan's servers, whole and in the parts that they may echo apart.

use crate::transport::userinfo;
use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::{NetworkPlan, Plan, Secret, authorises, secrets_of_fields};
use serde_json::{Map, Value};
use url::Url;

/// What servers that need no key are given: words that would be missed in their answers.
const PLACEHOLDERS: &[&str] = &[
    "anything",
    "dummy",
    "llama.cpp",
    "lm-studio",
    "lmstudio",
    "litellm",
    "localhost",
    "no-key",
    "no-key-required",
    "none",
    "not-needed",
    "not_needed",
    "nothing",
    "ollama",
    "password",
    "placeholder",
    "secret",
    "sglang",
    "sk-no-key-required",
    "unused",
    "whatever",
    "xinference",
];

/// Bytes of a part of a header that may be a secret.
const PART: usize = 8;

/// The secrets of one request to a URL of its own, with these headers, over this network.
pub(super) fn secrets_of_request(
    url: &str,
    headers: &[(String, Secret)],
    network: &NetworkPlan,
) -> Vec<String> {
    let mut plan = Plan::new(url, "");
    plan.request.headers = headers.to_vec();
    plan.request.network = network.clone();
    secrets_of(&plan)
}

/// The secrets of the plan, as they are given.
pub(super) fn secrets_of(plan: &Plan) -> Vec<String> {
    let request = &plan.request;
    let mut all: Vec<String> = Vec::new();
    all.extend(request.api_key.iter().map(|key| key.expose().to_owned()));
    for (name, value) in request.headers.iter().chain(&plan.prometheus.headers) {
        if authorises(name) || looks_made(value.expose()) {
            all.extend(of_header(value.expose()));
        }
    }
    if let Some(userinfo) = &plan.endpoint_userinfo {
        all.extend(of_userinfo(userinfo.expose()));
    }
    for url in urls(plan) {
        all.extend(of_url(&url));
    }
    all.extend(secrets_of_body(&request.extra_body));
    all.retain(|secret| !is_placeholder(secret));
    all
}

/// The secrets in the fields of a body.
pub(super) fn secrets_of_body(fields: &Map<String, Value>) -> Vec<String> {
    let values = secrets_of_fields(fields);
    let mut all: Vec<String> = values.iter().flat_map(|value| of_header(value)).collect();
    all.retain(|secret| !is_placeholder(secret));
    all
}

fn is_placeholder(secret: &str) -> bool {
    PLACEHOLDERS
        .iter()
        .any(|word| word.eq_ignore_ascii_case(secret))
}

/// No word and no version: long, of letters of both cases and digits, as tokens are.
fn looks_made(value: &str) -> bool {
    const LENGTH: usize = 20;
    value.len() >= LENGTH
        && !value.contains(' ')
        && value.contains(|c: char| c.is_ascii_digit())
        && value.contains(|c: char| c.is_ascii_uppercase())
        && value.contains(|c: char| c.is_ascii_lowercase())
}

/// Every URL of the plan that may hold a secret.
fn urls(plan: &Plan) -> Vec<String> {
    let proxies = [
        &plan.request.network.proxy.http,
        &plan.request.network.proxy.https,
    ];
    let proxies = proxies.into_iter().flatten().map(|url| {
        let url = url.expose();
        if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        }
    });
    let resets = plan.cold.reset_calls.iter().map(|call| &call.url);
    let named = plan.admin_urls.iter().chain(&plan.prometheus.urls);
    let named = named.chain(resets);
    let named = named.chain([&plan.endpoint]).cloned();
    named.chain(proxies).collect()
}

/// The secrets in a URL: user, password and values of the query.
pub(super) fn of_url(url: &str) -> Vec<String> {
    let Ok(url) = Url::parse(url) else {
        return Vec::new();
    };
    let mut all = vec![url.password().unwrap_or("").to_owned()];
    if let Some(userinfo) = userinfo(&url) {
        all.push(STANDARD.encode(&userinfo));
        all.extend(userinfo.split_once(':').map(|(_, word)| word.to_owned()));
    }
    let raw = url.query().unwrap_or("").split('&');
    let raw = raw.filter_map(|pair| pair.split_once('='));
    let raw = raw.filter(|(name, value)| authorises(name) || looks_made(value));
    all.extend(raw.map(|(_, value)| value.to_owned()));
    let read = url.query_pairs();
    let read = read.filter(|(name, value)| authorises(name) || looks_made(value));
    all.extend(read.map(|(_, value)| value.into_owned()));
    all
}

/// The user and the password are echoed apart, together, and as basic authorisation.
fn of_userinfo(userinfo: &str) -> Vec<String> {
    let mut all: Vec<String> = userinfo.split(':').map(str::to_owned).collect();
    all.extend(userinfo.split_once(':').map(|(_, word)| word.to_owned()));
    all.push(userinfo.to_owned());
    all.push(STANDARD.encode(userinfo));
    all
}

/// The value, what stands behind its scheme (`Bearer KEY`, `Token KEY`), and its parts.
fn of_header(value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned()];
    let key = value.split_once(' ').map(|(_, key)| key.trim());
    if let Some(key) = key.filter(|key| !key.contains(' ')) {
        all.push(key.to_owned());
        let basic = STANDARD.decode(key).ok();
        let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = basic.as_deref().and_then(|pair| pair.split_once(':'));
        all.extend(pair.map(|(_, word)| word.to_owned()));
        all.extend(basic.filter(|pair| pair.contains(':')));
    }
    all.extend(parts(value));
    all
}

/// What may stand for itself in a header of several values: the cookies of a line, `id:secret`, the
/// parameters of a signature.
fn parts(value: &str) -> Vec<String> {
    let mut all = Vec::new();
    for piece in value.split([';', ',', ' ']) {
        if piece.starts_with("SignedHeaders=") || piece.contains("://") {
            continue;
        }
        if let Some((_, word)) = piece.split_once('=') {
            all.push(word.trim_matches('"').to_owned());
        }
        if let Some((name, word)) = piece.split_once(':') {
            all.extend([name, word].map(str::to_owned));
        }
    }
    all.retain(|part| part.len() >= PART);
    all
}
