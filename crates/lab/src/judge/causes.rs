//! What must be said of a world of hits where nothing hides it: who may speak, tiers, and causes.

use super::value::{number, text};
use serde_json::Value;

/// A warm hit rate below this is hardly any reuse; near it either is right.
const FEW: f64 = 0.05;
/// Tokens that any two prompts may share.
const TEMPLATE: f64 = 16.0;
/// Largest block of an engine that does not tell its own.
const LARGEST_BLOCK: f64 = 256.0;
/// Share of prompts below a block that is worth a word.
const BELOW_BLOCK: f64 = 0.1;
/// Share of the prompts that whole blocks can give back below which that is worth a word.
const FEW_POSSIBLE: f64 = 0.9;

/// Everything that is missing, or said and not so.
pub(super) fn wrong_causes(scenario: &Value, truth: &Value, level: &Value) -> Vec<String> {
    let world = Causes {
        scenario,
        truth,
        level,
    };
    let mut wrong = Vec::new();
    wrong.extend(world.tolerance());
    wrong.extend(world.witness());
    wrong.extend(world.tiers());
    wrong.extend(world.omission());
    wrong.extend(world.blocks());
    wrong.extend(world.cause());
    wrong
}

/// A world of hits, what is true of it, and what was said.
struct Causes<'a> {
    scenario: &'a Value,
    truth: &'a Value,
    level: &'a Value,
}

