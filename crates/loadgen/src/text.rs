//! Texts from servers, made harmless.

/// At most 2 KiB of `text`, control characters replaced by spaces.
pub(crate) fn clean(text: &str) -> String {
    const LIMIT: usize = 2048;
    const CUT: char = '…';
    let text = text.trim();
    let printable = |byte: u8| matches!(byte, b' '..=b'~');
    if text.len() <= LIMIT - CUT.len_utf8() && text.bytes().all(printable) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len().min(LIMIT));
    for c in text.chars() {
        if out.len() + c.len_utf8() > LIMIT - CUT.len_utf8() {
            out.push(CUT);
            break;
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}
