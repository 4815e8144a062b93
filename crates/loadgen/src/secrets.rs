//! Keeping secrets out of what servers say: in every form in which they were given, and in those in which
//! the usual writers quote them.

use crate::{LoadError, transport::userinfo};
use base64::{Engine, engine::general_purpose::STANDARD};
use dualround_model::{Outcome, Plan, RequestRecord};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// The secrets of a run, for taking them out of texts that servers made: some echo a key in their
/// error message.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Vec<String>);

/// Every URL of the plan that may hold a secret.
fn urls(plan: &Plan) -> Vec<String> {
    let proxies = [&plan.request.proxy.http, &plan.request.proxy.https];
    let proxies = proxies.into_iter().flatten().map(|url| {
        let url = url.expose();
        if url.contains("://") {
            url.to_owned()
        } else {
            format!("http://{url}")
        }
    });
    let named = plan.admin_urls.iter().chain(&plan.prometheus.urls);
    let named = named.chain([&plan.endpoint]).cloned();
    named.chain(proxies).collect()
}

/// User, password and values of the query, as they stand and decoded, and as basic authorisation.
fn of_url(url: &str) -> Vec<String> {
    let Ok(url) = Url::parse(url) else {
        return Vec::new();
    };
    let mut all = vec![url.password().unwrap_or("").to_owned()];
    if let Some(userinfo) = userinfo(&url) {
        all.push(STANDARD.encode(&userinfo));
        all.extend(userinfo.split_once(':').map(|(_, word)| word.to_owned()));
    }
    let raw = url.query().unwrap_or("").split('&');
    all.extend(raw.filter_map(|pair| Some(pair.split_once('=')?.1.to_owned())));
    all.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    all
}

/// What the usual writers of URLs leave as it is: RFC 3986, Python's `quote`, JavaScript's
/// `encodeURIComponent`.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
const WITH_SLASH: &AsciiSet = &UNRESERVED.remove(b'/');
const COMPONENT: &AsciiSet = &UNRESERVED
    .remove(b'!')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What becomes of a secret that is quoted in JSON (also inside of a JSON text), in a URL or in HTML, by
/// the usual writers.
fn forms(secret: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let text = serde_json::Value::from(text).to_string();
        text[1..text.len() - 1].to_owned()
    };
    let once = quoted(secret);
    let mut all = vec![quoted(&once), STANDARD.encode(secret)];
    // As PHP's writer has it, Go's, Gson's.
    let more = |text: String, c: char| escaped(&text, c);
    let go = ['&', '<', '>'].into_iter().fold(once.clone(), more);
    let gson = ['=', '\''].into_iter().fold(go.clone(), more);
    all.extend([once.replace('/', "\\/"), once, go, gson]);
    for set in [NON_ALPHANUMERIC, UNRESERVED, WITH_SLASH, COMPONENT] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        all.push(lower_escapes(&encoded));
        all.push(encoded);
    }
    for [double, single] in [
        ["&quot;", "&#x27;"],
        ["&quot;", "&#39;"],
        ["&#34;", "&#39;"],
    ] {
        let html = secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        all.push(html.replace('"', double).replace('\'', single));
    }
    all
}

/// With this character as `\u0026`, in four lower hexadecimal digits.
fn escaped(text: &str, c: char) -> String {
    text.replace(c, &format!("\\u{:04x}", u32::from(c)))
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut after = 0;
    let lower = text.chars().map(|c| {
        after = if c == '%' { 2 } else { i32::max(after - 1, -1) };
        if c != '%' && after >= 0 {
            c.to_ascii_lowercase()
        } else {
            c
        }
    });
    lower.collect()
}

/// Headers whose values are no secrets, and may be common words.
const PLAIN: [&str; 12] = [
    "Accept",
    "Accept-Language",
    "Cache-Control",
    "Content-Type",
    "Host",
    "HTTP-Referer",
    "Origin",
    "Pragma",
    "Referer",
    "User-Agent",
    "X-Title",
    "X-Request-Id",
];

