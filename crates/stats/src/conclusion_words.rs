//! The sentence of a conclusion, in English and Chinese.

use crate::{conclusion::Basis, reuse_seen::Witness};
use dualround_model::{
    Allowance, AllowanceSource, Class, ClassComparison, Conclusion, ConclusionKind, IntervalKind,
    MetricComparison, Reason, Repeated, Verdict,
};

/// A cold round that hits so much has reuse of its own.
const INSIDE: f64 = 0.10;

/// Both sentences.
pub(crate) fn words(basis: &Basis<'_>, conclusion: &Conclusion) -> (String, String) {
    let ttft = &basis.ttft.metric;
    let faster = ttft.ratio.is_some_and(|ratio| ratio > 1.0);
    let hits = conclusion.cache_evidence;
    let (head, head_zh) = match conclusion.kind {
        ConclusionKind::Effect if faster && hits => ("cache works", "缓存有效"),
        ConclusionKind::Effect if faster => no_evidence(basis.reuse.witness),
        ConclusionKind::Effect => ("round 2 slower", "第 2 轮更慢"),
        ConclusionKind::NoEffect => ("no effect", "没有加速"),
        ConclusionKind::CannotTell | ConclusionKind::Withheld => {
            let (en, zh) = undecided(ttft, conclusion);
            return finish(basis, conclusion, en, zh);
        }
    };
    let bound = conclusion.bound.map(|bound| 100.0 * (bound - 1.0));
    let bound = match bound {
        Some(bound) => (
            format!("; on average none above {bound:.0} %"),
            format!("；平均而言即使有也不超过 {bound:.0}%"),
        ),
        None => (String::new(), String::new()),
    };
    let (en, zh) = (format!("{head}: "), format!("{head_zh}："));
    let figures = figures(ttft);
    let classes = classes(basis.classes);
    finish(
        basis,
        conclusion,
        format!("{en}{}{}{}", figures.0, bound.0, classes.0),
        format!("{zh}{}{}{}", figures.1, bound.1, classes.1),
    )
}

/// What every sentence ends with: hits, whether the cold round was cold, what would tell more.
fn finish(basis: &Basis<'_>, conclusion: &Conclusion, en: String, zh: String) -> (String, String) {
    let about_rounds = conclusion.kind != ConclusionKind::Withheld
        && !matches!(
            conclusion.reason,
            Some(Reason::NoPairs | Reason::NoWarmRound)
        );
    if !about_rounds {
        return (en, zh);
    }
    let (rate_en, rate_zh) = rate(basis);
    let (cold_en, cold_zh) = match basis.cold.verdict {
        Verdict::Cold => ("cold round verified cold", "冷轮已核实为冷"),
        Verdict::Contaminated => ("the cold round was NOT cold", "冷轮并不冷"),
        Verdict::Unknown => (
            "whether the cold round was cold is unknown",
            "无法确认冷轮是否为冷",
        ),
    };
    let (next_en, next_zh) = next(basis, conclusion);
    (
        format!("{en}{rate_en}; {cold_en}{next_en}"),
        format!("{zh}{rate_zh}；{cold_zh}{next_zh}"),
    )
}

