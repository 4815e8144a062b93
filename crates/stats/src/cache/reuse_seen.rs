//! Did the cache work? Hits alone, as the witness saw them that may speak.

use crate::{
    cache::hits::Hits,
    cache::response_cache,
    cache::server,
    cache::witness,
    level::design::Design,
    level::kinds::{cold_of, of_kind},
    level::pairs::matched,
};
use dualround_model::{MixedFinding, Replayed, RoundKind, RoundResult, RunEvidence, Witness};

/// How much more of its prompts the one side must hit than the other, as a share, to be evidence.
pub(crate) const POINTS: f64 = 0.05;
/// The same as a share of what the cold round did not hit.
const OF_THE_REST: f64 = 0.25;

/// What was seen of hits in a level, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReuseSeen {
    pub(crate) witness: Witness,
    /// Answers that a response cache gave.
    pub(crate) replayed: Option<Replayed>,
    /// The cache gave the warm rounds what the cold ones did not have.
    pub(crate) evidence: bool,
    /// It is known that it hardly did.
    pub(crate) known_few: bool,
    /// Share that the cold rounds hit.
    pub(crate) cold: Option<f64>,
    /// The hit arm of mixed rounds hit what the other did not; `None` where that is not known.
    pub(crate) by_arms: Option<bool>,
}

/// What was seen of a level's hits: first who may speak of them, then what that witness says.
pub(crate) fn reuse_seen(
    replayed: Option<Replayed>,
    design: &Design<'_>,
    known: &RunEvidence,
    mixed: Option<&MixedFinding>,
) -> ReuseSeen {
    let (cold, warm) = (
        Hits::of_rounds(design.cold_rounds()),
        Hits::of_rounds(design.warm_rounds()),
    );
    let counters = server::rate(design.cold_rounds()).zip(server::rate(design.warm_rounds()));
    let by_usage = cold.is_whole() && warm.is_whole();
    let explains = replayed.filter(|found| response_cache::explains(*found));
    if warm.of == 0
        && let Some(mixed) = mixed
    {
        return by_arms(explains, replayed, cold, mixed);
    }
    let witness = if let Some(replayed) = explains {
        Witness::ResponseCache(replayed)
    } else if by_usage && contradicted(design, warm) {
        Witness::Contradicted
    } else if by_usage {
        Witness::Usage
    } else if let Some((cold, warm)) = counters {
        Witness::Counters { cold, warm }
    } else if warm.known > 0 {
        Witness::Partly
    } else {
        Witness::Nobody
    };
    let block = known
        .engines
        .iter()
        .find_map(|engine| engine.block_tokens)
        .unwrap_or(16);
    let (evidence, known_few) = match witness {
        Witness::Usage => {
            let rates = cold.rate().zip(warm.rate());
            let grown = rates.is_some_and(|(cold, warm)| warm - cold >= POINTS);
            let seen = grown || by_pairs(design, block);
            (seen, !seen && rates.is_some())
        }
        Witness::Counters { cold, warm } => {
            let seen = warm - cold >= POINTS;
            (seen, !seen)
        }
        Witness::Partly | Witness::Contradicted | Witness::ResponseCache(_) | Witness::Nobody => {
            (false, false)
        }
    };
    ReuseSeen {
        witness,
        replayed,
        evidence,
        known_few,
        cold: match witness {
            Witness::Usage => cold.rate(),
            Witness::Counters { cold, .. } => Some(cold),
            _ => None,
        },
        by_arms: mixed.and_then(hits_by_arms),
    }
}

/// Whether the hit arm took more of its prompts from a cache than the other; `None` where its hits
/// are not known throughout.
fn hits_by_arms(mixed: &MixedFinding) -> Option<bool> {
    mixed.missed_share?;
    let (hit, miss) = mixed.hit_rate.zip(mixed.miss_rate)?;
    Some(hit - miss >= POINTS)
}

/// The same where mixed rounds alone repeat what was sent.
fn by_arms(
    explains: Option<Replayed>,
    replayed: Option<Replayed>,
    cold: Hits,
    mixed: &MixedFinding,
) -> ReuseSeen {
    let by_arms = hits_by_arms(mixed);
    let witness = match (explains, mixed.missed_share) {
        (Some(replayed), _) => Witness::ResponseCache(replayed),
        (None, Some(_)) if cold.is_whole() => Witness::Usage,
        (None, _) if mixed.hit_rate.is_some() => Witness::Partly,
        (None, _) => Witness::Nobody,
    };
    let is_told = witness == Witness::Usage;
    ReuseSeen {
        witness,
        replayed,
        evidence: is_told && by_arms == Some(true),
        known_few: is_told && by_arms == Some(false),
        cold: if is_told { cold.rate() } else { None },
        by_arms,
    }
}

/// Answers report hits in warm rounds of which the engines' counters saw nothing, though they saw
/// all of the cold ones.
fn contradicted(design: &Design<'_>, warm: Hits) -> bool {
    let mut colds = design.cold_rounds();
    let mut warms = design.warm_rounds();
    warm.cached > 0
        && colds.all(|round| witness::of_round(round).is_some())
        && warms.all(response_cache::stood_still)
}

/// Over pairs the warm requests hit a quarter of what the cold ones did not, and a block each, half
/// of them at least: prompts that share most of their text leave few tokens that only a second
/// round can hit, and of a beginning that they share one had to compute in the cold round.
fn by_pairs(design: &Design<'_>, block: u64) -> bool {
    let (mut gained, mut left, mut pairs, mut gainers) = (0_i64, 0_i64, 0_i64, 0_i64);
    let block = block.cast_signed();
    let cycles = design.cycles.iter();
    for (_, cold, warm) in cycles.flat_map(|(cold, warm)| matched(cold, warm)) {
        let counts = cold.cached_tokens().zip(warm.cached_tokens());
        if let Some(((cold, warm), prompt)) = counts.zip(warm.input_tokens()) {
            let more = warm.cast_signed() - cold.cast_signed();
            gained += more;
            gainers += i64::from(more >= block);
            left += prompt.saturating_sub(cold).cast_signed();
            pairs += 1;
        }
    }
    let much = gained as f64 >= OF_THE_REST * left as f64 && gained >= pairs * block;
    much && 2 * gainers >= pairs && pairs > 0
}

/// Warm requests whose cold one did not succeed, so that nothing was stored for them.
pub(crate) fn orphans(rounds: &[RoundResult]) -> u64 {
    let mut orphans = 0;
    for warm in of_kind(rounds, RoundKind::Warm) {
        let Some(cold) = cold_of(rounds, warm) else {
            continue;
        };
        let lost = warm.requests.successes().filter(|(index, _)| {
            // Of one that is gone from the journal nothing is known.
            let before = cold.requests.get(*index);
            before.is_some_and(|row| !row.is_success())
        });
        orphans += lost.count() as u64;
    }
    orphans
}
