"""What a conclusion is said with: what was not controlled, and what would tell more."""

import math

import overload
from journal import mean, ttft
from text import N, Wrong, same, shown
from until import cycles_run

# Cycles that no time allows more of.
MOST = 20
FRESH = ("marker", "salt")


def method(level):
    return level.colds[0].meta["cold"]["method"] if level.colds else "none"


def until(level):
    """It runs until it is decided."""
    return level.run["plan"].get("until") is not None


def warm_up(level, found):
    if len(level.cycles) > 2 or (level.source == "cwc" and len(level.colds) > 1):
        raise Wrong("a repeated cold round controls warm-up")
    same(level.by_blocks(), False, "both arms of a mixed round are as warm as each other")
    if "CWC" in found.group(0) and (until(level) or level.run["plan"]["schedule"].count("C") > 1):
        raise Wrong("--rounds CWC is advised where cold rounds are repeated already")


def three_cycles(level, _):
    if until(level):
        raise Wrong("it runs until it is decided already")
    if len(level.cycles) > 2:
        raise Wrong("there are three cycles")
    same(level.by_blocks(), False, "the blocks decide")


def or_mixed(level, _):
    three_cycles(level, _)
    same(method(level) in FRESH, True, "fresh text may be put before prompts")
    if level.mixed:
        raise Wrong("a mixed round was run already")


def more_cycles(level, _):
    if level.run["plan"]["schedule"].count("CW") < 3 or until(level):
        raise Wrong("there are no three cycles")


def more_budget(level, _):
    same(until(level), True, "a run until it is decided")
    same((level.most or 0) < MOST, True, "more time allows more cycles")


def go_on(level, _):
    same(level.most is not None and cycles_run(level) < level.most, True, "cycles may still be run")


def more_mixed(level, _):
    same(level.by_blocks(), True, "the blocks decide")


def cold_repeats(level, _):
    same(level.none and sum(a.kind == "cold" for a in level.rounds) > 1, True, "repeated cold rounds")


def left_out(level, _):
    same(len(level.rounds) > 2, True, "rounds of which one can be left out")
    same(level.by_blocks(), False, "the blocks decide")


def trend(level, found):
    """By the requests that the first and the last cold round of the cycles both have."""
    same(level.by_blocks(), False, "what rounds differ by is in the ratio")
    first, last = level.cycles[0][0], level.cycles[-1][0]
    ids = {one["index"]: ttft(one) for one in first.successes() if ttft(one)}
    apart = [math.log(ttft(one) / ids[one["index"]]) for one in last.successes() if ttft(one) and one["index"] in ids]
    drift = sum(apart) / len(apart)
    shown(found["times"], math.exp(drift), "the last cold round over the first")
    each = math.exp(drift / (last.number - first.number))
    shown(found["percent"], 100 * abs(each - 1), "a round")
    same(found["way"] in ("less", "少"), each < 1, "the way it went")


def not_told(level, _):
    same((overload.is_unknown(level), True in level.sides), (True, False), "whether a side was overloaded is unknown")


