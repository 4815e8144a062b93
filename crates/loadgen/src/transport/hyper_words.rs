//! Errors of HTTP/2 in words.

/// An error with its causes: hyper's own words alone are "http2 error".
pub(crate) fn words(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
