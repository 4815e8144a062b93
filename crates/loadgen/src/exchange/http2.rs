//! An exchange over HTTP/2: hyper brings head and frames, stamped as the connection's last read.

use super::{Activity, Attempt, Client, DRAIN};
use crate::{
    exchange::response::Response,
    request::{head::RequestHead, prepare::RequestBytes},
    transport::{Http2, response_head, words},
};
use bytes::Bytes;
use dualround_model::{FailureKind, Phase};
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use std::sync::Arc;

/// A request that is ready to be sent.
pub(super) type Prepared = Box<Request<Full<Bytes>>>;

impl Http2 {
    /// Makes the request and waits until the connection takes it, all before t0.
    pub(super) async fn prepare(
        &mut self,
        head: &RequestHead,
        request: &RequestBytes,
    ) -> Result<Prepared, String> {
        let body = Bytes::from_owner(Arc::clone(&request.bytes)).slice(request.body_at..);
        let made = self.request(head, Some(body));
        let mut made = made.map_err(|error| error.to_string())?;
        if let Some((name, value)) = &request.field {
            let name = HeaderName::try_from(&**name).map_err(|error| error.to_string())?;
            let value = HeaderValue::try_from(&**value).map_err(|error| error.to_string())?;
            made.headers_mut().insert(name, value);
        }
        self.ready().await.map_err(|error| words(&error))?;
        Ok(Box::new(made))
    }
}

/// Sends the request and reads its response to the end.
pub(super) async fn talk(
    client: &Client,
    link: &mut Http2,
    request: Prepared,
    response: &mut Response,
    activity: &Activity,
) -> Attempt {
    let (parts, mut body) = match link.send(*request).await {
        Ok(answer) => answer.into_parts(),
        Err((_, true)) if response.is_reused() => return Attempt::NotAccepted,
        Err((error, _)) => {
            let (now, kind) = (client.clock.now(), FailureKind::ConnectionReset);
            response.fail_at(now, kind, Phase::Head, words(&error));
            return Attempt::Finished;
        }
    };
    let stamp = link.last();
    response.feed_head(response_head(parts.status.as_u16(), &parts.headers), stamp);
    activity.note(response, stamp.at);
    read_all(client, link, &mut body, response, activity).await;
    Attempt::Finished
}

async fn read_all(
    client: &Client,
    link: &Http2,
    body: &mut Incoming,
    response: &mut Response,
    activity: &Activity,
) {
    while !response.ended() && !response.done() {
        if let Err(error) = read_part(link, body, response, activity).await {
            let (now, kind) = (client.clock.now(), FailureKind::ConnectionReset);
            return response.break_off(now, kind, words(&error));
        }
    }
    if !response.ended() {
        // What stands behind `[DONE]` has little time; a body that does not end soon costs the stream.
        let rest = async {
            while !response.ended() && read_part(link, body, response, activity).await.is_ok() {}
        };
        let _ = tokio::time::timeout(DRAIN, rest).await;
        response.close_at_done();
    }
}

/// Reads the next frame of a body, or its end.
async fn read_part(
    link: &Http2,
    body: &mut Incoming,
    response: &mut Response,
    activity: &Activity,
) -> Result<(), hyper::Error> {
    let Some(frame) = body.frame().await else {
        response.feed_end(link.last());
        return Ok(());
    };
    if let Some(part) = frame?.data_ref() {
        let stamp = link.last();
        response.feed_part(part, stamp);
        activity.note(response, stamp.at);
    }
    Ok(())
}
