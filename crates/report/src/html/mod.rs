//! `report.html`: one file that needs no network. What decides is plain HTML, read without a script;
//! charts and the table of requests are drawn from data in the page by the scripts of `assets/`.
//!
//! Texts from models, servers and datasets are data: in HTML they are escaped, in the data block
//! no `<` stands as itself, the scripts write text nodes only, and the page's own policy lets
//! nothing run but the one script whose digest it names.

mod arrivals;
mod data;
mod first_screen;
mod growth;
mod sections;
mod turns;

use crate::report_input::ReportInput;
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const STYLE: &str = include_str!("../../assets/report.css");
const SCRIPT: &str = concat!(
    "'use strict';(() => {\n",
    include_str!("../../assets/words.js"),
    include_str!("../../assets/scale.js"),
    include_str!("../../assets/looks.js"),
    include_str!("../../assets/marks.js"),
    include_str!("../../assets/axes.js"),
    include_str!("../../assets/touch.js"),
    include_str!("../../assets/plot.js"),
    include_str!("../../assets/requests_of.js"),
    include_str!("../../assets/distribution.js"),
    include_str!("../../assets/pairs.js"),
    include_str!("../../assets/tokens.js"),
    include_str!("../../assets/course.js"),
    include_str!("../../assets/arrivals.js"),
    include_str!("../../assets/turns.js"),
    include_str!("../../assets/failures.js"),
    include_str!("../../assets/metrics.js"),
    include_str!("../../assets/sweep.js"),
    include_str!("../../assets/requests.js"),
    include_str!("../../assets/main.js"),
    "})();
"
);

/// Writes `report.html`.
pub(crate) fn write(page: ReportInput<'_>, out: &mut impl Write) -> io::Result<()> {
    let lang = page.run.plan.output.lang.code();
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{lang}\" data-lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; \
         script-src 'sha256-{}'; style-src 'sha256-{}'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>dualround {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        digest(SCRIPT),
        digest(STYLE),
        escape(&page.run.run_id),
    )?;
    first_screen::write(page, out)?;
    sections::write(page, out)?;
    writeln!(out, "</main>")?;
    write!(out, "<script type=\"application/json\" id=\"data\">")?;
    data::write(page, out)?;
    write!(
        out,
        "</script>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// A digest as a content security policy names it.
fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

/// Text as HTML shows it; also safe between double quotes.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// A text in both languages as HTML; the page shows one of them.
pub(crate) fn both(en: &str, zh: &str) -> String {
    if en == zh {
        return escape(en);
    }
    spans([en, zh])
}

/// Two spans, also where the languages agree.
fn spans([en, zh]: [&str; 2]) -> String {
    let (en, zh) = (escape(en), escape(zh));
    format!("<span lang=\"en\">{en}</span><span lang=\"zh\">{zh}</span>")
}

/// A word with its definition one click away.
pub(crate) fn defined(id: &str, en: &str, zh: &str) -> String {
    format!(
        "<a class=\"def\" href=\"#def-{}\">{}</a>",
        escape(id),
        both(en, zh)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_cannot_end_its_element() {
        assert!(!SCRIPT.contains("</script") && !SCRIPT.contains("<!--"));
        assert!(!STYLE.contains("</style"));
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(
            escape("<img src=x onerror='a()'>\"&\u{1b}"),
            "&lt;img src=x onerror=&#39;a()&#39;&gt;&quot;&amp;\u{fffd}"
        );
    }
}
