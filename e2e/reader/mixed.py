"""Mixed rounds: blocks of hits and of misses, what they differ by, and what is said of that."""

import math
import re
from collections import defaultdict

import overload
from evidence import is_replayed
from figures import figures
from journal import hit_rate, mean, ttft
from randomisation import Randomised
from text import N, RATES, Text, Wrong, close, covered, same, shown

# By how much more, or less, misses may compute than in their cold round.
SHARING = 1.05
FEWEST_BLOCKS, FEWEST_WAYS, FEWEST_PROMPTS = 10, 40, 6
MISSED = 0.05
# By how much of their prompts the hits must be ahead.
POINTS = 0.05
NEEDED = ["at least 10 are needed, with 40 ways to give them their arms", "至少需要 10 个区块，且有 40 种分组方式"]
# What is claimed where blocks decide.
HEADS = {
    "works": ["cache works", "缓存有效"],
    "few": [
        "hits faster, cause not established (they took hardly more of their prompts from cache than misses)",
        "命中更快，但原因未证实（其命中缓存的提示词几乎不比未命中多）",
    ],
    "unseen": [
        "hits faster, cause not established (hits cannot be seen here)",
        "命中更快，但原因未证实（此处无法看到命中）",
    ],
    "partly": [
        "hits faster, cause not established (hits are known for a part of the requests only)",
        "命中更快，但原因未证实（只有部分请求的命中可知）",
    ],
    "replayed": [
        "hits faster, by answers that a response cache gave back: of the engine's cache this says nothing",
        "命中更快，因为响应缓存直接返回了响应：这不能说明引擎自身的缓存",
    ],
    "slower": ["hits slower than misses", "命中比未命中慢"],
    "cannot": ["cannot tell", "无法判断"],
}


def without_line(values):
    """What the least-squares line over their places leaves of values."""
    at, middle = (len(values) - 1) / 2, mean(values)
    spread = sum((place - at) ** 2 for place in range(len(values)))
    along = sum((place - at) * (value - middle) for place, value in enumerate(values))
    slope = along / spread if spread else 0.0
    return [value - middle - slope * (place - at) for place, value in enumerate(values)]


