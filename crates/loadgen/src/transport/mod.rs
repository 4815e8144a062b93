//! Sockets: opening connections, writing requests, reading bytes with the instant they arrived.

mod conn;
mod stamped;
mod target;
mod tls;

pub(crate) use conn::{Conn, ConnectError, StampCounts};
pub use target::Target;
