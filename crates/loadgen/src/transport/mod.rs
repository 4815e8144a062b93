//! Sockets: opening connections, writing requests, reading bytes with the instant they arrived.

mod conn;
mod http2;
mod link;
mod proxy;
mod socket;
mod stamped;
mod target;
mod tls;
mod trust;
mod wall_clock;

pub(crate) use conn::{Conn, ConnectError, StampCounts};
pub(crate) use http2::{Http2, response_head, words};
pub(crate) use link::Link;
pub use proxy::proxy_shown;
pub(crate) use target::Target;
pub use target::{redact_url, userinfo};
pub(crate) use tls::{connector as tls_connector, for_http2};
