//! Exact decimals: a number as it stands in a file to a whole number of ns.

use serde_json::Value;

/// What is wrong with a text in the place of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    NotATime,
    Negative,
    TooLate,
}

/// Seconds as ns; `None` for what is none.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    decimal(&plain(value)?, 9).ok()
}

/// The text of a number or of a text. Of a number it is the shortest that gives its 64 bits again:
/// up to 15 digits, that which stood in the file.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// A decimal number times 10^`shift`, cut to a whole one.
pub(crate) fn decimal(text: &str, shift: i64) -> Result<u64, Flaw> {
    let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse::<i32>().map_err(|_| Flaw::NotATime)?.into();
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = [whole, fraction].concat();
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Flaw::NotATime);
    }
    if digits.bytes().all(|digit| digit == b'0') {
        return Ok(0);
    }
    if number.len() > unsigned.len() {
        return Err(Flaw::Negative);
    }
    // Digits that stand before the point of the product.
    let kept = i64::try_from(whole.len()).unwrap_or(i64::MAX);
    let kept = kept.saturating_add(exponent + shift).max(0);
    let kept = usize::try_from(kept).unwrap_or(usize::MAX);
    let cut = digits.get(..kept).unwrap_or(&digits);
    let significant = cut.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    let zeros = u32::try_from(kept - cut.len()).map_err(|_| Flaw::TooLate)?;
    let scale = 10_u64.checked_pow(zeros).ok_or(Flaw::TooLate)?;
    let found: u64 = significant.parse().map_err(|_| Flaw::TooLate)?;
    found.checked_mul(scale).ok_or(Flaw::TooLate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_to_the_nanosecond() {
        for (text, ns) in [
            ("0", 0),
            ("-0.0", 0),
            ("5", 5_000_000_000),
            ("1.5", 1_500_000_000),
            (".5", 500_000_000),
            ("7.", 7_000_000_000),
            ("0.000000001", 1),
            ("0.1234567899", 123_456_789),
            ("1700000000.123456789", 1_700_000_000_123_456_789),
            ("1e-7", 100),
            ("2.5E3", 2_500_000_000_000),
            ("0e99999", 0),
            ("1e-99999", 0),
            ("18446744073.709551615", u64::MAX),
        ] {
            assert_eq!(decimal(text, 9), Ok(ns), "{text}");
        }
        for (text, flaw) in [
            ("", Flaw::NotATime),
            (".", Flaw::NotATime),
            ("+5", Flaw::NotATime),
            ("1,5", Flaw::NotATime),
            ("NaN", Flaw::NotATime),
            ("inf", Flaw::NotATime),
            ("1e", Flaw::NotATime),
            ("0x10", Flaw::NotATime),
            ("-0.1", Flaw::Negative),
            ("18446744073.709551616", Flaw::TooLate),
            ("1e300", Flaw::TooLate),
            ("1e2147483647", Flaw::TooLate),
        ] {
            assert_eq!(decimal(text, 9), Err(flaw), "{text}");
        }
    }
}
