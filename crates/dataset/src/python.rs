//! Lists and objects that a table keeps as text: of JSON, or as Python prints them.

use serde_json::Value;

/// What a text holds as JSON, or as Python writes it.
pub(crate) fn json_or_python(text: &str) -> Option<Value> {
    serde_json::from_str(text)
        .ok()
        .or_else(|| python_literal(text.trim()))
}

/// A list or an object as Python writes it into a cell: `{'type': 'json_object', 'strict': True}`.
fn python_literal(text: &str) -> Option<Value> {
    if !text.starts_with(['[', '{']) {
        return None;
    }
    let mut json = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => json.push_str(&python_text(c, &mut chars)?),
            'a'..='z' | 'A'..='Z' => {
                let rest = chars.as_str();
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric())?;
                let word = format!("{c}{}", &rest[..length]);
                json.push_str(match word.as_str() {
                    "True" => "true",
                    "False" => "false",
                    "None" => "null",
                    other => other,
                });
                chars = rest[length..].chars();
            }
            c => json.push(c),
        }
    }
    serde_json::from_str(&json).ok()
}

/// The rest of a text in Python's quotes, as JSON has it.
fn python_text(quote: char, chars: &mut std::str::Chars<'_>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            c if c == quote => return Some(Value::from(text).to_string()),
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\'' | '"' | '\\') => c,
                _ => return None,
            }),
            c => text.push(c),
        }
    }
}
