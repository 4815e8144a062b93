//! What a user may have meant.

/// The name that is closest to a word, if one is close.
pub(crate) fn closest<'a>(word: &str, names: &[&'a str]) -> Option<&'a str> {
    let scored = names
        .iter()
        .map(|name| (strsim::jaro_winkler(word, name), *name));
    let (score, name) = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (score > 0.8).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_close_is_proposed() {
        assert_eq!(closest("ttfd", &["itl", "ttft"]), Some("ttft"));
        assert_eq!(closest("zebra", &["itl", "ttft"]), None);
    }
}
