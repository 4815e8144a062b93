//! What reaches the user's terminal: how wide it is, whether it has colours, and how much is wanted.

use anstyle::{AnsiColor, Style};
use dualround_model::{
    Lang, LevelComparison, Plan, Reason, RoundKind, RoundResult, Tables, Warning,
};
use dualround_report::{
    beside_texts, closing, comparison_block, conclusion_text, labels, load_text, round_line,
    round_notes, round_table, safe_text, wrap,
};
use std::{
    io::{ErrorKind, IsTerminal, Write, stderr, stdout},
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// `--quiet`: set once, before anything is said.
static QUIET: AtomicBool = AtomicBool::new(false);
/// Runs within another job, which says itself what comes of them.
static SILENT: AtomicBool = AtomicBool::new(false);

/// Switches notes and tables off, for good.
pub(crate) fn be_quiet() {
    QUIET.store(true, Relaxed);
}

/// Switches off, or on again, all that runs say, their conclusions too.
pub(crate) fn be_silent(silent: bool) {
    SILENT.store(silent, Relaxed);
}

/// Whether notes and tables are off.
pub(crate) fn quiet() -> bool {
    QUIET.load(Relaxed) || SILENT.load(Relaxed)
}

/// Columns of the terminal on stdout; `None` for a pipe or file, which get the whole width.
fn columns() -> Option<usize> {
    if !stdout().is_terminal() {
        return None;
    }
    let set = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    set.or_else(|| {
        let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
        Some(columns.into())
    })
}

/// By NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM and whether stdout is a terminal.
fn coloured() -> bool {
    let choice = anstream::AutoStream::choice(&stdout());
    choice != anstream::ColorChoice::Never
}

/// Prints a round: in full the first cold and the first warm one of a level (`earlier`: the rounds of
/// the level before it), later ones in a line.
pub(crate) fn round(result: &RoundResult, earlier: &[RoundResult], plan: &Plan) {
    if quiet() {
        return;
    }
    let kind = result.meta.spec.kind;
    let shown = earlier.iter().any(|round| round.meta.spec.kind == kind);
    let first = matches!(kind, RoundKind::Cold | RoundKind::Warm) && !shown;
    let all = plan.output.tables == Tables::All;
    if !first && !all {
        return print(&wrap(round_line(result, plan).trim_end(), columns(), "  "));
    }
    print(&round_table(result, plan, columns()));
    let notes = round_notes(result, plan);
    if all && !notes.is_empty() {
        lines(&notes);
    }
}

/// Prints what is said of a level when it has ended: under `--tables all` the whole comparison; quiet,
/// its conclusion. What else is said of it stands at the end of the run.
pub(crate) fn level(level: &LevelComparison, rounds: &[RoundResult], plan: &Plan) {
    let lang = plan.output.lang;
    if SILENT.load(Relaxed) {
        return;
    }
    if quiet() {
        let (at, sentence) = (load_text(level.load, lang), conclusion_text(level, lang));
        let text = format!("{at}{}{sentence}", lang.pick([": ", "："]));
        print(&said(&text, level));
        // Without a warm round, what is concluded stands beside that.
        let alone = level.conclusion.reason == Some(Reason::NoWarmRound);
        if alone {
            let beside = beside_texts(level, lang);
            beside.iter().for_each(|line| print(&format!("  {line}")));
        }
        return;
    }
    if plan.output.tables == Tables::All {
        lines(&comparison_block(level, rounds, plan, columns()));
    }
}

/// Prints what a run ends with.
pub(crate) fn end(
    plan: &Plan,
    warnings: &[Warning],
    rounds: &[RoundResult],
    levels: &[LevelComparison],
) {
    if quiet() || levels.is_empty() {
        return;
    }
    let closing = closing(plan, warnings, rounds, levels, columns());
    print(&closing.table);
    for (level, (sentence, explained)) in levels.iter().zip(&closing.levels) {
        print(&said(sentence, level));
        explained.iter().for_each(|line| item(line));
    }
    if closing.attention.is_empty() {
        return print("");
    }
    print(&format!("\n{}:", labels(plan.output.lang).warnings));
    closing.attention.iter().for_each(|line| item(line));
    print("");
}

/// Prints a text whose tables fit the terminal and whose sentences may not.
fn lines(text: &str) {
    let columns = columns();
    text.lines()
        .for_each(|line| print(&wrap(line, columns, "    ")));
    print("");
}

/// Prints an item of a list.
fn item(line: &str) {
    print(&wrap(&format!("  - {line}"), columns(), "    "));
}

/// A sentence broken to the terminal, in the colour of what it concludes, where there are colours.
fn said(sentence: &str, level: &LevelComparison) -> String {
    use dualround_model::ConclusionKind::{CannotTell, Effect, NoEffect, Withheld};
    let lines = wrap(sentence, columns(), "  ");
    if !coloured() {
        return lines;
    }
    let faster = level.ttft.ratio.is_some_and(|ratio| ratio > 1.0);
    let color = match level.conclusion.kind {
        Effect if faster && level.conclusion.cache_evidence => AnsiColor::Green,
        Effect | NoEffect | CannotTell => AnsiColor::Yellow,
        Withheld => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{lines}{style:#}")
}

/// Says where the files are.
pub(crate) fn files(dir: &Path, lang: Lang) {
    let dir = dir.display();
    note(&lang.pick([format!("files: {dir}"), format!("文件：{dir}")]));
}

/// Prints a line for the user beside the results; not with `--quiet`.
pub(crate) fn note(text: &str) {
    if !quiet() {
        alarm(text);
    }
}

/// Prints a line that the user must see: why the exit code is not 0.
pub(crate) fn alarm(text: &str) {
    let _ = writeln!(stderr().lock(), "{}", safe_text(text));
}

/// Why a part of the results could not be printed, the first time.
static UNPRINTED: OnceLock<String> = OnceLock::new();

/// Prints a part of the results. Where it cannot be printed, a run goes on, as its files are still
/// wanted, and [`unprinted`] says so at the end.
pub(crate) fn print(text: &str) {
    let mut out = stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        // A reader that has gone (`| head`) had what it wanted.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = UNPRINTED.set(error.to_string());
        }
        _ => {}
    }
}

/// Why not all of the results are on the standard output.
pub(crate) fn unprinted() -> Option<&'static str> {
    UNPRINTED.get().map(String::as_str)
}
