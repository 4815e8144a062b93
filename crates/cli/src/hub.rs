//! Files from a hub of models and data sets: fetched once, checked, kept.
//!
//! `HF_ENDPOINT` names the hub (default: huggingface.co), `HF_TOKEN` is sent to it and to nobody
//! else, `DUALROUND_CACHE` is where files are kept.

use crate::{
    exit::Usage, load_words::load_words, secret_line::secret, unspoken_proxy::refuse_unspoken,
};
use dualround_loadgen::{Clock, Download, LoadError, Network, download, redact_url};
use dualround_model::{NetworkPlan, Secret, hex};
use dualround_wire::ResponseHead;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// The hub where none is named.
const HUB: &str = "https://huggingface.co";
/// Redirects followed, at most.
const HOPS: usize = 5;
/// To open a connection, and between two reads.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tokenizer that is asked for, by path or hub id, as a file.
///
/// # Errors
/// [`Usage`] when it is neither.
pub(crate) fn tokenizer(
    what: Option<&str>,
    network: &NetworkPlan,
) -> Result<Option<PathBuf>, Usage> {
    let Some(what) = what else {
        return Ok(None);
    };
    if !is_id(what) || Path::new(what).exists() {
        return Ok(Some(PathBuf::from(what)));
    }
    let path = format!("{what}/resolve/main/tokenizer.json");
    fetch(&path, network).map(Some)
}

/// The file of a data set on the hub, from the cache or fetched into it.
///
/// # Errors
/// [`Usage`] with the URL and what went wrong.
pub(crate) fn dataset_file(
    repository: &str,
    file: &str,
    network: &NetworkPlan,
) -> Result<PathBuf, Usage> {
    let path = format!("datasets/{repository}/resolve/main/{file}");
    fetch(&path, network)
}

/// `owner/name`.
fn is_id(text: &str) -> bool {
    text.split_once('/')
        .is_some_and(|(owner, name)| is_id_part(owner) && is_id_part(name))
}

