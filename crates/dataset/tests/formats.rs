//! Every kind of file that is read, and what is chosen from it.
#![cfg(test)]

use dualround_dataset::{
    DatasetError, FileTokenizer, load, load_bytes,
    longbench::{ConvertOptions, convert},
};
use dualround_model::{DatasetPlan, Keep, Sampling, Selection};
use serde_json::{Value, json};
use std::io::Write;

fn plan() -> DatasetPlan {
    DatasetPlan::new("d")
}

fn read(name: &str, text: &str) -> Result<Selection, DatasetError> {
    load_bytes(name, text.as_bytes(), &plan())
}

fn texts(selection: &Selection) -> Vec<String> {
    selection.of_level(0).iter().map(|s| s.text()).collect()
}

/// One row of every shape, its text and its output length.
#[test]
fn shapes_of_rows() {
    let long =
        |id: u64, n: u64| dualround_dataset::made_text(0, id, n, dualround_dataset::TextLang::En);
    let cases: Vec<(Value, String, Option<u64>, &str)> = vec![
        (json!({"text": "a"}), "a".into(), None, "text"),
        (
            json!({"prompt": "a", "output_tokens": 9}),
            "a".into(),
            Some(9),
            "prompt",
        ),
        (
            json!({"instruction": "a", "completion_tokens_count": 4}),
            "a".into(),
            Some(4),
            "instruction",
        ),
        (
            json!({"session_id": "s", "user_messages": ["a", "b"]}),
            "a".into(),
            None,
            "user_messages",
        ),
        (
            json!({"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}),
            "a".into(),
            None,
            "conversations",
        ),
        (
            json!({"conversations": [{"role": "user", "content": "a"}]}),
            "a".into(),
            None,
            "conversations",
        ),
        (
            json!({"conversation": [{"content": "a"}, {"content": "b"}]}),
            "a".into(),
            None,
            "conversations",
        ),
        (
            json!({"turns": ["a", "b"], "category": "x"}),
            "a".into(),
            None,
            "turns",
        ),
        (
            json!({"session_id": "c", "turns": [{"text": "a", "output_length": 3}, {"text": "b", "delay": 8}]}),
            "a".into(),
            Some(3),
            "turns",
        ),
        (json!({"texts": ["a"]}), "a".into(), None, "texts"),
        (
            json!({"context": "Ann met Bo.", "input": "Who?", "answers": ["Bo"]}),
            "Ann met Bo.\n\nWho?".into(),
            None,
            "LongBench",
        ),
        (
            json!({"timestamp": 250, "input_length": 600, "output_length": 40, "hash_ids": [0, 9]}),
            (long(0, 512) + &long(9, 88)).trim_start().into(),
            Some(40),
            "Mooncake trace",
        ),
        (
            json!({"chat_id": 3, "parent_chat_id": -1, "timestamp": 1.5, "input_length": 40, "output_length": 12, "hash_ids": [5, 6]}),
            String::new(),
            Some(12),
            "Bailian trace",
        ),
        (
            json!({"timestamp": 1, "input_length": 3, "hash_ids": [1], "output_length": 2, "text_input": "a"}),
            "a".into(),
            Some(2),
            "Mooncake trace",
        ),
    ];
    for (row, text, output, shape) in cases {
        let selection = read("d", &row.to_string()).unwrap_or_else(|e| panic!("{row}: {e}"));
        let sample = &selection.of_level(0)[0];
        if text.is_empty() {
            // Two blocks of 16 and eight tokens that nobody shares.
            assert_eq!(sample.text().split_whitespace().count(), 40);
        } else {
            assert_eq!(sample.text().trim_start(), text, "{row}");
        }
        assert_eq!(sample.output_tokens, output, "{row}");
        assert!(
            selection.format.contains(shape),
            "{row}: {}",
            selection.format
        );
    }
}

#[test]
fn an_answer_at_the_end_is_not_asked() {
    let row = json!({"messages": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"},
    ]});
    let selection = read("d", &row.to_string()).unwrap();
    let messages = &selection.of_level(0)[0].messages;
    assert_eq!((messages.len(), &messages[2]["content"]), (3, &json!("c")));
}

#[test]
fn tables_and_plain_text() {
    let csv = "id,prompt,output_tokens\n1,\"a, \"\"b\"\"\nc\",7\n2,d,\n";
    let found = read("d.csv", csv).unwrap();
    assert_eq!(texts(&found), ["a, \"b\"\nc", "d"]);
    assert_eq!(found.of_level(0)[0].output_tokens, Some(7));
    assert_eq!(found.of_level(0)[1].row, 4, "physical lines");
    assert!(found.format.starts_with("CSV"));
    let found = read("d.tsv", "prompt\tn\na,b\t1\n").unwrap();
    assert_eq!(texts(&found), ["a,b"]);
    let error = read("d.csv", "prompt,n\na\n").unwrap_err().to_string();
    assert!(
        error.contains("line 2") && error.contains("1 cells under a header of 2"),
        "{error}"
    );
    let found = read("d.txt", "first\n\n second \n").unwrap();
    assert_eq!(texts(&found), ["first", "second"]);
    // By what stands in it, whatever it is called.
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01 00:00:00.2501234,300,20\n";
    let found = read("trace", azure).unwrap();
    assert_eq!(texts(&found)[0].split_whitespace().count(), 300);
    assert_eq!(found.of_level(0)[0].output_tokens, Some(20));
    let burst = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,GPT-4,120,30,150,Conversation log\n6,GPT-4,0,1,1,x\n";
    let found = read("b.csv", burst).unwrap();
    assert_eq!(texts(&found)[0].split_whitespace().count(), 120);
    assert_eq!(found.skipped, [("no input tokens".to_owned(), 1)]);
}

#[test]
fn block_ids_share_as_the_trace_did() {
    let rows = [
        json!({"timestamp": 0, "input_length": 1100, "output_length": 1, "hash_ids": [0, 1, 2]}),
        json!({"timestamp": 1, "input_length": 1300, "output_length": 1, "hash_ids": [0, 1, 3]}),
    ];
    let text = rows.map(|row| row.to_string()).join("\n");
    let two = texts(&read("d", &text).unwrap());
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (words(&two[0]), words(&two[1]));
    let common = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    assert!(
        (1025..=1027).contains(&common),
        "{common} of 1024 words and the gap before them"
    );
    let bad = json!({"timestamp": 0, "input_length": 1100, "output_length": 1, "hash_ids": [0]});
    let error = read("d", &bad.to_string()).unwrap_err().to_string();
    assert!(error.contains("1 hash_ids do not go with"), "{error}");
    let sized = DatasetPlan {
        trace_block_size: Some(1000),
        ..plan()
    };
    assert!(load_bytes("d", bad.to_string().as_bytes(), &sized).is_ok());
}

#[test]
fn packed_files_are_read_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let rows = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n";
    let gz = dir.path().join("d.jsonl.gz");
    let file = std::fs::File::create(&gz).unwrap();
    let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    out.write_all(rows.as_bytes()).unwrap();
    out.finish().unwrap();
    let zst = dir.path().join("d.jsonl.zst");
    std::fs::write(&zst, zstd::encode_all(rows.as_bytes(), 1).unwrap()).unwrap();
    for path in [gz, zst] {
        let found = load(&DatasetPlan::new(&path), 1).unwrap();
        assert_eq!(texts(&found), ["a", "b"], "{}", path.display());
        // Cut off: said, not taken for the end.
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        assert!(load(&DatasetPlan::new(&path), 1).is_err());
    }
}

