//! Rounds of sessions, a line each: the first turn, one in the middle, and the last.

use super::Bilingual;
use crate::number::{fixed, percent};
use dualround_model::{
    Lang, LevelComparison, RoundKind, RoundOfSessions, SessionFacts, TurnFigures,
};

/// What the sessions of a data set come to, before anything of them is sent.
///
/// `sessions: 12 with 36 turns (3 each), 24 of which build on answers of the first round; gaps up to 0.20 s`
pub fn sessions_text(facts: &SessionFacts) -> Bilingual {
    let SessionFacts {
        sessions,
        forks,
        repeats,
        turns,
        fewest_turns: fewest,
        most_turns: most,
        pinned_turns: pinned,
        gaps_cut,
        ..
    } = facts;
    let [each, each_zh] = if fewest == most {
        [format!("{most} each"), format!("每个 {most} 轮")]
    } else {
        [
            format!("{fewest} to {most} each"),
            format!("每个 {fewest} 到 {most} 轮"),
        ]
    };
    let some = |count: u64, en: String, zh: String| match count {
        0 => [String::new(), String::new()],
        _ => [en, zh],
    };
    let [forks, forks_zh] = some(
        *forks,
        format!("; {forks} fork off another one"),
        format!("；其中 {forks} 个由其他会话分叉而来"),
    );
    let [repeats, repeats_zh] = some(
        *repeats,
        match *repeats {
            1 => "; 1 says what another one says, and counts as one with it".to_owned(),
            _ => format!("; {repeats} say what another one says, and count as one with it"),
        },
        format!("；{repeats} 个与其他会话内容相同，与其合计为一个观测"),
    );
    let [pinned, pinned_zh] = some(
        *pinned,
        match *pinned {
            1 => "; 1 turn builds on an answer of the first round".to_owned(),
            _ => format!("; {pinned} turns build on answers of the first round"),
        },
        format!("；{pinned} 轮以第一轮的回答为依据"),
    );
    #[expect(clippy::cast_precision_loss, reason = "a gap of a data set")]
    let longest = fixed(Some(facts.longest_gap_ns as f64 / 1e9), 2);
    let [cut, cut_zh] = some(
        *gaps_cut,
        format!(" ({gaps_cut} were longer, and are cut to that: --gap-cap)"),
        format!("（{gaps_cut} 个更长，已截短到该值：--gap-cap）"),
    );
    [
        format!(
            "sessions: {sessions} with {} ({each}){forks}{repeats}{pinned}; gaps up to {longest} s{cut}",
            counted(*turns)
        ),
        format!(
            "会话：{sessions} 个，共 {turns} 轮对话（{each_zh}）{forks_zh}{repeats_zh}{pinned_zh}；间隔最长 {longest} 秒{cut_zh}"
        ),
    ]
}

/// `1 turn`, `36 turns`.
fn counted(turns: u64) -> String {
    let s = if turns == 1 { "" } else { "s" };
    format!("{turns} turn{s}")
}

/// The lines of a level; none where requests stand by themselves.
pub(crate) fn session_lines(level: &LevelComparison) -> Vec<Bilingual> {
    let Some(sessions) = &level.sessions else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for round in &sessions.rounds {
        lines.push(turns(round));
        if let Some(reached) = reached(round) {
            lines.push(reached);
        }
        lines.extend(endings(round));
    }
    let several = level.cycles > 1;
    lines.extend(left_out(
        sessions.left_out,
        several,
        ["cold", "warm"],
        "冷热两侧",
    ));
    let inside = sessions.left_out_inside;
    lines.extend(left_out(
        inside,
        several,
        ["without reuse", "cold"],
        "无复用轮与冷轮",
    ));
    lines
}

/// Sessions that do not count, since one side has other turns than the other.
fn left_out(sessions: u64, several: bool, sides: [&str; 2], sides_zh: &str) -> Option<Bilingual> {
    let [one, other] = sides;
    let (have, are) = match sessions {
        0 => return None,
        1 => ("1 session has".to_owned(), "is"),
        some => (format!("{some} sessions have"), "are"),
    };
    let [end, end_zh] = if several {
        [
            format!("in a pair of rounds, and {are} left out of that pair"),
            "于某一对轮次中，不计入该对".to_owned(),
        ]
    } else {
        [
            format!("and {are} in no ratio of these rounds"),
            "不计入这两轮的比值".to_owned(),
        ]
    };
    let comma = if several { "" } else { "," };
    Some([
        format!("{have} other turns {one} than {other}{comma} {end}"),
        format!("{sessions} 个会话{sides_zh}成功的对话轮次不同，{end_zh}"),
    ])
}

