"""A randomisation test by hand: what the arms of blocks would differ by, had the coin fallen otherwise."""

import itertools
import math
import random

ALL = 10_000
# Two shares of 10,000 draws each are farther apart than so many standard errors once in 100,000 times.
ERRORS = 4.5


class Randomised:
    """Blocks of rounds, each (values, their sum, what an effect of 1 adds to it, whether it hits); arms are
    compared within a round."""

    def __init__(self, rounds):
        rounds = [blocks for blocks in rounds if len({hit for *_, hit in blocks}) == 2]
        self.made = None
        if not rounds:
            return
        values = [sum(n for n, *_ in blocks) for blocks in rounds]
        weights = [one / sum(values) for one in values]
        chosen = [[at for at, (*_, hit) in enumerate(blocks) if hit] for blocks in rounds]
        self.ways = math.prod(math.comb(len(blocks), len(hits)) for blocks, hits in zip(rounds, chosen))
        self.apart, self.share = together(rounds, weights, chosen)
        self.made = self.apart / self.share
        self.exact = self.ways <= ALL
        if self.exact:
            every = [list(itertools.combinations(range(len(blocks)), len(hits))) for blocks, hits in zip(rounds, chosen)]
            tosses = itertools.product(*every)
        else:
            coin = random.Random(20)
            draw = lambda: [coin.sample(range(len(blocks)), len(hits)) for blocks, hits in zip(rounds, chosen)]
            tosses = itertools.chain([chosen], (draw() for _ in range(ALL)))
        self.tosses = [together(rounds, weights, toss) for toss in tosses]

    def p(self, effect=0.0):
        """The share of tosses that part the arms as far as the coin did, were hits faster by the effect."""
        far = abs(self.apart - effect * self.share)
        far -= 1e-9 * (1 + far)
        # A toss that shows an effect even more than the one made is as far, whatever is taken off.
        more = lambda share: effect != 0 and abs(share) >= self.share - 1e-9
        is_far = (more(share) or abs(apart - effect * share) >= far for apart, share in self.tosses)
        return sum(is_far) / len(self.tosses)

    def end(self, side):
        """Where p comes to 5 %, below (-1) or above (1) what was found; None: nowhere."""
        inside, outside = self.made, self.made + side * 64
        if self.p(outside) > 0.05:
            return None
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if self.p(middle) > 0.05 else (inside, middle)
        return inside

    def slack(self, p):
        """What two sets of draws may differ by where p is so large; nothing where all tosses are looked at."""
        return 0.0 if self.exact else ERRORS * math.sqrt(2 * max(p * (1 - p), 1 / ALL) / ALL) + 2 / ALL

    def bears_p(self, said, rounding):
        true = self.p()
        return abs(said - true) <= self.slack((said + true) / 2) + rounding

    def bears_end(self, said, side, rounding):
        """The end of an interval, as far as it was rounded."""
        if self.exact:
            true = self.end(side)
            return true is not None and abs(math.exp(true) - said) <= rounding
        nearer = side * max(side * math.log(said - side * rounding), side * self.made)
        farther = math.log(said + side * rounding)
        return self.p(farther) - self.slack(0.05) <= 0.05 <= self.p(nearer) + self.slack(0.05)


def together(rounds, weights, toss):
    """The difference of the arms over all rounds, and the share of an effect of the coin's own arms in it."""
    apart = share = 0.0
    for blocks, weight, first in zip(rounds, weights, toss):
        first = set(first)
        n, total, treated = [0, 0], [0.0, 0.0], [0.0, 0.0]
        for at, (values, summed, effect, _) in enumerate(blocks):
            arm = at not in first
            n[arm] += values
            total[arm] += summed
            treated[arm] += effect
        apart += weight * (total[1] / n[1] - total[0] / n[0])
        share += weight * (treated[0] / n[0] - treated[1] / n[1])
    return apart, share
