"""Evidence on cold rounds, diagnoses and notes: their forms, and the figures that records hold."""

import math
import re

import overload
from journal import hit_rate, mean, ttft
from text import N, Wrong, same, shown

CANARY = [
    (rf"a repeated made text took (\d+) of its (\d+) tokens from the cache, and the server said so", rf"重复发送的 (\d+) tokens 合成文本命中缓存 (\d+) tokens，且服务端报告了命中", "hit"),
    (r"a repeated made text took (\d+) of its tokens from the cache, and the server said so", r"重复发送的合成文本命中缓存 (\d+) tokens，且服务端报告了命中", "hit"),
    (r"a repeated made text hit nothing: it found no prefix cache", r"重复发送的合成文本没有任何命中：未发现前缀缓存", "missed"),
    (r"a repeated made text took (\d+) tokens, no more than a template: it found no prefix cache", r"重复发送的合成文本只命中 (\d+) tokens，不超过聊天模板：未发现前缀缓存", "template"),
    (r"a repeated made text was answered under the id of its first answer, .*", r"重复发送的合成文本得到了与首次相同 id 的响应，.*", "replayed"),
    (r"a repeated made text: the server reports no cached tokens", r"重复发送合成文本：服务端不报告缓存命中 tokens", "silent"),
    (r"the same text behind another marker took (\d+) tokens", r"同一文本换用另一个唯一前缀后命中 (\d+) tokens", "other"),
    (r"the same text under another (\w+) took (\d+) tokens", r"同一文本换用另一个 (\w+) 后命中 (\d+) tokens", "salt"),
    (r"the same text under another (\w+) was answered without cached tokens", r"同一文本换用另一个 (\w+) 后，响应未报告缓存命中 tokens", "salt_silent"),
]


def canary(text, level, zh):
    for en, chinese, kind in CANARY:
        found = re.fullmatch(chinese if zh else en, text)
        if not found:
            continue
        seen = level.canary
        if seen is None:
            # A run that was killed before its first level ended tells its canary nowhere else.
            return
        if kind == "hit":
            numbers = [int(one) for one in found.groups()]
            same(sorted(numbers), sorted(one for one in (seen["repeated"], seen["prompt_tokens"]) if one is not None), "the canary")
        elif kind in ("missed", "template"):
            same(seen["repeated"] <= 16, True, "the canary missed")
        elif kind == "replayed":
            same(seen["replayed"], True, "the canary was replayed")
        elif kind == "silent":
            same(seen["repeated"], None, "the canary's repetition")
        elif kind in ("other", "salt"):
            same(int(found.groups()[-1]), seen["other_marker"], "the canary's other text")
        return
    raise Wrong(f"not understood: {text!r}")


def of_rounds(text, level, zh):
    """What holds for several rounds is said once."""
    found = re.fullmatch(r"第 ([\d、]+) 轮：(.*)" if zh else r"rounds? ([\d, ]+): (.*)", text)
    if not found:
        raise Wrong(f"not understood: {text!r}")
    for number in re.findall(r"\d+", found.group(1)):
        of_round(int(number), found.group(2), level, zh)


