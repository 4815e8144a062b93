//! The sentences of a search.

use crate::{
    number::{percent, short, times},
    words::Bilingual,
};
use dualround_model::{
    Lang, LoadBound, LoadProbe, LoadSide, LoadUnit, MaxLoad, MostLoad, ProbeVerdict, Slo,
};

/// What a search found, line by line.
pub fn max_load_text(found: &MaxLoad, slo: &Slo, lang: Lang) -> String {
    let mut lines = vec![lang.pick(title(found, slo))];
    for side in &found.sides {
        let [en, zh] = most(side);
        let [name, name_zh] = side_name(side.side);
        lines.push(lang.pick([format!("  {name}: {en}"), format!("  {name_zh}：{zh}")]));
    }
    lines.push(format!("  {}", lang.pick(ratio(found))));
    lines.join("\n")
}

/// What one probe came to, in one line.
pub fn probe_text(side: LoadSide, number: usize, unit: LoadUnit, probe: &LoadProbe) -> Bilingual {
    let [name, name_zh] = side_name(side);
    let [load, load_zh] = amount(probe.load, unit);
    let [verdict, verdict_zh] = verdict(probe.verdict);
    let (met, n, seconds) = (probe.met, probe.n, probe.seconds);
    [
        format!(
            "{name} probe {number}, {load}: {met} of {n} within the SLO: {verdict} ({seconds:.1} s)"
        ),
        format!(
            "{name_zh}第 {number} 次探测，{load_zh}：{n} 个请求中 {met} 个满足 SLO：{verdict_zh}（{seconds:.1} 秒）"
        ),
    ]
}

pub(super) fn title(found: &MaxLoad, slo: &Slo) -> Bilingual {
    let limits = slo.limits().into_iter();
    let limits: Vec<String> = limits
        .map(|(name, ms)| {
            let metric = name.trim_end_matches("_ms");
            let metric = if metric == "latency" {
                "Latency".to_owned()
            } else {
                metric.to_uppercase()
            };
            format!("{metric} < {} ms", short(Some(ms)))
        })
        .collect();
    let [share, share_zh] = [Lang::En, Lang::Zh].map(|lang| percent(Some(found.share), 1, lang));
    let limits = limits.join(", ");
    [
        format!(
            "Most load at which {share} of requests are within the SLO ({limits}), each probe 95 % sure:"
        ),
        format!("{share_zh} 的请求满足 SLO（{limits}）时的最大负载（每次探测有 95% 把握）："),
    ]
}

/// The most of a side, and how exact that is.
pub(super) fn most(side: &MostLoad) -> Bilingual {
    let known = side.value.map(|value| amount(value, side.unit));
    let missed = side.not_met.map(|load| amount(load, side.unit));
    let probes = side.probes.len();
    let [en, zh] = match (side.bound, known, missed) {
        (Some(LoadBound::Contaminated), ..) => [
            "withheld: a cold probe was not cold (prompt tokens came from a cache)".to_owned(),
            "不下结论：有一次冷侧探测并不冷（部分提示词 token 命中缓存）".to_owned(),
        ],
        (Some(LoadBound::AtLeast), Some([value, value_zh]), _) => [
            format!("≥ {value}, the highest that was tried"),
            format!("≥ {value_zh}（尝试过的最高负载）"),
        ],
        (_, Some([value, value_zh]), Some([missed, missed_zh])) => [
            format!("{value}; {missed} is not met"),
            format!("{value_zh}；{missed_zh} 未满足"),
        ],
        (_, Some([value, value_zh]), None) => [format!("≥ {value}"), format!("≥ {value_zh}")],
        (_, None, Some([missed, missed_zh])) => {
            [format!("below {missed}"), format!("低于 {missed_zh}")]
        }
        (_, None, None) => ["nothing is known".to_owned(), "未知".to_owned()],
    };
    let [open, open_zh] = match side.bound {
        Some(LoadBound::Unfinished) if side.value.is_some() && side.not_met.is_some() => [
            "; the search was ended early, so the most lies in between",
            "；搜索提前结束，最大值在两者之间",
        ],
        Some(LoadBound::Unfinished) => ["; the search was ended early", "；搜索提前结束"],
        _ => ["", ""],
    };
    [
        format!(
            "{en}{open} ({probes} probe{})",
            if probes == 1 { "" } else { "s" }
        ),
        format!("{zh}{open_zh}（{probes} 次探测）"),
    ]
}

pub(super) fn ratio(found: &MaxLoad) -> Bilingual {
    let Some(value) = found.ratio else {
        return [
            "no ratio: the most of one side is not known".to_owned(),
            "没有比值：有一侧的最大负载未知".to_owned(),
        ];
    };
    let shown = times(Some(value));
    let least = if found.ratio_at_least { "≥ " } else { "" };
    [
        format!(
            "ratio: {least}{shown}: so many times the load is within the SLO with a warm cache"
        ),
        format!("比值：{least}{shown}：缓存热时满足 SLO 的负载是冷时的这么多倍"),
    ]
}

pub(super) fn side_name(side: LoadSide) -> [&'static str; 2] {
    match side {
        LoadSide::Cold => ["cold", "冷"],
        LoadSide::Warm => ["warm", "热"],
    }
}

/// `31.6 requests/s`, `16 in flight`.
pub(super) fn amount(load: f64, unit: LoadUnit) -> Bilingual {
    let load = short(Some(load));
    match unit {
        LoadUnit::Rate => [format!("{load} requests/s"), format!("每秒 {load} 个请求")],
        LoadUnit::Concurrency => [format!("{load} in flight"), format!("并发 {load}")],
    }
}

pub(super) fn verdict(verdict: ProbeVerdict) -> [&'static str; 2] {
    match verdict {
        ProbeVerdict::Met => ["met", "满足"],
        ProbeVerdict::NotMet => ["not met", "未满足"],
        ProbeVerdict::Overloaded => [
            "not met: the backlog grew to the end",
            "未满足：积压一直增长到末尾",
        ],
        ProbeVerdict::CutShort => ["cut short, which does not count", "提前结束，不计"],
        ProbeVerdict::Undecided => ["undecided, which counts as not met", "未定，按未满足计"],
    }
}
