//! Making a round cold, and finding out beforehand whether that works here.

pub(crate) mod canary;
mod fresh;
pub(crate) mod reset;

pub(crate) use fresh::Fresh;
