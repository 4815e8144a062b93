//! Sockets: opening connections, writing requests, reading bytes with the instant they arrived.

mod byte_stream;
mod conn;
mod http2;
mod hyper_words;
mod link;
mod network;
mod opening;
mod proxy;
mod resolve;
mod socket;
mod stamped;
pub(crate) mod target;
mod tls;
mod tls_words;
mod trust;
mod wall_clock;
mod whole_response;

pub(crate) use conn::Conn;
pub(crate) use http2::{Http2, response_head};
pub(crate) use hyper_words::words;
pub(crate) use link::Link;
pub use network::Network;
pub(crate) use opening::ConnectError;
pub use proxy::proxy_shown;
pub(crate) use stamped::StampCounts;
pub(crate) use target::Target;
pub use target::{redact_url, userinfo};
pub(crate) use whole_response::{ExchangeError, MAX_BYTES, WholeResponse};
