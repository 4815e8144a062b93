//! The key that the environment offers, and what it gives way to.

use crate::endpoint;

/// Its variable.
pub(crate) const NAME: &str = "OPENAI_API_KEY";

/// Words of headers and of a URL's query that authorise.
const AUTHORISING: [&str; 15] = [
    "authorization",
    "authentication",
    "credential",
    "credentials",
    "jwt",
    "session",
    "auth",
    "key",
    "apikey",
    "token",
    "cookie",
    "secret",
    "signature",
    "sig",
    "code",
];

fn authorises(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| AUTHORISING.contains(&word))
}

/// Something that was given authorises already: a header, or user and password of the URL. The key of
/// the environment may be meant for another host.
pub(crate) fn gives_way(headers: &[String], endpoint: Option<&str>) -> bool {
    let names = headers.iter().filter_map(|text| text.split_once(':'));
    let mut names = names.map(|(name, _)| name.trim());
    let of_url = || {
        let Some(resolved) = endpoint.and_then(|text| endpoint::resolve(text).ok()) else {
            return false;
        };
        let url = url::Url::parse(&resolved.url).ok();
        let in_query = url.is_some_and(|url| url.query_pairs().any(|(name, _)| authorises(&name)));
        resolved.userinfo.is_some() || in_query
    };
    names.any(authorises) || of_url()
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
                gives_way(&[header.to_owned()], Some("http://h")),
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
            assert!(gives_way(&[], Some(url)), "{url}");
        }
        let plain = ["X-Title: a".to_owned(), "User-Agent: b".to_owned()];
        assert!(!gives_way(&plain, Some("http://h/v1?api-version=1")));
    }
}
