//! The one decision rule, and the words for what it decides.

use dualround_model::{
    CacheHit, ColdVerdict, Conclusion, ConclusionKind, IntervalKind, MetricComparison, Verdict,
};

/// Effects within ± 5 % are none that anybody should act on.
pub const MARGIN: f64 = 0.05;
/// A warm hit rate below this is no evidence of a cache.
const HIT_RATE: f64 = 0.05;

/// What a conclusion rests on.
pub(crate) struct Basis<'a> {
    pub(crate) ttft: &'a MetricComparison,
    pub(crate) hit_rate: &'a CacheHit,
    pub(crate) server_cold: Option<f64>,
    pub(crate) cold: &'a ColdVerdict,
    pub(crate) margin: f64,
    /// The control round did not match.
    pub(crate) control_failed: bool,
    /// There was a control round.
    pub(crate) controlled: bool,
}

impl Basis<'_> {
    /// Hits in the warm rounds, well above those of the cold ones.
    pub(crate) fn cache_evidence(&self) -> bool {
        let above = |warm: Option<f64>, cold: Option<f64>| {
            warm.is_some_and(|warm| warm >= HIT_RATE && warm >= 2.0 * cold.unwrap_or(0.0))
        };
        above(self.hit_rate.usage, self.hit_rate.usage_cold)
            || above(self.hit_rate.server, self.server_cold)
    }
}

/// `effect`: the interval of the ratio lies wholly outside ± the margin; `no_effect`: wholly
/// inside; `cannot_tell`: neither, or no interval.
pub fn decide(low: Option<f64>, high: Option<f64>, margin: f64) -> ConclusionKind {
    let Some((low, high)) = low.zip(high) else {
        return ConclusionKind::CannotTell;
    };
    let (slower, faster) = (1.0 / (1.0 + margin), 1.0 + margin);
    if low > faster || high < slower {
        ConclusionKind::Effect
    } else if low >= slower && high <= faster {
        ConclusionKind::NoEffect
    } else {
        ConclusionKind::CannotTell
    }
}

/// Decides and says it.
pub(crate) fn conclude(basis: &Basis<'_>) -> Conclusion {
    let ttft = basis.ttft;
    let withheld = basis.control_failed || basis.cold.verdict == Verdict::Contaminated;
    let kind = if withheld {
        ConclusionKind::Withheld
    } else {
        decide(ttft.interval_low, ttft.interval_high, basis.margin)
    };
    let cache_evidence = basis.cache_evidence();
    let (text, text_zh) = words(basis, kind, cache_evidence);
    Conclusion {
        kind,
        cache_evidence,
        margin: basis.margin,
        text,
        text_zh,
    }
}

