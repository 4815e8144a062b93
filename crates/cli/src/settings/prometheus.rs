//! The settings of server metrics.

use super::{metrics_url, ms, request, usage};
use crate::{args::RunArgs, exit::Usage};
use dualround_model::PrometheusPlan;

/// Resolves which server metrics are read, and where.
///
/// # Errors
/// [`Usage`] naming the setting.
pub(super) fn resolve(args: &RunArgs) -> Result<PrometheusPlan, Usage> {
    let given = args.prometheus_url.iter().flatten();
    let urls: Result<Vec<String>, Usage> = given
        .map(|url| metrics_url("--prometheus-url", url))
        .collect();
    let urls = urls?;
    let given = args.prometheus_metrics.iter().flatten();
    let metrics: Vec<String> = given.flat_map(|text| split_commas(text)).collect();
    let default = PrometheusPlan::default();
    let interval_ms = ms(
        "--prometheus-interval",
        args.prometheus_interval,
        Some(default.interval_ms),
    )?;
    Ok(PrometheusPlan {
        urls,
        metrics,
        headers: request::headers("--prometheus-header", args.prometheus_header.as_deref())?,
        interval_ms: interval_ms.ok_or_else(|| usage("--prometheus-interval must be above 0"))?,
        per_request: args.prometheus_per_request.unwrap_or(default.per_request),
    })
}

/// At commas that stand in no brackets and no quotes.
fn split_commas(text: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut escaped) = (0_i32, false, false);
    let parts = text.split(|c: char| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' => return depth <= 0,
            _ => {}
        }
        false
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}
