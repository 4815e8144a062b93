//! What people see: tables, CSV files, the folder of a run.
#![cfg(test)]

#[expect(dead_code, reason = "each file of tests uses a part")]
mod made;

use dualround_model::Lang;
use dualround_model::RoundMeta;
use dualround_report::{
    JournalEntry, ReportError, RoundReader, RunFiles, cut_journal, read_journal, round_table,
};
use made::{in_memory, plan, request, result};
use std::{fs, path::Path};
use unicode_width::UnicodeWidthStr;

#[test]
fn the_table_in_both_languages() {
    insta::assert_snapshot!(
        "table_zh",
        round_table(&result(0, 10, 1), &plan(Lang::Zh, &[10]), None)
    );
    insta::assert_snapshot!(
        "table_en",
        round_table(&result(0, 10, 2), &plan(Lang::En, &[10]), None)
    );
}

#[test]
fn b141_every_line_of_the_box_has_one_width() {
    for lang in [Lang::En, Lang::Zh] {
        let table = round_table(&result(0, 10, 1), &plan(lang, &[10]), None);
        let boxed = table
            .lines()
            .filter(|line| line.starts_with(['│', '├', '└']));
        let widths: Vec<usize> = boxed.map(UnicodeWidthStr::width).collect();
        assert!(
            widths.len() > 7 && widths.iter().all(|width| *width == widths[0]),
            "{widths:?}"
        );
    }
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn b135_b136_csv_files() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let rounds = [
        result(0, 5, 1),
        result(0, 5, 2),
        result(1, 10, 1),
        result(1, 10, 2),
    ];
    for (lang, name) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
        files
            .write_summaries(&rounds, &plan(lang, &[5, 10]))
            .unwrap();
        for file in ["metrics_summary", "metrics_flat"] {
            let text = read(dir.path(), &format!("{file}.csv"));
            insta::assert_snapshot!(format!("{file}_{name}"), text);
            let mut csv = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(text.as_bytes());
            // The reader refuses rows of another width by itself.
            let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
            assert!(rows.iter().all(|row| row.len() == 5));
            assert!(rows.iter().any(|row| row[0].contains("{x=\"1,2\"}")));
        }
    }
}

#[test]
fn b134_b154_json_is_strict_and_ids_are_data() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let one = result(0, 10, 1);
    let details = in_memory(std::slice::from_ref(&one));
    files
        .write_round(&one, &plan(Lang::En, &[10]), &details)
        .unwrap();
    let text = read(dir.path(), "concurrency_10_round_1.json");
    assert!(!text.contains("NaN") && !text.contains("inf"));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value["requests"][0]["ttft"].is_null());
    assert_eq!(value["requests"][0]["id"], "../../tmp/evil");
    assert_eq!(value["summary"]["p99_ttft"], 318.916);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn b138_folders_of_earlier_runs() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let one = result(0, 20, 1);
    let details = in_memory(std::slice::from_ref(&one));
    files
        .write_round(&one, &plan(Lang::En, &[20]), &details)
        .unwrap();
    let again = RunFiles::open(dir.path(), false, false);
    assert!(matches!(again, Err(ReportError::Occupied { .. })));
    let (_, moved) = RunFiles::open(dir.path(), false, true).unwrap();
    assert!(moved.unwrap().join("concurrency_20_round_1.json").exists());
    assert!(!dir.path().join("concurrency_20_round_1.json").exists());
    files
        .write_round(&result(0, 30, 1), &plan(Lang::En, &[30]), &details)
        .unwrap();
    RunFiles::open(dir.path(), true, false).unwrap();
    assert!(!dir.path().join("concurrency_30_round_1.json").exists());
    fs::write(dir.path().join("file"), "").unwrap();
    let error = RunFiles::check(&dir.path().join("file/x"), false, false).unwrap_err();
    assert!(error.to_string().contains("file/x"));
}

/// Rounds of a journal with the number of their requests.
fn rounds(path: &Path) -> Result<Vec<(RoundMeta, usize)>, ReportError> {
    let (mut rounds, mut requests) = (Vec::new(), 0);
    read_journal(path, &mut |entry| match entry {
        JournalEntry::Begun(_) => requests = 0,
        JournalEntry::Request(_) => requests += 1,
        JournalEntry::Round(meta, _) => rounds.push((*meta, std::mem::take(&mut requests))),
        JournalEntry::Evidence(_) | JournalEntry::Damaged(_) | JournalEntry::EndLost => {}
    })?;
    Ok(rounds)
}

