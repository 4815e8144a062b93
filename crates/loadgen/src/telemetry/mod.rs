//! Server metrics, read beside the round and never on the request path.

mod absent;
mod alias;
mod api;
mod on_page;
mod page;
mod promql;
mod query;
mod query_plan;
mod sampler;
mod source;
mod tracks;

pub(crate) use alias::known_of;
pub use api::{PrometheusError, PrometheusServer};
pub(crate) use on_page::PageReading;
pub(crate) use query::{MetricQuery, QueryKind};
pub(crate) use sampler::Sampler;
pub(crate) use source::{AskError, SamplerSettings};
pub(crate) use tracks::{Collected, tracks};
