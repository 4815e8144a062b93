//! Files as they come, case by case.
#![cfg(test)]

use dualround_dataset::{DatasetError, RowError, inspect, load, load_bytes};
use dualround_model::{DatasetPlan, Selection};
use serde_json::json;
use std::io::Write;

fn plan() -> DatasetPlan {
    DatasetPlan {
        seed: 1,
        ..DatasetPlan::new("unused")
    }
}

fn read(bytes: &str) -> Result<Selection, DatasetError> {
    load_bytes("d.jsonl", bytes.as_bytes(), &plan())
}

fn texts(selection: &Selection) -> Vec<String> {
    selection
        .of_level(0)
        .iter()
        .map(|sample| sample.text())
        .collect()
}

fn error(bytes: &str) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn b074_an_unknown_shape_is_an_error_with_a_way_out() {
    let row = "{\"query\":\"What is rain?\",\"id\":3}";
    let said = error(row);
    for word in ["d.jsonl", "line 1", "`query`", "`id`"] {
        assert!(said.contains(word), "{said}");
    }
    // By which the program knows the flag that helps.
    assert!(matches!(
        read(row),
        Err(DatasetError::BadRow {
            reason: RowError::UnknownShape { .. },
            ..
        })
    ));
    assert!(error(&format!("[{row}]")).contains("row 1"));
    let named = DatasetPlan {
        text_key: Some("query".to_owned()),
        ..plan()
    };
    let selection = load_bytes("d", row.as_bytes(), &named).unwrap();
    assert_eq!(texts(&selection), ["What is rain?"]);
    assert_eq!(selection.of_level(0)[0].id.as_deref(), Some("3"));
}

#[test]
fn b075_chat_messages_are_kept_whole() {
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello", "name": "x"},
        {"role": "user", "content": [{"type": "text", "text": "Again"}, {"type": "text", "text": "please"}]},
    ]);
    let selection = read(&json!({"messages": messages}).to_string()).unwrap();
    assert_eq!(json!(selection.of_level(0)[0].messages), messages);
    assert!(read("{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}").is_err());
}

#[test]
fn b076_sharegpt_turns() {
    let turn = |from: &str, value: &str| json!({"from": from, "value": value});
    let rows = json!([
        {"conversations": [turn("human", "one"), turn("gpt", "x")]},
        {"conversations": [turn("gpt", "x"), turn("human", "two"), turn("gpt", "y")]},
        {"conversations": [turn("system", "Be kind."), turn("human", "three"), turn("gpt", "y")]},
        {"conversations": []},
        {"conversations": [turn("user", "five"), turn("chatgpt", "y")]},
        {"conversations": [{"role": "user", "content": "six"}, turn("gpt", "y")]},
        {"conversations": [turn("human", "")]},
    ]);
    let selection = read(&rows.to_string()).unwrap();
    assert_eq!(
        texts(&selection),
        ["one", "two", "Be kind.\nthree", "five", "six"]
    );
    assert_eq!(selection.of_level(0)[2].messages[0]["role"], "system");
    assert_eq!(
        selection.notes,
        ["7 rows: 5 used, 2 skipped (1 no turns, 1 empty prompt)"]
    );
}

#[test]
fn b077_jsonl_hygiene() {
    let good = "\u{feff}{\"text\":\"a\"}\r\n\n   \n{\"text\":\"b\"}";
    assert_eq!(texts(&read(good).unwrap()), ["a", "b"]);
    let bad = "\u{feff}{\"text\":\"a\"}\r\n\n   \n\n{\"text\":\"c\",}";
    assert!(error(bad).contains("line 5"), "{}", error(bad));
    let skipping = DatasetPlan {
        skip_bad_rows: true,
        ..plan()
    };
    let selection = load_bytes("d", bad.as_bytes(), &skipping).unwrap();
    assert_eq!(selection.skipped, [("not JSON".to_owned(), 1)]);
    assert!(String::from_utf8_lossy(b"{\"text\":\"\xC0\"}").contains('\u{fffd}'));
    let said = load_bytes("d", b"{\"text\":\"\xC0\"}\n", &plan())
        .unwrap_err()
        .to_string();
    assert!(said.contains("UTF-8"), "{said}");
}

