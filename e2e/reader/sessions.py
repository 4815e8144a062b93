"""Rounds of sessions: TTFT, hits, what could have been hit and the gap before, by turn."""

import re

from level import apart
from journal import mean, ttft
from text import N, Text, Wrong, same, shown

KINDS = {"cold": ["cold", "冷"], "warm": ["warm", "热"], "no_reuse": ["no reuse", "无复用"], "mixed": ["mixed", "混合"], "external": ["outer tiers", "外部缓存层"]}
BEGINS = [r"round \d+ \(|round \d+: |\d+ sessions? ha(?:ve|s) other turns", r"第 \d+ 轮（|第 \d+ 轮：|\d+ 个会话(?:冷热两侧|无复用轮与冷轮)成功的"]
LEFT_OUT = [r"(\d+) sessions? ha(?:ve|s) other turns (cold|without reuse) than (?:warm|cold)", r"(\d+) 个会话(冷热两侧|无复用轮与冷轮)成功的对话轮次不同，"]
# With one pair of rounds, and with several.
ENDS = [
    [re.compile(r", and (?:is|are) in no ratio of these rounds"), re.compile("不计入这两轮的比值")],
    [re.compile(r" in a pair of rounds, and (?:is|are) left out of that pair"), re.compile("于某一对轮次中，不计入该对")],
]


def of_sessions(level):
    return any("turn" in one for round in level.rounds for one in round.records)


def place(record):
    return record["turn"]["session"], record["turn"]["turn"]


