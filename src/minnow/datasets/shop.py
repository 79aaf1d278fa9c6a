"""A simulated shop: purchases and ratings of 250 articles by 800 customers over some months.

Every article belongs to one of 12 groups, and has one of 5 colours and a price in one of 4 bands. Within a group the weight of
an article is 1/rank, so a few articles sell far more often than the others. Every customer has a first and a second preferred
group, a preferred colour and price band, and an activity. At each step one customer buys an article: with probability 11/20 of
the first group, 5/20 of the second, and 4/20 of the best-sellers of the whole shop. Within a group, articles of the preferred
colour sell four times as often, and so do those of the preferred price band. No customer buys an article twice. Thirty articles
are new: they appear one by one over the last third, each with the weight of its group's best-seller.

Ratings are from 1 to 5: 3 within the preferred groups and 2 outside of them, one more for the preferred colour, and one more or
less for a generous or strict customer, for a good or bad article, and at random.

So similar articles predict the next purchase, popularity alone predicts much less, and new articles are known by their
attributes only. Customers buy over the whole period, so a split by time has the same customers in every split.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from minnow.datasets._csv import write_csv

_FILE, _ITEMS_FILE = "interactions.csv", "items.csv"
SHA256 = {
    _FILE: "94a72ac74dd88f558424738055cd59e9c5afd0ff161f64b6b9b7ad214a742e07",
    _ITEMS_FILE: "230ea1ff8fda7b2c98b7b859344f92d188f7fc923c506038365bc804b995cef6",
}

_SEED = 20_231
_USERS, _ITEMS, _GROUPS, _ROWS, _NEW = 800, 250, 12, 20_000, 30
_COLOURS = ("black", "blue", "green", "red", "white")
_BANDS = 4
_START_S = 1_700_000_000
_STEP_S = 900
_SCALE = 27_720  # a multiple of 1..12, so that the weights 1/rank are mostly exact integers
_LIKED = 4
"""Factor of the weight of articles of the preferred colour, and of those of the preferred price band."""


@dataclass(frozen=True)
class _Article:
    """An article. group, colour, band: indices; cents: price; quality: -1, 0 or 1; rank: in its group, from 0.

    since: row from which on it is sold.
    """

    group: int
    colour: int
    band: int
    cents: int
    quality: int
    rank: int
    since: int


@dataclass(frozen=True)
class _Customer:
    """A customer. groups, colour, band: indices of the preferred ones; generosity: -1, 0 or 1; visits: weight."""

    groups: tuple[int, int]
    colour: int
    band: int
    generosity: int
    visits: int


@cache
def _articles() -> tuple[_Article, ...]:
    """Draw the articles, the new ones last."""
    rng = random.Random(_SEED + 1)
    articles = []
    for item in range(_ITEMS):
        new = max(0, item - (_ITEMS - _NEW) + 1)
        colour, band, quality = _below(rng, len(_COLOURS)), _below(rng, _BANDS), _below(rng, 3) - 1
        cents = 500 * 3**band + _below(rng, 500 * 3**band)
        since = 2 * _ROWS // 3 + new * _ROWS // (3 * _NEW + 3) if new else 0
        articles.append(_Article(item % _GROUPS, colour, band, cents, quality, 0 if new else item // _GROUPS, since))
    return tuple(articles)


def _rows() -> list[tuple[str, str, int, int]]:
    """Simulate the shop: (user, item, rating 1..5, unix time in seconds), in order of time."""
    rng = random.Random(_SEED)
    customers = [_customer(rng) for _ in range(_USERS)]
    visits = list(accumulate(customer.visits for customer in customers))
    bought: list[set[int]] = [set() for _ in range(_USERS)]
    rows, time_s = [], _START_S
    while len(rows) < _ROWS:
        user = _draw(rng, visits)
        item = _choose(rng, customers[user], len(rows))
        rating = _rating(rng, customers[user], _articles()[item])
        time_s += 1 + _below(rng, _STEP_S)
        if item not in bought[user]:
            bought[user].add(item)
            rows.append((f"u{user:03d}", f"i{item:03d}", rating, time_s))
    return rows


def _below(rng: random.Random, n: int) -> int:
    """Draw an integer from 0 to n - 1."""
    return int(rng.random() * n)


def _draw(rng: random.Random, cumulative: list[int]) -> int:
    """Draw an index with integer weights. cumulative: cumulative sums of the weights."""
    return bisect_right(cumulative, int(rng.random() * cumulative[-1]))


def _customer(rng: random.Random) -> _Customer:
    first = _below(rng, _GROUPS)
    second = (first + 1 + _below(rng, _GROUPS - 1)) % _GROUPS
    return _Customer(
        (first, second), _below(rng, len(_COLOURS)), _below(rng, _BANDS), _below(rng, 3) - 1, 1 + _below(rng, 6)
    )


def _choose(rng: random.Random, customer: _Customer, row: int) -> int:
    """Draw an article of one of the customer's groups, or of the whole shop. row: number of rows so far."""
    chance = _below(rng, 20)
    on_sale = _ITEMS - _NEW + bisect_right([a.since for a in _articles()[_ITEMS - _NEW :]], row)
    if chance >= 16:
        return _draw(rng, _shop_weights(on_sale))
    group = customer.groups[0] if chance < 11 else customer.groups[1]
    return group + _GROUPS * _draw(rng, _group_weights(group, customer.colour, customer.band, on_sale))


@cache
def _shop_weights(on_sale: int) -> list[int]:
    """Cumulative sums of the weights of all articles on sale."""
    return list(accumulate(_SCALE // (a.rank + 1 + 2 * a.group) for a in _articles()[:on_sale]))


@cache
def _group_weights(group: int, colour: int, band: int, on_sale: int) -> list[int]:
    """Cumulative sums of the weights of a group's articles on sale, for a preferred colour and price band."""
    return list(
        accumulate(
            _SCALE // (a.rank + 1) * (_LIKED if a.colour == colour else 1) * (_LIKED if a.band == band else 1)
            for a in _articles()[group:on_sale:_GROUPS]
        )
    )


def _rating(rng: random.Random, customer: _Customer, article: _Article) -> int:
    preferred = int(article.group in customer.groups) + int(article.colour == customer.colour)
    return max(1, min(5, 2 + preferred + customer.generosity + article.quality + _below(rng, 3) - 1))


def write(folder: Path) -> None:
    """Write interactions.csv (user, item, rating, time; 20,000 rows) and items.csv (item, group, colour, price; 250)."""
    write_csv(folder / _FILE, ("user", "item", "rating", "time"), ([*map(str, row)] for row in _rows()))
    items = (
        [f"i{item:03d}", f"group {a.group + 1}", _COLOURS[a.colour], f"{a.cents / 100:.2f}"]
        for item, a in enumerate(_articles())
    )
    write_csv(folder / _ITEMS_FILE, ("item", "group", "colour", "price"), items)
