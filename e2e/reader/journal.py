"""A run's journal, and what follows from it: computed here from the records alone."""

import json
import math
from collections import defaultdict

TEMPLATE = 16


class Round:
    def __init__(self, meta, records):
        self.meta, self.records = meta, records
        self.kind, self.number = meta["spec"]["kind"], meta["spec"]["number"]
        self.epoch, self.level = meta["spec"]["epoch"], meta["level"]
        self.omission, self.expected = False, None

    def successes(self):
        return [one for one in self.records if one["outcome"] == "success"]

    def known(self, arm=None):
        """Cached and prompt tokens of each success that tells both; of a mixed round also of one arm."""
        for one in self.successes():
            if arm is not None and one["mixed"]["arm"] != arm:
                continue
            usage = one["usage"]
            prompt, cached = usage["prompt_tokens"], usage["cached_tokens"]
            if cached is None and prompt is not None and self.omission and not usage.get("cached_unreadable"):
                cached = 0
            if prompt is not None and cached is not None and cached <= prompt:
                yield one, cached, prompt


def ttft(record):
    times = record["timeline"]
    if record["outcome"] != "success" or times["first_token_ns"] is None:
        return None
    return (times["first_token_ns"] - times["start_ns"]) / 1e6


def read(folder):
    """Rounds level by level, the last canary, and the run's own settings."""
    rounds, pending, canaries, expected, chance, under_way = [], [], {}, {}, {}, None
    with open(folder / "requests.jsonl", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if "begun" in entry:
                pending, under_way = [], entry["begun"]
            elif "request" in entry:
                request = entry["request"]
                if turn := request.get("turn"):
                    # A session is one observation, as a prompt is elsewhere.
                    request["prompt_digest"] = f"session {turn.get('unit', turn['session'])}"
                pending.append(request)
            elif "round" in entry:
                rounds.append(Round(entry["round"], sorted(pending, key=lambda one: one["index"])))
                under_way = None
            elif "evidence" in entry:
                found = entry["evidence"]
                canaries[found["level"]] = found["canary"]
                for one in found["expected"]:
                    expected[found["level"], one["epoch"]] = one["tokens"]
                for one in found.get("chance", []):
                    chance[found["level"], one["round"]] = one["tokens"]
    if under_way and pending:
        # The run was killed in it.
        rounds.append(Round(under_way, sorted(pending, key=lambda one: one["index"])))
    levels = defaultdict(list)
    for one in rounds:
        levels[one.level].append(one)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for level, of in levels.items():
        omission = leaves_zero_out(of, canaries.get(level), run)
        for one in of:
            one.omission, one.run = omission, run
            one.expected = expected.get((level, one.epoch)) if one.kind == "cold" else None
            one.chance = chance.get((level, one.number))
    return levels, canaries, run


def leaves_zero_out(rounds, canary, run):
    """Silence is 0 where a known miss was silent, and an answer of the run reported hits."""
    if canary is None or canary["first"] is not None or canary["prompt_tokens"] is None:
        return False
    found = not canary.get("replayed") and (canary["repeated"] or 0) > TEMPLATE
    told = any((one["usage"]["cached_tokens"] or 0) > 0 for a in rounds for one in a.successes())
    return (found or told) and len(run["engines"]) <= 1


def hit_rate(rounds, arm=None):
    """Rate, requests that are known, and successes; of mixed rounds also those of one arm."""
    pairs = [(cached, prompt) for a in rounds for _, cached, prompt in a.known(arm)]
    of = sum(arm is None or one["mixed"]["arm"] == arm for a in rounds for one in a.successes())
    prompt = sum(prompt for _, prompt in pairs)
    rate = sum(cached for cached, _ in pairs) / prompt if prompt else None
    return rate, len(pairs), of


# Student's t, by its density: no library, and nothing of the program's.


def t_cdf(x, freedom):
    steps, low = 4000, 0.0
    norm = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    density = lambda u: norm * (1 + u * u / freedom) ** (-(freedom + 1) / 2)
    width = (x - low) / steps
    total = density(low) + density(x)
    total += sum((4 if k % 2 else 2) * density(low + k * width) for k in range(1, steps))
    return 0.5 + total * width / 3


def t_quantile(freedom, left_out):
    """Beyond it on both sides lies the share that is left out."""
    if freedom == 1:
        return math.tan((1 - left_out) / 2 * math.pi)
    low, high = 0.0, 60.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if t_cdf(middle, freedom) < 1 - left_out / 2 else (low, middle)
    return (low + high) / 2


def mean(values):
    return sum(values) / len(values)


def t_interval(values, left_out=0.05):
    middle, n = mean(values), len(values)
    error = math.sqrt(sum((value - middle) ** 2 for value in values) / (n - 1) / n)
    half = t_quantile(n - 1, left_out) * error
    return middle - half, middle + half
