//! How everything that connects reaches its servers.

use crate::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Whom connections trust, what they show of this client, and the way that they take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkPlan {
    /// Trust only this CA file.
    pub ca_cert: Option<PathBuf>,
    /// PEM file with the certificate that this client shows, and its chain.
    #[serde(default)]
    pub client_cert: Option<PathBuf>,
    /// PEM file with its key; `None`: in the same file.
    #[serde(default)]
    pub client_key: Option<PathBuf>,
    /// Do not verify the server's certificate.
    pub insecure: bool,
    /// Measure over HTTP/2 (ALPN under TLS, prior knowledge without).
    #[serde(default)]
    pub http2: bool,
    /// Proxies on the way.
    #[serde(default)]
    pub proxy: ProxyPlan,
}

/// Proxies, as flags and environment give them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyPlan {
    /// For http URLs, with its credentials.
    pub http: Option<Secret>,
    /// For https URLs.
    pub https: Option<Secret>,
    /// Hosts that are reached directly, as NO_PROXY writes them.
    pub except: String,
    /// Given by flag: loopback goes through it as well.
    pub given: bool,
    /// The proxy that the endpoint is reached by, credentials removed; `None`: directly.
    pub endpoint: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestPlan;
    use serde_json::{Value, json};

    /// The request of a plan as runs have stored it since before the network was a part of its own.
    fn stored() -> Value {
        json!({
            "max_output_tokens": 7, "min_output_tokens": null, "ignore_eos": null,
            "temperature": 0.5, "top_p": null, "max_tokens_field": "max_tokens",
            "stream_options": true, "extra_body": {"seed": 3}, "api_key": "***",
            "headers": [["X-Tenant", "***"]], "token_source": "auto", "lenient": false,
            "ca_cert": "/x/ca.pem", "client_cert": "/x/id.pem", "client_key": null,
            "insecure": false, "http2": true,
            "proxy": {
                "http": "***", "https": null, "except": ".test", "given": true,
                "endpoint": "http://proxy:1",
            },
        })
    }

    #[test]
    fn a_plan_from_before_is_read_and_written_with_its_keys() {
        let stored = stored();
        let read: RequestPlan = serde_json::from_value(stored.clone()).unwrap();
        assert!(read.network.http2 && read.network.proxy.given);
        assert_eq!(read.network.ca_cert.as_deref(), Some("/x/ca.pem".as_ref()));
        assert_eq!(serde_json::to_value(&read).unwrap(), stored);
    }

    #[test]
    fn the_first_plans_knew_neither_proxies_nor_certificates_of_this_client() {
        let mut stored = stored();
        let fields = stored.as_object_mut().unwrap();
        for later in ["client_cert", "client_key", "http2", "proxy"] {
            fields.remove(later);
        }
        let read: RequestPlan = serde_json::from_value(stored).unwrap();
        let expected = NetworkPlan {
            ca_cert: Some("/x/ca.pem".into()),
            ..NetworkPlan::default()
        };
        assert_eq!(read.network, expected);
    }
}
