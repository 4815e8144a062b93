//! Errors in the forms that servers and vendors give them.

pub(crate) mod body;
pub(crate) mod name_words;
pub(crate) mod names;
pub(crate) mod vendor;
pub(crate) mod words;
