//! The key that the environment offers, and what it gives way to.

use crate::endpoint;
use dualround_model::{Api, Lang, authorises};

/// The variable of the environment that holds the key of an API. A key is for the services that speak
/// the API, and goes to no other.
pub(crate) fn name_of(api: Api) -> &'static str {
    match api {
        Api::Chat | Api::Completions | Api::Responses => "OPENAI_API_KEY",
        Api::Messages => "ANTHROPIC_API_KEY",
    }
}

/// The API that an address and `--api` come to; that of chat completions where they come to none.
pub(crate) fn api_of(endpoint: Option<&str>, api: Option<Api>) -> Api {
    let resolved = endpoint.and_then(|text| endpoint::resolve(text, api).ok());
    let of_path = resolved.and_then(|found| Api::of_path(&found.url).map(|(api, _)| api));
    of_path.or(api).unwrap_or_default()
}

/// What was given and authorises already: a header, or the user and password or a key of the URL. The
/// key of the environment may be meant for another host.
pub(crate) fn gives_way(headers: &[String], endpoint: Option<&str>) -> Option<String> {
    let names = headers.iter().filter_map(|text| text.split_once(':'));
    let mut names = names.map(|(name, _)| name.trim());
    if let Some(name) = names.find(|name| authorises(name)) {
        return Some(format!("--header {name}"));
    }
    let resolved = endpoint::resolve(endpoint?, None).ok()?;
    if resolved.userinfo.is_some() {
        return Some("--endpoint user:password".to_owned());
    }
    let url = url::Url::parse(&resolved.url).ok()?;
    let mut names = url.query_pairs().map(|(name, _)| name);
    let name = names.find(|name| authorises(name))?;
    Some(format!("--endpoint ?{name}="))
}

/// Says that the key of the environment is not sent, where there is one that could be.
pub(crate) fn note(
    headers: &[String],
    endpoint: Option<&str>,
    api: Api,
    key: Option<&str>,
    lang: Lang,
) -> Option<String> {
    let name = name_of(api);
    let offered = std::env::var_os(name).is_some_and(|key| !key.is_empty());
    if !offered || key.is_some() {
        return None;
    }
    let other = gives_way(headers, endpoint)?;
    // The same line of the request: the user has put it there in the place of the key.
    let line = match api {
        Api::Messages => "--header x-api-key",
        Api::Chat | Api::Completions | Api::Responses => "--header Authorization",
    };
    if other.eq_ignore_ascii_case(line) {
        return None;
    }
    Some(lang.pick([
        format!("{name} is not sent: {other} authorises (--api-key sends a key beside it)"),
        format!("未发送 {name}：已有 {other} 用于鉴权（如需同时发送密钥，请用 --api-key）"),
    ]))
}

#[cfg(test)]
mod tests {
    use super::gives_way;

    #[test]
    fn f017_the_key_of_the_environment_gives_way_to_any_other() {
        for header in [
            "Authorization: x",
            "api-key: x",
            "X-API-Key: x",
            "Ocp-Apim-Subscription-Key: x",
            "X-Auth-Token: x",
            "Cookie: x",
            "X-JWT: x",
            "X-Authentication: x",
            "X-Credential: x",
            "X-Session: x",
        ] {
            assert!(
                gives_way(&[header.to_owned()], Some("http://h")).is_some(),
                "{header}"
            );
        }
        for url in [
            "http://al:pw@h",
            "http://h/v1?api_key=x",
            "http://h/v1?key=x",
            "http://h/v1?code=x",
            "http://h/v1?subscription-key=x",
        ] {
            assert!(gives_way(&[], Some(url)).is_some(), "{url}");
        }
        let plain = [
            "X-Title: a",
            "User-Agent: b",
            "Idempotency-Key: c",
            "X-Session-Id: d",
        ];
        let plain = plain.map(str::to_owned);
        let url = "http://h/v1?api-version=1&cache_key=x";
        assert_eq!(gives_way(&plain, Some(url)), None);
    }
}