def of_round(number, rest, level, zh):
    one = next((a for a in level.rounds if a.number == number), None)
    if one is None:
        # The run was killed in it: the journal has no end of it to read.
        return
    known = list(one.known())
    successes = len(one.successes())
    cached, prompt = sum(c for _, c, _ in known), sum(p for _, _, p in known)
    form = rf"(\d+) 个提示词 token 中 (\d+) 个（{N}%）命中缓存，(.*)；超出轮内共享的部分：(\d+)(?:（容许不超过 (\d+)）)?" if zh else rf"(\d+) of (\d+) prompt tokens \({N} %\) came from the cache, (.*); beyond what the round shares: (\d+)(?: \(up to (\d+) are tolerated\))?"
    if found := re.fullmatch(form, rest):
        a, b, share, told, excess, limit = found.groups()
        same((int(b), int(a)) if zh else (int(a), int(b)), (cached, prompt), "cached and prompt tokens")
        shown(share, 100 * cached / max(prompt, 1), "share")
        if int(excess) > cached:
            raise Wrong("more is foreign than was cached")
        silent = sum(1 for a, _, _ in known if a["usage"]["cached_tokens"] is None)
        forms = [
            (r"(\d+) 个请求的命中可知" if zh else r"known for (\d+) requests", [len(known)]),
            (r"没有请求报告命中，该服务端无命中时省略此字段" if zh else r"no request reports any, as this server does without a hit", []),
            (r"(\d+) 个请求有报告，(\d+) 个省略（该服务端无命中时省略此字段）" if zh else r"reported by (\d+); (\d+) say nothing, as this server does without a hit", [len(known) - silent, silent]),
        ]
        for pattern, counts in forms:
            if match := re.fullmatch(pattern, told):
                return same([int(n) for n in match.groups()], counts, "requests that tell")
        raise Wrong(f"not understood: {told!r}")
    forms = [
        (r"服务端不报告缓存命中 tokens；可能有启动参数可开启（.*）" if zh else r"the server reports no cached tokens; it may have an option for it \(.*\)", lambda: len(known) == 0),
        (r"没有请求成功" if zh else r"no request succeeded", lambda: successes == 0),
        (r"提示词彼此共享的部分太多，无法判断是否还有其他命中" if zh else r"the prompts share too much of each other to tell whether anything else was hit", lambda: True),
        (r"提示词太短，无法将命中与聊天模板及一个缓存块区分开" if zh else r"the prompts are too short to tell a hit from the template and a block", lambda: True),
        (r"提示词的共享部分只知道字符数，非共享部分的命中可能无法看出" if zh else r"what prompts share is known by characters only, so hits of what they do not share might not show", lambda: True),
    ]
    for pattern, holds in forms:
        if re.fullmatch(pattern, rest):
            return same(holds(), True, rest)
    if found := re.fullmatch(r"(\d+) 个请求中只有 (\d+) 个的命中可判断" if zh else r"hits can be judged for (\d+) of (\d+) requests only", rest):
        numbers = sorted(int(n) for n in found.groups())
        return same(numbers[1], successes, "successes")
    if found := re.fullmatch(r"(\d+) 个请求重发过，.*" if zh else r"requests that were sent again: (\d+); .*", rest):
        again = sum(1 for record in one.successes() if record.get("retries"))
        return same(int(found.group(1)), again, "requests that were sent again")
    if found := re.fullmatch(r"(\d+) 个请求报告的缓存命中 tokens 多于其提示词，未予采用" if zh else r"requests that report more cached tokens than their prompt has: (\d+); they are left out", rest):
        more = sum(1 for record in one.successes() if (record["usage"]["cached_tokens"] or 0) > (record["usage"]["prompt_tokens"] or math.inf))
        return same(int(found.group(1)), more, "impossible answers")
    if found := re.fullmatch(r"同一文本换用另一个唯一前缀后仍命中 (\d+) tokens：.*" if zh else r"the same text behind another marker took (\d+) tokens from the cache: either .*", rest):
        return same(int(found.group(1)), (level.canary or {}).get("other_marker"), "the canary's other text")
    if found := re.fullmatch(r"有 (\d+) 个请求，各自的提示词有一半以上意外命中缓存" if zh else r"requests that took half of their prompt and more from a cache, unexpectedly: (\d+)", rest):
        half = sum(1 for _, c, p in known if 2 * c >= p)
        if int(found.group(1)) > half:
            raise Wrong(f"{found.group(1)} requests of half, {half} have it")
        return
    raise Wrong(f"not understood: {rest!r}")


MANY = 0.1
REPLAYS = [
    (r"(\d+) of (\d+) answers to repeated requests bear the id of an earlier answer to the same prompt", r"(\d+) 个重复请求的响应中有 (\d+) 个与同一提示词之前的响应 id 相同"),
    (r"(\d+) of (\d+) answers to repeated requests came whole while the engines' counters stood still", r"(\d+) 个重复请求的响应中有 (\d+) 个整段到达，而引擎计数器没有变化"),
]


