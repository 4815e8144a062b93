//! What the lab is asked for.

use anyhow::Context;
use clap::Parser;
use std::{ops::Range, path::PathBuf};

/// Judges the verdicts of dualround on worlds whose truth is known.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// 1: records drawn in process; 2: the program over sockets against the simulated engine.
    #[arg(long, default_value_t = 1)]
    pub(crate) tier: u32,
    /// Seeds A..B, each a scenario.
    #[arg(long, value_parser = range, default_value = "0..1000")]
    pub(crate) seeds: Range<u64>,
    /// Appends what they came to, as one line of JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) append: Option<PathBuf>,
    /// Shows one scenario (a seed or a name) with its truth and what was said.
    #[arg(long, value_name = "SEED|NAME")]
    pub(crate) show: Option<String>,
    /// Prints the table of false claims under noise, from so many runs a row.
    #[arg(long, value_name = "RUNS")]
    pub(crate) noise_table: Option<u64>,
    /// Prints a study, from so many runs a row (--runs): of mixed rounds in a queue, of cycles that
    /// are run until they decide, or of rounds that are called overloaded.
    #[arg(long, value_name = "NAME")]
    pub(crate) study: Option<Study>,
    /// Of a study: runs of each row.
    #[arg(long, value_name = "RUNS", default_value_t = 1000)]
    pub(crate) runs: u64,
    /// Of tier 2: the program [default: the one beside this].
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// Of tier 2: keeps each run's folder there, as SEED/out.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    /// What scripts/test runs.
    #[arg(long)]
    pub(crate) ci: bool,
    /// With --ci: what the seeds of this commit come from.
    #[arg(long, value_name = "TEXT")]
    pub(crate) seeded_by: Option<String>,
}

/// A study.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Study {
    /// Mixed rounds in a queue.
    Mixed,
    /// Cycles that are run until they decide.
    Until,
    /// Rounds of an open loop that are called overloaded.
    Overload,
    /// The part of the first two that --ci tries.
    Quick,
}

/// Seeds as they are written, A..B.
fn range(text: &str) -> anyhow::Result<Range<u64>> {
    let (from, to) = text.split_once("..").context("write A..B")?;
    Ok(from.parse()?..to.parse()?)
}
