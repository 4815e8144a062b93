//! The words of every caveat, English and Chinese side by side; a file for each family of them.

mod arrivals;
mod cache_fields;
mod course;
mod dataset;
mod figures;
mod machines;
mod requests;
mod server_metrics;
mod stream;
mod usage;

pub(crate) use dataset::is_media;

use super::Bilingual;
use dualround_model::{ControlReport, Lang, Warning};

/// The words of a caveat's family: a caveat without one does not compile.
fn words(warning: &Warning) -> Option<Bilingual> {
    match warning {
        Warning::FewerSamples { .. }
        | Warning::DuplicatePrompts { .. }
        | Warning::FewBlocks { .. }
        | Warning::TruncatedInput { .. }
        | Warning::OtherInputLength { .. }
        | Warning::RowFieldsUnsent { .. }
        | Warning::EqualIds { .. } => dataset::dataset(warning),
        Warning::Failures { .. }
        | Warning::AllFailed { .. }
        | Warning::Timeouts { .. }
        | Warning::Retried { .. }
        | Warning::CanaryFailed { .. }
        | Warning::FreshUnproven
        | Warning::WarmUpFailed { .. } => requests::requests(warning),
        Warning::Interrupted { .. }
        | Warning::Killed { .. }
        | Warning::LimitReached { .. }
        | Warning::RecordsMissing { .. } => course::course(warning),
        Warning::NotStreamed { .. }
        | Warning::BufferedSuspected { .. }
        | Warning::Compressed { .. }
        | Warning::UnknownText { .. }
        | Warning::UnknownFinish { .. } => stream::stream(warning),
        Warning::TokensFromEvents { .. }
        | Warning::UsageMismatch { .. }
        | Warning::UsageTotalOff { .. }
        | Warning::ImpossibleUsage { .. }
        | Warning::PromptTokensChanged { .. }
        | Warning::PromptCut { .. } => usage::usage(warning),
        Warning::IclApproximate { .. }
        | Warning::FewSamplesForP99 { .. }
        | Warning::GoodputZero { .. }
        | Warning::HighTtft { .. }
        | Warning::NotCold { .. } => figures::figures(warning),
        Warning::ClientOverloaded { .. }
        | Warning::ClientStoodStill { .. }
        | Warning::OtherTraffic { .. } => machines::machines(warning),
        Warning::ArrivalsLate { .. } | Warning::ConnectionsRanOut { .. } => {
            arrivals::arrivals(warning)
        }
        Warning::MetricMissing { .. }
        | Warning::MetricAlias { .. }
        | Warning::CounterReset { .. }
        | Warning::MetricNotCovered { .. }
        | Warning::AutoFoundNothing { .. }
        | Warning::ShortWindow { .. }
        | Warning::ScrapesFailed { .. }
        | Warning::EngineUnreachable { .. }
        | Warning::MetricsUnreadable { .. } => server_metrics::server_metrics(warning),
        Warning::CacheFields { .. } | Warning::BelowCacheMinimum { .. } => {
            cache_fields::cache_fields(warning)
        }
        Warning::Note { text } => Some([text.clone(), text.clone()]),
    }
}

/// What the canary showed of the fields that control a cache.
pub fn control_text(report: &ControlReport) -> Bilingual {
    cache_fields::control(report, report.effect())
}

/// What a caveat says to people.
pub fn warning_text(warning: &Warning, lang: Lang) -> String {
    words(warning).map_or_else(|| format!("{warning:?}"), |words| lang.pick(words))
}

/// A text in brackets; nothing, where there is none.
pub(super) fn in_brackets(text: &str, lang: Lang) -> String {
    match (text, lang) {
        ("", _) => String::new(),
        (text, Lang::En) => format!(" ({text})"),
        (text, Lang::Zh) => format!("（{text}）"),
    }
}