/// What would tell more, and what was not controlled.
fn next(basis: &Basis<'_>, conclusion: &Conclusion) -> (String, String) {
    let (mut en, mut zh) = (String::new(), String::new());
    let mut say = |a: &str, b: &str| {
        en.push_str(a);
        zh.push_str(b);
    };
    if basis.design.left_out {
        say(
            "; a round was left out that holds too few of the requests of the others",
            "；有一轮所含请求太少，未予采用",
        );
    }
    let effect = basis
        .ttft
        .metric
        .ratio
        .map_or(0.0, |ratio| ratio.ln().abs());
    let drifts = basis.ttft.trend.filter(|trend| trend.abs() >= effect / 2.0);
    if let Some(trend) = drifts.filter(|_| conclusion.kind == ConclusionKind::Effect) {
        let percent = short(100.0 * trend.abs().exp_m1());
        let (way, way_zh) = if trend < 0.0 {
            ("faster", "快")
        } else {
            ("slower", "慢")
        };
        say(
            &format!(
                "; from cold round to cold round each round was {percent} % {way} than the one before, which is in this ratio"
            ),
            &format!("；从冷轮到冷轮，每一轮都比前一轮{way_zh} {percent}%，这包含在此加速比中"),
        );
    }
    match conclusion.reason {
        Some(Reason::AcrossMargin | Reason::WideBound { .. }) => {
            if cycles_of(basis) > 2 {
                say("; more cycles tell more", "；可增加冷热循环");
            } else {
                say(
                    "; three cycles and more (--rounds CWCWCW) tell more",
                    "；用不少于三个冷热循环（--rounds CWCWCW）可进一步判断",
                );
            }
        }
        Some(Reason::LostPairs { .. }) => say(
            "; look at the failures of each round",
            "；请看各轮的失败原因",
        ),
        None if !basis.design.controls_warm_up() => {
            let repeated = basis.judging.schedule.to_string().matches('C').count() > 1;
            if repeated {
                say(
                    "; server warm-up not controlled",
                    "；未排除服务端预热的影响",
                );
            } else {
                say(
                    "; server warm-up not controlled, --rounds CWC controls it",
                    "；未排除服务端预热的影响（--rounds CWC 可排除）",
                );
            }
        }
        _ => {}
    }
    (en, zh)
}

/// Cycles that the schedule has.
fn cycles_of(basis: &Basis<'_>) -> usize {
    basis.judging.schedule.to_string().matches("CW").count()
}

fn undecided(ttft: &MetricComparison, conclusion: &Conclusion) -> (String, String) {
    let Some(reason) = conclusion.reason else {
        return ("cannot tell".to_owned(), "无法判断".to_owned());
    };
    match reason {
        Reason::NoWarmRound => (
            "cannot tell: no warm round was run, so nothing is compared".to_owned(),
            "无法判断：没有运行热轮，没有可比较的".to_owned(),
        ),
        Reason::NoPairs => (
            "cannot tell: no request succeeded with a TTFT in both rounds".to_owned(),
            "无法判断：没有任何请求在两轮中都成功并测得 TTFT".to_owned(),
        ),
        Reason::Contaminated => (
            "withheld: the cold round was contaminated (prompt tokens came from a cache), so cold and warm cannot be compared".to_owned(),
            "不下结论：冷轮被污染（部分提示词 token 命中缓存），冷热无法比较".to_owned(),
        ),
        Reason::Drift { rounds, ratio } => drift(rounds, ratio),
        Reason::FewPrompts { prompts } => (
            format!("cannot tell: {prompts} different prompts with a TTFT in both rounds, at least 6 are needed"),
            format!("无法判断：两轮都有 TTFT 的不同提示词只有 {prompts} 条，至少需要 6 条"),
        ),
        Reason::LostPairs { cold, warm, of } => (
            format!("cannot tell: of {of} pairs {cold} failed in the cold round alone and {warm} in the warm one alone, so those left are no fair sample"),
            format!("无法判断：{of} 对请求中，{cold} 对仅冷轮失败，{warm} 对仅热轮失败，余下的已不是公平的样本"),
        ),
        Reason::WideBound { bound } => {
            let bound = 100.0 * (bound - 1.0);
            let (figures, figures_zh) = figures(ttft);
            (
                format!("cannot tell: {figures}: the rounds agree, but an effect of up to {bound:.0} % is not excluded"),
                format!("无法判断：{figures_zh}：各轮一致，但不能排除最多 {bound:.0}% 的差异"),
            )
        }
        Reason::AcrossMargin => {
            let (figures, figures_zh) = figures(ttft);
            let margin = 100.0 * conclusion.margin;
            (
                format!("cannot tell: {figures}, across ±{margin:.0} %"),
                format!("无法判断：{figures_zh}，区间跨过 ±{margin:.0}% 容差"),
            )
        }
    }
}

