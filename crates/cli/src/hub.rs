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
    let fetched = |what| {
        if is_id(what) && !Path::new(what).exists() {
            fetch(&format!("{what}/resolve/main/tokenizer.json"))
        } else {
            Ok(PathBuf::from(what))
        }
    };
    what.map(fetched).transpose()
}

/// How this program speaks HTTP outside the measurement: redirects and refusals are the caller's.
pub(crate) fn http() -> ConfigBuilder<AgentScope> {
    // Of the one that everything else uses; already there is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("dualround/", env!("CARGO_PKG_VERSION")))
}

/// A file of a data set.
///
/// # Errors
/// [`Usage`] with the URL and what went wrong.
pub(crate) fn dataset_file(repository: &str, file: &str) -> Result<PathBuf, Usage> {
    fetch(&format!("datasets/{repository}/resolve/main/{file}"))
}

/// `owner/name`.
fn is_id(text: &str) -> bool {
    let part = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)
    };
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() == 2 && parts.into_iter().all(part)
}

fn cache() -> Result<PathBuf, Usage> {
    let home = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    home("DUALROUND_CACHE")
        .or_else(|| home("XDG_CACHE_HOME").map(|dir| dir.join("dualround")))
        .or_else(|| home("HOME").map(|dir| dir.join(".cache").join("dualround")))
        .ok_or_else(|| Usage("set DUALROUND_CACHE to a folder for files from the hub".to_owned()))
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
    let fail = |why: String| {
        Usage(format!(
            "cannot fetch {url}: {why}; HF_ENDPOINT names another hub, HF_TOKEN a key, or give a file of your own"
        ))
    };
    let download = Download {
        part: kept.with_extension("part"),
        token: std::env::var("HF_TOKEN")
            .ok()
            .filter(|token| !token.is_empty()),
    };
    download.run(&url).map_err(fail)?;
    fs::rename(&download.part, &kept).map_err(|error| fail(error.to_string()))?;
    Ok(kept)
}

struct Download {
    /// Where it grows; what is there already is not asked for again.
    part: PathBuf,
    token: Option<String>,
}

impl Download {
    fn run(&self, url: &str) -> Result<(), String> {
        if let Some(parent) = self.part.parent() {
            fs::create_dir_all(parent).map_err(|error| error.to_string())?;
        }
        let have = fs::metadata(&self.part).map_or(0, |data| data.len());
        let (mut answer, checksum) = self.ask(url, have)?;
        let resumed = answer.status().as_u16() == 206;
        let mut file = OpenOptions::new();
        let file = file
            .create(true)
            .append(resumed)
            .truncate(!resumed)
            .write(true);
        let words = |error: io::Error| error.to_string();
        let mut out = file.open(&self.part).map_err(words)?;
        let length = answer.headers().get("content-length");
        let length: Option<u64> = length.and_then(|value| value.to_str().ok()?.parse().ok());
        let body = answer.body_mut().as_reader();
        let name = url.rsplit('/').next().unwrap_or(url);
        let mut body = crate::progress::watched(name, length, body);
        let copied = io::copy(&mut body, &mut out).map_err(words)?;
        out.flush().map_err(words)?;
        if length.is_some_and(|length| length != copied) {
            return Err(format!(
                "it ended after {copied} of {} bytes; run it again to go on from there",
                length.unwrap_or(0)
            ));
        }
        if let Some(expected) = checksum {
            let found = sha256(&self.part).map_err(words)?;
            if found != expected {
                // Going on from it would only make it longer.
                let _ = fs::remove_file(&self.part);
                return Err(format!("its SHA-256 is {found}, the hub says {expected}"));
            }
        }
        Ok(())
    }

    /// Follows redirects by hand: the key stays with the hub, and the checksum of a large file
    /// stands in the hub's own answer.
    fn ask(&self, url: &str, have: u64) -> Result<(Response<ureq::Body>, Option<String>), String> {
        let agent: Agent = http()
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .build()
            .into();
        let mut at = url::Url::parse(url).map_err(|error| error.to_string())?;
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
            let answer = request.call().map_err(|error| error.to_string())?;
            let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok());
            let sum = header("x-linked-etag").or(header("etag"));
            let sum = sum.map(|text| text.trim_matches('"').to_ascii_lowercase());
            let sum = sum.filter(|t| t.len() == 64 && t.bytes().all(|b| b.is_ascii_hexdigit()));
            checksum = checksum.or(sum);
            match answer.status().as_u16() {
                200 | 206 => return Ok((answer, checksum)),
                // All of it is there already.
                416 if have > 0 => {
                    fs::remove_file(&self.part).map_err(|error| error.to_string())?;
                    return self.ask(url, 0);
                }
                301 | 302 | 303 | 307 | 308 => {
                    let next = header("location").ok_or("a redirect without a place")?;
                    at = at.join(next).map_err(|error| error.to_string())?;
                }
                status @ (401 | 403) => {
                    return Err(format!("HTTP {status}: it needs a key (HF_TOKEN)"));
                }
                status => return Err(format!("HTTP {status} from {}", answer.get_uri())),
            }
        }
        Err("too many redirects".to_owned())
    }
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
