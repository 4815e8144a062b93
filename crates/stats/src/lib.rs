//! Records to summaries, comparisons and the conclusion. Pure: slices in, numbers out.

#![deny(clippy::disallowed_methods)]
#![expect(
    clippy::cast_precision_loss,
    reason = "counts and nanoseconds of a run are far below 2^52"
)]

mod cache;
mod calibration;
mod cost;
mod decision;
mod diagnosis;
mod level;
mod max_load;
mod numbers;
mod round;
mod versus;

pub use cache::chance::chance;
pub use cache::expected::{MarkedIds, expected};
pub use cache::knowledge::convention;
pub use cache::reuse::reuse;
pub use calibration::{calibrate, calibrate_rate, flat_out, held_level, held_rate};
pub use decision::{MARGIN, decide};
pub use level::answers::AnswerFold;
pub use level::compare;
pub use max_load::{
    search::{FoundLoad, LoadSearch},
    share::{ShareRule, lowest_share},
};
pub use numbers::intervals::{Interval, hodges_lehmann, newcombe, t_interval, welch};
pub use numbers::quantile::{quantile, stat};
pub use round::fold::{RoundFold, summarise};
pub use round::options::SummaryOptions;
pub use round::readings::RoundMetrics;
pub use round::request::{request_metrics, within};
pub use round::running::{LogHistogram, Running};
pub use versus::{RunData, versus};
