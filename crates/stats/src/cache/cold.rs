//! Was the cold round cold? A verdict with its evidence, never an assumption: docs/methodology.md.

use crate::{
    cache::hits::Hits,
    cache::witness::{self, LookupCheck},
    level::design::repeats_its_bytes,
    level::kinds::of_kind,
};
use dualround_model::{
    CanaryReport, ColdAction, ColdFact, ColdMethod, ColdVerdict, EngineKind, Flag, Replayed,
    RequestRow, RoundKind, RoundResult, RunEvidence, TEMPLATE_TOKENS, Verdict,
};

/// Tokens of a chat template at most, where nothing tells it: without a canary, or under a salt, where it does not see
/// what prompts of one epoch share.
pub(crate) const UNSEEN_TEMPLATE: u64 = 64;
/// Bytes of a marker per token, where no tokenizer counted them: fewer than in any real one.
const MARKER_BYTES: u64 = 2;
/// Largest cache block seen in real engines, tokens.
pub(crate) const LARGEST_BLOCK: u64 = 256;
/// Smallest one that a canary is believed, and the one that is taken where nothing tells it.
const SMALLEST_BLOCK: u64 = 16;
/// Characters of a shared beginning that a token may stand for, at most.
const CHARS_A_TOKEN: u64 = 8;
/// Tokens that a character of it may be, at most.
const TOKENS_A_CHAR: u64 = 2;
/// Share of the round's prompt tokens that is always tolerated.
const TOLERANCE: f64 = 0.01;
/// A request that takes so much of its prompt from a cache, unexpectedly, is enough.
const ONE_REQUEST: f64 = 0.5;
/// A request is wholly cached from this share on …
const WHOLLY: f64 = 0.9;
/// … where less than this share was expected.
const EXPECTED_IN_PART: f64 = 0.5;
/// Share of the requests whose hits must be known.
const KNOWN: f64 = 0.9;
/// Share of the prompt tokens that could have shown a hit.
const VISIBLE: f64 = 0.5;

/// What hits are held against beside sharing inside the round.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// What any two prompts share here.
    template: u64,
    /// Of that, what only a marker's failure to separate may explain as well: nothing shows that other
    /// texts share it.
    doubtful: u64,
    /// The canary saw what any two prompts of an epoch share: behind another marker, or as another
    /// text under the same salt.
    template_seen: bool,
    /// It saw another text under the same salt: what that hit is no failure to separate.
    same_salt: bool,
    /// The unit in which prompts are cached.
    block: u64,
}

