//! What the system allows this process, and what it has used.

use crate::LoadError;
use std::time::Duration;

/// Descriptors kept for files, metrics pages and the rest.
const SPARE_FILES: u64 = 64;
/// Files that are asked for at least: an open loop may come to need more than it begins with.
const ROOM: u64 = 1 << 16;

/// Makes room for so many connections: their files, as far as the hard limit allows, and where they
/// all go to one address, their local ports.
///
/// # Errors
/// [`LoadError::FileLimit`] or [`LoadError::PortLimit`] when that is not enough.
pub(crate) fn make_room(connections: u32, need_ports: bool) -> Result<(), LoadError> {
    make_room_for_files(connections, u64::from(connections) + SPARE_FILES)?;
    match local_ports() {
        Some(ports) if need_ports && ports < connections => {
            Err(LoadError::PortLimit { connections, ports })
        }
        _ => Ok(()),
    }
}

/// Local ports that the system hands out; `None` where it does not tell.
fn local_ports() -> Option<u32> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = range.split_whitespace().map(str::parse::<u32>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some(last.checked_sub(first)? + 1)
}

#[cfg(unix)]
fn make_room_for_files(connections: u32, need: u64) -> Result<(), LoadError> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let room = need.max(ROOM);
    let mut limit = getrlimit(Resource::Nofile);
    // No limit is `None`.
    if limit.current.is_some_and(|files| files < room) {
        limit.current = Some(limit.maximum.map_or(room, |most| most.min(room)));
        // A refusal shows in the limit read next.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let limit = getrlimit(Resource::Nofile);
    match limit.current {
        Some(files) if files < need => Err(LoadError::FileLimit {
            connections,
            need,
            limit: files,
        }),
        _ => Ok(()),
    }
}

/// Nothing to do: this system has no such limit.
#[cfg(not(unix))]
fn make_room_for_files(_connections: u32, _need: u64) -> Result<(), LoadError> {
    Ok(())
}

/// CPU time that this thread has used; `None` where the system does not tell.
#[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
pub(crate) fn thread_cpu() -> Option<Duration> {
    let spec = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    spec.try_into().ok()
}

/// CPU time that this thread has used; `None` where the system does not tell.
#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
pub(crate) fn thread_cpu() -> Option<Duration> {
    None
}
