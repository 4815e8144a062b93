//! The words of caveats on data that is odd: rows that are not sent as they stand, answers that do not
//! add up, records and readings that are missing.

use super::Bilingual;
use dualround_model::Warning;

/// Names of fields that are told; the others are counted.
const NAMED: usize = 8;

/// What such a caveat says; `None` for the others.
pub(super) fn odd_data(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::ImpossibleUsage { count, of } => [
            format!(
                "{count} of {of} answers report more cached tokens than their prompt has: none of it is believed"
            ),
            format!("{of} 个响应中有 {count} 个报告的缓存命中 token 多于其提示词：均不采信"),
        ],
        Warning::UsageTotalOff { count } => [
            format!(
                "{count} requests: usage does not add up, total_tokens is not prompt and completion together; something was counted that is not told"
            ),
            format!(
                "{count} 个请求的 usage 自相矛盾：total_tokens 不等于提示词与输出之和，有未说明的计数"
            ),
        ],
        Warning::UnknownText {
            count,
            of,
            place,
            lead_ms,
        } => unknown_text([*count, *of], place, *lead_ms),
        Warning::Compressed { count, of } => [
            format!(
                "{count} of {of} answers came compressed, as the Accept-Encoding header asks: a token counts as arrived when the bytes have come from which it can be unpacked, so where the server does not flush each event TTFT and ITL are the compression's"
            ),
            format!(
                "{of} 个响应中有 {count} 个按 Accept-Encoding 请求头以压缩形式返回：token 在其可解压的字节到达时才算到达；若服务端不逐事件刷新，TTFT 与 ITL 反映的是压缩"
            ),
        ],
        Warning::UnknownFinish { count, reason } => [
            format!(
                "{count} answers ended with a finish_reason that is not known (`{reason}`); they count as answers"
            ),
            format!("{count} 个响应的 finish_reason 是未知的词（`{reason}`）；仍计为响应"),
        ],
        Warning::PromptCut {
            requests,
            chars,
            tokens,
        } => {
            let rate = rate(*chars, *tokens);
            [
                format!(
                    "the server counted {tokens} tokens for prompts of {chars} characters ({requests} requests, {rate:.1} characters a token): it must have cut them, to its context perhaps, so what was measured is not what was sent"
                ),
                format!(
                    "服务端对共 {chars} 字符的提示词只计了 {tokens} token（{requests} 个请求，每 token {rate:.1} 字符）：必定被截断，可能是截到其上下文长度，因此所测并非所发"
                ),
            ]
        }
        Warning::RowFieldsUnsent { fields } => fields_unsent(fields),
        Warning::EqualIds { count } => [
            format!(
                "{} with the id of an earlier row: in the results such ids end in #2, #3, …",
                rows_of(*count)
            ),
            format!("有 {count} 行的 id 与前面的行相同：结果中其 id 以 #2、#3 … 结尾"),
        ],
        Warning::RecordsMissing { missing, planned } => [
            format!(
                "the journal lacks {missing} of the {planned} requests of this finished round: lines are gone from it, and every figure of the round is of the others alone"
            ),
            format!(
                "日志缺少本轮（已完成）{planned} 个请求中的 {missing} 个：有行丢失，本轮所有数字只来自其余请求"
            ),
        ],
        Warning::ClientStoodStill { ms, requests } => [
            format!(
                "this client did not run for {ms:.0} ms (stopped, suspended, or its core taken): {requests} requests were in flight then, and their times may be off by that"
            ),
            format!(
                "客户端有 {ms:.0} ms 未运行（被暂停、挂起，或其 CPU 被占用）：当时有 {requests} 个请求在途，其时间可能因此有误"
            ),
        ],
        Warning::AutoFoundNothing { metrics, names } => [
            format!(
                "--prometheus-metrics auto knows none of the {metrics} metrics that are there; name those to report, e.g. {} (dualround check metrics URL lists all)",
                names.join(", ")
            ),
            format!(
                "--prometheus-metrics auto 不认识现有 {metrics} 个指标中的任何一个；请写出要报告的名称，例如 {}（dualround check metrics URL 列出全部）",
                names.join("、")
            ),
        ],
        _ => return None,
    })
}

/// Answers that began with text which may or may not be theirs.
fn unknown_text([count, of]: [u64; 2], place: &str, lead_ms: Option<f64>) -> Bilingual {
    let [late, late_zh] = match lead_ms {
        Some(ms) => [
            format!("if it was generated, the answer began up to {ms:.1} ms before the TTFT shown"),
            format!("若这是生成的文本，响应的开始比所示 TTFT 早至多 {ms:.1} ms"),
        ],
        None => super::both(
            "no known token came after it, so TTFT is unknown",
            "其后没有已知的 token，TTFT 未知",
        ),
    };
    [
        format!(
            "{count} of {of} answers began with text in a field that is not known (`{place}`): {late}"
        ),
        format!("{of} 个响应中有 {count} 个以未知字段（`{place}`）中的文本开头：{late_zh}"),
    ]
}

/// Fields of rows with their counts, those of media first.
fn fields_unsent(fields: &[(String, u64)]) -> Bilingual {
    let (media, others): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| is_media(name));
    let told = || media.iter().chain(&others).take(NAMED);
    let names = told().map(|(name, rows)| format!("`{name}` ({})", rows_of(*rows)));
    let names_zh = told().map(|(name, rows)| format!("`{name}`（{rows} 行）"));
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
    let names = names.collect::<Vec<_>>().join(", ");
    let names_zh = names_zh.collect::<Vec<_>>().join("、");
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

/// Characters a token.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn rate(chars: u64, tokens: u64) -> f64 {
    chars as f64 / tokens as f64
}
