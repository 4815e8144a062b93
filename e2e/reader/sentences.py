"""What the program may say of a level, in both languages: forms, and what each figure must be."""

import math
import re

import costs
import inside
import mixed
import overload
import sessions
from figures import figures
from remarks import remarks
from text import WORDS, N, Text, Wrong, same, shown
from until import looked

# The head, by language: what it claims.
HEADS = {
    "works": ["cache works", "缓存有效"],
    "unseen": [
        "warm round faster, cause not established (hits cannot be seen here)",
        "热轮更快，但原因未证实（此处无法看到命中）",
    ],
    "few": [
        "warm round faster, cause not established (it hit hardly more than the cold round)",
        "热轮更快，但原因未证实（其命中几乎不比冷轮多）",
    ],
    "partly": [
        "warm round faster, cause not established (hits are known for a part of the requests only)",
        "热轮更快，但原因未证实（只有部分请求的命中可知）",
    ],
    "contradicted": [
        "warm round faster, cause not established (answers report hits of which the engines' counters saw nothing)",
        "热轮更快，但原因未证实（响应报告了命中，而引擎计数器毫无所见）",
    ],
    "replayed": [
        "warm round faster, by answers that a response cache gave back: of the engine's cache this says nothing",
        "热轮更快，因为响应缓存直接返回了响应：这不能说明引擎自身的缓存",
    ],
    "slower": ["warm round slower", "热轮更慢"],
    "cannot": ["cannot tell", "无法判断"],
}


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
    if level.by_blocks():
        # The warm rounds did not decide.
        return mixed.rates(text, level)
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
        same(level.by_blocks(), False, "what misses do not share is in the ratio of blocks")
    # The engines' counters, which tell it where usage does not, are not in a record.
    if found and cold is not None:
        shown(found.group(1), 100 * cold, "hits of the cold round")
    verdicts = {
        "cold": verified(level),
        "contaminated": ["; the cold round was NOT cold", "；冷轮并不冷"],
        "unknown": ["; whether the cold round was cold is unknown", "；无法确认冷轮是否为冷"],
    }
    text.need(*map(re.escape, verdicts[level.said["cold"]["verdict"]]))
    remarks(text, level)


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
    low, high = deciding(level)
    margin = math.log(1.05)
    (cold, ck, co), (warm, wk, wo) = level.rates()
    whole = ck == co and wk == wo and wo > 0
    if head in ("works", "unseen", "few", "partly", "contradicted", "replayed") and (low is None or low <= margin):
        raise Wrong("faster is said, and the interval does not bear it out")
    if head == "slower" and (high is None or high >= -margin):
        raise Wrong("slower is said, and the interval does not bear it out")
    if level.by_blocks():
        return mixed.claims(head, level)
    if head == "works" and whole and warm - cold < 0.05 and not level.gained(1):
        raise Wrong(f"cache works, with hits of {cold:.3f} → {warm:.3f}")
    if head == "few" and whole and (warm - cold >= 0.05 or level.gained(256)):
        raise Wrong("hardly any hits, and there are")
    if head == "partly" and whole:
        raise Wrong("hits are known of all requests")
    if head == "unseen" and wk:
        raise Wrong("hits are reported")
    return None


def deciding(level):
    """The interval that decides, in logarithms: that of blocks was held against the journal before."""
    if not level.by_blocks():
        return level.interval if level.interval else (None, None)
    ends = [level.said["mixed"][key] for key in ("low", "high")]
    return tuple(end and math.log(end) for end in ends)


def conclusion(sentence, level, zh):
    text = Text(sentence, zh)
    ended = not overloaded(text, level) and (withheld(text, level) or without_warm(text, level) or decided(text, level))
    looked(text, level)
    if not ended:
        rate(text, level)
        ends(text, level)
    same(text.rest, "", "what is left")


def overloaded(text, level):
    """Whether nothing is divided, as a side could not hold the rate; its hits stay."""
    if not level.overloaded():
        return False
    text.need(re.escape(overload.sentence(*level.sides, text.zh, ["cold", "warm"])))
    return True


