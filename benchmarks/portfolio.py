"""Whether defaults were chosen by the sets that they are shown on: `make bench-portfolio`.

Each family is fitted with its defaults and with a handful of other settings to small and medium tables (small_sets.py), and
scored on val, which has stopped it, as when defaults are chosen; no test rows are read. The figure of a setting is its regret:

    (its loss - least loss of any setting of the family) / (loss of the best constant answer - that least loss)

For each set the default is chosen again by the other sets alone: of the settings whose mean regret is within a hundredth of
the least, the one of fewest parameters. If defaults suited only the sets that they were chosen by, those chosen without a set
would be worse on it. Sets of few and of many rows choose apart, since the shipped defaults follow the rows too. Fits that are
done are kept in .minnow/bench-portfolio by code and settings; the tables are written into docs/decisions/008-defaults.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import small_sets
from benchmarks.small_sets import SmallSet
from minnow import families, tasks
from minnow.lineage import code_version
from minnow.types import Batch

PAGE = Path(__file__).parents[1] / "docs" / "decisions" / "008-defaults.md"
KEPT = Path(".minnow") / "bench-portfolio"
DEFAULT = "default"
SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "gboost": {
        DEFAULT: {},
        "4 leaves": {"iterations": 120, "learning_rate": 0.15, "leaves": 4, "l2": 0.0, "patience": 10},
        "8 leaves": {"learning_rate": 0.1, "leaves": 8, "l2": 1.0, "patience": 50},
        "16 leaves": {"learning_rate": 0.1, "leaves": 16, "l2": 1.0, "patience": 50},
        "31 leaves": {"learning_rate": 0.1, "leaves": 31, "l2": 1.0, "patience": 50},
        "slow": {"learning_rate": 0.05, "leaves": 16, "l2": 1.0, "patience": 50, "feature_share": 0.5},
    },
    "forest": {
        DEFAULT: {},
        "64 leaves": {"leaves": 64, "min_rows_leaf": 4, "feature_share": None},
        "256 leaves": {"leaves": 256, "min_rows_leaf": 2, "feature_share": 0.6},
        "extra": {"extra": True},
    },
    "linear": {DEFAULT: {}, "splines": {"splines": 5}, "interactions": {"interactions": True}},
}
"""Settings of families: those of their defaults below and above 3,000 rows of train, of their portfolios, and others."""
FEW_ROWS = 3_000
MOST_ROWS = 6_000
DRAWS = {"few": 3, "many": 1}
"""Draws of a set, whose mean logarithm counts: of fewer than a thousand rows, and of more."""
NEAR = 0.01
MOST_PRODUCTS = 31
"""Most numbers of rows with which products are fitted, as in the portfolio of `linear`."""


def main() -> int:
    """Fit what is not kept, and write the page. Returns 2 without the folder of public sets."""
    if not os.environ.get("MINNOW_BENCH_DATA"):
        print(
            "MINNOW_BENCH_DATA must name the folder of public sets (benchmarks/layouts.py). Received: none.",
            file=sys.stderr,
        )
        return 2
    start = time.process_time()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: dict[str, dict[str, Any]] = {}
    for name, read in small_sets.sets().items():
        found[name] = measured(name, read())
        print(f"{name}: {time.process_time() - start:.0f} s of CPU", file=sys.stderr, flush=True)
    write(PAGE, tables(found))
    return 0


def measured(name: str, data: SmallSet) -> dict[str, Any]:
    """Figures of a set: rows of train, measure, and family -> setting -> [regret, parameters], means over draws."""
    draws = DRAWS["few" if len(data.target) < 1_000 else "many"]
    drawn = [small_sets.batches(data, seed, MOST_ROWS) for seed in range(draws)]
    train = drawn[0][0]
    constant = float(np.mean([_constant(*rows[:2]) for rows in drawn]))
    fits: dict[str, dict[str, list[float]]] = {}
    for family, settings in SETTINGS.items():
        for setting, params in settings.items():
            if setting == "interactions" and sum(array.shape[1] for array in train.inputs.values()) > MOST_PRODUCTS:
                continue
            each = [_kept(f"{name}-{seed}", family, params, drawn[seed]) for seed in range(draws)]
            fits.setdefault(family, {})[setting] = np.mean(each, axis=0).tolist()
        least = min(loss for loss, _ in fits[family].values())
        fits[family] = {one: [(loss - least) / (constant - least), size] for one, (loss, size) in fits[family].items()}
    return {"rows": len(train), "measure": _measure(data.task), "fits": fits}


def _constant(train: Batch, val: Batch) -> float:
    """Loss on val of the best constant answer."""
    measure = tasks.measure(train.task, _measure(train.task))
    losses = [
        float(measure.loss(answer(val), val).mean()) for answer in tasks.get(train.task).baselines(train).values()
    ]
    return min(losses) ** (0.5 if measure.root else 1)


def _measure(task: str) -> str:
    return "log_loss" if task == "classify" else "rmse"


def _kept(draw: str, family: str, params: Mapping[str, Any], rows: Sequence[Any]) -> list[float]:
    """Loss on val and number of parameters of a fit, from disk where it was made before by the same code."""
    made_from = json.dumps([draw, family, params, MOST_ROWS, _code()], sort_keys=True)
    path = KEPT / f"{draw}-{family}-{hashlib.sha256(made_from.encode()).hexdigest()[:16]}.json"
    if not path.exists():
        train, val, _ = rows
        model = families.fit(family, train, val, families.get(family).Params.model_validate(params), seed=1)
        measure = tasks.measure(train.task, _measure(train.task))
        loss = float(measure.loss(model.predict(val.inputs), val).mean())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([loss**0.5 if measure.root else loss, model.parameters]))
    return json.loads(path.read_text())


@lru_cache(maxsize=1)
def _code() -> str:
    sets = hashlib.sha256(Path(small_sets.__file__).read_bytes()).hexdigest()
    return sets + code_version([*(families.registry.module(family) for family in SETTINGS), "minnow.stages.prepare"])


def tables(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The tables of all families in Markdown."""
    parts = []
    for family in SETTINGS:
        parts += [f"### {family}", ""]
        for words, few in ((f"fewer than {FEW_ROWS:,}", True), (f"{FEW_ROWS:,} or more", False)):
            group = {name: one for name, one in found.items() if (one["rows"] < FEW_ROWS) == few}
            parts += [*_table(family, words, group), ""] if len(group) > 1 else []
    return "\n".join(parts)


