//! A response cache in front of the engine gives whole answers back: the same id for the same
//! prompt in both rounds, or whole answers while the engines' counters stand still. That is no
//! prefix cache, and never "cache works".

use crate::{
    cache::witness::{self, LookupCheck},
    level::kinds::{cold_of, of_kind},
    level::pairs::matched,
};
use dualround_model::{Arm, Flag, Replayed, RequestRow, RoundKind, RoundResult, SeenBy};
use std::collections::{HashMap, HashSet};

/// Share of the answers above which the figures of a level are those of the response cache.
const MANY: f64 = 0.10;
/// Share of the answers that must have come whole, and repeat their usage.
const MOSTLY: f64 = 0.9;
/// An answer whose first token is so near to its end was there at once, ms.
const AT_ONCE_MS: f64 = 2.0;
/// What a stored answer is faster than a computed one at least.
const FASTER: f64 = 2.0;

/// Answers that a response cache gave back, by their ids or else by counters that stood still.
pub(crate) fn found(rounds: &[RoundResult]) -> Option<Replayed> {
    let by_ids = by_ids(rounds).filter(|found| found.answers > 0);
    by_ids.or_else(|| not_computed(rounds))
}

/// So many answers came back that the level's figures are those of the response cache.
pub(crate) fn explains(found: Replayed) -> bool {
    found.answers as f64 > MANY * found.of as f64
}

/// Warm answers under the id of an earlier answer to the same prompt, in its epoch. `None` where
/// answers have no ids of their own: an id that different prompts of one round bear says nothing.
fn by_ids(rounds: &[RoundResult]) -> Option<Replayed> {
    let shared: HashSet<u32> = rounds.iter().flat_map(shared_ids).collect();
    let (mut sum, mut unclear) = (Replayed::default(), 0_u64);
    for (at, warm) in rounds.iter().enumerate() {
        if !matches!(warm.meta.spec.kind, RoundKind::Warm | RoundKind::Mixed) {
            continue;
        }
        // Where the engines looked up every prompt, they computed every answer.
        let computed = witness::of_round(warm).is_some();
        let epoch = warm.meta.spec.epoch;
        let earlier = rounds[..at].iter();
        let earlier: Vec<_> = earlier.filter(|one| one.meta.spec.epoch == epoch).collect();
        for (index, row) in warm.requests.successes() {
            let place = warm.requests.mixed_place(index);
            let repeats_bytes = place.is_none_or(|place| place.arm == Arm::Hit);
            let (true, Some(id)) = (repeats_bytes, row.response()) else {
                continue;
            };
            if shared.contains(&id) {
                unclear += 1;
                continue;
            }
            let before = earlier.iter().filter_map(|one| one.requests.get(index));
            let mut before = before.filter(|one| one.is_success() && one.response().is_some());
            let Some(first) = before.next() else {
                continue;
            };
            sum.of += 1;
            let replays = std::iter::once(first).chain(before);
            let replays = replays.filter(|one| !computed && repeats(one, row)).count();
            sum.answers += u64::from(replays > 0);
        }
    }
    (sum.of > 0 && unclear <= sum.of).then_some(sum)
}

/// The same id, and the same usage: a stored answer tells an old story. It comes at once, or far
/// sooner than it was made: ids may be made of the prompt, and an answer that takes its time is
/// computed.
fn repeats(before: &RequestRow, row: &RequestRow) -> bool {
    let sooner = before.latency_ms().zip(row.latency_ms());
    let sooner = sooner.is_some_and(|(before, now)| now * FASTER <= before);
    before.response() == row.response() && same_usage(before, row) && (at_once(row) || sooner)
}

/// What both say of the prompt's cached tokens is the same, as far as they say it.
fn same_usage(before: &RequestRow, row: &RequestRow) -> bool {
    let both = before.cached_tokens().zip(row.cached_tokens());
    both.is_none_or(|(before, now)| before == now)
}

/// Ids under which different prompts of the round were answered.
fn shared_ids(round: &RoundResult) -> Vec<u32> {
    let mut prompts: HashMap<u32, u64> = HashMap::new();
    let ids = round.requests.successes().filter_map(|(_, row)| {
        let id = row.response()?;
        let first = *prompts.entry(id).or_insert(row.prompt());
        (first != row.prompt()).then_some(id)
    });
    ids.collect()
}

/// Answers that came whole, faster than the computed ones and with their usage, while the engines'
/// counters saw nothing of any warm round, though they saw all of the cold ones.
fn not_computed(rounds: &[RoundResult]) -> Option<Replayed> {
    let mut colds = of_kind(rounds, RoundKind::Cold);
    if !colds.all(|cold| witness::of_round(cold).is_some()) {
        return None;
    }
    let mut sum = Replayed {
        seen_by: SeenBy::Counters,
        ..Replayed::default()
    };
    let (mut repeated, mut pairs) = (0_u64, 0_u64);
    let (mut computed_ms, mut stored_ms) = (0.0, 0.0);
    for warm in of_kind(rounds, RoundKind::Warm) {
        if !stood_still(warm) {
            return None;
        }
        let cold = cold_of(rounds, warm)?;
        if mostly(cold, came_whole) {
            return None;
        }
        for (_, row) in warm.requests.successes() {
            sum.of += 1;
            sum.answers += u64::from(came_whole(row));
        }
        for (_, before, row) in matched(cold, warm) {
            pairs += 1;
            repeated += u64::from(same_usage(before, row));
            computed_ms += before.ttft_ms().unwrap_or(0.0);
            stored_ms += row.ttft_ms().unwrap_or(0.0);
        }
    }
    let faster = computed_ms >= FASTER * stored_ms;
    (pairs > 0 && is_most(sum.answers, sum.of) && is_most(repeated, pairs) && faster).then_some(sum)
}

/// The engines' counters saw nothing of a round.
pub(crate) fn stood_still(round: &RoundResult) -> bool {
    let Some(LookupCheck::Less { seen, sent }) = witness::looked(round) else {
        return false;
    };
    seen <= witness::slack(sent) && 2.0 * witness::slack(sent) < sent
}

/// Most of a round's answers are of this kind.
fn mostly(round: &RoundResult, holds: fn(&RequestRow) -> bool) -> bool {
    let (mut part, mut of) = (0_u64, 0_u64);
    for (_, row) in round.requests.successes() {
        of += 1;
        part += u64::from(holds(row));
    }
    is_most(part, of)
}

fn is_most(part: u64, of: u64) -> bool {
    part as f64 >= MOSTLY * of as f64
}

/// An answer that ended when it began, or was not streamed.
fn at_once(row: &RequestRow) -> bool {
    let times = row.ttft_ms().zip(row.latency_ms());
    row.has(Flag::NotStreamed) || times.is_some_and(|(ttft, latency)| latency - ttft < AT_ONCE_MS)
}

/// An answer of several tokens that was there at once.
fn came_whole(row: &RequestRow) -> bool {
    row.output_tokens().is_some_and(|tokens| tokens > 1) && at_once(row)
}
