"""A level's figures as docs/en/method/speed.md defines them, from its records."""

import math
from collections import defaultdict

from inside import Inside
from journal import hit_rate, mean, t_interval, ttft
from mixed import Mixed, kind_of
import overload
from text import close, same

MARGIN = math.log(1.05)
REPEATS = 11.0
# A repeat with fewer of the pair's requests does not count, nor a cycle with fewer of the pairs of the fullest one.
REPEAT_SHARE, CYCLE_SHARE = 0.9, 0.5


def logs(round):
    return {one["index"]: (one["prompt_digest"], math.log(ttft(one))) for one in round.records if ttft(one)}


def apart(cycle):
    """Sessions of which one side has other turns than the other: they are no pair."""
    turns = lambda side: {(one["turn"]["session"], one["turn"]["turn"]) for one in side.successes() if "turn" in one}
    one, other = map(turns, cycle)
    return {session for session, _ in one ^ other}


def by_prompt(rows):
    """Means of the columns over the rows of each prompt."""
    groups = defaultdict(list)
    for prompt, *values in rows:
        groups[prompt].append(values)
    return [[mean(column) for column in zip(*rows)] for rows in groups.values()]


class Level:
    def __init__(self, rounds, run):
        self.rounds, self.run = rounds, run
        self.of_sessions = any("turn" in one for round in rounds for one in round.records)
        self.noise = run["plan"]["round_noise"]
        self.given = self.noise is not None
        self.noise = 25.0 if self.noise is None else self.noise
        self.none = run["plan"]["cold"]["policy"] == "none"
        roles = [(self.role(at, one), one) for at, one in enumerate(rounds)]
        self.colds = [one for role, one in roles if role == "cold"]
        self.warms = [one for role, one in roles if role == "warm"]
        self.pairs_run = self.pair(roles)
        self.most = next((one.meta["most_cycles"] for one in rounds if one.meta.get("most_cycles")), None)
        if self.most:
            # Looks are at whole cycles.
            ended = lambda one: not one.meta["interrupted"] or one.meta.get("stopped")
            self.pairs_run = [cycle for cycle in self.pairs_run if all(map(ended, cycle))]
        self.cycles = self.whole(self.pairs_run)
        self.sides = overload.sides(self.colds, self.warms)
        self.source = None
        self.estimate(roles)
        mixed, inside = Mixed(rounds), Inside(self)
        self.mixed = mixed if mixed.rounds else None
        self.inside = inside if inside.cycles else None

    def role(self, at, one):
        first = next((other for other in self.rounds if other.kind == "cold"), None)
        return "warm" if self.none and one.kind == "cold" and one is not first else one.kind

    @staticmethod
    def pair(roles):
        cycles, cold = [], None
        for role, one in roles:
            if role == "cold":
                cold = one
            elif role == "warm" and cold is not None:
                cycles.append((cold, one))
                cold = None
        return cycles

    @staticmethod
    def matched(cycle):
        """The requests that both rounds of a pair answered."""
        cold, warm = map(logs, cycle)
        return (set(cold) & set(warm)) - Level.lone(cycle)

    @staticmethod
    def lone(cycle):
        """Requests of sessions that are no pair."""
        left = apart(getattr(side, "whole", side) for side in cycle)
        return {one["index"] for side in cycle for one in side.records if "turn" in one and one["turn"]["session"] in left}

    def whole(self, cycles):
        counts = [len(self.matched(cycle)) for cycle in cycles]
        most = max(counts, default=0)
        return [cycle for cycle, count in zip(cycles, counts) if count and count >= CYCLE_SHARE * most]

    def counting(self, side, own):
        """The pair's own round of a side, and its repeats that hold nearly all requests of the pair."""
        pair = self.matched(self.cycles[0])
        return [one for one in side if one is own or len(pair & set(logs(one))) >= REPEAT_SHARE * len(pair)]

    def estimate(self, roles):
        self.effect, self.interval, self.allowance, self.prompts = None, None, None, 0
        self.ratio, self.apart = None, None
        if not self.cycles:
            return
        apart = None
        if len(self.cycles) >= 3:
            self.source = "until" if self.most else "cycles"
            means = self.means()
            effects = [c - w for c, w in means]
            self.cold, self.warm = mean([c for c, _ in means]), mean([w for _, w in means])
            # Each look that there may be errs with its part of 5 %.
            left_out = 0.05 / (self.most - 2) if self.most else 0.05
            self.effect, self.interval = mean(effects), t_interval(effects, left_out)
            self.prompts = len(by_prompt([row for cycle in self.cycles for row in self.rows_of(cycle)]))
        elif len(self.cycles) == 2:
            self.source = "cwcw"
            self.spread(self.common(self.cycles))
        else:
            cold, warm = self.cycles[0]
            sides = [self.counting(self.colds, cold), self.counting(self.warms, warm)]
            extra = sum(map(len, sides)) > 2
            self.source = "cwc" if extra else "cw"
            if extra:
                rows, apart = self.repeats(sides)
            else:
                rows = self.common(self.cycles)
            self.spread(rows, apart)
        self.ratio = None if self.effect is None else math.exp(self.effect)
        self.apart = apart

    @staticmethod
    def rows_of(cycle):
        cold, warm = map(logs, cycle)
        lone = Level.lone(cycle)
        return [(cold[at][0], cold[at][1], warm[at][1]) for at in cold if at in warm and at not in lone]

    def means(self):
        """Cold and warm mean logarithm of each cycle."""
        rows = [by_prompt(self.rows_of(cycle)) for cycle in self.cycles]
        return [(mean([c for c, _ in cycle]), mean([w for _, w in cycle])) for cycle in rows]

    def common(self, cycles):
        """Cold and warm logarithm of each prompt, the mean over the cycles."""
        return by_prompt([row for cycle in cycles for row in self.rows_of(cycle)])

    def repeats(self, sides):
        """The mean of repeats of a side, and how far first and last are apart."""
        tables = [[logs(one) for one in side] for side in sides]
        everywhere = set.intersection(*(set(table) for side in tables for table in side))
        rows = []
        for at in sorted(everywhere):
            prompt = tables[0][0][at][0]
            cold, warm = ([table[at][1] for table in side] for side in tables)
            rows.append((prompt, mean(cold), mean(warm), cold[-1] - cold[0], warm[-1] - warm[0]))
        rows = by_prompt(rows)
        drifts = [[row[2] for row in rows], [row[3] for row in rows]]
        apart = max((d for d, side in zip(drifts, sides) if len(side) > 1), key=lambda d: abs(mean(d)))
        return [row[:2] for row in rows], apart

    def spread(self, rows, apart=None):
        self.prompts, self.effect = len(rows), None
        if rows:
            self.cold, self.warm, self.effect, self.interval, self.allowance = self.widened(rows, apart)

    def widened(self, rows, apart=None):
        """Typical logarithms of both sides, their difference, its interval, and what was allowed for."""
        cold, warm = mean([row[0] for row in rows]), mean([row[1] for row in rows])
        effects = [row[0] - row[1] for row in rows]
        if len(rows) < 6:
            return cold, warm, mean(effects), None, None
        allowed, allowance = math.log(1 + self.noise / 100), ("flag" if self.given else "default", self.noise)
        if apart is not None:
            # The exact interval of the repeats, unless what rounds may differ by is less.
            far = max(abs(end) for end in t_interval(apart))
            control = REPEATS * abs(mean(apart))
            if control < max(allowed, far):
                allowed, allowance = control, ("control", 100 * math.expm1(control))
            elif far > allowed:
                allowed, allowance = far, ("control", 100 * math.expm1(far))
        low, high = t_interval(effects)
        return cold, warm, mean(effects), (low - allowed, high + allowed), allowance

    def hold(self):
        """What decided, and the figures of TTFT in the JSON."""
        conclusion, ttft = self.said["conclusion"], self.said["ttft"]
        same(conclusion["source"], "mixed" if self.by_blocks() else self.source or "cw", "what decided")
        same(conclusion["rounds"], self.source or "cw", "which row the rounds are by themselves")
        low, high = self.interval if self.interval and self.prompts >= 6 else (None, None)
        effect = self.effect
        if self.overloaded():
            same((conclusion["kind"], conclusion["reason"]["kind"]), ("withheld", "overloaded"), "what an overloaded side leaves")
            effect = low = high = None
        for key, true in [("ratio", effect), ("interval_low", low), ("interval_high", high)]:
            close(ttft[key], None if true is None else math.exp(true), f"ttft.{key}")
        kinds = {"cycles": "t_cycles", "until": "t_sequential"}
        same(ttft["interval_kind"], None if low is None else kinds.get(self.source, "allowed"), "ttft.interval_kind")

    def overloaded(self):
        """A side could not hold the rate, and the cold one was not found warm."""
        return True in self.sides and self.said["cold"]["verdict"] != "contaminated"

    def by_blocks(self):
        """Blocks of hits and misses decide: they are sound, or there is no warm round."""
        if self.mixed is None or self.said["cold"]["verdict"] == "contaminated" or self.overloaded() or True in self.mixed.sides:
            return False
        reason = self.said["mixed"]["reason"]
        sound = self.mixed.reason() is None and not (reason and kind_of(reason) == "misses_hit")
        return not self.repeats_whole() or (sound and self.source not in ("cycles", "until"))

    def repeats_whole(self):
        return any(one.kind == "warm" for one in self.rounds)

    def gained(self, block):
        """Over pairs the warm requests hit a quarter of what the cold ones did not, half of them a block
        more at least; blocks have 1 to 256 tokens."""
        more = left = pairs = gainers = 0
        for cold, warm in self.cycles:
            a = {one["index"]: (cached, prompt) for one, cached, prompt in cold.known()}
            for one, cached, prompt in warm.known():
                if one["index"] in a:
                    more += cached - a[one["index"]][0]
                    left += prompt - a[one["index"]][0]
                    pairs += 1
                    gainers += cached - a[one["index"]][0] >= block
        return left > 0 and more >= 0.25 * left and 2 * gainers >= pairs

    def hits_gained(self):
        """Whether warm rounds hit more than cold ones; their counters are not in a record."""
        (cold, a, b), (warm, c, d) = self.rates()
        if self.said["conclusion"]["witness"]["kind"] == "counters":
            return True
        return (a, c) == (b, d) and d > 0 and (warm - cold >= 0.05 or self.gained(1))

    def rates(self):
        return hit_rate(self.colds), hit_rate(self.warms)