#[test]
fn parquet_columns_are_keys() {
    use parquet::{
        data_type::{ByteArray, ByteArrayType, Int64Type},
        file::{properties::WriterProperties, writer::SerializedFileWriter},
        schema::parser::parse_message_type,
    };
    let schema = "message m { required binary prompt (UTF8); required int64 output_tokens; }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    let writer = file.reopen().unwrap();
    let properties = std::sync::Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(writer, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values = [ByteArray::from("a"), ByteArray::from("缓存")];
    column
        .typed::<ByteArrayType>()
        .write_batch(&values, None, None)
        .unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<Int64Type>()
        .write_batch(&[3, 4], None, None)
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let found = load(&DatasetPlan::new(file.path()), 1).unwrap();
    assert_eq!(texts(&found), ["a", "缓存"]);
    assert_eq!(found.of_level(0)[1].output_tokens, Some(4));
    assert!(found.format.starts_with("Parquet"));
}

#[test]
fn a_format_can_be_named() {
    let named = |format: &str, text: &str| {
        let plan = DatasetPlan {
            format: Some(format.to_owned()),
            ..plan()
        };
        load_bytes("d", text.as_bytes(), &plan)
    };
    assert_eq!(texts(&named("csv", "prompt\na\n").unwrap()), ["a"]);
    assert_eq!(
        texts(&named("text", "{\"text\":\"a\"}\n").unwrap()),
        ["{\"text\":\"a\"}"]
    );
    let error = named("sharegpt", "{\"text\":\"a\"}")
        .unwrap_err()
        .to_string();
    assert!(error.contains("conversations"), "{error}");
    let error = named("excel", "x").unwrap_err().to_string();
    assert!(error.contains("choose auto, jsonl"), "{error}");
}

fn numbered(rows: u64) -> String {
    (0..rows)
        .map(|i| format!("{{\"text\":\"row {i}\",\"w\":{}}}\n", 1 + i % 2 * 9))
        .collect()
}

#[test]
fn b086_levels_can_ask_samples_of_their_own() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), numbered(1000)).unwrap();
    let rows = |selection: &Selection, level: usize| {
        selection
            .of_level(level)
            .iter()
            .map(|s| s.row)
            .collect::<Vec<_>>()
    };
    let plan = DatasetPlan {
        num_samples: vec![20, 30],
        seed: 1,
        ..DatasetPlan::new(file.path())
    };
    let same = load(&plan, 2).unwrap();
    let (small, large) = (rows(&same, 0), rows(&same, 1));
    assert_eq!((small.len(), large.len()), (20, 30));
    assert!(small.iter().all(|row| large.contains(row)));
    let disjoint = DatasetPlan {
        sampling: Sampling::Disjoint,
        ..plan.clone()
    };
    let apart = load(&disjoint, 2).unwrap();
    let (one, two) = (rows(&apart, 0), rows(&apart, 1));
    assert_eq!((one.len(), two.len()), (20, 30));
    assert!(one.iter().all(|row| !two.contains(row)));
    assert_ne!(apart.digest, same.digest);
    // One number for all, and the same for all: one set.
    let one = DatasetPlan {
        num_samples: vec![20],
        ..plan
    };
    assert_eq!(load(&one, 3).unwrap().levels.len(), 1);
    let few = DatasetPlan {
        num_samples: vec![1000, 10],
        ..disjoint
    };
    assert!(load(&few, 2).unwrap_err().to_string().contains("level 2"));
}

