//! Quantiles and intervals, without any knowledge of requests.

pub(crate) mod intervals;
pub(crate) mod quantile;
