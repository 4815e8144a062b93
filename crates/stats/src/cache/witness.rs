//! What the engines' own counters saw of a round. They speak only where what they looked up is what
//! was sent: more is other traffic, less are requests that never reached an engine.

use crate::{
    level::pairs::is_whole,
    round::counter_growth::{Window, increase_of},
};
use dualround_model::{EngineDelta, LeftOut, Resolved, RoundResult};

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

/// One engine answers, and its counters match what the round sent.
pub(crate) fn is_one_engine(round: &RoundResult) -> bool {
    round.meta.engines.len() == 1 && of_round(round).is_some()
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

/// Prompt tokens of all requests of a round; `None` when one is not known, failed, or was sent
/// again.
pub(crate) fn sent_tokens(round: &RoundResult) -> Option<f64> {
    let mut tokens = 0;
    for (_, row) in round.requests.iter() {
        // One that was sent again was looked up more than once.
        if !is_whole(row) {
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

/// How a round's counters stand to what was sent; `None` where there are no counters of hits, or it
/// is not known how much was sent.
pub(crate) fn looked(round: &RoundResult) -> Option<LookupCheck> {
    let sent = sent_tokens(round)?;
    let engines: Vec<&EngineDelta> = round.meta.engines.iter().collect();
    let counted = tiers(&engines, sent).or_else(|| direct(&engines));
    let counted = counted.or_else(|| asked(round))?;
    let seen = counted.looked_up;
    if seen > sent + slack(sent) {
        return Some(LookupCheck::More { seen, sent });
    }
    if seen < sent - slack(sent) {
        return Some(LookupCheck::Less { seen, sent });
    }
    let hits = counted.hits.min(sent);
    Some(LookupCheck::Match(EngineLookups { hits, sent }))
}

/// What counters grew by over a round, tokens.
#[derive(Clone, Copy, Debug, Default)]
struct CountedTokens {
    looked_up: f64,
    hits: f64,
}

/// Look-ups of the first tier and hits of all of them. With its own cache off, an engine looks
/// everything up in the next one. Look-ups of an outer tier are all that was sent, or what the
/// first one did not find (vLLM changed this); hits of one that fits neither are left out.
fn tiers(engines: &[&EngineDelta], sent: f64) -> Option<CountedTokens> {
    let (first, outer) = (tier_sum(engines, true), tier_sum(engines, false));
    if first.is_none() && outer.is_none() {
        return None;
    }
    let (first, outer) = (first.unwrap_or_default(), outer.unwrap_or_default());
    if first.looked_up <= 0.0 {
        return Some(outer);
    }
    let missed = first.looked_up - first.hits;
    // SGLang counts every source over the same prompts.
    let fits = near(outer.looked_up, first.looked_up, sent)
        || near(outer.looked_up, missed, sent)
        || outer.looked_up >= first.looked_up;
    let outer_hits = if fits { outer.hits } else { 0.0 };
    Some(CountedTokens {
        looked_up: first.looked_up,
        hits: first.hits + outer_hits,
    })
}

/// What the engines' own caches counted (`first`), or those behind them; `None` without counters.
fn tier_sum(engines: &[&EngineDelta], first: bool) -> Option<CountedTokens> {
    let mut sum = None;
    for tier in engines.iter().flat_map(|delta| &delta.tiers) {
        let is_first = matches!(tier.tier.as_str(), "local" | "device");
        // A cache server counts what engines ask of it once more.
        if tier.tier == "lmcache" || is_first != first {
            continue;
        }
        if let Some((hits, looked_up)) = tier.hits.zip(tier.queries) {
            let sum = sum.get_or_insert_with(CountedTokens::default);
            sum.hits += hits;
            sum.looked_up += looked_up;
        }
    }
    sum
}

/// Tokens that differ by no more than the slack of what was sent.
fn near(a: f64, b: f64, sent: f64) -> bool {
    (a - b).abs() <= slack(sent)
}

/// Metrics that a user asks for by these names are hit rates of a prefix cache, in tokens; any
/// other quotient may be anything.
const HIT_RATES: [&str; 3] = [
    "prefix_cache_hit_rate",
    "kv_cache_hit_rate",
    "lmcache_hit_rate",
];

/// Look-ups and hits of a hit rate that the user asked for.
fn asked(round: &RoundResult) -> Option<CountedTokens> {
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
        let window = Window::of(&round.meta);
        Some(CountedTokens {
            looked_up: increase_of(track, denominator, window)?,
            hits: increase_of(track, numerator, window)?,
        })
    })
}

/// What engines without tiers counted: llama.cpp counts tokens computed and tokens reused.
fn direct(engines: &[&EngineDelta]) -> Option<CountedTokens> {
    let mut sum = CountedTokens::default();
    let mut any = false;
    for delta in engines {
        if let Some((cached, computed)) = delta.cached.zip(delta.processed) {
            sum.looked_up += cached + computed;
            sum.hits += cached;
            any = true;
        }
    }
    any.then_some(sum)
}
