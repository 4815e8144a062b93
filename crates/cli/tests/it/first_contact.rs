//! What a newcomer types first: `init`, `demo --open`, and commands that cannot work yet.

use crate::common::{
    dataset, dualround, engine, engine_with, is_chinese, json, run, stderr, stdout,
};
use simllm::{Sim, SimConfig};
use std::{fs, path::Path, time::Duration};

/// A setting of the file that `init` wrote, as the program reads it.
fn setting(dir: &Path, key: &str) -> Option<String> {
    let text = fs::read_to_string(dir.join("dualround.yaml")).unwrap();
    let begins = format!("{key}: ");
    let line = text.lines().find_map(|line| line.strip_prefix(&begins));
    line.map(str::to_owned)
}

fn init(dir: &Path, sim: &Sim, more: &str) -> String {
    let output = run(dir, &format!("init {} {more}", sim.base_url()));
    assert!(output.status.success(), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn init_writes_what_a_run_takes_and_says_the_command() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine();
    let said = init(dir.path(), &sim, "");
    let prompts = fs::read_to_string(dir.path().join("dualround-prompts.jsonl")).unwrap();
    let count = prompts.lines().count();
    assert!(said.contains(&format!("{count} prompts of")), "{said}");
    assert!(count >= 6, "{count}");
    assert!(
        said.contains("from the cache, and the server said so"),
        "{said}"
    );
    let next = said.lines().last().unwrap().trim();
    let next = next.strip_prefix("dualround ").unwrap();
    let output = run(
        dir.path(),
        &format!("{next} --num-samples 6 --rounds CW --concurrency 2"),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("cache works"),
        "{}",
        stdout(&output)
    );
    let made = json(&dir.path().join("results/run.json"));
    assert_eq!(made["plan"]["request"]["ignore_eos"], true, "{made}");
    // Each line of a setting is told why: a comment stands before it.
    let text = fs::read_to_string(dir.path().join("dualround.yaml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let is_setting = !line.is_empty() && !line.starts_with('#');
        assert!(!is_setting || lines[at - 1].starts_with("# "), "{line}");
    }
}

#[test]
fn init_replaces_nothing_unless_it_is_told_to() {
    let sim = engine();
    for name in ["dualround.yaml", "dualround-prompts.jsonl"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(name), "mine").unwrap();
        let output = run(dir.path(), &format!("init {}", sim.base_url()));
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(said.contains(name) && said.contains("--force"), "{said}");
        assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), "mine");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        init(dir.path(), &sim, "--force");
        assert_ne!(fs::read_to_string(dir.path().join(name)).unwrap(), "mine");
    }
}

