//! The key that the environment offers, and what it gives way to.

use crate::endpoint;

/// Its variable.
pub(crate) const NAME: &str = "OPENAI_API_KEY";

/// Headers that authorise: `Authorization`, and the keys of Azure, gateways and Google.
const AUTHORISING: [&str; 4] = ["Authorization", "api-key", "x-api-key", "x-goog-api-key"];

/// Something that was given authorises already: a header, or user and password of the URL. The key of
/// the environment may be meant for another host.
pub(crate) fn gives_way(headers: &[String], endpoint: Option<&str>) -> bool {
    let names = headers.iter().filter_map(|text| text.split_once(':'));
    let mut names = names.map(|(name, _)| name.trim());
    let authorises = |name: &str| {
        let mut known = AUTHORISING.iter();
        known.any(|known| known.eq_ignore_ascii_case(name))
    };
    let has_userinfo = || {
        let resolved = endpoint.and_then(|text| endpoint::resolve(text).ok());
        resolved.is_some_and(|endpoint| endpoint.userinfo.is_some())
    };
    names.any(authorises) || has_userinfo()
}
