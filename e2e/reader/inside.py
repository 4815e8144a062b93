"""Rounds without reuse against cold rounds: what reuse inside a round is worth."""

import math
import re

import overload
from figures import figures
from journal import hit_rate, ttft
from text import N, RATES, Text, Wrong, close, covered, same, shown

HEADS = {
    "works": ["reuse inside the round works (without it → cold round)", "轮内复用有效（无复用 → 冷轮）"],
    "faster": ["the cold round is faster than one without reuse, cause not established", "冷轮比无复用的轮次快，但原因未证实"],
    "slower": ["the cold round is slower than one without reuse", "冷轮比无复用的轮次慢"],
}


class AtOnce:
    """A round without the requests that were sent again: they may hit what their own first attempt left."""

    def __init__(self, one):
        self.whole = one
        self.records = [record for record in one.records if not record.get("retries")]


def at_once(one):
    return AtOnce(one)


class Inside:
    """Has what figures are read against: the round without reuse as cold, the cold one as warm."""

    source = "inside"

    def __init__(self, level):
        self.cycles, self.of_sessions = [], level.of_sessions
        rounds = level.rounds
        for at, one in enumerate(rounds):
            if one.kind == "no_reuse":
                behind = [other for other in rounds[at + 1 :] if other.kind == "cold"]
                before = [other for other in rounds[:at] if other.kind == "cold"]
                self.cycles += [(one, cold) for cold in (behind[:1] or before[-1:])]
        self.effect, self.interval, self.allowance, self.prompts = None, None, None, 0
        if self.cycles:
            rows = level.common([tuple(map(at_once, cycle)) for cycle in self.cycles])
            self.prompts = len(rows)
            if rows:
                self.cold, self.warm, self.effect, self.interval, self.allowance = level.widened(rows)
        sides = [list(side) for side in zip(*self.cycles)] or [[], []]
        self.without, self.within = map(hit_rate, sides)
        self.sides = overload.sides(*sides)
        if True in self.sides:
            self.effect = self.interval = None

    def lost(self):
        ok = lambda a: {one["index"] for one in a.successes() if not one.get("retries") and ttft(one) is not None}
        there = lambda a, b: {one["index"] for one in a.records if one["outcome"] != "cancelled"} & {
            one["index"] for one in b.records if one["outcome"] != "cancelled"
        }
        sides = [
            (len((ok(c) | ok(w)) & there(c, w)), len((ok(w) - ok(c)) & there(c, w)), len((ok(c) - ok(w)) & there(c, w)))
            for c, w in self.cycles
        ]
        return tuple(map(sum, zip(*sides)))

    def hold(self, said):
        """The figures of the JSON."""
        same(said["cycles"], len(self.cycles), "inside_reuse.cycles")
        for key, (_, known, of) in [("usage_without", self.without), ("usage", self.within)]:
            same((said[f"{key}_known"], said[f"{key}_of"]), (known, of), f"requests of which inside_reuse.{key} is known")
        close(said["usage_without"], self.without[0], "inside_reuse.usage_without")
        close(said["usage"], self.within[0], "inside_reuse.usage")
        close(said["ttft"]["ratio"], None if self.effect is None else math.exp(self.effect), "inside_reuse.ttft.ratio")
        low, high = self.interval if self.interval else (None, None)
        close(said["ttft"]["interval_low"], None if low is None else math.exp(low), "inside_reuse.ttft.interval_low")
        close(said["ttft"]["interval_high"], None if high is None else math.exp(high), "inside_reuse.ttft.interval_high")


def contaminated(level):
    return "contaminated" in (level.said["cold"]["verdict"], inside_verdict(level))


def inside_verdict(level):
    return level.said["inside_reuse"]["without"]["verdict"]


def claims(head, inside):
    """What the head says of the interval and of hits."""
    margin = math.log(1.05)
    low, high = inside.interval if inside.interval else (0, 0)
    if head in ("works", "faster") and low <= margin:
        raise Wrong("faster is said, and the interval does not bear it out")
    if head == "slower" and high >= -margin:
        raise Wrong("slower is said, and the interval does not bear it out")
    (without, a, b), (within, c, d) = inside.without, inside.within
    if a == b and c == d and d and without is not None and within is not None:
        same(within - without >= 0.05 if head != "slower" else head == "works", head == "works", "hits inside the round")


