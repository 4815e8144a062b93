//! The words of a name in any of the usual spellings.

/// The words of a name, in lower case: `thoughtSignature` and `thought_signature` have the same, and
/// `HTTPError` has two.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut lower, mut upper) = (false, false);
    let mut chars = key.chars().peekable();
    while let Some(c) = chars.next() {
        let goes_on = chars.peek().is_some_and(|next| next.is_lowercase());
        if !c.is_alphanumeric() || (c.is_uppercase() && (lower || (upper && goes_on))) {
            words.push(String::new());
        }
        (lower, upper) = (c.is_lowercase() || c.is_ascii_digit(), c.is_uppercase());
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn names_are_taken_apart() {
        for (name, apart) in [
            ("thoughtSignature", &["thought", "signature"][..]),
            ("thought_signature", &["thought", "signature"]),
            ("HTTPError", &["http", "error"]),
            ("FAILED", &["failed"]),
            ("__type", &["type"]),
            ("response.failed", &["response", "failed"]),
            ("", &[]),
        ] {
            assert_eq!(words(name), apart, "{name}");
        }
    }
}
