//! Figures inside sentences.

use super::{Bilingual, both};
use dualround_model::{
    Allowance, AllowanceSource, IntervalKind, LevelComparison, MetricComparison, Replayed, SeenBy,
    Source,
};

/// Times, ms.
fn ms(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 10.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// A ratio; near 1 with a decimal more, where the margin is.
pub(super) fn times(ratio: f64) -> String {
    if (0.9..1.12).contains(&ratio) {
        format!("{ratio:.3}")
    } else {
        format!("{ratio:.2}")
    }
}

/// A p-value.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p {p:.3}")
    }
}

/// A percentage with a decimal where it has one.
pub(super) fn short(percent: f64) -> String {
    let text = format!("{percent:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A share as a percentage, in English and in Chinese.
pub(super) fn percent(share: f64) -> Bilingual {
    let percent = 100.0 * share;
    [format!("{percent:.1} %"), format!("{percent:.1}%")]
}

/// A hit rate, with the requests that it is known of where that is not all of them.
pub(super) fn known_rate(rate: f64, known: u64, of: u64) -> Bilingual {
    let [mut en, mut zh] = percent(rate);
    if known < of {
        let coverage = format!(" ({known} / {of})");
        en.push_str(&coverage);
        zh.push_str(&coverage);
    }
    [en, zh]
}

/// The answers that no engine gave, and what shows it.
pub(super) fn replayed(found: Replayed) -> Bilingual {
    let Replayed {
        answers,
        of,
        seen_by,
    } = found;
    let [seen, seen_zh] = match seen_by {
        SeenBy::Ids => [
            "bear the id of an earlier answer to the same prompt",
            "与同一提示词之前的响应 id 相同",
        ],
        SeenBy::Counters => [
            "came whole while the engines' counters stood still",
            "整段到达，而引擎计数器没有变化",
        ],
    };
    [
        format!("{answers} of {of} answers to repeated requests {seen}"),
        format!("{of} 个重复请求的响应中有 {answers} 个{seen_zh}"),
    ]
}

/// `TTFT 823 → 25 ms (typical), 32.9× faster (25.1–43.0×: 95 % spread over 12 prompts, one pair of
/// rounds, ±25 % between rounds allowed by default)`; nothing without a ratio.
pub(super) fn figures(level: &LevelComparison) -> Bilingual {
    let cycles = level.cycles;
    // A mixed round beside them changes nothing of what the rounds say.
    let rounds = match level.conclusion.rounds {
        Source::Cw | Source::Mixed => both("one pair of rounds", "一对冷热轮"),
        Source::Cwc => both("repeated rounds averaged", "重复轮取平均"),
        Source::Cwcw => both("two cycles averaged", "两个冷热循环取平均"),
        Source::Cycles | Source::Until => {
            [format!("{cycles} cycles"), format!("{cycles} 个冷热循环")]
        }
    };
    figures_of(&FigureBasis {
        ttft: &level.ttft,
        rounds,
        units: units(level),
    })
}

/// What is one observation: a prompt, or a session of them.
pub(super) fn units(level: &LevelComparison) -> [&'static str; 2] {
    if level.sessions.is_some() {
        ["sessions", "个会话"]
    } else {
        ["prompts", "条提示词"]
    }
}

/// Too few observations to tell anything.
pub(super) fn too_few(of: u64, level: &LevelComparison) -> Bilingual {
    let [units, _] = units(level);
    let (units_zh, count_zh) = if level.sessions.is_some() {
        ("会话", "个")
    } else {
        ("提示词", "条")
    };
    [
        format!(
            "cannot tell: different {units} with a TTFT in both rounds: {of}; at least 6 are needed"
        ),
        format!(
            "无法判断：两轮都有 TTFT 的不同{units_zh}只有 {of} {count_zh}，至少需要 6 {count_zh}"
        ),
    ]
}

/// What figures of times rest on.
pub(super) struct FigureBasis<'a> {
    pub(super) ttft: &'a MetricComparison,
    /// The rounds.
    pub(super) rounds: Bilingual,
    /// What is one observation of them.
    pub(super) units: [&'static str; 2],
}

/// The same of other rounds.
pub(super) fn figures_of(basis: &FigureBasis<'_>) -> Bilingual {
    let ttft = basis.ttft;
    let Some(ratio) = ttft.ratio else {
        return Bilingual::default();
    };
    let shown = times(ratio);
    let (cold, warm) = (ms(ttft.cold_typical), ms(ttft.warm_typical));
    // Below 1 too the ratio is that of the tables, with its interval the same way round.
    let faster = ratio > 1.0 && shown != "1.000";
    let word = if faster { "faster" } else { "as fast" };
    let [mut en, mut zh] = [
        format!("TTFT {cold} → {warm} ms (typical), {shown}× {word}"),
        format!("TTFT {cold} → {warm} ms（典型值），加速比 {shown}×"),
    ];
    if let Some((low, high)) = ttft.interval_low.zip(ttft.interval_high) {
        let (low, high) = (times(low), times(high));
        let [what, what_zh] = interval(basis);
        en.push_str(&format!(" ({low}–{high}×: {what})"));
        zh.push_str(&format!("（{low}–{high}×：{what_zh}）"));
    }
    [en, zh]
}

/// What the deciding interval is: the rounds and prompts that it rests on, and what rounds may differ
/// by.
fn interval(basis: &FigureBasis<'_>) -> Bilingual {
    let (ttft, [rounds, rounds_zh]) = (basis.ttft, &basis.rounds);
    let count = ttft.prompts;
    let [units, units_zh] = basis.units;
    match ttft.interval_kind {
        Some(IntervalKind::TCycles) => {
            return [
                format!("95 % t interval over {rounds} of {count} {units}"),
                format!("{rounds_zh}、{count} {units_zh}的 95% 置信区间（t）"),
            ];
        }
        Some(IntervalKind::TSequential) => {
            return [
                format!("t interval over {rounds} of {count} {units}, 95 % over all looks"),
                format!("{rounds_zh}、{count} {units_zh}的置信区间（t），各次查看合计 95%"),
            ];
        }
        _ => {}
    }
    let spread = [
        format!("95 % spread over {count} {units}, {rounds}"),
        format!("{count} {units_zh}间的 95% 运行内波动，{rounds_zh}"),
    ];
    let Some(allowance) = ttft.allowance else {
        return spread;
    };
    let ([spread, spread_zh], [allowed, allowed_zh]) = (spread, allowed(allowance));
    [
        format!("{spread}, {allowed}"),
        format!("{spread_zh}，{allowed_zh}"),
    ]
}

/// What two rounds of one kind may differ by, and who says so.
fn allowed(Allowance { percent, source }: Allowance) -> Bilingual {
    let percent = short(percent);
    match source {
        AllowanceSource::Control => [
            format!("±{percent} % between rounds allowed, as the repeats may differ"),
            format!("轮间按重复轮可能的差异允许 ±{percent}%"),
        ],
        AllowanceSource::Default => [
            format!("±{percent} % between rounds allowed by default"),
            format!("轮间默认允许 ±{percent}%"),
        ],
        AllowanceSource::Flag => [
            format!("±{percent} % between rounds allowed by --round-noise"),
            format!("轮间按 --round-noise 允许 ±{percent}%"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn ratios_near_one_show_the_margin() {
        assert_eq!(times(1.049), "1.049");
        assert_eq!(times(2.0), "2.00");
    }
}