def backlog_grew(level, found):
    """Of a side of which nobody can tell it: by the round in which it grew most."""
    warm = found["side"] in ("the warm side", "热轮")
    untold = [overload.Backlog(one).waiting for one in (level.warms if warm else level.colds) if overload.of_round(one) is None]
    ends = [(waiting[len(waiting) // 2], waiting[-1]) for waiting in untold if waiting]
    same((int(found["middle"]), int(found["end"])), max(ends, key=lambda pair: pair[1] - pair[0]), "backlog of a side")


def waited(level, found):
    """By the mean TTFT from the due instant of each side, with requests that waited for a place."""
    same(level.run["plan"].get("max_concurrency") is not None, True, "a limit on requests in flight")
    for said, side in zip(found.groups(), (level.colds, level.warms)):
        shown(said, mean([mean(overload.ttft_from_due(one)) for one in side]), "TTFT from due")


REMARKS = [
    (
        r"; the backlog of (?P<side>the cold side|the warm side) grew from (?P<middle>\d+) to (?P<end>\d+) requests between the middle and the end, so its times may grow with the length of the round",
        r"；(?P<side>冷轮|热轮)的积压从中点到末尾由 (?P<middle>\d+) 个请求增至 (?P<end>\d+) 个，其耗时可能随轮次长度增长",
        backlog_grew,
    ),
    (
        rf"; requests waited for a place in flight \(--max-concurrency\), which this ratio does not hold: TTFT from the due instant {N} → {N} ms on average",
        rf"；有请求在等待在途名额（--max-concurrency），此加速比不含该等待：自计划时刻起算的 TTFT 平均 {N} → {N} ms",
        waited,
    ),
    (
        r"; whether a side was overloaded is not told below 800 requests, or of a round that was cut short or had many failures",
        r"；请求数不足 800、中途结束或失败较多的轮，无法判断是否过载",
        not_told,
    ),
    (r"; server warm-up not controlled(?:, --rounds CWC controls it)?", r"；未排除服务端预热的影响(?:（--rounds CWC 可排除）)?", warm_up),
    (
        r"; three cycles and more \(--rounds CWCWCW\), or as many as it takes \(--until decided\), tell more",
        r"；用不少于三个冷热循环（--rounds CWCWCW）或一直运行到可判定（--until decided）可进一步判断",
        three_cycles,
    ),
    (
        r"; three cycles and more \(--rounds CWCWCW\), as many as it takes \(--until decided\), or a mixed round \(--rounds CWM\) tell more",
        r"；用不少于三个冷热循环（--rounds CWCWCW）、一直运行到可判定（--until decided）或加一个混合轮（--rounds CWM）可进一步判断",
        or_mixed,
    ),
    (r"; more cycles tell more", r"；可增加冷热循环", more_cycles),
    (r"; a new run with a larger --budget tells more", r"；以更大的 --budget 重新运行可进一步判断", more_budget),
    (
        r"; the same command with --resume goes on \(with a larger --budget where the time was spent\)",
        r"；以 --resume 运行同一命令可继续（若时间已用完，请增大 --budget）",
        go_on,
    ),
    (r"; more M rounds tell more", r"；可增加 M 轮", more_mixed),
    (
        rf"; the last cold round took (?P<times>{N[1:-1]})× as long as the first, (?P<percent>{N[1:-1]}) % (?P<way>less|more) a round on average, which is in this ratio",
        rf"；最后一个冷轮的耗时是第一个的 (?P<times>{N[1:-1]}) 倍，平均每轮(?P<way>多|少) (?P<percent>{N[1:-1]})%，这包含在此加速比中",
        trend,
    ),
    (
        r"; under --cold none a later cold round repeats the first one's bytes and counts as warm",
        r"；--cold none 下，之后的冷轮重复第一个冷轮的字节，按热轮计",
        cold_repeats,
    ),
    (r"; a round was left out that holds too few of the requests of the others", r"；有一轮所含请求太少，未予采用", left_out),
    (r"; look at the failures of each round", r"；请看各轮的失败原因", lambda level, found: None),
]


def remarks(text, level):
    met = set()
    while text.rest:
        for *forms, holds in REMARKS:
            if found := text.take(*forms):
                holds(level, found)
                met.add(holds)
                break
        else:
            raise Wrong(f"not understood: {text.rest!r}")
    advised(level, met)


def advised(level, met):
    """What is still open is said with what would tell more."""
    if overload.is_unknown(level) and True not in level.sides and level.said["conclusion"]["kind"] in ("effect", "no_effect", "inconclusive"):
        same(not_told in met, True, "that overload is not told is said")
    said = level.said["conclusion"]
    reason = (said["reason"] or {}).get("kind")
    if reason not in ("across_margin", "wide_bound") or said["witness"]["kind"] == "response_cache":
        return
    more = {more_budget, go_on, three_cycles, or_mixed, more_cycles, more_mixed}
    # No time allows more than the most cycles.
    same(len(met & more), int(not until(level) or (level.most or 0) < MOST or cycles_run(level) < level.most), "pieces of advice on what is still open")
