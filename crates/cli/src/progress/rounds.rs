//! The rounds of a level while they run: a few calm lines on a terminal, lines of text for a log,
//! or lines of JSON for a program.

use super::{HZ, target};
use crate::screen::alarm;
use dualround_loadgen::RoundEvent;
use dualround_model::{Lang, Load, RequestMetrics, RequestRecord, RoundSpec};
use dualround_report::{labels, load_text};
use dualround_stats::Running;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::time::{Duration, Instant};

/// Rounds that are shown of a level that goes on until it is decided, which may have many.
const LAST_ROUNDS: usize = 4;

/// The style in which a run shows its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProgressFormat {
    /// Lines that are drawn again, on a terminal; nothing elsewhere.
    Auto,
    /// A line of text at each end of a round and every ten seconds.
    Plain,
    /// A line of JSON a second.
    Json,
    /// Nothing.
    None,
}

impl ProgressFormat {
    /// Between two looks at the figures.
    fn every(self) -> Duration {
        match self {
            Self::Auto | Self::None => Duration::from_millis(1000 / HZ as u64),
            Self::Plain => Duration::from_secs(10),
            Self::Json => Duration::from_secs(1),
        }
    }
}

/// Where a round stands in its run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoundPosition {
    /// 0-based level, and how many there are.
    pub(crate) level: (u32, usize),
    pub(crate) load: Load,
    /// The round, and how many a level has.
    pub(crate) spec: RoundSpec,
    pub(crate) rounds: usize,
    /// Of a level that goes on until it is decided.
    pub(crate) until: Option<UntilPosition>,
    /// Its requests are turns of sessions.
    pub(crate) asks_turns: bool,
}

/// Where a level stands that repeats its cycle until it is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UntilPosition {
    /// The cycle that runs, from 1.
    pub(crate) cycle: u32,
    /// Cycles at most; `None` before the first one has told.
    pub(crate) most: Option<u32>,
    /// What was left of the level's time when the cycle began.
    pub(crate) left: Duration,
    /// The ratio so far, with the ends of its interval; `None` before the first look.
    pub(crate) ratio: Option<(f64, (f64, f64))>,
}

/// Shows the rounds of a run.
pub(crate) struct Progress {
    format: ProgressFormat,
    lang: Lang,
    /// The level of these lines.
    level: Option<u32>,
    /// Its rounds that have ended.
    ended: Vec<String>,
    now: Option<Current>,
}

/// The round that runs.
struct Current {
    place: RoundPosition,
    bar: ProgressBar,
    running: Running,
    planned: u32,
    in_flight: u32,
    began: Instant,
    shown: Instant,
    spent: Duration,
}

impl Progress {
    /// The progress of a whole run; nothing is shown yet.
    pub(crate) fn new(format: ProgressFormat, lang: Lang) -> Self {
        Self {
            format,
            lang,
            level: None,
            ended: Vec::new(),
            now: None,
        }
    }

    /// Begins a round.
    pub(crate) fn begin(&mut self, place: RoundPosition) {
        if self.format == ProgressFormat::None {
            return;
        }
        let (level, _) = place.level;
        if self.level.replace(level) != Some(level) {
            self.ended.clear();
        }
        let bar = ProgressBar::with_draw_target(None, target(self.format == ProgressFormat::Auto));
        // The template is fixed and known to be valid.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        let now = Instant::now();
        self.now = Some(Current {
            place,
            bar,
            running: Running::default(),
            planned: 0,
            in_flight: 0,
            began: now,
            shown: now,
            spent: Duration::ZERO,
        });
    }

    /// Takes one event of the round.
    pub(crate) fn on(&mut self, event: &RoundEvent<'_>) {
        let Some(now) = &mut self.now else {
            return;
        };
        let at = Instant::now();
        match event {
            RoundEvent::WarmingUp { requests } => {
                let text = match self.lang {
                    Lang::En => format!("warming up with {requests} other prompts"),
                    Lang::Zh => format!("正在预热（{requests} 个合成请求）"),
                };
                now.remark(self.format, self.lang, &self.ended, &text);
            }
            RoundEvent::MakingCold => {
                let text = match self.lang {
                    Lang::En => "making it cold",
                    Lang::Zh => "正在准备冷轮",
                };
                now.remark(self.format, self.lang, &self.ended, text);
            }
            RoundEvent::Started { begun } => {
                now.planned = begun.planned;
                now.began = at;
                now.shown = at;
                now.show(self.format, self.lang, &self.ended, false);
            }
            RoundEvent::Tick { in_flight } => {
                now.in_flight = *in_flight;
                if at - now.shown >= self.format.every() {
                    now.shown = at;
                    now.show(self.format, self.lang, &self.ended, false);
                }
            }
            _ => {}
        }
        now.spent += at.elapsed();
    }

