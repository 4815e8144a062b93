//! Files from a hub of models and data sets: fetched once, checked, kept.
//!
//! `HF_ENDPOINT` names the hub (default: huggingface.co), `HF_TOKEN` is sent to it and to nobody
//! else, `DUALROUND_CACHE` is where files are kept.

use crate::exit::Usage;
use dualround_model::hex;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use ureq::{Agent, ResponseExt, config::ConfigBuilder, http::Response, typestate::AgentScope};

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
pub(crate) fn tokenizer(what: Option<&str>) -> Result<Option<PathBuf>, Usage> {
    let Some(what) = what else {
        return Ok(None);
    };
    if !is_id(what) || Path::new(what).exists() {
        return Ok(Some(PathBuf::from(what)));
    }
    fetch(&format!("{what}/resolve/main/tokenizer.json")).map(Some)
}

/// The configuration of HTTP outside the measurement: redirects and refusals are the caller's.
pub(crate) fn http() -> ConfigBuilder<AgentScope> {
    // Of the one that everything else uses; already there is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("dualround/", env!("CARGO_PKG_VERSION")))
}

/// The file of a data set on the hub, from the cache or fetched into it.
///
/// # Errors
/// [`Usage`] with the URL and what went wrong.
pub(crate) fn dataset_file(repository: &str, file: &str) -> Result<PathBuf, Usage> {
    fetch(&format!("datasets/{repository}/resolve/main/{file}"))
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

/// The file at a path of the hub, from the cache or fetched into it.
fn fetch(path: &str) -> Result<PathBuf, Usage> {
    let hub = std::env::var("HF_ENDPOINT").unwrap_or_else(|_| HUB.to_owned());
    let hub = hub.trim_end_matches('/');
    let host = hub
        .split("://")
        .last()
        .unwrap_or(hub)
        .replace([':', '/'], "_");
    let kept = cache()?.join("hub").join(host).join(path);
    if kept.exists() {
        return Ok(kept);
    }
    let url = format!("{hub}/{path}");
    crate::screen::note(&format!("fetching {url}"));
    let download = Download {
        part: kept.with_extension("part"),
        token: std::env::var("HF_TOKEN")
            .ok()
            .filter(|token| !token.is_empty()),
    };
    download
        .run(&url)
        .and_then(|()| Ok(fs::rename(&download.part, &kept)?))
        .map_err(|error| {
            Usage(format!(
                "cannot fetch {url}: {error}; HF_ENDPOINT names another hub, HF_TOKEN a key, or give a file of your own"
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
    Http(#[from] ureq::Error),
    #[error("it ended after {copied} of {length} bytes; run it again to go on from there")]
    CutShort { copied: u64, length: u64 },
    #[error("its SHA-256 is {found}, the hub says {expected}")]
    Checksum { found: String, expected: String },
    #[error("HTTP {status}: it needs a key (HF_TOKEN)")]
    NeedsKey { status: u16 },
    #[error("HTTP {status} from {from}")]
    Status { status: u16, from: String },
    #[error("a redirect without a place")]
    NoPlace,
    #[error("too many redirects")]
    Redirects,
}

/// An answer that brings a file.
struct HubAnswer {
    response: Response<ureq::Body>,
    /// Its SHA-256 in hexadecimal digits, where the hub says it.
    checksum: Option<String>,
}

struct Download {
    /// Where it grows; what is there already is not asked for again.
    part: PathBuf,
    token: Option<String>,
}

impl Download {
    fn run(&self, url: &str) -> Result<(), FetchError> {
        if let Some(parent) = self.part.parent() {
            fs::create_dir_all(parent)?;
        }
        let have = fs::metadata(&self.part).map_or(0, |data| data.len());
        let HubAnswer {
            mut response,
            checksum,
        } = self.ask(url, have)?;
        let resumed = response.status().as_u16() == 206;
        let mut file = OpenOptions::new();
        let file = file
            .create(true)
            .append(resumed)
            .truncate(!resumed)
            .write(true);
        let mut out = file.open(&self.part)?;
        let length: Option<u64> =
            header(&response, "content-length").and_then(|value| value.parse().ok());
        let body = response.body_mut().as_reader();
        let name = url.rsplit('/').next().unwrap_or(url);
        let mut body = crate::progress::watched(name, length, body);
        let copied = io::copy(&mut body, &mut out)?;
        out.flush()?;
        if let Some(length) = length
            && length != copied
        {
            return Err(FetchError::CutShort { copied, length });
        }
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

    /// Follows redirects by hand: the key stays with the hub, and the checksum of a large file
    /// stands in the hub's own answer.
    fn ask(&self, url: &str, have: u64) -> Result<HubAnswer, FetchError> {
        let agent: Agent = http()
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .build()
            .into();
        let mut at = url::Url::parse(url)?;
        let home = at.origin();
        let mut checksum = None;
        for _ in 0..HOPS {
            let mut request = agent.get(at.as_str());
            if at.origin() == home
                && let Some(token) = self.token.as_ref()
            {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            if have > 0 {
                request = request.header("Range", format!("bytes={have}-"));
            }
            let response = request.call()?;
            checksum = checksum.or_else(|| checksum_of(&response));
            match response.status().as_u16() {
                200 | 206 => return Ok(HubAnswer { response, checksum }),
                // All of it is there already.
                416 if have > 0 => {
                    fs::remove_file(&self.part)?;
                    return self.ask(url, 0);
                }
                301 | 302 | 303 | 307 | 308 => {
                    let next = header(&response, "location").ok_or(FetchError::NoPlace)?;
                    at = at.join(next)?;
                }
                status @ (401 | 403) => return Err(FetchError::NeedsKey { status }),
                status => {
                    let from = response.get_uri().to_string();
                    return Err(FetchError::Status { status, from });
                }
            }
        }
        Err(FetchError::Redirects)
    }
}

fn header<'a>(response: &'a Response<ureq::Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// The SHA-256 that an answer names: other tags of a file are none.
fn checksum_of(response: &Response<ureq::Body>) -> Option<String> {
    let tag = header(response, "x-linked-etag").or_else(|| header(response, "etag"))?;
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
    fn hub_ids_are_told_from_paths() {
        assert!(is_id("Qwen/Qwen2.5-0.5B") && is_id("a/b"));
        for path in ["a", "./a/b", "a/b/c", "/a/b", "../b", "a/", "a b/c", "x/.y"] {
            assert!(!is_id(path), "{path}");
        }
    }
}
