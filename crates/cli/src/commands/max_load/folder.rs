//! The folder of a search: its result, and the folders of its probes.

use super::settings::MaxLoadSettings;
use crate::exit::Usage;
use anyhow::Context;
use dualround_model::{LoadSide, MaxLoad};
use dualround_report::{RunFiles, max_load_json, max_load_page};
use std::{fs, path::Path};

const RESULT: &str = "max_load.json";
const PAGE: &str = "max_load.html";
const PROBES: &str = "probes";

/// The folder of a probe, below that of the search.
pub(super) fn of_probe(side: LoadSide, number: usize) -> String {
    format!("{PROBES}/{}_{number}", side.name())
}

/// Refuses a folder that holds another search, unless it may be replaced: then its result and the
/// runs of its probes are removed, and nothing else.
///
/// # Errors
/// [`Usage`] naming the folder; what cannot be removed.
pub(super) fn check(settings: &MaxLoadSettings) -> anyhow::Result<()> {
    let dir = &settings.dir;
    let probes = dir.join(PROBES);
    if !dir.join(RESULT).exists() && !probes.exists() {
        return Ok(());
    }
    if !settings.overwrite {
        return Err(Usage(format!(
            "{} holds an earlier search: choose another --output-dir, or give --overwrite to replace it",
            dir.display()
        ))
        .into());
    }
    for name in [RESULT, PAGE] {
        remove(&dir.join(name))?;
    }
    for side in [LoadSide::Cold, LoadSide::Warm] {
        for number in 1.. {
            let probe = dir.join(of_probe(side, number));
            if !probe.exists() {
                break;
            }
            RunFiles::open(&probe, true, false)?;
            // One that holds something else stays.
            let _ = fs::remove_dir(&probe);
        }
    }
    let _ = fs::remove_dir(&probes);
    Ok(())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}

/// Writes the result, and the page of it.
///
/// # Errors
/// What cannot be written.
pub(super) fn write(settings: &MaxLoadSettings, found: &MaxLoad) -> anyhow::Result<()> {
    let dir = &settings.dir;
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let json = serde_json::to_string_pretty(&max_load_json(found, &settings.slo))?;
    let page = max_load_page(found, &settings.slo, settings.lang);
    for (name, text) in [(RESULT, json + "\n"), (PAGE, page)] {
        let path = dir.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
