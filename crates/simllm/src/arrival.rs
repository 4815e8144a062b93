//! When the bytes of a request came. On Linux the kernel says so (`SO_TIMESTAMPNS`), because a
//! busy engine reads late, and what it adds itself is no fault of the client it checks.

use std::{io, time::Instant};
use tokio::net::TcpStream;

/// Reads a connection and remembers when its last bytes came.
#[derive(Debug)]
pub(crate) struct ArrivalReader {
    /// When the last bytes read had come.
    pub(crate) last: Instant,
}

/// Room made for one read, bytes.
const READ: usize = 16 * 1024;

impl ArrivalReader {
    /// Asks the kernel for stamps on `stream`, where it has them.
    pub(crate) fn new(stream: &TcpStream) -> Self {
        enable(stream);
        Self {
            last: Instant::now(),
        }
    }

    /// Reads what there is behind the bytes in `buffer`; 0 is the end of the stream.
    pub(crate) async fn read(
        &mut self,
        stream: &TcpStream,
        buffer: &mut Vec<u8>,
    ) -> io::Result<usize> {
        let start = buffer.len();
        buffer.resize(start + READ, 0);
        let result = loop {
            stream.readable().await?;
            match stream.try_io(tokio::io::Interest::READABLE, || {
                receive(stream, &mut buffer[start..])
            }) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => break other,
            }
        };
        buffer.truncate(start + result.as_ref().map_or(0, |(len, _)| *len));
        let (len, arrived) = result?;
        self.last = arrived;
        Ok(len)
    }
}

#[cfg(target_os = "linux")]
fn enable(stream: &TcpStream) {
    use nix::sys::socket::{setsockopt, sockopt::ReceiveTimestampns};
    // Without stamps the instant of the read is taken.
    let _ = setsockopt(stream, ReceiveTimestampns, &true);
}

#[cfg(target_os = "linux")]
fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Instant)> {
    use nix::sys::{
        socket::{ControlMessageOwned, MsgFlags, recvmsg},
        time::TimeSpec,
    };
    use std::{os::fd::AsRawFd, time::Duration};
    let mut control = nix::cmsg_space!(TimeSpec);
    let mut parts = [io::IoSliceMut::new(buffer)];
    let flags = MsgFlags::empty();
    let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let now = Instant::now();
    let stamp = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
        _ => None,
    });
    Ok((message.bytes, stamp.and_then(on_monotonic).unwrap_or(now)))
}

#[cfg(target_os = "linux")]
fn on_monotonic(stamp: std::time::Duration) -> Option<Instant> {
    // A stamp in the future, or an hour old, is a wall clock that stepped.
    let hour = std::time::Duration::from_secs(3600);
    let (now, wall) = (Instant::now(), std::time::SystemTime::now());
    let age = wall
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?
        .checked_sub(stamp)?;
    if age < hour {
        now.checked_sub(age)
    } else {
        None
    }
}

#[cfg(not(target_os = "linux"))]
fn enable(_stream: &TcpStream) {}

#[cfg(not(target_os = "linux"))]
fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, Instant)> {
    Ok((stream.try_read(buffer)?, Instant::now()))
}
