//! Figures inside sentences.

use super::Both;
use dualround_model::{Allowance, AllowanceSource, IntervalKind, LevelComparison, Source};

/// Times, ms.
fn ms(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 10.0 => format!("{value:.2}"),
        Some(value) => format!("{value:.0}"),
    }
}

/// A ratio; near 1 with a decimal more, where the margin is.
fn times(ratio: f64) -> String {
    if (0.9..1.12).contains(&ratio) {
        format!("{ratio:.3}")
    } else {
        format!("{ratio:.2}")
    }
}

/// A percentage with a decimal where it has one.
pub(super) fn short(percent: f64) -> String {
    let text = format!("{percent:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A share as a percentage, in English and in Chinese.
pub(super) fn percent(share: f64) -> Both {
    let percent = 100.0 * share;
    [format!("{percent:.1} %"), format!("{percent:.1}%")]
}

/// `TTFT 823 → 25 ms (typical), 32.9× faster (25.1–43.0×: one pair of rounds, ±25 % between rounds
/// allowed by default)`; nothing without a ratio.
pub(super) fn figures(level: &LevelComparison) -> Both {
    let ttft = &level.ttft;
    let Some(ratio) = ttft.ratio else {
        return Both::default();
    };
    let faster = ratio >= 1.0;
    let shown = times(if faster { ratio } else { 1.0 / ratio });
    let (cold, warm) = (ms(ttft.cold_typical), ms(ttft.warm_typical));
    let word = if faster { "faster" } else { "slower" };
    let [mut en, mut zh] = [
        format!("TTFT {cold} → {warm} ms (typical), {shown}× {word}"),
        if faster {
            format!("TTFT {cold} → {warm} ms（典型值），加速比 {shown}×")
        } else {
            format!("TTFT {cold} → {warm} ms（典型值），耗时为冷轮的 {shown} 倍")
        },
    ];
    if let Some((low, high)) = ttft.interval_low.zip(ttft.interval_high) {
        let (low, high) = if faster {
            (low, high)
        } else {
            (1.0 / high, 1.0 / low)
        };
        let (low, high) = (times(low), times(high));
        let [what, what_zh] = interval(level);
        en.push_str(&format!(" ({low}–{high}×: {what})"));
        zh.push_str(&format!("（{low}–{high}×：{what_zh}）"));
    }
    [en, zh]
}

/// What the deciding interval is: the rounds that it rests on, and what they may differ by.
fn interval(level: &LevelComparison) -> Both {
    if level.ttft.interval_kind == Some(IntervalKind::TCycles) {
        let cycles = level.cycles;
        return [
            format!("95 % t interval over {cycles} cycles"),
            format!("{cycles} 个冷热循环的 95% 置信区间（t）"),
        ];
    }
    let [rounds, rounds_zh] = match level.conclusion.source {
        Source::Cw => ["one pair of rounds", "一对冷热轮"],
        Source::Cwc => ["repeated rounds averaged", "重复轮取平均"],
        Source::Cwcw => ["two cycles averaged", "两个冷热循环取平均"],
        Source::Cycles => ["over cycles", "按冷热循环"],
    };
    let Some(allowance) = level.ttft.allowance else {
        return [
            format!("{rounds}, within-run spread"),
            format!("{rounds_zh}，运行内波动"),
        ];
    };
    let [allowed, allowed_zh] = allowed(allowance);
    [
        format!("{rounds}, {allowed}"),
        format!("{rounds_zh}，{allowed_zh}"),
    ]
}

/// What two rounds of one kind may differ by, and who says so.
fn allowed(Allowance { percent, source }: Allowance) -> Both {
    let percent = short(percent);
    match source {
        AllowanceSource::Control => [
            format!("±{percent} % between rounds by what the repeats differ"),
            format!("轮间允许 ±{percent}%，由重复轮之差得出"),
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