/// `round 1 (cold), turns 1 / 3 / 5: TTFT 18.4 / 17.1 / 19.0 ms, hits 0.0 % / 60.1 % / 88.0 %, …`
fn turns(round: &RoundOfSessions) -> Bilingual {
    let told = round.told();
    let [kind, kind_zh] = kind_name(round.kind);
    let number = round.round;
    let sessions = round.sessions;
    let of = |value: &dyn Fn(&TurnFigures) -> String| {
        let values = told.iter().map(|turn| value(turn));
        values.collect::<Vec<_>>().join(" / ")
    };
    let shares = |lang: Lang, part: fn(&TurnFigures) -> Option<u64>| {
        of(&|turn: &TurnFigures| percent(share(part(turn), turn.prompt_tokens), 1, lang))
    };
    let numbers = of(&|turn: &TurnFigures| turn.turn.to_string());
    let ttft = of(&|turn: &TurnFigures| fixed(turn.ttft_ms, 2));
    let gaps = of(&|turn: &TurnFigures| fixed(turn.gap_s, 2));
    [
        format!(
            "round {number} ({kind}), {sessions} sessions, turns {numbers}: TTFT {ttft} ms, hits {}, reachable {}, gap before {gaps} s",
            shares(Lang::En, |turn| turn.hit_tokens),
            shares(Lang::En, |turn| turn.reachable_tokens),
        ),
        format!(
            "第 {number} 轮（{kind_zh}），{sessions} 个会话，对话第 {numbers} 轮：TTFT {ttft} ms，命中 {}，可命中 {}，之前的间隔 {gaps} 秒",
            shares(Lang::Zh, |turn| turn.hit_tokens),
            shares(Lang::Zh, |turn| turn.reachable_tokens),
        ),
    ]
}

/// What was reached of what could be.
fn reached(round: &RoundOfSessions) -> Option<Bilingual> {
    let share = round.reached_share?;
    let number = round.round;
    let [en, zh] = [Lang::En, Lang::Zh].map(|lang| percent(Some(share), 1, lang));
    let [spread, spread_zh] = spread(round);
    Some([
        format!("round {number}: hits reached {en} of what a prefix cache could give{spread}"),
        format!("第 {number} 轮：命中达到前缀缓存可给出的 {zh}{spread_zh}"),
    ])
}

/// What a choice of replica at random would have reached, and how evenly they were loaded.
///
/// `; over 2 replicas that forget nothing a choice at random would reach 50.3 %; the busiest had 1.04 × the mean load`
fn spread(round: &RoundOfSessions) -> Bilingual {
    let Some((replicas, imbalance)) = round.replicas.as_ref().zip(round.imbalance) else {
        return [String::new(), String::new()];
    };
    let replicas = replicas.len();
    let [en, zh] = [Lang::En, Lang::Zh].map(|lang| percent(round.chance_share, 1, lang));
    let most = fixed(Some(imbalance), 2);
    [
        format!(
            "; over {replicas} replicas that forget nothing a choice at random would reach {en}; the busiest had {most} × the mean load"
        ),
        format!(
            "；若 {replicas} 个副本都不淘汰任何内容，随机路由预计达到 {zh}；负载最高的副本为平均值的 {most} 倍"
        ),
    ]
}

/// How sessions ended before their last turn, and how many turns were not sent.
fn endings(round: &RoundOfSessions) -> Option<Bilingual> {
    let RoundOfSessions {
        round: number,
        sessions,
        ended_early,
        cut_short,
        lost_turns,
        overflowed,
        ..
    } = round;
    if ended_early + cut_short == 0 {
        return None;
    }
    let [of_them, of_them_zh] = match overflowed {
        0 => [String::new(), String::new()],
        some => [
            format!(" ({some} by a context that was too long)"),
            format!("（其中 {some} 个因上下文过长）"),
        ],
    };
    let early = format!("{ended_early} of {sessions} sessions ended early{of_them}");
    let early_zh = format!("{sessions} 个会话中有 {ended_early} 个提前结束{of_them_zh}");
    let cut = format!("{cut_short} of {sessions} sessions were cut short by the end of a round");
    let cut_zh = format!("{sessions} 个会话中有 {cut_short} 个因轮次结束而中断");
    let (en, zh) = match (ended_early, cut_short) {
        (_, 0) => (early, early_zh),
        (0, _) => (cut, cut_zh),
        _ => (format!("{early}, {cut}"), format!("{early_zh}，{cut_zh}")),
    };
    Some([
        format!("round {number}: {en}, {lost_turns} turns were not sent"),
        format!("第 {number} 轮：{zh}，{lost_turns} 轮对话未发送"),
    ])
}

fn share(part: Option<u64>, of: u64) -> Option<f64> {
    let part = part?;
    #[expect(clippy::cast_precision_loss, reason = "tokens of a run")]
    let share = part as f64 / of as f64;
    (of > 0).then_some(share)
}

fn kind_name(kind: RoundKind) -> [&'static str; 2] {
    match kind {
        RoundKind::Cold => ["cold", "冷"],
        RoundKind::Warm => ["warm", "热"],
        RoundKind::External => ["outer tiers", "外部缓存层"],
        RoundKind::Partial => ["partial", "部分"],
        RoundKind::Mixed => ["mixed", "混合"],
        RoundKind::NoReuse => ["no reuse", "无复用"],
    }
}