def replays(text, level, zh):
    """Answers that a response cache gave back."""
    for at, forms in enumerate(REPLAYS):
        found = re.match(forms[zh], text)
        if not found:
            continue
        rest = text[found.end() :]
        ends = ["：由响应缓存返回，而非引擎", "；其耗时不是引擎的耗时"] if zh else [": a response cache gave them back, not an engine", "; their times are not the engine's"]
        if rest not in ends:
            raise Wrong(f"not understood: {rest!r}")
        a, b = map(int, found.groups())
        answers, of = (b, a) if zh else (a, b)
        if at == 0:
            same((answers, of), returned(level.rounds), "answers under an earlier id, of answers to repeated requests")
        if answers > of:
            raise Wrong("more answers came back than there are")
        return True
    return False


def returned(rounds):
    """Answers to repeated requests whose id an earlier answer to the same request of their epoch has, and
    of how many: those of warm rounds, and of the hit arm of mixed ones."""
    answers = of = 0
    for at, again in enumerate(rounds):
        if again.kind not in ("warm", "mixed"):
            continue
        earlier = [one for a in rounds[:at] if a.epoch == again.epoch for one in a.successes() if one.get("response_id")]
        known, ids = ({tuple(map(one.get, keys)) for one in earlier} for keys in (("index",), ("index", "response_id")))
        for one in again.successes():
            # The other arm of a mixed round repeats nothing.
            if one.get("response_id") and (one.get("mixed") or {}).get("arm") != "miss" and (one["index"],) in known:
                of += 1
                answers += (one["index"], one["response_id"]) in ids
    return answers, of


def is_replayed(rounds):
    """So many answers came back that a level's figures are those of a response cache."""
    answers, of = returned(rounds)
    return answers > MANY * of


def fact(source, text, level, zh):
    if source == "canary":
        return canary(text, level, zh)
    if replays(text, level, zh):
        return
    if source == "usage":
        return of_rounds(text, level, zh)
    forms = [
        (r"nothing was done to make the round cold \(--cold none\)", r"没有采取任何措施使该轮为冷（--cold none）"),
        (r"an earlier level sent the same prompts, and nothing was done since", r"之前的负载级别已发送过相同的提示词，此后没有采取任何措施"),
        (r"cache reset accepted by \S+", r"\S+ 接受了缓存重置"),
        (r"proven: a text that had hit \d+ tokens hit \d+ after it", r"已证实：一段文本重置前命中 \d+ tokens，重置后命中 \d+"),
        (r"proven: a text that had hit \d+ tokens was answered without any after it", r"已证实：一段文本重置前命中 \d+ tokens，重置后的响应未报告命中"),
        (r"not proven: a request that was to prove it failed \(.*\)", r"未证实：用于证实的请求失败（.*）"),
        (r"not proven: no text was seen to hit before it", r"未证实：重置前没有文本被看到命中"),
        (r"(?:of \d+ prompt tokens sent in the cold round the engines' counters saw \d+: )?these answers may be those of earlier requests, .*", r"(?:冷轮发送了 \d+ 个提示词 token，而引擎计数器只见到 \d+ 个：)?这些响应可能是之前请求的响应被原样返回，.*"),
    ]
    if not any(re.fullmatch(form[zh], text) for form in forms):
        raise Wrong(f"not understood: {text!r}")


