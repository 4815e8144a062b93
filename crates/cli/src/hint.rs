//! What to do next after an error, where its message does not say it: in both languages.

use dualround_dataset::{DatasetError, HitRatioError, RowError, TimeError, TraceError};
use dualround_loadgen::{LoadError, Obstacle};
use std::io::ErrorKind;

/// A text in English and Chinese.
type Hint = [&'static str; 2];

/// Marks an error of a command that looks step by step itself: it is not pointed to again.
#[derive(Debug, thiserror::Error)]
#[error("")]
pub(crate) struct LookedAlready;

/// The next command after an error; `at_endpoint` where it is the endpoint that cannot be used.
pub(crate) fn of(error: &anyhow::Error, at_endpoint: bool) -> Option<[String; 2]> {
    let mut causes = error.chain();
    if let Some(error) = causes.find_map(|cause| cause.downcast_ref::<DatasetError>()) {
        return after_dataset(error);
    }
    after_server(error, at_endpoint).map(|hint| hint.map(str::to_owned))
}

/// The next command after an error of a server, or of its metrics.
fn after_server(error: &anyhow::Error, at_endpoint: bool) -> Option<Hint> {
    if has_load_error(error, is_of_metrics) {
        return Some([
            "`dualround check metrics URL NAME…` shows what is there",
            "`dualround check metrics URL 指标名称…` 显示那里有什么",
        ]);
    }
    let looked = error.downcast_ref::<LookedAlready>().is_some();
    let of_reset = has_load_error(error, |error| {
        matches!(
            error,
            LoadError::Reset { .. }
                | LoadError::NoResetRoute { .. }
                | LoadError::NoResetKnown { .. }
        )
    });
    if !at_endpoint || of_reset {
        return None;
    }
    let nobody = has_load_error(error, |error| {
        matches!(
            error,
            LoadError::Unreachable {
                obstacle: Obstacle::Address,
                ..
            }
        )
    });
    match (looked, nobody) {
        (true, true) => Some([
            "without a server at hand, `dualround simulate` starts a simulated one, and `dualround demo` needs none",
            "手边没有服务时，`dualround simulate` 启动一个模拟引擎，`dualround demo` 则不需要服务",
        ]),
        (true, false) => None,
        (false, true) => Some([
            "`dualround check endpoint URL` looks at the server step by step; without one at hand, `dualround simulate` starts a simulated one",
            "`dualround check endpoint URL` 逐步检查服务；手边没有服务时，`dualround simulate` 启动一个模拟引擎",
        ]),
        (false, false) => Some([
            "`dualround check endpoint URL` looks at the server step by step",
            "`dualround check endpoint URL` 逐步检查服务",
        ]),
    }
}

/// It is about the metrics that were asked for.
pub(crate) fn is_of_metrics(error: &LoadError) -> bool {
    matches!(
        error,
        LoadError::Metric { .. }
            | LoadError::NoMetricsPage { .. }
            | LoadError::NeedsPrometheus { .. }
    )
}

fn has_load_error(error: &anyhow::Error, is: fn(&LoadError) -> bool) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| cause.downcast_ref::<LoadError>().is_some_and(is))
}

/// What helps against an error of a data set: the flag by which it can be put right, and what shows
/// the file as it is read.
fn after_dataset(error: &DatasetError) -> Option<[String; 2]> {
    const SHOWS: Hint = [
        "`dualround check dataset FILE` shows what is read and how",
        "`dualround check dataset FILE` 显示文件如何读取",
    ];
    const MAKES: Hint = [
        "`dualround init URL` makes a small data set that suits a server, `dualround generate -o FILE` a larger one",
        "`dualround init URL` 生成适合某个服务的小数据集，`dualround generate -o FILE` 生成更大的",
    ];
    let whole = |hint: Hint| Some(hint.map(str::to_owned));
    match error {
        DatasetError::Write(_) => None,
        DatasetError::Io { source, .. } if source.kind() == ErrorKind::NotFound => whole(MAKES),
        // What is generated is no file that could be looked at.
        DatasetError::HitRatio { .. } => dataset_flag(error).and_then(whole),
        _ => {
            let Some([en, zh]) = dataset_flag(error) else {
                return whole(SHOWS);
            };
            let [shows, shows_zh] = SHOWS;
            Some([format!("{en}; {shows}"), format!("{zh}；{shows_zh}")])
        }
    }
}

