//! The addresses of a host.

use crate::LoadError;
use std::net::{SocketAddr, ToSocketAddrs};

/// All addresses of a `host:port`.
pub(super) fn addresses(authority: &str) -> Result<Vec<SocketAddr>, LoadError> {
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    addresses_of(host, port.parse().unwrap_or(0))
}

/// All addresses of a host, in the resolver's order.
pub(super) fn addresses_of(host: &str, port: u16) -> Result<Vec<SocketAddr>, LoadError> {
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|source| LoadError::Resolve {
        host: host.to_owned(),
        source,
    })?;
    Ok(found.collect())
}
