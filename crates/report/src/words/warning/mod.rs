//! The words of every caveat, English and Chinese side by side; a file for each family of them.

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
use dualround_model::{Lang, Warning};

/// What each family says of a caveat of its own, and of no other.
const FAMILIES: [fn(&Warning) -> Option<Bilingual>; 8] = [
    dataset::dataset,
    requests::requests,
    course::course,
    stream::stream,
    usage::usage,
    figures::figures,
    machines::machines,
    server_metrics::server_metrics,
];

/// What a caveat says to people.
pub fn warning_text(warning: &Warning, lang: Lang) -> String {
    if let Warning::Note { text } = warning {
        return text.clone();
    }
    let words = FAMILIES.iter().find_map(|family| family(warning));
    words.map_or_else(|| format!("{warning:?}"), |words| lang.pick(words))
}

/// A text in brackets; nothing, where there is none.
pub(super) fn in_brackets(text: &str, lang: Lang) -> String {
    match (text, lang) {
        ("", _) => String::new(),
        (text, Lang::En) => format!(" ({text})"),
        (text, Lang::Zh) => format!("（{text}）"),
    }
}
