//! What is said of a finding, in English and Chinese. A sentence states what its finding holds, and
//! nothing else.

mod change;
mod cold_fact;
mod conclusion;
pub(crate) mod cost;
mod diagnosis;
mod figures;
mod inside_reuse;
mod load;
mod mixed;
mod overload;
mod sessions;
mod warning;
mod withheld;

pub(crate) use change::{change_caveat, change_reason};
pub(crate) use cold_fact::{cold_fact, cold_facts};
pub(crate) use conclusion::{beside, conclusion, in_a_few_words};
pub(crate) use diagnosis::{diagnoses, diagnosis};
pub use load::load_text;
pub(crate) use load::{capital, level_cell, level_words, load_head, load_kind};
pub use sessions::sessions_text;
pub(crate) use warning::is_media;
pub use warning::{control_text, warning_text};
pub(crate) use withheld::{no_prefill_line, withheld};

use dualround_model::{ColdFact, Diagnosis, Lang, LevelComparison};

/// A text in English and in Chinese.
pub(crate) type Bilingual = [String; 2];

/// A text of which both languages are there already.
pub(crate) fn both(en: &str, zh: &str) -> Bilingual {
    [en.to_owned(), zh.to_owned()]
}

/// The sentence of a level's conclusion.
pub fn conclusion_text(level: &LevelComparison, lang: Lang) -> String {
    lang.pick(conclusion(level))
}

/// The sentences that stand beside a level's conclusion.
pub fn beside_texts(level: &LevelComparison, lang: Lang) -> Vec<String> {
    let lines = beside(level).into_iter();
    lines.map(|both| lang.pick(both)).collect()
}

/// The sentence of a diagnosis.
pub fn diagnosis_text(finding: &Diagnosis, lang: Lang) -> String {
    lang.pick(diagnosis(finding))
}

/// The sentence of a piece of evidence on cold rounds.
pub fn cold_text(fact: &ColdFact, lang: Lang) -> String {
    lang.pick(cold_fact(fact))
}

/// The sentence on a setting in which two runs differ; `None` where its value is not known.
pub fn setting_text(what: &str, base: Option<&str>, new: Option<&str>, lang: Lang) -> String {
    lang.pick(change::setting(what, base, new))
}