def _table(family: str, words: str, group: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Lines of one table: a row per set, and the mean of all."""
    others = [name for name in SETTINGS[family] if name != DEFAULT]
    named = f"| {words} rows of train | measure | rows | shipped default | chosen without the set | its regret"
    lines = [f"{named} | {' | '.join(others)} |", f"|{'---|' * (6 + len(others))}"]
    columns: dict[str, list[float]] = {}
    for name, one in group.items():
        own = {setting: regret for setting, (regret, _) in one["fits"][family].items()}
        picked = chosen(family, group, without=name)
        figures = {DEFAULT: own[DEFAULT], "": own[picked], **{other: own[other] for other in others if other in own}}
        for setting, regret in figures.items():
            columns.setdefault(setting, []).append(regret)
        head = f"| {name.replace('_', ' ')} | {one['measure'].replace('_', ' ')} | {one['rows']:,} | {own[DEFAULT]:.3f}"
        cells = [f"{own[other]:.3f}" if other in own else "" for other in others]
        lines.append(f"{head} | {picked} | {own[picked]:.3f} | {' | '.join(cells)} |")
    means = {
        setting: f"{np.mean(values):.3f}" if len(values) == len(group) else "" for setting, values in columns.items()
    }
    head = f"| mean | | | {means[DEFAULT]} | {chosen(family, group)} by all | {means['']}"
    return [*lines, f"{head} | {' | '.join(means.get(other, '') for other in others)} |"]


def chosen(family: str, group: Mapping[str, Mapping[str, Any]], without: str | None = None) -> str:
    """The setting that sets choose, all of them or those without one: near the least mean regret, the one of fewest parameters.

    It was fitted to all sets of the group.
    """
    fits = {name: one["fits"][family] for name, one in group.items()}
    everywhere = [name for name in SETTINGS[family] if all(name in one for one in fits.values())]
    fits.pop(without or "", None)
    regrets = {name: np.mean([one[name][0] for one in fits.values()]) for name in everywhere}
    sizes = {name: np.mean([np.log(one[name][1]) for one in fits.values()]) for name in everywhere}
    near = [name for name in everywhere if regrets[name] <= min(regrets.values()) + NEAR]
    return min(near, key=lambda name: sizes[name])


def write(path: Path, text: str) -> None:
    """Put the tables between the marks of a page. Raises ValueError for a page without them."""
    page = path.read_text()
    begin, end = "<!-- tables -->\n", "<!-- end of tables -->"
    if begin not in page or end not in page:
        raise ValueError(f"{path.name} needs the lines {begin.strip()} and {end}, between which tables are written.")
    path.write_text(re.sub(f"(?s){begin}.*{end}", lambda _: f"{begin}{text.rstrip()}\n{end}", page))


if __name__ == "__main__":
    sys.exit(main())
