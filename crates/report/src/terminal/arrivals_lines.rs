//! How the requests of an open loop arrived, as the terminal shows it below a round's table.

use crate::number::{fixed, percent};
use dualround_model::{ArrivalSummary, Lang};

/// The lines of a round; none in a closed loop.
pub(super) fn arrivals_lines(arrivals: &ArrivalSummary, lang: Lang) -> Vec<String> {
    let mut lines = vec![lang.pick(rates(arrivals)), lang.pick(backlog(arrivals))];
    lines.push(lang.pick(connections(arrivals)));
    if arrivals.drained_seconds > 0.0 {
        lines.push(lang.pick(drained(arrivals.drained_seconds)));
    }
    lines
}

/// Behind its schedule by less than this share a client is not behind.
const ON_TIME: f64 = 0.000_05;

/// `scheduled: 8.00 requests/sec, begun: 7.99 (0.10 % behind the schedule at the end)`.
fn rates(arrivals: &ArrivalSummary) -> [String; 2] {
    let (scheduled, begun) = (arrivals.scheduled_rate, arrivals.begun_rate);
    let [scheduled, begun] = [scheduled, begun].map(|rate| fixed(rate, 2));
    let behind = arrivals.schedule_error.filter(|share| *share >= ON_TIME);
    let [behind, behind_zh] = match behind {
        None => [String::new(), String::new()],
        share => {
            let [en, zh] = [Lang::En, Lang::Zh].map(|lang| percent(share, 2, lang));
            [
                format!(" ({en} behind the schedule at the end)"),
                format!("（结束时比计划落后 {zh}）"),
            ]
        }
    };
    [
        format!("  scheduled: {scheduled} requests/sec, begun: {begun}{behind}"),
        format!("  计划: {scheduled} requests/sec，实际发出: {begun}{behind_zh}"),
    ]
}

/// `backlog (due, not ended): 12 in the middle, 14 at the end, 31 at most: it holds this rate`.
fn backlog(arrivals: &ArrivalSummary) -> [String; 2] {
    let backlog = arrivals.backlog;
    let (middle, end, most) = (backlog.middle, backlog.end, backlog.most);
    let [judged, judged_zh] = match backlog.overloaded {
        Some(true) => [
            format!(
                ": OVERLOADED, it grew by more than {} and did not fall back",
                backlog.limit
            ),
            format!("：过载，增长超过 {} 且未回落", backlog.limit),
        ],
        Some(false) => [": not seen to grow".to_owned(), "：未见持续增长".to_owned()],
        None => [
            " (too few requests, or too many not sent or failed, to tell whether the rate is held)"
                .to_owned(),
            "（请求太少，或未发送、失败的太多，无法判断能否承受该到达速率）".to_owned(),
        ],
    };
    [
        format!(
            "  backlog (due, not ended): {middle} in the middle, {end} at the end, {most} at most{judged}"
        ),
        format!(
            "  积压（已到计划时刻、尚未结束）: 中点 {middle}，末尾 {end}，最多 {most}{judged_zh}"
        ),
    ]
}

/// `connections: 16 ready, 0 opened in the round; 3 requests waited for a place in flight`.
fn connections(arrivals: &ArrivalSummary) -> [String; 2] {
    let (ready, opened) = (arrivals.connections, arrivals.connections_opened);
    let [waited, waited_zh] = match arrivals.waited_for_place {
        0 => [String::new(), String::new()],
        waited => [
            format!("; {waited} requests waited for a place in flight (--max-concurrency)"),
            format!("；{waited} 个请求因 --max-concurrency 而等待"),
        ],
    };
    [
        format!("  connections: {ready} ready, {opened} opened in the round{waited}"),
        format!("  连接: 预先打开 {ready} 条，轮内新建 {opened} 条{waited_zh}"),
    ]
}

/// `instants put off by 0.42 s in the end, so that nothing was in flight between two blocks`.
fn drained(seconds: f64) -> [String; 2] {
    [
        format!(
            "  instants put off by {seconds:.2} s in the end, so that nothing was in flight between two blocks"
        ),
        format!("  为使区块之间没有在途请求，计划时刻到末尾共推迟 {seconds:.2} 秒"),
    ]
}