class Mixed:
    """The mixed rounds of a level, each against the cold round of its epoch."""

    def __init__(self, rounds):
        colds = {}
        for one in rounds:
            if one.kind == "cold":
                colds.setdefault(one.epoch, one)
        self.pairs = [(one, colds[one.epoch]) for one in rounds if one.kind == "mixed" and one.epoch in colds]
        self.rounds = [one for one, _ in self.pairs]
        self.values = [self.of_round(*pair) for pair in self.pairs]
        blocks = [self.blocks_of(values) for values in self.values]
        self.blocks = sum(map(len, blocks))
        self.count = {arm: sum(v[1] == arm for values in self.values for v in values) for arm in ("hit", "miss")}
        self.prompts = len({v[2] for values in self.values for v in values})
        self.test = Randomised(blocks)
        self.descriptive = self.test.made is None or self.blocks < FEWEST_BLOCKS or self.test.ways < FEWEST_WAYS
        # No figure is given of times that grow with the length of the round.
        self.sides = overload.sides([cold for _, cold in self.pairs], self.rounds)
        misses = [v[3] for values in self.values for v in values if v[1] == "miss"]
        self.drift = mean(misses) if misses and True not in self.sides else None
        self.hits = hit_rate(self.rounds, "hit")
        self.misses = hit_rate(self.rounds, "miss")
        self.missed = None
        # What a response cache gave back tells of no hit and of no miss.
        if self.hits[1] == self.hits[2] > 0 and not is_replayed(rounds):
            known = [pair for one in self.rounds for pair in one.known("hit")]
            self.missed = (sum(2 * cached < prompt for _, cached, prompt in known), self.hits[2])
        self.lost = self.losses()

    @staticmethod
    def of_round(one, cold):
        """Block, arm, prompt, and ln(TTFT / own cold TTFT) of each request behind the ramp."""
        before = {record["index"]: ttft(record) for record in cold.records if not record.get("retries")}
        out = []
        for record in one.records:
            place, now = record.get("mixed"), ttft(record)
            # One that was sent again may hit what its own first attempt left.
            if place and not place["ramp"] and not record.get("retries") and now and before.get(record["index"]):
                ln = math.log(now / before[record["index"]])
                out.append((record["timeline"]["start_ns"], place["block"], place["arm"], record["prompt_digest"], ln))
        return [value for _, *value in sorted(out)]

    @staticmethod
    def blocks_of(values):
        lns = [ln for *_, ln in values]
        effects = [float(arm == "hit") for _, arm, *_ in values]
        # Of few blocks a place is nearly an arm.
        if len({block for block, *_ in values}) >= FEWEST_BLOCKS:
            lns, effects = without_line(lns), without_line(effects)
        sums = defaultdict(list)
        for (block, arm, *_), ln, effect in zip(values, lns, effects):
            sums[block, arm].append((ln, effect))
        total = lambda pairs, at: sum(pair[at] for pair in pairs)
        return [(len(pairs), total(pairs, 0), total(pairs, 1), arm == "hit") for (_, arm), pairs in sorted(sums.items())]

    def losses(self):
        """Requests whose cold one succeeded, and those of them that failed as a miss and as a hit."""
        of, lost = 0, {"miss": 0, "hit": 0}
        for one, cold in self.pairs:
            good = {record["index"] for record in cold.successes() if not record.get("retries")}
            for record in one.records:
                if record["outcome"] != "cancelled" and record["index"] in good:
                    of += 1
                    lost[record["mixed"]["arm"]] += ttft(record) is None or bool(record.get("retries"))
        return of, lost["miss"], lost["hit"]

    def shares_otherwise(self):
        """Misses computed more, or fewer, tokens than in their cold round; known of all of them."""
        now = before = 0
        for one, cold in self.pairs:
            tokens = {record["index"]: prompt - cached for record, cached, prompt in cold.known()}
            whole = {record["index"] for record in cold.successes() if not record.get("retries")}
            known = {record["index"]: prompt - cached for record, cached, prompt in one.known("miss")}
            for record in one.successes():
                at = record["index"]
                if record["mixed"]["arm"] != "miss" or record.get("retries") or at not in whole:
                    continue
                if at not in known or at not in tokens:
                    return False
                now, before = now + known[at], before + tokens[at]
        return bool(before) and not 1 / SHARING <= now / before <= SHARING

    def reason(self):
        """What keeps the arms from being compared; of hits behind fresh text nothing is known here."""
        of, miss, hit = self.lost
        if not sum(self.count.values()):
            return "no_pairs"
        if self.missed and self.missed[0] > MISSED * self.missed[1]:
            return "arm_missed"
        if self.descriptive:
            return "few_blocks"
        if self.prompts < FEWEST_PROMPTS:
            return "few_prompts"
        if of and (max(miss, hit) > 0.1 * of or abs(miss - hit) > 0.05 * of):
            return "lost_pairs"
        return "other_sharing" if self.shares_otherwise() else None

    def ahead(self):
        """By how much of their prompts the hits are ahead, where that is known of all of them."""
        if self.missed is None or self.misses[0] is None:
            return None
        return self.hits[0] - self.misses[0]

    def coins(self):
        """Arms are balanced, and the ramp is the first wave of a block."""
        for one in self.rounds:
            arms, counts = {}, defaultdict(int)
            for record in one.records:
                arms.setdefault(record["mixed"]["block"], record["mixed"]["arm"])
                same(record["mixed"]["arm"], arms[record["mixed"]["block"]], "the arm of a block")
                counts[record["mixed"]["block"], record["mixed"]["ramp"]] += 1
            hits = sum(arm == "hit" for arm in arms.values())
            if len(one.records) == one.meta["planned"] and abs(2 * hits - len(arms)) > 1:
                raise Wrong(f"{hits} of {len(arms)} blocks are hits")

    def hold(self, said):
        """The figures of the JSON."""
        self.coins()
        if True in self.sides:
            told = [said[key] for key in ("ratio", "low", "high", "p", "drift", "bound")]
            return same((said["kind"], kind_of(said["reason"]), told), ("withheld", "overloaded", [None] * 6), "what an overloaded side leaves")
        whole = self.missed
        for key, true in [
            ("blocks", self.blocks),
            ("hit_requests", self.count["hit"]),
            ("miss_requests", self.count["miss"]),
            ("prompts", self.prompts),
            ("descriptive", self.descriptive),
            ("hit_known", self.hits[1]),
            ("hit_of", self.hits[2]),
            ("miss_known", self.misses[1]),
            ("miss_of", self.misses[2]),
        ]:
            same(said[key], true, key)
        for key, true in [
            ("missed_share", whole and whole[0] / whole[1]),
            ("hit_rate", self.hits[0]),
            ("miss_rate", self.misses[0]),
            ("ratio", None if self.test.made is None else math.exp(self.test.made)),
            ("drift", None if self.drift is None else math.exp(self.drift)),
        ]:
            close(said[key], true, f"mixed.{key}")
        if self.descriptive:
            same((said["p"], said["low"], said["high"]), (None, None, None), "what few blocks bear")
        else:
            same(self.test.bears_p(said["p"], 1e-6), True, "mixed.p")
            for side, key in [(-1, "low"), (1, "high")]:
                if said[key] is None:
                    same(self.test.end(side), None, f"mixed.{key}")
                else:
                    same(self.test.bears_end(said[key], side, 2e-6 * said[key]), True, f"mixed.{key}")
        self.judged(said)

    def judged(self, said):
        """The kind follows from the ends."""
        reason, mine = said["reason"] and kind_of(said["reason"]), self.reason()
        if reason == "misses_hit":
            if not self.misses[0]:
                raise Wrong("misses are said to hit, and none did")
            return same(said["kind"], "cannot_tell", "mixed.kind")
        if mine is None:
            ends = said["low"], said["high"]
            beyond = None not in ends and (ends[0] > 1.05 or ends[1] < 1 / 1.05)
            within = None not in ends and ends[0] >= 1 / 1.05 and ends[1] <= 1.05
            kind = "effect" if beyond else "no_effect" if within else "cannot_tell"
            mine = "across_margin" if kind == "cannot_tell" else None
        else:
            kind = "cannot_tell"
        same((said["kind"], reason), (kind, mine), "what the mixed rounds say")
        bound = max(said["high"], 1 / said["low"]) if kind == "no_effect" else None
        close(said["bound"], bound, "mixed.bound")


