//! Numbers as text: `.` as the decimal point in every locale, unknown as `-` or nothing.

use dualround_model::Lang;
use serde::{Serialize, Serializer};

/// Below this a value keeps six digits instead of six decimals: a share or a rate may be that small.
const SMALL: f64 = 1e-3;

/// Below this a value is what sums of larger ones leave over.
const NOISE: f64 = 1e-12;

/// Six digits of a value.
fn significant(value: f64) -> f64 {
    if value.abs() < NOISE {
        return 0.0;
    }
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// A number with a fixed number of decimals, for tables; `-` for unknown.
pub(crate) fn fixed(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return "-".to_owned();
    };
    let text = plain_zero(format!("{value:.decimals$}"));
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    // Only where four decimals and more are shown, which is of server metrics.
    if is_zero && value.abs() >= NOISE && decimals >= 4 {
        return format!("{value:.2e}");
    }
    text
}

/// A share as a percentage with so many decimals, in Chinese without a space; `-` for unknown.
pub(crate) fn percent(share: Option<f64>, decimals: usize, lang: Lang) -> String {
    let unit = lang.pick([" %", "%"]);
    share.map_or_else(
        || "-".to_owned(),
        |share| format!("{:.decimals$}{unit}", 100.0 * share),
    )
}

/// A ratio as `2.00×`; `-` for unknown.
pub(crate) fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}×"))
}

/// An interval of ratios as `1.50–2.50×`; `-` for unknown.
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

/// A number with up to four decimals and no zeros behind them, for CSV; empty for unknown.
pub(crate) fn short(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return String::new();
    };
    if value.abs() >= NOISE && value.abs() < 5e-5 {
        return significant(value).to_string();
    }
    let text = format!("{value:.4}");
    plain_zero(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

/// A whole number with commas between thousands.
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

/// A number that is serialised rounded to six decimals; what is not finite is null.
pub(crate) struct Rounded(pub(crate) Option<f64>);

impl Rounded {
    fn number(&self) -> Option<f64> {
        let rounded = self.0.map(|value| {
            if value.abs() < SMALL {
                significant(value)
            } else {
                (value * 1e6).round() / 1e6
            }
        });
        rounded.filter(|value| value.is_finite())
    }
}

impl Rounded {
    /// The number as JSON has it; empty for unknown.
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
    fn v00d_small_values_keep_their_digits() {
        assert_eq!(json(Some(5e-7)).to_string(), "5e-7");
        assert_eq!(json(Some(1.234_567_8e-5)).to_string(), "0.0000123457");
        assert_eq!(json(Some(0.123_456_78)).to_string(), "0.123457");
        assert_eq!(json(Some(0.0)).to_string(), "0.0");
        assert_eq!(
            (fixed(Some(5e-7), 4), fixed(Some(0.0), 4)),
            ("5.00e-7".to_owned(), "0.0000".to_owned())
        );
        assert_eq!(
            (fixed(Some(0.001), 2), short(Some(5e-7))),
            ("0.00".to_owned(), "0.0000005".to_owned())
        );
    }

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
        assert_eq!(short(Some(-0.000_01)), "-0.00001");
        assert_eq!(short(Some(-1e-13)), "0");
        assert_eq!(fixed(Some(5.0), 2), "5.00");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(json(Some(1.234_567_89)).to_string(), "1.234568");
    }
}
