"""Which side could not hold the rate of an open loop: by the instants of the journal, as docs/en/reference/metrics.md has it."""

import math
from bisect import bisect_right

from text import close, same

FEWEST = 400
SIDES = [
    {"cold": "the cold side", "warm": "the warm side", "mixed": "the mixed side", "none": "the side without reuse"},
    {"cold": "冷轮", "warm": "热轮", "mixed": "混合轮", "none": "无复用轮"},
]
BOTH = ["neither {} nor {} can hold this rate", "{}与{}都承受不了该到达速率"]
OTHER = [
    {True: "{} cannot hold this rate, {} can", False: "{} cannot hold this rate; whether {} can is unknown"},
    {True: "{}承受不了该到达速率，{}可以", False: "{}承受不了该到达速率；{}能否承受未知"},
]
WHY = [
    "; the times of an overloaded side grow with the length of the round, so they are not divided",
    "；过载一方的耗时会随轮次长度不断增长，因此不计算比值",
]
BEGINS = ["withheld: ", "不下结论："]


class Backlog:
    """Requests that were due and had not ended, at each arrival of a round."""

    def __init__(self, round):
        times = [one["timeline"] for one in round.records]
        self.due = sorted(one["due_ns"] for one in times if one.get("due_ns") is not None)
        self.ends = sorted(one["end_ns"] for one in times)
        self.waiting = [at + 1 - bisect_right(self.ends, due) for at, due in enumerate(self.due)]
        self.half = len(self.due) // 2
        self.growth_of_chance = math.ceil(0.05 * (len(self.due) - self.half) - 1e-9)

    def is_overloaded(self, round, limit):
        """None where nobody can tell."""
        meta = round.meta
        if meta["interrupted"] or meta.get("unfinished") or meta["open"]["drained_ns"] or self.half < FEWEST:
            return None
        later = self.waiting[self.half :]
        quarter = self.due[self.half + len(later) // 2 :]
        usual = sorted(self.waiting[: self.half])[self.half * 9 // 10]
        grew = later[-1] - later[0] > limit and min(later[len(later) // 2 :]) > usual
        # Of a round in which many failed, that the rate was not held alone can be told.
        lost = sum(one["outcome"] != "success" for one in round.records)
        if "rate" not in meta:
            # A trace has no one rate.
            return True if grew else None if lost > limit else False
        ended = bisect_right(self.ends, quarter[-1]) - bisect_right(self.ends, quarter[0])
        steady = meta["open"]["last_due_ns"] / (meta["planned"] - 1)
        overloaded = grew and ended * steady < quarter[-1] - quarter[0]
        return True if overloaded else None if lost > limit else False


def of_round(round):
    """Whether the server could not hold what arrived in it; None in a closed loop too."""
    if not round.meta.get("open"):
        return None
    backlog = Backlog(round)
    # What engines work on at once is not in the journal: the limit is held in the round's own file.
    return backlog.is_overloaded(round, max(backlog.growth_of_chance, 8))


def hold(round, file):
    """The arrivals of a round's file."""
    said = file["summary"]["arrivals"]
    same(said is not None, bool(round.meta.get("open")), "arrivals of an open loop")
    if said is None:
        return
    backlog, times = Backlog(round), [one["timeline"] for one in round.records]
    begun = [one["start_ns"] for one in times if one["start_ns"] is not None]
    same(said["begun"], len(begun), "requests begun")
    if len(begun) > 1:
        close(said["begun_rate"], (len(begun) - 1) / ((max(begun) - min(begun)) / 1e9), "begun_rate")
    waiting, half = backlog.waiting or [0], backlog.half if backlog.waiting else 0
    same((said["backlog_middle"], said["backlog_end"], said["backlog_most"]), (waiting[half], waiting[-1], max(waiting)), "backlog")
    same(said["backlog_limit"] >= max(backlog.growth_of_chance, 1), True, "limit of the growth")
    same(said["overloaded"], backlog.is_overloaded(round, said["backlog_limit"]), "overloaded")


def ttft_from_due(round):
    """Of each success, ms."""
    times = [one["timeline"] for one in round.successes()]
    return [(one["first_token_ns"] - one["due_ns"]) / 1e6 for one in times if one["first_token_ns"] is not None]


def opened(round):
    """Requests that opened a connection, those that were sent, and the connections that were ready."""
    times = [one["timeline"] for one in round.records]
    return (sum(one["connect_ns"] is not None for one in times), len(times), round.meta["open"]["connections"]) if round.meta.get("open") else ()


def sides(*of):
    """What is known of each side: one of its rounds was overloaded, none that is known of, or nothing is known."""
    known = [[told for told in map(of_round, rounds) if told is not None] for rounds in of]
    return [any(side) if side else None for side in known]


def sentence(first, second, zh, names):
    """What must be said of two sides, of which one is overloaded at least."""
    first_name, second_name = (SIDES[zh][name] for name in names)
    if first and second:
        words = BOTH[zh].format(first_name, second_name)
    elif first:
        words = OTHER[zh][second is not None].format(first_name, second_name)
    else:
        words = OTHER[zh][first is not None].format(second_name, first_name)
    return BEGINS[zh] + words + WHY[zh]


def is_unknown(level):
    """Requests arrived, and of a cold or a warm round nobody can tell."""
    rounds = level.colds + level.warms
    return any(one.meta.get("open") and of_round(one) is None for one in rounds)
