//! What rows may ask for, what of them is sent, and what is told of the rest.
#![cfg(test)]

use dualround_dataset::{DatasetError, load_bytes};
use dualround_model::{DatasetPlan, Sample, Selection};
use serde_json::{Value, json};

fn plan() -> DatasetPlan {
    DatasetPlan {
        seed: 1,
        ..DatasetPlan::new("unused")
    }
}

fn read(name: &str, text: &str) -> Result<Selection, DatasetError> {
    load_bytes(name, text.as_bytes(), &plan())
}

fn row(row: &Value) -> Selection {
    read("d.jsonl", &row.to_string()).unwrap_or_else(|error| panic!("{row}: {error}"))
}

fn first(selection: &Selection) -> &Sample {
    &selection.of_level(0)[0]
}

fn error(text: &str) -> String {
    read("d.jsonl", text).unwrap_err().to_string()
}

fn unsent(selection: &Selection) -> Vec<&str> {
    let mut keys: Vec<&str> = selection
        .unsent
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    keys.sort_unstable();
    keys
}

#[test]
fn f022_what_of_a_row_is_not_sent_is_told() {
    for (given, expected) in [
        (
            json!({"prompt": "How many animals?", "image_files": ["https://h/horse.jpg"]}),
            vec!["image_files"],
        ),
        (
            json!({"image": "horse.jpg", "conversations": [{"from": "human", "value": "<image>\nWhat?"}]}),
            vec!["image"],
        ),
        (
            json!({"messages": [{"role": "user", "content": "hi"}], "images": ["a"]}),
            vec!["images"],
        ),
        (
            json!({"text": "hi", "audio": {"path": "a.wav"}, "note": 3}),
            vec!["audio", "note"],
        ),
        (
            json!({"prompt": "hi", "context": "long", "id": 7}),
            vec!["context"],
        ),
        (
            json!({"instruction": "do", "input": "this", "output": "that"}),
            vec!["input", "output"],
        ),
        (
            json!({"turns": ["a", "b"], "category": "x"}),
            vec!["category"],
        ),
        (
            json!({"text": "hi", "logprobs": true, "n": 1}),
            vec!["logprobs", "n"],
        ),
        // What is sent, or says who the row is, or is empty.
        (
            json!({"id": 1, "text": "hi", "system": "be brief", "temperature": 0.5, "max_tokens": 4, "video": null}),
            vec![],
        ),
        (
            json!({"_id": "x", "context": "c", "input": "q", "answers": ["a"], "length": 9, "dataset": "qasper"}),
            vec![],
        ),
        (
            json!({"timestamp": 0, "input_length": 40, "output_length": 7, "hash_ids": [3]}),
            vec![],
        ),
    ] {
        assert_eq!(unsent(&row(&given)), expected, "{given}");
    }
    let rows = "{\"text\":\"a\",\"x\":1}\n{\"text\":\"b\"}\n{\"text\":\"c\",\"x\":2,\"y\":1}\n";
    let selection = read("d.jsonl", rows).unwrap();
    assert_eq!(selection.unsent, [("x".to_owned(), 2), ("y".to_owned(), 1)]);
}

#[test]
fn f022_parts_of_messages_are_sent_whatever_they_are() {
    let messages = json!([{"role": "user", "content": [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://h/horse.jpg"}},
    ]}]);
    let selection = row(&json!({ "messages": messages }));
    assert_eq!(json!(first(&selection).messages), messages);
    assert!(selection.unsent.is_empty());
}

#[test]
fn x19_every_field_of_a_batch_request_is_sent() {
    let body = json!({
        "model": "of the batch", "messages": [{"role": "user", "content": "hi"}], "stream": false,
        "reasoning_effort": "low", "logprobs": true, "top_k": 5, "metadata": {"a": "b"},
        "temperature": 0.5, "max_completion_tokens": 9, "n": 1,
    });
    let batch =
        json!({"custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": body});
    let selection = row(&batch);
    let sample = first(&selection);
    assert_eq!(
        (sample.id.as_deref(), sample.output_tokens),
        (Some("r1"), Some(9))
    );
    let expected = json!({
        "reasoning_effort": "low", "logprobs": true, "top_k": 5, "metadata": {"a": "b"},
        "temperature": 0.5, "n": 1,
    });
    assert_eq!(json!(sample.options), expected);
    // The run has its own model, and streams.
    assert_eq!(unsent(&selection), ["model", "stream"]);
    for (options, told) in [
        (json!({"include_usage": true}), vec![]),
        (
            json!({"include_usage": true, "include_obfuscation": false}),
            vec!["stream_options"],
        ),
    ] {
        let body = json!({"messages": [{"role": "user", "content": "a"}], "stream": true, "stream_options": options});
        let selection = row(&json!({"custom_id": "r", "body": body}));
        assert_eq!(unsent(&selection), told, "{options}");
    }
    let several = batch.to_string().replace("\"n\":1", "\"n\":4");
    assert!(error(&several).contains("`n` is 4"), "{}", error(&several));
    for row in [
        json!({"prompt": "hi", "n": 2}),
        json!({"messages": [{"role": "user", "content": "a"}], "n": 3}),
    ] {
        assert!(error(&row.to_string()).contains("one answer"), "{row}");
    }
    let beside = json!({"custom_id": "r", "body": {"messages": [{"role": "user", "content": "a"}], "store": null}, "temperature": 0.5});
    let selection = row(&beside);
    assert_eq!(unsent(&selection), ["temperature"]);
    assert_eq!(json!(first(&selection).options), json!({"store": null}));
    let other = batch.to_string().replace("chat/completions", "embeddings");
    assert!(error(&other).contains("/v1/embeddings"));
}

