"""Error rates of the judge, by simulation: `make bench-judge`.

Losses of trained models (benchmarks/populations.py) are drawn with replacement into test sets of n rows, or of n groups of
rows, so that the true difference of champion and challenger is known:

- equal: for each row or group champion and challenger take the answers of one of two models at random, independently. The
  champion's draw is made once a year and the challenger's every night. The test set stays the same, or rows are appended
  every night; the number of looks at it is what the registry's rule says.
- lost: the challenger has half the size, and answers are spoilt until its true loss is one or two margins higher.
- gained: the challenger has the same size, and answers are made right until its true loss is two margins lower.

A limit is met when the one-sided 95 % bound of the share (Clopper-Pearson) is within it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.populations import Pair, digits, embedded
from minnow import tasks
from minnow.measures.scores import wilson
from minnow.stages.judge import Performance, Rivals, Rules, Ruling, decide, level_of_look
from minnow.stores.exams import looks_that_count
from minnow.types import Array, Score, content_key

LEVEL, SMALLER = 0.05, 0.10
NIGHTS, YEARS, TIMES, BOOTSTRAPPED_TIMES = 365, 2000, 1000, 300
MANY_TIMES = 3000
"""Of losses of one margin, which are refused in about 97 % of cases: too near to 95 % for a thousand to show it."""
FALSE, REFUSED, PROMOTED = 0.065, 0.95, 0.80
REAL_EVERY = 5
"""In every fifth year the fast computation is compared with the judge on a night that it finds without a promotion."""
SLACK = 0.06
"""Share by which a standard error of 4,000 resamples may differ from its exact value: five times its own error."""


@dataclass(frozen=True)
class Exam:
    """A kind of test set. first, last: numbers of rows or groups on the first and on the last night of a year.

    promised: whether the limit on gains holds at the first look, and at the last one. jumps: whether all rows are appended on
    one night in the middle of the year, not some every night. year: whether a year of equal models is simulated.
    """

    kind: str
    pairs: Sequence[Pair]
    first: int
    last: int
    promised: tuple[bool, bool] = (False, False)
    jumps: bool = False
    year: bool = True

    @property
    def size(self) -> str:
        """Its size as text."""
        return f"{self.first:,}" if self.first == self.last else f"{self.first:,} to {self.last:,}"

    @property
    def right_or_wrong(self) -> bool:
        """Whether the test is McNemar's: losses of 0 or 1, each row a group of its own."""
        pair = self.pairs[0]
        return tasks.get(pair.task).MEASURES[0].binary and len(pair.sizes) == len(pair.a)

    @property
    def lengths(self) -> Array:
        """Number of rows or groups each night, (NIGHTS,) int."""
        if self.jumps:
            return np.where(np.arange(NIGHTS) < NIGHTS // 2, self.first, self.last)
        return np.linspace(self.first, self.last, NIGHTS).astype(np.int64)

    @property
    def looks(self) -> Array:
        """Number of the look each night, (NIGHTS,) int, by the registry's rule: rows are appended and keep their identity."""
        counts, seen, count = [], np.empty(0, np.uint64), 0
        for length in self.lengths:
            rows = np.arange(length, dtype=np.uint64)
            count = looks_that_count(rows, seen, count) + 1
            seen = np.union1d(seen, rows)
            counts.append(count)
        return np.array(counts)


def judged(pair: Pair, groups: Array, challenger: Array, champion: Array, look: int, size_bytes: int = 1000) -> Ruling:
    """Return the judge's ruling with its default settings.

    groups: (n,) int, groups of the pair that were drawn. challenger, champion: losses of their rows, one group after the other.
    """
    task = tasks.get(pair.task)
    rules = Rules(
        binary=task.MEASURES[0].binary,
        level=LEVEL,
        margin=task.MEASURES[0].loss_margin(champion, None),
        smaller=SMALLER,
        higher_is_better=task.MEASURES[0].higher_is_better,
    )
    rivals = Rivals(_performance("champion", champion, 1000), looks=look - 1)
    group = np.repeat(np.arange(len(groups)), pair.sizes[groups].astype(np.int64))
    return decide(_performance("challenger", challenger, size_bytes), rivals, [], group=group, rules=rules)


def _performance(name: str, loss: Array, size_bytes: int) -> Performance:
    """What the judge compares; the score is only shown."""
    share = float(np.clip(1 - loss.mean(), 0, 1))
    return Performance(name, name, size_bytes, loss, Score(share, *wilson(share, len(loss)), len(loss)))


def _rows(pair: Pair, groups: Array) -> Array:
    """Rows of groups that were drawn, one group after the other."""
    if len(pair.sizes) == len(pair.a):
        return pair.order[groups]
    return np.concatenate([pair.rows[group] for group in groups])


def _losses(pair: Pair, groups: Array, takes_b: Array) -> Array:
    """Losses of the rows of groups, whose answers are those of b where takes_b (n,) is True, else those of a."""
    rows, of_row = _rows(pair, groups), np.repeat(takes_b, pair.sizes[groups].astype(np.int64))
    return np.where(of_row, pair.b[rows], pair.a[rows])


def false_promotion(exam: Exam, pair: Pair, looks: Array, random: np.random.Generator) -> bool:
    """Whether one year of nightly looks promotes a model that is not better than the champion.

    A night on which the fast computation finds that the judge may promote is put before the judge, and a few others too.
    """
    groups = random.integers(0, len(pair.sizes), exam.last)
    differ = np.flatnonzero(pair.gaps[groups] != 0)  # where the models agree, it does not matter which one is taken
    champion, nights = (random.integers(0, 2, shape, np.int8) for shape in (len(differ), (NIGHTS, len(differ))))
    levels = np.array([level_of_look(LEVEL, int(look)) for look in looks])
    possible = _possible(exam, pair, groups, differ, nights - champion) <= levels

    def promotes(night: int) -> bool:
        some, takes_b = slice(0, exam.lengths[night]), np.zeros((2, exam.last), bool)
        takes_b[:, differ] = nights[night], champion
        losses = (_losses(pair, groups[some], one[some]) for one in takes_b)
        return judged(pair, groups[some], *losses, look=int(looks[night])).promote

    night = int(random.integers(0, NIGHTS))
    if random.random() < 1 / REAL_EVERY and not possible[night]:
        assert not promotes(night), f"The judge promotes on night {night + 1}."
    return any(promotes(int(night)) for night in np.flatnonzero(possible))


def _possible(exam: Exam, pair: Pair, groups: Array, differ: Array, taken: Array) -> Array:
    """Lower bound of the judge's p value each night, (NIGHTS,).

    differ: (d,) int, places in groups where the models differ. taken: (NIGHTS, d), there 1 where the challenger alone takes b,
    -1 where the champion alone does.
    """
    from scipy.stats import binom, t

    sizes = pair.sizes[groups]
    differences = np.where(differ < exam.lengths[:, None], taken * pair.gaps[groups[differ]].astype(np.float32), 0)
    if exam.right_or_wrong:
        lost, won = (differences > 0).sum(1), (differences < 0).sum(1)
        return np.where(lost + won, binom.sf(won - 1, lost + won, 0.5), 1.0)
    rows = np.cumsum(sizes)[exam.lengths - 1]
    mean = differences.sum(1, dtype=np.float64) / rows
    squares = np.einsum("ij,ij->i", differences, differences).astype(np.float64)
    crossed = (differences @ sizes[differ].astype(np.float32)).astype(np.float64)
    squares += -2 * mean * crossed + mean**2 * np.cumsum(sizes**2)[exam.lengths - 1]
    error = np.sqrt(np.maximum(squares, 0)) / rows * (1 - SLACK)
    return t.sf(-mean / np.maximum(error, 1e-12), exam.lengths - 1)


def other(pair: Pair, n: int, margins: int, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw a test set, and a challenger whose true loss is so many margins higher, lower where negative.

    Returns groups (n,), and the losses of challenger and champion on their rows.
    """
    groups = random.integers(0, len(pair.sizes), n)
    challenger, champion = (_losses(pair, groups, random.random(n) < 0.5) for _ in range(2))
    rows = _rows(pair, groups)
    target = pair.worst if margins > 0 else np.zeros(len(pair.a))
    changed = random.random(len(rows)) < margins * pair.margin / (target.mean() - pair.mean)
    return groups, np.where(changed, target[rows], challenger), champion


def share_promoted(exam: Exam, margins: int, look: int, times: int, random: np.random.Generator) -> int:
    """Count the test sets on which the judge promotes a challenger with a known true loss; a worse one has half the size."""
    count = 0
    for i in range(times):
        pair = exam.pairs[i % len(exam.pairs)]
        groups, *losses = other(pair, exam.first, margins, random)
        count += judged(pair, groups, *losses, look=look, size_bytes=500 if margins > 0 else 1000).promote
    return count


def bounds(count: int, of: int) -> tuple[float, float]:
    """One-sided 95 % bounds of the share count / of, lower and upper. Source: Clopper & Pearson 1934."""
    from scipy.stats import beta

    low = float(beta.ppf(0.05, count, of - count + 1)) if count else 0.0
    return low, float(beta.ppf(0.95, count + 1, of - count)) if count < of else 1.0


@dataclass(frozen=True)
class Line:
    """One line of the table. least, most: the limit of the share, None where there is none."""

    case: str
    exam: Exam
    look: str
    count: int
    of: int
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool:
        """Whether the bound of the share is within the limit."""
        low, high = bounds(self.count, self.of)
        return (self.least is None or low >= self.least) and (self.most is None or high <= self.most)

    def __str__(self) -> str:
        """Format as a line of the table."""
        low, high = bounds(self.count, self.of)
        limit = f">= {self.least:.0%}" if self.least else f"<= {self.most:.1%}" if self.most else ""
        verdict = f"{limit:<9} {'met' if self.met else 'NOT MET'}" if limit else "none promised"
        size = f"{self.exam.kind:<24}{self.exam.size:>15}{self.look:>10}"
        return f"{self.case:<28}{size}{self.of:>7,}{self.count / self.of:>8.1%}{low:>8.1%} {high:>7.1%}   {verdict}"


def exams(right_or_wrong: list[Pair], trained: dict[str, list[Pair]]) -> list[Exam]:
    """List the kinds of test sets with their sizes."""
    return [
        *(
            Exam("rows, right or wrong", right_or_wrong, n, n, (n >= 2_000, n >= 10_000))
            for n in (1_000, 2_000, 5_000, 10_000)
        ),
        *(Exam("rows, absolute error", trained["diabetes"], n, n, (n >= 1_000, False)) for n in (500, 1_000, 2_000)),
        *(Exam("days, right or wrong", trained["home"], n, n, (True, False)) for n in (30, 100)),
        *(Exam("users, NDCG, growing", trained["shop"], n, 5 * n // 2) for n in (400, 1_000, 2_500)),
        Exam("users, NDCG, one jump", trained["shop"], 400, 1_000, jumps=True),
        Exam("users, NDCG", trained["shop"], 5_000, 5_000, (True, False), year=False),
    ]


def _generator(case: str, exam: Exam, look: int) -> np.random.Generator:
    """Random numbers of one line, which do not depend on the other lines."""
    return np.random.default_rng(content_key(f"{case} {exam.kind} {exam.size} {look}".encode()))


def lines(kinds: list[Exam]) -> Iterator[Line]:
    """Simulate the lines of the table."""
    for exam in (exam for exam in kinds if exam.year):
        case, looks = "equal: promoted in a year", exam.looks
        random = _generator(case, exam, 0)
        count = sum(false_promotion(exam, exam.pairs[i % len(exam.pairs)], looks, random) for i in range(YEARS))
        yield Line(case, exam, f"1 to {looks.max()}", count, YEARS, most=FALSE)
    for exam in kinds:
        for margins in (1, 2):
            case = f"lost {margins} x margin: refused"
            times = BOOTSTRAPPED_TIMES if not exam.right_or_wrong else MANY_TIMES if margins == 1 else TIMES
            count = times - share_promoted(exam, margins, 1, times, _generator(case, exam, 1))
            least = REFUSED if margins == 2 or exam.right_or_wrong else None
            yield Line(case, exam, "1", count, times, least=least)
        case, times = "gained 2 x margin: promoted", TIMES if exam.right_or_wrong else BOOTSTRAPPED_TIMES
        for look, promised in zip((1, NIGHTS), exam.promised, strict=True):
            count = share_promoted(exam, -2, look, times, _generator(case, exam, look))
            yield Line(case, exam, str(look), count, times, least=PROMOTED if promised else None)


def main() -> int:
    """Train, simulate and print. Returns 1 when a limit is not met."""
    start = time.perf_counter()
    right_or_wrong, trained = digits(), embedded()
    for pair in [*right_or_wrong, *(pair for pairs in trained.values() for pair in pairs)]:
        print(pair.about())
    print(
        f"\n{'case':<28}{'test set':<24}{'size':>15}{'look':>10}{'of':>7}{'share':>8}{'95 % bounds':>16}   limit",
        flush=True,
    )
    met = True
    for line in lines(exams(right_or_wrong, trained)):
        print(line, flush=True)
        met &= line.met
    print(f"\n{time.perf_counter() - start:.0f} s.")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