DIAGNOSES = [
    (r"cache off: the engine says so itself", r"缓存未启用：引擎自己这样报告", None),
    (r"the level ended before there were two rounds to compare, so nothing is compared", r"该负载级别在有两轮可比较之前就结束了，没有可比较的", lambda level: not compared(level) and "W" in level.run["plan"]["schedule"]),
    (r"the schedule has no warm round, so nothing is compared: a warm round \(W\) repeats a cold one", r"只有冷轮，没有热轮可比（热轮 W 原样重复冷轮的请求）", lambda level: not compared(level) and not set("WM") & set(level.run["plan"]["schedule"])),
    (r"cache off[,:] .*hit nothing either", r"缓存未启用.*也没有任何命中", lambda level: (level.canary or {}).get("repeated") in range(17)),
    (r"evicted: the prompts of one round hold \d+ tokens, the cache \d+, .*", r"已被驱逐：一轮的提示词共 \d+ token，而缓存容量为 \d+ token，.*", lambda level: low(level) and seen(level)),
    (r"evicted: (\d+) prompts took turns on \d+ slots, .*", r"已被驱逐：(\d+) 条提示词轮流使用 \d+ 个槽位，.*", lambda level: low(level) and seen(level)),
    (r"another replica[,:] .*", r"请求落到了其他副本[，：].*", lambda level: low(level)),
    (r"of (\d+) prompt tokens sent in a warm round the engines' counters saw \d+: .*", r"热轮发送了 (\d+) 个提示词 token，而引擎计数器只见到 \d+ 个：.*", None),
    (r"counters left out: \S+: .*", r"不采用的计数器：\S+：.*", None),
    (r"store not finished, perhaps: .*", r"缓存写入可能未完成：.*", lambda level: low(level)),
    (r"the server counted other prompt tokens for the same bytes .*", r"同样的字节，服务端统计的提示词 token 数却不同.*", None),
    (r"the cache works for one text sent twice, .*", r"同一文本连发两次能命中，.*", lambda level: low(level)),
    (r"the server reports no cached tokens, so hits cannot be seen: .*", r"服务端不报告缓存命中 token，无法看到命中：.*", lambda level: level.rates()[1][1] == 0),
    (r"the server reports more cached tokens than prompt tokens, .*", r"服务端报告的缓存命中 token 多于提示词 token，.*", None),
    (rf"{N} % of the prompt tokens came from the cache, yet TTFT did not follow: .*", rf"{N}% 的提示词 token 命中缓存，但 TTFT 没有随之下降：.*", lambda level: more(level)),
    (r"requests failed in the warm round; only pairs that succeeded twice are compared", r"热轮中有请求失败；只比较两轮都成功的请求对", lambda level: any(one["outcome"] != "success" for a in level.warms for one in a.records)),
    (r"no request succeeded with a TTFT in both rounds: see the failures of each round", r"没有任何请求在两轮中都成功并测得 TTFT：请看各轮的失败原因", lambda level: level.ratio is None),
    (r"warm requests whose cold request failed, .*: (\d+); they are in the hit rate", r"(\d+) 个热轮请求没有成功的冷轮请求，.*", None),
    (r"partial blocks: .*", r"不完整的缓存块：.*", None),
    (r"below a block: .*", r"短于一个缓存块：.*", None),
]


def compared(level):
    """Rounds that something is compared of."""
    return bool(level.warms or level.mixed or level.inside)


def external(text, level):
    """Outer tiers alone, against the cold rounds of their epochs."""
    found = re.fullmatch(rf"(?:outer tiers only|仅外部缓存层): TTFT {N} → {N} ms, {N}× \((?:{N}–{N}×|-)\), (?:cache hit rate|缓存命中率) (?:{N} ?%|-)", text)
    if not found:
        return False
    rounds = [one for one in level.rounds if one.kind == "external"]
    pairs = [(cold, one) for one in rounds for cold in level.colds if cold.epoch == one.epoch]
    rows = level.common(pairs)
    cold, other = (math.exp(mean([row[at] for row in rows])) for at in (0, 1))
    shown(found.group(1), cold, "cold TTFT")
    shown(found.group(2), other, "TTFT from outer tiers")
    shown(found.group(3), cold / other, "ratio")
    rate, known, _ = hit_rate(rounds)
    if found.group(6):
        shown(found.group(6), 100 * rate, "hit rate")
    else:
        same(known, 0, "requests known")
    return True