/// The value, and what stands behind its scheme (`Bearer KEY`, `Token KEY`), by itself.
fn of_header(value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned()];
    if let Some((_, key)) = value.split_once(' ').filter(|(_, key)| !key.contains(' ')) {
        all.push(key.to_owned());
    }
    all
}

/// Stands where a text was cut.
const CUT: char = '…';

/// Bytes at the end of a text with which a secret begins, where they are enough to tell.
fn begun(text: &str, secret: &str) -> Option<usize> {
    let ends = secret.char_indices().map(|(at, _)| at);
    let lengths = ends.filter(|length| *length >= SHORTEST);
    lengths
        .filter(|length| text.ends_with(&secret[..*length]))
        .max()
}

/// Shorter ones would be found in innocent words.
const SHORTEST: usize = 6;

impl Secrets {
    /// All that are sent to the plan's servers.
    pub(crate) fn of(plan: &Plan) -> Self {
        let request = &plan.request;
        let mut all: Vec<String> = Vec::new();
        all.extend(request.api_key.iter().map(|key| key.expose().to_owned()));
        for (name, value) in request.headers.iter().chain(&plan.prometheus.headers) {
            if !PLAIN.iter().any(|plain| plain.eq_ignore_ascii_case(name)) {
                all.extend(of_header(value.expose()));
            }
        }
        if let Some(userinfo) = &plan.endpoint_userinfo {
            let userinfo = userinfo.expose();
            // The user and the password are echoed apart.
            all.extend(userinfo.split(':').map(str::to_owned));
            all.push(userinfo.to_owned());
        }
        for url in urls(plan) {
            all.extend(of_url(&url));
        }
        let encoded = plan.endpoint_userinfo.iter();
        all.extend(encoded.map(|userinfo| STANDARD.encode(userinfo.expose())));
        // As a JSON text would hold it, and as a URL would.
        all.retain(|secret| secret.len() >= SHORTEST);
        let escaped: Vec<String> = all.iter().flat_map(|secret| forms(secret)).collect();
        all.extend(escaped);
        all.sort();
        all.dedup();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(all)
    }

    /// The text with `***` for every secret in it, and for the beginning of one where the text was
    /// cut.
    pub(crate) fn scrub(&self, text: String) -> String {
        self.scrub_cut(&self.scrub_whole(text))
    }

    fn scrub_whole(&self, text: String) -> String {
        let held = self
            .0
            .iter()
            .filter(|secret| text.contains(secret.as_str()));
        let held: Vec<&String> = held.collect();
        held.into_iter()
            .fold(text, |text, secret| text.replace(secret.as_str(), "***"))
    }

    fn scrub_cut(&self, text: &str) -> String {
        let mut parts: Vec<String> = text.split(CUT).map(str::to_owned).collect();
        let cut = parts.len() - 1;
        for part in &mut parts[..cut] {
            let begun = self.0.iter().filter_map(|secret| begun(part, secret)).max();
            if let Some(length) = begun {
                part.truncate(part.len() - length);
                part.push_str("***");
            }
        }
        parts.join(&CUT.to_string())
    }

    /// Takes them out of everything in a record that a server has made.
    pub(crate) fn scrub_record(&self, record: &mut RequestRecord) {
        if self.0.is_empty() {
            return;
        }
        if let Outcome::Failed(failure) = &mut record.outcome {
            failure.message = self.scrub(std::mem::take(&mut failure.message));
        }
        // An answer is never cut, and may begin like a secret at its end.
        record.output = record.output.take().map(|text| self.scrub_whole(text));
        let stream = &mut record.stream;
        stream.finish_reason = stream.finish_reason.take().map(|word| self.scrub(word));
        if let Some(text) = &mut stream.unknown_text {
            text.place = self.scrub(std::mem::take(&mut text.place));
        }
        if let Some(id) = record.response_id.take() {
            let scrubbed = self.scrub(id.to_string());
            record.response_id = Some(if *scrubbed == *id {
                id
            } else {
                scrubbed.into()
            });
        }
    }

