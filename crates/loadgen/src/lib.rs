//! A plan to a stream of request records: epochs and rounds, schedule, transport, cold policy,
//! server metrics. It takes every stamp and computes no statistic.

#![deny(clippy::disallowed_methods)]

mod cancel;
mod clock;
mod cold;
mod control;
mod engine;
mod error;
mod events;
mod exchange;
mod limits;
mod lock;
mod request;
mod round;
mod run;
mod runtime;
mod secrets;
mod sessions;
mod sys;
mod telemetry;
mod text;
mod transport;
mod wall_time;

pub use cancel::Cancel;
pub use clock::Clock;
pub use control::download::{Download, download};
pub use control::engine_tokenizer::EngineTokenizer;
pub use control::fetch::{Fetched, fetch};
pub use control::poster::Poster;
pub use error::{CanaryRefusal, LoadError, ModelError, Obstacle, TlsFile};
pub use events::RoundEvent;
pub use exchange::replay::{Replayed, replay};
pub use request::preview::{Preview, preview, sendable};
pub use run::{ReplaySpan, Session, block_need, replay_span};
pub use secrets::mask_secrets;
pub use telemetry::{PrometheusError, PrometheusServer};
pub use transport::{Network, proxy_shown, redact_url, userinfo};
pub use wall_time::{parse_rfc3339, rfc3339};
