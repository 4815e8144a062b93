//! The numbers behind the charts, as columns. Times in ms to the microsecond.

use super::{
    arrivals::{OverTime, over_time},
    growth::{base, quotient},
    turns::{ByTurn, by_turn},
};
use crate::{
    number::Rounded, report_input::ReportInput, telemetry_points::since_start,
    words::no_prefill_line,
};
use dualround_model::{
    Flag, Goodput, Lang, MetricKind, MetricTrack, Outcome, PrefillModel, RequestRecord, RoundKind,
    RoundResult, RoundSummary, SeriesTrack, TrackPoint, Withheld,
};
use serde::{Serialize, Serializer};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

/// Requests in a page at most; beyond, every k-th one is in it.
const REQUESTS: usize = 60_000;
/// Readings of a series at most.
const READINGS: usize = 2_000;
/// Bytes of prompts in a page at most, and characters of one.
const TEXT_BYTES: usize = 3_000_000;
const TEXT_CHARS: usize = 120;

/// A time in ms to the microsecond, or null.
struct PageTime(Option<f64>);

impl Serialize for PageTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(ms) = self;
        let rounded = ms.map(|ms| (ms * 1e3).round() / 1e3);
        match rounded.filter(|ms| ms.is_finite()) {
            // Whole numbers without `.0`: there are very many of them.
            #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
            Some(ms) if ms.fract() == 0.0 && ms.abs() < 9e15 => serializer.serialize_i64(ms as i64),
            other => other.serialize(serializer),
        }
    }
}

/// Everything that the charts and the table of requests show.
#[derive(Serialize)]
struct PageData<'a> {
    lang: &'static str,
    /// What the load of its levels is called.
    load: &'static str,
    every: usize,
    kinds: Vec<String>,
    flags: Vec<&'static str>,
    texts: RequestTexts,
    levels: Vec<PageLevel<'a>>,
}

/// What a request is called and asks, once for all rounds that ask it.
#[derive(Serialize)]
struct RequestTexts {
    id: Vec<Option<Arc<str>>>,
    prompt: Vec<Option<String>>,
    /// By id and digest of the prompt.
    #[serde(skip)]
    known: HashMap<(Option<Arc<str>>, Arc<str>), usize>,
    #[serde(skip)]
    bytes: usize,
    /// Bytes of one text at most.
    #[serde(skip)]
    most: usize,
}

/// A level with its rounds, and the line of TTFT over computed tokens.
#[derive(Serialize)]
struct PageLevel<'a> {
    name: String,
    /// A side could not hold its rate, so cold and warm are not held against each other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    overloaded: bool,
    line: Option<FittedLine>,
    /// Why there is none, in English and Chinese.
    no_line: Option<[String; 2]>,
    rounds: Vec<PageRound<'a>>,
}

/// TTFT = `overhead_ms` + `ms_per_token` × computed tokens.
#[derive(Serialize)]
struct FittedLine {
    overhead_ms: Rounded,
    ms_per_token: Rounded,
}

/// A round: what the charts over all levels show of it, its server metrics, its requests.
#[derive(Serialize)]
struct PageRound<'a> {
    number: u32,
    epoch: Option<u32>,
    kind: RoundKind,
    name: [String; 2],
    duration_ms: PageTime,
    summary: BTreeMap<&'static str, Rounded>,
    failures: &'a BTreeMap<String, u64>,
    metrics: Vec<PageMetric<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    over_time: Option<OverTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_turn: Option<ByTurn>,
    #[serde(flatten)]
    columns: RequestColumns,
}

/// The requests of a round, one entry of each column a request; times in ms.
#[derive(Default, Serialize)]
struct RequestColumns {
    index: Vec<u32>,
    text: Vec<usize>,
    outcome: Vec<usize>,
    start: Vec<PageTime>,
    ttft: Vec<PageTime>,
    itl: Vec<PageTime>,
    latency: Vec<PageTime>,
    input: Vec<Option<u64>>,
    cached: Vec<Option<u64>>,
    output: Vec<Option<u64>>,
    flags: Vec<u32>,
}

/// A server metric over a round; `rises` where it only grows.
#[derive(Serialize)]
struct PageMetric<'a> {
    name: &'a str,
    rises: bool,
    quotient: bool,
    series: Vec<PageSeries>,
}

