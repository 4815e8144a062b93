//! Mixed rounds in a queue: whether blocks of hits and misses inside one round say what whole rounds
//! say, what their p is where there is no effect, and how often an effect is found.

use super::uniform::distance;
use crate::{
    draw::{QueueScenario, draw_queue, number_of},
    judge::lowest_rate,
    run::queue_verdict,
};
use serde_json::Value;

/// What rounds differ by as a whole: standard deviation of ln.
const ROUND_SIGMA: f64 = 0.10;
/// How far times go inside a round.
pub const DRIFT: f64 = 0.2;
/// The ratio of the TTFT of whole rounds that is to be found.
const EFFECT: f64 = 1.3;
/// The share of runs that must find it.
const FOUND: f64 = 0.90;
/// What both ways to measure a ratio may differ by.
const APART: f64 = 1.15;
/// Kolmogorov's distance that p-values may have from the uniform distribution.
const DISTANCE: f64 = 0.05;
/// Runs over which a prefill ratio is sought that makes an effect.
const SEEKING: u64 = 40;

/// A queue: how many users, how long answers are, and how many requests a round has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Users.
    pub concurrency: u32,
    /// Time from first to last token, as a multiple of the middle cold prefill.
    pub decode: f64,
    /// Requests of a round.
    pub requests: u32,
}

const fn queue(concurrency: u32, decode: f64, requests: u32) -> Queue {
    Queue {
        concurrency,
        decode,
        requests,
    }
}

/// Queues of the study: alone, at a server that has time to spare, and at one that has none.
pub const QUEUES: [Queue; 7] = [
    queue(1, 3.0, 200),
    queue(4, 12.0, 200),
    queue(4, 3.0, 200),
    queue(4, 0.5, 200),
    queue(8, 24.0, 400),
    queue(8, 6.0, 400),
    queue(8, 1.0, 400),
];

/// Queues in which an effect is to be found, and how far times go inside a round.
#[derive(Clone, Copy, Debug)]
pub struct PowerCell {
    /// The queue.
    pub queue: Queue,
    /// From the beginning of a round to its end.
    pub drift: f64,
    /// Nine of ten runs must find it.
    pub must_find: bool,
}

const fn finds(queue: Queue) -> PowerCell {
    PowerCell {
        queue,
        drift: 0.0,
        must_find: true,
    }
}

const fn shown(queue: Queue) -> PowerCell {
    PowerCell {
        must_find: false,
        ..finds(queue)
    }
}

const fn drifting(queue: Queue) -> PowerCell {
    PowerCell {
        drift: DRIFT,
        ..shown(queue)
    }
}

/// Where an effect is sought. Where requests meet each other by chance, TTFT varies so much that
/// rounds of twice the size are needed; a drift inside the rounds costs more.
pub const POWERS: [PowerCell; 22] = [
    finds(queue(1, 3.0, 200)),
    drifting(queue(1, 3.0, 200)),
    shown(queue(4, 12.0, 200)),
    finds(queue(4, 12.0, 400)),
    drifting(queue(4, 12.0, 200)),
    drifting(queue(4, 12.0, 800)),
    shown(queue(4, 3.0, 200)),
    finds(queue(4, 3.0, 400)),
    drifting(queue(4, 3.0, 200)),
    drifting(queue(4, 3.0, 800)),
    finds(queue(4, 0.5, 200)),
    drifting(queue(4, 0.5, 200)),
    drifting(queue(4, 0.5, 800)),
    shown(queue(8, 24.0, 400)),
    finds(queue(8, 24.0, 800)),
    drifting(queue(8, 24.0, 400)),
    shown(queue(8, 6.0, 400)),
    finds(queue(8, 6.0, 800)),
    drifting(queue(8, 6.0, 400)),
    finds(queue(8, 1.0, 400)),
    drifting(queue(8, 1.0, 400)),
    drifting(queue(8, 1.0, 1600)),
];

/// Prefill ratios at which both ways to measure are held against each other.
pub const RATIOS: [f64; 3] = [2.0, 4.0, 10.0];

impl Queue {
    /// The world of a run. Studies have seeds of their own, so that they do not err together.
    fn scenario(self, study: &str, run: u64, prefill_ratio: f64) -> QueueScenario {
        let cell = format!("{study} {self:?} {prefill_ratio}");
        QueueScenario {
            seed: number_of(&cell).wrapping_add(run),
            schedule: "CWM",
            concurrency: self.concurrency,
            requests: self.requests,
            prefill_ratio,
            decode: self.decode,
            round_sigma: ROUND_SIGMA,
            drift: DRIFT,
        }
    }

    /// Both ratios over so many runs of a prefill ratio.
    pub fn agreement(self, prefill_ratio: f64, runs: u64) -> Agreement {
        let mut sum = Agreement::default();
        for run in 0..runs {
            let scenario = self.scenario("agreement", run, prefill_ratio);
            let level = queue_verdict(draw_queue(&scenario), scenario.schedule);
            sum.rounds += ln(&level["ttft"]["ratio"]);
            sum.mixed += ln(&level["mixed"]["ratio"]);
        }
        Agreement {
            rounds: (sum.rounds / runs as f64).exp(),
            mixed: (sum.mixed / runs as f64).exp(),
        }
    }

