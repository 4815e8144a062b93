//! `dualround convert`: datasets to the shape that everything reads.

use crate::screen::note;
use crate::{
    args::{LongbenchArgs, RowsArgs},
    exit,
    exit::Usage,
    hub, progress, settings,
};
use dualround_dataset::{
    DatasetError, load,
    longbench::{ConvertOptions, convert},
};
use dualround_model::{DatasetPlan, NetworkPlan, Sample};
use serde_json::json;
use std::{
    fmt::Display,
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// A file of a data set on the hub.
struct HubFile {
    repository: &'static str,
    file: &'static str,
}

/// LongBench on the hub: version 1 as an archive, version 2, under a name of its own, as one file.
const V1: HubFile = HubFile {
    repository: "THUDM/LongBench",
    file: "data.zip",
};
const V2: HubFile = HubFile {
    repository: "THUDM/LongBench-v2",
    file: "data.json",
};
const V2_NAME: &str = "longbench-v2";

/// Writes a file that bears its name only when it is whole, or to the standard output (`-`).
pub(crate) fn whole_or_nothing<T>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let fail = |error: std::io::Error| Usage(format!("cannot write {}: {error}", path.display()));
    if let Some(open) = stream_at(path).map_err(fail)? {
        let mut out = BufWriter::new(open);
        let written = write(&mut out)?;
        out.flush().map_err(fail)?;
        return Ok(written);
    }
    // Where a link leads.
    let led = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = led.as_path();
    let draft = draft_of(path);
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(parent) = parent {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut out = BufWriter::new(File::create(&draft).map_err(fail)?);
    let written = write(&mut out).and_then(|written| {
        out.flush().map_err(fail)?;
        Ok(written)
    });
    drop(out);
    if written.is_err() {
        // The draft is of no use; that it may stay behind is no further harm.
        let _ = fs::remove_file(&draft);
    } else {
        fs::rename(&draft, path).map_err(fail)?;
    }
    written
}

/// Where a file is written before it has its name.
pub(crate) fn draft_of(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    draft.into()
}

/// What is no regular file (the standard output, a device, a pipe) is written into, never replaced.
fn stream_at(path: &Path) -> std::io::Result<Option<Box<dyn Write>>> {
    if path == Path::new("-") {
        return Ok(Some(Box::new(std::io::stdout().lock())));
    }
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let opened = fs::OpenOptions::new().write(true).open(path)?;
        return Ok(Some(Box::new(opened)));
    }
    Ok(None)
}

/// Rows of any file that is read, as they would be asked. Nothing is cut.
pub(crate) fn rows(args: &RowsArgs, trace: bool) -> anyhow::Result<u8> {
    let plan = DatasetPlan {
        num_samples: args.num_samples.into_iter().collect(),
        skip_bad_rows: args.skip_bad_rows,
        seed: args.seed,
        ..settings::read_plan(&args.input_file, &args.read)?
    };
    let reading = progress::reading(&[&args.input_file]);
    let selection = load(&plan, 1)?;
    drop(reading);
    if trace && !selection.format.contains("trace") {
        let name = args.input_file.display();
        return Err(Usage(format!(
            "{name} is no trace but {}: --format names one (mooncake, bailian, burstgpt, azure)",
            selection.format
        ))
        .into());
    }
    for text in &selection.notes {
        note(text);
    }
    let samples = selection.of_level(0);
    whole_or_nothing(&args.output, |out| {
        for sample in samples {
            writeln!(out, "{}", row(sample)).map_err(DatasetError::Write)?;
        }
        Ok(())
    })?;
    note(&format!(
        "{}: {} rows from {} ({})",
        args.output.display(),
        samples.len(),
        args.input_file.display(),
        selection.format
    ));
    Ok(exit::OK)
}

