//! What the system allows this process, and what it has used.

use crate::LoadError;
use std::time::Duration;

/// Makes room for `need` open files, as far as the hard limit allows.
///
/// # Errors
/// [`LoadError::FileLimit`] when that is not enough.
#[cfg(unix)]
pub(crate) fn make_room_for_files(concurrency: u32, need: u64) -> Result<(), LoadError> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    // No limit is `None`.
    if limit.current.is_some_and(|files| files < need) {
        limit.current = Some(limit.maximum.map_or(need, |most| most.min(need)));
        // A refusal shows in the limit read next.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    let limit = getrlimit(Resource::Nofile);
    match limit.current {
        Some(files) if files < need => Err(LoadError::FileLimit {
            concurrency,
            need,
            limit: files,
        }),
        _ => Ok(()),
    }
}

/// Nothing to do: this system has no such limit.
#[cfg(not(unix))]
pub(crate) fn make_room_for_files(_concurrency: u32, _need: u64) -> Result<(), LoadError> {
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
