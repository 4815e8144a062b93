//! Every flag of `run`: a bad value, a word that is none of its list, the environment, the file of
//! `--config`, `--print-config`, completions, Chinese help, `--resume`, `compare`.

use super::{
    flag_classes::{
        ANY_TEXT, BAD, CALLED, GOOD, HOLES, NOT_IN_FILES, NOT_MEASURED, OF_FILES, OF_LEVELS, SECRET,
    },
    is_chinese, printed,
};
use crate::common::{dataset, dualround, engine, json, run, stderr, stdout};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

/// The names of all flags, as the help has them.
fn all() -> Vec<String> {
    let help = printed(&["run", "--help"]);
    let lines = help.lines().map(str::trim);
    let names = lines.filter_map(|line| {
        let flag = line
            .strip_prefix("--")
            .or_else(|| line.split_once(", --").map(|(_, flag)| flag))?;
        let name: String = flag
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '-')
            .collect();
        Some(name)
    });
    let not = |name: &String| !["help", ""].contains(&name.as_str());
    let names: BTreeSet<String> = names.filter(not).collect();
    assert!(names.len() > 75, "{names:?}");
    names.into_iter().collect()
}

fn of<'a>(table: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    table
        .iter()
        .find(|(flag, _)| *flag == name)
        .map(|(_, value)| *value)
}

