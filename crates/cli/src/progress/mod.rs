//! What is shown on stderr while something takes time.

mod rounds;

use crate::ticking::Ticking;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub(crate) use rounds::{Progress, ProgressFormat, RoundPosition, UntilPosition};
use std::{
    io::{IsTerminal, Read},
    path::Path,
    time::Duration,
};

/// Redraws a second at the most.
const HZ: u8 = 5;

fn target(shown: bool) -> ProgressDrawTarget {
    if shown && std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(HZ)
    } else {
        ProgressDrawTarget::hidden()
    }
}

fn bytes_bar(title: &str, length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, target(true));
    let shape = match length {
        Some(_) => "{prefix} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}",
        None => "{prefix} {bytes} {bytes_per_sec}",
    };
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    bar
}

/// A stream whose bytes are shown as they come.
pub(crate) fn watched<R: Read>(title: &str, length: Option<u64>, stream: R) -> impl Read {
    bytes_bar(title, length).wrap_read(stream)
}

/// A bar while files are read; it goes away when what is returned is dropped. Small files are not
/// worth one.
pub(crate) fn reading<P: AsRef<Path>>(files: &[P]) -> Option<Ticking> {
    const WORTH: u64 = 32 << 20;
    let sizes = files
        .iter()
        .map(|file| std::fs::metadata(file).map_or(0, |data| data.len()));
    let total: u64 = sizes.sum();
    if total < WORTH || !std::io::stderr().is_terminal() {
        return None;
    }
    let before = dualround_dataset::bytes_read();
    let bar = bytes_bar("reading", Some(total));
    let every = Duration::from_millis(1000 / u64::from(HZ));
    Some(Ticking::start(every, move |last| {
        if last {
            bar.finish_and_clear();
        } else {
            bar.set_position(dualround_dataset::bytes_read() - before);
        }
    }))
}
