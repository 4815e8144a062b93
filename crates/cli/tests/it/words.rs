//! What the program says: help, settings, progress, definitions, in both languages.

use crate::common::{dataset, dualround, engine, json, run, stderr, stdout};
use std::{fs, path::Path};

/// What a command prints in a language.
fn said(lang: &str, words: &[&str]) -> String {
    let output = dualround().env("LANG", lang).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", stderr(&output));
    stdout(&output)
}

#[test]
fn help_in_both_languages() {
    for (lang, name) in [("C", "en"), ("zh_CN.UTF-8", "zh")] {
        insta::assert_snapshot!(format!("help_{name}"), said(lang, &["-h"]));
        insta::assert_snapshot!(format!("run_short_{name}"), said(lang, &["run", "-h"]));
        insta::assert_snapshot!(format!("run_long_{name}"), said(lang, &["run", "--help"]));
        insta::assert_snapshot!(format!("compare_{name}"), said(lang, &["compare", "-h"]));
        assert_eq!(said(lang, &["help", "run"]), said(lang, &["run", "--help"]));
    }
    assert_eq!(
        said("C", &["run", "-h", "--lang", "zh"]),
        said("zh_CN.UTF-8", &["run", "-h"])
    );
    assert_eq!(
        said("zh_CN.UTF-8", &["list", "--help", "--lang=en"]),
        said("C", &["list", "--help"])
    );
}

#[test]
fn words_are_explained_in_both_languages() {
    insta::assert_snapshot!("explain_en", said("C", &["explain", "p99_ttft"]));
    insta::assert_snapshot!(
        "explain_zh",
        said("zh_CN.UTF-8", &["explain", "cannot", "tell"])
    );
    insta::assert_snapshot!("explain_all", said("C", &["explain"]));
    let output = run(Path::new("."), "explain tttf");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `ttft`?"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn man_pages_and_completions_are_made() {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), "man pages").status.success());
    let page = fs::read_to_string(dir.path().join("pages/dualround-run.1")).unwrap();
    assert!(
        page.contains(".TH dualround-run 1") && page.contains("idle\\-timeout"),
        "{page}"
    );
    assert!(dir.path().join("pages/dualround-check-metrics.1").exists());
    for (shell, word) in [
        ("bash", "complete -F _dualround"),
        ("zsh", "#compdef dualround"),
        ("fish", "complete -c dualround"),
    ] {
        let script = said("C", &["completions", shell]);
        assert!(
            script.contains(word) && script.contains("require-cold"),
            "{shell}"
        );
    }
    fs::write(dir.path().join("file"), "").unwrap();
    assert_eq!(run(dir.path(), "man file/x").status.code(), Some(2));
}

#[test]
fn print_config_names_what_set_each_setting_and_is_a_config() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(
        dir.join("c.yaml"),
        "timeout: 60\nconcurrency: [2, 3]\nmodel: m\n",
    )
    .unwrap();
    let words = [
        "--dataset",
        "d.jsonl",
        "--endpoint",
        "http://h:1",
        "--config",
        "c.yaml",
        "--model",
        "n",
        "--header",
        "X-Team: secret",
        "--prometheus-url",
        "http://u:secret@h:2/metrics",
    ];
    let ask = |what: &str, words: &[&str]| {
        let mut command = dualround();
        command
            .current_dir(dir)
            .env("DUALROUND_SEED", "4")
            .env("OPENAI_API_KEY", "secret");
        let output = command.args(words).arg(what).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let listing = ask("--print-config", &words);
    assert!(
        !listing.contains("secret@") && !listing.contains("X-Team"),
        "{listing}"
    );
    for line in [
        "dataset: \"d.jsonl\"  # flag --dataset",
        "model: \"n\"  # flag --model",
        "seed: 4  # environment DUALROUND_SEED",
        "timeout: 60.0  # file c.yaml",
        "concurrency: [2,3]  # file c.yaml",
        "# rounds: CW  # default",
        "# lenient: false  # default",
        "# prometheus_per_request: true  # default",
        "# max_output_tokens:  # default: not set",
        "# api_key: \"***\"  # environment OPENAI_API_KEY, a secret",
        "# header: \"***\"  # flag --header, a secret",
    ] {
        assert!(
            listing.lines().any(|found| found == line),
            "{line}\n{listing}"
        );
    }
    let with_password = words.map(|word| {
        if word == "http://h:1" {
            "http://u:secret@h:1"
        } else {
            word
        }
    });
    let other = ask("--print-config", &with_password);
    assert!(!other.contains("secret@"), "{other}");
    let line = "# api_key:  # OPENAI_API_KEY gives way to the credentials that are given";
    assert!(other.lines().any(|found| found == line), "{other}");
    // The same settings come of it.
    fs::write(dir.join("again.yaml"), &listing).unwrap();
    let plan = |text: String| {
        let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        plan["request"]["headers"] = serde_json::Value::Null;
        plan
    };
    let (one, two) = (
        plan(ask("--print-config=plan", &words)),
        plan(ask(
            "--print-config=plan",
            &["run", "--config", "again.yaml"],
        )),
    );
    assert_eq!(one, two);
    assert_eq!(one["timeouts"]["total_ms"], 60_000);
}