/// What the help of `run` says of a flag, on one line.
fn help_of(name: &str) -> String {
    let help = printed(&["run", "--help"]);
    // What is said stands further in than flags and headings.
    let is_said = |line: &&str| line.is_empty() || line.starts_with("        ");
    let starts = [" ", "[", "\n"].map(|end| format!("--{name}{end}"));
    let is_flag = |line: &str| {
        let line = format!("{}\n", line.trim_start().trim_start_matches("-q, "));
        starts.iter().any(|start| line.starts_with(start))
    };
    let from = help
        .lines()
        .skip_while(|line| is_said(line) || !is_flag(line));
    let said = from.skip(1).take_while(is_said);
    said.flat_map(str::split_whitespace)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The words that a flag takes, as its help lists them; none where it takes others too.
fn words(name: &str) -> Vec<String> {
    let help = help_of(name);
    let listed = help.split_once("[possible values: ");
    let listed = listed.and_then(|(_, listed)| listed.split_once(']'));
    let words = listed.map_or("", |(words, _)| words).split(',');
    let words = words.map(str::trim).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The flags that take one of a few words.
fn worded() -> Vec<(String, Vec<String>)> {
    let all = all().into_iter().map(|name| (words(&name), name));
    let worded: Vec<_> = all
        .filter(|(words, _)| !words.is_empty())
        .map(|(words, name)| (name, words))
        .collect();
    assert!(worded.len() > 10, "{worded:?}");
    worded
}

/// A folder with what the good values name.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    timed(dir.path());
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    for (name, text) in [
        ("other.jsonl", "{\"text\":\"another row\"}\n".to_owned()),
        ("slo.yaml", "ttft_ms: 5\n".to_owned()),
        (
            "prices.yaml",
            "currency: USD\nmodels: {'*': {input: 1}}\n".to_owned(),
        ),
        ("empty.yaml", "seed: 9\n".to_owned()),
        ("ca.pem", own.cert.pem()),
        ("id.pem", own.cert.pem()),
        ("id.key", own.signing_key.serialize_pem()),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// Gives the rows of the data set the times of a date each, which go into no request.
fn timed(dir: &Path) {
    let path = dir.join("data.jsonl");
    let rows = std::fs::read_to_string(&path).unwrap();
    let timed = rows.lines().zip(10..).map(|(row, second)| {
        let time = format!("{{\"timestamp\": \"2026-01-01T00:00:{second}Z\", ");
        row.replacen('{', &time, 1) + "\n"
    });
    std::fs::write(path, timed.collect::<String>()).unwrap();
}

/// Beside the flag itself, what some need.
fn beside(name: &str) -> &'static [&'static str] {
    match name {
        "client-key" => &["--client-cert", "id.pem"],
        "client-cert" => &["--client-key", "id.key"],
        "until" => &["--budget", "10m"],
        "budget" => &["--until", "decided"],
        "cache-control" | "cache-min-tokens" => &["--api", "messages"],
        "prompt-token-ids" => &["--api", "completions"],
        "min-output-tokens" => &["--max-output-tokens", "9"],
        "oversample" => &["--num-samples", "9"],
        "arrival" | "max-concurrency" => &["--request-rate", "8"],
        "burstiness" => &["--request-rate", "8", "--arrival", "gamma"],
        "answers" | "session-header" | "think-time" => &["--turns", "all"],
        "gap-cap" | "replay-speed" | "timestamp-unit" => &["--replay"],
        _ => &[],
    }
}

/// The plan that a command line comes to; `None` where it is refused.
fn plan(dir: &Path, words: &[&str]) -> Option<Value> {
    let output = dualround()
        .current_dir(dir)
        .args(["run", "--print-config=plan"])
        .args(words)
        .output()
        .unwrap();
    output
        .status
        .success()
        .then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// The first of the candidates that is taken.
fn good(dir: &Path, name: &str) -> String {
    if let Some(value) = of(GOOD, name) {
        return value.to_owned();
    }
    let help = help_of(name);
    let default = |word: &String| help.contains(&format!("[default: {word}]"));
    let mut words = words(name).into_iter();
    if let Some(word) = words.find(|word| word != "auto" && !default(word)) {
        return word;
    }
    let base = [
        "--dataset",
        "data.jsonl",
        "--endpoint",
        "http://127.0.0.1:9",
    ];
    let taken = |value: &&str| {
        let flag = format!("--{name}={value}");
        plan(dir, &[&base[..], &[flag.as_str()], beside(name)].concat()).is_some()
    };
    let found = ["7", "0.5", "true"].into_iter().find(taken);
    found
        .unwrap_or_else(|| panic!("--{name}: give a good value here"))
        .to_owned()
}

/// Words of a run that is complete without the flag of this name.
fn line<'a>(name: &str, endpoint: &'a str) -> Vec<&'a str> {
    let mut words = vec!["run"];
    if name != "dataset" {
        words.extend(["--dataset", "data.jsonl"]);
    }
    if name != "endpoint" {
        words.extend(["--endpoint", endpoint]);
    }
    words
}

#[test]
fn a_bad_value_of_every_flag_is_refused_by_name_before_anything_is_sent() {
    let dir = folder();
    let mut wrong = Vec::new();
    for name in all() {
        if ANY_TEXT.contains(&name.as_str()) {
            continue;
        }
        let bad = of(BAD, &name).unwrap_or("@@");
        // Nothing answers there: an endpoint that is asked makes exit code 3.
        let output = dualround()
            .current_dir(dir.path())
            .args(line(&name, "http://127.0.0.1:9"))
            .args(
                [&format!("--{name}={bad}"), "--progress=none"]
                    [..1 + usize::from(name != "progress")]
                    .iter(),
            )
            .args(beside(&name))
            .output()
            .unwrap();
        let said = stderr(&output);
        if output.status.code() != Some(2) || !(said.contains(&name) || said.contains(bad)) {
            wrong.push(format!("--{name}={bad}: {:?} {said}", output.status.code()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_flag_is_a_variable_a_key_of_a_file_and_a_line_of_print_config() {
    let dir = folder();
    let mut wrong = Vec::new();
    for name in all() {
        let (value, key) = (good(dir.path(), &name), name.replace('-', "_"));
        let listed = |words: &[&str], variable: Option<(&str, &str)>| {
            let mut command = dualround();
            let command = command
                .current_dir(dir.path())
                .args(line(&name, "http://127.0.0.1:9"));
            let output = command
                .args(words)
                .args(beside(&name))
                .arg("--print-config")
                .envs(variable)
                .output()
                .unwrap();
            let listed = stdout(&output);
            let found = listed.lines().find(|line| {
                let line = line.trim_start_matches("# ");
                line.starts_with(&format!("{key}:"))
            });
            found.map_or_else(|| stderr(&output), str::to_owned)
        };
        let mut held = |how: &str, said: String, right: &str| {
            if !said.contains(right) {
                wrong.push(format!("--{name} {how}: {said}"));
            }
        };
        if NOT_IN_FILES.contains(&name.as_str()) {
            continue;
        }
        let flag = format!("--{name}={value}");
        held("printed", listed(&[&flag], None), &format!("flag --{name}"));
        let variable = format!("DUALROUND_{}", key.to_uppercase());
        let said = listed(&[], Some((&variable, &value)));
        held("environment", said, &format!("environment {variable}"));
        let quoted = serde_json::to_string(&value).unwrap();
        let plain = ["7", "0.5", "true"].contains(&value.as_str());
        let text = format!("{key}: {}\n", if plain { &value } else { &quoted });
        std::fs::write(dir.path().join("one.yaml"), text).unwrap();
        held(
            "file",
            listed(&["--config", "one.yaml"], None),
            "file one.yaml",
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The words of a flag are told where another one stands, and what it stands in: the flag, the
/// variable, the file.
#[test]
fn another_word_is_refused_with_those_that_are_taken() {
    let dir = folder();
    let told = |name: &str, words: &[&str], variable: Option<(&str, &str)>| {
        let output = dualround()
            .current_dir(dir.path())
            .args(line(name, "http://127.0.0.1:9"))
            .args(words)
            .envs(variable)
            .output()
            .unwrap();
        format!("{:?} {}", output.status.code(), stderr(&output))
    };
    let mut wrong = Vec::new();
    for (name, words) in worded() {
        let mut held = |said: String, place: &str| {
            let lists = words.iter().all(|word| said.contains(word.as_str()));
            if !(said.starts_with("Some(2)") && said.contains(place) && lists) {
                wrong.push(format!("{place}: {said}"));
            }
        };
        let flag = format!("--{name}");
        held(told(&name, &[&format!("{flag}=@@")], None), &flag);
        if NOT_IN_FILES.contains(&name.as_str()) {
            continue;
        }
        let key = name.replace('-', "_");
        let variable = format!("DUALROUND_{}", key.to_uppercase());
        held(told(&name, &[], Some((&variable, "@@"))), &variable);
        let text = format!("seed: 1\n{key}: \"@@\"\n");
        std::fs::write(dir.path().join("one.yaml"), text).unwrap();
        let said = told(&name, &["--config", "one.yaml"], None);
        let place = format!("one.yaml line 2 column {}: {key}: `@@`", key.len() + 3);
        held(said, &place);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A list that a file gives as one text is refused with its place and the way to write it.
#[test]
fn a_wrong_list_in_a_file_says_how_lists_are_written() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["concurrency: 4,8", "num_samples: all", "header: [X-A: b]"] {
        std::fs::write(dir.path().join("one.yaml"), format!("seed: 1\n{text}\n")).unwrap();
        let output = dualround()
            .current_dir(dir.path())
            .args(["run", "--print-config", "--config", "one.yaml"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("one.yaml line 2") && said.contains("a list of them (`[a, b]`)"),
            "{said}"
        );
    }
}

#[test]
fn every_flag_is_completed_and_explained_in_chinese() {
    let help = printed(&["run", "--help", "--lang", "zh"]);
    let scripts: Vec<String> = ["bash", "zsh", "fish"]
        .map(|shell| printed(&["completions", shell]))
        .to_vec();
    for name in all() {
        for script in &scripts {
            let spelt = [format!("--{name}"), format!("-l {name}")];
            assert!(
                spelt.iter().any(|word| script.contains(word)),
                "--{name} is not completed"
            );
        }
        let is_own = |line: &str| {
            // `-q, --quiet`
            let line = line.trim().trim_start_matches("-q, ");
            let rest = line.strip_prefix(&format!("--{name}"));
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
        };
        let mut lines = help.lines().skip_while(|line| !is_own(line));
        assert!(lines.next().is_some(), "--{name}: no help");
        let below: String = lines.take(2).collect();
        assert!(is_chinese(&below), "--{name}: {below}");
    }
}

/// A run, and for each flag what `--resume` and `compare` say where it has another value.
#[test]
fn every_flag_that_measures_is_held_by_resume_and_told_by_compare() {
    let (dir, sim) = (folder(), engine());
    let base = sim.base_url();
    let measured = run(
        dir.path(),
        &format!(
            "--dataset data.jsonl --endpoint {base} --seed 3 --output-dir out \
             --max-output-tokens 2 --progress none --no-probe"
        ),
    );
    assert!(measured.status.success(), "{}", stderr(&measured));
    let info = json(&dir.path().join("out/run.json"));
    let mut wrong = Vec::new();
    for name in all() {
        if NOT_MEASURED.contains(&name.as_str()) || SECRET.contains(&name.as_str()) {
            continue;
        }
        let hole = |column: &str| {
            HOLES
                .iter()
                .any(|(flag, at, _)| *flag == name && *at == column)
        };
        let value = match name.as_str() {
            // The run has it.
            "no-probe" => "false".to_owned(),
            _ => good(dir.path(), &name),
        };
        let flag = format!("--{name}={value}");
        // The settings of the run, each replaced where it is the flag's own.
        let mut words: Vec<&str> = Vec::new();
        for (setting, of_run) in [
            ("--dataset", "data.jsonl"),
            ("--endpoint", base.as_str()),
            ("--seed", "3"),
            ("--max-output-tokens", "2"),
        ] {
            let is_own = setting.trim_start_matches('-') == name;
            if !is_own && !beside(&name).contains(&setting) {
                words.extend([setting, of_run]);
            }
        }
        if name != "no-probe" {
            words.push("--no-probe");
        }
        words.push(&flag);
        words.extend(beside(&name));
        let resumed = dualround()
            .current_dir(dir.path())
            .args(&words)
            .args(["--resume", "out", "--progress", "none"])
            .output()
            .unwrap();
        let said = stderr(&resumed);
        let held = resumed.status.code() == Some(2)
            && (said.contains("had other settings") || said.contains(&format!("--{name}")));
        if !held && !hole("resume") {
            wrong.push(format!(
                "--resume with {flag}: {:?} {said}",
                resumed.status.code()
            ));
        }
        let Some(plan) = plan(dir.path(), &words) else {
            wrong.push(format!("{flag} gives no plan"));
            continue;
        };
        let mut other = info.clone();
        let dir_of_run = other["plan"]["output"].clone();
        other["plan"] = plan;
        other["plan"]["output"]["dir"] = dir_of_run["dir"].clone();
        // The schedule may be another one than that of the rounds there.
        other["finished_at"] = Value::Null;
        if name != "model" {
            other["plan"]["model"] = info["plan"]["model"].clone();
        }
        let copy = dir.path().join("copy");
        let _ = std::fs::remove_dir_all(&copy);
        std::fs::create_dir(&copy).unwrap();
        std::fs::copy(
            dir.path().join("out/requests.jsonl"),
            copy.join("requests.jsonl"),
        )
        .unwrap();
        std::fs::write(copy.join("run.json"), other.to_string()).unwrap();
        let compared = dualround()
            .current_dir(dir.path())
            .args(["compare", "out", "copy", "--lang", "en"])
            .output()
            .unwrap();
        let said = stdout(&compared) + &stderr(&compared);
        let called = of(CALLED, &name).map_or_else(|| format!("--{name}"), str::to_owned);
        let by_class = OF_FILES.contains(&name.as_str()) || OF_LEVELS.contains(&name.as_str());
        let told = said.contains(&called) || by_class;
        if !told && !hole("compare") {
            wrong.push(format!("compare does not tell {flag}: {said}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of them\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
