//! The caveats of a run, each once, with the rounds that it is about.

use crate::{page::level_name, words::warning_text};
use dualround_model::{Lang, Plan, RoundResult, Warning};

/// One caveat.
pub(crate) struct Caveat {
    /// In English and Chinese.
    pub(crate) text: [String; 2],
    /// `concurrency/round`; empty where it is about the run.
    pub(crate) places: Vec<String>,
    /// How much it weighs: 0 most.
    pub(crate) rank: u8,
}

impl Caveat {
    /// Where it holds, of a run of so many rounds; of all rounds alike nothing needs to be said.
    pub(crate) fn places_of(&self, rounds: usize) -> Option<String> {
        let everywhere = rounds > 1 && self.places.len() == rounds;
        (!self.places.is_empty() && !everywhere).then(|| self.places.join(", "))
    }
}

/// All of them in the order in which they came up; `of_run`: those of the run itself.
pub(crate) fn caveats(plan: &Plan, of_run: &[Warning], rounds: &[RoundResult]) -> Vec<Caveat> {
    let mut all: Vec<Caveat> = Vec::new();
    let of_rounds = rounds.iter().flat_map(|round| {
        let (level, number) = (level_name(plan, round.meta.level), round.meta.spec.number);
        let place = format!("{level}/{number}");
        let warnings = round.summary.warnings.iter();
        warnings.map(move |warning| (warning, Some(place.clone())))
    });
    let of_run = of_run.iter().map(|warning| (warning, None));
    for (warning, place) in of_run.chain(of_rounds) {
        let text = [Lang::En, Lang::Zh].map(|lang| warning_text(warning, lang));
        let known = all.iter().position(|caveat| caveat.text == text);
        let at = known.unwrap_or_else(|| {
            all.push(Caveat {
                text,
                places: Vec::new(),
                rank: rank(warning),
            });
            all.len() - 1
        });
        all[at].places.extend(place);
    }
    all
}

/// What makes figures mean something else comes before what makes them less sure, and that before
/// what is good to know.
fn rank(warning: &Warning) -> u8 {
    match warning {
        Warning::AllFailed { .. }
        | Warning::Failures { .. }
        | Warning::Timeouts { .. }
        | Warning::Interrupted { .. }
        | Warning::LimitReached { .. } => 0,
        Warning::NotCold { .. }
        | Warning::OtherTraffic { .. }
        | Warning::ClientOverloaded { .. }
        | Warning::PromptTokensChanged { .. }
        | Warning::NotStreamed { .. }
        | Warning::BufferedSuspected { .. }
        | Warning::UsageMismatch { .. }
        | Warning::Retried { .. } => 1,
        Warning::CanaryFailed { .. }
        | Warning::WarmUpFailed { .. }
        | Warning::EngineUnreachable { .. }
        | Warning::MetricsUnreadable { .. }
        | Warning::ScrapesFailed { .. }
        | Warning::CounterReset { .. }
        | Warning::DuplicatePrompts { .. }
        | Warning::FewerSamples { .. }
        | Warning::GoodputZero { .. }
        | Warning::HighTtft { .. } => 2,
        _ => 3,
    }
}