    /// p-values where hits are as slow as misses.
    pub fn without_effect(self, runs: u64) -> NullRuns {
        let mut p = Vec::new();
        let mut found = NullRuns::default();
        for run in 0..runs {
            let scenario = self.scenario("null", run, 1.0);
            let level = queue_verdict(draw_queue(&scenario), scenario.schedule);
            p.extend(level["mixed"]["p"].as_f64());
            found.effects += u64::from(level["conclusion"]["kind"] == "effect");
        }
        found.runs = runs;
        found.without_p = runs - p.len() as u64;
        found.distance = distance(&p);
        found
    }

    /// The prefill ratio whose whole rounds differ by the effect that is asked for in TTFT. Of what they do not differ
    /// by as a whole: without round shifts and drift, by bisection over the same draws.
    pub fn prefill_ratio_of_the_effect(self) -> f64 {
        let (mut low, mut high) = (1.0, EFFECT);
        for _ in 0..12 {
            let middle = f64::midpoint(low, high);
            let mut sum = 0.0;
            for run in 0..SEEKING {
                let scenario = QueueScenario {
                    schedule: "CW",
                    round_sigma: 0.0,
                    drift: 0.0,
                    prefill_ratio: middle,
                    ..self.scenario("seeking", run, 1.0)
                };
                let level = queue_verdict(draw_queue(&scenario), scenario.schedule);
                sum += ln(&level["ttft"]["ratio"]);
            }
            if (sum / SEEKING as f64).exp() < EFFECT {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }
}

impl PowerCell {
    /// How often the effect is found by the mixed round.
    pub fn run(&self, runs: u64) -> FoundRuns {
        let prefill_ratio = self.queue.prefill_ratio_of_the_effect();
        let mut found = FoundRuns {
            runs,
            prefill_ratio,
            ..FoundRuns::default()
        };
        for run in 0..runs {
            let scenario = QueueScenario {
                drift: self.drift,
                ..self.queue.scenario("power", run, prefill_ratio)
            };
            let level = queue_verdict(draw_queue(&scenario), scenario.schedule);
            let conclusion = &level["conclusion"];
            let ratio = level["mixed"]["ratio"].as_f64().unwrap_or(0.0);
            let decides = conclusion["kind"] == "effect" && conclusion["source"] == "mixed";
            found.found += u64::from(decides && ratio > 1.0);
            found.wrong_way += u64::from(decides && ratio < 1.0);
            let holds = |effect: f64| {
                let ends = level["mixed"]["low"].as_f64();
                let ends = ends.zip(level["mixed"]["high"].as_f64());
                ends.is_none_or(|(low, high)| low <= effect && effect <= high)
            };
            found.uncovered += u64::from(!holds(EFFECT));
        }
        found
    }

    /// As often as asked, but for what chance makes of few runs.
    pub fn holds(&self, row: &FoundRuns) -> bool {
        let missed = row.runs - row.found;
        let often = lowest_rate(missed, row.runs) <= 1.0 - FOUND;
        (often || !self.must_find) && row.wrong_way == 0
    }
}

fn ln(value: &Value) -> f64 {
    value.as_f64().map_or(f64::NAN, f64::ln)
}

/// Ratios of one world: geometric means over runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreement {
    /// Cold round over warm round.
    pub rounds: f64,
    /// Misses over hits inside the mixed round.
    pub mixed: f64,
}

impl Agreement {
    /// They differ by no more than they may.
    pub fn holds(&self) -> bool {
        let apart = self.mixed / self.rounds;
        (1.0 / APART..=APART).contains(&apart)
    }
}

/// What runs without an effect came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullRuns {
    /// Runs.
    pub runs: u64,
    /// Kolmogorov's distance of their p-values from the uniform distribution.
    pub distance: f64,
    /// Effects that were claimed.
    pub effects: u64,
    /// Runs without a p-value, which none should be.
    pub without_p: u64,
}

impl NullRuns {
    /// p is uniform, but for what chance makes of few runs, and effects are hardly ever claimed.
    pub fn holds(&self) -> bool {
        // Beyond 1.63 / √n it is not by chance (1 %).
        let by_chance = 1.63 / (self.runs as f64).sqrt();
        self.distance <= DISTANCE.max(by_chance)
            && lowest_rate(self.effects, self.runs) <= 0.05
            && self.without_p == 0
    }
}

/// How often an effect was found.
#[derive(Clone, Copy, Debug, Default)]
pub struct FoundRuns {
    /// Runs.
    pub runs: u64,
    /// The prefill ratio that makes the effect.
    pub prefill_ratio: f64,
    /// The mixed round decided for it.
    pub found: u64,
    /// It decided for the opposite.
    pub wrong_way: u64,
    /// Its interval does not hold what whole rounds have.
    pub uncovered: u64,
}