#[test]
fn weights_and_lengths_choose() {
    let text = numbered(1000);
    let plan = DatasetPlan {
        num_samples: vec![100],
        weight_key: Some("w".to_owned()),
        ..plan()
    };
    let found = load_bytes("d", text.as_bytes(), &plan).unwrap();
    // Every second row has ten times the weight.
    let heavy = found.of_level(0).iter().filter(|s| s.row % 2 == 0).count();
    assert!((80..=98).contains(&heavy), "{heavy}");
    let no_key = DatasetPlan {
        weight_key: Some("x".to_owned()),
        ..plan
    };
    let error = load_bytes("d", text.as_bytes(), &no_key)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("1000 no number under --weight-key"),
        "{error}"
    );
    let sized = DatasetPlan {
        lengths: (Some(6), Some(6)),
        ..self::plan()
    };
    let found = load_bytes("d", text.as_bytes(), &sized).unwrap();
    // `row 10` to `row 99`.
    assert_eq!(found.of_level(0).len(), 90);
    assert_eq!(
        found.skipped,
        [
            ("shorter than --min-length".to_owned(), 10),
            ("longer than --max-length".to_owned(), 900)
        ]
    );
}

/// A tokenizer that takes every word with its space for a token.
fn word_tokenizer() -> tempfile::NamedTempFile {
    let words = dualround_model::WORDS.split_whitespace();
    let mut vocabulary: serde_json::Map<String, Value> = serde_json::Map::new();
    vocabulary.insert("[UNK]".to_owned(), 0.into());
    for word in words {
        let id = vocabulary.len();
        vocabulary.insert(word.to_owned(), id.into());
    }
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    let json = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"},
    });
    std::fs::write(file.path(), json.to_string()).unwrap();
    file
}