#[test]
fn what_is_given_goes_into_the_file_and_no_secret_does() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine();
    dataset(dir.path(), 8);
    let base = sim.base_url().replace("http://", "http://al:pw1@");
    let output = run(
        dir.path(),
        &format!(
            "init {base} --dataset data.jsonl --concurrency 2 8 --rounds CWC \
             --header X-Tenant:head1 --timeout 9 --output-dir out"
        ),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(
        said.contains("what may hold a key is not written"),
        "{said}"
    );
    assert!(
        said.trim_end()
            .ends_with("run --config dualround.yaml --endpoint URL"),
        "{said}"
    );
    assert_eq!(setting(dir.path(), "endpoint"), None);
    assert!(!dir.path().join("dualround-prompts.jsonl").exists());
    let text = fs::read_to_string(dir.path().join("dualround.yaml")).unwrap();
    for secret in ["pw1", "head1"] {
        assert!(!text.contains(secret), "{text}");
    }
    for (key, value) in [
        ("dataset", "\"data.jsonl\""),
        ("concurrency", "[2,8]"),
        ("rounds", "\"CWC\""),
        ("timeout", "9.0"),
        ("output_dir", "\"out\""),
    ] {
        assert_eq!(setting(dir.path(), key).as_deref(), Some(value), "{text}");
    }
    // A file that is read again, with what is missing given again.
    let again = format!("run --config dualround.yaml --endpoint {base} --print-config");
    let output = run(dir.path(), &again);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn the_address_that_is_named_is_the_one_in_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine();
    let output = dualround()
        .current_dir(&dir)
        .env("DUALROUND_ENDPOINT", "http://127.0.0.1:1/v1")
        .env("DUALROUND_COLD", "none")
        .args(["init", &sim.base_url(), "--rounds", "CW"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let address = format!("\"{}\"", sim.base_url());
    assert_eq!(setting(dir.path(), "endpoint"), Some(address));
    // What speaks for a setting is not said of another value.
    let text = fs::read_to_string(dir.path().join("dualround.yaml")).unwrap();
    for given in ["cold: \"none\"", "rounds: \"CW\""] {
        let before = text.split(given).next().unwrap().trim_end();
        assert!(before.ends_with("# As it was given."), "{text}");
    }
}

#[test]
fn the_data_set_fits_a_small_cache() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine_with(SimConfig {
        cache_blocks: 640,
        ..SimConfig::default()
    });
    init(dir.path(), &sim, "");
    let output = run(
        dir.path(),
        "run --config dualround.yaml --rounds CW --concurrency 1 --max-output-tokens 2",
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let level = &json(&dir.path().join("results/comparison.json"))["levels"][0];
    assert!(
        level["hit_rate"]["usage"].as_f64().unwrap() > 0.95,
        "{level}"
    );
    assert_eq!(level["conclusion"]["kind"], "effect", "{level}");
}

/// Whatever was given: what is written can be run, or nothing is written.
#[test]
fn what_is_written_runs_with_what_was_given() {
    let runs = [
        "--no-probe",
        "--until decided --budget 5m",
        "--min-output-tokens 64",
        "--reset-cache-url URL/reset_prefix_cache",
        "--api responses --prompt-cache-key fixed:x",
        "--api completions --prompt-token-ids",
        "--rounds CWM --max-output-tokens 2",
    ];
    // They mostly wait.
    std::thread::scope(|scope| {
        for given in runs {
            scope.spawn(move || {
                // A reset waits until nobody else asks.
                let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
                let base = sim.base_url();
                let given = given.replace("URL", &base);
                let output = run(dir.path(), &format!("init {base} {given}"));
                assert!(output.status.success(), "{given}: {}", stderr(&output));
                let line = "run --config dualround.yaml --num-samples 6 --concurrency 4";
                let output = run(dir.path(), line);
                assert!(output.status.success(), "{given}: {}", stderr(&output));
            });
        }
    });
    let sim = engine();
    let base = sim.base_url();
    for given in [
        "--format sharegpt",
        "--min-length 100000",
        "--until decided",
        "--cold none --rounds CWM",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let output = run(dir.path(), &format!("init {base} {given}"));
        assert_eq!(
            output.status.code(),
            Some(2),
            "{given}: {}",
            stderr(&output)
        );
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "{given}");
    }
}

#[test]
fn an_address_alone_is_told_what_to_put_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), "http://127.0.0.1:1/v1");
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    for command in ["check endpoint", "init"] {
        let line = format!("dualround {command} http://127.0.0.1:1/v1");
        assert!(said.contains(&line), "{said}");
    }
}

