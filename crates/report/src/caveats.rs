//! The caveats of a run, each once, with the rounds that it is about.

use crate::words::{is_media, load_kind, warning_text};
use dualround_model::{Lang, Load, Plan, RoundResult, Warning};
use std::mem::discriminant;

/// A caveat of a run, said once for all rounds that it is about.
pub(crate) struct Caveat {
    /// In English and Chinese.
    pub(crate) text: [String; 2],
    /// What the load of the levels is called.
    kind: [&'static str; 2],
    /// `load/round`; empty where it is about the run.
    pub(crate) places: Vec<String>,
    /// How much it weighs: 0 most.
    pub(crate) rank: u8,
}

impl Caveat {
    /// The rounds that it is about, for a run of so many rounds, in English and Chinese; `None`
    /// where it is about the run.
    pub(crate) fn places_of(&self, rounds: usize) -> Option<[String; 2]> {
        if self.places.is_empty() {
            return None;
        }
        if rounds > 1 && self.places.len() == rounds {
            return Some(["each round".to_owned(), "每一轮".to_owned()]);
        }
        let places = self.places.join(", ");
        let [kind, kind_zh] = self.kind;
        Some([
            format!("{kind}/round {places}"),
            format!("{kind_zh}/轮 {places}"),
        ])
    }
}

/// All caveats of a run, most important first, else in the order in which they came up; `of_run`
/// are those of the run itself.
pub(crate) fn caveats(plan: &Plan, of_run: &[Warning], rounds: &[RoundResult]) -> Vec<Caveat> {
    let mut all: Vec<Caveat> = Vec::new();
    let kind = load_kind(plan.own_load(0));
    let of_rounds = rounds.iter().flat_map(|round| {
        let (level, number) = (plan.level_name(round.meta.level), round.meta.spec.number);
        let place = match round.meta.load {
            Load::Concurrency(_) => format!("{level}/{number}"),
            Load::Rate(_) => format!("{level} #{number}"),
            // A run has one.
            Load::Replay(_) => number.to_string(),
        };
        let warnings = round.summary.warnings.iter();
        warnings.map(move |warning| (warning, Some(place.clone())))
    });
    let of_run = of_run.iter().map(|warning| (warning, None));
    let worst = worst_of_client(rounds);
    for (warning, place) in of_run.chain(of_rounds) {
        let of_kind = |known: &&&Warning| discriminant(**known) == discriminant(warning);
        let warning = worst.iter().find(of_kind).copied().unwrap_or(warning);
        let text = [Lang::En, Lang::Zh].map(|lang| warning_text(warning, lang));
        let known = all.iter().position(|caveat| caveat.text == text);
        let at = known.unwrap_or_else(|| {
            all.push(Caveat {
                text,
                kind,
                places: Vec::new(),
                rank: rank(warning),
            });
            all.len() - 1
        });
        all[at].places.extend(place);
    }
    all.sort_by_key(|caveat| caveat.rank);
    all
}

/// Of each kind of caveat about the client the worst one, which is said for all of its rounds.
fn worst_of_client(rounds: &[RoundResult]) -> Vec<&Warning> {
    let warnings = rounds.iter().flat_map(|round| &round.summary.warnings);
    let mut worst: Vec<(&Warning, f64)> = Vec::new();
    for (warning, size) in warnings.filter_map(|warning| Some((warning, size(warning)?))) {
        let same =
            |(known, _): &&mut (&Warning, f64)| discriminant(*known) == discriminant(warning);
        match worst.iter_mut().find(same) {
            Some(known) if known.1 < size => *known = (warning, size),
            Some(_) => {}
            None => worst.push((warning, size)),
        }
    }
    worst.into_iter().map(|(warning, _)| warning).collect()
}

/// How bad a caveat about the client is, among those of its kind.
#[expect(clippy::cast_precision_loss, reason = "requests of a round")]
fn size(warning: &Warning) -> Option<f64> {
    match warning {
        Warning::ClientOverloaded {
            probe_lag_p99_ms, ..
        } => Some(*probe_lag_p99_ms),
        Warning::ArrivalsLate { p99_ms, .. } => Some(*p99_ms),
        Warning::ConnectionsRanOut { opened, of, .. } => Some(*opened as f64 / (*of).max(1) as f64),
        _ => None,
    }
}

/// What makes figures mean something else comes before what makes them less sure, and that before
/// what is good to know.
fn rank(warning: &Warning) -> u8 {
    match warning {
        Warning::RowFieldsUnsent { fields } if fields.iter().any(|(name, _)| is_media(name)) => 1,
        Warning::AllFailed { .. }
        | Warning::Failures { .. }
        | Warning::Timeouts { .. }
        | Warning::Interrupted { .. }
        | Warning::Killed { .. }
        | Warning::RecordsMissing { .. }
        | Warning::LimitReached { .. } => 0,
        Warning::NotCold { .. }
        | Warning::OtherTraffic { .. }
        | Warning::ClientOverloaded { .. }
        | Warning::ClientStoodStill { .. }
        | Warning::ArrivalsLate { .. }
        | Warning::ConnectionsRanOut { .. }
        | Warning::PromptTokensChanged { .. }
        | Warning::NotStreamed { .. }
        | Warning::BufferedSuspected { .. }
        | Warning::Compressed { .. }
        | Warning::UsageMismatch { .. }
        | Warning::UsageTotalOff { .. }
        | Warning::ImpossibleUsage { .. }
        | Warning::UnknownText { .. }
        | Warning::UnknownFinish { .. }
        | Warning::PromptCut { .. }
        | Warning::Retried { .. } => 1,
        Warning::FewBlocks { .. }
        | Warning::CacheFields { .. }
        | Warning::BelowCacheMinimum { .. }
        | Warning::FreshUnproven
        | Warning::CanaryFailed { .. }
        | Warning::WarmUpFailed { .. }
        | Warning::EngineUnreachable { .. }
        | Warning::MetricsUnreadable { .. }
        | Warning::ScrapesFailed { .. }
        | Warning::CounterReset { .. }
        | Warning::MetricNotCovered { .. }
        | Warning::DuplicatePrompts { .. }
        | Warning::EqualIds { .. }
        | Warning::FewerSamples { .. }
        | Warning::GoodputZero { .. }
        | Warning::HighTtft { .. } => 2,
        Warning::RowFieldsUnsent { .. }
        | Warning::OtherInputLength { .. }
        | Warning::IclApproximate { .. }
        | Warning::AutoFoundNothing { .. }
        | Warning::TruncatedInput { .. }
        | Warning::TokensFromEvents { .. }
        | Warning::MetricMissing { .. }
        | Warning::MetricAlias { .. }
        | Warning::ShortWindow { .. }
        | Warning::FewSamplesForP99 { .. }
        | Warning::Note { .. } => 3,
    }
}