def kind_of(reason):
    return reason["kind"] if isinstance(reason, dict) else reason


def compared(text, mixed):
    """`hits 10.10× faster than misses inside the mixed rounds (9.20–11.00×: …)`."""
    found = text.need(rf"hits {N}× (faster than|as fast as) misses inside the mixed rounds", rf"混合轮内命中相对未命中的加速比 {N}×")
    times = found.group(1)
    shown(times, None if mixed.test.made is None else math.exp(mixed.test.made), "hits against misses")
    if not text.zh and (found.group(2) == "faster than") != (float(times) > 1):
        raise Wrong("hits go the other way")
    if few := text.take(r" \((\d+) blocks\)", r"（(\d+) 个区块）"):
        return same((int(few.group(1)), mixed.descriptive), (mixed.blocks, True), "blocks")
    same(mixed.descriptive, False, "there are too few blocks for an interval")
    p = rf"p (< 0\.001|{N})"
    found = text.need(
        rf" \({N}–{N}×: 95 % interval by re-randomising (\d+) blocks, {p}\)",
        rf"（{N}–{N}×：(\d+) 个区块重新随机化的 95% 区间，{p}）",
    )
    low, high, blocks, p = found.groups()[:4]
    for end, side in [(low, -1), (high, 1)]:
        rounding = 0.51 * 10 ** -len(end.partition(".")[2])
        same(mixed.test.bears_end(float(end), side, rounding), True, f"end {end} of the interval")
    same(int(blocks), mixed.blocks, "blocks")
    value, rounding = (0.0005, 0.0005) if p.startswith("<") else (float(p), 0.00051)
    same(mixed.test.bears_p(value, rounding), True, f"p {p}")