def without_warm(text, level):
    """Whether cold and warm are not compared, as rounds without reuse and cold ones are all there is."""
    found = text.take(r"no warm round was run, so cold and warm are not compared", r"没有运行热轮，因此不比较冷热")
    if found:
        same((len(level.warms), level.inside is not None, level.mixed), (0, True, None), "rounds that were run")
    return found is not None


def decided(text, level):
    """What is claimed, or why nothing is; whether the sentence ends here."""
    zh = text.zh
    heads = mixed.HEADS if level.by_blocks() else HEADS
    head = next((name for name, words in heads.items() if text.take(re.escape(words[zh] + WORDS[zh]["is"]))), None)
    bound = None
    if head is None and (found := text.take(rf"no effect above {N} % on average: ", rf"平均而言没有超过 {N}% 的差异：")):
        head, bound = "none", found.group(1)
    if head is None:
        raise Wrong(f"not understood: {text.rest!r}")
    if head == "cannot":
        return mixed.why(text, level.mixed) if level.by_blocks() else undecided(text, level)
    claims(head, level)
    if bound is not None:
        shown(bound, 100 * math.expm1(max(abs(end) for end in deciding(level))), "bound")
    if level.by_blocks():
        mixed.compared(text, level.mixed)
    else:
        figures(text, level)
        classes(text, level)
    return False


def withheld(text, level):
    """Whether nothing is claimed, and the sentence ends here."""
    if text.take(
        r"withheld: the cold round was contaminated \(prompt tokens came from a cache\), so cold and warm cannot be compared",
        r"不下结论：冷轮被污染（部分提示词 token 命中缓存），冷热无法比较",
    ):
        same(level.said["cold"]["verdict"], "contaminated", "verdict on the cold round")
        return True
    elif found := text.take(
        rf"withheld: the last (cold|warm) round was {N}× (faster|slower) than the first, which is at least half of what cold and warm differ by \(in logarithms\): (as with a server that warms up|the server changed meanwhile), and no cache effect can be claimed; more cycles \(--rounds CWCWCW\) tell",
        rf"不下结论：最后一个(冷轮|热轮)比第一个(?:冷轮|热轮)(?:快，加速比|慢，耗时为其) {N}(?:×| 倍)，（按对数）已达到冷热差异的一半：(与服务端仍在预热时一样|其间服务端有变化)，不能归因于缓存；可增加冷热循环（--rounds CWCWCW）",
    ):
        drift = sum(level.apart) / len(level.apart)
        shown(found.group(2), math.exp(abs(drift)), "what the repeats differ by")
        if abs(drift) < abs(level.effect) / 2 - 1e-9:
            raise Wrong("the repeats differ by less than half of the effect")
        return True
    return False


def undecided(text, level):
    """Whether the sentence ends here."""
    if text.take(r"no warm round was run, so nothing is compared", r"没有运行热轮，没有可比较的"):
        same(len(level.warms), 0, "warm rounds")
        return True
    if text.take(r"no request succeeded with a TTFT in both rounds", r"没有任何请求在两轮中都成功并测得 TTFT"):
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


def beside(sentence, level, zh):
    """What stands beside a conclusion."""
    if costs.beside(sentence, level, zh):
        return
    if re.match(sessions.BEGINS[zh], sentence):
        return sessions.beside(sentence, level, zh)
    if level.mixed is None or not mixed.beside(sentence, level, zh):
        inside.beside(sentence, level, zh)


def beside_all(lines, level):
    """All of what must stand beside it is there."""
    same(len(lines), mixed.expected_lines(level) + (level.inside is not None) + costs.expected_lines(level) + sessions.expected_lines(level), "lines beside the conclusion")


BESIDE = [
    r"mixed rounds: |cold rounds against warm rounds: |drift: |(?:reuse inside the round(?: works)?|the cold round is (?:faster|slower) than one without reuse)\b",
    r"混合轮：|冷轮与热轮整轮相比：|漂移：|轮内复用|冷轮比无复用的轮次",
]


def is_beside(text, zh):
    return re.match(f"{BESIDE[zh]}|{costs.BEGINS[zh]}|{sessions.BEGINS[zh]}", text) is not None
