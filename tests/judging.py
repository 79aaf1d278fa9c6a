"""Models as the judge sees them, for the tests of the judge and of the choice of a finalist."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from minnow.stages.choice import choose_on_val, field_of
from minnow.stages.judge import Performance, Rivals, Rules, decide
from minnow.types import Score

N, LEVEL, MARGIN, SMALLER = 1000, 0.05, 0.01, 0.1


@dataclass(frozen=True)
class Limits:
    size_bytes: int | None = None
    p95_us: float | None = None
    memory_bytes: int | None = None


def model(wrong, name="challenger", size=1000, n=N, **more) -> Performance:
    """wrong: how many of the first rows it gets wrong, or its losses."""
    loss = (np.arange(n) < wrong).astype(np.float64) if isinstance(wrong, int) else np.asarray(wrong, np.float64)
    right = 1 - float(loss.mean())
    return Performance(name, more.pop("sha", f"{name}-{loss.sum()}-{size}"), size, loss, Score(right, 0, 1, n), **more)


RULES = Rules(binary=True, level=LEVEL, margin=MARGIN, higher_is_better=True, smaller=SMALLER)


def ask(challenger, champion=None, best=None, baselines=(), *, looks=0, group=None, **more):
    rivals, rules = Rivals(champion, best, looks), replace(RULES, **more)
    group = np.arange(len(challenger.loss)) if group is None else group
    return decide(challenger, rivals, list(baselines), group=group, rules=rules)


def choose(variants, n=N, budget=None, **more):
    rules = replace(RULES, **({"margin": 0.03} | more))
    return choose_on_val(field_of(variants, group=np.arange(n), rules=rules, budget=budget or Limits()))


def drawn(seed: int, binary: bool, n: int = 120):
    """Challenger, champion, best so far and two baselines of random quality and size."""
    random = np.random.default_rng(seed)
    shared = random.random(n)
    models = []
    for name in ("challenger", "champion", "best", "plain", "linear"):
        loss = 0.7 * shared + 0.3 * random.random(n) + random.choice([-0.2, 0, 0.1])
        size = int(random.choice([500, 899, 900, 1000]))
        models.append(model((loss > 0.5).astype(float) if binary else loss, name, size, n))
    return models


def latency(median: float, seed: int, rounds: int = 7):
    random = np.random.default_rng(seed)
    return median * np.exp(random.normal(scale=0.03, size=(rounds, 1)) + random.normal(scale=0.02, size=(rounds, 30)))
