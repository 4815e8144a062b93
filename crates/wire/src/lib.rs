//! Bytes to events: HTTP/1.1 response framing, server-sent events, chat deltas, Prometheus text.
//!
//! Pure and synchronous: no sockets, no clocks. The caller stamps; this crate only says what the
//! bytes mean, and borrows from them wherever it can.

#![deny(clippy::disallowed_methods)]

mod api;
mod chat;
mod encoding;
mod errors;
mod gateway;
mod http1;
mod learnt;
mod prometheus;
mod sse;

pub use api::{EventReader, read_body};
pub use chat::answer_body::{BodyError, BodyFacts, parse_body};
pub use chat::chunk::ChunkFacts;
pub use chat::event::{StreamEvent, Suspect};
pub use chat::reader::ChatReader;
pub use chat::{parse_event, quoted};
pub use encoding::BodyDecoder;
pub use errors::body::{error_text, says_overflow};
pub use gateway::{Gateway, gateway_of_page};
pub use http1::{Frame, HttpError, ResponseDecoder, ResponseHead};
pub use prometheus::scrape::{FoundMetric, PromSample, PromType, Scrape, toggled_total};
pub use prometheus::selector::Selector;
pub use prometheus::text::{no_page, parse as parse_exposition};
pub use sse::{SseDecoder, SseError, SseEvent, SseTail};
