"""The closing table: figures of a level in a row, and its conclusion in a few words."""

import math
import re

from text import N, Wrong, same, shown

# How a sentence begins, and what it comes to in a few words.
FEW_WORDS = [
    [
        (r"cache works: ", r"cache works"),
        (r"warm round faster, by answers", r"faster, response cache"),
        (r"warm round faster, cause not established", r"faster, cause not established"),
        (r"warm round slower: ", r"slower"),
        (r"no effect above {bound} % on average: ", r"no effect above {bound} % on average"),
        (r"withheld: the cold round was contaminated", r"withheld: not cold"),
        (r"withheld: the last ", r"withheld: drift"),
        (r"withheld: .* hold this rate", r"withheld: overloaded"),
        (r"cannot tell: no warm round", r"no warm round"),
        (r"cannot tell: no request succeeded", r"no pair succeeded"),
        (r"cannot tell: different prompts", r"cannot tell: few prompts"),
        (r"cannot tell: of \d+ pairs", r"cannot tell: failures"),
        (r"cannot tell: .*; a response cache gave", r"cannot tell: response cache"),
        (r"cannot tell: .* an effect of up to {bound} % is not excluded", r"cannot tell: up to {bound} % open"),
        (r"cannot tell: .* as the repeats may differ\); the interval crosses", r"cannot tell: repeats differ"),
        (r"cannot tell: .*; the interval crosses", r"cannot tell: too noisy"),
    ],
    [
        (r"缓存有效：", r"缓存有效"),
        (r"热轮更快，因为响应缓存", r"更快，有响应缓存"),
        (r"热轮更快，但原因未证实", r"更快，原因未证实"),
        (r"热轮更慢：", r"更慢"),
        (r"平均而言没有超过 {bound}% 的差异：", r"平均而言没有超过 {bound}% 的差异"),
        (r"不下结论：冷轮被污染", r"不下结论：冷轮不冷"),
        (r"不下结论：最后一个", r"不下结论：服务端漂移"),
        (r"不下结论：.*承受不了该到达速率", r"不下结论：过载"),
        (r"无法判断：没有运行热轮", r"没有热轮"),
        (r"无法判断：没有任何请求", r"没有成功的请求对"),
        (r"无法判断：两轮都有 TTFT 的不同提示词", r"无法判断：提示词太少"),
        (r"无法判断：\d+ 对请求中", r"无法判断：请求失败"),
        (r"无法判断：.*；有响应缓存", r"无法判断：有响应缓存"),
        (r"无法判断：.*不能排除最多 {bound}% 的差异", r"无法判断：不能排除 {bound}%"),
        (r"无法判断：.*轮间按重复轮.*区间跨过", r"无法判断：重复轮之间有差异"),
        (r"无法判断：.*区间跨过", r"无法判断：波动太大"),
    ],
]
# The same where blocks decided, with their ratio.
BY_BLOCKS = [
    [
        (r"cache works: ", "cache works"),
        (r"hits faster, by answers", "faster, response cache"),
        (r"hits faster, cause", "faster, cause not established"),
        (r"hits slower than misses: ", "slower"),
        (r"no effect above", "no effect"),
        (r"cannot tell: ", "cannot tell"),
    ],
    [
        (r"缓存有效：", "缓存有效"),
        (r"命中更快，因为响应缓存", "更快，有响应缓存"),
        (r"命中更快，但原因", "更快，原因未证实"),
        (r"命中比未命中慢：", "更慢"),
        (r"平均而言没有超过", "没有差异"),
        (r"无法判断：", "无法判断"),
    ],
]
# And where rounds without reuse and cold ones are all there is: by the line beside it.
INSIDE = [
    [
        (r"reuse inside the round works", rf"reuse inside the round {N}×"),
        (r"the cold round is faster", "faster than without reuse, cause not established"),
        (r"the cold round is slower", "slower than without reuse"),
        (r"reuse inside the round: no effect", "no effect of reuse inside"),
        (r"reuse inside the round: withheld", "withheld: not cold"),
        (r"reuse inside the round: cannot tell", r"cannot tell \(inside\)"),
    ],
    [
        (r"轮内复用有效", rf"轮内复用 {N}×"),
        (r"冷轮比无复用的轮次快", "比无复用更快，原因未证实"),
        (r"冷轮比无复用的轮次慢", "比无复用更慢"),
        (r"轮内复用：平均而言", "轮内复用没有差异"),
        (r"轮内复用：不下结论", "不下结论：冷轮不冷"),
        (r"轮内复用：无法判断", "无法判断（轮内复用）"),
    ],
]
NO_WARM = ["no warm round was run, so cold and warm are not compared", "没有运行热轮，因此不比较冷热"]