#[test]
fn v18_cells_of_tables_hold_what_python_writes() {
    let head = "prompt,stop,response_format,tools,reasoning_effort,temperature,max_tokens";
    let cells = [
        "hi",
        "['a', \"\"it's\"\"]",
        "{'type': 'json_schema', 'strict': True, 'n': None, 'of': {'x': 'say \\'hi\\''}}",
        "[{'type': 'function', 'function': {'name': 'f'}}]",
        "low",
        "0.5",
        "7.0",
    ];
    let cells = cells.map(|cell| format!("\"{cell}\"")).join(",");
    let missing = "hi,nan,NaN,<NA>,nan,nan,nan";
    let selection = read("d.csv", &format!("{head}\n{cells}\n{missing}\n")).unwrap();
    let drawn = selection.of_level(0);
    let with = |length| drawn.iter().find(|sample| sample.output_tokens == length);
    let (full, second) = (with(Some(7)).unwrap(), with(None).unwrap());
    assert_eq!(
        json!(full.options),
        json!({
            "stop": ["a", "it's"],
            "response_format": {"type": "json_schema", "strict": true, "n": null, "of": {"x": "say 'hi'"}},
            "tools": [{"type": "function", "function": {"name": "f"}}],
            "reasoning_effort": "low",
            "temperature": 0.5,
        })
    );
    // An empty cell of a column of numbers, as pandas writes it where it was told to.
    assert_eq!(json!(second.options), json!({}));
    // The messages themselves, too.
    let rows = "messages\n\"[{'role': 'user', 'content': 'it\\'s me'}]\"\n";
    let selection = read("d.csv", rows).unwrap();
    assert_eq!(
        json!(first(&selection).messages),
        json!([{"role": "user", "content": "it's me"}])
    );
    for cell in ["{'type': json_object}", "{'type': 'a'", "{'a': f('b')}"] {
        let rows = format!("prompt,response_format\nhi,\"{cell}\"\n");
        assert!(read("d.csv", &rows).is_err(), "{cell}");
    }
}

