//! Fetching from a hub, against a local server that speaks the same paths.

use crate::common::{dualround, path_of, scripted, stderr};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
};

/// What was asked: request lines with the headers that matter.
type Log = Arc<Mutex<Vec<String>>>;

/// A hub whose large files lie on another host (another port), with their checksum in the redirect.
/// `cut`: the first answer of the store ends after so many bytes.
fn hub(files: &[(&str, Vec<u8>)], wrong_sum: bool, cut: Option<usize>) -> (String, Log) {
    let log = Log::default();
    let files: HashMap<String, Vec<u8>> = files
        .iter()
        .map(|(path, bytes)| ((*path).to_owned(), bytes.clone()))
        .collect();
    let store = serve(Arc::clone(&log), {
        let files = files.clone();
        let first = Mutex::new(cut);
        move |path, from| {
            let bytes = files.get(path)?;
            let rest = &bytes[from.min(bytes.len())..];
            let status = if from > 0 {
                "206 Partial Content"
            } else {
                "200 OK"
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                rest.len()
            );
            let sent = first
                .lock()
                .unwrap()
                .take()
                .map_or(rest, |cut| &rest[..cut]);
            Some([head.as_bytes(), sent].concat())
        }
    });
    let front = serve(Arc::clone(&log), move |path, _| {
        let bytes = files.get(path)?;
        let sum: String = Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let sum = if wrong_sum { "0".repeat(64) } else { sum };
        Some(format!("HTTP/1.1 302 Found\r\nLocation: {store}{path}\r\nX-Linked-Etag: \"{sum}\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes())
    });
    (front, log)
}

fn serve(log: Log, answer: impl Fn(&str, usize) -> Option<Vec<u8>> + Send + 'static) -> String {
    scripted(move |head| {
        let path = path_of(head);
        let lower = head.to_ascii_lowercase();
        let header = |name: &str| {
            let line = lower.lines().find(|line| line.starts_with(name))?;
            Some(line[name.len()..].trim().to_owned())
        };
        let range = header("range: bytes=");
        let from = range
            .as_ref()
            .and_then(|r| r.trim_end_matches('-').parse().ok());
        log.lock().unwrap().push(format!(
            "{path} auth={} range={}",
            header("authorization:").is_some(),
            range.as_deref().unwrap_or("")
        ));
        answer(path, from.unwrap_or(0)).unwrap_or_else(|| {
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec()
        })
    })
}

fn convert(dir: &Path, hub: &str, names: &str) -> std::process::Output {
    dualround()
        .current_dir(dir)
        .env("HF_ENDPOINT", hub)
        .env("HF_TOKEN", "hf_secret")
        .env("DUALROUND_CACHE", dir.join("cache"))
        .args(format!("convert longbench --dataset {names} --output out.jsonl").split(' '))
        .output()
        .unwrap()
}

fn archive() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let mut zip = zip::ZipWriter::new(&mut out);
    for name in ["qasper", "narrativeqa"] {
        zip.start_file(
            format!("data/{name}.jsonl"),
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
        let row = serde_json::json!({"_id": name, "dataset": name, "context": "Ann met Bo.", "input": "Who?", "answers": ["Bo"]});
        writeln!(zip, "{row}").unwrap();
    }
    zip.finish().unwrap();
    out.into_inner()
}

const V1: &str = "/datasets/THUDM/LongBench/resolve/main/data.zip";
const V2: &str = "/datasets/THUDM/LongBench-v2/resolve/main/data.json";

#[test]
fn data_sets_are_fetched_once_and_the_key_stays_with_the_hub() {
    let dir = tempfile::tempdir().unwrap();
    let v2 = serde_json::json!([{"_id": "b", "question": "Which?", "choice_A": "a", "choice_B": "b", "choice_C": "c", "choice_D": "d", "answer": "B", "context": "Code."}]);
    let (base, log) = hub(
        &[(V1, archive()), (V2, v2.to_string().into_bytes())],
        false,
        None,
    );
    for _ in 0..2 {
        let output = convert(dir.path(), &base, "qasper longbench-v2");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = std::fs::read_to_string(dir.path().join("out.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }
    let log = log.lock().unwrap().clone();
    let expected = [V1, V2].map(|path| {
        [
            format!("{path} auth=true range="),
            format!("{path} auth=false range="),
        ]
    });
    assert_eq!(log, expected.concat());
    let output = convert(dir.path(), &base, "nothing");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("narrativeqa, qasper"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_fetch_that_breaks_off_goes_on_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let (base, log) = hub(&[(V1, archive())], false, Some(100));
    let output = convert(dir.path(), &base, "qasper");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(!dir.path().join("out.jsonl").exists());
    let output = convert(dir.path(), &base, "qasper");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        log.lock()
            .unwrap()
            .iter()
            .any(|line| line.ends_with("range=100-"))
    );
}

#[test]
fn a_wrong_checksum_is_told_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let (base, _) = hub(&[(V1, archive())], true, None);
    let output = convert(dir.path(), &base, "qasper");
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(
        said.contains("SHA-256") && !said.contains("hf_secret"),
        "{said}"
    );
    let output = convert(dir.path(), "http://127.0.0.1:9", "qasper");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("HF_ENDPOINT"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_tokenizer_by_its_hub_id() {
    let dir = tempfile::tempdir().unwrap();
    let tokenizer = serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "able": 1}, "unk_token": "[UNK]"},
    });
    let path = "/owner/model/resolve/main/tokenizer.json";
    let (hub, log) = hub(&[(path, tokenizer.to_string().into_bytes())], false, None);
    std::fs::write(
        dir.path().join("d.jsonl"),
        "{\"text\": \"able able acid\"}\n",
    )
    .unwrap();
    for _ in 0..2 {
        let output = dualround()
            .current_dir(dir.path())
            .env("HF_ENDPOINT", &hub)
            .env("DUALROUND_CACHE", dir.path().join("cache"))
            .args(["check", "dataset", "d.jsonl", "--tokenizer", "owner/model"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("tokens: min 3,"), "{said}");
    }
    // The second time it was there.
    assert_eq!(log.lock().unwrap().len(), 2);
}