/// The readings of one series: times in ms since the round began, and values.
#[derive(Serialize)]
struct PageSeries {
    label: String,
    /// Readings between are left out.
    thinned: bool,
    /// What the increase of a counter is counted from.
    from: Rounded,
    t: Vec<PageTime>,
    v: Vec<Rounded>,
}

/// Writes the block of data. No `<` stands in it, so that nothing in a text can end it.
pub(super) fn write(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(Escaping { out }, &collect(page)?)?;
    Ok(())
}

/// Writes `<` as JSON can write it too.
struct Escaping<W> {
    out: W,
}

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut parts = bytes.split(|byte| *byte == b'<');
        self.out.write_all(parts.next().unwrap_or_default())?;
        for part in parts {
            self.out.write_all(b"\\u003c")?;
            self.out.write_all(part)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn collect(page: ReportInput<'_>) -> io::Result<PageData<'_>> {
    let requests: u64 = page.rounds.iter().map(RoundResult::ended).sum();
    let requests = usize::try_from(requests).unwrap_or(usize::MAX);
    let every = requests.div_ceil(REQUESTS).max(1);
    let mut kinds = vec!["success".to_owned(), "cancelled".to_owned()];
    let mut texts = RequestTexts::new();
    let mut levels: Vec<u32> = page.rounds.iter().map(|round| round.meta.level).collect();
    // The rounds of a level follow each other.
    levels.dedup();
    let levels = levels.into_iter().map(|level| {
        let compared = page.comparison.levels.iter().find(|one| one.level == level);
        let prefill = compared.map(|one| &one.prefill);
        let rounds = page.rounds_of(level);
        Ok(PageLevel {
            name: page.level_name(level),
            overloaded: compared.is_some_and(|one| one.ttft.withheld == Some(Withheld::Overloaded)),
            line: prefill.and_then(line),
            no_line: prefill.and_then(|model| model.refused).map(no_prefill_line),
            rounds: rounds
                .map(|round| one_round(round, page, every, &mut kinds, &mut texts))
                .collect::<io::Result<_>>()?,
        })
    });
    let levels = levels.collect::<io::Result<_>>()?;
    Ok(PageData {
        lang: page.run.plan.output.lang.code(),
        load: page.run.plan.own_load(0).kind(),
        every,
        kinds,
        flags: Flag::ALL.map(Flag::name).to_vec(),
        texts,
        levels,
    })
}

fn line(model: &PrefillModel) -> Option<FittedLine> {
    let (overhead, per_token) = model.overhead_ms.zip(model.ms_per_token)?;
    Some(FittedLine {
        overhead_ms: Rounded(Some(overhead)),
        ms_per_token: Rounded(Some(per_token)),
    })
}

fn one_round<'a>(
    round: &'a RoundResult,
    page: ReportInput<'_>,
    every: usize,
    kinds: &mut Vec<String>,
    texts: &mut RequestTexts,
) -> io::Result<PageRound<'a>> {
    let meta = &round.meta;
    let mut columns = RequestColumns::default();
    page.details.each(round, every, &mut |record, metrics| {
        columns.index.push(record.index);
        columns.text.push(texts.place(&record));
        columns.outcome.push(outcome(&record.outcome, kinds));
        columns.start.push(PageTime(metrics.start_ms));
        columns.ttft.push(PageTime(metrics.ttft_ms));
        columns.itl.push(PageTime(metrics.itl_ms));
        columns
            .latency
            .push(PageTime(metrics.latency_ms.or_else(|| until_end(&record))));
        columns.input.push(metrics.input_tokens);
        columns.cached.push(metrics.cached_tokens);
        columns.output.push(metrics.output_tokens);
        let flags = metrics.flags.iter().map(|flag| flag.bit());
        columns.flags.push(flags.fold(0, |all, flag| all | flag));
        Ok(())
    })?;
    Ok(PageRound {
        number: meta.spec.number,
        epoch: meta.spec.epoch,
        kind: meta.spec.kind,
        name: [Lang::En, Lang::Zh].map(|lang| crate::labels(lang).kind(meta.spec)),
        duration_ms: PageTime(Some(since_start(meta.ended_ns, meta.started_ns))),
        summary: swept(&round.summary),
        failures: &round.summary.failures,
        metrics: meta
            .metrics
            .iter()
            .map(|track| metric(track, meta.started_ns))
            .collect(),
        over_time: over_time(round),
        by_turn: by_turn(page, round),
        columns,
    })
}

