//! JSON that some writers get wrong, made right: numbers that are none, and halves of characters.

/// What stands for half of a character.
const UNKNOWN: &[u8] = b"\\ufffd";

/// The text with null for `NaN` and `Infinity` (Python's writer, of log probabilities), and with
/// U+FFFD for each escaped half of a surrogate pair that stands alone (text cut by code units).
/// Nothing, where there is nothing of that kind.
pub(crate) fn repair(json: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    let mut in_text = false;
    while at < json.len() {
        let rest = &json[at..];
        let (used, put) = match rest[0] {
            b'"' => {
                in_text = !in_text;
                (1, None)
            }
            b'\\' if in_text => half(rest),
            _ if in_text => (1, None),
            _ => (no_number(rest).unwrap_or(0), Some(&b"null"[..])),
        };
        // A byte that is nothing of that kind.
        let (used, put) = if used == 0 { (1, None) } else { (used, put) };
        if let Some(put) = put {
            out.extend_from_slice(&json[copied..at]);
            out.extend_from_slice(put);
            copied = at + used;
        }
        at += used;
    }
    (copied > 0).then(|| {
        out.extend_from_slice(&json[copied..]);
        out
    })
}

/// The bytes of a number that JSON does not have.
fn no_number(rest: &[u8]) -> Option<usize> {
    let words = ["NaN", "-Infinity", "Infinity"];
    let word = words
        .iter()
        .find(|word| rest.starts_with(word.as_bytes()))?;
    Some(word.len())
}

/// An escape in a text: how many bytes it takes, and what stands for it if it is half of a character.
fn half(rest: &[u8]) -> (usize, Option<&'static [u8]>) {
    match unit(rest) {
        Some(0xD800..0xDC00) => match rest.get(6..).and_then(unit) {
            Some(0xDC00..0xE000) => (12, None),
            _ => (6, Some(UNKNOWN)),
        },
        Some(0xDC00..0xE000) => (6, Some(UNKNOWN)),
        _ => (2, None),
    }
}

/// The number of a `\uXXXX` escape at the start.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
