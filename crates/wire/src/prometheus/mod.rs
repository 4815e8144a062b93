//! Prometheus text: pages, samples, selectors.

pub(crate) mod labels;
pub(crate) mod restart;
pub(crate) mod scrape;
pub(crate) mod selector;
pub(crate) mod text;