fn words(basis: &Basis<'_>, kind: ConclusionKind, hits: bool) -> (String, String) {
    let ttft = basis.ttft;
    let figures = figures(ttft);
    let (rate_en, rate_zh) = rate(basis.hit_rate);
    let (cold_en, cold_zh) = match basis.cold.verdict {
        Verdict::Cold => ("cold round verified cold", "冷轮已核实为冷"),
        Verdict::Contaminated => ("the cold round was NOT cold", "冷轮并不冷"),
        Verdict::Unknown => (
            "whether the cold round was cold is unknown",
            "冷轮是否为冷无从得知",
        ),
    };
    let (warm_en, warm_zh) = if basis.controlled {
        ("", "")
    } else {
        (
            "; server warm-up not controlled, --rounds CWC controls it",
            "；未控制服务预热的影响，可用 --rounds CWC 控制",
        )
    };
    let faster = ttft.ratio.is_some_and(|ratio| ratio > 1.0);
    let margin = 100.0 * basis.margin;
    let (en, zh) = match kind {
        ConclusionKind::Effect if faster && hits => (
            format!("cache works: {}{rate_en}; {cold_en}", figures.0),
            format!("缓存有效：{}{rate_zh}；{cold_zh}", figures.1),
        ),
        ConclusionKind::Effect if faster => (
            format!("round 2 faster, cause not established (no cache hits were seen): {}; {cold_en}", figures.0),
            format!("第 2 轮更快，但原因未证实（未见缓存命中）：{}；{cold_zh}", figures.1),
        ),
        ConclusionKind::Effect => (
            format!("round 2 slower: {}{rate_en}; {cold_en}", figures.0),
            format!("第 2 轮更慢：{}{rate_zh}；{cold_zh}", figures.1),
        ),
        ConclusionKind::NoEffect => (
            format!("no effect: {}, within ±{margin:.0} %{rate_en}; {cold_en}", figures.0),
            format!("没有效果：{}，在 ±{margin:.0} % 之内{rate_zh}；{cold_zh}", figures.1),
        ),
        ConclusionKind::CannotTell if ttft.interval_low.is_none() => (
            format!("cannot tell: {} pairs with a TTFT, at least 6 are needed{rate_en}; {cold_en}", ttft.pairs),
            format!("无法判断：有 TTFT 的请求对只有 {} 对，至少需要 6 对{rate_zh}；{cold_zh}", ttft.pairs),
        ),
        ConclusionKind::CannotTell => (
            format!("cannot tell: {}, across the ±{margin:.0} % margin{rate_en}; {cold_en}", figures.0),
            format!("无法判断：{}，跨越 ±{margin:.0} % 的界限{rate_zh}；{cold_zh}", figures.1),
        ),
        ConclusionKind::Withheld if basis.control_failed => (
            "withheld: the last cold round does not match the first, so the server was warming up; no cache effect can be claimed".to_owned(),
            "不下结论：最后一个冷轮与第一个不一致，说明服务自身在预热，不能归因于缓存".to_owned(),
        ),
        ConclusionKind::Withheld => (
            "withheld: the cold round was contaminated (prompt tokens came from a cache), so cold and warm cannot be compared".to_owned(),
            "不下结论：冷轮被污染（部分提示词 token 来自缓存），冷热无法比较".to_owned(),
        ),
    };
    (en + warm_en, zh + warm_zh)
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

/// `TTFT 823 → 25 ms, 32.9× faster (within-run spread 30.1–35.2×)`.
fn figures(ttft: &MetricComparison) -> (String, String) {
    let Some(ratio) = ttft.ratio else {
        return (String::new(), String::new());
    };
    let (word, word_zh, shown) = if ratio >= 1.0 {
        ("faster", "快", ratio)
    } else {
        ("slower", "慢", 1.0 / ratio)
    };
    let (mut en, mut zh) = (
        format!(
            "TTFT {} → {} ms, {shown:.2}× {word}",
            ms(ttft.cold_avg),
            ms(ttft.warm_avg)
        ),
        format!(
            "TTFT {} → {} ms，{word_zh} {shown:.2} 倍",
            ms(ttft.cold_avg),
            ms(ttft.warm_avg)
        ),
    );
    if let Some((low, high)) = ttft.interval_low.zip(ttft.interval_high) {
        let (low, high) = if ratio >= 1.0 {
            (low, high)
        } else {
            (1.0 / high, 1.0 / low)
        };
        let (kind, kind_zh) = match ttft.interval_kind {
            Some(IntervalKind::TCycles) => ("95 % t interval over cycles", "各循环的 95 % t 区间"),
            _ => ("within-run spread", "本次运行内的散布"),
        };
        en.push_str(&format!(" ({kind} {low:.2}–{high:.2}×)"));
        zh.push_str(&format!("（{kind_zh} {low:.2}–{high:.2} 倍）"));
    }
    (en, zh)
}

fn rate(hits: &CacheHit) -> (String, String) {
    match (hits.usage, hits.server) {
        (Some(rate), _) => {
            let (rate, part) = (100.0 * rate, hits.usage_known < hits.usage_of);
            let known = format!(" ({} / {})", hits.usage_known, hits.usage_of);
            let known = if part { known } else { String::new() };
            (
                format!(", {rate:.1} % of prompt tokens from cache{known}"),
                format!("，{rate:.1} % 的提示词 token 来自缓存{known}"),
            )
        }
        (None, Some(rate)) => (
            format!(", hit rate by the server's counters {:.1} %", 100.0 * rate),
            format!("，按服务端计数器命中率 {:.1} %", 100.0 * rate),
        ),
        (None, None) => (String::new(), String::new()),
    }
}