#[test]
fn b078_files_are_named_for_what_they_are() {
    assert_eq!(
        texts(&read("{\"data\":[{\"text\":\"a\"}]}").unwrap()),
        ["a"]
    );
    assert_eq!(
        texts(&read("{\"version\":1,\"data\":[{\"text\":\"a\"}]}\n").unwrap()),
        ["a"]
    );
    assert_eq!(
        texts(&read("{\n  \"data\": [\n    {\"text\": \"a\"}\n  ]\n}\n").unwrap()),
        ["a"]
    );
    assert_eq!(texts(&read("[\"plain\"]").unwrap()), ["plain"]);
    for train in [
        "{\"train\":[{\"text\":\"a\"}]}",
        "{\n\"train\": [\n{\"text\":\"a\"}]}",
    ] {
        assert!(
            error(train).contains("train") && error(train).contains("`data`"),
            "{}",
            error(train)
        );
    }
    assert!(error("").contains("no rows") && error("  \n ").contains("no usable row"));
    assert!(error("version https://git-lfs.github.com/spec/v1\n").contains("git lfs pull"));
    let gzip = load_bytes("d", b"\x1f\x8b\x08\x00", &plan())
        .unwrap_err()
        .to_string();
    assert!(gzip.contains("cannot read dataset d"), "{gzip}");
    // A long first line is JSONL, whatever byte stands where the buffer ends.
    for filler in [",", "{", "w"] {
        let long = json!({"text": filler.repeat(600_000)}).to_string() + "\n{\"text\":\"b\"}\n";
        assert_eq!(read(&long).unwrap().of_level(0).len(), 2);
    }
}

#[test]
fn b079_b080_longbench_rows() {
    let v1 = json!({"input": "Who left?", "context": "Doc one.", "answers": ["Bo"], "length": 5,
        "dataset": "narrativeqa", "language": "en", "all_classes": null, "_id": "k1"});
    let selection = read(&v1.to_string()).unwrap();
    assert_eq!(texts(&selection), ["Doc one.\n\nWho left?"]);
    let v2 = json!({"_id": "q", "length": "short", "question": "Q?", "choice_A": "1",
        "choice_B": "2", "choice_C": "3", "choice_D": "4", "answer": "B", "context": "C"});
    assert_eq!(
        texts(&read(&v2.to_string()).unwrap()),
        ["C\n\nQ?\nA. 1\nB. 2\nC. 3\nD. 4"]
    );
}

#[test]
fn b081_different_documents_with_one_beginning_are_kept() {
    use dualround_dataset::longbench::{ConvertOptions, convert};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.jsonl");
    let start = "Report of the committee ".repeat(20);
    let row = |end: &str| {
        json!({"input": "", "context": format!("{start}{end}"), "answers": []}).to_string()
    };
    std::fs::write(&path, [row("a"), row("b"), row("a")].join("\n")).unwrap();
    let options = ConvertOptions {
        inputs: vec![dir.path().to_owned()],
        ..ConvertOptions::default()
    };
    let mut out = Vec::new();
    let report = convert(&options, &mut out).unwrap();
    assert_eq!((report.files, report.written, report.duplicates), (1, 2, 1));
}

#[test]
fn b083_the_end_of_a_prompt_is_kept_on_a_character_boundary() {
    let cut = DatasetPlan {
        max_input_length: Some(5),
        ..plan()
    };
    let rows = json!([{"text": "日本語テキスト🙂です"}, {"messages": [
        {"role": "system", "content": "long system text"},
        {"role": "user", "content": "abc"}, {"role": "user", "content": "xyz"}]}]);
    let selection = load_bytes("d", rows.to_string().as_bytes(), &cut).unwrap();
    assert_eq!(selection.of_level(0)[0].text(), "スト🙂です");
    assert_eq!(selection.of_level(0)[1].messages[2]["content"], "xyz");
    assert_eq!(selection.of_level(0)[1].messages[1]["content"], "bc");
    assert_eq!(selection.truncated, 2);
}

