"""Successive halving: families share a number of trials, and after each round the better half of them goes on.

Source: Jamieson & Talwalkar 2016. Counts decide, never the clock, so that a search can be resumed.
"""

from __future__ import annotations


def rounds(families: int, trials: int) -> list[int]:
    """Trials that each family which is left has had after each round, the last round with one family.

    Each round spends about the same number of trials; the last one takes what is left of them. At least one trial of each
    family is run, also where trials are fewer.
    """
    left, each, spent = families, list[int](), 0
    for number in range(count := _count(families)):
        before = each[-1] if each else 0
        unspent = max(trials - spent, 0)
        share = unspent if number == count - 1 else min(trials // count, unspent)
        more = max(share // left, 0 if each else 1)
        each.append(before + more)
        spent += more * left
        left = kept(left)
    return each


def kept(families: int) -> int:
    """Number of families that go on after a round."""
    return (families + 1) // 2


def _count(families: int) -> int:
    """Number of rounds until one family is left and has had a round of its own."""
    count = 1
    while families > 1:
        families, count = kept(families), count + 1
    return count
