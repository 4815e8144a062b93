//! What the program says of a level.
#![allow(dead_code, reason = "each test binary uses some")]

use dualround_model::{Lang, LevelComparison};
use dualround_report::{cold_text, conclusion_text, diagnosis_text};

/// The sentence of a level's conclusion.
pub(crate) fn sentence(level: &LevelComparison) -> String {
    conclusion_text(level, Lang::En)
}

/// The same in Chinese.
pub(crate) fn sentence_zh(level: &LevelComparison) -> String {
    conclusion_text(level, Lang::Zh)
}

/// The sentences of its diagnoses.
pub(crate) fn diagnoses(level: &LevelComparison) -> Vec<String> {
    let found = level.diagnosis.iter();
    found.map(|one| diagnosis_text(one, Lang::En)).collect()
}

/// The same in Chinese.
pub(crate) fn diagnoses_zh(level: &LevelComparison) -> Vec<String> {
    let found = level.diagnosis.iter();
    found.map(|one| diagnosis_text(one, Lang::Zh)).collect()
}

/// The sentences of the evidence on its cold rounds.
pub(crate) fn evidence(level: &LevelComparison) -> Vec<String> {
    let facts = level.cold.evidence.iter();
    facts.map(|fact| cold_text(fact, Lang::En)).collect()
}