def why(text, mixed):
    """Why the mixed rounds tell nothing; whether the sentence of a level ends here."""
    reason = mixed.reason()
    if found := text.take(
        r"of (\d+) requests that repeat what was sent (\d+) missed the cache, so hits and misses were not compared",
        r"重复发送的 (\d+) 个请求中有 (\d+) 个未命中，因此比较的不是命中与未命中",
    ):
        same((int(found.group(2)), int(found.group(1))), mixed.missed, "hits that missed")
        same(reason, "arm_missed", "why nothing is told")
    elif text.take(
        r"requests behind a fresh value took prompt tokens from a cache, so hits and misses were not compared",
        r"带全新前缀的请求也命中了缓存，因此比较的不是命中与未命中",
    ):
        if not mixed.misses[0]:
            raise Wrong("misses are said to hit, and none did")
    elif found := text.take(
        r"different prompts with a TTFT in it and in the cold round: (\d+); at least 6 are needed",
        r"混合轮与冷轮都有 TTFT 的不同提示词只有 (\d+) 条，至少需要 6 条",
    ):
        same((int(found.group(1)), reason), (mixed.prompts, "few_prompts"), "prompts")
    elif found := text.take(
        r"of (\d+) requests that had succeeded in the cold round (\d+) failed among the misses and (\d+) among the hits, so those left are no fair sample",
        r"冷轮中成功的 (\d+) 个请求里，未命中组失败 (\d+) 个，命中组失败 (\d+) 个，余下的已不是公平的样本",
    ):
        same((tuple(map(int, found.groups())), reason), (mixed.lost, "lost_pairs"), "requests that were lost")
    elif text.take(
        r"no request succeeded with a TTFT in a mixed round and in its cold round",
        r"没有任何请求在混合轮及其冷轮中都成功并测得 TTFT",
    ):
        same(reason, "no_pairs", "why nothing is told")
        return True
    elif found := text.take(
        rf"the misses computed {N}× as many prompt tokens as in their cold round, since other requests shared beginnings with them, so the arms differ by more than the cache",
        rf"未命中请求计算的提示词 token 是其冷轮的 {N} 倍（与之有共享前缀的请求不同），因此两组的差别不只是缓存",
    ):
        same(reason, "other_sharing", "why nothing is told")
    elif found := text.take(rf"no round has blocks of both arms \(blocks: (\d+)\); {NEEDED[0]}", rf"没有哪一轮同时有命中与未命中的区块（(\d+) 个）；{NEEDED[1]}"):
        same((int(found.group(1)), mixed.test.made, reason), (mixed.blocks, None, "few_blocks"), "blocks of one arm")
    else:
        unclear(text, mixed, reason)
    return False


def unclear(text, mixed, reason):
    """Figures that are too few or too far apart."""
    compared(text, mixed)
    if text.take(rf": too few to say how sure that is; {NEEDED[0]}", rf"：区块太少，无法说明把握有多大；{NEEDED[1]}"):
        return same(reason, "few_blocks", "why nothing is told")
    text.need(r"; the interval crosses the margin of ±5 %", r"；区间跨过 ±5% 容差")
    same(reason, None, "why nothing is told")


