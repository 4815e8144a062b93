//! The report page, `summary.md` and the files for tools, from a made run.
#![cfg(test)]

mod made;

use dualround_model::{
    Flag, Lang, MetricKind, MetricTrack, Outcome, Resolved, SeriesTrack, TrackPoint,
};
use dualround_report::RunFiles;
use parquet::{file::reader::FileReader, file::serialized_reader::SerializedFileReader};
use std::{fs, path::Path};

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).unwrap()
}

#[test]
fn the_markdown_summary_in_both_languages() {
    for (lang, name) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
        let dir = tempfile::tempdir().unwrap();
        let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
        let (info, rounds, comparison) = made::run(lang, &[5, 10]);
        files
            .write_report(&info, &rounds, &comparison, &made::in_memory(&rounds))
            .unwrap();
        insta::assert_snapshot!(format!("summary_{name}"), read(dir.path(), "summary.md"));
    }
}

#[test]
fn b155_texts_cannot_run_in_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let (mut info, rounds, comparison) = made::run(Lang::En, &[5]);
    let mut details = made::in_memory(&rounds);
    let trick = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>";
    info.plan.model = trick.to_owned();
    info.run_id = trick.to_owned();
    for (record, _) in details.0.values_mut().flatten() {
        record.id = Some(trick.into());
        record.prompt = Some(trick.into());
    }
    files
        .write_report(&info, &rounds, &comparison, &details)
        .unwrap();
    let page = read(dir.path(), "report.html");
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<!--") && !page.contains("<b>9"));
    assert!(page.contains("default-src 'none'") && !page.contains("unsafe-inline"));
    assert!(!page.contains("http://h:8000/v1\"") && !page.contains("src=\"http"));
    // The data of the charts is JSON, with the text as it was.
    let data = data(&page);
    assert_eq!(data["texts"]["id"][0], trick);
    assert!(data["levels"][0]["rounds"][0]["ttft"][0].is_null());
}

#[test]
fn a_series_of_very_many_readings_is_thinned_and_says_so() {
    let (info, mut rounds, comparison) = made::run(Lang::En, &[5]);
    let track = |asked: &str, readings: u64| MetricTrack {
        asked: asked.to_owned(),
        kind: MetricKind::Gauge,
        resolved: Resolved::Name(asked.to_owned()),
        series: vec![SeriesTrack {
            name: asked.to_owned(),
            labels: Vec::new(),
            points: (0..readings)
                .map(|at| TrackPoint {
                    nan: false,
                    at_ns: at * 1_000_000,
                    took_ns: 0,
                    value: Some(1.0),
                })
                .collect(),
        }],
        failed_scrapes: 0,
        bad_lines: 0,
        other_process: false,
    };
    rounds[0].meta.metrics = vec![track("few", 2_000), track("many", 5_000)];
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    files
        .write_report(&info, &rounds, &comparison, &made::in_memory(&rounds))
        .unwrap();
    let data = data(&read(dir.path(), "report.html"));
    let metrics = &data["levels"][0]["rounds"][0]["metrics"];
    for (at, thinned, readings) in [(0, false, 2_000), (1, true, 1_667)] {
        let series = &metrics[at]["series"][0];
        let shown = series["v"].as_array().unwrap().len();
        assert_eq!((&series["thinned"], shown), (&thinned.into(), readings));
    }
}

/// The data of a page's charts.
fn data(page: &str) -> serde_json::Value {
    let from = page.find("id=\"data\">").unwrap() + 10;
    let data = &page[from..from + page[from..].find("</script>").unwrap()];
    serde_json::from_str(data).unwrap()
}

#[test]
fn a_page_of_very_many_requests_stays_small() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let (info, mut rounds, comparison) = made::run(Lang::En, &[5]);
    let mut details = made::in_memory(&rounds);
    for round in &mut rounds {
        round.summary.total_requests = 60_000;
        let requests = details.0.get_mut(&(0, round.meta.spec.number)).unwrap();
        let (record, metrics) = requests[0].clone();
        *requests = (0..60_000)
            .map(|index| {
                let (mut record, mut metrics) = (record.clone(), metrics.clone());
                record.index = index;
                record.id = Some(format!("request-{index}").into());
                record.prompt_digest = format!("{index:016x}").into();
                record.prompt = Some("缓存".repeat(200).into());
                metrics.ttft_ms = Some(f64::from(index) / 7.0);
                metrics.latency_ms = Some(f64::from(index) / 3.0);
                (record, metrics)
            })
            .collect();
    }
    files
        .write_report(&info, &rounds, &comparison, &details)
        .unwrap();
    let page = read(dir.path(), "report.html");
    assert!(page.len() < 10_000_000, "{}", page.len());
    assert!(page.contains("\"every\":2"));
}

#[test]
fn b134_b136_files_for_tools_hold_every_request_and_no_formula() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = RunFiles::open(dir.path(), false, false).unwrap();
    let (mut info, mut rounds, comparison) = made::run(Lang::Zh, &[5, 10]);
    info.plan.output.csv_bom = true;
    info.plan.output.chunk_times = true;
    let mut details = made::in_memory(&rounds);
    let (record, metrics) = &mut details.0.get_mut(&(0, 2)).unwrap()[0];
    record.timeline.start_ns = Some(1_000_000);
    record.timeline.first_token_ns = Some(3_000_000);
    record.timeline.gaps_ns = vec![500_000, 250_000];
    metrics.flags = vec![Flag::Coalesced, Flag::Resent];
    details.0.get_mut(&(1, 1)).unwrap()[0].0.outcome = Outcome::Cancelled;
    let evil = rounds[0].summary.prometheus["nothing"].clone();
    rounds[0].summary.prometheus.insert("=1+1".to_owned(), evil);
    files.write_summaries(&rounds, &info.plan).unwrap();
    files
        .write_report(&info, &rounds, &comparison, &details)
        .unwrap();

    let file = fs::File::open(dir.path().join("requests.parquet")).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), 4);
    let rows: Vec<serde_json::Value> = reader
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().to_json_value())
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[1]["chunk_ms"], serde_json::json!([2.0, 2.5, 2.75]));
    assert_eq!(rows[1]["flags"], serde_json::json!(["coalesced", "resent"]));
    assert!(rows[0]["ttft_ms"].is_null() && rows[0]["chunk_ms"].is_null());
    assert_eq!(rows[0]["id"], "../../tmp/evil");
    assert_eq!(
        (&rows[2]["cancelled"], &rows[2]["concurrency"]),
        (&true.into(), &10.into())
    );

    let tidy = read(dir.path(), "metrics_tidy.csv");
    assert!(
        tidy.starts_with("\u{feff}level,concurrency,round,round_kind,metric,statistic,value,unit")
    );
    let mut csv = csv::Reader::from_reader(tidy.trim_start_matches('\u{feff}').as_bytes());
    let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
    let ttft = rows
        .iter()
        .find(|row| &row[4] == "ttft" && &row[5] == "p99")
        .unwrap();
    assert_eq!((&ttft[6], &ttft[7]), ("318.916", "ms"));
    assert!(
        rows.iter()
            .any(|row| row[4].contains("{x=\"1,2\"}") && &row[5] == "increase")
    );
    for name in [
        "metrics_summary.csv",
        "metrics_flat.csv",
        "metrics_tidy.csv",
    ] {
        let text = read(dir.path(), name);
        assert!(text.starts_with('\u{feff}'), "{name}");
        let mut csv = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        for cell in csv
            .records()
            .flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
        {
            assert!(!cell.starts_with(['=', '+', '@']), "{name}: {cell}");
        }
    }
}
