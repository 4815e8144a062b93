//! The sentence of a conclusion.

use super::{
    Bilingual, both, cost,
    figures::{figures, percent, short, too_few},
    inside_reuse,
    mixed::{self, mixed_figures},
    overload::{self, SideNames},
    sessions::session_lines,
};
use dualround_model::{
    AllowanceSource, Class, ColdMethod, ConclusionKind, LevelComparison, Reason, Remark, Repeated,
    Source, UntilProgress, Verdict, Witness,
};

/// A cold round that hits so much has reuse of its own.
const INSIDE: f64 = 0.10;

/// The sentence of a level's conclusion, with its hit rates, the judgement on its cold round, and
/// remarks.
pub(crate) fn conclusion(level: &LevelComparison) -> Bilingual {
    let found = &level.conclusion;
    let [mut en, mut zh] = match found.kind {
        ConclusionKind::CannotTell | ConclusionKind::Withheld => undecided(level),
        ConclusionKind::Effect | ConclusionKind::NoEffect => decided(level),
    };
    // An overloaded side hits or misses as any other.
    let overloaded = matches!(found.reason, Some(Reason::Overloaded(_)));
    let about_rounds = (found.kind != ConclusionKind::Withheld || overloaded)
        && !matches!(
            found.reason,
            Some(Reason::NoPairs | Reason::NoWarmRound | Reason::Primed)
        );
    if let Some(until) = level.until {
        let [more, more_zh] = looked(until);
        en.push_str(&more);
        zh.push_str(&more_zh);
    }
    if about_rounds {
        let cold = match level.cold.verdict {
            Verdict::Cold => verified(level.cold.method),
            Verdict::Contaminated => both("; the cold round was NOT cold", "；冷轮并不冷"),
            Verdict::Unknown => both(
                "; whether the cold round was cold is unknown",
                "；无法确认冷轮是否为冷",
            ),
        };
        let more = found.remarks.iter().map(|remark| remark_text(*remark));
        for [more, more_zh] in [rate(level), cold].into_iter().chain(more) {
            en.push_str(&more);
            zh.push_str(&more_zh);
        }
    }
    [en, zh]
}

/// What stands beside a conclusion: what mixed rounds say, rounds without reuse, what it costs, and
/// sessions turn by turn.
pub(crate) fn beside(level: &LevelComparison) -> Vec<Bilingual> {
    let mut lines = mixed::beside(level, figures(level));
    let inside = level.inside_reuse.as_ref();
    lines.extend(inside.map(|inside| inside_reuse::inside_reuse(inside, level)));
    lines.extend(level.cost.iter().flat_map(cost::level_cost));
    lines.extend(session_lines(level));
    lines
}

/// How often a run that goes on until it is decided was looked at.
fn looked(until: UntilProgress) -> Bilingual {
    let UntilProgress {
        cycles,
        most,
        look,
        looks,
        decided,
    } = until;
    if look == 0 {
        return [
            format!(
                "; {cycles} of at most {most} cycles, not looked at yet (the first look is after cycle 3)"
            ),
            format!(
                "；已运行 {cycles} 个冷热循环（最多 {most} 个），尚未查看（第 3 个冷热循环后首次查看）"
            ),
        ];
    }
    let [en, zh] = if decided {
        ["decided at look", "判定于第"]
    } else {
        ["not decided at look", "未能判定，已查看到第"]
    };
    [
        format!("; {en} {look} of at most {looks}, after {cycles} of at most {most} cycles"),
        format!(
            "；{zh} {look} 次查看（最多 {looks} 次），共 {cycles} 个冷热循环（最多 {most} 个）"
        ),
    ]
}

/// A conclusion in a few words, for a table.
pub(crate) fn in_a_few_words(level: &LevelComparison) -> Bilingual {
    let found = &level.conclusion;
    if let (Source::Mixed, Some(mixed)) = (found.source, &level.mixed) {
        return mixed::in_a_few_words(mixed, found.cache_evidence, found.witness);
    }
    if let (Some(Reason::NoWarmRound), Some(inside)) = (found.reason, &level.inside_reuse) {
        return inside_reuse::in_a_few_words(inside);
    }
    let faster = level.ttft.ratio.is_some_and(|ratio| ratio > 1.0);
    match found.kind {
        ConclusionKind::Effect if faster && found.cache_evidence => both("cache works", "缓存有效"),
        ConclusionKind::Effect if faster => match found.witness {
            Witness::ResponseCache(_) => both("faster, response cache", "更快，有响应缓存"),
            _ => both("faster, cause not established", "更快，原因未证实"),
        },
        ConclusionKind::Effect => both("slower", "更慢"),
        ConclusionKind::NoEffect => no_effect(found.bound),
        ConclusionKind::CannotTell | ConclusionKind::Withheld => why_not(level),
    }
}

