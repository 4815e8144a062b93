//! Files that are none: pipes, the standard input and output, and what a shell limits.
#![cfg(unix)]

use crate::common::{dataset, dualround, engine, run, stderr, stdout};
use assert_cmd::cargo::cargo_bin;
use std::process::{Command, Stdio};

#[test]
fn x25_rows_come_and_go_through_pipes() {
    let dir = tempfile::tempdir().unwrap();
    let made = run(dir.path(), "generate --groups 2 --prompts 6 --seed 1 -o -");
    assert!(made.status.success(), "{}", stderr(&made));
    let rows = stdout(&made);
    assert_eq!(rows.lines().count(), 6);
    let written = run(
        dir.path(),
        "generate --groups 2 --prompts 6 --seed 1 -o g.jsonl",
    );
    assert!(written.status.success());
    assert_eq!(
        std::fs::read_to_string(dir.path().join("g.jsonl")).unwrap(),
        rows
    );
    // A check reads them twice.
    let mut check = dualround();
    let check = check
        .args(["check", "dataset", "-"])
        .write_stdin(rows.clone());
    let said = stdout(&check.output().unwrap());
    assert!(
        said.contains("rows: 6 (6 usable)") && said.contains("first request"),
        "{said}"
    );
    let sim = engine();
    let base = sim.base_url();
    let mut measured = dualround();
    let measured = measured
        .current_dir(dir.path())
        .args(["--dataset", "-", "--endpoint", &base, "--output-dir", "out"])
        .args(["--max-output-tokens", "2", "--rounds", "C", "--no-probe"])
        .write_stdin(rows);
    let output = measured.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!dir.path().join("-").exists());
    // A reader that has had enough.
    let line = format!(
        "{} generate --groups 2 --prompts 100000 -o - | head -1; echo ${{PIPESTATUS[0]}}",
        cargo_bin("dualround").display()
    );
    let output = Command::new("bash").args(["-c", &line]).output().unwrap();
    assert!(stdout(&output).ends_with("\n0\n"), "{}", stdout(&output));
    assert_eq!(stderr(&output), "");
    // An error that nobody reads has its exit code all the same.
    let line = format!(
        "{{ sleep 0.3; {} check dataset none.jsonl; code=$?; }} 2> >(exit) > >(exit); echo $code",
        cargo_bin("dualround").display()
    );
    let mut shell = Command::new("bash");
    let output = shell.args(["-c", &line]).current_dir(dir.path()).output();
    assert_eq!(stdout(&output.unwrap()), "2\n");
}

#[test]
fn x25_a_named_pipe_is_read_once_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 4);
    let line = format!(
        "mkfifo p && (cat data.jsonl > p &) && {} check dataset p && {} check dataset <(cat data.jsonl)",
        cargo_bin("dualround").display(),
        cargo_bin("dualround").display()
    );
    let output = Command::new("bash")
        .current_dir(dir.path())
        .args(["-c", &line])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = stdout(&output);
    assert_eq!(said.matches("rows: 4 (4 usable)").count(), 2, "{said}");
    assert_eq!(said.matches("first request").count(), 2, "{said}");
}

/// `ulimit -f`, in blocks of 1 KiB, as batch systems set it.
#[test]
fn x27_a_limit_on_files_is_a_full_disk() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 40);
    let sim = engine();
    let base = sim.base_url();
    let limited = |words: &str| {
        let line = format!(
            "ulimit -f 8; exec {} {words}",
            cargo_bin("dualround").display()
        );
        let output = Command::new("bash")
            .current_dir(dir.path())
            .args(["-c", &line])
            .output();
        let output = output.unwrap();
        (output.status.code(), stderr(&output))
    };
    let (code, said) = limited("generate --groups 2 --prompts 600 -o g.jsonl");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("cannot write the rows: File too large"),
        "{said}"
    );
    let (code, said) = limited(&format!(
        "--dataset data.jsonl --endpoint {base} --no-probe --progress none --output-dir out"
    ));
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("File too large") && said.contains("--resume"),
        "{said}"
    );
    let report = run(dir.path(), "report out");
    assert!(report.status.success(), "{}", stderr(&report));
}

/// What is no regular file is written into, not replaced; a link stays one.
#[test]
fn x25_devices_pipes_and_links_stay_what_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let made = "generate --groups 2 --prompts 4 --seed 1 -o";
    let pipe = dir.path().join("p");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    let output = run(dir.path(), &format!("{made} p"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(reader.join().unwrap().lines().count(), 4);
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    std::fs::write(dir.path().join("real.jsonl"), "old").unwrap();
    symlink("real.jsonl", dir.path().join("link.jsonl")).unwrap();
    let output = run(dir.path(), &format!("{made} link.jsonl"));
    assert!(output.status.success(), "{}", stderr(&output));
    let link = dir.path().join("link.jsonl");
    assert!(
        std::fs::symlink_metadata(&link)
            .unwrap()
            .file_type()
            .is_symlink()
    );
    let real = std::fs::read_to_string(dir.path().join("real.jsonl")).unwrap();
    assert_eq!(real.lines().count(), 4);
    let full = run(dir.path(), &format!("{made} /dev/full"));
    assert_eq!(full.status.code(), Some(1), "{}", stderr(&full));
    assert!(
        std::fs::metadata("/dev/full")
            .unwrap()
            .file_type()
            .is_char_device()
    );
}

/// A report that nobody got is no success; a run's files are.
#[cfg(target_os = "linux")]
#[test]
fn x27_an_output_that_is_full_is_told() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 6);
    let full = |args: &str| {
        let words = args.split(' ');
        let output = Command::new(cargo_bin("dualround"))
            .current_dir(dir.path())
            .args(words)
            .stdout(
                std::fs::File::options()
                    .write(true)
                    .open("/dev/full")
                    .unwrap(),
            )
            .output()
            .unwrap();
        (output.status.code(), stderr(&output))
    };
    let base = sim.base_url();
    let measure =
        "--dataset data.jsonl --max-output-tokens 2 --output-dir out --no-probe --progress none";
    let told = |(code, said): (Option<i32>, String)| {
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("error: the standard output: No space left"),
            "{said}"
        );
    };
    told(full(&format!("{measure} --endpoint {base}")));
    assert!(dir.path().join("out/comparison.json").exists());
    for args in [
        "report out",
        "compare out out --json -",
        "compare out out",
        "check dataset data.jsonl",
        "explain",
        "list out --json",
    ] {
        told(full(args));
    }
    assert_eq!(full("--help").0, Some(1));
}
