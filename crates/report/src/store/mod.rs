//! The folder of a run: its journal, its lock, and what is written and read there.

pub(crate) mod answers;
pub(crate) mod files;
pub(crate) mod journal;
pub(crate) mod journal_read;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod request_source;
