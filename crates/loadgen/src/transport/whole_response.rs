//! A request that is not measured, and its response read whole.

use super::conn::Conn;
use dualround_wire::{Frame, ResponseDecoder, ResponseHead};

/// The largest response that is read whole, bytes.
pub(crate) const MAX_BYTES: usize = 64 << 20;

/// A response that was read whole and is not measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct WholeResponse {
    pub(crate) status: u16,
    pub(crate) head: ResponseHead,
    pub(crate) body: Vec<u8>,
    /// When the answer was complete, ns since the run's anchor.
    pub(crate) at_ns: u64,
}

/// One request and its whole answer on an open connection.
pub(crate) async fn exchange(conn: &mut Conn, request: &[u8]) -> Result<WholeResponse, String> {
    conn.write(request)
        .await
        .map_err(|(_, error)| error.to_string())?;
    let mut decoder = ResponseDecoder::new();
    let mut answer = WholeResponse::default();
    let mut problem = None;
    while !decoder.is_done() && problem.is_none() {
        let reading = conn.read(|mut bytes, stamp| {
            answer.at_ns = stamp.at;
            if bytes.is_empty() {
                problem = decoder.eof().err().map(|error| error.to_string());
                return;
            }
            loop {
                match decoder.decode(bytes) {
                    Ok((Frame::NeedMore | Frame::End, _)) => return,
                    Ok((Frame::Head(head), used)) => {
                        answer.status = head.status;
                        answer.head = *head;
                        bytes = &bytes[used..];
                    }
                    Ok((Frame::Body(part), used)) => {
                        answer.body.extend_from_slice(part);
                        bytes = &bytes[used..];
                    }
                    Err(error) => {
                        problem = Some(error.to_string());
                        return;
                    }
                }
                if answer.body.len() > MAX_BYTES {
                    problem = Some(format!("the answer exceeds {MAX_BYTES} bytes"));
                    return;
                }
            }
        });
        reading.await.map_err(|error| error.to_string())?;
    }
    problem.map_or(Ok(answer), Err)
}