/// Which repeats went which way.
fn drift(rounds: Repeated, ratio: f64) -> (String, String) {
    let (kind, kind_zh) = match rounds {
        Repeated::Cold => ("cold", "冷轮"),
        Repeated::Warm => ("warm", "热轮"),
    };
    let faster = ratio < 1.0;
    let times = if faster { 1.0 / ratio } else { ratio };
    let way = if faster { "faster" } else { "slower" };
    let last_zh = match faster {
        true => format!("比第一个{kind_zh}快，加速比 {times:.2}×"),
        false => format!("比第一个{kind_zh}慢，耗时为其 {times:.2} 倍"),
    };
    let (why, why_zh) = match (rounds, faster) {
        (Repeated::Cold, true) => ("the server was warming up", "服务端仍在预热"),
        _ => ("the server changed meanwhile", "其间服务端有变化"),
    };
    (
        format!(
            "withheld: the last {kind} round was {times:.2}× {way} than the first, which is at least half of what cold and warm differ by (in logarithms): {why}, and no cache effect can be claimed; more cycles (--rounds CWCWCW) tell"
        ),
        format!(
            "不下结论：最后一个{kind_zh}{last_zh}，（按对数）已达到冷热差异的一半：{why_zh}，不能归因于缓存；可增加冷热循环（--rounds CWCWCW）"
        ),
    )
}

fn ms(value: Option<f64>) -> String {
    value.map_or_else(
        || "-".to_owned(),
        |v| {
            if v < 10.0 {
                format!("{v:.2}")
            } else {
                format!("{v:.0}")
            }
        },
    )
}

/// `TTFT 823 → 25 ms (typical), 32.9× faster (25.1–43.0×, ±25 % between rounds allowed)`.
fn figures(ttft: &MetricComparison) -> (String, String) {
    let Some(ratio) = ttft.ratio else {
        return (String::new(), String::new());
    };
    let (word, shown) = if ratio >= 1.0 {
        ("faster", ratio)
    } else {
        ("slower", 1.0 / ratio)
    };
    let (cold, warm, shown) = (ms(ttft.cold_typical), ms(ttft.warm_typical), times(shown));
    let (mut en, mut zh) = (
        format!("TTFT {cold} → {warm} ms (typical), {shown}× {word}"),
        match ratio >= 1.0 {
            true => format!("TTFT {cold} → {warm} ms（典型值），加速比 {shown}×"),
            false => format!("TTFT {cold} → {warm} ms（典型值），耗时为冷轮的 {shown} 倍"),
        },
    );
    if let Some((low, high)) = ttft.interval_low.zip(ttft.interval_high) {
        let (low, high) = if ratio >= 1.0 {
            (low, high)
        } else {
            (1.0 / high, 1.0 / low)
        };
        let (what, what_zh) = interval_words(ttft);
        let (low, high) = (times(low), times(high));
        en.push_str(&format!(" ({low}–{high}×, {what})"));
        zh.push_str(&format!("（{low}–{high}×，{what_zh}）"));
    }
    (en, zh)
}

/// What an interval is.
fn interval_words(ttft: &MetricComparison) -> (String, String) {
    let Some(Allowance { percent, source }) = ttft.allowance else {
        return match ttft.interval_kind {
            Some(IntervalKind::TCycles) => (
                "95 % t interval over cycles".to_owned(),
                "各冷热循环的 95% 置信区间（t）".to_owned(),
            ),
            _ => ("within-run spread".to_owned(), "运行内波动".to_owned()),
        };
    };
    let percent = short(percent);
    match source {
        AllowanceSource::Control => (
            format!("±{percent} % between rounds, by the repeated rounds"),
            format!("轮间允许 ±{percent}%，由重复轮得出"),
        ),
        AllowanceSource::Default => (
            format!("±{percent} % between rounds allowed by default"),
            format!("轮间默认允许 ±{percent}%"),
        ),
        AllowanceSource::Flag => (
            format!("±{percent} % between rounds allowed by --round-noise"),
            format!("轮间按 --round-noise 允许 ±{percent}%"),
        ),
    }
}

