//! Making a round cold, and finding out beforehand whether that works here.

pub(crate) mod canary;
pub(crate) mod reset;
