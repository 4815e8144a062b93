//! What is said beside one run's change against another.

use super::{Bilingual, both, load::level_words};
use dualround_model::{ChangeCaveat, ChangeReason, ColdMethod, Which};

/// Why a change cannot be told.
pub(crate) fn change_reason(reason: ChangeReason) -> Bilingual {
    match reason {
        ChangeReason::NoValue => both("one of the runs has no such value", "其中一次运行没有该值"),
        ChangeReason::NoCachedTokens => both(
            "the cached tokens of one of the runs are not known",
            "其中一次运行的缓存命中 tokens 未知",
        ),
        ChangeReason::FewPrompts { prompts } => [
            format!("prompts in all rounds: {prompts}; at least 6 are needed"),
            format!("各轮都有的提示词只有 {prompts} 条，至少需要 6 条"),
        ],
        ChangeReason::NotMixed => both(
            "the mixed rounds of one of the runs do not tell hits from misses",
            "其中一次运行的混合轮未能区分命中与未命中",
        ),
        ChangeReason::FewRounds { rounds } => [
            format!(
                "one figure a round, {rounds} a run: an interval needs three cycles in both runs (--rounds CWCWCW)"
            ),
            format!(
                "每轮只有一个数值，每次运行 {rounds} 个：两次运行都需要三个冷热循环才有区间（--rounds CWCWCW）"
            ),
        ],
        ChangeReason::NoRatio => both(
            "it is 0 in a round, and nothing is a multiple of 0",
            "有一轮该值为 0，无法求比值",
        ),
        ChangeReason::Contaminated { run } => contaminated(run),
        ChangeReason::Overloaded { run } => overloaded(run),
        ChangeReason::UnequalAnswers { pairs, of } => [
            format!("{pairs} of {of} pairs have answers of different length (by more than 5 %)"),
            format!("{of} 个请求对中有 {pairs} 个输出长度不同（相差超过 5%）"),
        ],
        ChangeReason::OtherAnswers { base, new } => [
            format!("the answers are of other lengths: {base:.1} and {new:.1} tokens on average"),
            format!("输出长度不同：平均 {base:.1} 与 {new:.1} tokens"),
        ],
        ChangeReason::OtherPrompts { base, new } => other_prompts(base, new),
        ChangeReason::LengthsUnknown => both(
            "what the other lengths of the prompts account for is not known",
            "提示词长度不同造成的影响未知",
        ),
    }
}

/// What the reader of a comparison must know.
pub(crate) fn change_caveat(caveat: &ChangeCaveat) -> Bilingual {
    match caveat {
        ChangeCaveat::MissingLevel { load, only_in } => {
            let [run, run_zh] = which(*only_in);
            let [level, level_zh] = level_words(*load, &load.to_string());
            [
                format!("{level} is in the {run} run only"),
                format!("只有{run_zh}运行有{level_zh}"),
            ]
        }
        ChangeCaveat::OtherRequests => both(
            "other requests were sent: they cannot be compared one by one",
            "发送的请求不同，无法逐个比较",
        ),
        ChangeCaveat::OtherMethods { base, new } => {
            let ([base, base_zh], [new, new_zh]) = (methods(base), methods(new));
            [
                format!(
                    "made cold by {base} in the base run, by {new} in the new one: prompts were not sent byte by byte alike"
                ),
                format!(
                    "冷轮方式：基准运行为{base_zh}，新运行为{new_zh}；所发提示词并非逐字节相同"
                ),
            ]
        }
        ChangeCaveat::LengthsAllowed { base, new } => {
            let [en, zh] = other_prompts(*base, *new);
            [
                format!("{en}; changes that depend on it are widened by what that may account for"),
                format!("{zh}；受其影响的变化已按可能的影响放宽区间"),
            ]
        }
        ChangeCaveat::LengthsUnknown => change_reason(ChangeReason::LengthsUnknown),
        ChangeCaveat::Contaminated { run } => contaminated(*run),
        ChangeCaveat::ResponseCache { run } => {
            let [run, run_zh] = which(*run);
            [
                format!(
                    "warm answers of the {run} run were given back by a response cache: their times are not the engine's"
                ),
                format!("{run_zh}运行的热轮响应由响应缓存返回：其耗时不是引擎的耗时"),
            ]
        }
        ChangeCaveat::Compressed { run } => {
            let [run, run_zh] = which(*run);
            [
                format!(
                    "answers of the {run} run alone were compressed: packing holds tokens together, so the engine's times are not all that differs"
                ),
                format!(
                    "只有{run_zh}运行的响应经过压缩：压缩会把 token 攒在一起，差异不全来自引擎的耗时"
                ),
            ]
        }
        ChangeCaveat::RecordsMissing { run } => {
            let [run, run_zh] = which(*run);
            [
                format!(
                    "records of requests are gone from the {run} run: figures are over the rest, throughput is not known"
                ),
                format!("{run_zh}运行缺少部分请求的记录：数值只基于其余请求，吞吐量未知"),
            ]
        }
        ChangeCaveat::Differs { what, base, new } => setting(what, base.as_deref(), new.as_deref()),
        ChangeCaveat::StoppedWhenDecided { run } => stopped(*run),
        ChangeCaveat::EndedEarly { run } => {
            let [run, run_zh] = which(*run);
            [
                format!("the {run} run was ended early"),
                format!("{run_zh}运行提前结束"),
            ]
        }
    }
}

