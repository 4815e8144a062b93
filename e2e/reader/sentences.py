"""What the program may say of a level, in both languages: forms, and what each figure must be."""

import math
import re

from journal import ttft as journal_ttft

N = r"(-?[\d.]+)"


class Wrong(Exception):
    """A figure or a claim that the records do not bear out."""


def shown(text, value, what):
    """A figure as it was rounded."""
    if value is None:
        raise Wrong(f"{what}: {text} is said, and nothing is known")
    decimals = len(text.partition(".")[2])
    if abs(float(text) - value) > 0.5 * 10**-decimals * 1.02 + 1e-9:
        raise Wrong(f"{what}: {text} is said, {value:.6g} is true")


def same(said, true, what):
    if said != true:
        raise Wrong(f"{what}: {said!r} is said, {true!r} is true")


# The head, by language: what it claims.
HEADS = {
    "works": ["cache works", "缓存有效"],
    "unseen": [
        "round 2 faster, cause not established (hits cannot be seen here)",
        "第 2 轮更快，但原因未证实（此处无法看到命中）",
    ],
    "few": [
        "round 2 faster, cause not established (it hit hardly more than the cold round)",
        "第 2 轮更快，但原因未证实（其命中几乎不比冷轮多）",
    ],
    "partly": [
        "round 2 faster, cause not established (hits are known for a part of the requests only)",
        "第 2 轮更快，但原因未证实（只有部分请求的命中可知）",
    ],
    "contradicted": [
        "round 2 faster, cause not established (answers report hits of which the engines' counters saw nothing)",
        "第 2 轮更快，但原因未证实（响应报告了命中，而引擎计数器毫无所见）",
    ],
    "replayed": [
        "round 2 faster, by answers that a response cache gave back: of the engine's cache this says nothing",
        "第 2 轮更快，因为响应缓存直接返回了响应：这不能说明引擎自身的缓存",
    ],
    "slower": ["round 2 slower", "第 2 轮更慢"],
    "cannot": ["cannot tell", "无法判断"],
}

ROUNDS = {
    "cw": ["one pair of rounds", "一对冷热轮"],
    "cwc": ["repeated rounds averaged", "重复轮取平均"],
    "cwcw": ["two cycles averaged", "两个冷热循环取平均"],
}
ALLOWED = {
    "default": [rf"±{N} % between rounds allowed by default", rf"轮间默认允许 ±{N}%"],
    "flag": [rf"±{N} % between rounds allowed by --round-noise", rf"轮间按 --round-noise 允许 ±{N}%"],
    "control": [rf"±{N} % between rounds allowed, as the repeats may differ", rf"轮间按重复轮可能的差异允许 ±{N}%"],
}
WORDS = [
    {"faster": rf"{N}× faster", "slower": rf"{N}× as fast", "typical": " ms (typical), ", "open": " (", "close": ")", "is": ": ", "join": ", "},
    {"faster": rf"加速比 {N}×", "slower": rf"加速比 {N}×", "typical": " ms（典型值），", "open": "（", "close": "）", "is": "：", "join": "，"},
]


class Text:
    """What is left to read of a sentence."""

    def __init__(self, text, zh):
        self.rest, self.zh, self.words = text, zh, WORDS[zh]

    def take(self, *patterns):
        pattern = patterns[self.zh] if len(patterns) > 1 else patterns[0]
        found = re.match(pattern, self.rest)
        if found:
            self.rest = self.rest[found.end() :]
        return found

    def need(self, *patterns):
        found = self.take(*patterns)
        if not found:
            raise Wrong(f"not understood: {self.rest!r}")
        return found


def figures(text, level):
    """`TTFT 823 → 25 ms (typical), 32.9× faster (25.1–43.0×: …)`."""
    words = text.words
    cold, warm = text.need(rf"TTFT {N} → {N}" + re.escape(words["typical"])).groups()
    shown(cold, math.exp(level.cold), "typical cold TTFT")
    shown(warm, math.exp(level.warm), "typical warm TTFT")
    faster = text.take(words["faster"])
    times = (faster or text.need(words["slower"])).group(1)
    if not text.zh and bool(faster) != (float(times) > 1):
        raise Wrong("the ratio goes the other way")
    shown(times, math.exp(level.effect), "ratio")
    if text.take(re.escape(words["open"])):
        low, high = text.need(rf"{N}–{N}×" + words["is"]).groups()
        shown(low, math.exp(level.interval[0]), "low end")
        shown(high, math.exp(level.interval[1]), "high end")
        rounds(text, level)
        text.need(re.escape(words["close"]))
    elif level.interval is not None:
        raise Wrong("the interval is not said")


