//! `dualround man` and `dualround completions`.

use crate::screen::print;
use crate::{
    args::{self, CompletionsArgs, ManArgs},
    exit,
    exit::Usage,
};
use dualround_model::Lang;
use std::fs;

/// Writes a man page for the program and for each of its commands, in the language that is spoken.
pub(crate) fn man(args: &ManArgs) -> anyhow::Result<u8> {
    let command = args::command_in(args::spoken());
    fs::create_dir_all(&args.dir)
        .and_then(|()| clap_mangen::generate_to(command, &args.dir))
        .map_err(|error| Usage(format!("cannot write to {}: {error}", args.dir.display())))?;
    print(&format!("man pages: {}", args.dir.display()));
    Ok(exit::OK)
}

/// Prints the completions of a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut args::command_in(Lang::En),
        "dualround",
        &mut script,
    );
    print(String::from_utf8_lossy(&script).trim_end());
    exit::OK
}
