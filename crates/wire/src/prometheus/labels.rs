//! The label set of a sample line: `{name="value",…}` with its escapes.

/// The labels of a sample line.
pub(crate) struct LabelSet<'a> {
    /// A quoted name without `=` is the metric's own: `{"http.size",code="200"}`.
    pub(crate) metric: Option<String>,
    /// Names and values, in order.
    pub(crate) labels: Vec<(String, String)>,
    /// Whatever follows the closing brace.
    pub(crate) rest: &'a str,
}

/// Reads a label set that begins behind its `{`; `None` when it is none.
pub(crate) fn parse(mut text: &str) -> Option<LabelSet<'_>> {
    let mut set = LabelSet {
        metric: None,
        labels: Vec::new(),
        rest: "",
    };
    loop {
        text = text.trim_start_matches([' ', '\t', ',']);
        if let Some(rest) = text.strip_prefix('}') {
            set.rest = rest;
            return Some(set);
        }
        let name;
        if let Some(quoted) = text.strip_prefix('"') {
            let (value, rest) = unquote(quoted)?;
            name = value;
            text = rest.trim_start_matches([' ', '\t']);
        } else {
            let end =
                text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '.'))?;
            if end == 0 {
                return None;
            }
            name = text[..end].to_owned();
            text = text[end..].trim_start_matches([' ', '\t']);
        }
        let Some(rest) = text.strip_prefix('=') else {
            if set.metric.is_some() || !text.starts_with([',', '}']) {
                return None;
            }
            set.metric = Some(name);
            continue;
        };
        let quoted = rest.trim_start_matches([' ', '\t']).strip_prefix('"')?;
        let (value, rest) = unquote(quoted)?;
        set.labels.push((name, value));
        text = rest.trim_start_matches([' ', '\t']);
        if !text.starts_with([',', '}']) {
            return None;
        }
    }
}

/// Reads up to the closing quote; `\\`, `\"` and `\n` are escapes.
pub(crate) fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}
