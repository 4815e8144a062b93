//! From a file to the sessions of each level.

use super::{
    draft::SessionDraft,
    read::{ReadSessions, read},
};
use crate::{
    DatasetError, FileTokenizer, digest,
    needs::{Lengths, LevelShare, needed, refuse_empty, refuse_empty_level, shares},
    read::ReadOptions,
    source::RowSource,
};
use dualround_model::{DatasetPlan, Sample, Selection, SessionFacts, SessionPlan};
use std::sync::Arc;

/// Loads the sessions that the plan says, for so many levels; the turns of one stand together.
///
/// # Errors
/// [`DatasetError`] names the file, the line and what to do.
pub(crate) fn select(
    source: RowSource<'_>,
    plan: &DatasetPlan,
    sessions: SessionPlan,
    levels: usize,
    tokens: Option<&FileTokenizer>,
) -> Result<Selection, DatasetError> {
    let name = source.name.clone();
    let options = ReadOptions::of(plan, tokens)?;
    let lengths = Lengths::of(plan, tokens);
    let needed = needed(plan, levels);
    let ReadSessions {
        format,
        tally,
        drawn,
        seen,
        lost_parents,
    } = read(source, &options, plan, sessions, needed, &lengths)?;
    refuse_empty(&name, drawn.len(), &tally)?;
    let levels = levels_of(&drawn, plan, levels);
    refuse_empty_level(&name, drawn.len(), &levels)?;
    let mut notes = Vec::new();
    if !tally.skipped.is_empty() {
        notes.push(tally.words());
    }
    if lost_parents > 0 {
        notes.push(format!(
            "{lost_parents} chats follow one that is not in the file: each begins a session"
        ));
    }
    Ok(Selection {
        rows: seen,
        usable_rows: Some(seen),
        format,
        seed: plan.seed,
        duplicate_prompts: 0,
        truncated: 0,
        unsent: tally.unsent(),
        skipped: tally.skipped,
        digest: digest::digest(levels.iter().flatten().map(AsRef::as_ref)),
        sessions: levels.first().and_then(|samples| SessionFacts::of(samples)),
        levels,
        notes,
    })
}

/// Hands what was drawn, in the order of the draw, to the levels; each begins its sessions in the
/// file's order, a replay in that of time.
fn levels_of(drawn: &[SessionDraft], plan: &DatasetPlan, levels: usize) -> Vec<Vec<Arc<Sample>>> {
    let mut numbers: Vec<Vec<u32>> = Vec::new();
    let mut out: Vec<Vec<Arc<Sample>>> = Vec::with_capacity(levels);
    for LevelShare { own, .. } in shares(plan, drawn.len(), levels) {
        let mut own: Vec<&SessionDraft> = drawn[own].iter().collect();
        own.sort_by_key(|draft| draft.number);
        if plan.replay {
            own.sort_by_key(|draft| draft.arrival_ns);
        }
        numbers.push(own.iter().map(|draft| draft.number).collect());
        out.push(own.iter().flat_map(|draft| draft.samples()).collect());
    }
    if numbers.windows(2).all(|pair| pair[0] == pair[1]) {
        out.truncate(1);
    }
    out
}
