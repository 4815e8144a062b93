//! What any two prompts of a round may share, and the unit in which prompts are cached: hits of
//! that size say nothing.

use dualround_model::{CanaryReport, RoundResult, RunEvidence, TEMPLATE_TOKENS};

/// Tokens of a chat template at most, where nothing tells it: without a canary, or under a salt,
/// where it does not see what prompts of one epoch share.
pub(crate) const UNSEEN_TEMPLATE: u64 = 64;
/// Largest cache block seen in real engines, tokens.
pub(crate) const LARGEST_BLOCK: u64 = 256;
/// Smallest one that a canary is believed, and the one that is taken where nothing tells it.
const SMALLEST_BLOCK: u64 = 16;

/// What a request may hit without having been sent before, beside what the requests of its round
/// share.
#[derive(Clone, Copy, Debug)]
pub(super) struct HitLimits {
    /// What any two prompts share here.
    pub(super) template: u64,
    /// Of that, what only a marker's failure to separate may explain as well: nothing shows that
    /// other texts share it.
    pub(super) doubtful: u64,
    /// The canary saw what any two prompts of an epoch share: behind another marker, or as another
    /// text under the same salt.
    template_seen: bool,
    /// No canary was asked: what stands around texts may be left from any request before, in this run too.
    unasked: bool,
    /// It saw another text under the same salt: what that hit is no failure to separate.
    same_salt: bool,
    /// The unit in which prompts are cached.
    pub(super) block: u64,
}

impl HitLimits {
    /// What is known before any round: by the canary, and by engines that tell their block.
    pub(super) fn of(known: &RunEvidence) -> Self {
        let canary = known.canary.as_ref();
        let engines = known.engines.iter();
        let told = engines
            .filter(|engine| engine.kind.answers_prompts())
            .filter_map(|engine| engine.block_tokens)
            .max();
        let other = canary.and_then(|canary| canary.other_marker).unwrap_or(0);
        let same_salt = canary.and_then(|canary| canary.other_text);
        let template_seen =
            canary.is_some_and(|canary| canary.salt_field.is_none()) || same_salt.is_some();
        Self {
            template: other.max(same_salt.unwrap_or(0)),
            doubtful: 0,
            template_seen,
            unasked: canary.is_none(),
            same_salt: same_salt.is_some(),
            block: told
                .unwrap_or_else(|| canary.and_then(block_by_canary).unwrap_or(SMALLEST_BLOCK)),
        }
    }

    /// The limits of rounds whose requests have a value each: what a text hit behind another value,
    /// and not what texts under the same one share.
    pub(super) fn without_reuse(known: &RunEvidence) -> Self {
        let canary = known.canary.as_ref();
        let other = canary.and_then(|canary| canary.other_marker);
        Self {
            template: other.unwrap_or(0),
            template_seen: canary.is_some_and(|canary| other.is_some() || canary.other_counted),
            same_salt: false,
            ..Self::of(known)
        }
    }

    /// The limits in a round. Prompts of one epoch share the template under a salt too, which is in
    /// what is expected where token ids tell that.
    pub(super) fn within(self, round: &RoundResult) -> Self {
        let least = match (self.template_seen, round.expected.is_some()) {
            (true, _) => TEMPLATE_TOKENS,
            (false, true) if self.unasked => TEMPLATE_TOKENS,
            (false, true) => 0,
            (false, false) => UNSEEN_TEMPLATE,
        };
        let measured = self.template.max(least);
        let known = match (&round.expected, self.same_salt) {
            // Token ids show all that prompts share, but for what the tokenizer does not show; one alone
            // shares nothing.
            (Some(expected), _) if expected.tokens.iter().flatten().count() < 2 => measured,
            (Some(expected), _) => {
                let most = expected.tokens.iter().flatten().max();
                u64::from(most.copied().unwrap_or(0)) + expected.unseen
            }
            (None, true) => measured,
            (None, false) => UNSEEN_TEMPLATE,
        };
        let known = measured.min(known.max(least));
        if round.expected.is_some() {
            return Self {
                template: known,
                ..self
            };
        }
        Self {
            template: measured,
            doubtful: measured - known,
            ..self
        }
    }

    /// The limits without what may be a marker that does not separate.
    pub(super) fn without_doubt(self) -> Self {
        Self {
            template: self.template - self.doubtful,
            doubtful: 0,
            ..self
        }
    }

    /// What a prompt may hit that shares so many tokens with its round. Both are beginnings of it:
    /// by token ids what is shared has the template in it; shared characters have the texts of a
    /// template (a system prompt, tools), and not what stands around them.
    pub(super) fn with_template(self, shared: u64, by_ids: bool) -> u64 {
        let around = if by_ids {
            0
        } else {
            self.template.min(UNSEEN_TEMPLATE)
        };
        (shared + around).max(self.template)
    }
}

/// The unit in which prompts are cached is no smaller than what a canary that hit had left to
/// compute.
fn block_by_canary(canary: &CanaryReport) -> Option<u64> {
    let repeated = canary.repeated.filter(|hit| *hit > TEMPLATE_TOKENS)?;
    let rest = canary.prompt_tokens?.checked_sub(repeated)?;
    Some(rest.clamp(SMALLEST_BLOCK, LARGEST_BLOCK))
}