def row(line, name, sentence, level, zh):
    cells = re.split(r"\s{2,}", line.strip())
    same((len(cells), cells[0]), (7, name), "the row of a level")
    words(cells[6], sentence, level, zh)
    taken_back = level.said["conclusion"]["kind"] == "withheld"
    times = re.fullmatch(rf"{N} → {N}", cells[1])
    if times:
        shown(times.group(1), math.exp(level.cold), "typical cold TTFT")
        shown(times.group(2), math.exp(level.warm), "typical warm TTFT")
    if ratio := re.fullmatch(rf"{N}×", cells[2]):
        shown(ratio.group(1), math.exp(level.effect), "ratio")
    elif not taken_back and level.effect is not None:
        raise Wrong("the ratio is not in the table")
    if ends := re.fullmatch(rf"{N}–{N}×", cells[3]):
        for text, end in zip(ends.groups(), level.interval):
            shown(text, math.exp(end), "an end of the interval")
    if "(0 / 0)" in cells[4]:
        raise Wrong("a hit rate of (0 / 0)")
    (cold, ck, co), (warm, wk, wo) = level.rates()
    percent = rf"{N}%" if zh else rf"{N} %"
    hits = re.fullmatch(rf"(?:{percent}|-) → (?:{percent}|-)(?: \((\d+) / (\d+)\))?", cells[4])
    if hits and ck == co and wk == wo:
        for text, rate in zip(hits.groups(), (cold, warm)):
            if text is not None:
                shown(text, None if rate is None else 100 * rate, "hit rate")
    if hits and hits.group(3):
        same((int(hits.group(3)), int(hits.group(4)), wk < wo), (wk, wo, True), "requests of which the hit rate is known")


def words(cell, sentence, level, zh):
    """The last column."""
    if level.by_blocks():
        form = rf"{{}}（M {N}×）" if zh else rf"{{}} \(M {N}×\)"
        if level.mixed.test.made is None:
            form = "{}"
        expected = [form.format(re.escape(few)) for begins, few in BY_BLOCKS[zh] if re.match(begins, sentence)]
        true = level.mixed.test.made
    elif sentence == NO_WARM[zh]:
        lines = level.said["beside_zh" if zh else "beside"]
        line = next(line for line in lines if any(re.match(begins, line) for begins, _ in INSIDE[zh]))
        expected = [few for begins, few in INSIDE[zh] if re.match(begins, line)]
        true = level.inside.effect
    else:
        expected, true = [], None
        for begins, few in FEW_WORDS[zh]:
            if found := re.match(begins.replace("{bound}", r"(\d+)"), sentence):
                expected.append(re.escape(few.replace("{bound}", found.groups()[0] if found.groups() else "")))
    found = re.fullmatch(expected[0], cell) if expected else None
    if not found:
        raise Wrong(f"in a few words: {cell!r} is said, {expected[:1]!r} follows from the sentence")
    if found.groups():
        shown(found.group(1), math.exp(true), "ratio in a few words")


AIDS = {
    "until": ["t interval over cycles, 95 % over all looks", "按冷热循环的置信区间（t），各次查看合计 95%"],
    "cycles": ["95 % t interval over cycles", "各冷热循环的 95% 置信区间（t）"],
}
WIDENED = ["95 % spread over prompts, widened by what two rounds of one kind may differ by", "提示词间 95% 的运行内波动，再按同类两轮允许的差异放宽"]


def aid(text, level, zh):
    """What the interval of the comparison's table is."""
    same(text, AIDS.get(level.source, WIDENED)[zh], "what the interval is")


# The head of the intervals: all by cycles, some of them, none.
INTERVALS = [["95 % t interval", "95% 置信区间（t）"], ["Interval", "区间"], ["Allowed interval", "允许区间"]]


def head(text, levels, zh):
    """The head of the intervals in `summary.md` and on the page: what each level's interval is."""
    kinds = {level.source in AIDS for level in levels if level.effect is not None and level.prompts >= 6}
    same(text, INTERVALS[0 if kinds == {True} else 1 if True in kinds else 2][zh], "the head of the intervals")
