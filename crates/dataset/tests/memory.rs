//! What a large file costs before the first request.
#![cfg(test)]

use dualround_dataset::load;
use dualround_model::DatasetPlan;
use peak_alloc::PeakAlloc;
use std::io::Write;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const ROWS: usize = 40_000;

/// The most that drawing 100 rows of a file takes, and the size of the file; bytes.
fn peak(extension: &str, write: impl Fn(&mut dyn Write, usize)) -> (usize, usize) {
    let name = format!(".{extension}");
    let file = tempfile::Builder::new().suffix(&name).tempfile().unwrap();
    let mut out = std::io::BufWriter::new(file.reopen().unwrap());
    for row in 0..ROWS {
        write(&mut out, row);
    }
    out.flush().unwrap();
    drop(out);
    let plan = DatasetPlan {
        num_samples: vec![100],
        ..DatasetPlan::new(file.path())
    };
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let found = load(&plan, 1).unwrap();
    assert_eq!((found.rows, found.of_level(0).len()), (ROWS as u64, 100));
    let size = usize::try_from(file.path().metadata().unwrap().len()).unwrap();
    (MEMORY.peak_usage() - before, size)
}

#[test]
fn b146_memory_does_not_grow_with_the_file() {
    let text = "some words of a prompt ".repeat(15);
    let row = |at: usize| format!("{{\"id\": {at}, \"text\": \"{at} {text}\"}}");
    let lines = peak("jsonl", |out, at| writeln!(out, "{}", row(at)).unwrap());
    let list = peak("json", |out, at| {
        let (open, close) = match at {
            0 => ("[", ","),
            at if at + 1 == ROWS => ("", "]"),
            _ => ("", ","),
        };
        write!(out, "{open}{}{close}", row(at)).unwrap();
    });
    let table = peak("csv", |out, at| {
        let header = if at == 0 { "id,text\n" } else { "" };
        writeln!(out, "{header}{at},\"{at} {text}\"").unwrap();
    });
    for (name, (peak, size)) in [("JSONL", lines), ("list", list), ("CSV", table)] {
        assert!(size > 14_000_000, "{name}: {size}");
        assert!(peak < 2_000_000, "{name}: {peak} of {size}");
    }
}
