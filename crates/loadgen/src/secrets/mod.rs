//! Keeping secrets out of what servers say, however they quote them.

mod needles;
mod sources;
mod unescape;

use crate::{LoadError, ModelError};
use dualround_model::{Outcome, Plan, RequestPlan, RequestRecord, Sample};
use needles::Needles;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{ops::Range, sync::Arc};
use unescape::{PlacedByte, layers};

/// The secrets of a run, for taking them out of texts that servers made: some echo a key in their
/// error message.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    needles: Needles,
}

/// A server's words without the secrets of the plan, and of the URL that they came from.
pub fn mask_secrets(plan: &Plan, url: &str, words: String) -> String {
    let mut all = sources::secrets_of(plan);
    all.extend(sources::secrets_of_request(url, &plan.request));
    Secrets::of_list(all).scrub(words)
}

/// Stands where a text was cut.
const CUT: char = '…';

/// Shorter ones would be found in innocent words.
const SHORTEST: usize = 6;

impl Secrets {
    /// The secrets that are sent to the plan's servers.
    pub(crate) fn of(plan: &Plan) -> Self {
        Self::of_list(sources::secrets_of(plan))
    }

    /// The secrets of the plan, and those that rows hold in fields of their own.
    pub(crate) fn with_rows(plan: &Plan, samples: &[Arc<Sample>]) -> Self {
        let mut all = sources::secrets_of(plan);
        let options = samples.iter().map(|sample| &sample.options);
        for fields in options.filter(|fields| !fields.is_empty()) {
            all.extend(sources::secrets_of_body(fields));
        }
        Self::of_list(all)
    }

    /// The secrets that a request to this URL carries.
    pub(crate) fn of_request(url: &str, request: &RequestPlan) -> Self {
        Self::of_list(sources::secrets_of_request(url, request))
    }

    fn of_list(mut all: Vec<String>) -> Self {
        all.retain(|secret| secret.len() >= SHORTEST);
        all.sort();
        all.dedup();
        Self {
            needles: Needles::of(&all),
        }
    }

    /// A value with every text in it scrubbed: what is stored of pages, engines and rounds holds
    /// servers' words in many places.
    pub(crate) fn scrub_all<T: Serialize + DeserializeOwned>(&self, all: T) -> T {
        let text = serde_json::to_string(&all).unwrap_or_default();
        if self.needles.is_empty() || self.scrub(text.clone()) == text {
            return all;
        }
        let scrubbed = serde_json::from_str(&text).map(|value| self.scrub_value(value));
        let scrubbed = scrubbed.and_then(serde_json::from_value);
        scrubbed.unwrap_or(all)
    }