impl Causes<'_> {
    fn at(&self, path: &str) -> f64 {
        number(self.scenario, path).unwrap_or(f64::NAN)
    }

    fn is(&self, path: &str) -> bool {
        self.scenario.pointer(path) == Some(&Value::Bool(true))
    }

    fn word(&self, path: &str) -> &str {
        text(self.scenario, path)
    }

    fn true_at(&self, path: &str) -> f64 {
        number(self.truth, path).unwrap_or(f64::NAN)
    }

    fn finding(&self, kind: &str) -> Option<&Value> {
        let found = self.level["findings"].as_array()?;
        found.iter().find(|one| one["kind"] == kind)
    }

    /// Whether a response cache answers, which tells another story of everything.
    fn replays(&self) -> bool {
        self.is("/response_cache")
    }

    /// The true hit rates of the cold and of the warm round.
    fn rates(&self) -> (f64, f64) {
        let prompt = self.true_at("/prompt");
        (
            self.true_at("/cached/cold") / prompt,
            self.true_at("/cached/warm") / prompt,
        )
    }

    /// One in a hundred prompt tokens whose hits are known is tolerated.
    fn tolerance(&self) -> Option<String> {
        let facts = self.level.pointer("/cold/evidence")?.as_array()?;
        let hits = facts.iter().find(|one| one["fact"]["kind"] == "hits")?;
        let of = hits["fact"]["prompt"].as_f64()?;
        let limit = hits["fact"]["limit"].as_f64()?;
        // Impossible answers are in neither.
        let right = self.word("/usage") == "impossible" || close(limit, 0.01 * of);
        (!right).then(|| format!("{limit} of {of} tokens are tolerated"))
    }

    /// Who may speak, and what the cold round hit by that.
    fn witness(&self) -> Option<String> {
        let matched = self.word("/counters") == "match";
        let wanted = match self.word("/usage") {
            "explicit" => "usage",
            "silent" if !matched => "nobody",
            "silent" => "counters",
            "every_second" if matched => "counters",
            "every_second" => "partly",
            _ => return None,
        };
        if self.replays() {
            return None;
        }
        let said = text(self.level, "/conclusion/witness/kind");
        if said != wanted {
            return Some(format!("{said} speaks of hits, where {wanted} may"));
        }
        let (cold, warm) = self.rates();
        let known = matches!(wanted, "usage" | "counters");
        let cold_said = number(self.level, "/conclusion/cold_hits");
        if known != cold_said.is_some() || cold_said.is_some_and(|said| !close(said, cold)) {
            return Some(format!("the cold round hit {cold_said:?}, in truth {cold}"));
        }
        let counted =
            ["cold", "warm"].map(|side| number(self.level, &format!("/conclusion/witness/{side}")));
        if wanted == "counters" {
            let right = [cold, warm].into_iter().zip(counted);
            let right = right
                .into_iter()
                .all(|(a, b)| b.is_some_and(|b| close(a, b)));
            return (!right).then(|| format!("counters say {counted:?}, in truth {cold}, {warm}"));
        }
        None
    }

    /// Hits by tier of the counters.
    fn tiers(&self) -> Vec<String> {
        let said = self.level.pointer("/hit_rate/tiers");
        let said = said.and_then(Value::as_array).cloned().unwrap_or_default();
        let mut wrong = Vec::new();
        for tier in &said {
            let parts = number(tier, "/hits").zip(number(tier, "/queries"));
            let right = parts
                .filter(|(_, of)| *of > 0.0)
                .map(|(hits, of)| hits / of);
            let rate = number(tier, "/rate");
            if right.is_some() != rate.is_some()
                || right.zip(rate).is_some_and(|(a, b)| !close(a, b))
            {
                wrong.push(format!("a tier's rate: {tier}"));
            }
            let of_usage = tier["server"] == "usage";
            if of_usage && number(tier, "/queries") != Some(self.true_at("/prompt")) {
                wrong.push(format!(
                    "a tier of {} tokens: {tier}",
                    self.true_at("/prompt")
                ));
            }
        }
        if self.is("/by_tier") {
            return wrong;
        }
        let counted = self.truth["counted"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let said: Vec<TierFigures> = said.iter().map(TierFigures::of).collect();
        let counted: Vec<TierFigures> = counted.iter().map(TierFigures::of).collect();
        if said != counted {
            wrong.push(format!("tiers {said:?}, in truth {counted:?}"));
        }
        wrong
    }

    /// Silence is no zero where nothing proved that it is.
    fn omission(&self) -> Option<String> {
        let several = self.at("/replicas") > 1.0
            && matches!(self.word("/counters"), "match" | "other_traffic");
        let unproven = self.word("/canary") == "none" || several;
        let known = number(self.level, "/hit_rate/usage_known");
        let told = self.true_at("/warm_hits");
        let plain = self.word("/usage") == "omits_zero" && !self.replays();
        (plain && unproven && known != Some(told))
            .then(|| format!("hits are known for {known:?}, {told} answers told them"))
    }

    /// Prompts below a block, and what whole blocks leave.
    fn blocks(&self) -> Vec<String> {
        let block = self.at("/block");
        let lengths = self.truth["lengths"].as_array().into_iter().flatten();
        let lengths: Vec<f64> = lengths.filter_map(Value::as_f64).collect();
        let (of, sum) = (lengths.len() as f64, lengths.iter().sum::<f64>());
        let short = lengths.iter().filter(|tokens| **tokens <= block).count() as f64;
        let whole = lengths
            .iter()
            .map(|tokens| ((tokens - 1.0) / block).floor() * block);
        let most = whole.sum::<f64>() / sum;
        let told = self.is("/ids") && self.is("/block_known") && block > 1.0;
        let below = told && short > BELOW_BLOCK * of;
        let partial = told && !below && most < FEW_POSSIBLE;
        let mut wrong = Vec::new();
        for (kind, wanted, figures) in [
            (
                "below_block",
                below,
                [("short", short), ("of", of), ("block", block)],
            ),
            (
                "partial_blocks",
                partial,
                [("mean", sum / of), ("most", most), ("block", block)],
            ),
        ] {
            let said = self.finding(kind);
            if said.is_some() != wanted {
                wrong.push(format!(
                    "{kind} is {said:?}: {short} of {of}, {most} at most"
                ));
            }
            for (name, right) in figures {
                let value = said.and_then(|said| said[name].as_f64());
                if value.is_some_and(|value| !close(value, right)) {
                    wrong.push(format!("{kind}: {name} is {value:?}, in truth {right}"));
                }
            }
        }
        wrong
    }

    /// Why hardly anything was hit.
    fn cause(&self) -> Option<String> {
        let (cold, warm) = self.rates();
        let usage = self.word("/usage");
        if self.replays() || (warm - FEW).abs() < 0.01 || (warm > cold && warm > FEW) {
            return None;
        }
        let matched = self.word("/counters") == "match";
        let wanted: &[&str] = match usage {
            "silent" if !matched => &["hits_unseen"],
            "explicit" if warm < FEW => self.few(matched)?,
            _ => return None,
        };
        let found = self.level["findings"].as_array().into_iter().flatten();
        let found: Vec<&str> = found.filter_map(|one| one["kind"].as_str()).collect();
        if !wanted.iter().any(|kind| found.contains(kind)) {
            return Some(format!("one of {wanted:?} is not said, but {found:?}"));
        }
        self.may_be_short()
    }

    /// Few hits that every answer tells.
    fn few(&self, matched: bool) -> Option<&'static [&'static str]> {
        let (cache, canary) = (self.is("/cache"), self.word("/canary"));
        let replicas = self.at("/replicas") > 1.0;
        let template = self.at("/template");
        let found = match canary {
            "works" if cache => Some(true),
            // What a template gives is no find, but for a very long one.
            "works" | "other_replica" if !cache || template <= TEMPLATE => Some(false),
            _ => None,
        };
        let too_small = self.at("/capacity") < 1.0 && found == Some(true);
        if too_small && self.is("/ids") && self.at("/shared") < 1.0 {
            return Some(&["evicted_capacity"]);
        }
        if replicas && matched {
            return Some(&["replicas", "evicted_capacity"]);
        }
        match found? {
            true if too_small => None,
            true => Some(&["found_once_only"]),
            false if self.word("/counters") == "processes" => Some(&["never_found_processes"]),
            false if matched => Some(&["never_found"]),
            false => Some(&["never_found_unseen"]),
        }
    }

    /// Whether prompts may be below a block is said where half of them may.
    fn may_be_short(&self) -> Option<String> {
        let block = if self.is("/block_known") {
            self.at("/block")
        } else {
            LARGEST_BLOCK
        };
        let lengths = self.truth["lengths"].as_array().into_iter().flatten();
        let lengths: Vec<f64> = lengths.filter_map(Value::as_f64).collect();
        let longer = lengths.iter().filter(|tokens| **tokens > block).count();
        let right = 2 * longer <= lengths.len();
        let mut said = ["never_found", "never_found_unseen"].iter();
        let said = said.find_map(|kind| self.finding(kind)?["short"].as_bool());
        said.filter(|said| *said != right)
            .map(|said| format!("prompts may be below a block: {said}, {longer} are longer"))
    }
}

/// What is said of a tier, in whole tokens.
#[derive(Debug, PartialEq)]
struct TierFigures {
    server: Value,
    tier: Value,
    hits: Option<f64>,
    queries: Option<f64>,
}

impl TierFigures {
    fn of(tier: &Value) -> Self {
        Self {
            server: tier["server"].clone(),
            tier: tier["tier"].clone(),
            hits: number(tier, "/hits").map(f64::round),
            queries: number(tier, "/queries").map(f64::round),
        }
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-5 * (1.0 + b.abs())
}
