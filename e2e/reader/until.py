"""Levels that run until they are decided: looks, cycles at most, and the time that fixed them."""

from math import exp

from journal import t_interval
from text import Wrong, same

MARGIN = 1.05
FEWEST, MOST = 3, 20


def began(meta):
    return meta["started_ns"] if meta.get("prepared_ns") is None else meta["prepared_ns"]


def cycles_run(level):
    """Whole cycles of the journal, whether they are long enough to count or not."""
    ended = [one for one in level.rounds if not one.meta["interrupted"] or one.meta.get("stopped")]
    return min(sum(one.kind == kind for one in ended) for kind in ("cold", "warm"))


def cycles_for(level, levels):
    """Cycles that the budget had time for, by the first one; what earlier levels left is shared."""
    budget = level.run["plan"]["until"]["budget_ms"] * 1_000_000
    at = levels.index(level)
    spent = sum(one.meta["ended_ns"] - began(one.meta) for other in levels[:at] for one in other.rounds)
    share = max(0, budget - spent) // (len(level.run["plan"]["levels"]) - level.rounds[0].level)
    first = level.rounds[1].meta["ended_ns"] - began(level.rounds[0].meta)
    return min(MOST, share // max(1, first))


def out_of_time(level, levels):
    budget = level.run["plan"]["until"]["budget_ms"] * 1_000_000
    took = lambda other: sum(one.meta["ended_ns"] - began(one.meta) for one in other.rounds)
    at = levels.index(level)
    share = max(0, budget - sum(map(took, levels[:at]))) // (len(level.run["plan"]["levels"]) - level.rounds[0].level)
    return took(level) >= share


def decided_after(level, cycles):
    """Whether the interval over so many cycles lies beyond the margin or within it."""
    effects = [cold - warm for cold, warm in level.means()[:cycles]]
    if len(effects) < FEWEST:
        raise Wrong(f"{len(effects)} cycles are no interval")
    low, high = (exp(end) for end in t_interval(effects, 0.05 / (level.most - 2)))
    return low > MARGIN or high < 1 / MARGIN or (low >= 1 / MARGIN and high <= MARGIN)


def hold(level, levels):
    """The numbers of the JSON, and that the level ended where it had to."""
    said = level.said["until"]
    if level.most is None:
        return same(said, None, "until")
    cycles = cycles_run(level)
    kind = level.said["conclusion"]["kind"]
    true = {
        "cycles": cycles,
        "most": level.most,
        "look": max(0, cycles - 2),
        "looks": level.most - 2,
        "decided": kind in ("effect", "no_effect") and level.source == "until",
    }
    same(said, true, "until")
    same(level.most, cycles_for(level, levels), "cycles that there was time for")
    if not FEWEST <= level.most <= MOST or cycles > level.most:
        raise Wrong(f"{cycles} cycles were run of {level.most}")
    whole = all(len(one.successes()) == one.meta["planned"] for one in level.rounds)
    if whole and level.whole:
        for look in range(FEWEST, cycles):
            same(decided_after(level, look), False, f"decided after cycle {look}, and it went on")
        final = kind == "withheld" or level.prompts < 6
        # One whose time is spent ends as well.
        if cycles < level.most and not final and not out_of_time(level, levels):
            same(decided_after(level, cycles), True, "ended before it was decided")


def looked(text, level):
    """`; decided at look 1 of at most 18, after 3 of at most 20 cycles`."""
    if level.most is None:
        return None
    cycles = cycles_run(level)
    if found := text.take(
        r"; (\d+) of at most (\d+) cycles, not looked at yet \(the first look is after cycle 3\)",
        r"；已运行 (\d+) 个冷热循环（最多 (\d+) 个），尚未查看（第 3 个冷热循环后首次查看）",
    ):
        same(tuple(map(int, found.groups())), (cycles, level.most), "cycles")
        return same(cycles < FEWEST, True, f"not looked at yet, after {cycles} cycles")
    found = text.need(
        r"; (decided|not decided) at look (\d+) of at most (\d+), after (\d+) of at most (\d+) cycles",
        r"；(判定于第|未能判定，已查看到第) (\d+) 次查看（最多 (\d+) 次），共 (\d+) 个冷热循环（最多 (\d+) 个）",
    )
    word, *numbers = found.groups()
    same(list(map(int, numbers)), [cycles - 2, level.most - 2, cycles, level.most], "looks and cycles")
    return same(word in ("decided", "判定于第"), level.said["until"]["decided"], "whether it was decided")