    fn scrub_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => self.scrub(text).into(),
            Value::Array(items) => items
                .into_iter()
                .map(|item| self.scrub_value(item))
                .collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter();
                Value::Object(
                    fields
                        .map(|(key, value)| (key, self.scrub_value(value)))
                        .collect(),
                )
            }
            other => other,
        }
    }

    /// The text with `***` for every secret in it, for long pieces of one, and for the beginning of one
    /// where the text was cut.
    pub(crate) fn scrub(&self, text: String) -> String {
        self.mask(text, |bytes| {
            let mut found = self.needles.find(bytes);
            found.extend(self.needles.find_pieces(bytes));
            found.extend(self.begun_at_cuts(bytes));
            found
        })
    }

    fn scrub_whole(&self, text: String) -> String {
        self.mask(text, |bytes| self.needles.find(bytes))
    }

    /// Beginnings of secrets in front of cuts, with what a cut left of an escape.
    fn begun_at_cuts(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut mark = [0; 4];
        let mark = CUT.encode_utf8(&mut mark).as_bytes();
        let cuts = memchr::memmem::find_iter(bytes, mark);
        let begun = cuts.filter_map(|cut| {
            let end = cut - half_an_escape(&bytes[..cut]);
            let length = self.needles.begun(&bytes[..end], SHORTEST)?;
            Some(end - length..cut)
        });
        begun.collect()
    }

    /// With `***` for all that is found in the text as it stands or with its escapes taken off.
    fn mask(&self, text: String, find: impl Fn(&[u8]) -> Vec<Range<usize>>) -> String {
        if self.needles.is_empty() {
            return text;
        }
        let mut found: Vec<Range<usize>> = Vec::new();
        for units in layers(&text) {
            let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
            let places = find(&bytes).into_iter();
            found.extend(places.map(|range| in_text(&text, &units[range])));
        }
        if found.is_empty() {
            return text;
        }
        replaced(&text, found)
    }

    /// Takes the secrets out of everything in a record that a server has made.
    pub(crate) fn scrub_record(&self, record: &mut RequestRecord) {
        if self.needles.is_empty() {
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

    /// Takes the secrets out of what an error quotes.
    pub(crate) fn scrub_error(&self, error: LoadError) -> LoadError {
        match error {
            LoadError::Endpoint { url, reason } => LoadError::Endpoint {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Unreachable {
                url,
                reason,
                obstacle,
            } => LoadError::Unreachable {
                url,
                reason: self.scrub(reason),
                obstacle,
            },
            LoadError::KeyRefused { url, status, words } => LoadError::KeyRefused {
                url,
                status,
                words: self.scrub(words),
            },
            LoadError::Model(error) => LoadError::Model(self.scrub_model_error(error)),
            LoadError::NoResetRoute { url, words } => LoadError::NoResetRoute {
                url,
                words: self.scrub(words),
            },
            LoadError::Reset { url, reason } => LoadError::Reset {
                url,
                reason: self.scrub(reason),
            },
            LoadError::Metric { url, reason } => LoadError::Metric {
                url,
                reason: self.scrub(reason),
            },
            other => other,
        }
    }

    fn scrub_model_error(&self, error: ModelError) -> ModelError {
        match error {
            ModelError::NoList {
                status,
                words,
                wants_certificate,
            } => ModelError::NoList {
                status,
                words: self.scrub(words),
                wants_certificate,
            },
            ModelError::Patterns { names } => ModelError::Patterns {
                names: self.scrub(names),
            },
            ModelError::Nothing => ModelError::Nothing,
            ModelError::Several { count, names } => ModelError::Several {
                count,
                names: self.scrub(names),
            },
            ModelError::Refused {
                model,
                words,
                names,
            } => ModelError::Refused {
                model: self.scrub(model),
                words: self.scrub(words),
                names: names.map(|names| self.scrub(names)),
            },
        }
    }
}

/// Where these units stand, in whole characters.
fn in_text(text: &str, units: &[PlacedByte]) -> Range<usize> {
    let mut from = units.first().map_or(0, |unit| unit.from);
    let mut to = units.last().map_or(0, |unit| unit.to);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    from..to
}

/// Bytes at the end that may be the first part of an escape: `%2`, `\u00`, `&#x2`.
fn half_an_escape(bytes: &[u8]) -> usize {
    const LONGEST: usize = 8;
    let from = bytes.len().saturating_sub(LONGEST);
    let tail = &bytes[from..];
    let Some(at) = tail.iter().position(|byte| b"\\%&".contains(byte)) else {
        return 0;
    };
    let rest = &tail[at + 1..];
    if rest.iter().all(|byte| is_in_escapes(*byte)) {
        tail.len() - at
    } else {
        0
    }
}

/// A byte that may follow the first one of an escape.
fn is_in_escapes(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"#\\".contains(&byte)
}

/// The text with `***` in these places; those that overlap are one.
fn replaced(text: &str, mut found: Vec<Range<usize>>) -> String {
    found.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for range in found {
        if range.start >= done && range.end > done {
            out.push_str(&text[done..range.start]);
            out.push_str("***");
        }
        done = done.max(range.end);
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};
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
            ("sk-abcdef-0", "sk-abcdef-0"),
            ("sk-abcdef…", "***…"),
            ("sk-ab…", "sk-ab…"),
            ("no key here…", "no key here…"),
        ] {
            assert_eq!(secrets.scrub(said.to_owned()), masked);
        }
    }

    const KEY: &str = "Ab3/dEf+9hIj/kLmN+oPqRs/tUvWx+Yz12345678==";

    fn with_key(key: &str) -> Secrets {
        let mut plan = Plan::new("http://h", "d");
        plan.request.api_key = Some(Secret::new(key));
        Secrets::of(&plan)
    }

    #[test]
    fn f016_a_key_of_which_only_some_characters_are_escaped_is_masked() {
        let secrets = with_key(KEY);
        for (writer, escapes) in [
            ("mustache", &[("/", "&#x2F;"), ("=", "&#x3D;")][..]),
            ("Go's html/template", &[("+", "&#43;")]),
            (".NET html", &[("+", "&#x2B;")]),
            ("a slash only", &[("/", "%2F")]),
            ("all but the slash", &[("+", "%2B"), ("=", "%3D")]),
            ("twice", &[("/", "%252F"), ("+", "%252B"), ("=", "%253D")]),
            ("PHP", &[("/", "\\/")]),
            ("PHP in JSON", &[("/", "\\\\\\/")]),
            ("Gson", &[("=", "\\u003d")]),
            ("Gson in JSON", &[("=", "\\\\u003d")]),
            ("System.Text.Json", &[("+", "\\u002B")]),
            ("JSON in HTML", &[("+", "\\u002b"), ("/", "&amp;#47;")]),
            ("Python's bytes", &[("+", "\\x2b")]),
        ] {
            let said = escapes
                .iter()
                .fold(KEY.to_owned(), |text, (c, escape)| text.replace(c, escape));
            let masked = secrets.scrub(format!("bad key {said}, and more"));
            assert_eq!(masked, "bad key ***, and more", "{writer}");
            // Cut by the program, inside an escape too.
            for length in 16..said.len() {
                let masked = secrets.scrub(format!("bad key {}…", &said[..length]));
                let left = masked.trim_start_matches("bad key ");
                assert_eq!(left, "***…", "{writer} {length}");
            }
        }
    }

    #[test]
    fn f016_what_else_a_server_makes_of_a_key_is_masked() {
        let secrets = with_key(KEY);
        for said in [
            STANDARD.encode(format!("Bearer {KEY}")),
            STANDARD.encode(format!("me:{KEY}")),
            KEY.to_ascii_uppercase(),
            KEY.bytes().map(|byte| format!("{byte:02X}")).collect(),
            format!("{} {}", &KEY[..16], &KEY[16..]),
            // A server that quotes it in part.
            format!("{}...", &KEY[..14]),
            format!("...{}", &KEY[20..]),
        ] {
            let masked = secrets.scrub(said.clone());
            let longest = (0..KEY.len() - 12).find(|at| masked.contains(&KEY[*at..at + 12]));
            assert!(
                masked.contains("***") && longest.is_none(),
                "{said}: {masked}"
            );
            assert!(masked.len() < said.len() / 2 + 20, "{said}: {masked}");
        }
        // As services name a key without giving it away.
        for said in ["Ab3/dEf+...", "Ab3/***********78=="] {
            assert_eq!(secrets.scrub(said.to_owned()), said);
        }
    }

    #[test]
    fn f016_parts_of_a_header_are_masked_by_themselves() {
        let mut plan = Plan::new("http://h", "d");
        let header = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
        let basic = STANDARD.encode("al:pa55w0rd");
        plan.request.headers = vec![
            header("Cookie", "session=c00kie-one; token=c00kie-two"),
            header("Authorization", &format!("Basic {basic}")),
            header("X-Auth", "ApiKey my-key-id:the-s3cret"),
            header("X-Sign", "HMAC id=client-77, signature=\"deadbeef01\""),
            header("X-Api-Key", "key=abcd-efgh-1"),
            header(
                "X-Aws-Auth",
                "AWS4-HMAC-SHA256 Credential=AKIA0000/x, SignedHeaders=host;x-amz-date, Signature=f00ba4f00",
            ),
        ];
        let secrets = Secrets::of(&plan);
        for part in [
            "c00kie-one",
            "c00kie-two",
            "pa55w0rd",
            "al:pa55w0rd",
            &basic,
            "the-s3cret",
            "client-77",
            "deadbeef01",
            "abcd-efgh-1",
            "f00ba4f00",
        ] {
            assert_eq!(secrets.scrub(format!("bad {part}!")), "bad ***!");
        }
        let plain = "session or token of host x-amz-date missing, HMAC with signature and key";
        assert_eq!(secrets.scrub(plain.to_owned()), plain);
    }
}
