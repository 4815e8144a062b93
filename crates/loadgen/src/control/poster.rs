//! Posting to one URL again and again, outside the measurement.

use crate::{
    LoadError,
    control::{Control, fetch::Fetched},
    request::{
        auth::{given, of_other_server},
        head::Headers,
    },
    secrets::Secrets,
    transport::Network,
};
use dualround_model::Secret;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A client that posts to one URL and keeps its connection. Blocks.
pub struct Poster {
    control: Control,
    headers: Headers,
    runtime: Runtime,
    secrets: Secrets,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster").finish_non_exhaustive()
    }
}

impl Poster {
    /// A client without a connection yet; every request has these headers, and `limit` for its whole
    /// exchange.
    ///
    /// # Errors
    /// [`LoadError`] when the URL cannot be used.
    pub fn to(
        url: &str,
        network: &Network,
        headers: &[(String, Secret)],
        limit: Duration,
    ) -> Result<Self, LoadError> {
        let control = Control::to(url, network, limit)?;
        Ok(Self {
            headers: of_other_server(&control.target, &given(headers)),
            control,
            runtime: crate::runtime::single()?,
            secrets: Secrets::of_request(url, headers, network.plan()),
        })
    }

    /// Posts a body; returns the answer, whatever its status.
    ///
    /// # Errors
    /// [`LoadError::Unanswered`] when none comes.
    pub fn post(&mut self, body: &[u8]) -> Result<Fetched, LoadError> {
        let sending = self.control.send("POST", &self.headers, body);
        let answer = self.runtime.block_on(sending);
        match answer {
            Ok(answer) => Ok(Fetched::of(answer, &self.secrets)),
            Err(error) => Err(LoadError::Unanswered {
                url: self.control.target.shown.clone(),
                reason: self.secrets.scrub(error.to_string()),
            }),
        }
    }
}
