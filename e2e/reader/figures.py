"""Cold against warm in figures: typical times, their ratio, and the interval that decides."""

import math
import re

from text import N, Wrong, same, shown

ROUNDS = {
    "cwc": ["repeated rounds averaged", "重复轮取平均"],
    "cwcw": ["two cycles averaged", "两个冷热循环取平均"],
}
ALLOWED = {
    "default": [rf"±{N} % between rounds allowed by default", rf"轮间默认允许 ±{N}%"],
    "flag": [rf"±{N} % between rounds allowed by --round-noise", rf"轮间按 --round-noise 允许 ±{N}%"],
    "control": [rf"±{N} % between rounds allowed, as the repeats may differ", rf"轮间按重复轮可能的差异允许 ±{N}%"],
}


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
    if level.source == "until":
        found = text.need(
            r"t interval over (\d+) cycles of (\d+) (?:prompts|sessions), 95 % over all looks",
            r"(\d+) 个冷热循环、(\d+) (?:条提示词|个会话)的置信区间（t），各次查看合计 95%",
        )
        return same(tuple(map(int, found.groups())), (len(level.cycles), level.prompts), "cycles and prompts")
    if level.source == "cycles":
        found = text.need(
            r"95 % t interval over (\d+) cycles of (\d+) (?:prompts|sessions)", r"(\d+) 个冷热循环、(\d+) (?:条提示词|个会话)的 95% 置信区间（t）"
        )
        return same(tuple(map(int, found.groups())), (len(level.cycles), level.prompts), "cycles and prompts")
    found = text.need(r"95 % spread over (\d+) (prompts|sessions)", r"(\d+) (条提示词|个会话)间的 95% 运行内波动")
    same(int(found.group(1)), level.prompts, "prompts")
    same(found.group(2) in ("sessions", "个会话"), level.of_sessions, "what one observation is")
    text.need(re.escape(text.words["join"]))
    if found := text.take(r"(\d+) pairs of rounds averaged", r"(\d+) 对轮次取平均"):
        same((level.source, int(found.group(1))), ("inside", len(level.cycles)), "pairs of rounds")
    elif found := text.take(r"one pair of rounds(?=,)", r"一对(?:轮次|冷热轮)(?=，)"):
        same((level.source in ("cw", "inside"), len(level.cycles)), (True, 1), "one pair of rounds")
        if text.zh:
            same(found.group(0) == "一对轮次", level.source == "inside", "which pair it is")
    else:
        text.need(*ROUNDS[level.source])
    text.need(re.escape(text.words["join"]))
    kind, percent = level.allowance
    shown(text.need(*ALLOWED[kind]).group(1), percent, "allowance")
