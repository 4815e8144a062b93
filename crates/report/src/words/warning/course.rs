//! What is said of rounds that did not take their whole course.

use crate::words::Bilingual;
use dualround_model::Warning;

/// What a caveat on the course of a round says; `None` for any other.
pub(super) fn course(warning: &Warning) -> Option<Bilingual> {
    Some(match warning {
        Warning::Interrupted { not_started } => [
            format!(
                "the round ended early; {not_started} requests were never sent. Server counters include cancelled work"
            ),
            format!("本轮提前结束；{not_started} 个请求未发送。服务端计数器包含被取消的工作"),
        ],
        Warning::Killed {
            not_recorded,
            in_flight,
        } => [
            format!(
                "the run was killed in this round: {not_recorded} requests are not in the journal, of which up to {in_flight} were in flight"
            ),
            format!(
                "运行在本轮中被杀死：{not_recorded} 个请求不在运行日志中，其中最多 {in_flight} 个当时在途"
            ),
        ],
        Warning::LimitReached { flag, not_started } => [
            format!("{flag} ended the round early; {not_started} requests were never sent"),
            format!("本轮被 {flag} 提前结束；{not_started} 个请求未发送"),
        ],
        Warning::RecordsMissing { missing, planned } => [
            format!(
                "the journal lacks {missing} of the {planned} requests of this finished round: lines are gone from it, and every figure of the round is of the others alone"
            ),
            format!(
                "运行日志缺少本轮（已完成）{planned} 个请求中的 {missing} 个：有行丢失，本轮所有数字只来自其余请求"
            ),
        ],
        _ => return None,
    })
}
