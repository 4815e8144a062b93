//! What stands between a client and an engine, by what it says of itself.

/// Beginnings of header names that only one gateway sends.
const NAMES: &[(&str, &str)] = &[
    ("x-litellm-", "LiteLLM"),
    ("x-portkey-", "Portkey"),
    ("x-kong-", "Kong"),
    ("x-bifrost-", "Bifrost"),
    ("helicone-", "Helicone"),
    ("cf-aig-", "Cloudflare AI Gateway"),
    ("x-amz-apigw-", "AWS API Gateway"),
    ("apim-request-id", "Azure API Management"),
    ("x-envoy-", "Envoy"),
    ("cf-ray", "Cloudflare"),
];

/// Values of `Server` that are no engine's.
const SERVERS: &[(&str, &str)] = &[
    ("envoy", "Envoy"),
    ("istio-envoy", "Envoy (Istio)"),
    ("cloudflare", "Cloudflare"),
    ("openresty", "OpenResty"),
    ("nginx", "nginx"),
    ("caddy", "Caddy"),
    ("apisix", "APISIX"),
    ("awselb", "AWS load balancer"),
    ("kong", "Kong"),
    ("traefik", "Traefik"),
    ("haproxy", "HAProxy"),
];

/// Beginnings of metrics that a gateway counts itself.
const METRICS: &[(&str, &str)] = &[
    ("litellm_", "LiteLLM"),
    ("vllm_router_", "vllm-router"),
    ("vllm:router_", "vLLM production stack's router"),
    ("sgl_router_", "SGLang's router"),
    ("smg_", "SGLang's gateway"),
    ("envoy_", "Envoy"),
    ("haproxy_", "HAProxy"),
    ("caddy_", "Caddy"),
    ("nginx_", "nginx"),
    ("traefik_", "Traefik"),
];

/// A gateway between client and engine, as a response's headers tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its name.
    pub name: String,
    /// By a header of its own: `Server` and `Via` may be those of whatever stands in front of it.
    pub own: bool,
}

/// The gateway that one of a response's headers names.
pub(crate) fn of_header(name: &str, value: &str) -> Option<Gateway> {
    if name.eq_ignore_ascii_case("via") {
        // `1.1 Caddy`, `1.1 google`.
        let by = value.split(',').next().unwrap_or("");
        let by = by.split_whitespace().nth(1)?;
        return Some(Gateway {
            name: by.to_owned(),
            own: false,
        });
    }
    if name.eq_ignore_ascii_case("server") {
        let name = known(SERVERS, value)?;
        return Some(Gateway { name, own: false });
    }
    let name = known(NAMES, name)?;
    Some(Gateway { name, own: true })
}

/// Names the gateway whose own metrics stand on a page of these names.
pub fn gateway_of_page(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| known(METRICS, name))
}

/// The name in the list behind the first beginning that the text has.
fn known(list: &[(&str, &str)], text: &str) -> Option<String> {
    let found = list.iter().find(|(begin, _)| begins_with(text, begin));
    found.map(|(_, name)| (*name).to_owned())
}

fn begins_with(text: &str, begin: &str) -> bool {
    let part = text.get(..begin.len());
    part.is_some_and(|part| part.eq_ignore_ascii_case(begin))
}

#[cfg(test)]
mod tests {
    use super::{gateway_of_page, of_header};

    #[test]
    fn g08_gateways_are_named_by_what_they_send() {
        for (name, value, gateway) in [
            ("x-litellm-version", "1.84.0", Some("LiteLLM")),
            ("X-Envoy-Upstream-Service-Time", "12", Some("Envoy")),
            ("server", "envoy", Some("Envoy")),
            ("server", "istio-envoy", Some("Envoy (Istio)")),
            ("Server", "nginx/1.27.1", Some("nginx")),
            ("Via", "1.1 Caddy", Some("Caddy")),
            ("CF-RAY", "8f-FRA", Some("Cloudflare")),
            ("server", "uvicorn", None),
            ("server", "llama.cpp", None),
            ("x-request-id", "1", None),
        ] {
            let found = of_header(name, value).map(|found| found.name);
            assert_eq!(found.as_deref(), gateway, "{name}: {value}");
        }
        let page = ["python_info", "vllm_router_requests_total"];
        assert_eq!(gateway_of_page(&page).as_deref(), Some("vllm-router"));
        assert_eq!(gateway_of_page(&["vllm:num_requests_running"]), None);
    }
}