def rounds(text, level):
    if level.source == "cycles":
        found = text.need(
            r"95 % t interval over (\d+) cycles of (\d+) prompts", r"(\d+) 个冷热循环、(\d+) 条提示词的 95% 置信区间（t）"
        )
        return same(tuple(map(int, found.groups())), (len(level.cycles), level.prompts), "cycles and prompts")
    found = text.need(r"95 % spread over (\d+) prompts", r"(\d+) 条提示词间的 95% 运行内波动")
    same(int(found.group(1)), level.prompts, "prompts")
    text.need(re.escape(text.words["join"]))
    text.need(*ROUNDS[level.source])
    text.need(re.escape(text.words["join"]))
    kind, percent = level.allowance
    shown(text.need(*ALLOWED[kind]).group(1), percent, "allowance")


def classes(text, level):
    pattern = rf"; (\d+) of (\d+) hit: {N}×; (\d+) missed: {N}×", rf"；(\d+) 个请求中 (\d+) 个命中：{N}×；(\d+) 个未命中：{N}×"
    found = text.take(*pattern)
    if not found:
        return
    a, b, hit, missed, miss = found.groups()
    hits, of = (int(b), int(a)) if text.zh else (int(a), int(b))
    same(hits + int(missed), of, "requests by class")
    known = [(cached * 2 >= prompt) for _, warm in level.cycles for _, cached, prompt in warm.known()]
    same(hits, sum(known), "requests that hit")


def rate(text, level):
    (_, _, _), (warm, known, of) = level.rates()
    found = text.take(rf"; {N} % of prompt tokens from cache(?: \((\d+) / (\d+)\))?", rf"；{N}% 的提示词 token 命中缓存(?: \((\d+) / (\d+)\))?")
    if found:
        shown(found.group(1), 100 * warm, "hit rate")
        part = (known, of) if found.group(2) else (of, of)
        same((int(found.group(2) or of), int(found.group(3) or of)), part, "requests known")
        return
    if text.take(r"; a response cache gave answers back: of the engine's cache this says nothing", r"；有响应缓存直接返回的响应：这不能说明引擎自身的缓存"):
        return
    # The engines' counters are not in a record: their rate is held against usage where that is whole.
    found = text.take(rf"; hit rate by the server's counters {N} %", rf"；按服务端计数器命中率 {N}%")
    if found and known == of and of:
        raise Wrong("counters speak where usage is whole")


def ends(text, level):
    """Cold rounds, and what would tell more."""
    (cold, _, _), _ = level.rates()
    found = text.take(rf"; the cold round itself hit {N} %: what it reused is not in this ratio", rf"；冷轮自身命中 {N}%：其复用不在此加速比之内")
    if found:
        shown(found.group(1), 100 * cold, "hits of the cold round")
    verdicts = {
        "cold": verified(level),
        "contaminated": ["; the cold round was NOT cold", "；冷轮并不冷"],
        "unknown": ["; whether the cold round was cold is unknown", "；无法确认冷轮是否为冷"],
    }
    text.need(*map(re.escape, verdicts[level.said["cold"]["verdict"]]))
    while text.rest:
        if text.take(r"; server warm-up not controlled(, --rounds CWC controls it)?", r"；未排除服务端预热的影响(（--rounds CWC 可排除）)?"):
            if len(level.cycles) > 2 or (level.source == "cwc" and len(level.colds) > 1):
                raise Wrong("a repeated cold round controls warm-up")
        elif text.take(r"; three cycles and more \(--rounds CWCWCW\) tell more", r"；用不少于三个冷热循环（--rounds CWCWCW）可进一步判断"):
            if len(level.cycles) > 2:
                raise Wrong("there are three cycles")
        elif text.take(r"; more cycles tell more", r"；可增加冷热循环"):
            if len(level.cycles) < 3:
                raise Wrong("there are no three cycles")
        elif found := text.take(rf"; the last cold round took {N}× as long as the first, {N} % (less|more) a round on average, which is in this ratio", rf"；最后一个冷轮的耗时是第一个的 {N} 倍，平均每轮(?P<way>多|少) {N}%，这包含在此加速比中"):
            trend(found.groups(), level, text.zh)
        elif text.take(r"; under --cold none a later cold round repeats the first one's bytes and counts as warm", r"；--cold none 下，之后的冷轮重复第一个冷轮的字节，按热轮计"):
            same(level.none and sum(a.kind == "cold" for a in level.rounds) > 1, True, "repeated cold rounds")
        elif text.take(r"; a round was left out that holds too few of the requests of the others", r"；有一轮所含请求太少，未予采用"):
            same(len(level.rounds) > 2, True, "rounds of which one can be left out")
        elif not text.take(r"; look at the failures of each round", r"；请看各轮的失败原因"):
            raise Wrong(f"not understood: {text.rest!r}")