def claims(head, level):
    """What a head says of hits and misses: of the arms, and where those do not tell, of the rounds."""
    mixed, ahead = level.mixed, level.mixed.ahead()
    replayed = is_replayed(level.rounds)
    if head in ("works", "few", "unseen", "partly"):
        same(replayed, False, "a response cache gave answers back")
    if head == "replayed":
        same(replayed, True, "a response cache gave answers back")
    if head == "works" and ahead is None:
        if not level.hits_gained():
            raise Wrong("cache works, and hits were seen neither in the arms nor in the rounds")
    elif head == "works" and ahead < POINTS:
        raise Wrong(f"cache works, with hits ahead by {ahead:.3f}")
    if head == "few" and (ahead is None or ahead >= POINTS):
        raise Wrong(f"hardly any more hits, and they are ahead by {ahead}")
    if head == "unseen" and (mixed.hits[1] or mixed.misses[1]):
        raise Wrong("hits are known of a part of the requests")
    if head == "partly" and (ahead is not None or not (mixed.hits[1] or mixed.misses[1])):
        raise Wrong("hits are known of all requests, or of none")


def rates(text, level):
    """`; hits took 99.9 % of their prompt tokens from cache, misses 0.5 %`, wherever blocks decide."""
    mixed = level.mixed
    found = text.take(rf"; hits took {RATES[0]} of their prompt tokens from cache, misses {RATES[0]}", rf"；命中组 {RATES[1]} 的提示词 token 命中缓存，未命中组 {RATES[1]}")
    known = None not in (mixed.hits[0], mixed.misses[0]) and not is_replayed(level.rounds)
    if found is None and text.take(rf"; the warm rounds' hit rate by the server's counters {N} %", rf"；热轮按服务端计数器命中率 {N}%"):
        # The engines' counters are not in a record.
        return same(level.said["conclusion"]["witness"]["kind"], "counters", "who speaks of hits")
    same(found is not None, known, "whether hits of both arms are known")
    if found:
        hit, *of_hits, miss, known, of = found.groups()
        shown(hit, 100 * mixed.hits[0], "hit rate of the hits")
        shown(miss, 100 * mixed.misses[0], "hit rate of the misses")
        covered(*of_hits, mixed.hits, "hit rate of the hits")
        covered(known, of, mixed.misses, "hit rate of the misses")


def beside(sentence, level, zh):
    """A line on mixed rounds beside the conclusion; whether it is one."""
    text, mixed = Text(sentence, zh), level.mixed
    if text.take(r"mixed rounds: ", r"混合轮："):
        same(level.by_blocks(), False, "the mixed rounds decide")
        if True in mixed.sides:
            text.need(re.escape(overload.sentence(*mixed.sides, zh, ["cold", "mixed"])))
        elif text.take(r"cannot tell: ", r"无法判断："):
            why(text, mixed)
        else:
            compared(text, mixed)
            if mixed.reason() is not None:
                raise Wrong(f"figures are said, and {mixed.reason()} forbids it")
    elif text.take(r"cold rounds against warm rounds: ", r"冷轮与热轮整轮相比："):
        same(level.by_blocks(), True, "the mixed rounds decide")
        figures(text, level)
    elif found := text.take(
        rf"drift: the misses of the mixed rounds took {N}× as long as in their cold round \(by the server, its load, and what requests share of each other\)",
        rf"漂移：混合轮中未命中请求的耗时是其冷轮的 {N} 倍（取决于服务端、负载以及请求之间的共享）",
    ):
        shown(found.group(1), math.exp(mixed.drift), "drift of the misses")
    else:
        return False
    same(text.rest, "", "what is left")
    return True


def expected_lines(level):
    """How many lines on mixed rounds there must be."""
    if level.mixed is None:
        return 0
    first = not level.by_blocks() or level.effect is not None
    return int(first) + int(level.mixed.drift is not None)
