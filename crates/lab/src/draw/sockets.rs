//! Worlds for the program itself: an engine's settings, prompts, what was sent before, and a
//! command line.

use super::random::Random;
use serde::Serialize;
use serde_json::{Value, json};

/// Output tokens of a measured request; probes ask other numbers.
const OUTPUT: &str = "3";

/// A counter of the engine that is asked of every round.
pub const COUNTED: &str = "vllm:prompt_tokens_total";

/// The file of prices that every run has, and what is in it; for a million tokens.
pub const PRICES: (&str, &str) = (
    "prices.yaml",
    "currency: USD\nmodels:\n  sim-1: {input: 3, cache_read: 0.3, cache_write: {5m: 3.75, 1h: 6}, output: 15}\n",
);

/// A run of the program against the simulated engine.
#[derive(Clone, Debug, Serialize)]
pub struct SocketScenario {
    /// Everything random in it comes from this.
    pub seed: u64,
    /// Settings of the simulated engine, as its configuration file has them.
    pub engine: Value,
    /// `--api`.
    pub api: &'static str,
    /// `--cache-control`; none where it is not given.
    pub cache_control: Option<&'static str>,
    /// Prompts of a round.
    pub prompts: u32,
    /// Words of its own that each prompt has.
    pub words: u32,
    /// Words that all of them begin with.
    pub shared: u32,
    /// Prompts that were sent to the engine before the run, without anything fresh.
    pub sent_before: u32,
    /// `--rounds`.
    pub rounds: &'static str,
    /// `--until decided`: cycles go on until they decide.
    pub until: bool,
    /// `--cold`.
    pub cold: &'static str,
    /// Requests in flight.
    pub concurrency: u32,
    /// The canary is sent.
    pub probe: bool,
    /// Every second reading of the engine's page is of another process.
    pub two_pages: bool,
    /// Records that are taken from the journal after the run, of its last round.
    pub lost: u32,
}

impl SocketScenario {
    /// The rows of its dataset, one JSON object a line.
    pub fn rows(&self) -> String {
        let shared = "the same beginning of all ".repeat(self.shared as usize / 5);
        let mut rows = String::new();
        for at in 0..self.prompts {
            let own = format!("word{at} and more ").repeat(self.words as usize / 3);
            let text = format!("{shared}Story {at}: {own}");
            rows += &json!({"id": format!("r{at}"), "text": text}).to_string();
            rows += "\n";
        }
        rows
    }

    /// The command line of the run, without the endpoint and the folders.
    pub fn flags(&self) -> Vec<String> {
        let mut flags: Vec<String> = [
            "--max-output-tokens",
            OUTPUT,
            "--temperature",
            "0",
            "--seed",
            "1",
            "--warmup",
            "0",
            "--model",
            "sim-1",
            "--progress",
            "none",
            "--quiet",
            "--cold",
            self.cold,
            "--prometheus-metrics",
            COUNTED,
        ]
        .map(str::to_owned)
        .to_vec();
        flags.extend(["--concurrency".to_owned(), self.concurrency.to_string()]);
        let rounds: &[&str] = if self.until {
            &["--until", "decided", "--budget", "20s"]
        } else {
            &["--rounds", self.rounds]
        };
        flags.extend(rounds.iter().map(|flag| (*flag).to_owned()));
        if !self.probe {
            flags.push("--no-probe".to_owned());
        }
        flags.extend(self.api_flags().map(str::to_owned));
        flags.extend(["--prices".to_owned(), PRICES.0.to_owned()]);
        flags
    }

    /// The flags of the API, which requests of before the run have too.
    pub fn api_flags(&self) -> impl Iterator<Item = &'static str> + use<> {
        let control = self.cache_control.map(|ttl| ["--cache-control", ttl]);
        ["--api", self.api]
            .into_iter()
            .chain(control.into_iter().flatten())
    }
}

/// What vendors stream: thinking in fields of many kinds, and answers that the server breaks off.
/// Of a draw of its own, so that the other worlds of a seed stay as they were.
fn with_carriers(mut engine: Value, seed: u64, cold: &str) -> Value {
    let mut random = Random::new(seed ^ 0xca44);
    engine["reasoning_tokens"] = random.one_of(&[0, 0, 1, 2]).into();
    engine["reasoning_in"] = random
        .one_of(&["field", "parts", "details", "unknown"])
        .into();
    let none = engine["faults"].as_array().is_some_and(Vec::is_empty);
    if none && cold != "reset" && random.chance(0.3) {
        let fault = match random.one_of(&[0, 1, 2]) {
            0 => json!({"finish": {"reason": "abort"}}),
            1 => json!({"error_field": {"after_tokens": 1}}),
            _ => json!({"finish": {"reason": "because"}}),
        };
        engine["faults"] = json!([{"on": {"every": 7}, "fault": fault}]);
    }
    engine
}

