//! What a scenario is: everything that the rounds are drawn from, and what is true of them.

use super::plain::PlainFigures;
use serde::Serialize;

/// A world to draw rounds from. Times in ms, shares from 0 to 1.
#[derive(Clone, Debug, Serialize)]
pub struct Scenario {
    /// Its family, or the fault that it is the example of.
    pub name: String,
    /// Everything random in it comes from this.
    pub seed: u64,
    /// The schedule that was asked for.
    pub schedule: String,
    /// Rounds of it that were run, when the run ended early.
    pub rounds_run: Option<u32>,
    /// Requests of the last round that were started, when it ended early.
    pub last_round_started: Option<u32>,
    /// Cycles at most, where they are run until they decide.
    pub most_cycles: Option<u32>,
    /// Requests in flight.
    pub concurrency: u32,
    /// Different prompts.
    pub prompts: u32,
    /// Rows that repeat one of them.
    pub repeats: u32,
    /// Shortest and longest prompt, tokens.
    pub tokens: (u32, u32),
    /// Middle TTFT of a cold prompt.
    pub cold_ms: f64,
    /// How much prompts differ in TTFT: standard deviation of ln.
    pub prompt_sigma: f64,
    /// How much one request differs from itself: standard deviation of ln.
    pub noise: f64,
    /// How much a round differs as a whole: standard deviation of ln.
    pub round_sigma: f64,
    /// What every round takes longer than the one before, in ln.
    pub drift: f64,
    /// What the first round takes longer, in ln: a server that wakes up.
    pub first_round: f64,
    /// One round of which so many requests fail, by its place in the schedule.
    pub failing_round: Option<(usize, f64)>,
    /// Warm requests that come from the cache.
    pub hit_share: f64,
    /// Cold over warm TTFT of those; of the others it is 1.
    pub ratio: f64,
    /// Requests of a miss arm that a cache knows whole all the same.
    pub misses_hit: f64,
    /// What a round without reuse takes longer than a cold one, as a factor.
    pub without_ratio: f64,
    /// Requests of a round without reuse that a cache knows whole all the same.
    pub without_hits: f64,
    /// Hits are reported although they make nothing faster: `ratio` is 1.
    pub idle_hits: bool,
    /// Requests that fail in a cold round, and in a warm one.
    pub failing: (f64, f64),
    /// Prompts that fail in every round.
    pub always_failing: f64,
    /// `--round-noise`, percent, where it was given.
    pub round_noise: Option<f64>,
    /// TTFT of every request of each round, instead of all that is drawn; two values alternate.
    pub by_round: Option<Vec<(f64, f64)>>,
}

/// What is true of what was drawn, computed beside `stats`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScenarioTruth {
    /// The row of the table in docs/en/method/speed.md that decides; `none`: there is no pair.
    pub row: String,
    /// The cycles that count.
    pub cycles: Vec<CyclePlace>,
    /// The cycles that were run.
    pub cycles_run: u64,
    /// Different prompts that the row rests on.
    pub prompts: u32,
    /// Pairs that succeeded in both rounds of a cycle.
    pub pairs: u32,
    /// Pairs of which one side alone failed, in all cycles that were run.
    pub lost: LostTruth,
    /// exp of the mean of ln(cold / warm) over prompts that the world has.
    pub ratio: f64,
    /// The same in the times that were drawn.
    pub seen_ratio: Option<f64>,
    /// Geometric means of both sides of it, ms.
    pub seen_ms: Option<(f64, f64)>,
    /// The spread over prompts, as ratios; `None` below six.
    pub spread: Option<(f64, f64)>,
    /// The interval that decides.
    pub interval: Option<(f64, f64)>,
    /// Warm requests in pairs that hit.
    pub hits: ClassTruth,
    /// Those that missed.
    pub misses: ClassTruth,
    /// ln of the last over the first repeat of a cold round.
    pub colds_apart: Option<f64>,
    /// The same of warm rounds.
    pub warms_apart: Option<f64>,
    /// Means, differences and shares over its pairs.
    pub plain: Option<PlainFigures>,
    /// Median and Hodges–Lehmann estimate of the ratios over prompts.
    pub middles: Option<(f64, Option<f64>)>,
    /// ln by which each round was slower than the one before, by the first and the last cold round
    /// of its cycles.
    pub trend: Option<f64>,
    /// ln of the last of these cold rounds over the first.
    pub first_to_last: Option<f64>,
    /// Warm rounds that were run.
    pub warm_rounds: u64,
    /// Warm requests that succeeded, over all rounds that count as warm.
    pub warm_successes: u64,
    /// What is true of the mixed rounds.
    pub mixed: Option<MixedTruth>,
    /// What is true of rounds without reuse against cold ones.
    pub inside: Option<InsideTruth>,
}

