//! The most a server can take: the rule that a load is judged by, and the search for the highest one.

pub(crate) mod search;
pub(crate) mod share;