    /// Takes a request that has ended, as it was measured.
    pub(crate) fn finished(&mut self, record: &RequestRecord, metrics: &RequestMetrics) {
        let Some(now) = &mut self.now else {
            return;
        };
        let at = Instant::now();
        now.running.add(record, metrics);
        now.spent += at.elapsed();
    }

    /// The round has ended; returns the time that was spent on showing it.
    pub(crate) fn end(&mut self) -> Option<Duration> {
        let mut now = self.now.take()?;
        now.in_flight = 0;
        if self.format != ProgressFormat::Auto {
            now.show(self.format, self.lang, &self.ended, true);
        }
        self.ended.push(now.figures(self.lang, true));
        if now.place.until.is_some() && self.ended.len() > LAST_ROUNDS {
            self.ended.remove(0);
        }
        now.bar.finish_and_clear();
        Some(now.spent)
    }
}

impl Current {
    /// `level 2/3 · concurrency 4 · round 2/2 warm · in flight 4`.
    fn title(&self, lang: Lang) -> String {
        let place = &self.place;
        let (level_before, levels) = place.level;
        let level = level_before + 1;
        let round = match &place.until {
            None => format!("{}/{}", place.spec.number, place.rounds),
            Some(_) => place.spec.number.to_string(),
        };
        let until = place
            .until
            .map_or_else(String::new, |until| self.until(until, lang));
        let kind = labels(lang).kind(place.spec);
        let (load, flight) = (load_text(place.load, lang), self.in_flight);
        match lang {
            Lang::En => format!(
                "level {level}/{levels} · {load} · round {round} {kind}{until} · in flight {flight}"
            ),
            Lang::Zh => format!(
                "级别 {level}/{levels} · {load} · 第 {round} 轮 {kind}{until} · 在途 {flight}"
            ),
        }
    }

