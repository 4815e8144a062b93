//! Who may know whom: the edges between the crates, as ARCHITECTURE.md states them.

use std::collections::BTreeMap;

#[test]
fn no_crate_knows_more_than_it_may() {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        // Those of other platforms may not be here.
        .no_deps()
        .other_options(vec!["--offline".to_owned(), "--locked".to_owned()])
        .exec()
        .unwrap();
    let edges: BTreeMap<String, Vec<String>> = metadata
        .workspace_packages()
        .iter()
        .map(|package| {
            let normal = package.dependencies.iter();
            let normal = normal.filter(|d| d.kind == cargo_metadata::DependencyKind::Normal);
            (
                package.name.to_string(),
                normal.map(|d| d.name.clone()).collect(),
            )
        })
        .collect();
    let rooms = ["model", "dataset", "wire", "loadgen", "stats", "report"];
    let may: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("dualround-model", &[][..]),
        ("dualround-dataset", &["dualround-model"]),
        ("dualround-wire", &["dualround-model"]),
        ("dualround-loadgen", &["dualround-model", "dualround-wire"]),
        ("dualround-stats", &["dualround-model"]),
        ("dualround-report", &["dualround-model"]),
        ("simllm", &[]),
        (
            "dualround-lab",
            &["dualround-model", "dualround-stats", "dualround-report"],
        ),
    ]);
    for (room, allowed) in may {
        for dependency in &edges[room] {
            let ours = rooms
                .iter()
                .any(|r| dependency == &format!("dualround-{r}"));
            let ours = ours || dependency == "simllm" || dependency == "dualround";
            assert!(
                !ours || allowed.contains(&dependency.as_str()),
                "{room} knows {dependency}"
            );
        }
    }
    let pure = [
        "dualround-model",
        "dualround-dataset",
        "dualround-wire",
        "dualround-stats",
    ];
    for room in pure {
        for forbidden in ["tokio", "clap", "anyhow", "comfy-table", "indicatif"] {
            assert!(
                !edges[room].iter().any(|d| d == forbidden),
                "{room} knows {forbidden}"
            );
        }
    }
}

/// All sources below a folder, as text.
fn sources(dir: &std::path::Path, out: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else {
            out.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// A judge that computes with the code that it judges would find it right.
#[test]
fn the_lab_draws_and_judges_apart() {
    let lab = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../lab/src"));
    for (part, allowed) in [("draw", &["dualround_model"][..]), ("judge", &[])] {
        let mut text = String::new();
        sources(&lab.join(part), &mut text);
        for known in text.split("dualround_").skip(1) {
            let name: String = known
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let name = format!("dualround_{name}");
            assert!(allowed.contains(&name.as_str()), "{part} knows {name}");
        }
        for other in ["draw", "judge", "run"]
            .iter()
            .filter(|other| **other != part)
        {
            assert!(
                !text.contains(&format!("crate::{other}")),
                "{part} knows {other}"
            );
        }
    }
}

/// Names of functions in all sources of the workspace.
fn functions(dir: &std::path::Path, out: &mut std::collections::BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            functions(&path, out);
        } else if path.extension().is_some_and(|name| name == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.split("fn ").skip(1);
            out.extend(
                names
                    .filter_map(|rest| rest.split('(').next())
                    .map(str::to_owned),
            );
        }
    }
}

#[test]
fn every_case_has_its_test() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut known = std::collections::BTreeSet::new();
    functions(&root.join("crates"), &mut known);
    let list = std::fs::read_to_string(root.join("docs/cases.md")).unwrap();
    let mut cases = 0;
    for line in list.lines().filter(|line| line.starts_with("| B")) {
        cases += 1;
        let (case, rest) = line[2..].split_once(" | ").unwrap();
        let tests: Vec<&str> = rest
            .split('`')
            .filter(|word| word.starts_with('b') && word.contains('_'))
            .collect();
        for test in tests.iter().filter(|test| !test.ends_with('…')) {
            assert!(known.contains(*test), "{case}: there is no test {test}");
            assert!(
                test.contains(&case.to_lowercase()),
                "{case}: {test} is of another case"
            );
        }
        assert!(
            !tests.is_empty() || rest.len() > 60,
            "{case} has neither a test nor a reason"
        );
    }
    assert_eq!(cases, 143);
    // Later faults have letters of their own; what is listed of them exists and is named after them.
    for line in list.lines().filter(|line| {
        ["| F", "| X", "| V", "| G"]
            .iter()
            .any(|letter| line.starts_with(letter))
    }) {
        let (case, rest) = line[2..].split_once(" | ").unwrap();
        let names: Vec<&str> = rest
            .split('`')
            .filter(|word| word.contains('_') && known.contains(*word))
            .collect();
        assert!(!names.is_empty(), "{case} has no test");
        for name in names {
            assert!(
                name.contains(&case.to_lowercase()),
                "{case}: {name} is of another case"
            );
        }
    }
    // And the other way round: a test that is named after a case is on the list.
    for name in known.iter().filter(|name| {
        name.len() > 5
            && name.starts_with('b')
            && name[1..4].bytes().all(|b| b.is_ascii_digit())
            && name[4..].starts_with('_')
    }) {
        assert!(
            list.contains(&format!("`{name}`")),
            "docs/cases.md does not name {name}"
        );
    }
}

/// A guide to files that have moved leads nowhere.
#[test]
fn files_that_the_guides_name_are_there() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut guides = vec![root.join("ARCHITECTURE.md"), root.join("CONTRIBUTING.md")];
    let docs = std::fs::read_dir(root.join("docs")).unwrap().flatten();
    guides.extend(
        docs.map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "md")),
    );
    let mut found = 0;
    for guide in guides {
        let text = std::fs::read_to_string(&guide).unwrap();
        let named = text
            .split('`')
            .filter(|word| word.contains("/src/") && !word.contains(' '));
        for word in named {
            found += 1;
            let path = root.join("crates").join(word.trim_start_matches("crates/"));
            assert!(path.exists(), "{}: there is no {word}", guide.display());
        }
    }
    assert!(found > 30, "{found}");
}