#[test]
fn fields_of_another_type_are_refused_by_line_and_key() {
    for (field, said) in [
        (
            json!({"temperature": "hot"}),
            "`temperature` is \"hot\", not a number",
        ),
        (json!({"top_p": [0.1]}), "`top_p` is [0.1], not a number"),
        (
            json!({"tools": "search"}),
            "`tools` is \"search\", not a list",
        ),
        (
            json!({"tools": ["search"]}),
            "`tools` is no list of objects",
        ),
        (
            json!({"tool_choice": 3}),
            "`tool_choice` is 3, not a text or an object",
        ),
        (
            json!({"response_format": "json"}),
            "`response_format` is \"json\", not an object",
        ),
        (json!({"seed": 1.5}), "`seed` is 1.5, not a whole number"),
        (json!({"stop": 7}), "`stop` is 7, not a text or a list"),
        (json!({"stop": ["a", 5]}), "not a list of texts"),
        (json!({"parallel_tool_calls": "maybe"}), "not true or false"),
        (
            json!({"max_tokens": "many"}),
            "`max_tokens` is \"many\", not a positive integer",
        ),
    ] {
        let mut line = json!({"text": "hi"});
        line.as_object_mut()
            .unwrap()
            .extend(field.as_object().unwrap().clone());
        let told = error(&format!("{{\"text\":\"fine\"}}\n{line}\n"));
        assert!(told.contains("line 2") && told.contains(said), "{told}");
    }
    for (messages, said) in [
        (json!(["hi"]), "messages[0] is \"hi\", no object"),
        (
            json!([{"role": 1, "content": "a"}]),
            "messages[0].role is 1, no text",
        ),
        (
            json!([{"role": "user", "content": 5}]),
            "messages[0].content is 5",
        ),
        (
            json!([{"role": "user", "content": {"text": "a"}}]),
            "neither text nor parts",
        ),
        (
            json!([{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": "f()"}]),
            "messages[1].tool_calls is \"f()\", no list",
        ),
    ] {
        let told = error(&json!({ "messages": messages }).to_string());
        assert!(told.contains("line 1") && told.contains(said), "{told}");
    }
}

#[test]
fn fields_that_a_table_keeps_as_text_are_read() {
    let table =
        "text,temperature,top_k,tools,stop\nhi,0.5,5,\"[{\"\"type\"\":\"\"function\"\"}]\",END\n";
    let selection = read("d.csv", table).unwrap();
    let expected =
        json!({"temperature": 0.5, "top_k": 5, "tools": [{"type": "function"}], "stop": "END"});
    assert_eq!(json!(first(&selection).options), expected);
    // As pandas and Excel write columns with empty cells, flags and lists.
    let table = "text,max_tokens,seed,parallel_tool_calls,stop\nhi,7.0,3.0,True,\"[\"\"a\"\",\"\"b\"\"]\"\n";
    let selection = read("d.csv", table).unwrap();
    let sample = first(&selection);
    assert_eq!(sample.output_tokens, Some(7));
    let expected = json!({"seed": 3, "parallel_tool_calls": true, "stop": ["a", "b"]});
    assert_eq!(json!(sample.options), expected);
    let table = "text,top_k,stop\nhi,-1.0,\"['###', 'END']\"\n";
    let selection = read("d.csv", table).unwrap();
    let expected = json!({"top_k": -1, "stop": ["###", "END"]});
    assert_eq!(json!(first(&selection).options), expected);
    // A citation mark is a stop word of its own.
    for stop in ["[1]", "[]", "{}", "null", "7"] {
        let selection = row(&json!({"text": "hi", "stop": stop}));
        assert_eq!(first(&selection).options["stop"], stop);
    }
}

#[test]
fn x21_messages_in_other_places_are_read() {
    let asked = json!([{"role": "user", "content": "hi"}]);
    for given in [
        json!({"prompt": asked}),
        json!({"input": asked, "id": "a"}),
        json!({"question": [{"from": "human", "value": "hi"}]}),
        json!([[{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]]),
        json!([[{"role": "user", "content": "hi"}]]),
        json!({"messages": "[{\"role\": \"user\", \"content\": \"hi\"}]"}),
    ] {
        let selection = row(&given);
        assert_eq!(json!(first(&selection).messages), asked, "{given}");
        assert_eq!(selection.rows, 1, "{given}");
    }
    let table = "id,messages\n1,\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"hi\"\"}]\"\n";
    assert_eq!(json!(first(&read("d.csv", table).unwrap()).messages), asked);
    let pretty = serde_json::to_string_pretty(&json!({ "prompt": asked })).unwrap();
    assert_eq!(
        json!(first(&read("d.json", &pretty).unwrap()).messages),
        asked
    );
    let named = DatasetPlan {
        text_key: Some("ask".to_owned()),
        ..plan()
    };
    let line = json!({ "ask": asked }).to_string();
    let selection = load_bytes("d", line.as_bytes(), &named).unwrap();
    assert_eq!(json!(first(&selection).messages), asked);
    // A list of messages is not a list of rows.
    let told = error(&asked.to_string());
    assert!(told.contains("one message, not a row"), "{told}");
}

#[test]
fn x23_what_is_packed_otherwise_is_named() {
    for (bytes, name) in [
        (&b"\xfd7zXZ\0\0\x04"[..], "packed with xz"),
        (b"BZh91AY&SY", "packed with bzip2"),
        (b"PK\x03\x04\x14\0", "a zip archive"),
        (b"7z\xbc\xaf\x27\x1c\0", "a 7z archive"),
        (b"\x04\x22\x4d\x18\x64", "packed with lz4"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"ARROW1\0\0", "an Arrow file"),
        (b"\xff\xfet\0", "UTF-16 text"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\x80\x04\x95\x10\0", "a Python pickle"),
    ] {
        let told = load_bytes("d.jsonl", bytes, &plan())
            .unwrap_err()
            .to_string();
        assert!(told.contains(name) && told.contains("unpack"), "{told}");
    }
    let mut tar = vec![b'a'; 257];
    tar.extend_from_slice(b"ustar\x0000");
    let told = load_bytes("d.jsonl", &tar, &plan())
        .unwrap_err()
        .to_string();
    assert!(told.contains("a tar archive"), "{told}");
    assert!(read("d.txt", "BZ is no magic\nPKs neither\n").is_ok());
}

#[test]
fn v00g_half_of_a_character_in_a_row_is_told_by_its_line() {
    let rows = "{\"text\":\"fine\"}\n{\"text\":\"a\\ud83d\"}\n";
    let told = error(rows);
    assert!(
        told.contains("line 2") && told.contains("surrogate"),
        "{told}"
    );
    assert!(read("d.jsonl", "{\"text\":\"a\\ud83d\\ude00\"}").is_ok());
}
