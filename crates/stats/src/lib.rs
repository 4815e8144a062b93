//! Records to summaries, comparisons and the conclusion. Pure: slices in, numbers out.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts and nanoseconds of a run are far below 2^52"
)]

mod answers;
mod calibration;
mod cold;
mod conclusion;
mod decision;
mod diagnosis;
mod expected;
mod facts;
mod fold;
mod goodput;
mod health;
mod hits;
mod intervals;
mod kinds;
mod knowledge;
mod level;
mod options;
mod pairs;
mod pool;
mod prefill;
mod prompt_cut;
mod quantile;
mod remarks;
mod request;
mod response_cache;
mod reuse;
mod reuse_seen;
mod round_metrics;
mod running;
mod server;
mod tails;
mod telemetry;
mod versus;
mod warnings;
mod witness;

pub use answers::AnswerFold;
pub use calibration::{calibrate, flat_out, held_level};
pub use decision::{MARGIN, decide};
pub use expected::expected;
pub use fold::{RoundFold, summarise};
pub use intervals::{Interval, hodges_lehmann, newcombe, t_interval, welch};
pub use knowledge::convention;
pub use level::compare;
pub use options::SummaryOptions;
pub use quantile::{quantile, stat};
pub use request::request_metrics;
pub use reuse::reuse;
pub use round_metrics::RoundMetrics;
pub use running::{LogHistogram, Running};
pub use versus::{RunData, versus};
