//! A simulated LLM engine: a server of chat completions, completions, Messages and Responses with a
//! real block-hash prefix cache, a
//! model of prefill and decode time, the usual metrics page, faults on request, and a log of its
//! own receive and send instants against which a client can be checked.
//!
//! It shares no code with the client side, so that mistakes cannot cancel out.

#![expect(
    clippy::cast_precision_loss,
    reason = "token and request counts are far below 2^52"
)]

mod arrival;
mod cache;
mod chat;
mod config;
mod counters;
mod dialect;
mod engine;
mod explicit_cache;
mod faults;
mod form;
mod http;
mod metrics;
mod prompt;
mod routes;
mod server;
mod stream;
mod tokenizer;
mod truth;

pub use config::{ReasoningIn, SimConfig};
pub use faults::{Fault, FaultError, FaultOn, FaultRule, PageFault, PageFaultKind};
pub use server::{Sim, SimError};
pub use truth::{TruthLog, TruthRequest};
