//! How rounds are made cold, and the engines behind the endpoint.

use super::{metrics_url, usage};
use crate::{args::RunArgs, exit::Usage, gate::Gate};
use dualround_model::{ColdPlan, ColdPolicy, ResetCall};

/// The cold side of the plan, with the gates of its levels.
///
/// # Errors
/// [`Usage`] naming the setting.
pub(super) fn resolve(args: &RunArgs) -> Result<ColdPlan, Usage> {
    let calls: Result<Vec<ResetCall>, Usage> = args
        .reset_cache_url
        .iter()
        .flatten()
        .map(|text| reset_call(text))
        .collect();
    let reset_calls = calls?;
    let policy = match args.cold {
        Some(word) => word.means(),
        None if !reset_calls.is_empty() => ColdPolicy::Reset,
        None => ColdPolicy::default(),
    };
    if policy == ColdPolicy::Reset && reset_calls.is_empty() && args.no_probe == Some(true) {
        return Err(usage(
            "--cold reset with --no-probe needs --reset-cache-url URL, e.g. http://host:8000/reset_prefix_cache",
        ));
    }
    let fail_if = args.fail_if.clone().unwrap_or_default();
    for text in &fail_if {
        Gate::parse(text)?;
    }
    Ok(ColdPlan {
        policy,
        reset_calls,
        require_cold: args.require_cold.unwrap_or(false),
        fail_if,
    })
}

fn reset_call(text: &str) -> Result<ResetCall, Usage> {
    let (method, url) = match text.trim().split_once(' ') {
        Some((method, url)) => (method.to_ascii_uppercase(), url.trim()),
        None => ("POST".to_owned(), text.trim()),
    };
    if !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(usage("--reset-cache-url: give '[METHOD ]URL'"));
    }
    Ok(ResetCall {
        method,
        url: metrics_url("--reset-cache-url", url)?,
    })
}

/// The base URLs of engines and cache servers behind the endpoint.
///
/// # Errors
/// [`Usage`] for a URL that is not whole.
pub(super) fn admin_urls(args: &RunArgs) -> Result<Vec<String>, Usage> {
    let urls = args.admin_url.iter().flatten();
    urls.map(|url| {
        let url = metrics_url("--admin-url", url)?;
        Ok(url
            .trim_end_matches('/')
            .trim_end_matches("/metrics")
            .to_owned())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::words::ColdWord;
    use crate::settings::{resolve, tests::given};

    #[test]
    fn cold_policies_and_resets() {
        let url = "GET http://h:1/flush_cache".to_owned();
        let plan = resolve(RunArgs {
            reset_cache_url: Some(vec![url]),
            ..given()
        })
        .unwrap()
        .plan;
        assert_eq!(plan.cold.policy, ColdPolicy::Reset);
        assert_eq!(plan.cold.reset_calls[0].method, "GET");
        let reset = Some(ColdWord::Reset);
        assert!(
            resolve(RunArgs {
                cold: reset,
                no_probe: Some(true),
                ..given()
            })
            .is_err()
        );
    }
}
