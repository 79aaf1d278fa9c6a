"""Error rates of the judge, by simulation: `make bench-judge`.

Small models are trained on half of scikit-learn's digits. Their right and wrong predictions on the other half are drawn with
replacement into test sets of n rows, so that the true difference of champion and challenger is known:

- equal: on each row champion and challenger take the prediction of one of two models at random, independently. The champion's
  draw is made once a year and the challenger's every night; the test set stays the same, so there are 365 looks at it.
- lost: the challenger has half the size, and right predictions are made wrong until its true loss is one or two margins higher.
- gained: the challenger has the same size, and wrong predictions are made right until its true loss is two margins lower.

A limit is met when the one-sided 95 % bound of the share (Clopper-Pearson) is within it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from minnow.measures.scores import wilson
from minnow.stages.judge import Performance, Rivals, Rules, Ruling, decide, level_of_look
from minnow.types import Array, Score

LEVEL, MARGIN, SMALLER = 0.05, 0.01, 0.10
NIGHTS, YEARS, TIMES = 365, 2000, 1000
FALSE, REFUSED, PROMOTED = 0.065, 0.95, 0.80
SIZES = (1_000, 2_000, 5_000, 10_000)
EXAM = 2_000
"""Least rows for which the limit on gains holds at the first look; smaller test sets are shown without that limit."""
LATE_EXAM = 10_000
"""Least rows for which the limit on gains holds at the last look of a year."""
REAL_NIGHTS = 2
"""Nights without a promotion on which the fast computation is compared with the judge."""


@dataclass(frozen=True)
class Pair:
    """Two trained models on the same held-out rows. a, b: (m,) bool, where each is wrong."""

    name: str
    a: Array
    b: Array

    def answers(self, rows: Array, random: np.random.Generator) -> Array:
        """Draw the prediction of one of the two models for each row: (n,) bool, where it is wrong."""
        return np.where(random.random(len(rows)) < 0.5, self.a[rows], self.b[rows])


def trained_pairs() -> list[Pair]:
    """Train models on one half of the digits, and return every pair of them on the other half."""
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    train, held, answers, truth = train_test_split(x / 16, y, test_size=0.5, random_state=0, stratify=y)
    models = {
        "logistic": LogisticRegression(max_iter=1000),
        "ridge": RidgeClassifier(),
        "forest": RandomForestClassifier(12, random_state=0),
    }
    wrong = {name: model.fit(train, answers).predict(held) != truth for name, model in models.items()}
    return [Pair(f"{first}, {second}", wrong[first], wrong[second]) for first, second in combinations(wrong, 2)]


def judged(challenger: Array, champion: Array, look: int, size_bytes: int = 1000) -> Ruling:
    """Return the judge's ruling with its default settings. challenger, champion: (n,) bool, where each is wrong."""
    rules = Rules(binary=True, level=LEVEL, margin=MARGIN, smaller=SMALLER, higher_is_better=True)
    rivals = Rivals(_performance("champion", champion, 1000), looks=look - 1)
    group = np.arange(len(champion))
    return decide(_performance("challenger", challenger, size_bytes), rivals, [], group=group, rules=rules)


def _performance(name: str, wrong: Array, size_bytes: int) -> Performance:
    right = 1 - float(wrong.mean())
    return Performance(
        name, name, size_bytes, wrong.astype(np.float64), Score(right, *wilson(right, len(wrong)), len(wrong))
    )


def false_promotion(pair: Pair, n: int, random: np.random.Generator) -> bool:
    """Whether one year of nightly looks promotes a model that is not better than the champion.

    Rows on which both models of the pair agree do not change McNemar's test, so a night is computed from the other rows alone.
    Every night that promotes, and some that do not, are compared with the judge's ruling.
    """
    from scipy.stats import binom

    rows = random.integers(0, len(pair.a), n)
    champion = pair.answers(rows, random)
    differ = np.flatnonzero(pair.a[rows] != pair.b[rows])
    nights = random.random((NIGHTS, len(differ))) < 0.5
    lost, won = (nights & ~champion[differ]).sum(1), (~nights & champion[differ]).sum(1)
    p = np.where(lost + won, binom.sf(won - 1, lost + won, 0.5), 1.0)
    promotes = p <= np.array([level_of_look(LEVEL, look) for look in range(1, NIGHTS + 1)])
    for night in {*np.flatnonzero(promotes), *random.integers(0, NIGHTS, REAL_NIGHTS)}:
        challenger = champion.copy()
        challenger[differ] = nights[night]
        real = judged(challenger, champion, look=int(night) + 1).promote
        assert real == promotes[night], f"The judge decides {real} on night {night + 1}, with p = {p[night]:.3g}."
    return bool(promotes.any())


