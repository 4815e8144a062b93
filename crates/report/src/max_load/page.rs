//! `max_load.html`: the probes of both sides as tables and as a chart, without a script.

use super::text::{amount, max_load_text, side_name, verdict};
use crate::{
    html::escape,
    number::{percent, short},
};
use dualround_model::{Lang, LoadSide, MaxLoad, MostLoad, ProbeVerdict, Slo, three_digits};
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}\
pre{white-space:pre-wrap;font:inherit}table{border-collapse:collapse;margin:1rem 0}caption{text-align:left;font-weight:600}\
th,td{padding:.25rem .75rem;border-bottom:1px solid #ccc;text-align:right;white-space:nowrap}th:last-child,td:last-child{text-align:left}\
svg text{font-size:12px;fill:currentColor}@media(prefers-color-scheme:dark){body{background:#151515;color:#eee}th,td{border-color:#444}}";
// The chart's size, and its margins.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 40.0;
const RIGHT: f64 = 40.0;

/// The page of a search, whole, in one language.
pub fn max_load_page(found: &MaxLoad, slo: &Slo, lang: Lang) -> String {
    let title = lang.pick([
        "dualround: most load, cold and warm",
        "dualround：最大负载（冷与热）",
    ]);
    let code = lang.code();
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{code}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\n\
         <body><h1>{title}</h1>\n<pre>{}</pre>\n",
        escape(&max_load_text(found, slo, lang))
    );
    chart(&mut out, found, lang);
    for side in &found.sides {
        table(&mut out, side, lang);
    }
    out.push_str("</body></html>\n");
    out
}

fn table(out: &mut String, side: &MostLoad, lang: Lang) {
    let name = lang.pick(side_name(side.side));
    let caption = lang.pick([format!("Probes, {name}"), format!("{name}侧探测")]);
    let heads = lang.pick([
        [
            "",
            "Load",
            "Within the SLO",
            "Share",
            "At least (95 %)",
            "Seconds",
            "",
        ],
        ["", "负载", "满足 SLO", "比例", "至少（95%）", "秒", ""],
    ]);
    let heads: String = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{head}</th>"))
        .collect();
    let _ = writeln!(
        out,
        "<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>"
    );
    for (number, probe) in (1..).zip(&side.probes) {
        let load = lang.pick(amount(probe.load, side.unit));
        let verdict = lang.pick(verdict(probe.verdict));
        let _ = writeln!(
            out,
            "<tr><td>{number}</td><td>{load}</td><td>{} / {}</td><td>{}</td><td>{}</td><td>{:.1}</td><td>{verdict}</td></tr>",
            probe.met,
            probe.n,
            percent(probe.share, 2, lang),
            percent(probe.low, 2, lang),
            probe.seconds
        );
    }
    out.push_str("</tbody></table>\n");
}

/// The mark of a probe of a side around this point, without its colours: a circle of a cold one, a
/// square of a warm one.
fn shape(side: LoadSide, x: f64, y: f64) -> String {
    match side {
        LoadSide::Cold => format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\""),
        LoadSide::Warm => format!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"14\" height=\"14\"",
            x - 7.0,
            y - 7.0
        ),
    }
}

/// The share within the SLO over the load, whose axis is logarithmic: a filled mark is met.
fn chart(out: &mut String, found: &MaxLoad, lang: Lang) {
    let loads = || {
        found
            .sides
            .iter()
            .flat_map(|side| &side.probes)
            .map(|probe| probe.load)
    };
    let (low, high) = (
        loads().fold(f64::INFINITY, f64::min),
        loads().fold(0.0, f64::max),
    );
    if low >= high {
        return;
    }
    let x = |load: f64| LEFT + (load / low).ln() / (high / low).ln() * (WIDTH - LEFT - RIGHT);
    let y = |share: f64| 12.0 + (1.0 - share) * (HEIGHT - BOTTOM - 12.0);
    let label = lang.pick([
        "Share of requests within the SLO over the load, cold and warm",
        "满足 SLO 的请求比例随负载的变化，冷与热",
    ]);
    let _ = writeln!(
        out,
        "<svg role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\">"
    );
    for share in [0.0, 0.5, 1.0] {
        let at = y(share);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#999\" stroke-width=\".5\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            percent(Some(share), 0, lang)
        );
    }
    for load in [low, (low * high).sqrt(), high] {
        let shown = short(Some(three_digits(load)));
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{shown}</text>",
            x(load),
            HEIGHT - BOTTOM / 2.0
        );
    }
    // A cold mark stands within a warm one at the same place.
    for side in found.sides.iter().rev() {
        let color = if side.side == LoadSide::Cold {
            "#2563b0"
        } else {
            "#c2410c"
        };
        for probe in &side.probes {
            // Nothing is known of one that ended before a request did.
            let Some(share) = probe.share else { continue };
            let fill = if probe.verdict == ProbeVerdict::Met {
                color
            } else {
                "none"
            };
            let shape = shape(side.side, x(probe.load), y(share));
            let _ = writeln!(
                out,
                "{shape} stroke=\"{color}\" stroke-width=\"2\" fill=\"{fill}\"/>"
            );
        }
    }
    let legend = lang.pick(["● cold  ■ warm; filled: met", "● 冷  ■ 热；实心为满足"]);
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{}\">{legend}</text></svg>",
        HEIGHT - 2.0
    );
}
