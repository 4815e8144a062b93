//! Making a round cold, and finding out beforehand whether that works here.

mod cache_breaker;
pub(crate) mod canary;
pub(crate) mod reset;

pub(crate) use cache_breaker::CacheBreaker;
