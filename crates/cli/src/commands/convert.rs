//! `dualround convert`: datasets to the shape that everything reads.

use super::note;
use crate::{args::LongbenchArgs, exit, exit::Usage};
use dualround_dataset::longbench::{ConvertOptions, convert};
use std::{
    fs::{self, File},
    io::{BufWriter, Write},
};

/// Converts LongBench files. The output bears its name only when it is whole.
pub(crate) fn longbench(args: LongbenchArgs) -> anyhow::Result<u8> {
    let inputs: Vec<_> = args.input_file.into_iter().chain(args.input_dir).collect();
    if inputs.is_empty() {
        let names = args.dataset.join(", ");
        let asked = if names.is_empty() {
            String::new()
        } else {
            format!(" ({names})")
        };
        return Err(Usage(format!(
            "fetching data sets{asked} from a hub comes in a later version: download LongBench and \
             give --input-file FILE or --input-dir DIR; --dataset then filters the rows"
        ))
        .into());
    }
    let options = ConvertOptions {
        inputs,
        datasets: args.dataset,
        num_samples: args.num_samples,
        format: args.format.into(),
        shuffle: !args.no_shuffle,
        seed: args.seed,
    };
    let path = args.output;
    let fail = |error: std::io::Error| Usage(format!("cannot write {}: {error}", path.display()));
    let draft = path.with_extension("part");
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut out = BufWriter::new(File::create(&draft).map_err(fail)?);
    let report = match convert(&options, &mut out) {
        Ok(report) => report,
        Err(error) => {
            drop(out);
            // The draft is of no use; that it may stay behind is no further harm.
            let _ = fs::remove_file(&draft);
            return Err(error.into());
        }
    };
    out.flush().map_err(fail)?;
    drop(out);
    fs::rename(&draft, &path).map_err(fail)?;
    note(&format!(
        "{}: {} rows from {} files ({} read, {} of other data sets, {} duplicates, {} empty)",
        path.display(),
        report.written,
        report.files,
        report.read,
        report.filtered,
        report.duplicates,
        report.empty
    ));
    Ok(exit::OK)
}
