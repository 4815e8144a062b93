//! What every request holds.

use super::{api_fields, network, sessions, usage};
use crate::{
    args::{
        RunArgs,
        words::{MaxTokensField, TokenSourceWord},
    },
    endpoint::Endpoint,
    environment_key,
    exit::Usage,
    secret_line::secret,
};
use dualround_model::{Api, NetworkPlan, RequestPlan, Secret};
use serde_json::{Map, Value};

/// Resolves the request side of the plan. The key of the environment ranks lowest.
pub(super) fn resolve(
    args: &RunArgs,
    endpoint: &Endpoint,
    notes: &mut Vec<String>,
) -> Result<RequestPlan, Usage> {
    let api = endpoint.api();
    api_fields::check(args, api)?;
    if let Some(temperature) = args.temperature.filter(|t| !(t.is_finite() && *t >= 0.0)) {
        return Err(usage(format!(
            "--temperature {temperature}: give 0 or more"
        )));
    }
    if let Some(top_p) = args.top_p.filter(|p| !(*p > 0.0 && *p <= 1.0)) {
        return Err(usage(format!(
            "--top-p {top_p}: give a value above 0 and at most 1"
        )));
    }
    if args.max_output_tokens == Some(0) {
        return Err(usage("--max-output-tokens 0: at least 1 is needed"));
    }
    if let Some((least, most)) = args.min_output_tokens.zip(args.max_output_tokens)
        && least > most
    {
        return Err(usage(format!(
            "--min-output-tokens {least} is above --max-output-tokens {most}"
        )));
    }
    let field = args.max_tokens_field.map(MaxTokensField::means);
    let headers = headers("--header", args.header.as_deref())?;
    let key = api_key(args, &headers, endpoint)?;
    Ok(RequestPlan {
        max_output_tokens: max_output_tokens(args, api, notes),
        min_output_tokens: args.min_output_tokens,
        ignore_eos: args.ignore_eos,
        temperature: args.temperature,
        top_p: args.top_p,
        max_tokens_field: field.unwrap_or(api.length_field()).to_owned(),
        stream_options: !args.no_stream_options.unwrap_or(false),
        extra_body: extra_body(args.extra_body.as_deref())?,
        cache: api_fields::cache(args)?,
        prompt_token_ids: args.prompt_token_ids.unwrap_or(false),
        api_key: key,
        key_as_bearer: false,
        headers,
        session_header: sessions::header(args)?,
        token_source: args
            .token_source
            .map(TokenSourceWord::means)
            .unwrap_or_default(),
        lenient: args.lenient.unwrap_or(false),
        network: NetworkPlan {
            http2: args.http2.unwrap_or(false),
            ..network::resolve(&args.network(), Some(&endpoint.url))?
        },
    })
}

/// Tokens of an answer where Messages, which refuse a request without a limit, are given none.
const MESSAGES_LIMIT: u64 = 256;

/// The longest answer.
fn max_output_tokens(args: &RunArgs, api: Api, notes: &mut Vec<String>) -> Option<u64> {
    let given = args.max_output_tokens;
    match api {
        Api::Messages if given.is_none() => {
            notes.push(format!(
                "max_tokens: {MESSAGES_LIMIT}, since the Messages API wants a limit (--max-output-tokens sets it)"
            ));
            Some(MESSAGES_LIMIT)
        }
        _ => given,
    }
}