def loser(pair: Pair, n: int, margins: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw a challenger whose true loss is so many margins higher, and its champion: (n,) bool each, where they are wrong."""
    rows = random.integers(0, len(pair.a), n)
    right = 1 - (pair.a.mean() + pair.b.mean()) / 2
    spoilt = random.random(n) < margins * MARGIN / right
    return pair.answers(rows, random) | spoilt, pair.answers(rows, random)


def winner(pair: Pair, n: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Draw a challenger whose true loss is two margins lower, and its champion: (n,) bool each, where they are wrong."""
    rows = random.integers(0, len(pair.a), n)
    wrong = (pair.a.mean() + pair.b.mean()) / 2
    mended = random.random(n) < 2 * MARGIN / wrong
    return pair.answers(rows, random) & ~mended, pair.answers(rows, random)


def bounds(count: int, of: int) -> tuple[float, float]:
    """One-sided 95 % bounds of the share count / of, lower and upper. Source: Clopper & Pearson 1934."""
    from scipy.stats import beta

    low = float(beta.ppf(0.05, count, of - count + 1)) if count else 0.0
    return low, float(beta.ppf(0.95, count + 1, of - count)) if count < of else 1.0


def figures(pairs: list[Pair]) -> Iterator[tuple[str, int, int, int, int, str, bool]]:
    """Simulate: (case, rows, look, count, repetitions, limit, whether it is met); the limit is "" where none applies."""
    random = np.random.default_rng(2026)
    for n in SIZES:
        count = sum(false_promotion(pairs[i % len(pairs)], n, random) for i in range(YEARS))
        yield "equal: promoted in a year", n, NIGHTS, count, YEARS, f"<= {FALSE:.1%}", bounds(count, YEARS)[1] <= FALSE
    for margins, n in product((1, 2), SIZES):
        drawn = (loser(pairs[i % len(pairs)], n, margins, random) for i in range(TIMES))
        count = sum(not judged(*both, look=1, size_bytes=500).promote for both in drawn)
        yield (
            f"lost {margins} x margin: refused",
            n,
            1,
            count,
            TIMES,
            f">= {REFUSED:.0%}",
            bounds(count, TIMES)[0] >= REFUSED,
        )
    for n in SIZES:
        for look, promised in ((1, EXAM), (NIGHTS, LATE_EXAM)):
            drawn = (winner(pairs[i % len(pairs)], n, random) for i in range(TIMES))
            count = sum(judged(*both, look=look).promote for both in drawn)
            limit = f">= {PROMOTED:.0%}" if n >= promised else ""
            yield (
                "gained 2 x margin: promoted",
                n,
                look,
                count,
                TIMES,
                limit,
                not limit or bounds(count, TIMES)[0] >= PROMOTED,
            )


def main() -> int:
    """Train, simulate and print. Returns 1 when a limit is not met."""
    start = time.perf_counter()
    pairs = trained_pairs()
    for pair in pairs:
        wrong = f"{pair.a.mean():.1%} and {pair.b.mean():.1%} of {len(pair.a)} rows"
        print(f"{pair.name}: wrong on {wrong}, on {(pair.a != pair.b).mean():.1%} only one of them")
    print(f"\n{'case':<30}{'rows':>8}{'look':>10}{'share':>9}{'95 % bounds':>18}   limit")
    met = True
    for case, n, look, count, of, limit, ok in figures(pairs):
        low, high = bounds(count, of)
        looks = "1 to 365" if case.startswith("equal") else str(look)
        verdict = f"{limit:<9} {'met' if ok else 'NOT MET'}" if limit else "none promised"
        print(f"{case:<30}{n:>8,}{looks:>10}{count / of:>9.1%}{low:>9.1%} {high:>7.1%}    {verdict}", flush=True)
        met &= ok
    print(f"\n{YEARS:,} years, {TIMES:,} exams for each line; {time.perf_counter() - start:.0f} s.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
