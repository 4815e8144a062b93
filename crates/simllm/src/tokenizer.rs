//! A tokenizer that needs no vocabulary: text is cut into pieces, a token is the hash of its piece.

/// FNV-1a, 64 bit.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Cuts text into pieces whose concatenation is the text: ASCII words with their leading space in
/// pieces of up to four letters, every other character by itself.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::with_capacity(text.len() / 3 + 1);
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let first = text[at..].chars().next().map_or(1, char::len_utf8);
        let spaced = bytes[at] == b' ' && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if spaced || bytes[at].is_ascii_alphanumeric() {
            at += usize::from(spaced);
            let limit = at + 4;
            while at < limit && bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                at += 1;
            }
        } else {
            at += first;
        }
        pieces.push(&text[start..at]);
    }
    pieces
}

/// The token of a piece.
pub(crate) fn id(piece: &str) -> u32 {
    // The low half of a good hash is as good as the whole.
    u32::try_from(hash(piece.as_bytes()) & 0xffff_ffff).unwrap_or(0)
}

/// Tokens of a text that no template is put around.
pub(crate) fn plain_tokens(text: &str) -> Vec<u32> {
    pieces(text).into_iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_up_the_text() {
        let text = "Hello, internationalization  of 缓存 caches🙂\n end";
        assert_eq!(pieces(text).concat(), text);
        assert_eq!(pieces("abcdefgh ij"), ["abcd", "efgh", " ij"]);
        assert_eq!(pieces("缓存"), ["缓", "存"]);
    }
}