def trend(groups, level, zh):
    """By the requests that the first and the last cold round of the cycles both have."""
    times, way, percent = groups if zh else (groups[0], groups[2], groups[1])
    first, last = level.cycles[0][0], level.cycles[-1][0]
    ids = {one["index"]: journal_ttft(one) for one in first.successes() if journal_ttft(one)}
    apart = [math.log(journal_ttft(one) / ids[one["index"]]) for one in last.successes() if journal_ttft(one) and one["index"] in ids]
    drift = sum(apart) / len(apart)
    shown(times, math.exp(drift), "the last cold round over the first")
    each = math.exp(drift / (last.number - first.number))
    shown(percent, 100 * abs(each - 1), "a round")
    same(way in ("less", "少"), each < 1, "the way it went")


METHODS = {
    "marker": ["text marker", "唯一前缀"],
    "salt": ["engine salt", "缓存盐值"],
    "reset": ["cache reset", "缓存重置"],
}


def verified(level):
    """By the way the journal says that the first cold round was made cold."""
    method = level.colds[0].meta["cold"]["method"]
    if method == "none":
        return ["; the cold round was cold, though nothing was done to make it so (by its hits)", "；冷轮确为冷（依据其命中），尽管未采取任何措施"]
    en, zh = METHODS[method]
    return [f"; cold round verified cold ({en})", f"；冷轮已核实为冷（{zh}）"]


def claims(head, level):
    """What the head says of the interval and of hits."""
    low, high = level.interval if level.interval else (None, None)
    margin = math.log(1.05)
    beyond = low is not None and (low > margin or high < -margin)
    (cold, ck, co), (warm, wk, wo) = level.rates()
    whole = ck == co and wk == wo and wo > 0
    if head in ("works", "unseen", "few", "partly", "contradicted", "replayed") and not (beyond and level.effect > 0):
        raise Wrong("faster is said, and the interval does not bear it out")
    if head == "slower" and not (beyond and level.effect < 0):
        raise Wrong("slower is said, and the interval does not bear it out")
    if head == "works" and whole and warm - cold < 0.05 and not gained(level, 1):
        raise Wrong(f"cache works, with hits of {cold:.3f} → {warm:.3f}")
    if head == "few" and whole and (warm - cold >= 0.05 or gained(level, 256)):
        raise Wrong("hardly any hits, and there are")
    if head == "partly" and whole:
        raise Wrong("hits are known of all requests")
    if head == "unseen" and wk:
        raise Wrong("hits are reported")


def gained(level, block):
    """Over pairs the warm requests hit a quarter of what the cold ones did not, half of them a block
    more at least; blocks have 1 to 256 tokens."""
    more = left = pairs = gainers = 0
    for cold, warm in level.cycles:
        a = {one["index"]: (cached, prompt) for one, cached, prompt in cold.known()}
        for one, cached, prompt in warm.known():
            if one["index"] in a:
                more += cached - a[one["index"]][0]
                left += prompt - a[one["index"]][0]
                pairs += 1
                gainers += cached - a[one["index"]][0] >= block
    return left > 0 and more >= 0.25 * left and 2 * gainers >= pairs


