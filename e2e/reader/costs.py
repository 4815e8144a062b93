"""What a level cost, from the records and the prices of the run: exact fractions of its own."""

import re
from fractions import Fraction

from text import N, Wrong, same

TTLS = ["5m", "30m", "1h"]
FORMS = {
    "both": [
        rf"cost of a request: {N} → {N} (\S+)(?: \({N} % (less|more)\)| \(the same\))?",
        rf"每个请求的费用：{N} → {N} (\S+?)(?:（(?:少|多) {N}%）|（相同）)?",
    ],
    "one": [
        rf"cost of a request: cold ({N}|-), warm ({N}|-) (\S+); what is missing is said with the rounds",
        rf"每个请求的费用：冷 ({N}|-)，热 ({N}|-) (\S+)；缺少的数据见各轮",
    ],
    "pays": [
        r"a write for (\S+) pays from (\d+) reuses? on",
        r"(\S+) 的写入复用 (\d+) 次起划算",
    ],
    "free": [
        r"a write for (\S+) costs less than input: it pays without any reuse",
        r"(\S+) 的写入比普通输入更便宜：无需复用即划算",
    ],
    "never": [
        r"a write for (\S+) never pays: reading costs no less than input",
        r"(\S+) 的写入永远不划算：读取不比普通输入便宜",
    ],
}
BEGINS = [r"cost of a request: |a write for ", r"每个请求的费用：|(?:5m|30m|1h) 的写入"]


def table(run):
    """The prices of the run's model for one token, and the currency; nothing without prices."""
    prices = run["plan"].get("prices")
    if not prices:
        return None, None
    models = prices["models"]
    own = models.get(run["plan"]["model"], models.get("*"))
    one = lambda value: None if value is None else Fraction(str(value)) / 1_000_000
    flat = {key: one(own.get(key)) for key in ("input", "cache_read", "output")}
    flat["write"] = {ttl: one((own.get("cache_write") or {}).get(ttl)) for ttl in TTLS}
    return flat, prices["currency"]


def ttl_of(run, prices):
    """How long written tokens are kept, where an answer does not tell."""
    cache = run["plan"]["request"].get("cache") or {}
    asked = cache.get("control") if cache.get("control") in TTLS else cache.get("retention")
    given = [ttl for ttl in TTLS if prices["write"][ttl] is not None]
    return asked if asked in TTLS else given[0] if len(given) == 1 else None


def of_request(record, cached, run, prices):
    """What one answer cost; nothing where a count or a price is missing."""
    usage = record["usage"]
    prompt, output = usage["prompt_tokens"], usage["completion_tokens"]
    written = usage.get("written_tokens")
    if None in (prompt, output, cached):
        return None
    priced = any(value is not None for value in prices["write"].values())
    if written is None:
        if priced:
            return None
        written = 0
    parts = []
    short, long = usage.get("written_5m_tokens") or 0, usage.get("written_1h_tokens") or 0
    if written and short + long == written:
        parts += [(short, prices["write"]["5m"]), (long, prices["write"]["1h"])]
    elif written:
        ttl = ttl_of(run, prices)
        parts.append((written, prices["write"][ttl] if ttl else None))
    parts += [(prompt - cached - written, prices["input"]), (cached, prices["cache_read"]), (output, prices["output"])]
    if any(tokens and value is None for tokens, value in parts):
        return None
    return sum(tokens * value for tokens, value in parts if tokens)


def mean_cost(rounds, level, prices):
    """The mean over the answers of these rounds; nothing where that of any is not known."""
    total, count = Fraction(0), 0
    for one in rounds:
        known = {record["index"]: cached for record, cached, _ in one.known()}
        answers = one.successes()
        if not answers:
            return None
        for record in answers:
            cost = of_request(record, known.get(record["index"]), level.run, prices)
            if cost is None:
                return None
            total, count = total + cost, count + 1
    return total / count if count else None


def costs(level):
    """Cold and warm, by the kinds of the rounds."""
    prices, currency = table(level.run)
    means = [mean_cost([one for one in level.rounds if one.kind == kind], level, prices) for kind in ("cold", "warm")]
    return means, prices, currency


def pays(prices, ttl):
    """The fewest reuses with which a write is cheaper than no cache; -1: never, None: a price is missing."""
    write, read, plain = prices["write"][ttl], prices["cache_read"], prices["input"]
    if None in (write, read, plain):
        return None
    return next((k for k in range(10_000) if write + k * read < (k + 1) * plain), -1)


def amount(said, true, what):
    if said == "-" or true is None:
        return same(said, "-" if true is None else said, what)
    if abs(Fraction(said) - true) > Fraction(1, 2_000_000):
        raise Wrong(f"{what}: {said} is said, {float(true):.9f} is true")


def beside(sentence, level, zh):
    """A line on costs beside the conclusion; whether it is one."""
    if not re.match(BEGINS[zh], sentence):
        return False
    (cold, warm), prices, currency = costs(level)
    for name in ("pays", "free", "never"):
        if found := re.fullmatch(FORMS[name][zh], sentence):
            said = {"pays": lambda: int(found.group(2)), "free": lambda: 0, "never": lambda: -1}[name]()
            same(said, pays(prices, found.group(1)), sentence)
            return True
    if found := re.fullmatch(FORMS["both"][zh], sentence):
        amount(found.group(1), cold, "the cost of a cold request")
        amount(found.group(2), warm, "the cost of a warm request")
        same(found.group(3), currency, "the currency")
        share = 0 if not cold else 100 * (cold - warm) / cold
        text = found.group(0)
        percent = re.search(rf"{N} ?% ?(?:less|more)?[)）]", text)
        if percent:
            less = "less" in text or "少" in text
            same(less, share > 0, sentence)
            if abs(Fraction(percent.group(1)) - abs(share)) > Fraction(6, 100):
                raise Wrong(f"{sentence}: {float(share):.3f} % is true")
        return True
    found = re.fullmatch(FORMS["one"][zh], sentence)
    if not found:
        raise Wrong(f"not understood: {sentence!r}")
    same(None in (cold, warm), True, sentence)
    amount(found.group(1), cold, "the cost of a cold request")
    amount(found.group(3), warm, "the cost of a warm request")
    return True


def expected_lines(level):
    """How many lines there are."""
    prices, _ = table(level.run)
    if prices is None:
        return 0
    return 1 + sum(pays(prices, ttl) is not None for ttl in TTLS)