/// What is true of the mixed rounds of a level. Bands are a point where all tosses of the coin can be
/// looked at.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MixedTruth {
    /// Blocks with a request that counts.
    pub blocks: u64,
    /// Ways to give them their arms, in rounds that have both.
    pub tosses: f64,
    /// Requests of the hit arm that count.
    pub hit_requests: u64,
    /// The same of the miss arm.
    pub miss_requests: u64,
    /// Different prompts among both.
    pub prompts: u64,
    /// Answers of the hit arm, the ramp among them.
    pub hit_answers: u64,
    /// Those of them that missed.
    pub missed: u64,
    /// Share of their tokens from the cache.
    pub hit_rate: Option<f64>,
    /// The same of the miss arm.
    pub miss_rate: Option<f64>,
    /// Misses of some round took more from a cache than is tolerated.
    pub misses_hit: bool,
    /// Failures that the cold round did not have: `cold` in the miss arm, `warm` in the hit arm.
    pub lost: LostTruth,
    /// Misses over hits, in the times that were drawn; `None` where no round has both arms.
    pub ratio: Option<f64>,
    /// Misses over their cold rounds.
    pub drift: Option<f64>,
    /// Where p lies.
    pub p: Option<(f64, f64)>,
    /// Where the lower end of the interval lies.
    pub low: Option<(f64, f64)>,
    /// The same of the upper end.
    pub high: Option<(f64, f64)>,
}

/// What is true of rounds without reuse against cold rounds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InsideTruth {
    /// Pairs of rounds.
    pub cycles: u64,
    /// Different prompts in them.
    pub prompts: u32,
    /// Pairs that one side lost.
    pub lost: LostTruth,
    /// Without reuse over cold, as the world has it.
    pub ratio: f64,
    /// The same in the times that were drawn.
    pub seen_ratio: Option<f64>,
    /// The interval that decides.
    pub interval: Option<(f64, f64)>,
    /// Share of the tokens that came from a cache without reuse.
    pub rate_without: Option<f64>,
    /// The same in the cold rounds.
    pub rate: Option<f64>,
    /// Hits without reuse go beyond what is tolerated.
    pub contaminated: bool,
    /// Some request hit.
    pub any_foreign: bool,
    /// Some round without reuse has no answer.
    pub unanswered: bool,
}

/// The two rounds of a cycle, by their place in the schedule.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CyclePlace {
    /// The cold round.
    pub cold: usize,
    /// The warm one.
    pub warm: usize,
}

/// Pairs that one side alone lost, in all cycles that were run.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct LostTruth {
    /// The cold side alone failed.
    pub cold: u32,
    /// The warm side alone failed.
    pub warm: u32,
    /// Pairs that succeeded on one side at least.
    pub of: u32,
}

/// Warm requests that hit, or that missed.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ClassTruth {
    /// How many.
    pub requests: u32,
    /// Their ratio in the times that were drawn.
    pub ratio: Option<f64>,
}

impl Scenario {
    /// A plain one: 24 prompts of 1,000 tokens, one pair of rounds, every warm request ten times
    /// faster.
    pub(super) fn plain(name: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            seed,
            schedule: "CW".to_owned(),
            rounds_run: None,
            last_round_started: None,
            most_cycles: None,
            concurrency: 1,
            prompts: 24,
            repeats: 0,
            tokens: (1000, 1000),
            cold_ms: 100.0,
            prompt_sigma: 0.3,
            noise: 0.1,
            round_sigma: 0.0,
            drift: 0.0,
            first_round: 0.0,
            failing_round: None,
            hit_share: 1.0,
            ratio: 10.0,
            misses_hit: 0.0,
            without_ratio: 1.0,
            without_hits: 0.0,
            idle_hits: false,
            failing: (0.0, 0.0),
            always_failing: 0.0,
            round_noise: None,
            by_round: None,
        }
    }

    /// A world of the noise table: 24 prompts, hits reported, a factor common to each round.
    pub fn noisy(schedule: &str, round_sigma: f64, ratio: f64) -> Self {
        Self {
            schedule: schedule.to_owned(),
            round_sigma,
            ratio,
            idle_hits: true,
            ..Self::plain("noise", 0)
        }
    }
}
