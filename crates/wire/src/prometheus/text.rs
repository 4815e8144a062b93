//! Prometheus text format 0.0.4; OpenMetrics' additions are tolerated. One bad line costs itself.

use crate::{
    prometheus::labels,
    prometheus::scrape::{PromSample, PromType, Scrape},
};

/// Parses a page.
pub fn parse(page: &[u8]) -> Scrape {
    let mut scrape = Scrape::default();
    let page = page.strip_prefix("\u{feff}".as_bytes()).unwrap_or(page);
    for line in page.split(|byte| *byte == b'\n') {
        let Ok(line) = std::str::from_utf8(line) else {
            scrape.bad_lines += 1;
            continue;
        };
        let line = line.trim_matches(['\r', ' ', '\t']);
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            take_type(comment, &mut scrape);
            continue;
        }
        match sample(line) {
            Some(sample) => scrape.samples.push(sample),
            None => scrape.bad_lines += 1,
        }
    }
    scrape
}

/// What a body is that holds no sample and should be a page of metrics: another page, JSON,
/// something compressed, text. Nothing for an empty one, which is a page without metrics.
pub fn no_page(body: &[u8]) -> Option<String> {
    let begin = body.trim_ascii_start();
    if begin.is_empty() || begin.starts_with(b"#") || !parse(body).samples.is_empty() {
        return None;
    }
    if let Some(page) = crate::errors::body::page_title(begin) {
        return Some(format!("an HTML page: {page}"));
    }
    Some(match begin {
        [0x1f, 0x8b, ..] => "compressed (gzip)".to_owned(),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "compressed (zstd)".to_owned(),
        [b'{' | b'[', ..] => format!("JSON: {}", crate::quoted(begin)),
        _ => crate::quoted(begin),
    })
}

/// Keeps what a `# TYPE` line says.
fn take_type(comment: &str, scrape: &mut Scrape) {
    let mut words = comment.split_whitespace();
    let (Some("TYPE"), Some(name), Some(kind)) = (words.next(), words.next(), words.next()) else {
        return;
    };
    let kind = match kind.to_ascii_lowercase().as_str() {
        "counter" => PromType::Counter,
        "gauge" => PromType::Gauge,
        "histogram" => PromType::Histogram,
        "summary" => PromType::Summary,
        _ => PromType::Untyped,
    };
    scrape.types.insert(name.trim_matches('"').to_owned(), kind);
}

/// Reads a sample line.
fn sample(line: &str) -> Option<PromSample> {
    let end = line
        .find(['{', ' ', '\t'])
        .filter(|end| *end > 0 || line.starts_with('{'))?;
    let mut name = line[..end].to_owned();
    let mut rest = line[end..].trim_start_matches([' ', '\t']);
    let mut label_list = Vec::new();
    if let Some(text) = rest.strip_prefix('{') {
        let set = labels::parse(text)?;
        if let Some(metric) = set.metric {
            name = metric;
        }
        label_list = set.labels;
        rest = set.rest;
    }
    if name.is_empty() {
        return None;
    }
    // Behind the value: a timestamp, then an exemplar behind `#`.
    let rest = rest.split('#').next()?;
    let mut words = rest.split_ascii_whitespace();
    let value = number(words.next()?)?;
    let timestamp_ok = words.next().is_none_or(|word| word.parse::<f64>().is_ok());
    (timestamp_ok && words.next().is_none()).then_some(PromSample {
        name,
        labels: label_list,
        value,
    })
}

/// `1.5e+08`, `42.`, `NaN`, `+Inf`, in any case.
fn number(word: &str) -> Option<f64> {
    word.parse().ok()
}