/// A setting in which two runs differ; `None` where its value is not known.
pub(crate) fn setting(what: &str, base: Option<&str>, new: Option<&str>) -> Bilingual {
    let what_zh = match what {
        "model" => "模型",
        "dataset" => "数据集",
        "engine" => "引擎",
        "engine version" => "引擎版本",
        "schedule" => "轮次安排",
        "cold policy" => "冷轮方式",
        "client machine" => "客户端机器",
        other => other,
    };
    [
        format!(
            "{what}: {} in the base run, {} in the new one",
            base.unwrap_or("unknown"),
            new.unwrap_or("unknown")
        ),
        format!(
            "{what_zh}：基准运行为 {}，新运行为 {}",
            base.unwrap_or("未知"),
            new.unwrap_or("未知")
        ),
    ]
}

fn stopped(run: Which) -> Bilingual {
    let [run, run_zh] = which(run);
    [
        format!(
            "cycles of the {run} run were stopped when they decided (--until): intervals over cycles are narrower than they should be"
        ),
        format!("{run_zh}运行的冷热循环在可判定时即停止（--until）：按冷热循环的区间比应有的更窄"),
    ]
}

fn which(run: Which) -> [&'static str; 2] {
    match run {
        Which::Base => ["base", "基准"],
        Which::New => ["new", "新"],
        Which::Both => ["base and the new", "基准与新"],
    }
}

fn contaminated(run: Which) -> Bilingual {
    let [run, run_zh] = which(run);
    [
        format!("the cold round of the {run} run was contaminated"),
        format!("{run_zh}运行的冷轮被污染"),
    ]
}

fn overloaded(run: Which) -> Bilingual {
    let [run, run_zh] = which(run);
    [
        format!(
            "the server of the {run} run could not hold this rate, so its times grow with the length of the round"
        ),
        format!("{run_zh}运行的服务端承受不了该到达速率，其耗时会随轮次长度不断增长"),
    ]
}

fn other_prompts(base: f64, new: f64) -> Bilingual {
    [
        format!("the prompts were of other lengths: {base:.1} and {new:.1} tokens on average"),
        format!("提示词长度不同：平均 {base:.1} 与 {new:.1} tokens"),
    ]
}

fn methods(methods: &[ColdMethod]) -> Bilingual {
    let (names, names_zh): (Vec<&str>, Vec<&str>) = methods
        .iter()
        .map(|method| match method {
            ColdMethod::Marker => ("a marker", "唯一前缀"),
            ColdMethod::Salt => ("the engine's salt", "引擎的缓存盐值"),
            ColdMethod::Reset => ("a reset", "缓存重置"),
            ColdMethod::None => ("nothing", "未采取措施"),
        })
        .unzip();
    [names.join(" and "), names_zh.join("和")]
}
