//! Making, converting and checking data sets, and levels that ask samples of their own.

use crate::common::{dataset, engine, json, run, stderr, stdout};
use serde_json::Value;
use std::path::Path;

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_workload_hits_as_much_as_it_says() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let output = run(
        dir.path(),
        "generate --groups 4 --prompts 20 --shared 320 --unique 80 --hit-ratio 0.5 --output-length 4 -o made.jsonl",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("20 rows, 8000 words; 50.0 %")
            || stderr(&output).contains("50.1 %"),
        "{}",
        stderr(&output)
    );
    let rows = lines(&dir.path().join("made.jsonl"));
    assert_eq!((rows.len(), &rows[0]["output_tokens"]), (20, &4.into()));
    // And so does an engine with a real prefix cache, in the cold round already.
    let line = format!(
        "run --dataset made.jsonl --endpoint {} --output-dir out --warmup 0",
        sim.base_url()
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let level = json(&dir.path().join("out/comparison.json"))["levels"][0].clone();
    let cold = level["hit_rate"]["usage_cold"].as_f64().unwrap();
    assert!((cold - 0.5).abs() < 0.06, "{level}");
    let output = run(
        dir.path(),
        "generate --groups 4 --prompts 4 --hit-ratio 0.5 -o no.jsonl",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(!dir.path().join("no.jsonl").exists());
}

#[test]
fn conversions_keep_what_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let talk = serde_json::json!([{"id": "x", "conversations": [{"from": "system", "value": "s"}, {"from": "human", "value": "hi"}, {"from": "gpt", "value": "no"}]}]);
    std::fs::write(dir.path().join("talk.json"), talk.to_string()).unwrap();
    let output = run(
        dir.path(),
        "convert sharegpt --input-file talk.json -o a.jsonl",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = lines(&dir.path().join("a.jsonl"));
    assert_eq!(rows[0]["messages"][1]["content"], "hi");
    assert_eq!(rows[0]["messages"].as_array().unwrap().len(), 2);
    let trace = serde_json::json!({"timestamp": 2.5, "input_length": 40, "output_length": 7, "hash_ids": [3]});
    std::fs::write(dir.path().join("t.jsonl"), trace.to_string()).unwrap();
    let output = run(
        dir.path(),
        "convert trace --input-file t.jsonl -o b.jsonl --seed 5",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows = lines(&dir.path().join("b.jsonl"));
    assert_eq!(rows[0]["output_tokens"], 7);
    assert_eq!(rows[0]["timestamp"], 2.5);
    assert_eq!(
        rows[0]["text"].as_str().unwrap().split_whitespace().count(),
        40
    );
    let output = run(dir.path(), "convert trace --input-file a.jsonl -o c.jsonl");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("is no trace"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn b086_every_level_asks_its_own_rows() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 40);
    let line = format!(
        "run --dataset data.jsonl --endpoint {} --concurrency 1 2 --num-samples 5 8 --sampling disjoint --cold none --max-output-tokens 2 --warmup 0 --output-dir out",
        sim.base_url()
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let ids = |level: u32| -> Vec<String> {
        let file = json(
            &dir.path()
                .join(format!("out/concurrency_{level}_round_1.json")),
        );
        let requests = file["requests"].as_array().unwrap().clone();
        requests
            .iter()
            .map(|r| r["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (one, two) = (ids(1), ids(2));
    assert_eq!((one.len(), two.len()), (5, 8));
    assert!(one.iter().all(|id| !two.contains(id)));
    // So the second level is cold without anything being done.
    let levels = json(&dir.path().join("out/comparison.json"))["levels"].clone();
    assert_eq!(levels[1]["cold"]["verdict"], "cold", "{}", levels[1]);
    // What a cache could give was computed from the first level's prompts only.
    assert!(levels[0]["hit_rate"]["theory"].as_f64().unwrap() > 0.9);
    assert_eq!(levels[1]["hit_rate"]["theory"], serde_json::Value::Null);
    assert_eq!(run(dir.path(), "report out").status.code(), Some(0));
    let again = json(&dir.path().join("out/comparison.json"));
    assert_eq!(again["levels"], levels);
    let output = run(dir.path(), &line.replace("5 8", "5 8 9"));
    assert_eq!(output.status.code(), Some(2));
    // The same in a file.
    std::fs::write(
        dir.path().join("c.yaml"),
        "num_samples: [3, 4]\nconcurrency: [1, 2]\n",
    )
    .unwrap();
    let line = format!(
        "run --config c.yaml --dataset data.jsonl --endpoint {} --max-output-tokens 2 --warmup 0 --output-dir out2",
        sim.base_url()
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let planned = json(&dir.path().join("out2/concurrency_2_round_1.json"));
    assert_eq!(planned["summary"]["planned_requests"], 4);
}

#[test]
fn a_data_set_is_checked_in_any_format() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("d.csv"),
        "prompt,output_tokens\nhello,3\n,4\n",
    )
    .unwrap();
    let output = run(dir.path(), "check dataset d.csv");
    let said = stdout(&output);
    assert!(
        said.contains("format: CSV (prompt)") && said.contains("rows with an output length: 1"),
        "{said}"
    );
    let output = run(dir.path(), "check dataset d.csv --format sharegpt");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn prompts_are_cut_in_the_engines_own_tokens() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    dataset(dir.path(), 4);
    let url = sim.base_url();
    for (tokenizer, unit, engine_tokens) in [
        ("", "tokens", "always"),
        ("--tokenizer engine", "tokens", "always"),
        ("--tokenizer none", "characters", "never"),
    ] {
        let line = format!(
            "run --dataset data.jsonl --endpoint {url} --output-dir out --overwrite --warmup 0 \
             --cold none --max-output-tokens 2 --max-input-length 50 {tokenizer}"
        );
        let output = run(dir.path(), &line);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let file = json(&dir.path().join("out/concurrency_1_round_1.json"));
        let warning = file["summary"]["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|warning| warning["code"] == "truncated_input")
            .unwrap_or_else(|| panic!("{file}"));
        assert_eq!(
            (&warning["unit"], &warning["count"]),
            (&unit.into(), &4.into())
        );
        let plan = json(&dir.path().join("out/run.json"))["plan"]["dataset"].clone();
        assert_eq!(plan["engine_tokens"], engine_tokens);
        // The simulator's template adds a few tokens of its own.
        for request in file["requests"].as_array().unwrap() {
            let tokens = request["input_tokens"].as_u64().unwrap();
            let expected = if unit == "tokens" { 50..60 } else { 8..30 };
            assert!(expected.contains(&tokens), "{tokenizer}: {tokens}");
        }
    }
    // A server that has none.
    let plain = crate::common::engine_with(simllm::SimConfig {
        tokenize: false,
        ..Default::default()
    });
    let line = format!(
        "run --dataset data.jsonl --endpoint {} --output-dir no --max-input-length 50 --tokenizer engine",
        plain.base_url()
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--tokenizer engine"),
        "{}",
        stderr(&output)
    );
    let line = line.replace(" --tokenizer engine", "");
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("cut to 50 characters"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn b089_a_prompt_of_another_length_than_stated_is_said() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let row = |stated: u64| {
        let text = repeated_words(700);
        serde_json::json!({"text": text, "input_tokens": stated}).to_string() + "\n"
    };
    for (stated, said) in [(700, false), (600, true)] {
        std::fs::write(dir.path().join("d.jsonl"), row(stated)).unwrap();
        let line = format!(
            "run --dataset d.jsonl --endpoint {} --output-dir out --overwrite --warmup 0 --max-output-tokens 2",
            sim.base_url()
        );
        let output = run(dir.path(), &line);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let file = json(&dir.path().join("out/concurrency_1_round_1.json"));
        let warnings = file["summary"]["warnings"].as_array().unwrap().clone();
        let found = warnings
            .iter()
            .find(|warning| warning["code"] == "other_input_length");
        assert_eq!(found.is_some(), said, "{warnings:?}");
        assert_eq!(
            stdout(&output).contains("by the server, 600 by the dataset"),
            said,
            "{}",
            stdout(&output)
        );
    }
}

fn repeated_words(count: usize) -> String {
    let words = ["able", "acid", "aged", "also", "area"];
    let words: Vec<&str> = words.iter().copied().cycle().take(count).collect();
    words.join(" ")
}

#[test]
fn b140_files_are_utf8_in_any_locale() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    let text = "中文🙂 ".to_owned() + &"缓存命中率 ".repeat(60);
    let row = serde_json::json!({"id": "行1", "text": text}).to_string();
    std::fs::write(dir.path().join("数据.jsonl"), row).unwrap();
    for (locale, lang) in [("C", "en"), ("zh_CN.GBK", "zh")] {
        let output = crate::common::dualround()
            .current_dir(dir.path())
            .env("LANG", locale)
            .env("LC_ALL", locale)
            .args([
                "run",
                "--dataset",
                "数据.jsonl",
                "--output-dir",
                "结果",
                "--overwrite",
            ])
            .args([
                "--endpoint",
                &sim.base_url(),
                "--lang",
                lang,
                "--store-text",
                "full",
            ])
            .args(["--warmup", "0", "--max-output-tokens", "2"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        for entry in std::fs::read_dir(dir.path().join("结果")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            // Parquet is no text; its strings are UTF-8 by its format.
            let text = path.extension().is_none_or(|name| name != "parquet");
            assert!(
                !text || String::from_utf8(bytes).is_ok(),
                "{}",
                path.display()
            );
        }
        let file = json(&dir.path().join("结果/concurrency_1_round_1.json"));
        assert_eq!(file["requests"][0]["prompt"], text);
        assert_eq!(file["requests"][0]["id"], "行1");
    }
}

#[test]
fn b041_prompt_tokens_are_the_servers() {
    let (dir, sim) = (tempfile::tempdir().unwrap(), engine());
    std::fs::write(dir.path().join("d.jsonl"), "{\"text\": \"hi\"}\n").unwrap();
    let line = format!(
        "run --dataset d.jsonl --endpoint {} --output-dir out --cold none --warmup 0 --max-output-tokens 2",
        sim.base_url()
    );
    let output = run(dir.path(), &line);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = json(&dir.path().join("out/concurrency_1_round_1.json"));
    // The last request is the warm round's.
    let truth = sim.truth().requests;
    let served = truth.last().unwrap().prompt_tokens;
    // The chat template's tokens are in it.
    assert!(served > 1 && served < 100, "{served}");
    assert_eq!(file["requests"][0]["input_tokens"], served);
    assert_eq!(
        file["summary"]["avg_input_tokens"].as_f64(),
        served.to_string().parse().ok()
    );
}