def conclusion(sentence, level, zh):
    text = Text(sentence, zh)
    withheld(text, level)
    if not text.rest:
        return
    head = next((name for name, words in HEADS.items() if text.take(re.escape(words[zh] + WORDS[zh]["is"]))), None)
    bound = None
    if head is None and (found := text.take(rf"no effect above {N} % on average: ", rf"平均而言没有超过 {N}% 的差异：")):
        head, bound = "none", found.group(1)
    if head is None:
        raise Wrong(f"not understood: {sentence!r}")
    if head == "cannot":
        if undecided(text, level):
            return
    else:
        claims(head, level)
        figures(text, level)
        if bound is not None:
            far = max(abs(end) for end in level.interval)
            shown(bound, 100 * math.expm1(far), "bound")
        classes(text, level)
    rate(text, level)
    ends(text, level)


def withheld(text, level):
    if text.take(
        r"withheld: the cold round was contaminated \(prompt tokens came from a cache\), so cold and warm cannot be compared$",
        r"不下结论：冷轮被污染（部分提示词 token 命中缓存），冷热无法比较$",
    ):
        same(level.said["cold"]["verdict"], "contaminated", "verdict on the cold round")
    elif found := text.take(
        rf"withheld: the last (cold|warm) round was {N}× (faster|slower) than the first, which is at least half of what cold and warm differ by \(in logarithms\): (as with a server that warms up|the server changed meanwhile), and no cache effect can be claimed; more cycles \(--rounds CWCWCW\) tell$",
        rf"不下结论：最后一个(冷轮|热轮)比第一个(?:冷轮|热轮)(?:快，加速比|慢，耗时为其) {N}(?:×| 倍)，（按对数）已达到冷热差异的一半：(与服务端仍在预热时一样|其间服务端有变化)，不能归因于缓存；可增加冷热循环（--rounds CWCWCW）$",
    ):
        drift = sum(level.apart) / len(level.apart)
        shown(found.group(2), math.exp(abs(drift)), "what the repeats differ by")
        if abs(drift) < abs(level.effect) / 2 - 1e-9:
            raise Wrong("the repeats differ by less than half of the effect")


def undecided(text, level):
    """Whether the sentence ends here."""
    if text.take(r"no warm round was run, so nothing is compared$", r"没有运行热轮，没有可比较的$"):
        same(len(level.warms), 0, "warm rounds")
        return True
    if text.take(r"no request succeeded with a TTFT in both rounds$", r"没有任何请求在两轮中都成功并测得 TTFT$"):
        return True
    if found := text.take(r"different prompts with a TTFT in both rounds: (\d+); at least 6 are needed", r"两轮都有 TTFT 的不同提示词只有 (\d+) 条，至少需要 6 条"):
        same(int(found.group(1)), level.prompts, "prompts")
        return False
    if found := text.take(r"of (\d+) pairs (\d+) failed in the cold round alone and (\d+) in the warm one alone, so those left are no fair sample", r"(\d+) 对请求中，(\d+) 对仅冷轮失败，(\d+) 对仅热轮失败，余下的已不是公平的样本"):
        ok = lambda a: {one["index"] for one in a.successes()}
        # One whose record is gone did not fail: nothing is known of it.
        there = lambda a, b: {one["index"] for one in a.records} & {one["index"] for one in b.records}
        sides = [
            (len((ok(c) | ok(w)) & there(c, w)), len((ok(w) - ok(c)) & there(c, w)), len((ok(c) - ok(w)) & there(c, w)))
            for c, w in level.pairs_run
        ]
        same(tuple(map(int, found.groups())), tuple(map(sum, zip(*sides))), "pairs that were lost")
        return False
    figures(text, level)
    low, high = level.interval
    if found := text.take(rf": the rounds agree, but an effect of up to {N} % is not excluded", rf"：各轮一致，但不能排除最多 {N}% 的差异"):
        shown(found.group(1), 100 * math.expm1(max(-low, high)), "bound")
        return False
    text.need(r"; the interval crosses the margin of ±5 %", r"；区间跨过 ±5% 容差")
    margin = math.log(1.05)
    if low > margin or high < -margin:
        raise Wrong("the interval lies beyond the margin")
    return False
