//! The YAML file of `--config`.

use super::usage;
use crate::{args::RunArgs, exit::Usage};
use std::path::Path;

/// Reads settings from a file.
///
/// # Errors
/// [`Usage`] naming file, line and key.
pub(super) fn read(path: &Path) -> Result<RunArgs, Usage> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| usage(format!("cannot read --config {}: {error}", path.display())))?;
    if text.trim().is_empty() {
        return Err(usage(format!("--config {} is empty", path.display())));
    }
    serde_saphyr::from_str(&text)
        .map_err(|error| usage(format!("--config {}: {error}", path.display())))
}