fn is_id_part(part: &str) -> bool {
    let mut chars = part.chars();
    !part.is_empty()
        && !part.starts_with('.')
        && chars.all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn cache() -> Result<PathBuf, Usage> {
    folder_of("DUALROUND_CACHE")
        .or_else(|| folder_of("XDG_CACHE_HOME").map(|dir| dir.join("dualround")))
        .or_else(|| folder_of("HOME").map(|dir| dir.join(".cache").join("dualround")))
        .ok_or_else(|| Usage("set DUALROUND_CACHE to a folder for files from the hub".to_owned()))
}

/// The folder that a variable of the environment names.
fn folder_of(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// The folder of a hub's files, which says where it is and no more.
fn folder_of_hub(hub: &str) -> String {
    let place = hub.split("://").last().unwrap_or(hub);
    let (authority, rest) = match place.split_once('/') {
        Some((authority, rest)) => (authority, Some(rest)),
        None => (place, None),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let name = rest.map_or_else(|| host.to_owned(), |rest| format!("{host}/{rest}"));
    name.replace([':', '/'], "_")
}

/// The file at a path of the hub, from the cache or fetched into it.
fn fetch(path: &str, network: &NetworkPlan) -> Result<PathBuf, Usage> {
    let hub = std::env::var("HF_ENDPOINT").ok();
    let hub = hub.filter(|hub| !hub.trim().is_empty());
    let hub = hub.as_deref().unwrap_or(HUB).trim().trim_end_matches('/');
    let kept = cache()?.join("hub").join(folder_of_hub(hub)).join(path);
    if kept.exists() {
        return Ok(kept);
    }
    let url = format!("{hub}/{path}");
    let shown = redact_url(&url);
    crate::screen::note(&format!("fetching {shown}"));
    refuse_unspoken(&network.proxy, &url)?;
    let token = std::env::var("HF_TOKEN").unwrap_or_default();
    let transfer = Transfer {
        network: Network::new(network, Clock::start())
            .map_err(|error| Usage(load_words(&error)))?,
        part: kept.with_extension("part"),
        token: secret("HF_TOKEN", &token)?,
    };
    transfer
        .run(&url)
        .and_then(|()| Ok(fs::rename(&transfer.part, &kept)?))
        .map_err(|error| {
            let reason = error.said_of(&shown);
            Usage(format!(
                "cannot fetch {shown}: {reason}; HF_ENDPOINT names another hub, HF_TOKEN a key, or give a file of your own"
            ))
        })?;
    Ok(kept)
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Url(#[from] url::ParseError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{reason}: it broke off after {have} bytes; run it again to go on from there")]
    BrokeOff { have: u64, reason: io::Error },
    #[error("its SHA-256 is {found}, the hub says {expected}")]
    Checksum { found: String, expected: String },
    #[error("HTTP {status}: it needs a key (HF_TOKEN)")]
    NeedsKey { status: u16 },
    #[error("HTTP {status} from {from}")]
    Status { status: u16, from: String },
    #[error("it redirects to {to}, which is no http:// or https:// URL")]
    LeadsAway { to: String },
    #[error("a redirect without a place")]
    NoPlace,
    #[error("too many redirects")]
    Redirects,
}

impl FetchError {
    /// What is said of it behind the URL that was asked first.
    fn said_of(&self, first: &str) -> String {
        match self {
            Self::Load(LoadError::Unanswered { url, reason }) if url == first => reason.clone(),
            Self::Load(error) => load_words(error),
            other => other.to_string(),
        }
    }
}

/// An answer that brings a file.
struct HubAnswer {
    body: Download,
    /// Its SHA-256 in hexadecimal digits, where the hub says it.
    checksum: Option<String>,
}

/// A file on its way from a hub.
struct Transfer {
    network: Network,
    /// Where it grows; what is there already is not asked for again.
    part: PathBuf,
    token: Option<Secret>,
}

impl Transfer {
    fn run(&self, url: &str) -> Result<(), FetchError> {
        if let Some(parent) = self.part.parent() {
            fs::create_dir_all(parent)?;
        }
        let HubAnswer { body, checksum } = self.ask(url, self.have())?;
        let resumed = body.head.status == 206;
        let mut file = OpenOptions::new();
        let file = file
            .create(true)
            .append(resumed)
            .truncate(!resumed)
            .write(true);
        let mut out = file.open(&self.part)?;
        let length = body.head.content_length;
        let name = url.rsplit('/').next().unwrap_or(url);
        let mut body = crate::progress::watched(name, length, body);
        let copied = io::copy(&mut body, &mut out);
        copied.map_err(|reason| FetchError::BrokeOff {
            have: self.have(),
            reason,
        })?;
        out.flush()?;
        if let Some(expected) = checksum {
            let found = sha256(&self.part)?;
            if found != expected {
                // Going on from it would only make it longer.
                let _ = fs::remove_file(&self.part);
                return Err(FetchError::Checksum { found, expected });
            }
        }
        Ok(())
    }

    /// The bytes that are here already.
    fn have(&self) -> u64 {
        fs::metadata(&self.part).map_or(0, |data| data.len())
    }

    /// Follows redirects by hand: the key stays with the hub, and the checksum of a large file
    /// stands in the hub's own answer.
    fn ask(&self, url: &str, have: u64) -> Result<HubAnswer, FetchError> {
        let mut at = url::Url::parse(url)?;
        let home = at.origin();
        let mut checksum = None;
        for _ in 0..HOPS {
            let headers = self.headers(at.origin() == home, have);
            let answer = download(at.as_str(), &self.network, &headers, PATIENCE)?;
            let head = &answer.head;
            checksum = checksum.or_else(|| checksum_of(head));
            match head.status {
                200 | 206 => {
                    let body = answer;
                    return Ok(HubAnswer { body, checksum });
                }
                // All of it is there already.
                416 if have > 0 => {
                    fs::remove_file(&self.part)?;
                    return self.ask(url, 0);
                }
                301 | 302 | 303 | 307 | 308 => {
                    let next = head.location.as_deref().ok_or(FetchError::NoPlace)?;
                    at = at.join(next)?;
                    // A hub may not lead to this machine's sockets or files.
                    if !matches!(at.scheme(), "http" | "https") {
                        let to = redact_url(at.as_str());
                        return Err(FetchError::LeadsAway { to });
                    }
                }
                status @ (401 | 403) => return Err(FetchError::NeedsKey { status }),
                status => {
                    let from = redact_url(at.as_str());
                    return Err(FetchError::Status { status, from });
                }
            }
        }
        Err(FetchError::Redirects)
    }

    /// The key, for the hub itself, and what is wanted of the file.
    fn headers(&self, is_home: bool, have: u64) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        if is_home && let Some(token) = &self.token {
            let key = Secret::new(format!("Bearer {}", token.expose()));
            headers.push(("Authorization".to_owned(), key));
        }
        if have > 0 {
            let range = Secret::new(format!("bytes={have}-"));
            headers.push(("Range".to_owned(), range));
        }
        headers
    }
}

/// The SHA-256 that an answer names: other tags of a file are none.
fn checksum_of(head: &ResponseHead) -> Option<String> {
    let tag = head.linked_etag.as_ref().or(head.etag.as_ref())?;
    let tag = tag.trim_matches('"').to_ascii_lowercase();
    let is_sha256 = tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then_some(tag)
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    io::copy(&mut file, &mut hash)?;
    Ok(hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_hub_holds_no_password() {
        assert_eq!(folder_of_hub("https://huggingface.co"), "huggingface.co");
        assert_eq!(folder_of_hub("http://al:pw@h:78/hf"), "h_78_hf");
    }

    #[test]
    fn hub_ids_are_told_from_paths() {
        assert!(is_id("Qwen/Qwen2.5-0.5B") && is_id("a/b"));
        for path in ["a", "./a/b", "a/b/c", "/a/b", "../b", "a/", "a b/c", "x/.y"] {
            assert!(!is_id(path), "{path}");
        }
    }
}
