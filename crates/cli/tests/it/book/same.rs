//! The books are equal: chapters, headings, tables, code and links.

use super::{
    LANGUAGES,
    chapter::{Chapter, chapters},
    folder,
};
use crate::common::{is_chinese, is_han};
use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn both_books_have_one_list_of_chapters_and_every_file_is_in_it() {
    let [en, zh] = LANGUAGES.map(chapters);
    assert_eq!(en, zh);
    for lang in LANGUAGES {
        let mut files = BTreeSet::new();
        files_below(&folder(lang), "", &mut files);
        files.remove("SUMMARY.md");
        let listed: BTreeSet<String> = en.iter().cloned().collect();
        assert_eq!(files, listed, "{lang}");
    }
}

/// The chapters below a folder.
fn files_below(at: &Path, before: &str, out: &mut BTreeSet<String>) {
    for entry in fs::read_dir(at).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{before}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            files_below(&entry.path(), &format!("{name}/"), out);
        } else if name.ends_with(".md") {
            out.insert(name);
        }
    }
}

/// A target without the anchor, which is in the words of its language.
fn without_anchor(target: &str) -> &str {
    target.split('#').next().unwrap_or(target)
}

#[test]
fn the_books_say_the_same_in_both_languages() {
    for path in chapters("en") {
        let [en, zh] = LANGUAGES.map(|lang| Chapter::read(lang, &path));
        let levels = |chapter: &Chapter| -> Vec<usize> {
            chapter.headings.iter().map(|(level, _)| *level).collect()
        };
        assert_eq!(levels(&en), levels(&zh), "{path}: headings");
        assert_eq!(levels(&en)[0], 1, "{path}: no title");
        assert_eq!(en.tables, zh.tables, "{path}: tables");
        let targets = |chapter: &Chapter| -> Vec<String> {
            let links = chapter.links.iter();
            links
                .map(|target| without_anchor(target).to_owned())
                .collect()
        };
        assert_eq!(targets(&en), targets(&zh), "{path}: links");
        let shapes = |chapter: &Chapter| -> Vec<(String, Vec<String>)> {
            let blocks = chapter.blocks.iter();
            blocks
                .map(|block| (block.language.clone(), block.marks.clone()))
                .collect()
        };
        assert_eq!(shapes(&en), shapes(&zh), "{path}: blocks of code");
        for (one, other) in en.blocks.iter().zip(&zh.blocks) {
            if one.language == "bash" {
                assert_eq!(one.text, other.text, "{path} line {}", one.line);
            }
        }
    }
}

/// Of a Chinese chapter no paragraph stays English. Lists of sources are paths, and help is printed.
#[test]
fn the_chinese_book_is_chinese() {
    for path in chapters("zh") {
        let text = fs::read_to_string(folder("zh").join(&path)).unwrap();
        let han = text.chars().filter(|c| is_han(*c)).count();
        assert!(han > 60, "{path}");
        if path == "reference/flags.md" {
            continue;
        }
        let mut in_code = false;
        for line in text.lines() {
            in_code ^= line.starts_with("```");
            let is_prose = !in_code && line.len() > 120 && !line.starts_with(['|', '-']);
            assert!(!is_prose || is_chinese(line), "{path}: {line}");
        }
    }
}
