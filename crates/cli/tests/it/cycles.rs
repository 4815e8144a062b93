//! No module of a crate needs another one that needs it: files can be read, and moved, one at a time.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The modules of a crate with their text, by their path (`a::b`).
fn modules(dir: &Path, at: &str, out: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let below = if at.is_empty() {
            name.clone()
        } else {
            format!("{at}::{name}")
        };
        if path.is_dir() {
            modules(&path, &below, out);
            continue;
        }
        if path.extension().is_none_or(|end| end != "rs") || name == "tests" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // What only tests import ties nothing together.
        let text = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or("")
            .to_owned();
        let path = match name.as_str() {
            "mod" => at.to_owned(),
            "lib" | "main" => String::new(),
            _ => below,
        };
        out.insert(path, text);
    }
}

/// The paths in the text of a module, from the crate's root: `crate::…`, `super::…`, and those that
/// `use` begins with a module below this one. Groups in braces are taken apart.
fn paths(text: &str, module: &str) -> Vec<String> {
    let mut out = Vec::new();
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.map(|line| format!("{line}\n")).collect();
    for rest in code.split("crate::").skip(1) {
        expand(rest, "", &mut out);
    }
    let inside = |path: &str| {
        if path.is_empty() {
            String::new()
        } else {
            format!("{path}::")
        }
    };
    let above = module.rsplit_once("::").map_or("", |(above, _)| above);
    for rest in code.split("super::").skip(1) {
        expand(rest, &inside(above), &mut out);
    }
    for rest in code.split("use ").skip(1) {
        expand(rest, &inside(module), &mut out);
    }
    out
}

/// Reads one path, or a group, from the beginning of a text; returns what follows it.
fn expand<'t>(text: &'t str, before: &str, out: &mut Vec<String>) -> &'t str {
    let mut rest = text.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        rest = group;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if rest.is_empty() {
                return rest;
            }
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            rest = expand(rest, before, out);
        }
    }
    let end = rest
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    if end == 0 {
        // No path: a macro's `$`, a `*`.
        return rest.get(1..).unwrap_or("");
    }
    let path = format!("{before}{}", &rest[..end]);
    match rest[end..].strip_prefix("::") {
        Some(below) => expand(below, &format!("{path}::"), out),
        None => {
            out.push(path);
            &rest[end..]
        }
    }
}

/// The module that a path leads into.
fn module_of<'m>(path: &str, modules: &'m BTreeMap<String, String>) -> Option<&'m str> {
    let mut path = path;
    loop {
        if let Some((known, _)) = modules.get_key_value(path) {
            return Some(known);
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// All modules that are needed, directly or not.
fn reached<'m>(from: &'m str, needs: &BTreeMap<&'m str, BTreeSet<&'m str>>) -> BTreeSet<&'m str> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(at) = open.pop() {
        for next in needs.get(at).into_iter().flatten() {
            if seen.insert(*next) {
                open.push(next);
            }
        }
    }
    seen
}

#[test]
fn no_module_needs_one_that_needs_it() {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut found = 0;
    for crate_dir in std::fs::read_dir(crates).unwrap().flatten() {
        let mut modules_of = BTreeMap::new();
        modules(&crate_dir.path().join("src"), "", &mut modules_of);
        found += modules_of.len();
        let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, text) in &modules_of {
            let targets = paths(text, module)
                .into_iter()
                .filter_map(|path| module_of(&path, &modules_of));
            // A module may use what stands above it: it is a part of that.
            let other = |target: &&str| {
                !(target.is_empty()
                    || module == target
                    || module.starts_with(&format!("{target}::")))
            };
            needs
                .entry(module)
                .or_default()
                .extend(targets.filter(other));
        }
        for module in modules_of.keys() {
            let circle = reached(module, &needs);
            assert!(
                !circle.contains(module.as_str()),
                "{}: {module} needs itself, by one of {circle:?}",
                crate_dir.path().display()
            );
        }
    }
    assert!(found > 250, "{found}");
}

#[test]
fn paths_in_groups_are_taken_apart() {
    let text = "use crate::{a::{B, c::d}, e::F};\n// crate::not::this\nlet x = crate::g::h(1);";
    let found = paths(text, "m::n");
    assert_eq!(found[..4], ["a::B", "a::c::d", "e::F", "g::h"]);
    let found = paths("use super::{one::A, B};\npub use below::C;", "m::n");
    assert_eq!(found[..2], ["m::one::A", "m::B"]);
    assert!(found.contains(&"m::n::below::C".to_owned()));
}
