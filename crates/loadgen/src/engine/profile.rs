//! What this program knows of each kind of engine: one row a kind.

use super::{Observed, dynamo, hosted, llama_cpp, lmcache, sglang, tensorrt_llm, tgi, vllm};
use dualround_model::{EngineKind, EngineReport};

/// A kind of engine.
pub(crate) struct EngineProfile {
    pub(super) kind: EngineKind,
    /// What a server shows by which it is one; `None`: it is none, as far as can be seen.
    pub(super) look: fn(&Observed) -> Option<EngineReport>,
    /// What a server shows that is one, by this evidence.
    pub(super) describe: fn(&Observed, &str) -> EngineReport,
    /// How its tokenizer is asked; `None`: it has none to ask.
    tokenizer: Option<TokenizerCalls>,
}

/// The calls by which an engine's tokenizer is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenizerCalls {
    /// vLLM: `/tokenize` takes messages and applies the template.
    Messages,
    /// llama.cpp: `/apply-template`, then `/tokenize` of its text.
    TemplateFirst,
}

/// All kinds, in the order in which they are looked for.
pub(super) const PROFILES: [EngineProfile; 9] = [
    profile(EngineKind::Sglang, sglang::look, sglang::describe),
    profile(
        EngineKind::TensorrtLlm,
        tensorrt_llm::look,
        tensorrt_llm::describe,
    ),
    profile(
        EngineKind::Simulated,
        vllm::look_simulated,
        vllm::describe_simulated,
    )
    .asked_by(TokenizerCalls::Messages),
    profile(EngineKind::Vllm, vllm::look, vllm::describe).asked_by(TokenizerCalls::Messages),
    profile(EngineKind::LlamaCpp, llama_cpp::look, llama_cpp::describe)
        .asked_by(TokenizerCalls::TemplateFirst),
    profile(EngineKind::Tgi, tgi::look, tgi::describe),
    profile(EngineKind::Dynamo, dynamo::look, dynamo::describe),
    // Its names stand on the pages of engines that run it inside, so it comes behind them.
    profile(EngineKind::Lmcache, lmcache::look, lmcache::describe),
    profile(EngineKind::Hosted, hosted::look, hosted::describe),
];

const fn profile(
    kind: EngineKind,
    look: fn(&Observed) -> Option<EngineReport>,
    describe: fn(&Observed, &str) -> EngineReport,
) -> EngineProfile {
    EngineProfile {
        kind,
        look,
        describe,
        tokenizer: None,
    }
}

impl EngineProfile {
    const fn asked_by(self, calls: TokenizerCalls) -> Self {
        Self {
            tokenizer: Some(calls),
            ..self
        }
    }

    /// The row of a kind; `None` of an unknown one.
    pub(super) fn of(kind: EngineKind) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.kind == kind)
    }
}

/// How the tokenizer of an engine is asked; `None`: it has none to ask.
pub(crate) fn tokenizer_calls(kind: EngineKind) -> Option<TokenizerCalls> {
    EngineProfile::of(kind)?.tokenizer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_that_can_be_named_has_its_row_once() {
        for kind in EngineKind::ALL {
            let rows = PROFILES.iter().filter(|profile| profile.kind == kind);
            let expected = usize::from(kind != EngineKind::Unknown);
            assert_eq!(rows.count(), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_named_engine_is_described_as_itself() {
        for profile in &PROFILES {
            let report = (profile.describe)(&Observed::default(), "named");
            assert_eq!(report.kind, profile.kind);
        }
    }
}
