//! A short reason out of an error body of any shape.

use crate::errors::words::error_of;
use serde_json::Value;

/// Bytes of a reason at most.
const LIMIT: usize = 2048;

/// Says the reason in `body`: an OpenAI error object, a validation report (`detail` list, as
/// `body.model field required`), a bare message, or the text itself. At most 2 KiB, control
/// characters replaced; empty for an empty body.
pub fn error_text(body: &[u8]) -> String {
    let body = &body[..body.len().min(64 * 1024)];
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => shorten(&error_of(&value).unwrap_or_else(|| value.to_string())),
        Err(_) => page_title(body).unwrap_or_else(|| shorten(&String::from_utf8_lossy(body))),
    }
}

/// Types and codes by which servers say that a prompt is longer than their context.
const OVERFLOWS: [&str; 2] = ["context_length_exceeded", "exceed_context_size_error"];

/// Whether the body of a refusal says, by a type or code of its own, that the prompt is longer than the
/// server's context. Words alone say nothing: they are another's in every engine.
pub fn says_overflow(body: &[u8]) -> bool {
    let body = &body[..body.len().min(64 * 1024)];
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let errors = [Some(&value), value.get("error")];
    let mut names = errors.into_iter().flatten().flat_map(|error| {
        let names = ["type", "code"].map(|key| error.get(key)?.as_str());
        names.into_iter().flatten()
    });
    names.any(|name| OVERFLOWS.contains(&name))
}

/// The title of an HTML page, or its first words, without the page around them.
pub(crate) fn page_title(body: &[u8]) -> Option<String> {
    let body = &body[..body.len().min(64 * 1024)];
    let page = String::from_utf8_lossy(body);
    let lower = page.to_ascii_lowercase();
    let begin = lower.trim_start();
    if !["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| begin.starts_with(tag))
    {
        return None;
    }
    // Lower case in ASCII moves no byte.
    let title = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        let to = from + lower[from..].find("</title")?;
        Some(&page[from..to])
    });
    let title = title.map(shorten).filter(|title| !title.is_empty());
    Some(title.unwrap_or_else(|| shorten(&without_tags(&page))))
}

/// The texts of a page, between its tags.
fn without_tags(page: &str) -> String {
    let parts = page.split('<').skip(1);
    let texts = parts.filter_map(|part| part.split_once('>').map(|(_, text)| text));
    texts.collect::<Vec<_>>().join(" ")
}

/// A text in one line, cut where it is long.
pub(crate) fn shorten(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| c.is_control() || c.is_whitespace()) {
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > LIMIT {
            let mut end = LIMIT - '…'.len_utf8();
            while !out.is_char_boundary(end) {
                end -= 1;
            }
            out.truncate(end);
            out.push('…');
            break;
        }
    }
    out
}