#[test]
fn b149_a_journal_with_a_torn_end_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let (one, (record, _)) = (result(0, 10, 1), request(0, 1));
    let mut journal = files.journal().unwrap();
    journal.append(&record).unwrap();
    journal.round(&one.meta).unwrap();
    journal.append(&record).unwrap();
    journal.flush().unwrap();
    let path = files.journal_path();
    assert_eq!(rounds(&path).unwrap(), [(one.meta.clone(), 1)]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 20]).unwrap();
    assert_eq!(rounds(&path).unwrap().len(), 1);
    // Cut within a character, and a round that had begun.
    let begun = format!(
        "{{\"begun\":{}}}\n",
        serde_json::to_string(&one.meta).unwrap()
    );
    let mut torn = format!("{text}{begun}{}", text.lines().next().unwrap()).into_bytes();
    torn.extend_from_slice(b"\n{\"request\":{\"id\":\"\xe7");
    fs::write(&path, torn).unwrap();
    let found = rounds(&path).unwrap();
    let last = &found[1];
    assert_eq!(
        (last.1, last.0.interrupted, last.0.not_started),
        (1, true, 99)
    );
    // What is no journal is refused by its first line.
    fs::write(&path, "{}\n{}\n").unwrap();
    assert!(rounds(&path).unwrap_err().to_string().contains("line 1"));
}

#[test]
fn x32_damaged_lines_of_a_journal_are_passed_over_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let (one, (mut record, _)) = (result(0, 10, 1), request(0, 1));
    let mut journal = files.journal().unwrap();
    journal.begun(&one.meta).unwrap();
    for index in 0..3 {
        record.index = index;
        journal.append(&record).unwrap();
    }
    journal.round(&one.meta).unwrap();
    let mut two = one.meta.clone();
    two.spec.number = 2;
    journal.begun(&two).unwrap();
    journal.append(&record).unwrap();
    journal.round(&two).unwrap();
    journal.flush().unwrap();
    let path = files.journal_path();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let read = |lines: &[&str]| {
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        let (mut told, mut found, mut requests) = (Vec::new(), Vec::new(), 0);
        read_journal(&path, &mut |entry| match entry {
            JournalEntry::Begun(_) => requests = 0,
            JournalEntry::Request(_) => requests += 1,
            JournalEntry::Round(meta, span) => found.push((*meta, requests, span)),
            JournalEntry::Damaged(line) => told.push(line),
            JournalEntry::EndLost => told.push(0),
            JournalEntry::Evidence(_) => {}
        })
        .unwrap();
        (told, found)
    };
    for broken in [
        "",
        "\0\0\0",
        "{\"request\":{\"ind",
        &format!("{0}{0}", lines[2]),
    ] {
        let mut lines = lines.clone();
        lines[2] = broken;
        let (told, found) = read(&lines);
        assert_eq!((told, found[0].1, found[1].1), (vec![3], 2, 1), "{broken}");
        // Single requests of the round can still be had.
        let mut round = one.clone();
        round.journal = found[0].2.clone();
        let reader = RoundReader::open(&path, &round).unwrap();
        assert_eq!(reader.indexes().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(reader.record(2).unwrap().unwrap().index, 2);
    }
    // The line that ended the first round is gone: its requests are not.
    let mut without_end = lines.clone();
    without_end.remove(4);
    let (told, found) = read(&without_end);
    assert_eq!((told, found.len(), found[0].1), (vec![0], 2, 3));
    assert!(!found[0].0.interrupted && !found[0].0.unfinished);
    assert_eq!(found[1].0.spec.number, 2);
}

#[test]
fn requests_are_read_back_in_the_order_of_their_index() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let mut journal = files.journal().unwrap();
    let (mut one, (mut record, _)) = (result(0, 10, 1), request(0, 1));
    let mut spans = Vec::new();
    for round in 0..2 {
        journal.begun(&one.meta).unwrap();
        // They end in another order, some never began, and some lines are long.
        for index in [3, 1, 0, 99, 42] {
            record.index = index;
            record.output =
                Some(format!("{round} {index} ").repeat(40_000 * usize::from(index == 1) + 1));
            journal.append(&record).unwrap();
        }
        spans.push(journal.round(&one.meta).unwrap());
    }
    let path = files.journal_path();
    for (round, span) in spans.iter().enumerate() {
        one.journal = span.clone();
        let reader = RoundReader::open(&path, &one).unwrap();
        let read = |index| {
            let record = reader.record(index).unwrap().unwrap();
            let output = record.output.unwrap();
            (
                record.index,
                output.starts_with(&format!("{round} {index}")),
            )
        };
        let found: Vec<_> = reader.indexes().step_by(2).map(read).collect();
        assert_eq!(found, [(0, true), (3, true), (99, true)]);
    }
    // The first round alone, and nothing at all.
    cut_journal(&path, Some(spans[0].end)).unwrap();
    assert_eq!(rounds(&path).unwrap(), [(one.meta.clone(), 5)]);
    assert!(RoundReader::open(&path, &one).is_err());
    cut_journal(&path, None).unwrap();
    assert_eq!(rounds(&path).unwrap(), []);
}

#[test]
fn v00h_the_chinese_heading_of_a_round_is_the_guides() {
    let table = round_table(&result(0, 10, 1), &plan(Lang::Zh, &[10]), None);
    assert!(table.contains("\n并发: 10 | 第 1 轮性能指标"), "{table}");
}
