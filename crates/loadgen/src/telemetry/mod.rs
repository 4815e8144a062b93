//! Server metrics, read beside the round and never on the request path.

mod absent;
mod alias;
mod api;
mod page;
mod promql;
mod query;
mod query_plan;
mod resolve;
mod sampler;
mod source;

pub(crate) use alias::known_of;
pub use api::{PrometheusError, PrometheusServer};
pub(crate) use query::{MetricQuery, QueryKind};
pub(crate) use resolve::{Collected, PageReading, tracks};
pub(crate) use sampler::Sampler;
pub(crate) use source::{AskError, SamplerSettings};
