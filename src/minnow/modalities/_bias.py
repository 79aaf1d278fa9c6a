"""Ratings by what a user gives and an item gets, learned from some rows and asked of others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from minnow.types import Array

ROUNDS = 5
HELD_BACK = (1.0, 2.0, 3.0, 5.0, 8.0)
"""Ratings of the mean that are added to each user's and each item's own: a rare one says little."""
PRIOR = 4.0
BLOCKS = 8


@dataclass(frozen=True)
class Rows:
    """Ratings by number. user, item: (n,) int64; rating, time: (n,) float64; users, items: how many there are."""

    user: Array
    item: Array
    rating: Array
    time: Array
    users: int
    items: int

    def take(self, index: Array) -> Rows:
        """Return the rows at index."""
        return Rows(self.user[index], self.item[index], self.rating[index], self.time[index], self.users, self.items)


def bias(rows: Rows, by_user: float, by_item: float) -> tuple[float, Array, Array]:
    """Mean of all ratings, and what each user (users,) and item (items,) adds to it, held back towards nothing.

    by_user, by_item: ratings of nothing that are added to each. Source: Koren 2009, the baseline of matrix factorisation.
    """
    mean = float(rows.rating.mean()) if len(rows.rating) else 0.0
    users, items = np.zeros(rows.users), np.zeros(rows.items)
    per_user = np.bincount(rows.user, minlength=rows.users) + by_user
    per_item = np.bincount(rows.item, minlength=rows.items) + by_item
    rest = rows.rating - mean
    for _ in range(ROUNDS):
        items = np.bincount(rows.item, rest - users[rows.user], rows.items) / per_item
        users = np.bincount(rows.user, rest - items[rows.item], rows.users) / per_user
    return mean, users, items


def blocks(rows: Rows, key: Array | None) -> list[tuple[Array, Array]]:
    """Divide rows into (those to learn from, those to be asked of), so that each is asked of once at most.

    In order of time, a block is asked of what came before it, and the first of none. With keys (n,) uint64 instead, by
    these, and of all others.
    """
    if key is not None:
        fold = (key >> np.uint64(7)) % np.uint64(BLOCKS)
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(BLOCKS)]
    order = np.argsort(rows.time, kind="stable")
    parts = np.array_split(order, BLOCKS)
    return [(np.concatenate(parts[:k]), parts[k]) for k in range(1, BLOCKS)]


def tuned(rows: Rows, key: Array | None) -> tuple[float, float]:
    """How far users and items are held back: what errs least on blocks that were not learned from."""
    divided = [(rows.take(learn), rows.take(ask)) for learn, ask in blocks(rows, key)]

    def error(held: tuple[float, float]) -> float:
        total = 0.0
        for learn, ask in divided:
            mean, users, items = bias(learn, *held)
            total += float(((ask.rating - mean - users[ask.user] - items[ask.item]) ** 2).sum())
        return total

    return min(product(HELD_BACK, HELD_BACK), key=error)


def known(rows: Rows, held: tuple[float, float], half_life: float) -> dict[str, Array]:
    """What rows tell of users and items: name -> (users,) or (items,) float32, and mean and spread () of all.

    Bias, how many ratings, and how far they lie apart; of items also what they get of late: half life in the unit of time.
    held: how far users and items are held back, as tuned says.
    """
    mean, users, items = bias(rows, *held)
    left = rows.rating - mean - users[rows.user] - items[rows.item]
    spread = float((left**2).mean()) if len(left) else 1.0
    found: dict[str, Array] = {"mean": np.array(mean), "spread": np.array(np.sqrt(spread))}
    found |= {"user bias": users, "item bias": items}
    for name, code, count in (("user", rows.user, rows.users), ("item", rows.item, rows.items)):
        n = np.bincount(code, minlength=count)
        found[f"{name} count"] = np.log1p(n)
        found[f"{name} spread"] = np.sqrt((np.bincount(code, left**2, count) + PRIOR * spread) / (n + PRIOR))
    late = 0.5 ** ((rows.time.max(initial=0) - rows.time) / half_life)
    heavy = np.bincount(rows.item, late, rows.items)
    found["item late"] = np.bincount(rows.item, late * (left + items[rows.item]), rows.items) / (heavy + held[1])
    found["item late count"] = np.log1p(heavy)
    return {name: value.astype(np.float32) for name, value in found.items()}
