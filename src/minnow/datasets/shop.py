"""A small simulated shop: what 800 customers bought of 250 articles, and how they liked it, over some months.

How it is made: every article belongs to one of 12 groups, and within its group a few articles are asked for far more
often than the rest (weight 1/rank). Every customer has a taste for two groups, a strong and a weaker one, and is more
or less active. Each step of time one customer comes by. Of twenty purchases eleven fall into the strong group, five
into the weaker one, and four are whatever the whole shop sells best; nobody buys an article twice. What fits the
taste is rated 3 to 5, anything else 1 to 4.

So an article's neighbours tell what a customer wants next, and popularity alone tells much less. The time stamps
increase, so that a split by time leaves the same customers on both sides.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from itertools import accumulate
from pathlib import Path

FILE = "interactions.csv"
SHA256 = {FILE: "63d514cf68d2a13dec0f294664be74aacbbf7c5a6468d701d24aa2682d6aefc0"}

SEED = 20_231
USERS, ITEMS, GROUPS, ROWS = 800, 250, 12, 20_000
START_S = 1_700_000_000
STEP_S = 900
SCALE = 27_720  # a multiple of 1..12, so that the weights 1/rank are mostly exact integers


class _Weighted:
    """Draws an index in proportion to integer weights."""

    def __init__(self, weights: list[int]) -> None:
        self.cumulative = list(accumulate(weights))

    def draw(self, rng: random.Random) -> int:
        return bisect_right(self.cumulative, int(rng.random() * self.cumulative[-1]))


def rows() -> list[tuple[str, str, int, int]]:
    """Simulate the shop: (user, item, rating 1..5, unix time in seconds), in order of time."""
    rng = random.Random(SEED)
    groups = [list(range(g, ITEMS, GROUPS)) for g in range(GROUPS)]
    in_group = [_Weighted([SCALE // (rank + 1) for rank in range(len(group))]) for group in groups]
    overall = _Weighted([SCALE // (item // GROUPS + 1 + 2 * (item % GROUPS)) for item in range(ITEMS)])
    tastes = [_two_groups(rng) for _ in range(USERS)]
    coming = _Weighted([1 + int(rng.random() * 6) for _ in range(USERS)])
    bought: list[set[int]] = [set() for _ in range(USERS)]
    found, time_s = [], START_S
    while len(found) < ROWS:
        user = coming.draw(rng)
        item, fits = _choose(rng, tastes[user], groups, in_group, overall)
        rating = (3 if fits else 1) + int(rng.random() * (3 if fits else 4))
        time_s += 1 + int(rng.random() * STEP_S)
        if item not in bought[user]:
            bought[user].add(item)
            found.append((f"u{user:03d}", f"i{item:03d}", rating, time_s))
    return found


def _two_groups(rng: random.Random) -> tuple[int, int]:
    strong = int(rng.random() * GROUPS)
    return strong, (strong + 1 + int(rng.random() * (GROUPS - 1))) % GROUPS


def _choose(
    rng: random.Random,
    taste: tuple[int, int],
    groups: list[list[int]],
    in_group: list[_Weighted],
    overall: _Weighted,
) -> tuple[int, bool]:
    """Draw an article, and say whether it fits the taste."""
    chance = int(rng.random() * 20)
    if chance >= 16:
        item = overall.draw(rng)
        return item, item % GROUPS in taste
    group = taste[0] if chance < 11 else taste[1]
    return groups[group][in_group[group].draw(rng)], True


def write(folder: Path) -> None:
    """Write interactions.csv: user,item,rating,time with a header, 20,000 rows."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["user,item,rating,time", *(",".join(map(str, row)) for row in rows())]
    (folder / FILE).write_bytes(("\n".join(lines) + "\n").encode())
