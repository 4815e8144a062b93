//! Ways into JSON.

use serde_json::Value;

/// A number at a path such as `/ttft/ratio`.
pub(super) fn number(value: &Value, path: &str) -> Option<f64> {
    value.pointer(path).and_then(Value::as_f64)
}

/// A text at a path; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or("")
}

/// The texts of a list at a path.
pub(super) fn texts<'a>(value: &'a Value, path: &str) -> Vec<&'a str> {
    let list = value.pointer(path).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Two numbers of a list at a path.
pub(super) fn two(value: &Value, path: &str) -> Option<(f64, f64)> {
    let list = value.pointer(path)?.as_array()?;
    Some((list.first()?.as_f64()?, list.get(1)?.as_f64()?))
}

/// Whether two numbers are equal but for rounding to six decimals.
pub(super) fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 2e-6 + 1e-6 * a.abs().max(b.abs())
}