    /// ` · cycle 4/12 · 1.90× (1.50–2.40×) · 3 min left`.
    fn until(&self, until: UntilPosition, lang: Lang) -> String {
        let most = until.most.map_or("?".to_owned(), |most| most.to_string());
        let left = until.left.saturating_sub(self.began.elapsed()).as_secs();
        let so_far = until
            .ratio
            .map_or_else(String::new, |(ratio, (low, high))| {
                format!(" · {ratio:.2}× ({low:.2}–{high:.2}×)")
            });
        let cycle = until.cycle;
        match lang {
            Lang::En => format!(" · cycle {cycle}/{most}{so_far} · {left} s left"),
            Lang::Zh => format!(" · 冷热循环 {cycle}/{most}{so_far} · 剩余 {left} 秒"),
        }
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of a run, for display")]
    fn tokens_per_second(&self) -> f64 {
        self.running.output_tokens as f64 / self.seconds().max(1e-3)
    }

    /// Seconds to the end, if it goes on as so far.
    #[expect(clippy::cast_precision_loss, reason = "counts of a run, for display")]
    fn eta(&self) -> Option<f64> {
        let left = u64::from(self.planned).saturating_sub(self.running.done);
        (self.running.done > 0).then(|| self.seconds() * left as f64 / self.running.done as f64)
    }

    /// `cold  12/12  failed 0  TTFT P50 144.8 P99 266.9 ms  307 tok/s  hit 0.0 %  ETA 3 s`.
    fn figures(&self, lang: Lang, ended: bool) -> String {
        let running = &self.running;
        let p50 = ms_or_dash(running.ttft(0.5));
        let p99 = ms_or_dash(running.ttft(0.99));
        let tokens = self.tokens_per_second();
        let percent = lang.pick([" %", "%"]);
        let hit = running.hit_rate().map_or("-".to_owned(), |rate| {
            format!("{:.1}{percent}", 100.0 * rate)
        });
        let kind = labels(lang).kind(self.place.spec);
        let turns = lang.pick([" turns", " 轮对话"]);
        let unit = if self.place.asks_turns { turns } else { "" };
        let count = format!("{}/{}{unit}", running.done, self.planned);
        let failed = running.failed;
        let time = match (ended, self.eta()) {
            (true, _) => format!("{:.1} s", self.seconds()),
            (false, Some(eta)) => {
                lang.pick([format!("ETA {eta:.0} s"), format!("剩余 {eta:.0} 秒")])
            }
            (false, None) => lang.pick(["ETA -", "剩余 -"]).to_owned(),
        };
        match lang {
            Lang::En => format!(
                "  {kind}  {count}  failed {failed}  TTFT P50 {p50} P99 {p99} ms  {tokens:.0} tok/s  hit {hit}  {time}"
            ),
            Lang::Zh => format!(
                "  {kind}  {count}  失败 {failed}  TTFT P50 {p50} P99 {p99} ms  {tokens:.0} tok/s  命中 {hit}  {time}"
            ),
        }
    }

    fn show(&self, format: ProgressFormat, lang: Lang, before: &[String], ended: bool) {
        match format {
            ProgressFormat::None => {}
            ProgressFormat::Auto => {
                let mut lines = vec![self.title(lang)];
                lines.extend_from_slice(before);
                lines.push(self.figures(lang, false));
                self.bar.set_message(lines.join("\n"));
            }
            ProgressFormat::Plain => alarm(&format!(
                "{}{}",
                self.title(lang),
                self.figures(lang, ended)
            )),
            ProgressFormat::Json => alarm(&self.json(ended).to_string()),
        }
    }

    /// What goes on before the first request.
    fn remark(&self, format: ProgressFormat, lang: Lang, before: &[String], text: &str) {
        match format {
            ProgressFormat::None => {}
            ProgressFormat::Auto => {
                let mut lines = vec![format!("{} · {text}", self.title(lang))];
                lines.extend_from_slice(before);
                self.bar.set_message(lines.join("\n"));
            }
            ProgressFormat::Plain => alarm(&format!("{} · {text}", self.title(lang))),
            ProgressFormat::Json => {
                alarm(&json!({"event": "preparing", "doing": text}).to_string());
            }
        }
    }

    fn json(&self, ended: bool) -> serde_json::Value {
        let (place, running) = (&self.place, &self.running);
        let (level, levels) = place.level;
        let until = place.until.map(|until| {
            let left = until.left.saturating_sub(self.began.elapsed());
            json!({
                "cycle": until.cycle,
                "most_cycles": until.most,
                "ratio": until.ratio.map(|(ratio, _)| ratio),
                "interval_low": until.ratio.map(|(_, (low, _))| low),
                "interval_high": until.ratio.map(|(_, (_, high))| high),
                "budget_left_seconds": left.as_secs_f64(),
            })
        });
        json!({
            "event": if ended { "round_ended" } else { "progress" },
            "level": level,
            "levels": levels,
            "concurrency": place.load.concurrency(),
            "load": {"kind": place.load.kind(), "value": place.load.value()},
            "round": place.spec.number,
            "rounds": place.until.is_none().then_some(place.rounds),
            "round_kind": place.spec.kind,
            "until": until,
            "in_flight": self.in_flight,
            "counts": if place.asks_turns { "turns" } else { "requests" },
            "planned": self.planned,
            "done": running.done,
            "failed": running.failed,
            "cancelled": running.cancelled,
            "ttft_p50_ms": running.ttft(0.5),
            "ttft_p99_ms": running.ttft(0.99),
            "tokens_per_second": self.tokens_per_second(),
            "cache_hit_rate": running.hit_rate(),
            "elapsed_seconds": self.seconds(),
            "eta_seconds": if ended { Some(0.0) } else { self.eta() },
        })
    }
}

fn ms_or_dash(ms: Option<f64>) -> String {
    ms.map_or("-".to_owned(), |ms| format!("{ms:.1}"))
}
