//! System calls that no library offers safely: a receive with the kernel's arrival stamp and the
//! length of what is left, and the watch on a descriptor that is no socket. The only file of the
//! project with `unsafe` in it.
//!
//! Argument for soundness: every call gets pointers to live, correctly sized and aligned local
//! values and a descriptor borrowed from a live socket for the length of the call; control
//! messages are walked with libc's own `CMSG_*` functions and read unaligned. A descriptor that is
//! watched is owned by its watch.
#![expect(
    unsafe_code,
    reason = "recvmsg with TCP_INQ among its ancillary data needs the raw system call, and a timer of the kernel a watch"
)]

/// What one receive brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    /// Bytes read; 0 is the end of the stream.
    pub(crate) len: usize,
    /// The kernel's arrival stamp of the last byte, wall clock, ns since 1970.
    pub(crate) kernel_wall_ns: Option<u64>,
    /// Bytes that were still waiting after this read; `None` when the kernel did not say.
    pub(crate) left: Option<usize>,
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Received;
    use std::{
        io, mem,
        os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    };
    use tokio::io::{Interest, unix::AsyncFd};

    const TCP_INQ: libc::c_int = 36;
    const TCP_CM_INQ: libc::c_int = TCP_INQ;

    /// Asks the kernel for receive stamps and the queue length on this socket.
    /// False when it has neither; reads then work without.
    pub(crate) fn enable_stamps(fd: BorrowedFd<'_>) -> bool {
        let flags = libc::SOF_TIMESTAMPING_RX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
        let stamps = set_option(fd, libc::SOL_SOCKET, libc::SO_TIMESTAMPING, flags);
        let queue = set_option(fd, libc::IPPROTO_TCP, TCP_INQ, 1_u32);
        stamps && queue
    }

    fn set_option(fd: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, value: u32) -> bool {
        let Ok(len) = libc::socklen_t::try_from(mem::size_of::<u32>()) else {
            return false;
        };
        // SAFETY: `value` is a live u32 and `len` its size.
        unsafe {
            libc::setsockopt(fd.as_raw_fd(), level, name, (&raw const value).cast(), len) == 0
        }
    }

    /// Receives once, by one `recvmsg`.
    ///
    /// # Errors
    /// As the system call; `WouldBlock` when nothing is there.
    pub(crate) fn receive(fd: BorrowedFd<'_>, buf: &mut [u8]) -> io::Result<Received> {
        let mut iov = libc::iovec {
            iov_base: buf.as_mut_ptr().cast(),
            iov_len: buf.len(),
        };
        // u64s, so that control headers are aligned; room for both messages we ask for.
        let mut control = [0_u64; 32];
        // SAFETY: msghdr is plain data; all zeroes is a valid empty one.
        let mut msg: libc::msghdr = unsafe { mem::zeroed() };
        msg.msg_iov = &raw mut iov;
        msg.msg_iovlen = 1;
        msg.msg_control = control.as_mut_ptr().cast();
        msg.msg_controllen = mem::size_of_val(&control);
        // SAFETY: `msg` points to live buffers of the stated sizes for the length of the call.
        let n = unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut msg, 0) };
        let Ok(len) = usize::try_from(n) else {
            return Err(io::Error::last_os_error());
        };
        let mut received = Received {
            len,
            ..Received::default()
        };
        // SAFETY: the kernel filled `control` up to msg_controllen; CMSG_* stay inside it, and
        // each payload is read unaligned after its length was checked.
        unsafe {
            let mut cmsg = libc::CMSG_FIRSTHDR(&raw const msg);
            while !cmsg.is_null() {
                let (level, kind) = ((*cmsg).cmsg_level, (*cmsg).cmsg_type);
                let size = (*cmsg).cmsg_len - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(cmsg);
                if level == libc::SOL_SOCKET
                    && kind == libc::SCM_TIMESTAMPING
                    && size >= mem::size_of::<libc::timespec>()
                {
                    let spec: libc::timespec = data.cast::<libc::timespec>().read_unaligned();
                    received.kernel_wall_ns = wall_ns(&spec);
                } else if level == libc::IPPROTO_TCP
                    && kind == TCP_CM_INQ
                    && size >= mem::size_of::<libc::c_int>()
                {
                    let left = data.cast::<libc::c_int>().read_unaligned();
                    received.left = usize::try_from(left).ok();
                }
                cmsg = libc::CMSG_NXTHDR(&raw const msg, cmsg);
            }
        }
        Ok(received)
    }

    /// Whether an idle connection can carry no other request: the peer has closed it, or sent
    /// something unasked. Takes nothing from the socket and never waits.
    pub(crate) fn is_spent(fd: BorrowedFd<'_>) -> bool {
        let mut byte = 0_u8;
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        // SAFETY: one live byte, stated as one byte long.
        let n = unsafe { libc::recv(fd.as_raw_fd(), (&raw mut byte).cast(), 1, flags) };
        n >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::WouldBlock
    }

    /// Has the runtime of this thread watch when a descriptor can be read; `None` where it cannot.
    pub(crate) fn watch_reads(fd: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
        // SAFETY: an `OwnedFd` is open and stays the same descriptor for as long as it lives, and it
        // lives in the watch.
        unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }.ok()
    }

    fn wall_ns(spec: &libc::timespec) -> Option<u64> {
        let seconds = u64::try_from(spec.tv_sec).ok()?;
        let nanos = u64::try_from(spec.tv_nsec).ok()?;
        (seconds > 0).then(|| seconds * 1_000_000_000 + nanos)
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{enable_stamps, is_spent, receive, watch_reads};
