//! Bytes to events: HTTP/1.1 response framing, server-sent events, chat deltas, Prometheus text.
//!
//! Pure and synchronous: no sockets, no clocks. The caller stamps; this crate only says what the
//! bytes mean, and borrows from them wherever it can.

mod answer_body;
mod chat;
mod chunk;
mod delta;
mod encoding;
mod error_body;
mod error_names;
mod error_words;
mod event;
mod exposition;
mod field;
mod field_purpose;
mod gateway;
mod hidden_text;
mod http1;
mod labels;
mod name_words;
mod odd_event;
mod reader;
mod repair;
mod restart;
mod scrape;
mod selector;
mod sse;
mod usage;
mod vendor_error;

pub use answer_body::{BodyFacts, parse_body};
pub use chat::{parse_event, quoted};
pub use chunk::ChunkFacts;
pub use encoding::BodyDecoder;
pub use error_body::error_text;
pub use event::{ChatEvent, Suspect};
pub use exposition::{no_page, parse as parse_exposition};
pub use gateway::{Gateway, gateway_of_page};
pub use http1::{Frame, HttpError, ResponseDecoder, ResponseHead};
pub use reader::ChatReader;
pub use scrape::{Found, PromSample, PromType, Scrape, toggled_total};
pub use selector::Selector;
pub use sse::{SseDecoder, SseError, SseEvent, SseTail};