/// Why there is no claim, for a table.
fn why_not(level: &LevelComparison) -> Bilingual {
    match level.conclusion.reason {
        Some(Reason::Contaminated) => both("withheld: not cold", "不下结论：冷轮不冷"),
        Some(Reason::Drift { .. }) => both("withheld: drift", "不下结论：服务端漂移"),
        Some(Reason::Overloaded(_)) => overload::in_a_few_words(),
        Some(Reason::NoWarmRound) => both("no warm round", "没有热轮"),
        Some(Reason::NoPairs) => both("no pair succeeded", "没有成功的请求对"),
        Some(Reason::Primed) => both("not compared", "不作比较"),
        Some(Reason::FewPrompts { .. }) => both("cannot tell: few prompts", "无法判断：提示词太少"),
        Some(Reason::LostPairs { .. }) => both("cannot tell: failures", "无法判断：请求失败"),
        // Of mixed rounds, which have words of their own.
        Some(
            Reason::ArmMissed { .. }
            | Reason::MissesHit
            | Reason::OtherSharing { .. }
            | Reason::FewBlocks { .. },
        ) => both("cannot tell", "无法判断"),
        Some(Reason::WideBound { .. } | Reason::AcrossMargin)
            if matches!(level.conclusion.witness, Witness::ResponseCache(_)) =>
        {
            both("cannot tell: response cache", "无法判断：有响应缓存")
        }
        Some(Reason::WideBound { bound }) => {
            let bound = 100.0 * (bound - 1.0);
            [
                format!("cannot tell: up to {bound:.0} % open"),
                format!("无法判断：不能排除 {bound:.0}%"),
            ]
        }
        Some(Reason::AcrossMargin) => {
            let allowance = level.ttft.allowance.map(|allowance| allowance.source);
            match allowance {
                Some(AllowanceSource::Control) => {
                    both("cannot tell: repeats differ", "无法判断：重复轮之间有差异")
                }
                _ => both("cannot tell: too noisy", "无法判断：波动太大"),
            }
        }
        None => both("cannot tell", "无法判断"),
    }
}

/// A round that was cold, and how it was made so.
fn verified(method: ColdMethod) -> Bilingual {
    if method == ColdMethod::None {
        return both(
            "; the cold round was cold, though nothing was done to make it so (by its hits)",
            "；冷轮确为冷（依据其命中），尽管未采取任何措施",
        );
    }
    let [by, by_zh] = match method {
        ColdMethod::Marker => ["text marker", "唯一前缀"],
        ColdMethod::Salt => ["engine salt", "缓存盐值"],
        ColdMethod::Reset | ColdMethod::None => ["cache reset", "缓存重置"],
    };
    [
        format!("; cold round verified cold ({by})"),
        format!("；冷轮已核实为冷（{by_zh}）"),
    ]
}

/// An effect, or that there is none above a bound.
fn decided(level: &LevelComparison) -> Bilingual {
    let found = &level.conclusion;
    let faster = level.concluded_ratio().is_some_and(|ratio| ratio > 1.0);
    let blocks = match found.source {
        Source::Mixed => level.mixed.as_ref(),
        _ => None,
    };
    let [head, head_zh] = match (found.kind, blocks) {
        (ConclusionKind::NoEffect, _) => no_effect(found.bound),
        (_, Some(mixed)) => mixed::head(mixed, found.cache_evidence, found.witness),
        _ if faster && found.cache_evidence => both("cache works", "缓存有效"),
        _ if faster => no_evidence(found.witness).map(str::to_owned),
        _ => both("warm round slower", "热轮更慢"),
    };
    let [figures, figures_zh] = match blocks {
        Some(mixed) => mixed_figures(mixed),
        None => figures(level),
    };
    let [mut en, mut zh] = [
        format!("{head}: {figures}"),
        format!("{head_zh}：{figures_zh}"),
    ];
    if blocks.is_some() {
        return [en, zh];
    }
    let [classes, classes_zh] = classes(level);
    en.push_str(&classes);
    zh.push_str(&classes_zh);
    [en, zh]
}