/// The key of `--api-key`, else of the environment unless something else authorises: a header, or the
/// user and password of the URL.
fn api_key(
    args: &RunArgs,
    headers: &[(String, Secret)],
    endpoint: &Endpoint,
) -> Result<Option<Secret>, Usage> {
    let api = endpoint.api();
    let has_userinfo = endpoint.userinfo.is_some();
    let key = args.api_key.as_deref().map(|key| secret("--api-key", key));
    let key = key.transpose()?.flatten();
    if key
        .as_ref()
        .is_some_and(|key| key.expose().to_ascii_lowercase().starts_with("bearer "))
    {
        return Err(usage("--api-key: give the key alone, without `Bearer`"));
    }
    let has = |wanted: &str| headers.iter().any(|(name, _)| is(name, wanted));
    let ways = match api {
        // Its key has a line of its own.
        Api::Messages => vec![
            (key.is_some(), "--api-key"),
            (has("x-api-key"), "--header x-api-key"),
        ],
        Api::Chat | Api::Completions | Api::Responses => vec![
            (key.is_some(), "--api-key"),
            (has("Authorization"), "--header Authorization"),
            (has_userinfo, "the user and password of --endpoint"),
        ],
    };
    let given: Vec<&str> = ways
        .into_iter()
        .filter_map(|(is_given, way)| is_given.then_some(way))
        .collect();
    if given.len() > 1 {
        return Err(usage(format!(
            "{} exclude each other: they are one line of the request",
            given.join(" and ")
        )));
    }
    if args.api_key.is_some() {
        return Ok(key);
    }
    let headers = args.header.as_deref().unwrap_or_default();
    if environment_key::gives_way(headers, args.endpoint.as_deref()).is_some() {
        return Ok(None);
    }
    let name = environment_key::name_of(api);
    match std::env::var_os(name) {
        None => Ok(None),
        Some(key) => match key.to_str() {
            Some(key) => secret(name, key),
            None => Err(usage(format!("{name} is not UTF-8"))),
        },
    }
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

/// Headers that say how the request is framed, or belong to the connection: the client's own.
const FRAMING: [&str; 10] = [
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "Upgrade",
    "Expect",
    "TE",
    "Trailer",
    "HTTP2-Settings",
];

/// All headers of a flag, each name once.
pub(super) fn headers(
    flag: &str,
    given: Option<&[String]>,
) -> Result<Vec<(String, Secret)>, Usage> {
    let mut headers: Vec<(String, Secret)> = Vec::new();
    for text in given.unwrap_or_default() {
        let (name, value) = header(flag, text)?;
        if headers.iter().any(|(known, _)| is(known, &name)) {
            return Err(usage(format!(
                "{flag} {name} is given twice: each name stands once in a request"
            )));
        }
        headers.push((name, value));
    }
    Ok(headers)
}

/// `Name: value`. The value is a secret and stays out of messages.
fn header(flag: &str, text: &str) -> Result<(String, Secret), Usage> {
    let (name, value) = text
        .split_once(':')
        .ok_or_else(|| usage(format!("{flag}: give 'Name: value'")))?;
    let name = name.trim();
    if name.is_empty() || !name.bytes().all(is_in_tokens) {
        return Err(usage(format!("{flag}: `{name}` is no header name")));
    }
    if let Some(own) = FRAMING.iter().find(|own| is(name, own)) {
        return Err(usage(format!(
            "{flag} {own}: it frames the request or belongs to the connection, which the client sets itself"
        )));
    }
    let value = secret(&format!("{flag} {name}"), value)?;
    let host = value.as_ref().map_or("", Secret::expose);
    if is(name, "Host") && (host.is_empty() || host.contains(char::is_whitespace)) {
        return Err(usage(format!(
            "{flag} Host: give one host, e.g. 'Host: llm.example'"
        )));
    }
    Ok((name.to_owned(), value.unwrap_or_else(|| Secret::new(""))))
}

/// A byte of a token as RFC 9110 has it.
fn is_in_tokens(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn extra_body(given: Option<&str>) -> Result<Map<String, Value>, Usage> {
    let Some(text) = given else {
        return Ok(Map::new());
    };
    let text = match text.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path)
            .map_err(|error| usage(format!("--extra-body @{path}: {error}")))?,
        None => text.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => checked(object),
        Ok(_) => Err(usage(
            "--extra-body: it must be a JSON object, e.g. '{\"seed\": 1}'",
        )),
        Err(error) => Err(usage(format!("--extra-body is not JSON: {error}"))),
    }
}

