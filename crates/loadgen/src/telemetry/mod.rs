//! Server metrics, read beside the round and never on the request path.

mod absent;
mod alias;
mod api;
mod asked;
mod page;
mod promql;
mod resolve;
mod sampler;

pub(crate) use alias::known_of;
pub use api::PrometheusServer;
pub(crate) use asked::{Asked, What};
pub(crate) use resolve::{Collected, tracks};
pub(crate) use sampler::{AskError, Common, Sampler};
