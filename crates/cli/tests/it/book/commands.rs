//! Every command of the books runs, in the order of its chapter and in a folder of its own, against
//! the simulated engine; what a chapter shows behind it was printed by it, but for the figures.
//!
//! In the folder stand `docs.jsonl`, 24 prompts, and `examples/`. The address of the books,
//! `http://localhost:8000`, is the engine's. Marks before a block: `no-run: REASON` (its flags must
//! exist), `exit: N` (of its last command; 0 without), `engine: FLAGS` (another engine from here on).

use super::{
    LANGUAGES,
    chapter::{Chapter, CodeBlock, chapters},
};
use crate::common::dualround;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The engine as it is unless a mark says otherwise: quick.
const ENGINE: [(&str, &str); 3] = [
    ("--prefill-base-ms", "1"),
    ("--prefill-ms-per-token", "0.04"),
    ("--itl-ms", "1"),
];

/// The address that the books use.
const ADDRESS: &str = "http://localhost:8000";

/// Declares a test for each chapter, in both languages, and the list of them.
macro_rules! chapters_run {
    ($($name:ident: $path:literal,)*) => {
        const RUN: &[&str] = &[$($path),*];
        $(mod $name {
            #[test]
            fn en() {
                super::run("en", $path);
            }
            #[test]
            fn zh() {
                // The commands are the same: run again is what shows another output.
                let chapter = super::Chapter::read("zh", $path);
                if chapter.blocks.iter().any(super::is_output) {
                    super::run("zh", $path);
                }
            }
        })*
    };
}

chapters_run! {
    introduction: "introduction.md",
    install: "install.md",
    is_my_cache_on: "tutorials/is-my-cache-on.md",
    what_is_it_worth: "tutorials/what-is-it-worth.md",
    load_that_does_not_wait: "tutorials/load-that-does-not-wait.md",
    conversations: "tutorials/conversations.md",
    shared_prompt: "tutorials/shared-prompt.md",
    router: "tutorials/router.md",
    gate_in_ci: "tutorials/gate-in-ci.md",
    hosted_api: "tutorials/hosted-api.md",
    datasets: "guide/datasets.md",
    apis: "guide/apis.md",
    server_metrics: "guide/server-metrics.md",
    results: "guide/results.md",
    reliability: "guide/reliability.md",
    troubleshooting: "guide/troubleshooting.md",
    metrics: "reference/metrics.md",
    files: "reference/files.md",
    exit_codes: "reference/exit-codes.md",
    cold: "method/cold.md",
    hits: "method/hits.md",
    speed: "method/speed.md",
    checks: "method/checks.md",
    seen: "method/seen.md",
    accuracy: "method/accuracy.md",
    comparison: "comparison.md",
    when_not: "when-not.md",
}

#[test]
fn every_chapter_with_commands_is_run() {
    for path in chapters("en") {
        let chapter = Chapter::read("en", &path);
        let has_commands = chapter.blocks.iter().any(|block| block.language == "bash");
        assert!(RUN.contains(&path.as_str()) || !has_commands, "{path}");
    }
    assert_eq!(LANGUAGES, ["en", "zh"]);
}

/// A mark is not shown: what engine a reader has to start must stand in the text too.
#[test]
fn the_engine_of_a_command_is_told_to_who_reads() {
    for lang in LANGUAGES {
        for path in chapters(lang) {
            let text = fs::read_to_string(super::folder(lang).join(&path)).unwrap();
            for block in Chapter::read(lang, &path).blocks {
                let Some(flags) = block.mark("engine") else {
                    continue;
                };
                // The engine as it is, after another one.
                let told = match flags {
                    "--block-size 16" => "`dualround simulate`".to_owned(),
                    flags => format!("`dualround simulate {flags}`"),
                };
                assert!(text.contains(&told), "{lang}/{path}: {told} is not told");
            }
        }
    }
}

/// What a command of the block before printed.
fn is_output(block: &CodeBlock) -> bool {
    block.language == "text" && block.follows
}

/// The simulated engine in a process of its own, which ends with this.
struct Engine {
    process: Child,
    address: String,
}