/// Without what makes the requests other ones than the run's.
fn checked(body: Map<String, Value>) -> Result<Map<String, Value>, Usage> {
    for key in body.keys() {
        let instead = match key.as_str() {
            "messages" | "input" | "prompt" => "prompts come from --dataset",
            "model" => "give --model NAME",
            "stream" => "every request is streamed, since times are taken from the stream",
            _ => continue,
        };
        return Err(usage(format!(
            "--extra-body: `{key}` is the run's own; {instead}"
        )));
    }
    match body.get("n") {
        None | Some(Value::Null) => Ok(body),
        Some(n) if n.as_f64() == Some(1.0) => Ok(body),
        Some(n) => Err(usage(format!(
            "--extra-body: `n` is {n}, but one request is measured as one answer; leave it out"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_bodies_are_checked() {
        assert_eq!(header("--header", "X-A: b: c").unwrap().1.expose(), "b: c");
        assert!(
            header("--header", "nothing").is_err()
                && header("--header", "a b: c").is_err()
                && header("--header", "a: b\r\nc: d").is_err()
        );
        assert!(extra_body(Some("[1]")).is_err() && extra_body(Some("{")).is_err());
        assert_eq!(extra_body(Some("{\"seed\":1}")).unwrap().len(), 1);
    }

    fn endpoint(url: &str) -> Endpoint {
        crate::endpoint::resolve(url, None).unwrap()
    }

    fn of(key: Option<&str>, headers: &[&str]) -> Result<RequestPlan, Usage> {
        let args = RunArgs {
            api_key: key.map(str::to_owned),
            header: Some(headers.iter().map(|text| (*text).to_owned()).collect()),
            ..RunArgs::default()
        };
        resolve(&args, &endpoint("http://127.0.0.1:1/"), &mut Vec::new())
    }

    #[test]
    fn x18_extra_body_does_not_replace_the_run() {
        for (body, words) in [
            (r#"{"messages":[]}"#, "--dataset"),
            (r#"{"prompt":"x"}"#, "--dataset"),
            (r#"{"input":"x"}"#, "--dataset"),
            (r#"{"model":"zz"}"#, "--model"),
            (r#"{"stream":false}"#, "streamed"),
            (r#"{"n":2}"#, "one answer"),
            (r#"{"n":"2"}"#, "one answer"),
        ] {
            let error = extra_body(Some(body)).unwrap_err().to_string();
            assert!(
                error.contains("--extra-body") && error.contains(words),
                "{error}"
            );
        }
        for body in [
            r#"{"n":1}"#,
            r#"{"seed":1,"stream_options":{"include_usage":true}}"#,
        ] {
            assert!(extra_body(Some(body)).is_ok(), "{body}");
        }
    }

    #[test]
    fn f016_a_secret_cannot_end_its_line() {
        for key in ["sk-1\n", "sk-1\r\n", " sk-1\t"] {
            let plan = of(Some(key), &[]).unwrap();
            assert_eq!(plan.api_key.unwrap().expose(), "sk-1", "{key:?}");
        }
        for key in ["sk-1\r\nX-Evil: 1", "sk-1\n2", "sk\0", "a\u{85}b"] {
            let error = of(Some(key), &[]).unwrap_err().to_string();
            assert!(
                error.contains("--api-key") && !error.contains("sk"),
                "{error}"
            );
            assert!(of(None, &[&format!("X-Key: {key}")]).is_err(), "{key:?}");
        }
        let trimmed = of(None, &["Authorization: Bearer sk-1\r\n"]).unwrap();
        assert_eq!(trimmed.headers[0].1.expose(), "Bearer sk-1");
        assert!(of(Some("\n"), &[]).unwrap().api_key.is_none());
    }

    #[test]
    fn f017_each_name_once_and_no_framing() {
        for (headers, word) in [
            (&["Content-Length: 1"][..], "frames"),
            (&["transfer-encoding: chunked"], "frames"),
            (&["connection: close"], "frames"),
            (&["X-A: 1", "x-a: 2"], "twice"),
        ] {
            let error = of(None, headers).unwrap_err().to_string();
            assert!(error.contains(word), "{headers:?}: {error}");
        }
        assert!(of(Some("sk-1"), &["authorization: Bearer other"]).is_err());
        assert!(of(None, &["Host: a b"]).is_err() && of(None, &["Host:"]).is_err());
        let args = RunArgs {
            api_key: Some("sk-1".to_owned()),
            ..RunArgs::default()
        };
        let error = resolve(&args, &endpoint("http://al:pw@h/"), &mut Vec::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains("password of --endpoint"), "{error}");
        let host = of(Some("sk-1"), &["Host: llama.example"]).unwrap();
        assert_eq!(host.headers.len(), 1);
    }

    #[test]
    fn b151_secrets_do_not_show() {
        let args = RunArgs {
            api_key: Some("sk-XYZ".to_owned()),
            header: Some(vec!["Cookie: s=1".to_owned()]),
            ..RunArgs::default()
        };
        let plan = resolve(&args, &endpoint("http://127.0.0.1:1/"), &mut Vec::new()).unwrap();
        let shown = format!("{plan:?} {}", serde_json::to_string(&plan).unwrap());
        assert!(!shown.contains("sk-XYZ") && !shown.contains("s=1") && shown.contains("Cookie"));
    }
}