def kept(text, level):
    """A round that kept a share of each prompt."""
    if re.fullmatch(r"(?:prefix kept: cut at (?:token ids, block size \d+|characters)|保留前缀: 按(?: token 截断，缓存块 \d+ tokens|字符截断))", text):
        return True
    found = re.fullmatch(rf"(?:prefix kept|保留前缀) (\d+) ?%\s+TTFT {N}\s+█*\s*{N}×\s+\((?:{N} % of the prompts|占提示词 {N}%); \S+(?: \S+ \S+)? (?:{N} ?%|-)\)", text)
    if not found:
        return False
    share = int(found.group(1))
    rounds = [one for one in level.rounds if one.kind == "partial" and one.meta["spec"].get("kept_percent") == share]
    same(len(rounds), 1, f"rounds that kept {share} %")
    pairs = [one for one in rounds[0].records if ttft(one)]
    colds = {one["index"] for cold in level.colds if cold.epoch == rounds[0].epoch for one in cold.records if ttft(one)}
    shown(found.group(2), mean([ttft(one) for one in pairs if one["index"] in colds]), "TTFT")
    if found.groups()[-1]:
        shown(found.groups()[-1], 100 * hit_rate(rounds)[0], "hit rate")
    return True


def more(level):
    """The warm rounds hit more than the cold ones."""
    (cold, a, _), (warm, b, _) = level.rates()
    return not (a and b) or warm > cold


def seen(level):
    """The canary's text was found again: nothing is lost that was never cached."""
    canary = level.canary or {}
    return not canary.get("replayed") and (canary.get("repeated") or 0) > 16


def low(level):
    rate, known, _ = level.rates()[1]
    cold, cold_known, _ = level.rates()[0]
    # What the prompts of a round share is hit in both.
    return known == 0 or rate < 0.5 or (cold_known and rate - cold < 0.5)


def diagnosis(text, level, zh):
    if external(text, level) or kept(text, level):
        return
    name = "响应缓存：" if zh else "response cache: "
    if text.startswith(name) and replays(text[len(name) :], level, zh):
        return
    for *forms, holds in DIAGNOSES:
        if re.fullmatch(forms[zh], text):
            return same(holds is None or holds(level), True, text)
    raise Wrong(f"not understood: {text!r}")


PLACES = r"(?: \((?:(?:(?:concurrency|request rate|replay)/round|(?:并发|请求速率|回放)/轮) [^()]*|each round|每一轮)\))?"


def failed(one):
    return sum(record["outcome"] != "success" for record in one.records)


def below_minimum(one):
    """Prompts shorter than the plan's minimum, of all whose tokens are known, and that minimum."""
    least = (one.run["plan"]["request"].get("cache") or {}).get("min_tokens") or 0
    prompts = [record["usage"]["prompt_tokens"] for record in one.successes()]
    known = [tokens for tokens in prompts if tokens is not None]
    return (sum(tokens < least for tokens in known), len(known), least)


