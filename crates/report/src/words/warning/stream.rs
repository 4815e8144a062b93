//! What is said of answers by their streams.

use crate::words::{Bilingual, both};
use dualround_model::Warning;

/// What a caveat on the streams of answers says; `None` for any other.
pub(super) fn stream(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::NotStreamed { count } => [
            format!("{count} answers were not streamed: they have no TTFT and no ITL"),
            format!("{count} 个响应不是流式的：没有 TTFT 和 ITL"),
        ],
        Warning::BufferedSuspected { count, of } => [
            format!(
                "{count} of {of} streams arrived in one burst: a proxy or the server holds events back, so their TTFT and ITL are not the engine's"
            ),
            format!(
                "{of} 个流中有 {count} 个是一次性到达的：代理或服务端缓冲了事件，其 TTFT 与 ITL 不代表引擎"
            ),
        ],
        Warning::Compressed { count, of } => [
            format!(
                "{count} of {of} answers came compressed, as the Accept-Encoding header asks: a token counts as arrived when the bytes have come from which it can be unpacked, so where the server does not flush each event TTFT and ITL are the compression's"
            ),
            format!(
                "{of} 个响应中有 {count} 个按 Accept-Encoding 请求头以压缩形式返回：token 在其可解压的字节到达时才算到达；若服务端不逐事件刷新，TTFT 与 ITL 反映的是压缩"
            ),
        ],
        Warning::UnknownText {
            count,
            of,
            place,
            lead_ms,
        } => unknown_text([*count, *of], place, *lead_ms),
        Warning::UnknownFinish { count, reason } => [
            format!(
                "{count} answers ended with a finish_reason that is not known (`{reason}`); they count as answers"
            ),
            format!("{count} 个响应的 finish_reason 是未知的词（`{reason}`）；仍计为响应"),
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
        None => both(
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
