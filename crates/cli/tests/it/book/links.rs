//! Links within a book lead to a chapter, a heading or a picture; those that leave it are listed.

use super::{
    LANGUAGES,
    chapter::{Chapter, anchor, chapters},
    folder,
};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// Places outside that the books name. Nothing is fetched to test them: a change is to be looked at.
const OUTSIDE: &[&str] = &[];

#[test]
fn every_link_of_the_books_leads_somewhere() {
    for lang in LANGUAGES {
        let paths = chapters(lang);
        let all: BTreeMap<&str, Chapter> = paths
            .iter()
            .map(|path| (path.as_str(), Chapter::read(lang, path)))
            .collect();
        for (path, chapter) in &all {
            for target in &chapter.links {
                if target.contains("://") {
                    assert!(
                        OUTSIDE.contains(&target.as_str()),
                        "{lang}/{path}: {target} is not listed"
                    );
                    continue;
                }
                let (file, at) = target.split_once('#').unwrap_or((target, ""));
                let to = if file.is_empty() {
                    (*path).to_owned()
                } else {
                    joined(path, file)
                };
                if !to.ends_with(".md") {
                    assert!(folder(lang).join(&to).is_file(), "{lang}/{path}: {target}");
                    continue;
                }
                let Some(led) = all.get(to.as_str()) else {
                    panic!("{lang}/{path}: no chapter {target}");
                };
                let found = led.headings.iter().any(|(_, words)| anchor(words) == at);
                assert!(at.is_empty() || found, "{lang}/{path}: no heading {target}");
            }
        }
    }
}

#[test]
fn every_link_of_the_readmes_leads_somewhere() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in [
        "README.md",
        "README.zh-CN.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "examples/README.md",
        "CHANGELOG.md",
    ] {
        let text = fs::read_to_string(root.join(name)).unwrap();
        let folder = root.join(name);
        let folder = folder.parent().unwrap();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("](") {
            rest = &rest[at + 2..];
            let target = rest.split(')').next().unwrap();
            let file = target.split('#').next().unwrap();
            let inside = !target.contains("://") && !file.is_empty() && !target.contains(' ');
            assert!(!inside || folder.join(file).exists(), "{name}: {target}");
        }
    }
}

/// A path relative to a chapter, from the book's folder on.
fn joined(chapter: &str, target: &str) -> String {
    let mut parts: Vec<&str> = chapter.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}
