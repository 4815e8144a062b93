//! Keeping secrets out of what servers say, however they quote them.

mod needles;
mod of_errors;
mod sources;
mod unescape;

use dualround_model::{NetworkPlan, Outcome, Plan, RequestRecord, Sample, Secret};
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
    all.extend(sources::secrets_of_request(url, &[], &plan.request.network));
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

    /// The secrets that a request to this URL with these headers carries, over this network.
    pub(crate) fn of_request(
        url: &str,
        headers: &[(String, Secret)],
        network: &NetworkPlan,
    ) -> Self {
        Self::of_list(sources::secrets_of_request(url, headers, network))
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
mod tests;