# Forms, and which rounds' figures the numbers must be, in the order of the English form.
NOTES = [
    (r"n = (\d+): a P99 needs at least 100 samples, here it is close to the maximum", r"成功请求只有 (\d+) 个，P99 至少需要 100 个：此处的 P99 接近最大值", lambda one: (len(one.successes()),)),
    (r"(\d+) of (\d+) requests failed; most often .*", r"(\d+) 个请求中有 (\d+) 个失败；最常见：.*", lambda one: (failed(one), len(one.records))),
    (r"all (\d+) requests failed; most often .*", r"全部 (\d+) 个请求失败；最常见：.*", lambda one: (failed(one),)),
    (r"\d+ of \d+ answers came compressed, .*", r"\d+ 个响应中有 \d+ 个按 Accept-Encoding .*", None),
    (r"\d+ of \d+ streams arrived in one burst: .*", r"\d+ 个流中有 \d+ 个是一次性到达的：.*", None),
    (r"\d+ samples were asked for, the dataset has \d+; --oversample repeats rows", r"要求 \d+ 个样本，数据集只有 \d+ 个；--oversample 可重复使用", None),
    (r"\d+ prompts are repetitions of another one, .*", r"有 \d+ 个提示词与其他重复，.*", None),
    (r"\d+ prompts were cut to \d+ \w+ \(--max-input-length\)", r"\d+ 个提示词被截断为 \d+ [^（]+（--max-input-length）", None),
    (r"prompts have \d+ tokens by the server, .*", r"服务端计得提示词共 \d+ token，.*", None),
    (r"\d+ answers were not streamed: .*", r"\d+ 个响应不是流式的：.*", None),
    (r"\d+ of \d+ requests: output tokens counted from events, .*", r"\d+ 个请求中有 \d+ 个的输出 token 数按事件计数，.*", None),
    (r"\d+ requests: usage reports fewer output tokens .*", r"\d+ 个请求的 usage 报告的输出 token 数少于.*", None),
    (r"\d+ of \d+ answers report more cached tokens than .*", r"\d+ 个响应中有 \d+ 个报告的缓存命中 token 多于.*", None),
    (r"\d+ requests: usage does not add up, .*", r"\d+ 个请求的 usage 自相矛盾：.*", None),
    (r"\d+ of \d+ answers began with text in a field that is not known \(`.*`\): .*", r"\d+ 个响应中有 \d+ 个以未知字段（`.*`）中的文本开头：.*", None),
    (r"\d+ answers ended with a finish_reason that is not known \(`.*`\); .*", r"\d+ 个响应的 finish_reason 是未知的词（`.*`）；.*", None),
    (r"the server counted \d+ tokens for prompts of \d+ characters .*", r"服务端对共 \d+ 字符的提示词只计了 \d+ token（.*", None),
    (r"this client did not run for \d+ ms .*", r"客户端有 \d+ ms 未运行.*", None),
    (r"the journal lacks \d+ of the \d+ requests of this finished round: .*", r"运行日志缺少本轮（已完成）\d+ 个请求中的 \d+ 个：.*", None),
    (r"fields of rows that are not sent: .*", r"数据集各行中未发送的字段：.*", None),
    (r"\d+ rows? with the id of an earlier row: .*", r"有 \d+ 行的 id 与前面的行相同：.*", None),
    (r"\d+ of \d+ pairs: the server counted other prompt tokens .*", r"\d+ 对中有 \d+ 对：同样的字节，.*", None),
    (r"the canary was not answered \(.*\): whether hits happen .*", r"探测请求（canary）未得到响应（.*）：事先无法知道.*", None),
    (r"\d+ of \d+ warm-up requests failed \(.*\): .*", r"\d+ 个预热请求中有 \d+ 个失败（.*", None),
    (r"\d+ requests timed out: .*", r"\d+ 个请求超时：.*", None),
    (r"--\S+ ended the round early; \d+ requests were never sent", r"本轮被 --\S+ 提前结束；\d+ 个请求未发送", None),
    (r"the run was killed in this round: (\d+) requests are not in the journal, of which up to \d+ were in flight", r"运行在本轮中被杀死：(\d+) 个请求不在运行日志中，其中最多 \d+ 个当时在途", None),
    (r"the round ended early; \d+ requests were never sent\. .*", r"本轮提前结束；\d+ 个请求未发送。.*", None),
    (r"\d+ requests were sent again after failures .*", r"\d+ 个请求失败后重发（.*", None),
    (r"(\d+) of (\d+) requests opened a connection \(ready: (\d+)\), as none was free or the server had closed it: .*", r"(\d+) 个请求中有 (\d+) 个新建了连接（预先打开 (\d+) 条），因为没有空闲连接，或连接已被服务端关闭：.*", overload.opened),
    (r"this client sent requests late: .*", r"客户端发送滞后：.*", None),
    (r"no request met the SLO: .*", r"没有请求满足 SLO：.*", None),
    (r"median TTFT .*", r"TTFT 中位数.*", None),
    (r"other traffic on this server: .*", r"服务端有其他流量（.*", None),
    (r"this client was overloaded .*", r"客户端过载.*", None),
    (r"metric \S+ is (?:taken as|not on the page).*", r"(?:页面上没有指标|指标) .*", None),
    (r"\S+: no figures: it .*", r"\S+：不给出数值：.*", None),
    (r"(?:--admin-url|metrics of) \S+ cannot be (?:reached|read).*", r"(?:无法连接 --admin-url|无法读取) \S+.*", None),
    (r"\d+ of \d+ scrapes of \S+ failed(?: \(.*\))?", r"对 \S+ 的 \d+ 次抓取中有 \d+ 次失败(?:（.*）)?", None),
    (r"(\d+) of (\d+) prompts are shorter than the (\d+) tokens from which on this model is said to cache, and hit nothing: .*", r"(\d+) 个提示词中有 (\d+) 个短于该模型据称可缓存的最短长度 (\d+) token，且没有命中：.*", below_minimum),
    (r"[a-z_, ]+: (?:the server caches by itself: a repeated text of \d+ tokens hit .*|ignored: a repeated text of .*|not proven: the canary's text has .*|what it does is not known: .*)", r"[a-z_, ]+：(?:服务端自行缓存：.*|被忽略：.*|未证实：.*|作用未知：.*)", None),
    (r"--prometheus-metrics auto knows none of the \d+ metrics .*", r"--prometheus-metrics auto 不认识现有 \d+ 个指标中的任何一个；.*", None),
]