/// By which API the engine is asked, what of its cache is asked for, and whether it tells what it
/// writes. Of a draw of its own, so that the other worlds of a seed stay as they were.
fn by_api(engine: &mut Value, seed: u64) -> (&'static str, Option<&'static str>) {
    let mut random = Random::new(seed ^ 0xa919);
    let api = random.one_of(&[
        "chat",
        "chat",
        "completions",
        "messages",
        "messages",
        "responses",
    ]);
    engine["report_written_tokens"] = random.chance(0.5).into();
    if api != "messages" {
        return (api, None);
    }
    engine["explicit_cache"] = random.chance(0.5).into();
    engine["explicit_min_tokens"] = random.one_of(&[20, 20, 400]).into();
    (
        api,
        random.one_of(&[None, Some("5m"), Some("1h"), Some("off")]),
    )
}

/// Mixed rounds and rounds without reuse, and whether cycles go on until they decide, in half of the
/// runs that may have them. Of a draw of its own, so that the other worlds of a seed stay as they were.
fn later_letters(rounds: &'static str, seed: u64, cold: &str) -> (&'static str, bool) {
    let mut random = Random::new(seed ^ 0x4d50);
    if cold != "auto" {
        return (rounds, false);
    }
    match random.whole(0, 7) {
        0 => (random.one_of(&["CWM", "CWCWM", "CWMM"]), false),
        1 => (random.one_of(&["CM", "CMMM", "CMCM", "CWMCWMCWM"]), false),
        2 => (random.one_of(&["NCW", "NC", "CWN", "NCWM", "CMNW"]), false),
        3 => ("CW", true),
        _ => (rounds, false),
    }
}

/// The run of a seed. Draws that came later have a generator of their own, so that a seed stays the
/// same world.
pub fn socket_scenario(seed: u64) -> SocketScenario {
    let mut random = Random::new(seed ^ 0x50c7);
    let prompts = random.whole(8, 14);
    let cold = random.one_of(&["auto", "auto", "auto", "none", "reset"]);
    let external = random.one_of(&[0, 0, 4096]);
    let engine = json!({
        "block_size": random.one_of(&[16, 16, 32]),
        "cache_blocks": random.one_of(&[0, 24, 65_536, 65_536, 65_536]),
        "honour_cache_salt": random.chance(0.8),
        "report_cached_tokens": random.chance(0.8),
        // A reset of the engine alone keeps an outer tier, and stops the run.
        "external_blocks": if cold == "reset" { 0 } else { external },
        "report_cached_by_tier": random.chance(0.3),
        "prefill_base_ms": 1.0,
        "prefill_ms_per_token": 0.03,
        "itl_ms": 0.5,
        "faults": match random.one_of(&[0, 0, 0, 1]) {
            // Proofs of a reset stand between the rounds, and must be told from them.
            1 if cold != "reset" => json!([{"on": {"every": 7}, "fault": {"status": {"code": 503}}}]),
            _ => json!([]),
        },
    });
    let mut engine = with_carriers(engine, seed, cold);
    let mut beside = Random::new(seed ^ 0x9a6e);
    // A reset is proven by counters, which two processes have not.
    let two_pages = cold != "reset" && beside.chance(0.2);
    if two_pages {
        let fault = json!({"other_process": 1_000_000});
        engine["metrics_fault"] = json!({"every": 2, "fault": fault});
    }
    let words = random.one_of(&[30, 90, 240]);
    let shared = random.one_of(&[0, 0, 60]);
    let sent_before = random.one_of(&[0, 0, 3, prompts]);
    let rounds = random.one_of(&["CW", "CW", "CWC", "CWW", "CWCW", "CWCWCW"]);
    let (rounds, until) = later_letters(rounds, seed, cold);
    // Which arm a request was in, its body tells.
    engine["log_bodies"] = true.into();
    let (api, cache_control) = by_api(&mut engine, seed);
    SocketScenario {
        seed,
        engine,
        api,
        cache_control,
        prompts,
        words,
        shared,
        sent_before,
        rounds,
        until,
        cold,
        concurrency: random.one_of(&[1, 4]),
        probe: cold == "reset" || random.chance(0.6),
        two_pages,
        lost: beside.one_of(&[0, 0, 0, 1, 3]),
    }
}
