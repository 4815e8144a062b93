//! A plan to a stream of request records: epochs and rounds, schedule, transport, cold policy,
//! server metrics. It takes every stamp and computes no statistic.

mod cancel;
mod clock;
mod cold;
mod control;
mod engine;
mod error;
mod exchange;
mod limits;
mod request;
mod round;
mod runtime;
mod secrets;
mod session;
mod sys;
mod telemetry;
mod text;
mod transport;

pub use cancel::Cancel;
pub use clock::Clock;
pub use control::engine_tokenizer::EngineTokenizer;
pub use control::fetch::{Fetched, fetch};
pub use error::LoadError;
pub use exchange::replay::{Replayed, replay};
pub use request::preview::{Preview, preview, sendable};
pub use round::RoundEvent;
pub use secrets::mask_secrets;
pub use session::{Session, parse_rfc3339, rfc3339};
pub use telemetry::PrometheusServer;
pub use transport::{proxy_shown, redact_url, userinfo};