/// How long a request took that has no latency, because it is no success.
fn until_end(record: &RequestRecord) -> Option<f64> {
    let time = &record.timeline;
    time.start_ns.map(|start| since_start(time.end_ns, start))
}

fn outcome(outcome: &Outcome, kinds: &mut Vec<String>) -> usize {
    let kind = match outcome {
        Outcome::Success => return 0,
        Outcome::Cancelled => return 1,
        Outcome::Failed(failure) => failure.kind.to_string(),
    };
    kinds
        .iter()
        .position(|known| *known == kind)
        .unwrap_or_else(|| {
            kinds.push(kind);
            kinds.len() - 1
        })
}

/// What the charts over all levels show.
fn swept(summary: &RoundSummary) -> BTreeMap<&'static str, Rounded> {
    let good = |pick: fn(&Goodput) -> Option<f64>| Rounded(summary.goodput.as_ref().and_then(pick));
    BTreeMap::from([
        ("p50_ttft", Rounded(summary.ttft.p50)),
        ("p99_ttft", Rounded(summary.ttft.p99)),
        ("p50_itl", Rounded(summary.itl.p50)),
        ("token_throughput", Rounded(summary.token_throughput)),
        ("goodput_request_rate", good(|one| one.request_rate)),
        (
            "goodput_request_throughput",
            good(|one| one.request_throughput),
        ),
        ("cache_hit_rate", Rounded(summary.cache_hit_rate)),
    ])
}

fn metric(track: &MetricTrack, started_ns: u64) -> PageMetric<'_> {
    let series = || track.series.iter();
    PageMetric {
        name: &track.asked,
        rises: track.kind == MetricKind::Counter,
        quotient: track.kind == MetricKind::Ratio,
        series: match track.kind {
            // Buckets of a histogram are many and say nothing one by one.
            MetricKind::Histogram | MetricKind::Summary => Vec::new(),
            MetricKind::Ratio => vec![thinned(String::new(), &quotient(track), started_ns)],
            _ => series()
                .map(|one| thinned(label(one), &one.points, started_ns))
                .collect(),
        },
    }
}

fn label(series: &SeriesTrack) -> String {
    let labels = series.labels.iter();
    let labels = labels.map(|(name, value)| format!("{name}={value}"));
    labels.collect::<Vec<_>>().join(" ")
}

fn thinned(label: String, points: &[TrackPoint], started_ns: u64) -> PageSeries {
    let every = points.len().div_ceil(READINGS).max(1);
    let from = Rounded(Some(base(points)));
    let points = points.iter().step_by(every);
    PageSeries {
        label,
        from,
        thinned: every > 1,
        t: points
            .clone()
            .map(|point| PageTime(Some(since_start(point.at_ns, started_ns))))
            .collect(),
        v: points.map(|point| Rounded(point.value)).collect(),
    }
}

impl RequestTexts {
    fn new() -> Self {
        Self {
            id: Vec::new(),
            prompt: Vec::new(),
            known: HashMap::new(),
            bytes: 0,
            most: usize::MAX,
        }
    }

    /// Where the texts of a request stand.
    fn place(&mut self, record: &RequestRecord) -> usize {
        let key = (record.id.clone(), Arc::clone(&record.prompt_digest));
        if let Some(at) = self.known.get(&key) {
            return *at;
        }
        let at = self.id.len();
        self.id.push(record.id.clone());
        self.known.insert(key, at);
        let prompt = record.prompt.as_deref().map(|text| self.beginning(text));
        self.bytes += prompt.as_ref().map_or(0, String::len);
        self.prompt.push(prompt);
        if self.bytes > TEXT_BYTES {
            self.shorten();
        }
        at
    }

    /// As much of a prompt as stands in the page.
    fn beginning(&self, text: &str) -> String {
        let text: String = text.chars().take(TEXT_CHARS).collect();
        text[..text.floor_char_boundary(self.most)].to_owned()
    }

    /// Many prompts are cut shorter, all alike, so that the page stays small.
    fn shorten(&mut self) {
        self.most = TEXT_BYTES / 2 / self.prompt.len().max(1);
        self.bytes = 0;
        for text in self.prompt.iter_mut().flatten() {
            text.truncate(text.floor_char_boundary(self.most));
            text.shrink_to_fit();
            self.bytes += text.len();
        }
    }
}