impl Engine {
    fn start(at: &Path, flags: &str) -> Self {
        let mut line = vec!["simulate", "--port", "0"];
        for (flag, value) in ENGINE {
            if !flags.contains(flag) {
                line.extend([flag, value]);
            }
        }
        line.extend(flags.split_whitespace());
        let mut process = Command::new(program())
            .args(&line)
            .current_dir(at)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = out.find_map(|line| {
            let line = line.unwrap();
            let at = line.find("http://")?;
            let rest = &line[at + "http://".len()..];
            let host = rest.split(['/', ' ']).next()?;
            Some(format!("http://{host}"))
        });
        // What it prints later is nobody's business, but must not fail.
        std::thread::spawn(move || out.for_each(drop));
        Self {
            process,
            address: address.expect("the engine prints its address"),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program under test.
fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_dualround"))
}

fn run(lang: &str, path: &str) {
    let chapter = Chapter::read(lang, path);
    let dir = prepared();
    let mut engine = None;
    let mut printed = String::new();
    for block in &chapter.blocks {
        let place = format!("{lang}/{path} line {}", block.line);
        if is_output(block) {
            assert_shown(&place, &block.text, &printed);
        }
        if block.language != "bash" {
            continue;
        }
        printed.clear();
        if let Some(reason) = block.mark("no-run") {
            assert!(reason.len() > 10, "{place}: why is it not run?");
            for line in lines_of_program(&block.text) {
                let found = shell(dir.path(), lang, &format!("{PARSE_ONLY}{line}"));
                assert_eq!(found.0, 0, "{place}: {line}\n{}", found.1);
            }
            continue;
        }
        if let Some(flags) = block.mark("engine") {
            engine = Some(Engine::start(dir.path(), flags));
        }
        let lines = lines_of_program(&block.text);
        let wanted = block.mark("exit").map_or(0, |code| code.parse().unwrap());
        for (at, line) in lines.iter().enumerate() {
            let engine = engine.get_or_insert_with(|| Engine::start(dir.path(), ""));
            let line = line.replace(ADDRESS, &engine.address);
            let (code, said) = shell(dir.path(), lang, &line);
            let last = at + 1 == lines.len();
            assert_eq!(
                code,
                if last { wanted } else { 0 },
                "{place}: {line}\n{said}"
            );
            printed.push_str(&said.replace(&engine.address, ADDRESS));
        }
    }
}

/// Parses what the program is given, and does nothing.
const PARSE_ONLY: &str = "dualround() { command dualround \"$@\" --help; }; ";

/// A folder with what the chapters use.
fn prepared() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let made = dualround()
        .current_dir(&dir)
        .args(
            "generate --groups 24 --prompts 24 --shared 0 --unique 300 --seed 1 -o docs.jsonl"
                .split(' '),
        )
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let from = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    fs::create_dir(dir.path().join("examples")).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(
                entry.path(),
                dir.path().join("examples").join(entry.file_name()),
            )
            .unwrap();
        }
    }
    dir
}

/// The lines of a block that begin with the program, those that go on joined.
fn lines_of_program(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines
        .filter(|line| line.starts_with("dualround "))
        .map(str::to_owned)
        .collect()
}

/// Runs a line by a shell; its exit code and all it printed.
fn shell(at: &Path, lang: &str, line: &str) -> (i32, String) {
    let program = program();
    let found = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{found}", program.parent().unwrap().display());
    let output = Command::new("bash")
        .args(["-uc", line])
        .current_dir(at)
        .env_clear()
        .envs([
            ("PATH", path.as_str()),
            ("LANG", "C"),
            ("HOME", "/nonexistent"),
        ])
        .env("DUALROUND_LANG", lang)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let all = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&all).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

/// Every line that a chapter shows was printed, but for its figures. `…` at the end of a line stands for
/// its rest, alone for lines.
fn assert_shown(place: &str, shown: &str, printed: &str) {
    let printed: Vec<String> = printed.lines().map(without_figures).collect();
    for line in shown.lines().filter(|line| !line.trim().is_empty()) {
        let line = without_figures(line);
        let found = match line.strip_suffix('…') {
            Some(begun) => printed.iter().any(|one| one.starts_with(begun.trim_end())),
            None => printed.contains(&line),
        };
        assert!(
            found,
            "{place}: nothing printed\n  {line}\nbut\n  {}",
            printed.join("\n  ")
        );
    }
}

/// A line with a `#` in the place of each number, and one space where there are several.
fn without_figures(line: &str) -> String {
    let mut out = String::new();
    let mut in_number = false;
    for c in line.trim().chars() {
        let goes_on = in_number && (c.is_ascii_digit() || c == '.' || c == ',');
        if goes_on {
            continue;
        }
        in_number = c.is_ascii_digit();
        if in_number {
            out.push('#');
        } else if c == '█' {
            // The length of a bar is a figure too.
        } else if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    // A full stop behind a number belongs to the sentence, but where is not to be told.
    out
}

#[test]
fn figures_are_no_matter_and_words_are() {
    let printed = "Concurrency 1: cache works: TTFT 127 → 6.08 ms, 20.81× faster\nfiles: results\n";
    assert_shown(
        "x",
        "Concurrency 4: cache works: TTFT 1,312 → 23 ms, 5× faster\n…\nfiles: …",
        printed,
    );
    let wrong = std::panic::catch_unwind(|| assert_shown("x", "files: other", printed));
    assert!(wrong.is_err());
}
