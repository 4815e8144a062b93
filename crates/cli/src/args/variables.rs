//! The variables of the environment that hold settings.

use clap::error::{ContextKind, ContextValue, Error};
use std::ffi::OsString;

/// What all of them begin with.
pub(crate) const PREFIX: &str = "DUALROUND_";

/// The variable of a setting.
pub(crate) fn name_of(setting: &str) -> String {
    format!("{PREFIX}{}", setting.to_uppercase())
}

/// An error in a variable, which clap tells as one in a flag that is not among the words, told by
/// the variable's name.
pub(super) fn named_in(mut error: Error, words: &[OsString]) -> Error {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    // `--cold <POLICY>`, `--http2[=<BOOL>]`
    let flag = shown.split([' ', '[', '=']).next().unwrap_or_default();
    let is_given = words.iter().any(|word| {
        let word = word.to_string_lossy();
        // `-q` of `--quiet`: a short name is the first letter of the long one.
        let short = flag.get(1..3).unwrap_or(flag);
        if !word.starts_with("--") && word.starts_with(short) {
            return true;
        }
        word.strip_prefix(flag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    });
    let variable = name_of(&flag.trim_start_matches('-').replace('-', "_"));
    if !is_given && std::env::var_os(&variable).is_some() {
        let told = format!("{variable} (the variable of {flag})");
        error.insert(ContextKind::InvalidArg, ContextValue::String(told));
    }
    error
}
