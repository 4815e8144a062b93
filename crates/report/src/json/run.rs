//! `run.json`: what was run, where and when, so that it can be run again.

use dualround_model::{CanaryReport, EngineReport, Plan, Reuse, Selection, Warning};
use serde::{Deserialize, Serialize};

/// The facts of a run as `run.json` holds them. Secrets in it are `***`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunInfo {
    /// Name of the run: its start in UTC.
    pub run_id: String,
    /// Version of this program.
    pub version: String,
    /// The resolved plan.
    pub plan: Plan,
    /// What was read and chosen.
    pub dataset: Selection,
    /// When the run began, RFC 3339, UTC.
    pub started_at: String,
    /// When it ended; `None` while it runs, or when it was killed.
    pub finished_at: Option<String>,
    /// Wall time of the zero of all `_ns` values in the journal.
    pub clock_anchor: String,
    /// System, processors and the like.
    pub environment: serde_json::Value,
    /// What the canary showed.
    pub canary: Option<CanaryReport>,
    /// The servers behind the endpoint.
    #[serde(default)]
    pub engines: Vec<EngineReport>,
    /// What a prefix cache could give, by the token ids sent; `None`: not known.
    #[serde(default)]
    pub reuse: Option<Reuse>,
    /// SHA-256 of the plan, hex: a run is continued (`--resume`) only with an equal one.
    #[serde(default)]
    pub plan_digest: String,
    /// When it was continued after an end before its time, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed_at: Vec<String>,
    /// Caveats of the run as a whole.
    pub warnings: Vec<Warning>,
    /// The user, a limit or an error ended it early.
    pub interrupted: bool,
    /// How the program ended; `None` while it runs.
    pub exit_code: Option<i32>,
}
