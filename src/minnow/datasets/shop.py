"""A small simulated shop: what 800 customers bought of 250 articles, and how they liked it, over some months.

How it is made: every article belongs to one of 12 groups, and has a colour of 5 and a price; prices lie in 4 bands. Within
its group a few articles are asked for far more often than the rest (weight 1/rank). Every customer has a taste for two
groups, a strong and a weaker one, a favourite colour and a band of prices that suits them, and is more or less active. Each
step of time one customer comes by. Of twenty purchases eleven fall into the strong group, five into the weaker one, and four
are whatever the whole shop sells best; within a group an article of the right colour is asked for four times as often, and
so is one of the right price. Nobody buys an article twice. Thirty articles are new: they come one by one over the last
third, each as well placed in its group as the best-seller.

A rating, 1 to 5, is 3 within the taste and 2 outside it, one more or less for a generous or strict customer, for a good or
bad article, and for chance; and one more where the colour is right.

So an article's neighbours tell what a customer wants next, popularity alone tells much less, and of a new article only its
attributes do. The time stamps increase, so that a split by time leaves the same customers on both sides.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from minnow.datasets._csv import write_csv

FILE, ITEMS_FILE = "interactions.csv", "items.csv"
SHA256 = {
    FILE: "94a72ac74dd88f558424738055cd59e9c5afd0ff161f64b6b9b7ad214a742e07",
    ITEMS_FILE: "230ea1ff8fda7b2c98b7b859344f92d188f7fc923c506038365bc804b995cef6",
}

SEED = 20_231
USERS, ITEMS, GROUPS, ROWS, NEW = 800, 250, 12, 20_000, 30
COLOURS = ("black", "blue", "green", "red", "white")
BANDS = 4
START_S = 1_700_000_000
STEP_S = 900
SCALE = 27_720  # a multiple of 1..12, so that the weights 1/rank are mostly exact integers
LIKED = 4
"""How many times as often an article of the right colour, or of the right price, is asked for."""


@dataclass(frozen=True)
class Article:
    """group, colour, band: numbers; cents: its price; quality: -1, 0 or 1; rank: its place in the group, the best is 0.

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
class Customer:
    """groups: the strong and the weaker taste; colour, band: what suits them; generosity: -1, 0 or 1; visits: a weight."""

    groups: tuple[int, int]
    colour: int
    band: int
    generosity: int
    visits: int


@cache
def articles() -> tuple[Article, ...]:
    """Make up the articles, the new ones last."""
    rng = random.Random(SEED + 1)
    found = []
    for item in range(ITEMS):
        new = max(0, item - (ITEMS - NEW) + 1)
        colour, band, quality = _below(rng, len(COLOURS)), _below(rng, BANDS), _below(rng, 3) - 1
        cents = 500 * 3**band + _below(rng, 500 * 3**band)
        since = 2 * ROWS // 3 + new * ROWS // (3 * NEW + 3) if new else 0
        found.append(Article(item % GROUPS, colour, band, cents, quality, 0 if new else item // GROUPS, since))
    return tuple(found)


def rows() -> list[tuple[str, str, int, int]]:
    """Simulate the shop: (user, item, rating 1..5, unix time in seconds), in order of time."""
    rng = random.Random(SEED)
    customers = [_customer(rng) for _ in range(USERS)]
    coming = list(accumulate(customer.visits for customer in customers))
    bought: list[set[int]] = [set() for _ in range(USERS)]
    found, time_s = [], START_S
    while len(found) < ROWS:
        user = _draw(rng, coming)
        item = _choose(rng, customers[user], len(found))
        rating = _rating(rng, customers[user], articles()[item])
        time_s += 1 + _below(rng, STEP_S)
        if item not in bought[user]:
            bought[user].add(item)
            found.append((f"u{user:03d}", f"i{item:03d}", rating, time_s))
    return found


def _below(rng: random.Random, n: int) -> int:
    return int(rng.random() * n)


def _draw(rng: random.Random, cumulative: list[int]) -> int:
    """Draw an index in proportion to integer weights, given by their running sums."""
    return bisect_right(cumulative, int(rng.random() * cumulative[-1]))


def _customer(rng: random.Random) -> Customer:
    strong = _below(rng, GROUPS)
    weak = (strong + 1 + _below(rng, GROUPS - 1)) % GROUPS
    return Customer(
        (strong, weak), _below(rng, len(COLOURS)), _below(rng, BANDS), _below(rng, 3) - 1, 1 + _below(rng, 6)
    )


def _choose(rng: random.Random, customer: Customer, row: int) -> int:
    """Draw an article of a group of the customer's taste, or of those that the whole shop sells best."""
    chance = _below(rng, 20)
    on_sale = ITEMS - NEW + bisect_right([a.since for a in articles()[ITEMS - NEW :]], row)
    if chance >= 16:
        return _draw(rng, _best_sellers(on_sale))
    group = customer.groups[0] if chance < 11 else customer.groups[1]
    return group + GROUPS * _draw(rng, _asked_for(group, customer.colour, customer.band, on_sale))


@cache
def _best_sellers(on_sale: int) -> list[int]:
    return list(accumulate(SCALE // (a.rank + 1 + 2 * a.group) for a in articles()[:on_sale]))


@cache
def _asked_for(group: int, colour: int, band: int, on_sale: int) -> list[int]:
    """Running sums over the articles of a group that are on sale."""
    return list(
        accumulate(
            SCALE // (a.rank + 1) * (LIKED if a.colour == colour else 1) * (LIKED if a.band == band else 1)
            for a in articles()[group:on_sale:GROUPS]
        )
    )


def _rating(rng: random.Random, customer: Customer, article: Article) -> int:
    fits = int(article.group in customer.groups) + int(article.colour == customer.colour)
    return max(1, min(5, 2 + fits + customer.generosity + article.quality + _below(rng, 3) - 1))


def write(folder: Path) -> None:
    """Write interactions.csv (user, item, rating, time; 20,000 rows) and items.csv (item, group, colour, price; 250)."""
    write_csv(folder / FILE, ("user", "item", "rating", "time"), ([*map(str, row)] for row in rows()))
    items = (
        [f"i{item:03d}", f"group {a.group + 1}", COLOURS[a.colour], f"{a.cents / 100:.2f}"]
        for item, a in enumerate(articles())
    )
    write_csv(folder / ITEMS_FILE, ("item", "group", "colour", "price"), items)
