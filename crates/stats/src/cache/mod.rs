//! What is known of caches: hits, who saw them, whether a round was cold, what could be hit.

pub(crate) mod chance;
pub(crate) mod cold;
mod excess_hits;
pub(crate) mod expected;
pub(crate) mod hit_limits;
pub(crate) mod hits;
pub(crate) mod knowledge;
pub(crate) mod own_hits;
pub(crate) mod prefill;
mod prefix_tree;
pub(crate) mod replicas;
pub(crate) mod response_cache;
pub(crate) mod reuse;
pub(crate) mod reuse_seen;
pub(crate) mod server;
pub(crate) mod witness;
