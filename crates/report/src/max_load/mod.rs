//! The most load that a server takes, as a search for it says: on the terminal, in JSON, as a page.

mod page;
mod text;

pub use page::max_load_page;
pub use text::{max_load_text, probe_text};

use crate::number::json as num;
use dualround_model::{LoadProbe, MaxLoad, MostLoad, Slo};
use serde_json::{Value, json};

/// A search as it stands in `max_load.json`.
pub fn max_load_json(found: &MaxLoad, slo: &Slo) -> Value {
    json!({
        "slo": slo,
        "share": num(Some(found.share)),
        "n": found.n,
        "sides": found.sides.iter().map(side).collect::<Vec<_>>(),
        "ratio": num(found.ratio),
        "ratio_at_least": found.ratio_at_least,
    })
}

fn side(side: &MostLoad) -> Value {
    json!({
        "side": side.side,
        "value": num(side.value),
        "not_met": num(side.not_met),
        "unit": side.unit,
        "bound": side.bound,
        "probes": side.probes.iter().map(probe).collect::<Vec<_>>(),
    })
}

fn probe(probe: &LoadProbe) -> Value {
    json!({
        "load": num(Some(probe.load)),
        "n": probe.n,
        "met": probe.met,
        "share": num(probe.share),
        "low": num(probe.low),
        "verdict": probe.verdict,
        "seconds": num(Some(probe.seconds)),
        "folder": probe.folder,
    })
}
