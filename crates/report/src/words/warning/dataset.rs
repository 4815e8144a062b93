//! What is said of rows: too few, alike, cut, or with fields that are not sent.

use crate::words::{Bilingual, level_words};
use dualround_model::{BlockNeed, Load, Warning};

/// Names of fields that are told; the others are counted.
const NAMED: usize = 8;

/// What a caveat on rows says; `None` for any other.
pub(super) fn dataset(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::FewerSamples { asked, available } => [
            format!(
                "{asked} samples were asked for, the dataset has {available}; --oversample repeats rows"
            ),
            format!("要求 {asked} 个样本，数据集只有 {available} 个；--oversample 可重复使用"),
        ],
        Warning::DuplicatePrompts { count } => [
            format!(
                "{count} prompts are repetitions of another one, so not every request of round 1 can be cold"
            ),
            format!("有 {count} 个提示词与其他重复，第 1 轮不可能全部为冷"),
        ],
        Warning::FewBlocks { load, need } => few_blocks(*load, *need),
        Warning::TruncatedInput { count, limit, unit } => {
            let unit_zh = if unit == "tokens" { "token" } else { "字符" };
            [
                format!("{count} prompts were cut to {limit} {unit} (--max-input-length)"),
                format!("{count} 个提示词被截断为 {limit} {unit_zh}（--max-input-length）"),
            ]
        }
        Warning::OtherInputLength { stated, counted } => [
            format!(
                "prompts have {counted} tokens by the server, {stated} by the dataset ({:+.1} %): another tokenizer, or its chat template; all figures use the server's count",
                deviation(*stated, *counted)
            ),
            format!(
                "服务端计得提示词共 {counted} token，数据集标明 {stated}（{:+.1}%）：分词器不同，或含聊天模板；所有数字采用服务端计数",
                deviation(*stated, *counted)
            ),
        ],
        Warning::RowFieldsUnsent { fields } => fields_unsent(fields),
        Warning::EqualIds { count } => [
            format!(
                "{} with the id of an earlier row: in the results such ids end in #2, #3, …",
                rows_of(*count)
            ),
            format!("有 {count} 行的 id 与前面的行相同：结果中其 id 以 #2、#3 … 结尾"),
        ],
        _ => return None,
    })
}

/// Mixed rounds of too few blocks, and what would be enough.
fn few_blocks(load: Load, need: BlockNeed) -> Bilingual {
    let BlockNeed {
        blocks,
        rounds,
        rounds_needed,
        samples_needed,
    } = need;
    let [enough, enough_zh] = match rounds_needed {
        Some(needed) => [
            format!("{} or {samples_needed} samples", rounds_of(needed)),
            format!("{needed} 个 M 轮或 {samples_needed} 个样本"),
        ],
        None => [
            format!("{samples_needed} samples"),
            format!("{samples_needed} 个样本"),
        ],
    };
    let [_, level_zh] = level_words(load, &load.to_string());
    [
        format!(
            "M at {load}: {} a round, {}; 10 blocks are needed to say how sure it is: {enough}",
            blocks_of(blocks),
            rounds_of(rounds)
        ),
        format!(
            "{level_zh} 的 M：每轮 {blocks} 个区块，{rounds} 个 M 轮；要说明把握有多大，需要 10 个区块：{enough_zh}"
        ),
    ]
}

fn blocks_of(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} block{plural}")
}

fn rounds_of(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} M round{plural}")
}

/// Percent by which the server's count differs.
#[expect(
    clippy::cast_precision_loss,
    reason = "token counts are far below 2^52"
)]
fn deviation(stated: u64, counted: u64) -> f64 {
    100.0 * (counted as f64 / stated.max(1) as f64 - 1.0)
}

/// Fields of rows with their counts, those of media first.
fn fields_unsent(fields: &[(String, u64)]) -> Bilingual {
    let (media, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| is_media(name));
    let (names, names_zh): (Vec<String>, Vec<String>) = media
        .iter()
        .chain(&others)
        .take(NAMED)
        .map(|(name, rows)| {
            let in_english = format!("`{name}` ({})", rows_of(*rows));
            (in_english, format!("`{name}`（{rows} 行）"))
        })
        .unzip();
    let [more, more_zh] = match fields.len().saturating_sub(NAMED) {
        0 => Bilingual::default(),
        more => [format!(" and {more} more"), format!(" 等另外 {more} 个")],
    };
    let [lost, lost_zh] = if media.is_empty() {
        ["", ""]
    } else {
        [
            ": no image or sound in them reaches the model",
            "：其中的图片或声音不会到达模型",
        ]
    };
    let (names, names_zh) = (names.join(", "), names_zh.join("、"));
    [
        format!("fields of rows that are not sent: {names}{more}{lost}"),
        format!("数据集各行中未发送的字段：{names_zh}{more_zh}{lost_zh}"),
    ]
}

/// A field of a row by whose name it holds an image, a sound or a film: without it the prompt is
/// another one.
pub(crate) fn is_media(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    ["image", "audio", "video", "picture", "photo"]
        .iter()
        .any(|word| field.contains(word))
}

fn rows_of(count: u64) -> String {
    match count {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    }
}
