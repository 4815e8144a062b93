//! A plan to a stream of request records: epochs and rounds, schedule, transport, cold policy,
//! server metrics. It takes every stamp and computes no statistic.

mod answer;
mod auth;
mod cancel;
mod clock;
mod cold;
mod control;
mod count;
mod engine;
mod error;
mod exchange;
mod fetch;
mod filler;
mod head;
mod limits;
mod marker;
mod partial;
mod preflight;
mod prepare;
mod preview;
mod replay;
mod retry;
mod round;
mod row_options;
mod runtime;
mod secrets;
mod session;
mod stream;
mod sys;
mod telemetry;
mod text;
mod transport;
mod user;
mod worker;

pub use cancel::Cancel;
pub use clock::Clock;
pub use count::EngineTokenizer;
pub use error::LoadError;
pub use fetch::{Fetched, fetch};
pub use preview::{Preview, preview};
pub use replay::{Replayed, replay};
pub use round::Progress;
pub use secrets::mask_secrets;
pub use session::{Session, parse_rfc3339, rfc3339};
pub use telemetry::PrometheusServer;
pub use transport::{proxy_shown, redact_url, userinfo};
