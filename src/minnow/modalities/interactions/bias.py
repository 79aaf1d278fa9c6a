"""Biases of users and items: learned from ratings, and the statistics that describe users and items."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from minnow.types import Array

_ROUNDS = 5
SHRINKAGES = (1.0, 2.0, 3.0, 5.0, 8.0)
"""Numbers of ratings at the mean that are added to those of each user and item, which shrinks biases of few ratings."""
_PRIOR = 4.0
_BLOCKS = 8


@dataclass(frozen=True)
class Ratings:
    """Ratings by index. user, item: (n,) int64, indices; rating, time: (n,) float64; users, items: numbers of both."""

    user: Array
    item: Array
    rating: Array
    time: Array
    users: int
    items: int

    def take(self, index: Array) -> Ratings:
        """Return the rows at index."""
        return Ratings(self.user[index], self.item[index], self.rating[index], self.time[index], self.users, self.items)


def biases(rows: Ratings, by_user: float, by_item: float) -> tuple[float, Array, Array]:
    """Mean of all ratings and the biases of users (users,) and items (items,), shrunk towards zero.

    by_user, by_item: number of ratings at the mean that are added to each. Source: Koren 2009, the baseline of matrix
    factorization.
    """
    mean = float(rows.rating.mean()) if len(rows.rating) else 0.0
    users, items = np.zeros(rows.users), np.zeros(rows.items)
    per_user = np.bincount(rows.user, minlength=rows.users) + by_user
    per_item = np.bincount(rows.item, minlength=rows.items) + by_item
    rest = rows.rating - mean
    for _ in range(_ROUNDS):
        items = np.bincount(rows.item, rest - users[rows.user], rows.items) / per_item
        users = np.bincount(rows.user, rest - items[rows.item], rows.users) / per_user
    return mean, users, items


def blocks(rows: Ratings, key: Array | None) -> list[tuple[Array, Array]]:
    """Divide rows into blocks: (indices to learn from, indices to predict), so that each row is predicted at most once.

    key: None divides by time: each block is predicted from all blocks before it, and the first block is not predicted. Keys
    (n,) uint64 divide by hash: each block is predicted from all others.
    """
    if key is not None:
        fold = (key >> np.uint64(7)) % np.uint64(_BLOCKS)
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(_BLOCKS)]
    order = np.argsort(rows.time, kind="stable")
    parts = np.array_split(order, _BLOCKS)
    return [(np.concatenate(parts[:k]), parts[k]) for k in range(1, _BLOCKS)]


def tuned_shrinkage(rows: Ratings, key: Array | None) -> tuple[float, float]:
    """Shrinkage of users and of items with the least squared error over the predicted blocks. key: see blocks."""
    divided = [(rows.take(learn), rows.take(predict)) for learn, predict in blocks(rows, key)]

    def error(shrinkage: tuple[float, float]) -> float:
        total = 0.0
        for learn, predict in divided:
            mean, users, items = biases(learn, *shrinkage)
            total += float(((predict.rating - mean - users[predict.user] - items[predict.item]) ** 2).sum())
        return total

    return min(product(SHRINKAGES, SHRINKAGES), key=error)


def statistics(rows: Ratings, shrinkage: tuple[float, float], half_life: float) -> dict[str, Array]:
    """Statistics of users and items: name -> (users,) or (items,) float32, and mean and spread () of all ratings.

    For each: the bias, the logarithm of the number of ratings, and the spread around the bias. For items also bias and number
    of ratings weighted by age. half_life: in the unit of time. shrinkage: of users and of items, see tuned_shrinkage.
    """
    mean, users, items = biases(rows, *shrinkage)
    left = rows.rating - mean - users[rows.user] - items[rows.item]
    spread = float((left**2).mean()) if len(left) else 1.0
    stats: dict[str, Array] = {"mean": np.array(mean), "spread": np.array(np.sqrt(spread))}
    stats |= {"user bias": users, "item bias": items}
    for name, code, count in (("user", rows.user, rows.users), ("item", rows.item, rows.items)):
        n = np.bincount(code, minlength=count)
        stats[f"{name} count"] = np.log1p(n)
        stats[f"{name} spread"] = np.sqrt((np.bincount(code, left**2, count) + _PRIOR * spread) / (n + _PRIOR))
    late = 0.5 ** ((rows.time.max(initial=0) - rows.time) / half_life)
    heavy = np.bincount(rows.item, late, rows.items)
    stats["item late"] = np.bincount(rows.item, late * (left + items[rows.item]), rows.items) / (heavy + shrinkage[1])
    stats["item late count"] = np.log1p(heavy)
    return {name: value.astype(np.float32) for name, value in stats.items()}
