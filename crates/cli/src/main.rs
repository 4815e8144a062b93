//! Does the cache in front of my model work, and what is it worth?

mod args;
mod browser;
mod close;
mod commands;
mod comparable;
mod endpoint;
mod engine_tokens;
mod environment_key;
mod environment_words;
mod exit;
mod gate;
mod gate_schema;
mod hint;
mod hub;
mod lang;
mod live;
mod load_words;
mod plan_differences;
mod prices;
mod progress;
mod redacted;
mod replay_words;
mod screen;
mod secret_line;
mod settings;
mod signals;
mod slo;
mod ticking;
mod unspoken_proxy;
mod welcome;

use std::{io::ErrorKind, process::ExitCode};

fn main() -> ExitCode {
    signals::survive_large_files();
    if welcome::is_due() {
        return ExitCode::from(welcome::greet());
    }
    let code = match args::parse(std::env::args_os()) {
        Ok(cli) => {
            let ended = commands::dispatch(cli.command);
            ended.unwrap_or_else(|error| exit::explain(&error, args::spoken()))
        }
        Err(error) => {
            // Help and version are no errors; clap prints each where it belongs.
            let printed = error.print();
            match printed {
                _ if error.use_stderr() => exit::USAGE,
                Err(error) if error.kind() != ErrorKind::BrokenPipe => exit::INTERNAL,
                _ => exit::OK,
            }
        }
    };
    ExitCode::from(exit::printed(code))
}