/// No effect, above the bound that was found: means of a round may differ by less.
fn no_effect(bound: Option<f64>) -> Bilingual {
    let Some(bound) = bound else {
        return both("no effect", "没有差异");
    };
    let above = 100.0 * (bound - 1.0);
    [
        format!("no effect above {above:.0} % on average"),
        format!("平均而言没有超过 {above:.0}% 的差异"),
    ]
}

/// Faster, without evidence of hits: by who could have seen them.
fn no_evidence(witness: Witness) -> [&'static str; 2] {
    match witness {
        Witness::Usage | Witness::Counters { .. } => [
            "warm round faster, cause not established (it hit hardly more than the cold round)",
            "热轮更快，但原因未证实（其命中几乎不比冷轮多）",
        ],
        Witness::Partly => [
            "warm round faster, cause not established (hits are known for a part of the requests only)",
            "热轮更快，但原因未证实（只有部分请求的命中可知）",
        ],
        Witness::Contradicted => [
            "warm round faster, cause not established (answers report hits of which the engines' counters saw nothing)",
            "热轮更快，但原因未证实（响应报告了命中，而引擎计数器毫无所见）",
        ],
        Witness::ResponseCache(_) => [
            "warm round faster, by answers that a response cache gave back: of the engine's cache this says nothing",
            "热轮更快，因为响应缓存直接返回了响应：这不能说明引擎自身的缓存",
        ],
        Witness::Nobody => [
            "warm round faster, cause not established (hits cannot be seen here)",
            "热轮更快，但原因未证实（此处无法看到命中）",
        ],
    }
}

