//! When rows were asked: what of a file is replayed, and what is refused.
#![cfg(test)]

use dualround_dataset::{
    DatasetError, RowError, RowTimes, TimeError, inspect, load, load_bytes, sample_digest,
};
use dualround_model::{DatasetPlan, Sampling, Selection, TimestampUnit};
use serde_json::{Value, json};
use std::io::Write;

const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;
/// The first of January 2024, ns since 1970.
const YEAR: u64 = 1_704_067_200 * S;

fn replay() -> DatasetPlan {
    DatasetPlan {
        replay: true,
        seed: 1,
        ..DatasetPlan::new("unused")
    }
}

fn read(text: &str, plan: &DatasetPlan) -> Result<Selection, DatasetError> {
    load_bytes("d.jsonl", text.as_bytes(), plan)
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

fn times(selection: &Selection) -> Vec<u64> {
    let samples = selection.of_level(0).iter();
    samples.map(|sample| sample.arrival_ns.unwrap()).collect()
}

fn rows(selection: &Selection) -> Vec<u64> {
    let samples = selection.of_level(0).iter();
    samples.map(|sample| sample.row).collect()
}

fn mooncake(timestamp: &Value) -> Value {
    json!({"timestamp": timestamp, "input_length": 20, "output_length": 2, "hash_ids": [1]})
}

fn asked(timestamp: &Value) -> Value {
    json!({"text": "a", "timestamp": timestamp})
}

/// A file of every format, the unit that is said, and its times.
#[test]
fn every_format_states_times_of_its_own_unit() {
    use TimestampUnit::{Milliseconds, Seconds};
    let bailian = |timestamp: f64| {
        json!({"chat_id": 3, "parent_chat_id": -1, "timestamp": timestamp, "input_length": 20,
            "output_length": 2, "hash_ids": [1, 2]})
    };
    let burst = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
        5,GPT-4,9,3,12,x\n5.123456789,GPT-4,9,3,12,x\n";
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
        2024-01-01 00:00:00.2501234,300,20\n2024-01-01T02:00:01.000000001+02:00,300,20\n";
    let generic = |first: Value, second: Value| lines(&[asked(&first), asked(&second)]);
    let cases: Vec<(String, Option<TimestampUnit>, [u64; 2])> = vec![
        (
            lines(&[mooncake(&json!(0)), mooncake(&json!(250))]),
            None,
            [0, 250 * MS],
        ),
        (
            lines(&[mooncake(&json!(0.5)), mooncake(&json!("0.75"))]),
            Some(Milliseconds),
            [500_000, 750_000],
        ),
        (
            lines(&[bailian(1.5), bailian(61.114)]),
            None,
            [1_500 * MS, 61_114 * MS],
        ),
        (
            lines(&[bailian(1.5), bailian(1.5)]),
            Some(Seconds),
            [1_500 * MS; 2],
        ),
        (burst.to_owned(), None, [5 * S, 5_123_456_789]),
        (azure.to_owned(), None, [YEAR + 250_123_400, YEAR + S + 1]),
        (
            generic(json!(1), json!(2.25)),
            Some(Seconds),
            [S, 2_250 * MS],
        ),
        (
            generic(json!(1), json!("2.25")),
            Some(Milliseconds),
            [MS, 2_250_000],
        ),
        // Seconds since 1970, to the microsecond.
        (
            generic(json!(0), json!(1_704_067_200.123_457)),
            Some(Seconds),
            [0, YEAR + 123_457_000],
        ),
        (
            generic(
                json!("2024-01-01T00:00:00Z"),
                json!("2024-01-01T00:00:00.25Z"),
            ),
            None,
            [YEAR, YEAR + 250 * MS],
        ),
        (
            generic(json!("2024-01-01 00:00:00"), json!("2024-01-01 00:00:01")),
            Some(Seconds),
            [YEAR, YEAR + S],
        ),
    ];
    for (text, unit, expected) in cases {
        let plan = DatasetPlan {
            timestamp_unit: unit,
            ..replay()
        };
        let found = read(&text, &plan).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(times(&found), expected, "{text}");
    }
}

#[test]
fn a_format_that_is_named_has_its_unit_too() {
    let row = json!({"timestamp": 250, "input_length": 20, "output_length": 2, "text_input": "a"});
    let text = lines(&[row]);
    for (format, expected) in [("mooncake", 250 * MS), ("bailian", 250 * S)] {
        let named = DatasetPlan {
            format: Some(format.to_owned()),
            ..replay()
        };
        assert_eq!(times(&read(&text, &named).unwrap()), [expected], "{format}");
    }
}

#[test]
fn a_batch_row_states_its_time_beside_the_request() {
    let row = json!({"custom_id": "r", "timestamp": "2024-01-01T00:00:00Z", "url": "/v1/chat/completions",
        "body": {"messages": [{"role": "user", "content": "hi"}], "temperature": 0}});
    let found = read(&lines(&[row]), &replay()).unwrap();
    assert_eq!(times(&found), [YEAR]);
    assert_eq!(
        json!(found.of_level(0)[0].options),
        json!({"temperature": 0})
    );
    assert!(found.unsent.is_empty(), "{:?}", found.unsent);
}

#[test]
fn columns_of_times_in_parquet_are_date_times() {
    use parquet::{
        data_type::{ByteArray, ByteArrayType, Int64Type},
        file::{properties::WriterProperties, writer::SerializedFileWriter},
        schema::parser::parse_message_type,
    };
    let schema = "message m { required binary text (UTF8); required int64 timestamp (TIMESTAMP(MICROS,true)); }";
    let schema = std::sync::Arc::new(parse_message_type(schema).unwrap());
    let file = tempfile::NamedTempFile::new().unwrap();
    let properties = std::sync::Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(file.reopen().unwrap(), schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let texts = [ByteArray::from("a"), ByteArray::from("b")];
    let written = column.typed::<ByteArrayType>();
    written.write_batch(&texts, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let micros = [YEAR, YEAR + 9_000].map(|ns| i64::try_from(ns / 1_000).unwrap());
    let written = column.typed::<Int64Type>();
    written.write_batch(&micros, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    let plan = DatasetPlan {
        path: file.path().to_owned(),
        ..replay()
    };
    assert_eq!(times(&load(&plan, 1).unwrap()), [YEAR, YEAR + 9_000]);
}

#[test]
fn the_first_rows_are_replayed_and_ties_stand_as_in_the_file() {
    let text = lines(&[0, 0, 7, 7, 7, 8, 9, 9].map(|ms| mooncake(&json!(ms))));
    for (count, expected) in [
        (Some(5), vec![1, 2, 3, 4, 5]),
        (Some(2), vec![1, 2]),
        (None, (1..=8).collect()),
        (Some(99), (1..=8).collect()),
    ] {
        let plan = DatasetPlan {
            num_samples: count.into_iter().collect(),
            ..replay()
        };
        let found = read(&text, &plan).unwrap();
        assert_eq!((rows(&found), found.rows), (expected, 8), "{count:?}");
    }
    // Rows without a prompt, or of another length, do not count.
    let text = lines(&[
        json!({"text": "", "timestamp": 1}),
        json!({"text": "far too long", "timestamp": 2}),
        json!({"text": "a", "timestamp": 3}),
        json!({"text": "b", "timestamp": 4}),
        json!({"text": "c"}),
    ]);
    let plan = DatasetPlan {
        num_samples: vec![2],
        lengths: (None, Some(5)),
        timestamp_unit: Some(TimestampUnit::Seconds),
        ..replay()
    };
    assert_eq!(rows(&read(&text, &plan).unwrap()), [3, 4]);
}

#[test]
fn times_are_no_part_of_what_is_asked() {
    let one = read(
        &lines(&[asked(&json!("2024-01-01")), asked(&json!("2024-01-02"))]),
        &replay(),
    )
    .unwrap();
    let other = read(
        &lines(&[asked(&json!("2025-01-01")), asked(&json!("2025-01-01"))]),
        &replay(),
    )
    .unwrap();
    assert_ne!(times(&one), times(&other));
    assert_eq!(one.digest, other.digest);
    let digests = |found: &Selection| {
        found
            .of_level(0)
            .iter()
            .map(|s| sample_digest(s))
            .collect::<Vec<_>>()
    };
    assert_eq!(digests(&one), digests(&other));
    assert_eq!(one.duplicate_prompts, 1);
    assert!(one.unsent.is_empty() && one.of_level(0)[0].options.is_empty());
    let untimed = DatasetPlan {
        replay: false,
        ..replay()
    };
    let found = read(
        &lines(&[asked(&json!("2024-01-01")), asked(&json!("2024-01-02"))]),
        &untimed,
    )
    .unwrap();
    assert_eq!(found.digest, one.digest);
    // Where nothing is replayed a time is a key like others.
    assert_eq!(found.unsent, [("timestamp".to_owned(), 2)]);
}

#[test]
fn without_a_replay_times_need_be_none() {
    let plan = DatasetPlan {
        replay: false,
        ..replay()
    };
    let text = lines(&[
        mooncake(&json!(9)),
        mooncake(&json!("soon")),
        mooncake(&json!(-1)),
        json!({"input_length": 20, "output_length": 2, "hash_ids": [1]}),
        mooncake(&json!(3)),
        asked(&json!(5)),
    ]);
    let found = read(&text, &plan).unwrap();
    let known: Vec<_> = found
        .of_level(0)
        .iter()
        .map(|sample| sample.arrival_ns)
        .collect();
    assert_eq!(known, [Some(9 * MS), None, None, None, Some(3 * MS), None]);
}

/// What stands in the second line, and what is said of it.
#[test]
fn a_row_without_a_usable_time_is_refused_with_its_line_or_passed_over() {
    let untimed = json!({"input_length": 20, "output_length": 2, "hash_ids": [1]});
    for (row, said, reason) in [
        (untimed, "no `timestamp`", "no time"),
        (mooncake(&Value::Null), "no `timestamp`", "no time"),
        (
            mooncake(&json!("soon")),
            "`timestamp` is \"soon\", not a number of milliseconds",
            "unreadable time",
        ),
        (
            mooncake(&json!("NaN")),
            "`timestamp` is \"NaN\", not a number",
            "unreadable time",
        ),
        (
            mooncake(&json!("inf")),
            "`timestamp` is \"inf\", not a number",
            "unreadable time",
        ),
        (
            mooncake(&json!([1])),
            "`timestamp` is [1], not a number",
            "unreadable time",
        ),
        (
            mooncake(&json!("2024-01-01T00:00:00Z")),
            "not a number of milliseconds",
            "unreadable time",
        ),
        (
            mooncake(&json!(-0.5)),
            "`timestamp` is -0.5: times begin at 0",
            "unreadable time",
        ),
        (
            mooncake(&json!(1e30)),
            "`timestamp` is 1e+30: no trace goes on",
            "unreadable time",
        ),
        (
            asked(&json!("yesterday")),
            "not a number or a date-time",
            "unreadable time",
        ),
        (
            asked(&json!("1969-12-31T23:59:59Z")),
            "dates in 1970",
            "unreadable time",
        ),
        (json!("only text"), "no `timestamp`", "no time"),
    ] {
        let text = lines(&[mooncake(&json!(1)), row, mooncake(&json!(2))]);
        let error = read(&text, &replay()).unwrap_err().to_string();
        assert!(error.starts_with("dataset d.jsonl line 2: "), "{error}");
        assert!(error.contains(said), "{error}");
        let plan = DatasetPlan {
            skip_bad_rows: true,
            ..replay()
        };
        let found = read(&text, &plan).unwrap();
        assert_eq!(rows(&found), [1, 3], "{text}");
        assert_eq!(found.skipped, [(reason.to_owned(), 1)], "{text}");
    }
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01 00:00:00,3,2\n17,3,2\n";
    let error = read(azure, &replay()).unwrap_err().to_string();
    assert!(
        error.contains("line 3: `TIMESTAMP` is 17, not a date-time"),
        "{error}"
    );
}

#[test]
fn a_unit_is_said_where_nothing_else_tells_it_and_never_against_the_format() {
    for skip_bad_rows in [false, true] {
        let plan = DatasetPlan {
            skip_bad_rows,
            ..replay()
        };
        let error = read(&lines(&[asked(&json!(5))]), &plan).unwrap_err();
        let told = error.to_string();
        assert!(
            told.contains("line 1") && told.contains("seconds or milliseconds"),
            "{told}"
        );
        assert!(matches!(
            error,
            DatasetError::BadRow {
                reason: RowError::Time(TimeError::UnknownUnit { .. }),
                ..
            }
        ));
        let plan = DatasetPlan {
            timestamp_unit: Some(TimestampUnit::Seconds),
            ..plan
        };
        let told = read(&lines(&[mooncake(&json!(5))]), &plan)
            .unwrap_err()
            .to_string();
        let said = "`timestamp` of this Mooncake trace is a number of milliseconds, not a number of seconds";
        assert!(told.contains(said), "{told}");
        let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-01-01 00:00:00,3,2\n";
        let told = read(azure, &plan).unwrap_err().to_string();
        assert!(
            told.contains("`TIMESTAMP` of this Azure trace is a date-time"),
            "{told}"
        );
    }
}

#[test]
fn times_that_go_back_are_refused_with_both_lines() {
    let text = lines(&[
        mooncake(&json!(3.5)),
        json!({"text": "", "timestamp": 0}),
        mooncake(&json!(3)),
    ]);
    for skip_bad_rows in [false, true] {
        let plan = DatasetPlan {
            skip_bad_rows,
            ..replay()
        };
        let told = read(&text, &plan).unwrap_err().to_string();
        for word in [
            "d.jsonl line 3",
            "time 3 is before",
            "line 1, 3.5",
            "sort the file",
        ] {
            assert!(told.contains(word), "{told}");
        }
    }
    let first = DatasetPlan {
        num_samples: vec![1],
        ..replay()
    };
    assert_eq!(
        times(&read(&text, &first).unwrap()),
        [3_500_000],
        "what is not taken is not looked at"
    );
    let list = json!([mooncake(&json!(2)), mooncake(&json!(1))]).to_string();
    let told = read(&list, &replay()).unwrap_err().to_string();
    assert!(told.contains("row 2") && told.contains("row 1"), "{told}");
}

#[test]
fn what_chooses_or_repeats_rows_does_not_go_with_a_replay() {
    let text = lines(&[mooncake(&json!(1))]);
    for (plan, said) in [
        (
            DatasetPlan {
                oversample: true,
                ..replay()
            },
            "repeating rows",
        ),
        (
            DatasetPlan {
                weight_key: Some("w".to_owned()),
                ..replay()
            },
            "drawing by weight",
        ),
        (
            DatasetPlan {
                sampling: Sampling::Disjoint,
                ..replay()
            },
            "drawing rows for each level",
        ),
    ] {
        let told = read(&text, &plan).unwrap_err().to_string();
        assert!(told.contains("replay") && told.contains(said), "{told}");
        let plan = DatasetPlan {
            replay: false,
            ..plan
        };
        let told = read(&text, &plan).err().map(|error| error.to_string());
        assert!(told.is_none_or(|told| !told.contains("replay")), "{said}");
    }
}

fn weka(id: &str, requests: &Value) -> Value {
    json!({"id": id, "models": ["m"], "block_size": 64, "requests": requests})
}

fn request(t: f64, input: u64) -> Value {
    json!({"t": t, "type": "n", "model": "m", "in": input, "out": 3, "hash_ids": []})
}

fn agent(t: &Value, requests: &Value) -> Value {
    json!({"t": t, "type": "subagent", "agent_id": "x", "requests": requests})
}

fn inputs(selection: &Selection) -> Vec<u64> {
    let samples = selection.of_level(0).iter();
    samples.map(|sample| sample.input_tokens.unwrap()).collect()
}

#[test]
fn weka_sessions_run_side_by_side_and_their_agents_where_they_say() {
    let text = lines(&[
        weka(
            "one",
            &json!([
                request(0.0, 10),
                // On the session's clock, as published files have it.
                agent(&json!(4.0), &json!([request(4.0, 11), request(9.5, 12)])),
                request(6.0, 13),
                // On its own clock, as the format is described; rounding is no other clock.
                agent(&json!(7.0), &json!([request(0.0, 14), request(8.0, 15)])),
                agent(&json!(20.0), &json!([request(19.999_999_9, 16)])),
            ]),
        ),
        weka("two", &json!([request(0.0, 20), request(6.0, 21)])),
    ]);
    let found = read(&text, &replay()).unwrap();
    assert_eq!(inputs(&found), [10, 20, 11, 13, 21, 14, 12, 15, 16]);
    let seconds = [0, 0, 4_000, 6_000, 6_000, 7_000, 9_500, 15_000].map(|ms| ms * MS);
    assert_eq!(times(&found)[..8], seconds);
    // The first requests of the file, whole sessions first.
    let plan = DatasetPlan {
        num_samples: vec![4],
        ..replay()
    };
    assert_eq!(inputs(&read(&text, &plan).unwrap()), [10, 11, 13, 12]);
    let untimed = DatasetPlan {
        replay: false,
        ..replay()
    };
    assert_eq!(
        inputs(&read(&text, &untimed).unwrap()),
        [10, 11, 12, 13, 14, 15, 16, 20, 21]
    );
    let lost = lines(&[weka(
        "one",
        &json!([agent(&Value::Null, &json!([request(0.0, 10)]))]),
    )]);
    let told = read(&lost, &replay()).unwrap_err().to_string();
    assert!(
        told.contains("row 1: its sub-agent has no usable `t`"),
        "{told}"
    );
}

#[test]
fn an_inspection_says_how_long_the_traffic_went_on() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let rows = [
        mooncake(&json!(500)),
        mooncake(&json!(2_500)),
        json!({"text": "a"}),
    ];
    file.write_all(lines(&rows).as_bytes()).unwrap();
    let plan = DatasetPlan::new(file.path());
    let times = RowTimes {
        rows: 2,
        first_ns: 500 * MS,
        last_ns: 2_500 * MS,
    };
    assert_eq!(inspect(&plan).unwrap().times, Some(times));
    let plan = DatasetPlan {
        replay: true,
        ..plan
    };
    let found = inspect(&plan).unwrap();
    assert_eq!((found.usable, found.times), (2, Some(times)));
    assert_eq!(found.bad[0].number, 3);
    assert_eq!(
        found.bad[0].error,
        RowError::Time(TimeError::Missing { key: "timestamp" })
    );
}