#[test]
fn a_service_that_keeps_only_what_it_is_asked_to_keep_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine_with(SimConfig {
        explicit_cache: true,
        explicit_min_tokens: 1024,
        ..SimConfig::default()
    });
    let said = init(dir.path(), &sim, "--api messages");
    assert!(said.contains("hit nothing"), "{said}");
    assert_eq!(
        setting(dir.path(), "cache_control").as_deref(),
        Some("\"5m\"")
    );
    assert_eq!(setting(dir.path(), "ignore_eos"), None);
    let output = run(
        dir.path(),
        "run --config dualround.yaml --num-samples 6 --rounds CW --concurrency 1 --max-output-tokens 2",
    );
    assert!(
        stdout(&output).contains("cache works"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn without_a_server_nothing_is_written_and_the_next_command_is_said() {
    let dir = tempfile::tempdir().unwrap();
    for (line, code, words) in [
        ("init", 2, &["dualround init URL", "dualround demo"][..]),
        (
            "init http://127.0.0.1:1/v1",
            3,
            &["not usable", "dualround simulate"],
        ),
        ("init localhost:1", 2, &["did you mean http://localhost:1"]),
        ("init http://127.0.0.1:1 --api nothing", 2, &["--api"]),
        (
            "run --endpoint http://127.0.0.1:1",
            2,
            &["--dataset", "dualround init URL"],
        ),
        (
            "run --dataset x.jsonl",
            2,
            &["--endpoint", "dualround simulate"],
        ),
        (
            "run --config no.yaml",
            2,
            &["no.yaml", "dualround init URL"],
        ),
        (
            "run --dataset no.jsonl --endpoint http://127.0.0.1:1",
            2,
            &["no.jsonl", "dualround init URL", "dualround generate"],
        ),
        (
            "check dataset no.jsonl",
            2,
            &["no.jsonl", "dualround generate"],
        ),
    ] {
        let output = run(dir.path(), line);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        for word in words {
            assert!(said.contains(word), "{line}: {said}");
        }
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    // A server that does not answer what it is asked.
    let sim = engine_with(SimConfig {
        faults: vec!["all:status=500".parse().unwrap()],
        ..SimConfig::default()
    });
    let output = run(dir.path(), &format!("init {}", sim.base_url()));
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(
        fs::read_dir(&dir).unwrap().count(),
        0,
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_said() {
    let sim = engine();
    let dir = tempfile::tempdir().unwrap();
    // Before anything is sent, which may cost something.
    fs::create_dir(dir.path().join("dualround-prompts.jsonl.part")).unwrap();
    let output = run(dir.path(), &format!("init {}", sim.base_url()));
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("cannot write dualround-prompts.jsonl"),
        "{said}"
    );
}

#[test]
fn init_and_hints_speak_chinese() {
    let dir = tempfile::tempdir().unwrap();
    let sim = engine();
    let chinese = |line: &str| {
        let words = line.split_whitespace();
        let mut command = dualround();
        let command = command.current_dir(&dir).env("LANG", "zh_CN.UTF-8");
        command.args(words).output().unwrap()
    };
    let said = stdout(&chinese(&format!("init {}", sim.base_url())));
    for word in [
        "模型：",
        "探测请求：",
        "冷轮做法：",
        "已写出 dualround.yaml",
        "下一步：",
    ] {
        assert!(said.contains(word), "{said}");
    }
    let text = fs::read_to_string(dir.path().join("dualround.yaml")).unwrap();
    let comments = text
        .lines()
        .filter(|line| line.starts_with("# ") && !line.starts_with("# slo"));
    for comment in comments {
        assert!(is_chinese(comment), "{comment}");
    }
    let said = stdout(&chinese("check dataset dualround-prompts.jsonl"));
    for word in ["文件：", "行数：", "字符数：", "共享前缀：", "第一个请求："]
    {
        assert!(said.contains(word), "{said}");
    }
    let said = stderr(&chinese("check dataset no.jsonl"));
    assert!(said.contains("提示：`dualround init URL` 生成"), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn demo_opens_its_page_where_there_is_a_screen() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let browser = bin.join("xdg-open");
    fs::write(
        &browser,
        "#!/bin/sh\necho \"$1\" > \"$OPENED.part\"\nmv \"$OPENED.part\" \"$OPENED\"\n",
    )
    .unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let opened = dir.path().join("opened.txt");
    let demo = |out: &str, display: &str| {
        let path = std::env::var("PATH").unwrap_or_default();
        let output = dualround()
            .current_dir(&dir)
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("DISPLAY", display)
            .env("OPENED", &opened)
            .args(format!("demo --open --concurrency 4 --num-samples 4 --max-output-tokens 2 --output-dir {out}").split(' '))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stderr(&output)
    };
    let said = demo("over-ssh", "");
    assert!(
        said.contains("no browser was opened") && said.contains("over-ssh/report.html"),
        "{said}"
    );
    assert!(!opened.exists());
    let said = demo("here", ":0");
    assert!(!said.contains("no browser"), "{said}");
    for _ in 0..200 {
        if opened.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let page = fs::read_to_string(&opened).unwrap();
    assert!(
        Path::new(page.trim()).ends_with("here/report.html"),
        "{page}"
    );
    assert!(Path::new(page.trim()).is_absolute(), "{page}");
}
