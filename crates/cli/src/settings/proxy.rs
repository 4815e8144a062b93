//! Proxies: `--proxy` and `--no-proxy`, else the environment as other programs read it.

use super::usage;
use crate::{args::NetworkArgs, exit::Usage, unspoken_proxy::refuse_unspoken};
use dualround_loadgen::{proxy_shown, redact_url};
use dualround_model::{ProxyPlan, Secret};

/// The proxies, and the one that the endpoint of a run is reached by.
///
/// # Errors
/// [`Usage`] for a proxy that is no URL of a kind that is spoken.
pub(super) fn resolve(args: &NetworkArgs, endpoint: Option<&str>) -> Result<ProxyPlan, Usage> {
    let mut plan = match (&args.proxy, args.no_proxy) {
        (Some(_), Some(true)) => {
            return Err(usage("--proxy and --no-proxy exclude each other"));
        }
        (None, Some(true)) => ProxyPlan::default(),
        (Some(url), _) => given(url)?,
        (None, _) => {
            let plan = of_environment(|name| std::env::var(name).ok());
            if let Some(endpoint) = endpoint {
                refuse_unspoken(&plan, endpoint)?;
            }
            plan
        }
    };
    plan.endpoint = endpoint.and_then(|url| proxy_shown(url, &plan));
    Ok(plan)
}

fn given(text: &str) -> Result<ProxyPlan, Usage> {
    let parsed = url::Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "socks5" | "socks5h") && url.host_str().is_some()
    });
    if parsed.is_none() {
        let shown = redact_url(text);
        return Err(usage(format!(
            "--proxy {shown}: give http://HOST:PORT or socks5://HOST:PORT"
        )));
    }
    Ok(ProxyPlan {
        http: Some(Secret::new(text)),
        https: Some(Secret::new(text)),
        given: true,
        ..ProxyPlan::default()
    })
}

/// Lower case first, as curl does. `HTTP_PROXY` is not believed in a CGI, where a request's header
/// would set it.
fn of_environment(env: impl Fn(&str) -> Option<String>) -> ProxyPlan {
    let http = match env("REQUEST_METHOD") {
        Some(_) => first_set(&env, &["http_proxy"]),
        None => first_set(&env, &["http_proxy", "HTTP_PROXY"]),
    };
    let https = first_set(&env, &["https_proxy", "HTTPS_PROXY"]);
    let all = first_set(&env, &["all_proxy", "ALL_PROXY"]);
    ProxyPlan {
        http: http.or_else(|| all.clone()).map(Secret::new),
        https: https.or(all).map(Secret::new),
        except: first_set(&env, &["no_proxy", "NO_PROXY"]).unwrap_or_default(),
        given: false,
        endpoint: None,
    }
}

/// The first of these variables that is set and not empty.
fn first_set(env: impl Fn(&str) -> Option<String>, names: &[&str]) -> Option<String> {
    names
        .iter()
        .find_map(|name| env(name).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let of = |pairs: &[(&str, &str)]| {
            of_environment(|name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let exposed = |secret: Option<Secret>| secret.map(|secret| secret.expose().to_owned());
        let plan = of(&[
            ("HTTP_PROXY", "http://a:1"),
            ("http_proxy", "http://b:1"),
            ("ALL_PROXY", "socks5://c:1"),
        ]);
        assert_eq!(exposed(plan.http).as_deref(), Some("http://b:1"));
        assert_eq!(exposed(plan.https).as_deref(), Some("socks5://c:1"));
        let plan = of(&[
            ("HTTP_PROXY", "http://a:1"),
            ("REQUEST_METHOD", "GET"),
            ("NO_PROXY", ".x,10.0.0.0/8"),
        ]);
        assert_eq!((plan.http, plan.except.as_str()), (None, ".x,10.0.0.0/8"));
    }

    #[test]
    fn only_proxies_that_are_spoken_are_taken() {
        assert!(given("socks5h://h:1080").unwrap().given);
        for bad in ["ftp://h:1", "h:1", "https://h:1"] {
            let error = given(bad).unwrap_err().to_string();
            assert!(error.contains("socks5://HOST:PORT"), "{error}");
        }
        let error = given("ftp://al:pa55w0rd@h:1").unwrap_err().to_string();
        assert!(!error.contains("pa55w0rd"), "{error}");
    }
}
