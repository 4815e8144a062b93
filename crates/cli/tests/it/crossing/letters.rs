//! Every round letter and kind of round: a bad letter, a file, `explain`, schema, CSV in both
//! languages, Parquet, the page, `compare`, progress.

use super::printed;
use crate::common::{dataset, dualround, engine_with, json, run, stderr, stdout};
use dualround_model::RoundKind;
use simllm::SimConfig;

/// A run whose schedule has every kind of round there is.
#[test]
fn every_kind_of_round_is_known_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 6);
    let sim = engine_with(SimConfig {
        external_blocks: 65_536,
        ..SimConfig::default()
    });
    let base = sim.base_url();
    std::fs::write(
        dir.path().join("all.yaml"),
        "rounds: CWEMN\nshared_prefix: [50]\n",
    )
    .unwrap();
    let measured = |lang: &str, out: &str| {
        let output = run(
            dir.path(),
            &format!(
                "--dataset data.jsonl --endpoint {base} --config all.yaml --output-dir {out} \
                 --max-output-tokens 2 --lang {lang} --progress plain --tables all --engine vllm"
            ),
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (stdout(&output), stderr(&output))
    };
    let (table, progress) = measured("en", "out");
    let (table_zh, _) = measured("zh", "out-zh");
    let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).unwrap();
    let (tidy, page) = (read("out/metrics_tidy.csv"), read("out/report.html"));
    let (flat_en, flat_zh) = (
        read("out/metrics_flat.csv"),
        read("out-zh/metrics_flat.csv"),
    );
    let root = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../schema/concurrency_round.schema.json"
    );
    let schema = json(root.as_ref());
    let kinds = schema["properties"]["configuration"]["properties"]["round_kind"]["enum"]
        .as_array()
        .unwrap();
    let compared = dualround()
        .current_dir(dir.path())
        .args(["compare", "out", "out-zh", "--json", "-"])
        .output()
        .unwrap();
    assert!(compared.status.success(), "{}", stderr(&compared));
    let mut numbers = 1..;
    for kind in RoundKind::ALL {
        let (name, number) = (kind.name(), numbers.next().unwrap());
        assert!(kinds.contains(&name.into()), "{name} is not in the schema");
        printed(&["explain", name]);
        let titled = format!("Round {number} (");
        assert!(table.contains(&titled), "{name} is in no table");
        assert!(
            table_zh.contains(&format!("第 {number} 轮")),
            "{name}: {table_zh}"
        );
        assert!(
            tidy.contains(&format!(",{name},")),
            "{name} is not in metrics_tidy.csv"
        );
        let column = format!("concurrency1-round{number}");
        assert!(has_column(&flat_en, &column), "{name}: {flat_en}");
        let column = format!("并发1-第{number}轮");
        assert!(has_column(&flat_zh, &column), "{name}: {flat_zh}");
        let epoch = if kind == RoundKind::NoReuse {
            "null"
        } else {
            "0"
        };
        let data = format!("{{\"number\":{number},\"epoch\":{epoch},\"kind\":\"{name}\"");
        let is_there = page.contains(&data);
        assert!(is_there, "{name} is not among the page's rounds");
        let place = format!("round {number}/{} ", RoundKind::ALL.len());
        assert!(progress.contains(&place), "{name}: {progress}");
        let file = json(
            &dir.path()
                .join(format!("out/concurrency_1_round_{number}.json")),
        );
        assert_eq!(file["configuration"]["round_kind"], name);
    }
    let kinds = parquet_kinds(&dir.path().join("out/requests.parquet"));
    assert_eq!(kinds.len(), RoundKind::ALL.len(), "{kinds:?}");
}

/// A CSV file has a column of this name.
fn has_column(csv: &str, column: &str) -> bool {
    let head = csv.trim_start_matches('\u{feff}').lines().next();
    head.is_some_and(|head| head.split(',').any(|name| name.trim_matches('"') == column))
}

/// The kinds of rounds in a file of requests.
fn parquet_kinds(path: &std::path::Path) -> std::collections::BTreeSet<String> {
    use parquet::{
        file::reader::{FileReader, SerializedFileReader},
        record::RowAccessor,
    };
    let file = std::fs::File::open(path).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let columns = reader.metadata().file_metadata().schema_descr();
    let at = (0..columns.num_columns())
        .find(|at| columns.column(*at).name() == "round_kind")
        .unwrap();
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| row.unwrap().get_string(at).unwrap().clone())
        .collect()
}

#[test]
fn a_letter_that_is_none_is_refused_and_one_that_is_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    dataset(dir.path(), 4);
    for bad in ["CX", "W", "E", "M", "NW", "", "cw-"] {
        let output = run(
            dir.path(),
            &format!(
                "--dataset data.jsonl --endpoint http://127.0.0.1:9 --rounds={bad} --output-dir out"
            ),
        );
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains("--rounds"), "{bad}: {said}");
    }
}
