//! The caveats of a run, each once, with the rounds that it is about.

use crate::{page::Page, words::warning_text};
use dualround_model::Lang;

/// One caveat.
pub(crate) struct Caveat {
    /// In English and Chinese.
    pub(crate) text: [String; 2],
    /// `concurrency/round`; empty where it is about the run.
    pub(crate) places: Vec<String>,
}

/// All of them in the order in which they came up.
pub(crate) fn caveats(page: Page<'_>) -> Vec<Caveat> {
    let mut all: Vec<Caveat> = Vec::new();
    let of_rounds = page.rounds.iter().flat_map(|round| {
        let (level, number) = (page.level_name(round.meta.level), round.meta.spec.number);
        let place = format!("{level}/{number}");
        let warnings = round.summary.warnings.iter();
        warnings.map(move |warning| (warning, Some(place.clone())))
    });
    let of_run = page.run.warnings.iter().map(|warning| (warning, None));
    for (warning, place) in of_run.chain(of_rounds) {
        let text = [Lang::En, Lang::Zh].map(|lang| warning_text(warning, lang));
        let known = all.iter().position(|caveat| caveat.text == text);
        let at = known.unwrap_or_else(|| {
            all.push(Caveat {
                text,
                places: Vec::new(),
            });
            all.len() - 1
        });
        all[at].places.extend(place);
    }
    all
}
