//! Chapters that the program itself writes: all flags, and all words of the results. `BLESS=1` writes
//! them.

use super::{LANGUAGES, folder};
use crate::{common::dualround, crossing::commands::all};
use std::{fmt::Write, fs};

/// What the program prints in a language.
fn printed(lang: &str, words: &[&str]) -> String {
    let output = dualround()
        .args(words)
        .env("DUALROUND_LANG", lang)
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Holds a chapter against what the program says.
fn hold(lang: &str, path: &str, text: &str) {
    let file = folder(lang).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, text).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == text,
        "{} is not what the program says: BLESS=1 cargo nextest run -p dualround book::generated writes it",
        file.display()
    );
}

/// The commands that do something, not those that only hold others.
fn commands() -> Vec<Vec<String>> {
    let all = all();
    let holds_others = |one: &Vec<String>| {
        let mut others = all.iter().filter(|other| *other != one);
        others.any(|other| other.starts_with(one))
    };
    all.iter()
        .filter(|one| !holds_others(one))
        .cloned()
        .collect()
}

/// The flags of a run stand once, under `run`; commands that take them all show their own.
fn help_of(lang: &str, command: &[String]) -> String {
    let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
    let takes_a_run = matches!(words.as_slice(), ["check", _] | ["init"]);
    words.push(if takes_a_run { "-h" } else { "--help" });
    let help = printed(lang, &words);
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    lines.join("\n").trim().to_owned()
}

#[test]
fn the_chapter_of_flags_is_the_help() {
    for lang in LANGUAGES {
        let is_chinese = lang == "zh";
        let mut text = String::from(if is_chinese {
            "# 全部命令与参数\n\n本章由程序的 `--help` 生成。`run` 的每个参数也可用环境变量（`DUALROUND_NUM_SAMPLES`）或 `--config` 文件中的键（`num_samples`）设置：命令行优先于环境变量，环境变量优先于文件。`check` 的各命令与 `init` 接受 `run` 的全部参数，下面只列它们自己的。\n"
        } else {
            "# All commands and flags\n\nThis chapter is made of the program's own `--help`. Each flag of `run` is also a variable of the environment (`DUALROUND_NUM_SAMPLES`) and a key of a `--config` file (`num_samples`): flags win over the environment, the environment over the file. The commands of `check`, and `init`, take every flag of `run`; below stand their own.\n"
        });
        for command in commands() {
            let help = help_of(lang, &command);
            let _ = write!(
                text,
                "\n## dualround {}\n\n```text\n{help}\n```\n",
                command.join(" ")
            );
        }
        hold(lang, "reference/flags.md", &text);
    }
}

#[test]
fn the_chapter_of_words_is_what_explain_says() {
    for lang in LANGUAGES {
        let mut text = String::from(if lang == "zh" {
            "# 结果中的词\n\n本章由 `dualround explain` 生成：表格、页面、JSON 与 CSV 中出现的每个词。指标的定义另见[指标](metrics.md)。\n"
        } else {
            "# Words of the results\n\nThis chapter is made of `dualround explain`: every word that stands in tables, on the page, in JSON and in CSV. Definitions of the metrics: [metrics](metrics.md).\n"
        });
        let listed = printed(lang, &["explain"]);
        let mut lines = listed.lines();
        while let Some(line) = lines.next() {
            let Some(heading) = line.strip_suffix([':', '：']) else {
                continue;
            };
            let _ = write!(text, "\n## {heading}\n");
            let words = lines.next().unwrap_or_default().trim();
            for word in words.split(", ") {
                let said = printed(lang, &["explain", word]);
                let (title, meaning) = said.split_once("\n\n").unwrap();
                let title = title.split("  ").next().unwrap_or(title);
                let code = word.replace('|', "\\|");
                let _ = write!(text, "\n**{title}** (`{code}`): {}\n", meaning.trim());
            }
        }
        hold(lang, "reference/words.md", &text);
    }
}
