//! Runs the verdict lab.
//!
//! `--ci` is what `scripts/test` runs. By hand, in slices whose lines are appended to a file:
//! `cargo run --release -p dualround-lab -- --tier 1 --seeds 0..100000 --append lab.jsonl`

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the terminal"
)]

mod options;
mod tables;

use anyhow::ensure;
use clap::Parser;
use dualround_lab::{
    draw::{
        arrival_scenario, hit_scenario, named, named_arrivals, number_of, scenario,
        session_scenario,
    },
    known_wrong::fault_of,
    noise::CELLS,
    studies::quick,
    tier1::{
        JudgedVerdict, NOISE_TABLE, SeedSlice, judge, judge_arrivals, judge_hits, judge_sessions,
    },
    tier2::{self, WrongSeed},
};
use options::{Options, Study};
use serde_json::{Value, json};
use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
};
use tables::percent;

/// Runs that a cell of the noise table has in CI.
const CI_RUNS: u64 = 1000;

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    if let Some(what) = &options.show {
        return show(what);
    }
    if let Some(runs) = options.noise_table {
        return noise(runs);
    }
    if let Some(study) = options.study {
        return Ok(done(&match study {
            Study::Mixed => tables::mixed(options.runs),
            Study::Until => tables::until(options.runs),
            Study::Overload => tables::overload(options.runs)?,
            Study::Quick => quick::faults(),
        }));
    }
    if options.ci {
        let seed = number_of(options.seeded_by.as_deref().unwrap_or(""));
        return ci(seed, &program(&options)?);
    }
    if options.tier == 2 {
        let (seeds, keep) = (options.seeds.clone(), options.keep.as_deref());
        let runs = tier2::of_seeds(&program(&options)?, seeds, keep)?;
        let faults = socket_faults(&runs);
        let line = json!({"tier": 2, "seeds": [options.seeds.start, options.seeds.end],
            "runs": runs.runs, "wrong": faults});
        return end(&options, &line, &faults);
    }
    ensure!(options.tier == 1, "there are tiers 1 and 2");
    let mut slice = SeedSlice::default();
    slice.of_seeds(options.seeds.clone())?;
    end(&options, &slice.line(&options.seeds), &slice.faults(false))
}

/// The program that tier 2 runs.
fn program(options: &Options) -> anyhow::Result<PathBuf> {
    match &options.program {
        Some(program) => Ok(program.clone()),
        None => tier2::beside(),
    }
}

/// Prints a slice's line, appends it where that is wanted, and says what is wrong.
fn end(options: &Options, line: &Value, faults: &[String]) -> anyhow::Result<ExitCode> {
    println!("{line}");
    if let Some(path) = &options.append {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        writeln!(file, "{line}")?;
    }
    Ok(done(faults))
}

/// What runs of tier 2 say that is not so, each with how to see it again.
fn socket_faults(runs: &tier2::SocketRuns) -> Vec<String> {
    let wrong = runs.wrong.iter();
    let faults = wrong.map(|WrongSeed { seed, wrong }| {
        let wrong = wrong.join("; ");
        format!("--tier 2 --seeds {seed}..{}: {wrong}", seed + 1)
    });
    faults.collect()
}

/// Everything that must hold: the named faults, 200 fixed seeds, the noise table, a part of the
/// studies, and the facts of 100 seeds that are others with every commit.
fn ci(seed: u64, program: &Path) -> anyhow::Result<ExitCode> {
    let mut fixed = SeedSlice::default();
    fixed.of_names()?;
    fixed.of_seeds(0..200)?;
    let mut faults = fixed.faults(true);
    println!("fixed: {}", fixed.line(&(0..200)));
    let mut seeded = SeedSlice::default();
    seeded.of_seeds(seed..seed + 100)?;
    println!("seeded by {seed}: {} scenarios", seeded.scenarios);
    faults.extend(seeded.unknown_faults());
    faults.extend(noise_faults()?);
    faults.extend(quick::faults());
    for seeds in [0..40, seed..seed + 20] {
        let runs = tier2::of_seeds(program, seeds, None)?;
        println!("tier 2: {} runs", runs.runs);
        faults.extend(socket_faults(&runs));
    }
    Ok(done(&faults))
}

/// The noise table from fewer runs.
fn noise_faults() -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for cell in CELLS {
        faults.extend(cell.faults(&cell.run(CI_RUNS)?));
    }
    Ok(match (fault_of(NOISE_TABLE), faults.is_empty()) {
        (None, _) => faults,
        (Some(_), false) => Vec::new(),
        (Some(fault), true) => vec![format!(
            "{NOISE_TABLE} is right now: take {fault} off known_wrong"
        )],
    })
}

/// Says what is wrong; the exit code.
fn done(faults: &[String]) -> ExitCode {
    for fault in faults {
        eprintln!("wrong: {fault}");
    }
    println!("{} wrong that are not known to be", faults.len());
    match faults {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Prints one scenario with everything about it.
fn show(what: &str) -> anyhow::Result<ExitCode> {
    let judged = judged(what)?;
    println!(
        "{:#}\n{:#}\n{:#}",
        judged.scenario, judged.truth, judged.level
    );
    Ok(done(&judged.wrong))
}

/// Judges one scenario, by its name or its seed.
fn judged(what: &str) -> anyhow::Result<JudgedVerdict> {
    if let Some(scenario) = named().into_iter().find(|one| one.name == what) {
        return Ok(judge(&scenario)?);
    }
    if let Some(scenario) = named_arrivals().into_iter().find(|one| one.name == what) {
        return Ok(judge_arrivals(&scenario)?);
    }
    Ok(match what.split_once('-') {
        Some(("hits", seed)) => judge_hits(&hit_scenario(seed.parse()?))?,
        Some(("sessions", seed)) => judge_sessions(&session_scenario(seed.parse()?))?,
        Some(("arrivals", seed)) => judge_arrivals(&arrival_scenario(seed.parse()?))?,
        _ => judge(&scenario(what.parse()?))?,
    })
}

/// Prints the table of docs/en/method/checks.md.
fn noise(runs: u64) -> anyhow::Result<ExitCode> {
    println!(
        "| schedule | σ between rounds | true ratio | cache works | no effect | withheld | interval holds the truth | bound broken |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut faults = Vec::new();
    for cell in CELLS {
        let row = cell.run(runs)?;
        println!(
            "| `{}` | {} % | {} | {} | {} | {} | {} | {} |",
            cell.schedule,
            100.0 * cell.tau,
            cell.ratio,
            percent(row.works, row.runs),
            percent(row.no_effect, row.runs),
            percent(row.withheld, row.runs),
            percent(row.runs - row.uncovered, row.runs),
            percent(row.broken, row.runs),
        );
        faults.extend(cell.faults(&row));
    }
    Ok(done(&faults))
}
