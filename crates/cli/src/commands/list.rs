//! `dualround list`: the runs in some folders.

use crate::screen::{note, print};
use crate::{args::ListArgs, exit};
use dualround_report::{ListedRun, RunFiles, list_json, list_table};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders below one that is given.
const DEPTH: usize = 4;

/// Runs `dualround list`: the runs below a folder.
pub(crate) fn run(args: &ListArgs) -> anyhow::Result<u8> {
    let dirs = if args.dirs.is_empty() {
        vec![PathBuf::from("results")]
    } else {
        args.dirs.clone()
    };
    let mut found = Vec::new();
    for dir in &dirs {
        if !dir.is_dir() {
            let text = format!("{} is no folder", dir.display());
            return Err(crate::exit::Usage(text).into());
        }
        search(dir, DEPTH, &mut found);
    }
    let mut runs = Vec::new();
    for dir in found {
        let files = RunFiles::existing(&dir);
        match files.read_run() {
            Ok(info) => runs.push(ListedRun {
                ratios: files.ratios(),
                dir,
                info,
            }),
            Err(error) => note(&error.to_string()),
        }
    }
    runs.sort_by(|a, b| a.info.started_at.cmp(&b.info.started_at));
    if args.json {
        print(&serde_json::to_string_pretty(&list_json(&runs))?);
    } else if runs.is_empty() {
        note("no run was found");
    } else {
        print(list_table(&runs).trim_end());
    }
    Ok(exit::OK)
}

/// Folders with a `run.json`, links not followed.
fn search(dir: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    if dir.join("run.json").is_file() {
        found.push(dir.to_owned());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    // A folder that cannot be read holds nothing for this user.
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    let mut below: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    below.sort();
    for dir in below {
        search(&dir, depth, found);
    }
}
