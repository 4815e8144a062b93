//! Server metrics, read beside the round and never on the request path.

mod alias;
mod resolve;
mod sampler;

pub(crate) use resolve::{Reading, tracks};
pub(crate) use sampler::Sampler;