#[test]
fn b084_row_output_lengths_win_and_are_checked() {
    let rows = "{\"prompt\":\"a\",\"output_tokens\":5}\n{\"prompt\":\"b\",\"max_tokens\":7}\n{\"prompt\":\"c\"}";
    let lengths: Vec<_> = read(rows)
        .unwrap()
        .of_level(0)
        .iter()
        .map(|s| s.output_tokens)
        .collect();
    assert_eq!(lengths, [Some(5), Some(7), None]);
    let said = error("{\"prompt\":\"a\"}\n{\"prompt\":\"b\",\"max_tokens\":\"many\"}");
    assert!(
        said.contains("line 2") && said.contains("max_tokens"),
        "{said}"
    );
}

#[test]
fn b085_more_samples_than_rows() {
    let rows = "\"a\"\n\"b\"\n\"c\"\n";
    let asked = DatasetPlan {
        num_samples: vec![10],
        ..plan()
    };
    assert_eq!(
        load_bytes("d", rows.as_bytes(), &asked)
            .unwrap()
            .of_level(0)
            .len(),
        3
    );
    let more = DatasetPlan {
        oversample: true,
        ..asked
    };
    let selection = load_bytes("d", rows.as_bytes(), &more).unwrap();
    assert_eq!(
        (selection.of_level(0).len(), selection.duplicate_prompts),
        (10, 7)
    );
    // The same prompt with another length is the same prompt to a cache.
    let twins =
        read("{\"text\":\"a\",\"max_tokens\":1}\n{\"text\":\"a\",\"max_tokens\":2}").unwrap();
    assert_eq!(twins.duplicate_prompts, 1);
}

#[test]
fn b087_a_seed_draws_the_same_rows_everywhere() {
    let rows: String = (0..1000).map(|i| format!("\"row {i}\"\n")).collect();
    let draw = |seed| {
        let plan = DatasetPlan {
            num_samples: vec![5],
            seed,
            ..plan()
        };
        let selection = load_bytes("d", rows.as_bytes(), &plan).unwrap();
        selection
            .of_level(0)
            .iter()
            .map(|sample| sample.row)
            .collect::<Vec<u64>>()
    };
    // Pinned: a library that draws differently must not go unnoticed.
    assert_eq!(draw(7), PINNED);
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    assert!(draw(0).is_sorted());
}

const PINNED: [u64; 5] = [466, 603, 695, 817, 833];

#[test]
fn a_large_file_is_sampled_line_by_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for i in 0..20_000 {
        writeln!(file, "{{\"text\":\"row {i}\"}}").unwrap();
    }
    let plan = DatasetPlan {
        path: file.path().to_owned(),
        num_samples: vec![10],
        ..plan()
    };
    let selection = load(&plan, 1).unwrap();
    // Rows that could not be drawn were only checked.
    assert_eq!(
        (
            selection.of_level(0).len(),
            selection.rows,
            selection.usable_rows
        ),
        (10, 20_000, None)
    );
    let found = inspect(&plan).unwrap();
    assert_eq!(
        (found.rows, found.usable, found.duplicates),
        (20_000, 20_000, 0)
    );
}

#[test]
fn batch_rows_and_options() {
    let row = json!({"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions",
        "body": {"model": "m", "temperature": 0.5, "messages": [{"role": "user", "content": "2+2?"}]}});
    let selection = read(&row.to_string()).unwrap();
    let sample = &selection.of_level(0)[0];
    assert_eq!(
        (sample.id.as_deref(), sample.options["temperature"].as_f64()),
        (Some("r1"), Some(0.5))
    );
    assert!(!sample.options.contains_key("model"));
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = load_bytes("d", &bytes, &plan());
    }

    #[test]
    fn what_is_kept_is_the_end(text in "[a-z你🙂 ]{1,60}", limit in 1_u64..40) {
        let cut = DatasetPlan { max_input_length: Some(limit), ..plan() };
        if let Ok(selection) = load_bytes("d", json!([text]).to_string().as_bytes(), &cut) {
            let kept = selection.of_level(0)[0].text();
            proptest::prop_assert!(kept.chars().count() as u64 <= limit && text.ends_with(&kept));
        }
    }
}
