//! What can be asked of a page: `name`, or `name{label="x",other=~"re"}` as in PromQL.

use crate::{PromSample, prometheus::labels};
use regex_lite::Regex;
use std::fmt;

/// A metric's name with conditions on its labels.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The metric's name.
    pub name: String,
    matchers: Vec<Matcher>,
    /// As it was written.
    text: String,
}

/// A condition on one label.
#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    /// Whether the value is to be met, or not.
    wanted: bool,
    value: WantedValue,
}

/// What a condition holds the value of a label against.
#[derive(Clone, Debug)]
enum WantedValue {
    Is(String),
    /// Anchored at both ends.
    Like(Regex),
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a character may stand in a name. Dots are not Prometheus', but some exporters have them.
fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.')
}

impl Selector {
    /// All series of a metric.
    pub fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            matchers: Vec::new(),
            text: name.to_owned(),
        }
    }

    /// Reads a selector that stands at the beginning of a text; what follows it comes back.
    /// `None` when there is none.
    pub fn parse(text: &str) -> Option<(Self, &str)> {
        let text = text.trim_start();
        let end = text.find(|c| !in_name(c)).unwrap_or(text.len());
        let name = &text[..end];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut selector = Self::plain(name);
        let after = text[end..].trim_start();
        let Some(mut rest) = after.strip_prefix('{') else {
            return Some((selector, after));
        };
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if let Some(after) = rest.strip_prefix('}') {
                let used = text.len() - after.len();
                text[..used].trim().clone_into(&mut selector.text);
                return Some((selector, after.trim_start()));
            }
            let (matcher, after) = matcher(rest)?;
            selector.matchers.push(matcher);
            rest = after;
        }
    }

    /// Whether a sample's labels meet all conditions; a label that is missing is empty.
    pub fn takes(&self, sample: &PromSample) -> bool {
        self.matchers.iter().all(|matcher| {
            let has = sample.labels.iter().find(|(key, _)| *key == matcher.label);
            let has = has.map_or("", |(_, value)| value.as_str());
            let meets = match &matcher.value {
                WantedValue::Is(value) => has == value,
                WantedValue::Like(pattern) => pattern.is_match(has),
            };
            meets == matcher.wanted
        })
    }

    /// The conditions as they were written, without braces.
    pub fn conditions(&self) -> &str {
        let braced = self.text[self.name.len()..].trim();
        let inner = braced
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'));
        inner.unwrap_or("").trim().trim_end_matches(',')
    }

    /// Whether there are none.
    pub fn is_plain(&self) -> bool {
        self.matchers.is_empty()
    }
}

/// Reads a condition; what follows it comes back.
fn matcher(text: &str) -> Option<(Matcher, &str)> {
    let end = text.find(|c| !in_name(c))?;
    let (label, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let operators = [
        ("=~", true, true),
        ("!~", false, true),
        ("!=", false, false),
        ("=", true, false),
    ];
    let (operator, wanted, like) = *operators.iter().find(|(op, ..)| rest.starts_with(op))?;
    let quoted = rest[operator.len()..].trim_start().strip_prefix('"')?;
    let (value, rest) = labels::unquote(quoted)?;
    let value = if like {
        // Anchored at both ends, as in PromQL.
        WantedValue::Like(Regex::new(&format!("^(?s:{value})$")).ok()?)
    } else {
        WantedValue::Is(value)
    };
    let label = label.to_owned();
    (!label.is_empty()).then_some((
        Matcher {
            label,
            wanted,
            value,
        },
        rest.trim_start(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(selector: &str, labels: &[(&str, &str)]) -> bool {
        let (selector, rest) = Selector::parse(selector).unwrap();
        assert_eq!(rest, "");
        let labels = labels
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        selector.takes(&PromSample {
            name: selector.name.clone(),
            labels: labels.collect(),
            value: 1.0,
        })
    }

    #[test]
    fn conditions_are_those_of_promql() {
        let labels = [("code", "200"), ("model_name", "a/b")];
        assert!(takes("x", &labels));
        assert!(takes(r#"x{code="200"}"#, &labels));
        assert!(!takes(r#"x{code="20"}"#, &labels));
        assert!(!takes(r#"x{code=~"2"}"#, &labels));
        assert!(takes(r#"x{code=~"2..", model_name!="c"}"#, &labels));
        assert!(!takes(r#"x{code!~"4..|2.."}"#, &labels));
        assert!(takes(r#"x{none=""}"#, &labels));
        assert!(takes("x{}", &labels));
    }

    #[test]
    fn what_is_no_selector_is_none() {
        for text in [
            "",
            "1x",
            "{a=\"b\"}",
            "x{a}",
            "x{a=b}",
            "x{a=\"b\"",
            "x{a=~\"(\"}",
        ] {
            assert!(Selector::parse(text).is_none(), "{text}");
        }
        let (selector, rest) = Selector::parse(r#" vllm:hits_total{e="\"0"} / y"#).unwrap();
        assert_eq!(
            (selector.to_string().as_str(), rest),
            (r#"vllm:hits_total{e="\"0"}"#, "/ y")
        );
    }
}
