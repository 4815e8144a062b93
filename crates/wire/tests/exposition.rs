//! Metrics pages, case by case.

#![expect(clippy::float_cmp, reason = "parsed values are exact")]

use dualround_wire::{FoundMetric, PromType, Scrape, parse_exposition};
use proptest::prelude::*;

fn parse(text: &str) -> Scrape {
    parse_exposition(text.as_bytes())
}

fn value(scrape: &Scrape, asked: &str) -> Option<f64> {
    scrape.find(asked).map(|found| found.samples[0].value)
}

#[test]
fn b109_total_and_created() {
    let page = parse(
        "# TYPE vllm:hits_total counter\nvllm:hits_total{engine=\"0\"} 32.0\n\
         # TYPE vllm:hits_created gauge\nvllm:hits_created{engine=\"0\"} 1.75e+09\n\
         # TYPE a counter\na_total 1\n",
    );
    for (asked, expected) in [("vllm:hits_total", 32.0), ("vllm:hits", 32.0), ("a", 1.0)] {
        let Some(FoundMetric { kind, samples, .. }) = page.find(asked) else {
            panic!("{asked}")
        };
        assert_eq!((kind, samples.len()), (PromType::Counter, 1));
        assert!((samples[0].value - expected).abs() < 1e-9);
    }
}

#[test]
fn b110_a_histogram_by_its_family_name() {
    let page = parse(
        "# TYPE t histogram\nt_bucket{le=\"0.1\"} 3\nt_bucket{le=\"+Inf\"} 10\nt_sum 2.5\nt_count 10\n",
    );
    let Some(FoundMetric { kind, samples, .. }) = page.find("t") else {
        panic!()
    };
    assert_eq!((kind, samples.len()), (PromType::Histogram, 4));
    assert_eq!(page.names(), ["t"]);
    assert_eq!(value(&page, "t_count"), Some(10.0));
}

#[test]
fn a_byte_order_mark_is_no_line() {
    let page = parse("\u{feff}# TYPE a counter\na_total 1\n");
    assert_eq!((value(&page, "a"), page.bad_lines), (Some(1.0), 0));
}

#[test]
fn f024_the_parts_of_a_family_only_grow() {
    let page = parse(
        "# TYPE t summary\nt{quantile=\"0.5\"} 0.2\nt_sum 2.5\nt_count 10\n# TYPE g gauge\ng_count 3\n",
    );
    let kind = |asked: &str| match page.find(asked) {
        Some(FoundMetric { kind, samples, .. }) => (kind, samples.len()),
        None => panic!("{asked}"),
    };
    assert_eq!(kind("t"), (PromType::Summary, 3));
    assert_eq!(kind("t_sum"), (PromType::Counter, 1));
    assert_eq!(kind("t_count"), (PromType::Counter, 1));
    assert_eq!(kind("g_count"), (PromType::Untyped, 1));
}

#[test]
fn b112_escaped_labels() {
    let page = parse(r#"m{path="F:\\",msg="say \"hi\", {ok} a=b\nend",z="1"} 7"#);
    let labels: Vec<&str> = page.samples[0]
        .labels
        .iter()
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(labels, ["F:\\", "say \"hi\", {ok} a=b\nend", "1"]);
    assert_eq!(value(&page, "m"), Some(7.0));
}

#[test]
fn b113_special_numbers() {
    let page = parse("a NaN\nb +Inf\nc -Inf\nd Inf\ne Nan\nf 1.5e+08\ng 5E-7\nh 42.\n");
    assert_eq!(page.bad_lines, 0);
    assert!(page.samples[0].value.is_nan() && page.samples[4].value.is_nan());
    assert_eq!(page.samples[2].value, f64::NEG_INFINITY);
    assert_eq!(page.samples[5].value, 1.5e8);
    assert_eq!(page.samples[7].value, 42.0);
}

#[test]
fn b114_repeated_and_odd_types() {
    let page = parse(
        "# TYPE x counter\nx{p=\"a\"} 500\n# TYPE x counter\nx{p=\"b\"} 250\ny 1\n# TYPE y GAUGE\n",
    );
    let Some(FoundMetric { samples, .. }) = page.find("x") else {
        panic!()
    };
    assert_eq!(samples.iter().map(|s| s.value).sum::<f64>(), 750.0);
    assert!(matches!(
        page.find("y"),
        Some(FoundMetric {
            kind: PromType::Gauge,
            ..
        })
    ));
}

#[test]
fn b116_timestamps_blanks_and_commas() {
    let page = parse(
        "m 42 1700000000123\r\nm2 42 \nm3\t42\nm4{a=\"b\",} 42\nm5 { a = \"b\" } 42\nm6{} 42\n\
         m7{a=\"b\"} 42 # {trace=\"x\"} 0.5 1.0\n",
    );
    assert_eq!((page.samples.len(), page.bad_lines), (7, 0));
    assert!(page.samples.iter().all(|s| s.value == 42.0));
}

#[test]
fn b117_names() {
    let page = parse(
        "vllm:kv_cache_usage_perc 0.5\nlmcache_hit_rate 0.2\nlmcache_hit_rate_extra 9\n\
         {\"http.size\",code=\"200\"} 3\n",
    );
    assert_eq!(value(&page, "vllm:kv_cache_usage_perc"), Some(0.5));
    assert_eq!(value(&page, "lmcache_hit_rate"), Some(0.2));
    assert_eq!(value(&page, "http.size"), Some(3.0));
    assert_eq!(value(&page, "lmcache_hit"), None);
}

#[test]
fn b122_one_bad_line_costs_itself() {
    let page = parse("good 1\ng{name=\"a\" b\"} 1\nh ARRAY(0x1)\n\nalso 2\n");
    assert_eq!((page.samples.len(), page.bad_lines), (2, 2));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "[ -~\n\"{}=,\\\\]{0,200}") {
        let page = parse(&text);
        for name in page.names() {
            let _ = page.find(name);
        }
    }
}