class Turns:
    """A round's successes by turn."""

    def __init__(self, round, level):
        self.round, self.by_turn = round, {}
        # What earlier rounds of the epoch answered, from its cold one on.
        before = [one for one in level.rounds[: level.rounds.index(round)] if one.kind != "no_reuse"]
        colds = [at for at, one in enumerate(before) if one.kind == "cold"]
        before = before[colds[-1] :] if colds else before
        self.earlier = {record["index"] for one in before for record in one.successes()}
        self.at = {place(one): one for one in round.records}
        for one in round.successes():
            self.by_turn.setdefault(place(one)[1], []).append(one)
        numbers = sorted(self.by_turn)
        told = [numbers[0], numbers[(len(numbers) - 1) // 2], numbers[-1]] if numbers else []
        self.told = sorted(set(told))

    def before(self, one):
        session, turn = place(one)
        return self.at.get((session, turn - 1))

    def reachable(self, one):
        """Prompt tokens that a cache which forgets nothing could give; None where no tokenizer tells."""
        prompt = one["usage"]["prompt_tokens"]
        if self.round.kind == "no_reuse":
            return 0
        if self.round.kind == "warm":
            return prompt if one["index"] in self.earlier else None
        if self.round.kind != "cold":
            return None
        tokens = self.round.expected[one["index"]] if self.round.expected else None
        if tokens is None:
            return None
        before = self.before(one)
        answer = before["usage"]["completion_tokens"] or 0 if before and one["turn"].get("on_pinned") else 0
        return min(tokens + answer, prompt)

    def sums(self, turn):
        """Hits, what could be hit, and prompt tokens of a turn."""
        known = [one for one in self.by_turn[turn] if any(one is other for other, _, _ in self.round.known())]
        hit = {other["index"]: cached for other, cached, _ in self.round.known()}
        reachable = [self.reachable(one) for one in known]
        told = [tokens for tokens in reachable if tokens is not None]
        prompt = sum(one["usage"]["prompt_tokens"] for one in known)
        could = sum(told) if told and len(told) == len(known) else None
        return sum(hit[one["index"]] for one in known), could, prompt

    def reach(self):
        """Hits of what could be, that, and what chance would give, of requests of which the first two are known."""
        hits, reachable, chance = 0, 0, 0
        for one, cached, prompt in self.round.known():
            could = self.reachable(one)
            if could is None:
                continue
            hits, reachable = hits + min(cached, could), reachable + could
            told = self.round.chance[one["index"]] if self.round.chance else None
            chance = None if told is None or chance is None else chance + min(told, prompt)
        return hits, reachable, chance

    def loads(self):
        """Prompt tokens of each replica that --admin-url names, where together they are what was sent."""
        named = [one["base"] for one in self.round.run["engines"][1:] if one["kind"] != "lmcache"]
        grown = {one["base"]: load(one) for one in self.round.meta.get("engines", [])}
        loads = [grown.get(base) for base in named]
        whole = all(one["outcome"] == "success" and "retried" not in one.get("flags", []) for one in self.round.records)
        sent = sum(one["usage"]["prompt_tokens"] for one in self.round.records) if whole else None
        if len(loads) < 2 or None in loads or sent is None or abs(sum(loads) - sent) > 0.02 * sent + 64:
            return None
        return loads

    def gap(self, turn):
        gaps = []
        for one in self.by_turn[turn]:
            # Of one that was sent again the first instant is not kept.
            if (before := self.before(one)) and not one.get("retries"):
                gaps.append((one["timeline"]["start_ns"] - before["timeline"]["end_ns"]) / 1e9)
        return mean(gaps) if gaps else None

    def reached(self):
        hits, of, _ = self.reach()
        return hits / of if of else None


def load(delta):
    """Prompt tokens that an engine looked up, else those it counted or computed and had."""
    looked_up = [tier["queries"] for tier in delta.get("tiers", []) if tier["queries"]]
    if looked_up:
        return looked_up[0]
    if delta.get("prompt_tokens") is not None:
        return delta["prompt_tokens"]
    return None if delta.get("processed") is None else delta["processed"] + (delta.get("cached") or 0)


def each(text, what, values, end=""):
    """`1.0 / 2.0 / -`, each with what stands behind it."""
    for at, value in enumerate(values):
        if at:
            text.need(" / ")
        if value is None:
            text.need("-")
        else:
            shown(text.need(N + end).group(1), value, what)


def beside(sentence, level, zh):
    text = Text(sentence, zh)
    if found := text.take(LEFT_OUT[0], LEFT_OUT[1]):
        several = len(level.cycles) > 1
        if not ENDS[several][zh].fullmatch(text.rest):
            raise Wrong(f"what is left: {text.rest!r}")
        inside = found.group(2) in ("without reuse", "无复用轮与冷轮")
        cycles = level.inside.cycles if inside else level.cycles
        return same(int(found.group(1)), len(left_out(cycles)), "sessions that are left out")
    number = int(text.need(r"round (\d+)", r"第 (\d+) 轮").group(1))
    round = next(one for one in level.rounds if one.number == number)
    turns = Turns(round, level)
    if text.take(": ", "："):
        return of_round(text, turns, level)
    kind = text.need(r" \(([^)]+)\), ", r"（([^）]+)），").group(1)
    same(kind, KINDS[round.kind][zh], "kind of the round")
    sessions = int(text.need(r"(\d+) sessions, turns ", r"(\d+) 个会话，对话第 ").group(1))
    same(sessions, len({place(one)[0] for one in round.records}), "sessions")
    said = text.need(r"([\d /]+): TTFT ", r"([\d /]+) 轮：TTFT ").group(1)
    same([int(one) for one in said.split(" / ")], turns.told, "turns that are told")
    percent = "%" if zh else " %"
    times = [[ttft(one) for one in turns.by_turn[turn] if ttft(one) is not None] for turn in turns.told]
    each(text, "TTFT", [mean(one) if one else None for one in times])
    sums = [turns.sums(turn) for turn in turns.told]
    share = lambda part, of: None if part is None or not of else 100 * part / of
    text.need(" ms, hits ", " ms，命中 ")
    each(text, "hits", [share(hit, prompt) for hit, _, prompt in sums], percent)
    text.need(", reachable ", "，可命中 ")
    each(text, "what could be hit", [share(reachable, prompt) for _, reachable, prompt in sums], percent)
    text.need(", gap before ", "，之前的间隔 ")
    each(text, "gap", [turns.gap(turn) for turn in turns.told])
    text.need(" s", " 秒")
    same(text.rest, "", "what is left")


def of_round(text, turns, level):
    if found := text.take(rf"hits reached {N} % of what a prefix cache could give", rf"命中达到前缀缓存可给出的 {N}%"):
        shown(found.group(1), 100 * turns.reached(), "hits over what could be hit")
        spread(text, turns)
    else:
        early = text.take(
            r"(\d+) of (\d+) sessions ended early(?: \((\d+) by a context that was too long\))?, (?=\d)",
            r"(\d+) 个会话中有 (\d+) 个提前结束(?:（其中 (\d+) 个因上下文过长）)?，(?=\d)",
        )
        cut = text.take(r"(\d+) of (\d+) sessions were cut short by the end of a round, (?=\d)", r"(\d+) 个会话中有 (\d+) 个因轮次结束而中断，(?=\d)")
        lost = int(text.need(r"(\d+) turns were not sent", r"(\d+) 轮对话未发送").group(1))
        numbers = lambda found: [int(part or 0) for part in found.groups()] if found else [0, 0, 0]
        (one, two, overflowed), (three, four, *_) = numbers(early), numbers(cut)
        if text.zh:
            one, two, three, four = two, one, four, three
        ended, short, sessions, left = endings(turns.round, level)
        same((one, three, lost), (ended, short, left), "sessions that ended early or were cut short, turns that were not sent")
        same({many for many, there in ((two, early), (four, cut)) if there}, {sessions}, "of how many sessions")
        failures = [one["outcome"].get("failed", {}).get("kind") for one in turns.round.records if isinstance(one["outcome"], dict)]
        same(overflowed, failures.count("context_overflow") + len(too_long(turns.round)), "contexts that were too long")
    same(text.rest, "", "what is left")


def spread(text, turns):
    """What chance would reach over the replicas, and how evenly they were loaded."""
    loads = turns.loads()
    if loads is None:
        return
    count = text.need(r"; over (\d+) replicas that forget nothing a choice at random would reach ", r"；若 (\d+) 个副本都不淘汰任何内容，随机路由预计达到 ").group(1)
    same(int(count), len(loads), "replicas")
    _, reachable, chance = turns.reach()
    told = None if text.take("- %|-") else text.need(N + ("%" if text.zh else " %")).group(1)
    if (told is None) != (chance is None):
        raise Wrong("what chance would reach is told, and it is not known, or the other way round")
    if chance is not None:
        shown(told, 100 * chance / reachable, "what chance would reach")
    most = text.need(rf"; the busiest had {N} × the mean load", rf"；负载最高的副本为平均值的 {N} 倍").group(1)
    shown(most, max(loads) * len(loads) / sum(loads), "the busiest replica over the mean")


def endings(round, level):
    """Sessions that failed before their end, those that were cut, of how many, and turns without a record."""
    of, answered = {}, {}
    for one in round.records:
        session, _ = place(one)
        of[session] = one["turn"]["of"]
        answered.setdefault(session, 0)
    for one in round.successes():
        answered[place(one)[0]] += 1
    short = {session for session, turns in of.items() if answered[session] < turns}
    failed = lambda a: {place(one)[0] for one in a.records if one["outcome"] not in ("success", "cancelled")}
    ended = short & (failed(round) | failed(level.rounds[0]) | too_long(round))
    return len(ended), len(short - ended), len(of), round.meta["planned"] - len(round.records)


def too_long(round):
    """Sessions that were answered up to a turn that states more tokens than the context has."""
    answered = {}
    for one in round.successes():
        answered[place(one)[0]] = answered.get(place(one)[0], 0) + 1
    unsent = round.meta.get("too_long", [])
    return {one["session"] for one in unsent if answered.get(one["session"]) == one["turn"] - 1}


def left_out(cycles):
    """Sessions that are no pair in one of these."""
    return set().union(*map(apart, cycles))


def expected_lines(level):
    """A line a round, one more where what could be hit is known, and where sessions ended early."""
    if not of_sessions(level):
        return 0
    lines = 0
    for round in level.rounds:
        early, short, _, _ = endings(round, level)
        lines += 1 + (Turns(round, level).reached() is not None) + (early + short > 0)
    inside = level.inside.cycles if level.inside else []
    return lines + bool(left_out(level.cycles)) + bool(left_out(inside))