#[test]
fn progress_as_text_or_json_and_its_own_cost() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    let line = |out: &str, how: &str| {
        format!(
            "--dataset data.jsonl --endpoint {} --max-output-tokens 4 --concurrency 2 --seed 1 --output-dir {out} --progress {how}",
            sim.base_url()
        )
    };
    let plain = stderr(&run(dir, &line("plain", "plain")));
    assert!(
        plain.contains("level 1/1 · concurrency 2 · round 2/2 warm"),
        "{plain}"
    );
    assert!(plain.contains("8/8  failed 0  TTFT P50 "), "{plain}");
    let text = stderr(&run(dir, &line("json", "json")));
    let lines: Vec<serde_json::Value> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ended: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "round_ended")
        .collect();
    assert_eq!(ended.len(), 2, "{text}");
    assert_eq!(
        (&ended[1]["done"], &ended[1]["planned"]),
        (&8.into(), &8.into())
    );
    assert!(ended[1]["ttft_p50_ms"].as_f64().unwrap() > 0.0);
    assert!(ended[1]["cache_hit_rate"].as_f64().unwrap() > 0.5);
    assert_eq!(ended[0]["round_kind"], "cold");
    let client = &json(&dir.join("json/concurrency_2_round_2.json"))["summary"]["client"];
    assert!(client["progress_share"].as_f64().unwrap() < 0.5, "{client}");
    let silent = run(dir, &line("none", "none"));
    assert!(!stderr(&silent).contains("TTFT"), "{}", stderr(&silent));
    let client = &json(&dir.join("none/concurrency_2_round_1.json"))["summary"]["client"];
    assert!(client["progress_share"].is_null());
}

#[test]
fn quiet_prints_conclusions_alone_and_pipes_have_no_colour() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dataset(dir, 8);
    let sim = engine();
    let line = format!(
        "--dataset data.jsonl --endpoint {} --max-output-tokens 4 --concurrency 1 2 --output-dir out --overwrite",
        sim.base_url()
    );
    let quiet = run(dir, &format!("{line} --quiet"));
    assert_eq!(stderr(&quiet), "");
    let lines = stdout(&quiet);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(
        lines.starts_with("concurrency 1: ") && !lines.contains("TTFT (ms)"),
        "{lines}"
    );
    let words: Vec<&str> = line.split(' ').collect();
    let with = |name: &str, value: &str| {
        let output = dualround()
            .current_dir(dir)
            .env(name, value)
            .args(&words)
            .output()
            .unwrap();
        stdout(&output)
    };
    assert!(!with("NO_COLOR", "1").contains('\u{1b}'));
    assert!(!with("TERM", "xterm-256color").contains('\u{1b}'));
    assert!(with("CLICOLOR_FORCE", "1").contains("\u{1b}[1m"));
    // A gate that fails is told all the same.
    let failed = run(dir, &format!("{line} --quiet --fail-if pairs>0"));
    assert_eq!(failed.status.code(), Some(4));
    assert!(
        stderr(&failed).contains("--fail-if 'pairs>0'"),
        "{}",
        stderr(&failed)
    );
}

#[test]
fn b137_how_much_text_is_kept_is_a_switch() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows = (0..6).map(|i| {
        let text = format!("Row {i} ") + &"many words of it ".repeat(1500);
        serde_json::json!({"text": text}).to_string() + "\n"
    });
    fs::write(dir.join("data.jsonl"), rows.collect::<String>()).unwrap();
    let sim = engine();
    let kept = |how: &str| {
        let line = format!(
            "--dataset data.jsonl --endpoint {} --max-output-tokens 2 --concurrency 2 --output-dir {how} --store-text {how}",
            sim.base_url()
        );
        let output = run(dir, &line);
        assert!(output.status.success(), "{}", stderr(&output));
        // Of every prompt the page has a beginning at the most.
        let page = fs::read_to_string(dir.join(how).join("report.html")).unwrap();
        assert!(!page.contains(&"many words of it ".repeat(9)), "{how}");
        let file = json(&dir.join(how).join("concurrency_2_round_2.json"));
        let prompt = file["requests"][0]["prompt"].as_str();
        prompt.map(|prompt| prompt.chars().count())
    };
    assert!(kept("full") > Some(25_000));
    assert_eq!(kept("preview"), Some(200));
    assert_eq!(kept("none"), None);
    let text = fs::read_to_string(dir.join("none/requests.jsonl")).unwrap();
    assert!(!text.contains("many words"));
}
