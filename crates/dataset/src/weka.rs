//! Weka agent traces: a row is a whole session, with its requests and those of its subagents.

use crate::decimal::seconds;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// Whether a row is a session of such a trace.
pub(crate) fn is_session(row: &Map<String, Value>) -> bool {
    row.contains_key("block_size") && row.get("requests").is_some_and(Value::is_array)
}

/// The requests of a session in the order they stand in it, each a row of its own. What is not
/// understood is handed on as it is.
pub(crate) fn requests(session: &Value) -> Vec<Value> {
    let mut out = Vec::new();
    flatten(entries(session), &mut out);
    out
}

fn flatten(entries: Vec<AgentEntry>, out: &mut Vec<Value>) {
    for entry in entries {
        match entry {
            AgentEntry::Request(row) => out.push(row),
            AgentEntry::Agent(agent) => flatten(agent.entries, out),
        }
    }
}

/// What stands in a session: a request, or a sub-agent with requests of its own.
pub(crate) enum AgentEntry {
    /// A row of its own.
    Request(Value),
    /// Another session that begins here.
    Agent(SubAgent),
}

/// A sub-agent of a session.
pub(crate) struct SubAgent {
    /// Its own name, or its place.
    pub(crate) name: String,
    /// When it had ended, ns on the clock of the session; `None` where the trace does not say.
    pub(crate) ended_ns: Option<u64>,
    /// What stands in it.
    pub(crate) entries: Vec<AgentEntry>,
}

/// What stands in a session, in its order, sub-agents apart.
pub(crate) fn entries(session: &Value) -> Vec<AgentEntry> {
    let global = session
        .get("hash_id_scope")
        .is_some_and(|scope| scope == "global");
    let name = session.get("id").and_then(Value::as_str).unwrap_or("");
    let shared = Shared {
        name,
        block_size: session.get("block_size").unwrap_or(&Value::Null),
        // Block ids are a session's own, its subagents included.
        space: if global { 0 } else { space(name) },
    };
    collect(session, &shared, Some(0), &mut 0)
}

struct Shared<'a> {
    name: &'a str,
    block_size: &'a Value,
    space: u64,
}

/// Collects what stands in a session or sub-agent whose times count from `since`, ns after the
/// session's beginning; `None` where that is not known. `count` requests were collected before.
fn collect(
    holder: &Value,
    shared: &Shared<'_>,
    since: Option<u64>,
    count: &mut usize,
) -> Vec<AgentEntry> {
    let requests = holder.get("requests").and_then(Value::as_array);
    let mut out = Vec::new();
    for request in requests.into_iter().flatten() {
        if request.get("requests").is_some_and(Value::is_array) {
            out.push(AgentEntry::Agent(SubAgent {
                name: agent_name(request, *count),
                ended_ns: ended_ns(request, since),
                entries: collect(request, shared, since_of(request, since), count),
            }));
            continue;
        }
        let row = match request {
            Value::Object(request) => {
                let mut row: Map<String, Value> = request.clone();
                let id = format!("{}/{count}", shared.name);
                row.insert("id".to_owned(), id.into());
                row.insert("block_size".to_owned(), shared.block_size.clone());
                row.insert(SPACE.to_owned(), json!(shared.space));
                if since != Some(0) {
                    row.insert(SINCE.to_owned(), json!(since));
                }
                Value::Object(row)
            }
            other => other.clone(),
        };
        *count += 1;
        out.push(AgentEntry::Request(row));
    }
    out
}

fn agent_name(agent: &Value, count: usize) -> String {
    match agent.get("agent_id").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => format!("agent-{count}"),
    }
}

/// When a sub-agent had ended, on the clock of the session.
fn ended_ns(agent: &Value, since: Option<u64>) -> Option<u64> {
    let begin = since?.checked_add(seconds(agent.get("t")?)?)?;
    let duration_ms = agent.get("duration_ms")?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a duration of a trace, not negative"
    )]
    let duration_ns = (duration_ms.max(0.0) * 1e6) as u64;
    begin.checked_add(duration_ns)
}

/// What the times of a sub-agent count from. Files are found with both: those that are published
/// keep the session's clock, the format's description begins anew with the sub-agent. A request
/// before its sub-agent can be on the latter only.
fn since_of(agent: &Value, since: Option<u64>) -> Option<u64> {
    // Rounding may put one on the same clock just before it.
    const ROUNDING_NS: u64 = 1_000;
    let begin = seconds(agent.get("t")?)?;
    let requests = agent.get("requests").and_then(Value::as_array);
    let mut times = requests
        .into_iter()
        .flatten()
        .filter_map(|request| seconds(request.get("t")?));
    if times.any(|time| time.saturating_add(ROUNDING_NS) < begin) {
        return since?.checked_add(begin);
    }
    since
}

/// The key under which a row says what its time counts from, ns after its session's beginning; only
/// where that is another instant.
pub(crate) const SINCE: &str = "t_since_ns";

/// The key under which a row says which session its block ids belong to.
pub(crate) const SPACE: &str = "hash_id_space";

fn space(name: &str) -> u64 {
    let digest = Sha256::digest(name.as_bytes());
    digest
        .iter()
        .take(8)
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}
