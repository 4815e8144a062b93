//! Numbers as text: `.` as the decimal point in every locale, unknown as `-` or nothing.

use serde::{Serialize, Serializer};

/// With a fixed number of decimals; `-` for unknown. For tables.
pub(crate) fn fixed(value: Option<f64>, decimals: usize) -> String {
    value
        .filter(|v| v.is_finite())
        .map_or_else(|| "-".to_owned(), |v| plain_zero(format!("{v:.decimals$}")))
}

/// A share as a percentage with so many decimals; `-` for unknown.
pub(crate) fn percent(share: Option<f64>, decimals: usize) -> String {
    share.map_or_else(
        || "-".to_owned(),
        |share| format!("{:.decimals$} %", 100.0 * share),
    )
}

/// How many times as large; `-` for unknown.
pub(crate) fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}×"))
}

/// An interval of the same.
pub(crate) fn times_range(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(
        || "-".to_owned(),
        |(low, high)| format!("{low:.2}–{high:.2}×"),
    )
}

/// What rounds to zero has no sign.
fn plain_zero(text: String) -> String {
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| matches!(byte, b'0' | b'.')) => digits.to_owned(),
        _ => text,
    }
}

/// Up to four decimals without trailing zeros; empty for unknown. For CSV.
pub(crate) fn short(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return String::new();
    };
    let text = format!("{value:.4}");
    plain_zero(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// A whole number with thousands separators.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Data as JSON, each number that is no whole one rounded to six decimals.
pub(crate) fn data(value: &impl Serialize) -> serde_json::Value {
    let mut out = serde_json::to_value(value).unwrap_or_default();
    round(&mut out);
    out
}

fn round(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) if number.is_f64() => *value = json(number.as_f64()),
        serde_json::Value::Array(items) => items.iter_mut().for_each(round),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}

/// A finite number for JSON, rounded to six decimals; anything else is null.
pub(crate) fn json(value: Option<f64>) -> serde_json::Value {
    Rounded(value)
        .number()
        .and_then(serde_json::Number::from_f64)
        .map_or(serde_json::Value::Null, Into::into)
}

/// The same, written as it is serialised.
pub(crate) struct Rounded(pub(crate) Option<f64>);

impl Rounded {
    fn number(&self) -> Option<f64> {
        let rounded = self.0.map(|value| (value * 1e6).round() / 1e6);
        rounded.filter(|value| value.is_finite())
    }
}

impl Rounded {
    /// As JSON would write it; empty for unknown.
    pub(crate) fn text(&self) -> String {
        self.number()
            .map_or_else(String::new, |value| value.to_string())
    }
}

impl Serialize for Rounded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b134_what_is_no_number_is_null_or_nothing() {
        for value in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(json(value), serde_json::Value::Null);
            assert_eq!(short(value), "");
            assert_eq!(fixed(value, 2), "-");
        }
    }

    #[test]
    fn numbers_are_short_and_exact() {
        assert_eq!(short(Some(245.32)), "245.32");
        assert_eq!(short(Some(100.0)), "100");
        assert_eq!(short(Some(-0.000_01)), "0");
        assert_eq!(fixed(Some(5.0), 2), "5.00");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(json(Some(1.234_567_89)).to_string(), "1.234568");
    }
}
