//! The line on stderr while a round runs; silent where there is no terminal.

use crate::ticking::Ticking;
use dualround_loadgen::Progress as Event;
use dualround_model::{Lang, RoundSpec};
use dualround_report::labels;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal, Read},
    path::Path,
    time::Duration,
};

/// Redraws a second at the most.
const HZ: u8 = 5;

fn target(shown: bool) -> ProgressDrawTarget {
    if shown && std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(HZ)
    } else {
        ProgressDrawTarget::hidden()
    }
}

fn bytes_bar(title: &str, length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, target(true));
    let shape = match length {
        Some(_) => "{prefix} {bar:24} {bytes}/{total_bytes} {bytes_per_sec} ETA {eta}",
        None => "{prefix} {bytes} {bytes_per_sec}",
    };
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style);
    }
    bar.set_prefix(title.to_owned());
    bar
}

/// A stream whose bytes are shown as they come.
pub(crate) fn watched<R: Read>(title: &str, length: Option<u64>, stream: R) -> impl Read {
    bytes_bar(title, length).wrap_read(stream)
}

/// A bar while files are read; it goes away when what is returned is dropped. Small files are not
/// worth one.
pub(crate) fn reading<P: AsRef<Path>>(files: &[P]) -> Option<Ticking> {
    const WORTH: u64 = 32 << 20;
    let size = |file: &P| std::fs::metadata(file).map_or(0, |data| data.len());
    let total: u64 = files.iter().map(size).sum();
    if total < WORTH || !std::io::stderr().is_terminal() {
        return None;
    }
    let before = dualround_dataset::bytes_read();
    let bar = bytes_bar("reading", Some(total));
    let every = Duration::from_millis(1000 / u64::from(HZ));
    Some(Ticking::start(every, move |last| match last {
        false => bar.set_position(dualround_dataset::bytes_read() - before),
        true => bar.finish_and_clear(),
    }))
}

/// Shows the course of one round.
pub(crate) struct Progress {
    bar: ProgressBar,
    title: String,
    lang: Lang,
    failed: u64,
    ttft_sum_ms: f64,
    ttfts: u32,
}

impl Progress {
    /// A line for one round; `shown` false keeps silent.
    pub(crate) fn new(shown: bool, lang: Lang, concurrency: u32, spec: RoundSpec) -> Self {
        let target = target(shown);
        let kind = labels(lang).kind(spec);
        let title = match lang {
            Lang::En => format!("concurrency {concurrency} round {} {kind}", spec.number),
            Lang::Zh => format!("并发 {concurrency} 第 {} 轮 {kind}", spec.number),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        Self {
            bar,
            title,
            lang,
            failed: 0,
            ttft_sum_ms: 0.0,
            ttfts: 0,
        }
    }

    /// Takes one event of the round.
    pub(crate) fn on(&mut self, event: &Event<'_>) {
        match event {
            Event::WarmingUp { requests } => self.say(match self.lang {
                Lang::En => format!("warming up with {requests} other prompts"),
                Lang::Zh => format!("用 {requests} 个其他提示词预热"),
            }),
            Event::MakingCold => self.say(match self.lang {
                Lang::En => "making it cold".to_owned(),
                Lang::Zh => "使其变冷".to_owned(),
            }),
            Event::Started { planned } => {
                self.bar.set_length(u64::from(*planned));
                // The template is fixed and known to be valid.
                if let Ok(style) =
                    ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg} ETA {eta}")
                {
                    self.bar.set_style(style);
                }
                self.bar.set_prefix(self.title.clone());
                self.say(String::new());
            }
            Event::Finished(record) => {
                self.failed += u64::from(record.outcome.failure().is_some());
                let time = &record.timeline;
                if let Some((start, first)) = time.start_ns.zip(time.first_token_ns) {
                    #[expect(clippy::cast_precision_loss, reason = "for display")]
                    let ms = first.saturating_sub(start) as f64 / 1e6;
                    self.ttft_sum_ms += ms;
                    self.ttfts += 1;
                }
                self.bar.inc(1);
            }
            Event::Tick { in_flight } => {
                let ttft = self.ttft_sum_ms / f64::from(self.ttfts.max(1));
                let failed = self.failed;
                self.bar.set_message(match self.lang {
                    Lang::En => {
                        format!("in flight {in_flight}, failed {failed}, TTFT {ttft:.0} ms")
                    }
                    Lang::Zh => format!("进行中 {in_flight}，失败 {failed}，TTFT {ttft:.0} ms"),
                });
            }
            _ => {}
        }
    }

    fn say(&self, text: String) {
        self.bar.set_message(text);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
