//! What the program does, one file a command.

mod check;
mod convert;
mod demo;
mod measure;
mod remake;
mod run;
mod simulate;

use crate::args::{Check, Command, Convert};

/// Runs a command; returns its exit code.
pub(crate) fn dispatch(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Run(args) => run::run(*args),
        Command::Demo(args) => demo::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Convert(Convert::Longbench(args)) => convert::longbench(args),
        Command::Check(Check::Dataset { file, text_key }) => {
            check::dataset(&file, text_key.as_deref())
        }
        Command::Check(Check::Metrics { url, names }) => check::metrics(&url, &names),
        Command::Check(Check::Endpoint { url, api_key }) => check::endpoint(&url, api_key),
        Command::Report(args) => remake::run(&args),
    }
}

/// A line for the user beside the results.
#[expect(
    clippy::print_stderr,
    reason = "remarks go to stderr, results to stdout"
)]
pub(crate) fn note(text: &str) {
    eprintln!("{}", dualround_report::safe_text(text));
}

/// A part of the results.
#[expect(clippy::print_stdout, reason = "results go to stdout")]
pub(crate) fn print(text: &str) {
    println!("{text}");
}