    /// The same for what an error quotes.
    pub(crate) fn scrub_error(&self, error: LoadError) -> LoadError {
        match error {
            LoadError::Endpoint { url, reason } => LoadError::Endpoint {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Model { reason } => LoadError::Model {
                reason: self.scrub(reason),
            },
            LoadError::Reset { url, reason } => LoadError::Reset {
                url,
                reason: self.scrub(reason),
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_model::Secret;

    #[test]
    fn b151_secrets_in_a_servers_words_are_masked() {
        let mut plan = Plan::new("http://h", "d");
        plan.request.api_key = Some(Secret::new("sk-test-123"));
        plan.request.headers = vec![("X-Token".to_owned(), Secret::new("Token abcdef99"))];
        plan.endpoint_userinfo = Some(Secret::new("al:pa55w0rd"));
        let secrets = Secrets::of(&plan);
        let said = "bad key sk-test-123 (Token abcdef99, abcdef99), pa55w0rd, YWw6cGE1NXcwcmQ=; al"
            .to_owned();
        assert_eq!(secrets.scrub(said), "bad key *** (***, ***), ***, ***; al");
    }

    #[test]
    fn f016_secrets_are_masked_in_every_form() {
        let mut plan = Plan::new("http://h/v1?token=qu%2Fery1", "d");
        plan.request.api_key = Some(Secret::new("sk/te\"st-123"));
        plan.request.proxy.http = Some(Secret::new("bo:pr%40xypass@proxy:1"));
        plan.admin_urls = vec!["http://ad:adm1n-pw@h:2/".to_owned()];
        let secrets = Secrets::of(&plan);
        for form in [
            "sk/te\"st-123",
            r#"sk/te\"st-123"#,
            "sk%2Fte%22st%2D123",
            "sk/te%22st-123",
            "sk%2fte%22st-123",
            "sk/te&quot;st-123",
            r#"sk/te\\\"st-123"#,
            r#"sk\/te\"st-123"#,
            "qu/ery1",
            "qu%2Fery1",
            "pr@xypass",
            "pr%40xypass",
            "Ym86cHJAeHlwYXNz",
            "adm1n-pw",
            "YWQ6YWRtMW4tcHc=",
        ] {
            let masked = secrets.scrub(format!("<{form}>"));
            assert_eq!(masked, "<***>", "{form}");
        }
    }

    #[test]
    fn f016_common_words_of_headers_are_no_secrets() {
        let mut plan = Plan::new("http://h", "d");
        let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
        plan.request.headers = vec![
            header("X-Title", "Latency benchmark"),
            header("HTTP-Referer", "https://my.site"),
            header("Accept", "application/json"),
            header("Authorization", "Bearer sk-a&b=c-0123"),
        ];
        let secrets = Secrets::of(&plan);
        let plain = "Missing Bearer token for application/json, a benchmark of https://my.site";
        assert_eq!(secrets.scrub(plain.to_owned()), plain);
        for form in [
            "sk-a&b=c-0123",
            r"sk-a\u0026b=c-0123",
            r"sk-a\u0026b\u003dc-0123",
        ] {
            assert_eq!(secrets.scrub(form.to_owned()), "***");
        }
    }

    #[test]
    fn f016_a_secret_that_was_cut_is_masked() {
        let mut plan = Plan::new("http://h", "d");
        plan.request.api_key = Some(Secret::new("sk-abcdef-0123456789"));
        let secrets = Secrets::of(&plan);
        for (said, masked) in [
            (
                "begins with `yyy sk-abcdef-0123…` (HTTP 200)",
                "begins with `yyy ***…` (HTTP 200)",
            ),
            ("sk-abcdef-0123", "sk-abcdef-0123"),
            ("sk-abcdef…", "***…"),
            ("sk-ab…", "sk-ab…"),
            ("no key here…", "no key here…"),
        ] {
            assert_eq!(secrets.scrub(said.to_owned()), masked);
        }
    }
}