/// A percentage with a decimal where it has one.
fn short(percent: f64) -> String {
    let text = format!("{percent:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A ratio; near 1 with a decimal more, where the margin is.
fn times(ratio: f64) -> String {
    match (0.9..1.12).contains(&ratio) {
        true => format!("{ratio:.3}"),
        false => format!("{ratio:.2}"),
    }
}

/// `; 12 of 24 hit: 10.1×; 12 missed: 1.0×`.
fn classes(classes: &[ClassComparison]) -> (String, String) {
    let of: u64 = classes.iter().map(|class| class.requests).sum();
    let (mut en, mut zh) = (String::new(), String::new());
    for class in classes {
        let (count, ratio) = (class.requests, class.ratio.unwrap_or(f64::NAN));
        match class.class {
            Class::Hit => {
                en.push_str(&format!("; {count} of {of} hit: {ratio:.2}×"));
                zh.push_str(&format!("；{of} 个请求中 {count} 个命中：{ratio:.2}×"));
            }
            Class::Miss => {
                en.push_str(&format!("; {count} missed: {ratio:.2}×"));
                zh.push_str(&format!("；{count} 个未命中：{ratio:.2}×"));
            }
        }
    }
    (en, zh)
}

/// Faster, without evidence of hits: by who could have seen them.
fn no_evidence(witness: Witness) -> (&'static str, &'static str) {
    match witness {
        Witness::Usage | Witness::Counters { .. } => (
            "round 2 faster, cause not established (hardly any cache hits were seen)",
            "第 2 轮更快，但原因未证实（几乎未见缓存命中）",
        ),
        Witness::Partly => (
            "round 2 faster, cause not established (hits are known for a part of the requests only)",
            "第 2 轮更快，但原因未证实（只有部分请求的命中可知）",
        ),
        Witness::ResponseCache(_) => (
            "round 2 faster because a response cache gave whole answers back; of the engine's cache this says nothing",
            "第 2 轮更快，因为响应缓存直接返回了整个响应；这不能说明引擎自身的缓存",
        ),
        Witness::Nobody => (
            "round 2 faster, cause not established (hits cannot be seen here)",
            "第 2 轮更快，但原因未证实（此处无法看到命中）",
        ),
    }
}

/// Hits by the witness that may speak, and what the cold round had of its own.
fn rate(basis: &Basis<'_>) -> (String, String) {
    let hits = basis.hit_rate;
    let (mut en, mut zh) = match (basis.reuse.witness, hits.usage) {
        (Witness::Counters { warm, .. }, _) => (
            format!(", hit rate by the server's counters {:.1} %", 100.0 * warm),
            format!("，按服务端计数器命中率 {:.1}%", 100.0 * warm),
        ),
        (Witness::Usage | Witness::Partly, Some(rate)) => {
            let (rate, part) = (100.0 * rate, hits.usage_known < hits.usage_of);
            let known = format!(" ({} / {})", hits.usage_known, hits.usage_of);
            let known = if part { known } else { String::new() };
            (
                format!(", {rate:.1} % of prompt tokens from cache{known}"),
                format!("，{rate:.1}% 的提示词 token 命中缓存{known}"),
            )
        }
        _ => (String::new(), String::new()),
    };
    if let Some(cold) = basis.reuse.cold.filter(|cold| *cold >= INSIDE) {
        let cold = 100.0 * cold;
        en.push_str(&format!(
            "; the cold round itself hit {cold:.1} %: reuse inside the round is not in this ratio"
        ));
        zh.push_str(&format!(
            "；冷轮自身命中 {cold:.1}%：轮内复用不在此加速比之内"
        ));
    }
    (en, zh)
}