#[test]
fn lengths_in_tokens() {
    let file = word_tokenizer();
    let tokens = FileTokenizer::open(file.path()).unwrap();
    assert_eq!(tokens.count("able acid 缓存, aged"), 5);
    let made = tokens.made(1, 2, 77, dualround_dataset::TextLang::En);
    assert_eq!(tokens.count(&made), 77);
    let row = json!({"text": "able acid aged also 缓存"}).to_string();
    for (keep, expected) in [(Keep::End, "also 缓存"), (Keep::Start, "able acid")] {
        let plan = DatasetPlan {
            max_input_length: Some(2),
            tokenizer: Some(file.path().to_owned()),
            keep,
            ..plan()
        };
        let found = load_bytes("d", row.as_bytes(), &plan).unwrap();
        assert_eq!(texts(&found), [expected]);
        assert!(found.of_level(0)[0].truncated);
    }
    let error = FileTokenizer::open(std::path::Path::new("/nowhere/x"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("/nowhere/x") && error.contains("no such file"),
        "{error}"
    );
}

#[test]
fn both_longbenches_convert_and_answers_stay_out() {
    let dir = tempfile::tempdir().unwrap();
    let v1 = json!({"_id":"a1","dataset":"qasper","context":"Ann met Bo.","input":"Who met Bo?","answers":["Ann"]});
    let v2 = json!({"_id":"b2","question":"Which file?","choice_A":"a.rs","choice_B":"b.rs","choice_C":"c","choice_D":"d","answer":"SECRET","context":"Code."});
    std::fs::write(dir.path().join("qasper.jsonl"), format!("{v1}\n{v1}\n")).unwrap();
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    std::fs::write(dir.path().join("sub/v2.json"), json!([v2]).to_string()).unwrap();
    let options = ConvertOptions {
        inputs: vec![dir.path().to_owned()],
        ..ConvertOptions::default()
    };
    let mut out = Vec::new();
    let report = convert(&options, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!((report.written, report.duplicates), (2, 1));
    assert!(out.contains("B. b.rs") && !out.contains("SECRET"), "{out}");
}

#[test]
fn sessions_of_agents_are_taken_apart() {
    let session = |id: &str, scope: &str| {
        json!({"id": id, "models": ["m"], "block_size": 64, "hash_id_scope": scope, "requests": [
            {"t": 0.0, "type": "n", "in": 130, "out": 9, "hash_ids": [1, 2, 3]},
            {"t": 1.0, "type": "subagent", "agent_id": "a", "requests": [
                {"t": 1.5, "type": "n", "in": 150, "out": 5, "hash_ids": [1, 2]}]},
            {"t": 3.5, "type": "s", "in": 200, "out": 12, "hash_ids": [1, 2, 4], "ttft": 0.2}]})
    };
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let common = |a: &str, b: &str| {
        let (a, b) = (words(a), words(b));
        a.iter().zip(&b).take_while(|(a, b)| a == b).count()
    };
    for scope in ["local", "global"] {
        let file = format!("{}\n{}\n", session("w1", scope), session("w2", scope));
        let found = read("weka.jsonl", &file).unwrap();
        let texts = texts(&found);
        let lengths: Vec<usize> = texts.iter().map(|text| words(text).len()).collect();
        assert_eq!(lengths, [130, 150, 200, 130, 150, 200]);
        // A subagent has the ids of its session; another session has its own.
        assert_eq!(
            (common(&texts[0], &texts[1]), common(&texts[0], &texts[2])),
            (128, 128)
        );
        let expected = if scope == "global" { 130 } else { 0 };
        assert_eq!(common(&texts[0], &texts[3]), expected, "{scope}");
        let first = &found.of_level(0)[0];
        assert_eq!(
            (first.output_tokens, first.input_tokens),
            (Some(9), Some(130))
        );
        assert_eq!(found.of_level(0)[2].id.as_deref(), Some("w1/2"));
    }
    // One session in a file of its own, over several lines.
    let pretty = serde_json::to_string_pretty(&session("w1", "local")).unwrap();
    assert_eq!(texts(&read("w.json", &pretty).unwrap()).len(), 3);
}

#[test]
fn b089_rows_say_how_long_their_prompt_is() {
    for (row, stated) in [
        (json!({"text": "a", "input_tokens": 7}), Some(7)),
        (json!({"prompt": "a", "prompt_tokens_count": 8}), Some(8)),
        (json!({"text": "a", "length": 9}), None),
        (
            json!({"timestamp": 1, "input_length": 600, "output_length": 4, "hash_ids": [1, 2]}),
            Some(600),
        ),
    ] {
        let found = read("d", &row.to_string()).unwrap();
        assert_eq!(found.of_level(0)[0].input_tokens, stated, "{row}");
    }
}

#[test]
fn columns_of_turns_and_settings_of_generators() {
    let csv =
        "prefix,prompt_0,output_tokens_count_0,prompt_1,output_tokens_count_1\nbe brief,a,3,b,4\n";
    let found = read("d.csv", csv).unwrap();
    let first = &found.of_level(0)[0];
    assert_eq!(
        (first.text(), first.output_tokens),
        ("be brief\na".to_owned(), Some(3))
    );
    assert_eq!(
        texts(&read("d", &json!({"prompt-1": "x", "prompt-2": "y"}).to_string()).unwrap()),
        ["x"]
    );
    let settings = json!({"filetype": "generate_conversations", "num_conversations": 4, "text_files": ["t.txt"]});
    let error = read("d", &settings.to_string()).unwrap_err().to_string();
    assert!(error.contains("settings of a generator"), "{error}");
}

#[test]
fn x20_nested_parquet_columns_are_messages_without_their_padding() {
    use parquet::{
        data_type::{ByteArray, ByteArrayType},
        file::{properties::WriterProperties, writer::SerializedFileWriter},
        schema::parser::parse_message_type,
    };
    // A list of structs, as the usual writers lay it out.
    let schema = "message m { optional group messages (LIST) { repeated group list { \
                  optional group element { optional binary role (UTF8); optional binary content (UTF8); \
                  optional binary name (UTF8); } } } }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    let properties = std::sync::Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file.reopen().unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for column_values in [["system", "user", "user"], ["be brief", "hi", "缓存"]] {
        let values = column_values.map(ByteArray::from);
        let mut column = group.next_column().unwrap().unwrap();
        column
            .typed::<ByteArrayType>()
            .write_batch(&values, Some(&[4, 4, 4]), Some(&[0, 1, 0]))
            .unwrap();
        column.close().unwrap();
    }
    // Every struct has the field, and no row a value.
    let mut column = group.next_column().unwrap().unwrap();
    column
        .typed::<ByteArrayType>()
        .write_batch(&[], Some(&[3, 3, 3]), Some(&[0, 1, 0]))
        .unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let found = load(&DatasetPlan::new(file.path()), 1).unwrap();
    let samples = found.of_level(0);
    assert_eq!(samples.len(), 2);
    let expected =
        json!([{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]);
    assert_eq!(json!(samples[0].messages), expected);
    assert_eq!(samples[1].text(), "缓存");
}

#[test]
fn a_folder_may_hold_other_files_beside_longbench() {
    let dir = tempfile::tempdir().unwrap();
    let row = json!({"context": "c", "input": "q", "dataset": "narrativeqa", "_id": "a"});
    std::fs::write(dir.path().join("a.jsonl"), format!("{row}\n")).unwrap();
    std::fs::write(dir.path().join("infos.json"), "[{\"text\": \"not of it\"}]").unwrap();
    let options = |inputs| ConvertOptions {
        inputs,
        datasets: Vec::new(),
        num_samples: None,
        format: dualround_dataset::longbench::ConvertFormat::Auto,
        shuffle: false,
        seed: 0,
    };
    let mut out = Vec::new();
    let report = convert(&options(vec![dir.path().to_owned()]), &mut out).unwrap();
    assert_eq!((report.written, report.foreign), (1, 1));
    // A file that was named is meant.
    let named = options(vec![dir.path().join("infos.json")]);
    let error = convert(&named, &mut out).unwrap_err().to_string();
    assert!(
        error.contains("infos.json row 1: not a LongBench row"),
        "{error}"
    );
}