def conclusion(text, level):
    inside = level.inside
    if text.take(r"reuse inside the round: ", r"轮内复用："):
        return undecided(text, level, inside)
    for head, forms in HEADS.items():
        if text.rest.startswith(forms[text.zh] + text.words["is"]):
            text.rest = text.rest[len(forms[text.zh] + text.words["is"]) :]
            same(contaminated(level), False, "a round was not cold")
            claims(head, inside)
            return figures(text, inside)
    raise Wrong(f"not understood: {text.rest!r}")


def undecided(text, level, inside):
    if found := text.take(rf"no effect above {N} % on average: ", rf"平均而言没有超过 {N}% 的差异："):
        shown(found.group(1), 100 * math.expm1(max(abs(end) for end in inside.interval)), "bound")
        same(contaminated(level), False, "a round was not cold")
        return figures(text, inside)
    if text.take(
        r"withheld: the cold round was contaminated \(prompt tokens came from a cache\)",
        r"不下结论：冷轮被污染（部分提示词 token 命中缓存）",
    ):
        verdicts = level.said["cold"]["verdict"], inside_verdict(level)
        return same((verdicts[0], verdicts[1] != "contaminated"), ("contaminated", True), "the cold round alone was not cold")
    if text.take(
        r"withheld: prompt tokens came from a cache where there was nothing to reuse",
        r"不下结论：本无可复用之处，提示词 token 却命中了缓存",
    ):
        return same(inside_verdict(level), "contaminated", "the round without reuse")
    if True in inside.sides:
        same(contaminated(level), False, "a round was not cold")
        return text.need(re.escape(overload.sentence(*inside.sides, text.zh, ["none", "cold"])))
    text.need(r"cannot tell: ", r"无法判断：")
    same(contaminated(level), False, "a round was not cold")
    if found := text.take(r"different prompts with a TTFT in both rounds: (\d+); at least 6 are needed", r"两轮都有 TTFT 的不同提示词只有 (\d+) 条，至少需要 6 条"):
        return same((int(found.group(1)), inside.prompts < 6), (inside.prompts, True), "prompts")
    if found := text.take(
        r"of (\d+) pairs (\d+) failed without reuse alone and (\d+) in the cold round alone, so those left are no fair sample",
        r"(\d+) 对请求中，(\d+) 对仅无复用轮失败，(\d+) 对仅冷轮失败，余下的已不是公平的样本",
    ):
        return same(tuple(map(int, found.groups())), inside.lost(), "pairs that were lost")
    if text.take(r"no request succeeded with a TTFT in both rounds", r"没有任何请求在两轮中都成功并测得 TTFT"):
        return same(inside.prompts, 0, "prompts")
    figures(text, inside)
    low, high = inside.interval
    if found := text.take(rf": the rounds agree, but an effect of up to {N} % is not excluded", rf"：各轮一致，但不能排除最多 {N}% 的差异"):
        return shown(found.group(1), 100 * math.expm1(max(-low, high)), "bound")
    text.need(r"; the interval crosses the margin of ±5 %", r"；区间跨过 ±5% 容差")
    if low > math.log(1.05) or high < -math.log(1.05):
        raise Wrong("the interval lies beyond the margin")
    return None


def beside(sentence, level, zh):
    """The line on reuse inside the round."""
    text = Text(sentence, zh)
    if level.inside is None:
        raise Wrong(f"not understood: {sentence!r}")
    conclusion(text, level)
    inside = level.inside
    if found := text.take(rf"; {RATES[0]} → {RATES[0]} of prompt tokens from cache", rf"；命中缓存的提示词 token 占比 {RATES[1]} → {RATES[1]}"):
        without, *of_without, within, known, of = found.groups()
        shown(without, 100 * inside.without[0], "hits without reuse")
        shown(within, 100 * inside.within[0], "hits of the cold round")
        covered(*of_without, inside.without, "hit rate without reuse")
        covered(known, of, inside.within, "hit rate of the cold round")
    elif inside.without[1] and inside.within[1]:
        raise Wrong("hits are known, and not said")
    uncontrolled = text.take(r"; server warm-up not controlled, --rounds CNC controls it", r"；未排除服务端预热的影响（--rounds CNC 可排除）")
    claims_something = level.said["inside_reuse"]["kind"] in ("effect", "no_effect")
    first = any(one.number == 1 for cycle in inside.cycles for one in cycle)
    same(uncontrolled is not None, claims_something and first, "whether server warm-up is controlled")
    same(text.rest, "", "what is left")
