//! Secrets as they may stand in a line of a request's head.

use crate::exit::Usage;
use dualround_model::Secret;

/// A secret that will stand in a header line: without the line end of the file that it was read
/// from, and with nothing in it that could end the line. Nothing, where it is empty.
pub(crate) fn secret(source: &str, value: &str) -> Result<Option<Secret>, Usage> {
    let value = value.trim();
    if value.chars().any(char::is_control) {
        return Err(Usage(format!(
            "{source} holds a control character (a line end, perhaps); nothing was sent"
        )));
    }
    Ok((!value.is_empty()).then(|| Secret::new(value)))
}
