//! What the program does, one file a command.

mod calibrate;
mod check;
mod check_dataset;
mod check_endpoint;
mod check_metrics;
mod compare;
mod convert;
mod demo;
mod endpoint_words;
mod experiment;
mod explain;
mod from_journal;
mod generate;
mod init;
mod list;
mod lost_lines;
mod max_load;
mod pages;
mod remake;
mod resume;
mod run;
mod saved;
mod simulate;
mod verdict;

use crate::args::{Check, Command, Convert};

/// Runs a command; returns its exit code.
pub(crate) fn dispatch(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Run(args) => run::run(*args),
        Command::Demo(args) => demo::run(args),
        Command::Init(args) => init::run(*args),
        Command::MaxLoad(args) => max_load::run(*args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Simulate(args) => simulate::run(args),
        Command::Convert(Convert::Longbench(args)) => convert::longbench(args),
        Command::Convert(Convert::Sharegpt(args)) => convert::rows(&args, false),
        Command::Convert(Convert::Trace(args)) => convert::rows(&args, true),
        Command::Generate(args) => generate::run(&args),
        Command::Check(Check::Dataset(args)) => check_dataset::run(*args),
        Command::Check(Check::Metrics(args)) => check_metrics::run(*args),
        Command::Check(Check::Endpoint(args)) => check_endpoint::run(*args),
        Command::Report(args) => remake::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::List(args) => list::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Man(args) => pages::man(&args),
        Command::Completions(args) => Ok(pages::completions(&args)),
    }
}
