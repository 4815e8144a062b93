//! Every command: a bad value, completions, Chinese help, man pages.

use super::{is_chinese, printed};
use crate::common::{dualround, stderr};

/// Where a command and a column do not meet, and why.
pub(super) const HOLES: &[(&str, &str)] = &[];

/// The commands below these words, as their help lists them.
fn below(words: &[&str]) -> Vec<String> {
    let mut asked = words.to_vec();
    asked.push("--help");
    let help = printed(&asked);
    let listed = help.split("\nCommands:\n").nth(1).unwrap_or("");
    let lines = listed.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| {
        line.strip_prefix("  ")?
            .split(' ')
            .next()
            .map(str::to_owned)
    });
    names
        .filter(|name| !name.is_empty() && name != "help")
        .collect()
}

/// All commands with those that they are below of.
pub(crate) fn all() -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for name in below(&[]) {
        out.push(vec![name.clone()]);
        let under = below(&[&name]);
        out.extend(under.into_iter().map(|one| vec![name.clone(), one]));
    }
    assert!(out.len() > 15, "{out:?}");
    out
}

#[test]
fn every_command_refuses_what_it_does_not_know_and_speaks_chinese() {
    let scripts: Vec<String> = ["bash", "zsh", "fish"]
        .map(|shell| printed(&["completions", shell]))
        .to_vec();
    let pages = tempfile::tempdir().unwrap();
    printed(&["man", pages.path().to_str().unwrap()]);
    for command in all() {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let output = dualround()
            .args(&words)
            .arg("--no-such-flag")
            .output()
            .unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains("no-such-flag"), "{words:?}: {said}");
        let last = words[words.len() - 1];
        assert!(
            scripts.iter().all(|script| script.contains(last)),
            "{last} is not completed"
        );
        let output = dualround()
            .args(&words)
            .args(["--help"])
            .env("DUALROUND_LANG", "zh")
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            is_chinese(help.lines().next().unwrap_or("")),
            "{words:?}: {help}"
        );
        let page = pages
            .path()
            .join(format!("dualround-{}.1", words.join("-")));
        assert!(page.exists(), "{}", page.display());
    }
}
