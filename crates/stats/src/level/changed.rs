//! Requests whose prompt the server counts otherwise in a later round of their epoch.

use dualround_model::{Flag, RequestRow, RoundKind, RoundResult, Warning};

/// Marks requests whose prompt token count is another in the warm round than in the cold one.
pub(super) fn mark_changed_prompts(rounds: &mut [RoundResult]) {
    let mut cold = None;
    for at in 0..rounds.len() {
        let (earlier, rest) = rounds.split_at_mut(at);
        let round = &mut rest[0];
        match round.meta.spec.kind {
            RoundKind::Cold => {
                cold = Some(at);
                continue;
            }
            // Other prompts by intent.
            RoundKind::Partial => continue,
            // Behind another marker a prompt may have other tokens.
            RoundKind::NoReuse | RoundKind::Mixed => continue,
            RoundKind::Warm | RoundKind::External => {}
        }
        let Some(cold) = cold.map(|cold: usize| &earlier[cold].requests) else {
            continue;
        };
        let (mut changed, mut of) = (0, 0);
        for (index, row) in round.requests.iter_mut() {
            let before = cold.get(index).and_then(RequestRow::input_tokens);
            let Some((before, now)) = before.zip(row.input_tokens()) else {
                continue;
            };
            of += 1;
            if before != now {
                changed += 1;
                row.mark(Flag::PromptTokensChanged);
            }
        }
        if changed > 0 {
            let name = Flag::PromptTokensChanged.name().to_owned();
            round.summary.flags.insert(name, changed);
            let warning = Warning::PromptTokensChanged { count: changed, of };
            if !round.summary.warnings.contains(&warning) {
                round.summary.warnings.push(warning);
            }
        }
    }
}
