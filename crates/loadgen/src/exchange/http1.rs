//! An exchange over HTTP/1.1: the request written whole, the response read with stamps.

use super::{Activity, Attempt, Client, DRAIN};
use crate::{exchange::response::Response, transport::Conn};
use dualround_model::{FailureKind, Phase};
use std::io;

/// Writes the request and reads its response to the end.
pub(super) async fn talk(
    client: &Client,
    conn: &mut Conn,
    bytes: &[u8],
    response: &mut Response,
    activity: &Activity,
) -> Attempt {
    if let Err((written, error)) = conn.write(bytes).await {
        if written == 0 && response.is_reused() {
            return Attempt::NotAccepted;
        }
        // The server may have answered and closed before it had read all; its answer counts.
        let message = format!("after {written} of {} bytes: {error}", bytes.len());
        read_all(client, conn, response, activity).await;
        if !response.has_head() {
            response.fail_in(FailureKind::Send, Phase::Send, message);
        }
        return Attempt::Finished;
    }
    read_all(client, conn, response, activity).await;
    Attempt::Finished
}

async fn read_all(client: &Client, conn: &mut Conn, response: &mut Response, activity: &Activity) {
    let mut told = false;
    while !response.ended() {
        if !told && response.has_head() {
            conn.acknowledge_at_once();
            told = true;
        }
        let reading = conn.read(|bytes, stamp| {
            response.feed(bytes, stamp);
            activity.note(response, stamp.at);
        });
        if let Err(error) = reading.await {
            let kind = match error.kind() {
                io::ErrorKind::InvalidData => FailureKind::Tls,
                _ => FailureKind::ConnectionReset,
            };
            response.break_off(client.clock.now(), kind, error.to_string());
            return;
        }
        if response.done() && !response.ended() {
            drain(conn, response).await;
            return;
        }
    }
}

/// Reads what stands behind `[DONE]`; a body that does not end soon costs the connection.
async fn drain(conn: &mut Conn, response: &mut Response) {
    let rest = async {
        while !response.ended() {
            let reading = conn.read(|bytes, stamp| response.feed(bytes, stamp));
            if reading.await.is_err() {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN, rest).await;
    response.close_at_done();
}
