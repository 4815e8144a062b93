//! A request before it is sent: its head, its body, the fresh text in it.

pub(crate) mod api;
pub(crate) mod auth;
pub(crate) mod body;
pub(crate) mod filler;
pub(crate) mod head;
pub(crate) mod marker;
pub(crate) mod partial;
pub(crate) mod prepare;
pub(crate) mod preview;
pub(crate) mod row_options;
mod unique_ids;
