//! Errors of the load generator in the words of the command line: with the flags that help, which
//! it knows nothing of.

use dualround_loadgen::{CanaryRefusal, LoadError, ModelError, Obstacle, TlsFile};

/// What happened, and which flag helps.
pub(crate) fn load_words(error: &LoadError) -> String {
    match error {
        LoadError::Metric { url, reason } => {
            format!("--prometheus-metrics, by {url}: {reason}")
        }
        LoadError::NoMetricsPage {
            url,
            was_looked_for,
        } => {
            let found = if *was_looked_for {
                "no page of metrics was found beside it"
            } else {
                "with --no-probe no page is looked for"
            };
            format!(
                "--prometheus-metrics, by {url}: {found}: --prometheus-metrics needs --prometheus-url \
                 URL, the page that has them"
            )
        }
        LoadError::NeedsPrometheus { url, expression } => format!(
            "--prometheus-metrics, by {url}: `{expression}` is neither a metric nor a quotient of two: \
             a page cannot evaluate it, a Prometheus server can (--prometheus-url http://HOST:9090)"
        ),
        LoadError::NotReady {
            url,
            seconds,
            reason,
        } => format!(
            "endpoint {url} is not usable: not ready after {seconds} s (--wait-ready): {reason}"
        ),
        LoadError::NoResetKnown {
            url,
            engine_alone: true,
        } => format!(
            "cache reset failed at {url}: an E round needs an engine whose reset is known: see \
             dualround check endpoint"
        ),
        LoadError::CanaryRefused { refusal, .. } => format!("{error}{}", after_refusal(*refusal)),
        LoadError::TlsFile { file, path, reason } => match flag_of(*file) {
            Some(flag) => format!("TLS: {flag} {}: {reason}", path.display()),
            None => error.to_string(),
        },
        _ => format!("{error}{}", advice(error)),
    }
}

/// The flag that names a file.
fn flag_of(file: TlsFile) -> Option<&'static str> {
    match file {
        TlsFile::Ca => Some("--ca-cert"),
        TlsFile::ClientCert => Some("--client-cert"),
        TlsFile::ClientKey => Some("--client-key"),
        _ => None,
    }
}

/// What goes on behind the message: what is left to do.
fn advice(error: &LoadError) -> &'static str {
    match error {
        LoadError::Unreachable { obstacle, .. } => way_round(*obstacle),
        LoadError::KeyRefused { .. } => {
            "; check --api-key, or give --model NAME where the key is not good for the list of models"
        }
        LoadError::NoResetKnown { .. } => ": give --reset-cache-url, or use --cold auto",
        LoadError::FreshTextHits { .. } => {
            "; M and N of --rounds need it: leave them out, and compare C and W under --cold reset where the engine has a reset"
        }
        LoadError::Model(error) => choice_of_model(error),
        LoadError::NoResetRoute { .. } => "; --reset-cache-url names another",
        LoadError::FileLimit { .. } | LoadError::PortLimit { .. } => {
            " or lower the load (--concurrency, --request-rate, --max-concurrency)"
        }
        _ => "",
    }
}

fn after_refusal(refusal: CanaryRefusal) -> String {
    let told = match refusal {
        CanaryRefusal::Path(api) => return format!("; is this the {} path?", api.name()),
        CanaryRefusal::Key => "; check --api-key",
        CanaryRefusal::Http2 => {
            "; does the server speak HTTP/2 here? It is asked in HTTP/1.1 without --http2"
        }
        _ => "",
    };
    told.to_owned()
}

fn way_round(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::HttpVersion => "; a server that speaks HTTP/2 alone is asked with --http2",
        Obstacle::Proxy => {
            "; is the proxy right (--proxy, HTTP_PROXY, ALL_PROXY)? --no-proxy goes without it"
        }
        Obstacle::Address => "; is the server running, and the address right?",
        // Its own words say what is left to do.
        _ => "",
    }
}

fn choice_of_model(error: &ModelError) -> &'static str {
    match error {
        ModelError::NoList {
            wants_certificate: true,
            ..
        } => " (--client-cert gives one): give --model NAME",
        ModelError::NoList { .. } | ModelError::Patterns { .. } | ModelError::Nothing => {
            ": give --model NAME"
        }
        ModelError::Several { .. } => "; choose with --model",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_which_flag_helps() {
        let url = || "http://h:1/".to_owned();
        let path = || "/x/key.pem".into();
        for (error, words) in [
            (
                LoadError::Unreachable {
                    url: url(),
                    reason: "refused".to_owned(),
                    obstacle: Obstacle::Address,
                },
                "endpoint http://h:1/ is not usable: refused; is the server running, and the address right?",
            ),
            (
                LoadError::Unreachable {
                    url: url(),
                    reason: "bad".to_owned(),
                    obstacle: Obstacle::HttpVersion,
                },
                "endpoint http://h:1/ is not usable: bad; a server that speaks HTTP/2 alone is asked with --http2",
            ),
            (
                LoadError::Model(ModelError::Nothing),
                "the server lists no model: give --model NAME",
            ),
            (
                LoadError::TlsFile {
                    file: TlsFile::ClientKey,
                    path: path(),
                    reason: "no private key: gone".to_owned(),
                },
                "TLS: --client-key /x/key.pem: no private key: gone",
            ),
            (
                LoadError::TlsFile {
                    file: TlsFile::SystemCa,
                    path: path(),
                    reason: "gone".to_owned(),
                },
                "TLS: SSL_CERT_FILE /x/key.pem: gone",
            ),
            (
                LoadError::FileLimit {
                    connections: 9,
                    need: 73,
                    limit: 64,
                },
                "9 connections need about 73 open files, but the hard limit is 64: raise it \
                 (`ulimit -Hn`) or lower the load (--concurrency, --request-rate, --max-concurrency)",
            ),
            (
                LoadError::Metric {
                    url: url(),
                    reason: "bad".to_owned(),
                },
                "--prometheus-metrics, by http://h:1/: bad",
            ),
        ] {
            assert_eq!(load_words(&error), words);
        }
    }
}