impl Limits {
    fn of(known: &RunEvidence) -> Self {
        let canary = known.canary.as_ref();
        let engines = known.engines.iter();
        let told = engines
            .filter(|engine| engine.kind != EngineKind::Lmcache)
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
            same_salt: same_salt.is_some(),
            block: told
                .unwrap_or_else(|| canary.and_then(block_by_canary).unwrap_or(SMALLEST_BLOCK)),
        }
    }

    /// In a round: prompts of one epoch share the template under a salt too, which is in what is
    /// expected where token ids tell that.
    fn within(self, round: &RoundResult) -> Self {
        let least = match (self.template_seen, round.expected.is_some()) {
            (true, _) => TEMPLATE_TOKENS,
            (false, true) => 0,
            (false, false) => UNSEEN_TEMPLATE,
        };
        let measured = self.template.max(least);
        let known = match (&round.expected, self.same_salt) {
            // Token ids show all that prompts share, but for what the tokenizer does not show.
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

    /// Without what may be a marker that does not separate.
    fn without_doubt(self) -> Self {
        Self {
            template: self.template - self.doubtful,
            doubtful: 0,
            ..self
        }
    }

    /// What a prompt may hit that shares so many tokens with its round. Both are beginnings of it: by
    /// token ids what is shared has the template in it; shared characters have the texts of a
    /// template (a system prompt, tools), and not what stands around them.
    fn with_template(self, shared: u64, by_ids: bool) -> u64 {
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

/// Judges the cold rounds of a level together. Under `--cold none` only the first one is cold: the
/// others repeat its bytes.
pub(crate) fn verdict(
    rounds: &[RoundResult],
    known: &RunEvidence,
    same_samples: bool,
    replayed: Option<Replayed>,
) -> ColdVerdict {
    let colds = of_kind(rounds, RoundKind::Cold).filter(|cold| !repeats_its_bytes(rounds, cold));
    let colds: Vec<&RoundResult> = colds.collect();
    let action = colds.first().and_then(|round| round.meta.cold.as_ref());
    let method = action.map_or(ColdMethod::None, |action| action.method);
    let mut evidence = Vec::new();
    by_method(method, action, &mut evidence);
    if let Some(canary) = &known.canary {
        evidence.extend(canary_evidence(canary, method));
    }
    evidence.extend(replayed.map(ColdFact::Replayed));
    let limits = Limits::of(known);
    let verdicts = colds
        .iter()
        .map(|round| judge(round, limits.within(round), &mut evidence));
    let verdicts: Vec<Verdict> = verdicts.collect();
    let mut verdict = if verdicts.contains(&Verdict::Contaminated) {
        Verdict::Contaminated
    } else if verdicts.is_empty() || verdicts.contains(&Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::Cold
    };
    let seen = colds.iter().find_map(|cold| match witness::looked(cold) {
        Some(LookupCheck::Less { seen, sent }) => Some((seen, sent)),
        _ => None,
    });
    // Bytes that were sent before may be answered by a response cache, usage included: the canary met
    // one, or engines saw less than was sent.
    let unproven = matches!(method, ColdMethod::None | ColdMethod::Reset)
        && verdict == Verdict::Cold
        && (replayed.is_some() || seen.is_some() || canary_replayed(known));
    if unproven {
        evidence.push(ColdFact::MayBeReplays { seen });
        verdict = Verdict::Unknown;
    }
    let later = rounds.first().is_some_and(|round| round.meta.level > 0);
    if method == ColdMethod::None && later && same_samples && verdict == Verdict::Unknown {
        evidence.push(ColdFact::SentBefore);
        verdict = Verdict::Contaminated;
    }
    ColdVerdict {
        method,
        verdict,
        evidence,
    }
}

/// The canary met a response cache.
fn canary_replayed(known: &RunEvidence) -> bool {
    known.canary.as_ref().is_some_and(|canary| canary.replayed)
}

fn by_method(method: ColdMethod, action: Option<&ColdAction>, evidence: &mut Vec<ColdFact>) {
    match method {
        ColdMethod::None => evidence.push(ColdFact::NothingDone),
        ColdMethod::Reset => evidence.extend(by_reset(action)),
        ColdMethod::Marker | ColdMethod::Salt => {}
    }
}

fn by_reset(action: Option<&ColdAction>) -> Vec<ColdFact> {
    let accepted = action.iter().flat_map(|action| &action.resets);
    let accepted = accepted.map(|reset| ColdFact::ResetAccepted {
        url: reset.url.clone(),
    });
    let mut evidence: Vec<ColdFact> = accepted.collect();
    let proof = action.and_then(|action| action.proof);
    let failed = action.and_then(|action| action.proof_failed.clone());
    evidence.push(match (proof, failed) {
        (Some(proof), _) => ColdFact::ResetProven {
            before: proof.before,
            after: proof.after,
        },
        (None, Some(reason)) => ColdFact::ResetProofFailed { reason },
        (None, None) => ColdFact::ResetUnproven,
    });
    evidence
}

fn canary_evidence(canary: &CanaryReport, method: ColdMethod) -> Vec<ColdFact> {
    let repeated = match canary.repeated {
        _ if canary.replayed => ColdFact::CanaryReplayed,
        Some(hit) if hit <= TEMPLATE_TOKENS => ColdFact::CanaryMissed { hit },
        Some(hit) => ColdFact::CanaryHit {
            hit,
            of: canary.prompt_tokens,
        },
        None => ColdFact::CanarySilent,
    };
    let other = match (&canary.salt_field, canary.other_marker) {
        (Some(field), other) => Some(ColdFact::OtherSalt {
            field: field.clone(),
            hit: other,
        }),
        (None, Some(hit)) if method == ColdMethod::Marker => Some(ColdFact::OtherMarker { hit }),
        _ => None,
    };
    [Some(repeated), other].into_iter().flatten().collect()
}

/// Tokens of a round's marker, which all of its prompts begin with.
fn marker_tokens(round: &RoundResult) -> u64 {
    let action = round.meta.cold.as_ref();
    action.map_or(0, |action| {
        let marker = action.marker.as_ref();
        let bytes = marker.map_or(0, |marker| marker.len() as u64);
        action.marker_tokens.unwrap_or(bytes / MARKER_BYTES)
    })
}

/// Hits that a request may have of its own round: at least, and at most. By token ids they are the
/// same; by characters they are an interval.
pub(crate) fn expected(
    round: &RoundResult,
    index: u32,
    row: &RequestRow,
    prompt: u64,
) -> (u64, u64) {
    if let Some(expected) = &round.expected {
        let tokens = expected.tokens.get(index as usize).copied().flatten();
        let tokens = u64::from(tokens.unwrap_or(0));
        // What the tokenizer does not show may be shared too.
        let most = tokens + expected.unseen;
        return (tokens.min(prompt), most.min(prompt));
    }
    let shared = row.shared_chars();
    if shared == RequestRow::SHARED_UNKNOWN {
        return (0, prompt);
    }
    let least = shared / CHARS_A_TOKEN;
    let most = TOKENS_A_CHAR * shared + marker_tokens(round);
    (least.min(prompt), most.min(prompt))
}

/// What a round's hits come to beyond what is expected.
#[derive(Clone, Copy, Debug, Default)]
struct ExcessHits {
    prompt: u64,
    cached: u64,
    /// What its requests may hit of each other and of what any two prompts share.
    begun: u64,
    excess: u64,
    /// Prompt tokens of which a hit would have been seen.
    visible: u64,
    /// The same if they shared nothing with each other but what stands around their texts.
    visible_alone: u64,
    /// Requests of which one alone is contamination.
    alone: u64,
    requests: u64,
}

impl ExcessHits {
    /// At the lower or the upper end of what is expected; `whole`: hits are known of all requests.
    fn of(round: &RoundResult, limits: Limits, whole: bool, upper: bool) -> Self {
        let mut sums = Self::default();
        for (index, row) in round.requests.successes() {
            let known = row.cached_tokens().zip(row.input_tokens());
            let (true, Some((cached, prompt))) = (!row.has(Flag::Retried), known) else {
                continue;
            };
            let (low, high) = expected(round, index, row, prompt);
            let expected = if upper { high } else { low };
            // Hits come in whole blocks, of which one more is allowed.
            let expected = expected / limits.block * limits.block;
            let begun = limits.with_template(expected, round.expected.is_some());
            let allowed = begun + limits.block;
            let wholly = cached as f64 >= WHOLLY * prompt as f64
                && (begun as f64) < EXPECTED_IN_PART * prompt as f64;
            let excess = if wholly {
                cached.saturating_sub(expected)
            } else {
                cached.saturating_sub(allowed)
            };
            sums.requests += 1;
            sums.prompt += prompt;
            sums.cached += cached;
            sums.begun += begun;
            sums.excess += excess;
            sums.visible += prompt.saturating_sub(allowed);
            let around = limits.template.min(UNSEEN_TEMPLATE);
            sums.visible_alone += prompt.saturating_sub(around + limits.block);
            let much = excess as f64 >= ONE_REQUEST * prompt as f64;
            sums.alone += u64::from(excess > 0 && much);
        }
        // Of those that share one had to compute, unless an earlier request did, as the canary does
        // with a template; where hits are not known of all, it may be one of the others.
        let computed = if whole { round.expected.as_ref() } else { None };
        let computed = computed.map_or(0, |one| one.computed);
        let begun = sums.begun.saturating_sub(computed);
        let begun = begun.max(sums.requests * limits.template);
        let allowed = begun + sums.requests * limits.block;
        sums.excess = sums.excess.max(sums.cached.saturating_sub(allowed));
        sums
    }

    /// Enough of the prompt tokens could have shown a hit.
    fn would_show(&self) -> bool {
        self.visible as f64 >= VISIBLE * self.prompt as f64
    }

    fn contaminated(&self) -> bool {
        self.alone > 0 || self.excess as f64 > TOLERANCE * self.prompt as f64
    }
}

/// Judges one cold round, and adds what the verdict rests on.
fn judge(round: &RoundResult, limits: Limits, evidence: &mut Vec<ColdFact>) -> Verdict {
    let number = round.meta.spec.number;
    let hits = Hits::of_rows(&round.requests);
    if hits.of == 0 {
        evidence.push(ColdFact::NoneSucceeded { round: number });
        return Verdict::Unknown;
    }
    if hits.impossible > 0 {
        evidence.push(ColdFact::Impossible {
            round: number,
            requests: hits.impossible,
        });
    }
    if hits.known == 0 {
        if hits.impossible == 0 {
            evidence.push(ColdFact::NotReported { round: number });
        }
        return Verdict::Unknown;
    }
    let most = ExcessHits::of(round, limits, hits.is_whole(), true);
    evidence.extend(retried(round));
    evidence.push(ColdFact::Hits {
        round: number,
        cached: hits.cached,
        prompt: hits.prompt,
        known: hits.known,
        omitted: hits.omitted,
        excess: most.excess,
        limit: TOLERANCE * most.prompt as f64,
    });
    if most.contaminated() {
        if most.alone > 0 {
            evidence.push(ColdFact::HalfOfOne {
                round: number,
                requests: most.alone,
            });
        }
        return Verdict::Contaminated;
    }
    match why_unknown(round, limits, hits, most) {
        Some(why) => {
            evidence.push(why);
            Verdict::Unknown
        }
        None => Verdict::Cold,
    }
}

/// Requests that were sent again, which may hit what their own first attempt left.
fn retried(round: &RoundResult) -> Option<ColdFact> {
    let retried = round.requests.successes();
    let requests = retried.filter(|(_, row)| row.has(Flag::Retried)).count() as u64;
    (requests > 0).then_some(ColdFact::Retried {
        round: round.meta.spec.number,
        requests,
    })
}

/// What keeps a round without excess hits from being known to be cold; `most` is at the upper end of
/// what is expected.
fn why_unknown(
    round: &RoundResult,
    limits: Limits,
    hits: Hits,
    most: ExcessHits,
) -> Option<ColdFact> {
    let number = round.meta.spec.number;
    if (most.requests as f64) < KNOWN * hits.of as f64 {
        return Some(ColdFact::KnownForFew {
            round: number,
            known: most.requests,
            of: hits.of,
        });
    }
    let whole = hits.is_whole();
    if limits.doubtful > 0
        && ExcessHits::of(round, limits.without_doubt(), whole, true).contaminated()
    {
        return Some(ColdFact::MarkerInDoubt {
            round: number,
            hit: limits.template,
        });
    }
    let least = ExcessHits::of(round, limits, whole, false);
    if !most.would_show() {
        if least.would_show() {
            return Some(ColdFact::CharactersOnly { round: number });
        }
        return Some(ColdFact::TooShort {
            round: number,
            shared: most.visible_alone as f64 >= VISIBLE * most.prompt as f64,
        });
    }
    least
        .contaminated()
        .then_some(ColdFact::CharactersOnly { round: number })
}
