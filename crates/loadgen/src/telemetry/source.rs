//! A source of server metrics: a page, or a Prometheus server.

use super::{query::MetricQuery, tracks::Collected};
use crate::{Cancel, control::ControlError, request::head::Headers, transport::Network};
use std::time::Duration;

/// The time limit of one scrape.
pub(super) const SCRAPE_LIMIT: Duration = Duration::from_secs(2);

/// The settings that all samplers of a run share.
#[derive(Clone)]
pub(crate) struct SamplerSettings {
    pub(crate) network: Network,
    pub(crate) every: Duration,
    /// Whole header lines that go to metric sources only.
    pub(crate) headers: Headers,
    pub(crate) cancel: Cancel,
}

/// Why a source did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// No answer came, or none that is a page.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The API answered that it cannot, in words of its own.
    #[error("{words}")]
    Refused {
        /// The server's.
        words: String,
    },
    /// The API answered something else.
    #[error("HTTP {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// The page holds no sample, but something else.
    #[error("no page of metrics, but {found}")]
    NoPage {
        /// What it is.
        found: String,
    },
    /// The sampler's thread is gone.
    #[error("the sampler has ended")]
    Ended,
}

/// Why what is asked cannot be looked up.
#[derive(Clone, Debug)]
pub(crate) enum AskError {
    /// The source does not answer; it may later.
    Unreadable(String),
    /// The server does not understand it and never will.
    Refused(String),
}

impl From<SourceError> for AskError {
    fn from(error: SourceError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

/// A source of server metrics, as the sampler's thread drives it.
pub(super) trait MetricsSource {
    /// The time between its own readings within a round; `None` where it takes none.
    fn period(&self) -> Option<Duration>;

    /// The names of all metrics there.
    ///
    /// # Errors
    /// [`SourceError`] where it does not answer.
    async fn names(&mut self) -> Result<Vec<String>, SourceError>;

    /// Sets what is read from now on, and looks it up once.
    ///
    /// # Errors
    /// [`AskError`] where it cannot be looked up.
    async fn look_up(&mut self, asked: Vec<MetricQuery>) -> Result<Collected, AskError>;

    /// Begins a round, with a reading where readings are its own.
    async fn begin(&mut self);

    /// Reads within a round.
    async fn read(&mut self);

    /// Ends the round that began and ended then (ns on the run's clock); returns what was read.
    async fn end(&mut self, window: (u64, u64)) -> Collected;
}