/// The flag that puts an error of a data set right, in the words of a hint.
pub(crate) fn dataset_flag(error: &DatasetError) -> Option<Hint> {
    Some(match error {
        DatasetError::BadJson { .. } => [
            "--skip-bad-rows passes such lines over",
            "--skip-bad-rows 跳过这样的行",
        ],
        DatasetError::BadRow { reason, .. } => return row_flag(reason),
        DatasetError::Format { .. } => [
            "--format says how the rows stand in the file",
            "--format 指明文件的格式",
        ],
        DatasetError::Tokenizer { .. } => [
            "--tokenizer takes a tokenizer.json, a model folder that has one, or a hub id (owner/name)",
            "--tokenizer 接受 tokenizer.json、含有它的模型目录，或 Hugging Face 模型 id（owner/name）",
        ],
        DatasetError::NoSamples => ["--num-samples says how many", "--num-samples 指明数量"],
        DatasetError::UncountedDisjoint => [
            "--sampling disjoint needs --num-samples: how many rows each level takes",
            "--sampling disjoint 需要 --num-samples：每个负载级别取多少行",
        ],
        DatasetError::NotWithReplay { .. } => [
            "--replay goes with neither --oversample nor --weight-key nor --sampling disjoint",
            "--replay 不能与 --oversample、--weight-key、--sampling disjoint 同用",
        ],
        DatasetError::TimesNotSorted { .. } => [
            "--replay sends the rows in the order of the file: sort it by its times",
            "--replay 按文件顺序发送各行：请先按时间排序",
        ],
        DatasetError::TooFewRows { .. } => [
            "--sampling disjoint gives every level its own rows",
            "--sampling disjoint 使每个负载级别各用各的行",
        ],
        DatasetError::HitRatio {
            reason: HitRatioError::Uneven,
            ..
        } => [
            "--hit-ratio goes with --turns 1 and --zipf 0 only",
            "--hit-ratio 只能与 --turns 1 和 --zipf 0 同用",
        ],
        DatasetError::HitRatio { .. } => [
            "--hit-ratio is the share that a cold round is to hit",
            "--hit-ratio 是冷轮应命中的比例",
        ],
        _ => return None,
    })
}

/// The same of one row.
pub(crate) fn row_flag(error: &RowError) -> Option<Hint> {
    Some(match error {
        RowError::UnknownShape { .. } => [
            "name the prompt's key with --text-key",
            "用 --text-key 指明提示词所在的键",
        ],
        RowError::GeneratorSettings => [
            "dualround generate makes such conversations (--groups, --prompts, --shared, --unique, --turns, --output-length)",
            "dualround generate 可生成这样的对话（--groups、--prompts、--shared、--unique、--turns、--output-length）",
        ],
        RowError::Time(TimeError::UnknownUnit { .. }) => [
            "--timestamp-unit says the unit: s or ms",
            "--timestamp-unit 指明单位：s 或 ms",
        ],
        RowError::Time(TimeError::OtherUnit { .. }) => [
            "the format knows its unit: leave --timestamp-unit out",
            "该格式的单位是已知的：去掉 --timestamp-unit",
        ],
        RowError::Time(_) => [
            "--skip-bad-rows passes rows without a usable time over",
            "--skip-bad-rows 跳过没有可用时间的行",
        ],
        RowError::Trace(TraceError::Blocks { .. }) => [
            "--trace-block-size says another size",
            "--trace-block-size 指明其他大小",
        ],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dualround_dataset::load_bytes;
    use dualround_model::DatasetPlan;

    /// What the user reads of an error of a data set: the message and the hint.
    fn said(error: DatasetError) -> String {
        let error = anyhow::Error::from(error);
        let [hint, zh] = of(&error, false).unwrap();
        assert!(
            zh.contains("dualround") == hint.contains("dualround"),
            "{zh}"
        );
        format!("{error:#}\n{hint}")
    }

    fn assert_says(error: DatasetError, words: &[&str]) {
        let said = said(error);
        for word in words.iter().chain(&["dualround check dataset"]) {
            assert!(said.contains(word), "{said}");
        }
    }

    #[test]
    fn the_flag_that_puts_a_row_right_is_named_beside_what_is_wrong_with_it() {
        for (row, words) in [
            (
                r#"{"query":"x"}"#,
                &["unknown shape with the keys `query`", "--text-key"][..],
            ),
            ("{", &["line 1: not JSON", "--skip-bad-rows"]),
            (
                r#"{"input_length":1100,"output_length":1,"hash_ids":[0]}"#,
                &["1 hash_ids do not go with", "--trace-block-size"],
            ),
            (
                r#"{"filetype":"generate_conversations"}"#,
                &[
                    "not rows",
                    "dualround generate",
                    "--groups",
                    "--output-length",
                ],
            ),
        ] {
            let plan = DatasetPlan::new("d.jsonl");
            let error = load_bytes("d.jsonl", row.as_bytes(), &plan).unwrap_err();
            assert_says(error, words);
        }
    }

    #[test]
    fn so_is_the_flag_behind_a_plan_that_cannot_be() {
        let rows = "{\"text\":\"x\"}\n";
        for (plan, words) in [
            (
                DatasetPlan {
                    format: Some("xml".to_owned()),
                    ..DatasetPlan::new("d.jsonl")
                },
                &["format xml: choose auto, jsonl", "--format"][..],
            ),
            (
                DatasetPlan {
                    tokenizer: Some("/nowhere/x".into()),
                    ..DatasetPlan::new("d.jsonl")
                },
                &["/nowhere/x", "no such file", "--tokenizer", "hub id"],
            ),
            (
                DatasetPlan {
                    num_samples: vec![0],
                    ..DatasetPlan::new("d.jsonl")
                },
                &["at least 1", "--num-samples"],
            ),
        ] {
            let error = load_bytes("d.jsonl", rows.as_bytes(), &plan).unwrap_err();
            assert_says(error, words);
        }
        let uneven = said(DatasetError::HitRatio {
            ratio: 0.5,
            reason: HitRatioError::Uneven,
        });
        for word in ["0.5", "--hit-ratio", "--turns 1 and --zipf 0"] {
            assert!(uneven.contains(word), "{uneven}");
        }
        // It is of no file that could be looked at.
        assert!(!uneven.contains("check dataset"), "{uneven}");
    }
}