/// `; 12 of 24 hit: 10.1×; 12 missed: 1.0×`.
fn classes(level: &LevelComparison) -> Bilingual {
    let of: u64 = level.classes.iter().map(|class| class.requests).sum();
    let (mut en, mut zh) = (String::new(), String::new());
    for class in &level.classes {
        let Some(ratio) = class.ratio else {
            continue;
        };
        let count = class.requests;
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
    [en, zh]
}

fn undecided(level: &LevelComparison) -> Bilingual {
    let found = &level.conclusion;
    let Some(reason) = found.reason else {
        return both("cannot tell", "无法判断");
    };
    if let (Source::Mixed, Some(mixed)) = (found.source, &level.mixed) {
        return mixed::undecided(mixed, reason);
    }
    match reason {
        Reason::NoWarmRound if level.inside_reuse.is_some() => both(
            "no warm round was run, so cold and warm are not compared",
            "没有运行热轮，因此不比较冷热",
        ),
        Reason::ArmMissed { .. }
        | Reason::MissesHit
        | Reason::OtherSharing { .. }
        | Reason::FewBlocks { .. } => both("cannot tell", "无法判断"),
        Reason::NoWarmRound => both(
            "cannot tell: no warm round was run, so nothing is compared",
            "无法判断：没有运行热轮，没有可比较的",
        ),
        Reason::Primed => both(
            "cannot tell: the cold round only filled the cache, by another load, so cold and warm are not compared",
            "无法判断：冷轮只用于以另一种负载填充缓存，因此不比较冷热",
        ),
        Reason::NoPairs => both(
            "cannot tell: no request succeeded with a TTFT in both rounds",
            "无法判断：没有任何请求在两轮中都成功并测得 TTFT",
        ),
        Reason::Contaminated => both(
            "withheld: the cold round was contaminated (prompt tokens came from a cache), so cold and warm cannot be compared",
            "不下结论：冷轮被污染（部分提示词 token 命中缓存），冷热无法比较",
        ),
        Reason::Overloaded(sides) => overload::withheld(sides, SideNames::COLD_AND_WARM),
        Reason::Drift { rounds, ratio } => drift(rounds, ratio),
        Reason::FewPrompts { prompts } => too_few(prompts, level),
        Reason::LostPairs { cold, warm, of } => [
            format!(
                "cannot tell: of {of} pairs {cold} failed in the cold round alone and {warm} in the warm one alone, so those left are no fair sample"
            ),
            format!(
                "无法判断：{of} 对请求中，{cold} 对仅冷轮失败，{warm} 对仅热轮失败，余下的已不是公平的样本"
            ),
        ],
        Reason::WideBound { bound } => {
            let bound = 100.0 * (bound - 1.0);
            let [figures, figures_zh] = figures(level);
            [
                format!(
                    "cannot tell: {figures}: the rounds agree, but an effect of up to {bound:.0} % is not excluded"
                ),
                format!("无法判断：{figures_zh}：各轮一致，但不能排除最多 {bound:.0}% 的差异"),
            ]
        }
        Reason::AcrossMargin => {
            let [figures, figures_zh] = figures(level);
            let margin = 100.0 * found.margin;
            [
                format!(
                    "cannot tell: {figures}; the interval crosses the margin of ±{margin:.0} %"
                ),
                format!("无法判断：{figures_zh}；区间跨过 ±{margin:.0}% 容差"),
            ]
        }
    }
}

/// Which repeats went which way.
fn drift(rounds: Repeated, ratio: f64) -> Bilingual {
    let [kind, kind_zh] = match rounds {
        Repeated::Cold => ["cold", "冷轮"],
        Repeated::Warm => ["warm", "热轮"],
    };
    let faster = ratio < 1.0;
    let apart = if faster { 1.0 / ratio } else { ratio };
    let way = if faster { "faster" } else { "slower" };
    let last_zh = if faster {
        format!("比第一个{kind_zh}快，加速比 {apart:.2}×")
    } else {
        format!("比第一个{kind_zh}慢，耗时为其 {apart:.2} 倍")
    };
    let [why, why_zh] = match (rounds, faster) {
        (Repeated::Cold, true) => ["as with a server that warms up", "与服务端仍在预热时一样"],
        _ => ["the server changed meanwhile", "其间服务端有变化"],
    };
    [
        format!(
            "withheld: the last {kind} round was {apart:.2}× {way} than the first, which is at least half of what cold and warm differ by (in logarithms): {why}, and no cache effect can be claimed; more cycles (--rounds CWCWCW) tell"
        ),
        format!(
            "不下结论：最后一个{kind_zh}{last_zh}，（按对数）已达到冷热差异的一半：{why_zh}，不能归因于缓存；可增加冷热循环（--rounds CWCWCW）"
        ),
    ]
}

/// Nothing was said of the cause yet.
fn undecided_yet(level: &LevelComparison) -> bool {
    let faster = level.concluded_ratio().is_some_and(|ratio| ratio > 1.0);
    level.conclusion.kind != ConclusionKind::Effect || !faster
}

/// Hits by the witness that may speak, and what the cold round had of its own.
fn rate(level: &LevelComparison) -> Bilingual {
    let hits = &level.hit_rate;
    let by_blocks = level.conclusion.source == Source::Mixed;
    if let (true, Some(mixed)) = (by_blocks, &level.mixed) {
        return match level.conclusion.witness {
            Witness::ResponseCache(_) => Bilingual::default(),
            // Counters do not tell the arms apart.
            Witness::Counters { warm, .. } => {
                let [warm, warm_zh] = percent(warm);
                [
                    format!("; the warm rounds' hit rate by the server's counters {warm}"),
                    format!("；热轮按服务端计数器命中率 {warm_zh}"),
                ]
            }
            _ => mixed::hit_rates(mixed),
        };
    }
    let [mut en, mut zh] = match (level.conclusion.witness, hits.usage) {
        (Witness::Counters { warm, .. }, _) => {
            let [warm, warm_zh] = percent(warm);
            [
                format!("; hit rate by the server's counters {warm}"),
                format!("；按服务端计数器命中率 {warm_zh}"),
            ]
        }
        (Witness::Usage | Witness::Partly | Witness::Contradicted, Some(rate)) => {
            let [rate, rate_zh] = percent(rate);
            let known = if hits.usage_known < hits.usage_of {
                format!(" ({} / {})", hits.usage_known, hits.usage_of)
            } else {
                String::new()
            };
            [
                format!("; {rate} of prompt tokens from cache{known}"),
                format!("；{rate_zh} 的提示词 token 命中缓存{known}"),
            ]
        }
        (Witness::ResponseCache(_), _) if undecided_yet(level) => both(
            "; a response cache gave answers back: of the engine's cache this says nothing",
            "；有响应缓存直接返回的响应：这不能说明引擎自身的缓存",
        ),
        _ => Bilingual::default(),
    };
    let [more, more_zh] = inside_the_cold(level);
    en.push_str(&more);
    zh.push_str(&more_zh);
    [en, zh]
}

/// What the cold round reused itself, which no ratio against it holds.
fn inside_the_cold(level: &LevelComparison) -> Bilingual {
    let cold = level.conclusion.cold_hits.filter(|cold| *cold >= INSIDE);
    let Some(cold) = cold else {
        return Bilingual::default();
    };
    let [cold, cold_zh] = percent(cold);
    [
        format!("; the cold round itself hit {cold}: what it reused is not in this ratio"),
        format!("；冷轮自身命中 {cold_zh}：其复用不在此加速比之内"),
    ]
}

/// What was not controlled, and what would tell more.
fn remark_text(remark: Remark) -> Bilingual {
    match remark {
        Remark::RoundLeftOut => both(
            "; a round was left out that holds too few of the requests of the others",
            "；有一轮所含请求太少，未予采用",
        ),
        Remark::ColdRepeats => both(
            "; under --cold none a later cold round repeats the first one's bytes and counts as warm",
            "；--cold none 下，之后的冷轮重复第一个冷轮的字节，按热轮计",
        ),
        Remark::Trend {
            per_round,
            first_to_last,
        } => {
            let percent = short(100.0 * (per_round - 1.0).abs());
            let [way, way_zh] = if per_round < 1.0 {
                ["less", "少"]
            } else {
                ["more", "多"]
            };
            [
                format!(
                    "; the last cold round took {first_to_last:.2}× as long as the first, {percent} % {way} a round on average, which is in this ratio"
                ),
                format!(
                    "；最后一个冷轮的耗时是第一个的 {first_to_last:.2} 倍，平均每轮{way_zh} {percent}%，这包含在此加速比中"
                ),
            ]
        }
        Remark::MoreCycles => both("; more cycles tell more", "；可增加冷热循环"),
        Remark::ThreeCycles => both(
            "; three cycles and more (--rounds CWCWCW), or as many as it takes (--until decided), tell more",
            "；用不少于三个冷热循环（--rounds CWCWCW）或一直运行到可判定（--until decided）可进一步判断",
        ),
        Remark::ThreeCyclesOrMixed => both(
            "; three cycles and more (--rounds CWCWCW), as many as it takes (--until decided), or a mixed round (--rounds CWM) tell more",
            "；用不少于三个冷热循环（--rounds CWCWCW）、一直运行到可判定（--until decided）或加一个混合轮（--rounds CWM）可进一步判断",
        ),
        Remark::MoreBudget => both(
            "; a new run with a larger --budget tells more",
            "；以更大的 --budget 重新运行可进一步判断",
        ),
        Remark::GoOn => both(
            "; the same command with --resume goes on (with a larger --budget where the time was spent)",
            "；以 --resume 运行同一命令可继续（若时间已用完，请增大 --budget）",
        ),
        Remark::MoreMixed => both("; more M rounds tell more", "；可增加 M 轮"),
        Remark::WaitedAtClient { cold_ms, warm_ms } => {
            let [cold, warm] = [cold_ms, warm_ms].map(short);
            [
                format!(
                    "; requests waited for a place in flight (--max-concurrency), which this ratio does not hold: TTFT from the due instant {cold} → {warm} ms on average"
                ),
                format!(
                    "；有请求在等待在途名额（--max-concurrency），此加速比不含该等待：自计划时刻起算的 TTFT 平均 {cold} → {warm} ms"
                ),
            ]
        }
        Remark::OverloadUnknown => overload::unknown(),
        Remark::BacklogGrew { warm, middle, end } => overload::backlog_grew(warm, middle, end),
        Remark::SeeFailures => both(
            "; look at the failures of each round",
            "；请看各轮的失败原因",
        ),
        Remark::WarmUpNotControlled { repeat_cold: true } => both(
            "; server warm-up not controlled, --rounds CWC controls it",
            "；未排除服务端预热的影响（--rounds CWC 可排除）",
        ),
        Remark::WarmUpNotControlled { repeat_cold: false } => both(
            "; server warm-up not controlled",
            "；未排除服务端预热的影响",
        ),
    }
}