/// One question is `text`; anything more is `messages`.
fn row(sample: &Sample) -> serde_json::Value {
    let mut row = json!({});
    if let Some(id) = &sample.id {
        row["id"] = json!(id);
    }
    match &sample.messages[..] {
        [only] if only["role"] == "user" && only["content"].is_string() => {
            row["text"] = only["content"].clone();
        }
        messages => row["messages"] = json!(messages),
    }
    if let Some(tokens) = sample.output_tokens {
        row["output_tokens"] = json!(tokens);
    }
    if let Some(tokens) = sample.input_tokens {
        row["input_tokens"] = json!(tokens);
    }
    if let Some(ns) = sample.arrival_ns {
        row["timestamp"] = milliseconds(ns);
    }
    for (key, value) in &sample.options {
        row[key] = value.clone();
    }
    row
}

/// A time as it is written: whole milliseconds without a point.
fn milliseconds(ns: u64) -> serde_json::Value {
    if ns.is_multiple_of(1_000_000) {
        json!(ns / 1_000_000)
    } else {
        json!(ns as f64 / 1e6)
    }
}

/// The files of data sets on the hub, fetched and unpacked once.
fn from_hub(names: &[String], network: &NetworkPlan) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in names {
        if name.eq_ignore_ascii_case(V2_NAME) {
            files.push(hub::dataset_file(V2.repository, V2.file, network)?);
            continue;
        }
        let archive = hub::dataset_file(V1.repository, V1.file, network)?;
        let kept = archive.with_file_name(format!("{name}.jsonl"));
        if !kept.exists() {
            unpack(&archive, name, &kept)?;
        }
        files.push(kept);
    }
    Ok(files)
}

/// Takes `NAME.jsonl` out of an archive, wherever it stands in it.
fn unpack(archive: &Path, name: &str, to: &Path) -> anyhow::Result<()> {
    let file = File::open(archive).map_err(|error| unusable(archive, &error))?;
    let mut zip = zip::ZipArchive::new(file).map_err(|error| unusable(archive, &error))?;
    let wanted = format!("{name}.jsonl");
    let paths: Vec<String> = zip
        .file_names()
        .filter_map(|path| Some(path.ok()?.into_owned()))
        .collect();
    let Some(found) = paths.iter().find(|path| file_name(path) == wanted) else {
        let mut names: Vec<String> = paths
            .iter()
            .filter_map(|path| file_name(path).strip_suffix(".jsonl").map(str::to_owned))
            .collect();
        names.sort();
        let names = names.join(", ");
        let why = format!("it has no data set {name}; it has: {names}");
        return Err(unusable(archive, &why).into());
    };
    let mut entry = zip
        .by_name(found)
        .map_err(|error| unusable(archive, &error))?;
    whole_or_nothing(to, |mut out| {
        std::io::copy(&mut entry, &mut out).map_err(|error| unusable(archive, &error).into())
    })?;
    Ok(())
}

/// The last part of a path within an archive.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn unusable(archive: &Path, why: &impl Display) -> Usage {
    Usage(format!("{}: {why}", archive.display()))
}

/// Converts LongBench files.
pub(crate) fn longbench(args: LongbenchArgs) -> anyhow::Result<u8> {
    let mut inputs: Vec<_> = args.input_file.into_iter().chain(args.input_dir).collect();
    let mut datasets = args.dataset;
    let network = settings::network_plan(&args.network)?;
    if inputs.is_empty() {
        if datasets.is_empty() {
            return Err(Usage(
                "give --input-file FILE or --input-dir DIR, or --dataset NAME… (narrativeqa, hotpotqa, …, longbench-v2) to fetch"
                    .to_owned(),
            )
            .into());
        }
        inputs = from_hub(&datasets, &network)?;
        // The files are those data sets already.
        datasets.clear();
    }
    let options = ConvertOptions {
        inputs,
        datasets,
        num_samples: args.num_samples,
        format: args.format.into(),
        shuffle: !args.no_shuffle,
        seed: args.seed,
    };
    let reading = progress::reading(&options.inputs);
    let report = whole_or_nothing(&args.output, |out| {
        convert(&options, out).map_err(Into::into)
    })?;
    drop(reading);
    note(&format!(
        "{}: {} rows from {} files ({} read, {} of other data sets, {} duplicates, {} empty, {} no LongBench rows)",
        args.output.display(),
        report.written,
        report.files,
        report.read,
        report.filtered,
        report.duplicates,
        report.empty,
        report.foreign
    ));
    Ok(exit::OK)
}
