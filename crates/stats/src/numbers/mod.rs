//! Means, quantiles, intervals and shares, without any knowledge of requests.

pub(crate) mod intervals;
pub(crate) mod mean;
pub(crate) mod quantile;
pub(crate) mod randomisation;
pub(crate) mod residuals;
pub(crate) mod share;