FEW_BLOCKS = [
    r"M at (\d+|[\d.]+/s[^:]*|replay[^:]*): (\d+) blocks? a round, (\d+) M rounds?; 10 blocks are needed to say how sure it is: (?:(\d+) M rounds? or )?(\d+) samples",
    r"(?:并发|请求速率|) ?(\d+|[\d.]+/s[^：]*|回放[^：]*) 的 M：每轮 (\d+) 个区块，(\d+) 个 M 轮；要说明把握有多大，需要 10 个区块：(?:(\d+) 个 M 轮或 )?(\d+) 个样本",
]


def few_blocks(found, levels):
    """By the blocks that mixed rounds had, and the ways to give half of them an arm."""
    load, *numbers = found.groups()
    blocks, rounds, needed, samples = (int(one) if one else None for one in numbers)
    plan = levels[0].run["plan"]
    same(sum(letter == "M" for letter in plan["schedule"]), rounds, "M rounds")
    if not load.isdigit():
        # The blocks of an open loop are planned by time, after its cold round.
        return None
    concurrency = int(load)
    same(10 * (1 if concurrency == 1 else 4 * concurrency), samples, "samples that are enough")
    enough = (n for n in range(1, 21) if n * blocks >= 10 and math.comb(blocks, blocks // 2) ** n >= 40)
    same(next(enough, None), needed, "M rounds that are enough")
    of_level = [level for level in levels if level.said["concurrency"] == concurrency]
    # It stands at the first round of its own level; one of a single level need not be named.
    if place := re.search(r"\((?:concurrency/round|并发/轮) (.*)\)$|（(?:concurrency/round|并发/轮) (.*)）$", found.string):
        same(place.group(1) or place.group(2), f"{concurrency}/1", "the place of a note on blocks")
    elif len(levels) > 1:
        raise Wrong("which level has few blocks is not said")
    for one in (one for level in of_level for one in level.rounds if one.kind == "mixed"):
        if len(one.records) == one.meta["planned"]:
            same(1 + max(record["mixed"]["block"] for record in one.records), blocks, "blocks of a round")
    return of_level


def fresh_unproven(levels):
    """The canary did not find a text again, or did not find it behind another value."""
    for level in levels:
        canary = level.canary or {}
        if (canary.get("repeated") or 0) > 16 and canary.get("other_counted") and not canary.get("replayed"):
            raise Wrong("the canary proved that fresh text separates")


def note(text, levels, zh):
    if found := re.fullmatch(FEW_BLOCKS[zh] + PLACES, text):
        return few_blocks(found, levels)
    unproven = r"M 与 N 依赖全新前缀使提示词不再命中，而探测请求（canary）在此未能证实这一点" if zh else r"M and N rest on fresh text making a prompt cold, which the canary did not prove here"
    if re.fullmatch(unproven + PLACES, text):
        return fresh_unproven(levels)
    for en, chinese, figures in NOTES:
        found = re.fullmatch((chinese if zh else en) + PLACES, text)
        if not found:
            continue
        numbers = tuple(map(int, filter(None, found.groups())))
        # Of a run that was killed the journal lacks the end of a round.
        if figures and all(level.whole for level in levels):
            of_rounds = {tuple(sorted(figures(one))) for level in levels for one in level.rounds}
            same(tuple(sorted(numbers)) in of_rounds, True, text)
        return None
    raise Wrong(f"not understood: {text!r}")
