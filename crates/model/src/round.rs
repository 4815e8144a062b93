//! The raw facts of one round.

use crate::{
    ColdAction, EngineDelta, Load, MetricTrack, RequestRecord, RoundSpec, UnsentTurn, Warning,
};
use serde::{Deserialize, Serialize};

/// How late this program itself was during a round, by a timer probe on each runtime.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientProbe {
    /// Lags (woken − due) of the probe, ns, sorted; at most a few thousand.
    pub lags_ns: Vec<u64>,
    /// The longest lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<Standstill>,
    /// Kernel stamps that disagreed with the read instant and were not used.
    pub rejected_stamps: u64,
    /// Reads with a kernel stamp.
    pub kernel_stamps: u64,
    /// Reads stamped by this program.
    pub read_stamps: u64,
    /// Reads of HTTP/2 connections.
    #[serde(default)]
    pub connection_stamps: u64,
    /// The load of the busiest worker; `None` where the system does not tell a thread's CPU time.
    #[serde(default)]
    pub busiest_worker: Option<WorkerLoad>,
    /// Time that the main thread spent on showing progress, ns; `None` where none was shown.
    #[serde(default)]
    pub progress_ns: Option<u64>,
}

/// A time in which a worker of this client did not run: the machine was busy, the process stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standstill {
    /// How long, ns.
    pub lag_ns: u64,
    /// Of it, while the machine was suspended, ns: the clock of the stamps stood too.
    #[serde(default)]
    pub suspended_ns: u64,
    /// When it ran again, ns.
    pub woken_ns: u64,
}

/// What a worker thread did during a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLoad {
    /// CPU time of the thread, ns.
    pub cpu_ns: u64,
    /// Time that passed, ns.
    pub wall_ns: u64,
}

impl WorkerLoad {
    /// CPU time over time; `None` for no time at all.
    #[expect(
        clippy::cast_precision_loss,
        reason = "durations are far below 2^52 ns"
    )]
    pub fn share(&self) -> Option<f64> {
        (self.wall_ns > 0).then(|| self.cpu_ns as f64 / self.wall_ns as f64)
    }
}

/// Which limit of the plan ended a round early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundStop {
    /// `--duration`: what was in flight was let finish.
    Duration,
    /// `--max-failures`.
    MaxFailures,
    /// `--max-failure-rate`: it was exceeded, whatever the rest would have done.
    MaxFailureRate,
}

impl RoundStop {
    /// There were too many failures: what comes after would fail as well, or mean nothing.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::MaxFailures | Self::MaxFailureRate)
    }

    /// The flag that sets the limit.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Duration => "--duration",
            Self::MaxFailures => "--max-failures",
            Self::MaxFailureRate => "--max-failure-rate",
        }
    }
}

/// Where the prompts of a partial round were cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrefixCut {
    /// The share asked for, percent of each prompt.
    pub asked_percent: u32,
    /// The share that was kept, Σ kept / Σ length: of the token ids sent, by the engine's own
    /// tokenizer, or of the characters where there is none.
    pub kept_share: f64,
    /// Cut by token ids, on a whole number of blocks of so many; `None`: by characters.
    pub block_tokens: Option<u64>,
}

/// What an open loop had beside its requests' own instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLoopRound {
    /// Connections that were ready when it began.
    pub connections: u32,
    /// Most requests in flight that it was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<u32>,
    /// When its last request was due, ns after the start.
    pub last_due_ns: u64,
    /// By how much draining between the blocks of a mixed round put off what was due later, in the
    /// end, ns.
    #[serde(default)]
    pub drained_ns: u64,
}

/// Everything about a round but its requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundMeta {
    /// 0-based position of the level in the plan.
    pub level: u32,
    /// The load of the level: `concurrency` or `rate`.
    #[serde(flatten)]
    pub load: Load,
    /// Number, epoch and kind.
    pub spec: RoundSpec,
    /// Requests planned.
    pub planned: u32,
    /// Requests never sent, because the round was ended early.
    pub not_started: u32,
    /// When what was done before it began, ns since the run's anchor; `None` in older folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared_ns: Option<u64>,
    /// Cycles that its level runs at most, where it runs until it is decided and its first cycle has
    /// told that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_cycles: Option<u32>,
    /// When the first request was free to go, ns since the run's anchor.
    pub started_ns: u64,
    /// When the last request had ended, ns.
    pub ended_ns: u64,
    /// How long requests waited for readings of the server's metrics between two of them (at
    /// concurrency 1), ns: no part of the round's duration.
    #[serde(default)]
    pub paused_ns: u64,
    /// Wall time of the start, RFC 3339, UTC.
    pub started_at: String,
    /// Probe requests (priming, canary) sent before this round.
    pub probe_requests: u32,
    /// Warm-up requests sent before this round.
    pub warmup_requests: u32,
    /// What was done to make it cold; `None` in a warm round.
    pub cold: Option<ColdAction>,
    /// Where the prompts were cut, in a partial round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<PrefixCut>,
    /// Digest of the bodies without salt.
    pub content_digest: String,
    /// Digest of the bodies as sent.
    pub wire_digest: String,
    /// Most requests in flight at once.
    pub peak_in_flight: u32,
    /// Of sessions the first turns that state more tokens than the server's context has: they are not
    /// sent, and end their session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_long: Vec<UnsentTurn>,
    /// What it had beside, in an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenLoopRound>,
    /// How late the client was.
    pub client: ClientProbe,
    /// Server metrics over the round.
    pub metrics: Vec<MetricTrack>,
    /// What the engines' own counters did, one entry a server; empty where none is known.
    #[serde(default)]
    pub engines: Vec<EngineDelta>,
    /// The round was ended early by the user or a limit.
    pub interrupted: bool,
    /// Its end is not in the journal: the run was killed in it.
    #[serde(skip)]
    pub unfinished: bool,
    /// Which limit; `None` where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<RoundStop>,
    /// Caveats found while it ran.
    pub warnings: Vec<Warning>,
}

impl RoundMeta {
    /// Whether this is the round of the same number of the same level.
    pub fn is_same_round(&self, other: &Self) -> bool {
        (self.level, self.spec.number) == (other.level, other.spec.number)
    }

    /// Makes it a round that came to its end and of which only the line that said so is gone.
    pub fn without_end(&mut self) {
        (self.not_started, self.interrupted, self.unfinished) = (0, false, false);
    }
}

/// A finished round with its requests, sorted by index, where all of them fit into memory.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundRun {
    /// The facts.
    pub meta: RoundMeta,
    /// One record for every request that was started (or failed to), sorted by index.
    pub records: Vec<RequestRecord>,
}
