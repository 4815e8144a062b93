//! What the engines' own counters saw of a round. They speak only where what they looked up is what
//! was sent: more is other traffic, less are requests that never reached an engine.

use crate::round::server_metrics;
use dualround_model::{EngineDelta, Flag, LeftOut, Resolved, RoundResult};

/// Tokens by which counters may differ from what was sent: probes of this program among them.
const SLACK_SHARE: f64 = 0.02;
/// The same at the least, tokens.
const SLACK: f64 = 64.0;

/// Tokens by which counters may differ from `sent`.
pub(crate) fn slack(sent: f64) -> f64 {
    SLACK_SHARE * sent + SLACK
}

/// Lookups of an engine that match a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct EngineLookups {
    /// Tokens found, in all tiers.
    pub(crate) hits: f64,
    /// Tokens that were sent, which is what was looked up.
    pub(crate) sent: f64,
}

/// Several processes answer behind one address.
pub(crate) fn is_several_processes(round: &RoundResult) -> bool {
    round
        .meta
        .engines
        .iter()
        .any(|engine| engine.left_out == Some(LeftOut::SeveralProcesses))
}

/// How what was looked up stands to what was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LookupCheck {
    /// Every request, and nothing else.
    Match(EngineLookups),
    /// More: other traffic.
    More {
        /// Looked up.
        seen: f64,
        /// Sent.
        sent: f64,
    },
    /// Less: requests that never reached the engine.
    Less {
        /// Looked up.
        seen: f64,
        /// Sent.
        sent: f64,
    },
}

/// Prompt tokens of all requests of a round; `None` when one is not known, failed, or was sent again.
pub(crate) fn sent_tokens(round: &RoundResult) -> Option<f64> {
    let mut tokens = 0;
    for (_, row) in round.requests.iter() {
        // One that was sent again was looked up more than once.
        if !row.is_success() || row.has(Flag::Retried) {
            return None;
        }
        tokens += row.input_tokens()?;
    }
    Some(tokens as f64)
}

/// The counters of a round that match what it sent.
pub(crate) fn of_round(round: &RoundResult) -> Option<EngineLookups> {
    match looked(round)? {
        LookupCheck::Match(seen) => Some(seen),
        _ => None,
    }
}

/// The same with what does not match; `None` where there are no counters of hits, or it is not known
/// how much was sent.
pub(crate) fn looked(round: &RoundResult) -> Option<LookupCheck> {
    let sent = sent_tokens(round)?;
    let engines: Vec<&EngineDelta> = round.meta.engines.iter().collect();
    let counted = tiers(&engines, sent).or_else(|| direct(&engines));
    let (looked_up, hits) = counted.or_else(|| asked(round))?;
    if looked_up > sent + slack(sent) {
        return Some(LookupCheck::More {
            seen: looked_up,
            sent,
        });
    }
    if looked_up < sent - slack(sent) {
        return Some(LookupCheck::Less {
            seen: looked_up,
            sent,
        });
    }
    let hits = hits.min(sent);
    Some(LookupCheck::Match(EngineLookups { hits, sent }))
}

/// Look-ups of the first tier and hits of all of them. With its own cache off, an engine looks
/// everything up in the next one. Look-ups of an outer tier are all that was sent, or what the first
/// one did not find (vLLM changed this); hits of one that fits neither are left out.
fn tiers(engines: &[&EngineDelta], sent: f64) -> Option<(f64, f64)> {
    let of = |first: bool| {
        let tiers = engines.iter().flat_map(|delta| &delta.tiers);
        let tiers = tiers.filter(|tier| tier.tier != "lmcache");
        let is_first = |name: &str| matches!(name, "local" | "device");
        let chosen = tiers.filter(move |tier| is_first(&tier.tier) == first);
        chosen.filter_map(|tier| tier.hits.zip(tier.queries))
    };
    let sum = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
        pairs.fold((0.0, 0.0, false), |sum, (hits, queries)| {
            (sum.0 + hits, sum.1 + queries, true)
        })
    };
    let (first_hits, first_queries, first) = sum(&mut of(true));
    let (outer_hits, outer_queries, outer) = sum(&mut of(false));
    if !first && !outer {
        return None;
    }
    if first_queries <= 0.0 {
        return Some((outer_queries, outer_hits));
    }
    let near = |a: f64, b: f64| (a - b).abs() <= slack(sent);
    // SGLang counts every source over the same prompts.
    let fits = near(outer_queries, first_queries)
        || near(outer_queries, first_queries - first_hits)
        || outer_queries >= first_queries;
    let outer_hits = if outer && fits { outer_hits } else { 0.0 };
    Some((first_queries, first_hits + outer_hits))
}

/// Metrics that a user asks for by these names are hit rates of a prefix cache, in tokens; any other
/// quotient may be anything.
const HIT_RATES: [&str; 3] = [
    "prefix_cache_hit_rate",
    "kv_cache_hit_rate",
    "lmcache_hit_rate",
];

/// Look-ups and hits of a hit rate that the user asked for.
fn asked(round: &RoundResult) -> Option<(f64, f64)> {
    HIT_RATES.iter().find_map(|name| {
        let mut tracks = round.meta.metrics.iter();
        let track = tracks.find(|track| track.asked == *name)?;
        let Resolved::Ratio {
            numerator,
            denominator,
        } = &track.resolved
        else {
            return None;
        };
        let window = (round.meta.started_ns, round.meta.ended_ns);
        let grown = |name: &String| server_metrics::increase_of(track, name, window);
        Some((grown(denominator)?, grown(numerator)?))
    })
}

/// llama.cpp: tokens computed and tokens reused are both counted.
fn direct(engines: &[&EngineDelta]) -> Option<(f64, f64)> {
    let mut sums = (0.0, 0.0);
    let mut any = false;
    for delta in engines {
        if let Some((cached, computed)) = delta.cached.zip(delta.processed) {
            sums.0 += cached + computed;
            sums.1 += cached;
            any = true;
        }
    }
    any.then_some(sums)
}
