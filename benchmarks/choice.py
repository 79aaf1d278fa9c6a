"""How well a model is chosen from few rows, where the truth is known: `make bench-choice`.

From large sets, draws of a few hundred rows are taken: three quarters are train, one quarter is val, and a quarter of their
number more is the exam. Every family is trained, chosen and fitted again by the product's own code. The true loss of each model
is then measured on thousands of rows that no draw has read. Regret is the share of what can be gained that a rule leaves:

    (loss of what it promotes - least loss of all) / (loss of the best constant answer - least loss of all)

summed over the draws of a set. The rows of the table are rules: "not inferior on val" (the smallest that is not inferior to the
best by the margin, not fitted again, of families with one size for all rows: earlier versions), "best on val" and "always
linear" (fitted again), and ours: choice, refit and the first look at the exam. All write today's files; those of earlier
versions were larger, and the limit of size refers to them. Draws that are done are kept in .minnow/bench-choice and not made
again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.plain import call_here
from minnow import config, tasks
from minnow.catalog import catalog
from minnow.lineage import code_version
from minnow.records.timing import Timing
from minnow.stages import candidates, choice, compress, effort, evaluate, exam, finalists, prepare, teaching, train
from minnow.stages.candidates import Candidate, Incumbents, Made
from minnow.stages.case import Case
from minnow.stages.choice import Choice
from minnow.stages.finalists import LINEAR, Finalists
from minnow.stages.refit import Refit
from minnow.types import Array, Table
from minnow.workspace import Workspace

PARAMS = Path(__file__).with_name("choice.yaml")
KEPT = Path(".minnow") / "bench-choice"
SIZES = (200, 500, 1_000, 2_000)
TABLES, TEXTS, SERIES, PICTURES = (
    ("adult", "california", "wine"),
    ("imdb", "rt_polarity"),
    ("beijing",),
    ("mnist", "fashion_mnist"),
)
DRAWS = {**dict.fromkeys((*TABLES, *SERIES, *TEXTS), 12), **dict.fromkeys(PICTURES, 3)}
FEW = {**dict.fromkeys(PICTURES, (500,))}
"""Sizes of the sets whose families take long."""
TRUTH = {**dict.fromkeys(TEXTS, 4_000), **dict.fromkeys(SERIES, 4_000), **dict.fromkeys(PICTURES, 5_000)}
MOST_TRUTH = 10_000
VAL, EXAM = 0.25, 0.25
RULES = ("not inferior on val", "best on val", "always linear", "ours")
BEFORE = {
    "gboost": {"iterations": 60, "learning_rate": 0.15, "leaves": 8, "l2": 0.0, "patience": 10, "loss": "mse"},
    "forest": {"leaves": 64, "min_rows_leaf": 2, "feature_share": None, "answer": "mean"},
    "linear": {"weighting": "none"},
}
"""Defaults of earlier versions, which did not follow the rows, for the first rule."""
BEFORE_BYTES = 27_567
"""Median size of what earlier versions promoted, in their files: commit 35d1680, six draws of each size, without pictures."""
REGRET, WORSE = 0.60, 0.05
"""What ours must reach: its mean regret as a share of that of the first rule; the share of those worse than linear."""
UNTIMED = Timing(p50_us=1.0, p95_us=1.0, rows_per_s=1.0, peak_memory_bytes=1)


@dataclass(frozen=True)
class Draw:
    """One draw of rows of a set. level: the effort with which models are made for it."""

    name: str
    rows: int
    number: int
    level: str = effort.QUICK

    @property
    def path(self) -> Path:
        """Where its result is kept."""
        own = "" if self.level == effort.QUICK else f"-{self.level}"
        return KEPT / f"{self.name}-{self.rows}-{self.number}{own}.json"


@dataclass(frozen=True)
class Result:
    """True losses of a draw. promoted: rule -> (loss, bytes, family); best, baseline, linear: losses; margin: of the loss.

    families: what other rules can be tried with. family -> its true loss fitted again, bytes, mean loss on val, and, where
    families were cross-validated, its difference to the best of them and the error of that.
    """

    promoted: dict[str, tuple[float, int, str]]
    families: dict[str, tuple[float, int, float, float | None, float | None]]
    best: float
    baseline: float
    linear: float
    margin: float
    refused: bool
    seconds: float


def draws(level: str) -> Iterator[Draw]:
    """All draws, the first of every set before the second of any, so that an interrupted run covers all sets."""
    for number in range(max(DRAWS.values())):
        for name, count in DRAWS.items():
            if number < count:
                yield from (Draw(name, rows, number, level) for rows in FEW.get(name, SIZES))


@lru_cache(maxsize=2)
def _table(name: str) -> Table:
    """The raw rows of a set."""
    case = _case(name, Path.cwd())
    return replace(case.modality.read(case.data, case.options), unlabelled=None)


def _case(name: str, folder: Path) -> Case:
    settings = config.load(PARAMS, catalog())
    return Case(name, settings, Workspace(folder, folder / "params.yaml"))


def _taken(table: Table, draw: Draw, in_time: bool) -> tuple[Table, Table]:
    """Rows of a draw, with their splits, and the other rows, on which the truth is measured."""
    random = np.random.default_rng([sum(draw.name.encode()), draw.rows, draw.number])
    read, most = draw.rows + round(EXAM * draw.rows), TRUTH.get(draw.name, MOST_TRUTH)
    if in_time:
        start = int(random.integers(0, len(table) - read - most))
        order = np.arange(start, start + read + most)
    else:
        order = random.permutation(len(table))[: read + most]
    place = np.repeat(
        ["train", "val", "test"], [draw.rows - round(VAL * draw.rows), round(VAL * draw.rows), read - draw.rows]
    )
    group = table.group if table.group is not None else table.key
    fresh = order[read:][~np.isin(group[order[read:]], group[order[:read]])]
    return replace(table.take(order[:read]), split=place), replace(table.take(fresh), split=None)


def measured(draw: Draw) -> Result:
    """Train, choose, fit again and examine on the rows of a draw, and measure the truth."""
    start = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="bench-choice-"))
    try:
        (folder / "uv.lock").write_text("")
        result = _measured(draw, _case(draw.name, folder), folder / "scratch")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return replace(result, seconds=round(time.perf_counter() - start, 1))


def _measured(draw: Draw, case: Case, scratch: Path) -> Result:
    table, others = _taken(_table(draw.name), draw, case.problem.time_column is not None)
    prepared = prepare.prepare(table, case.problem, case.usecase.split)
    truth, task = case.modality.examples(others, case.options), case.task
    before = _candidates(_as_before(case), prepared, scratch / "before")
    case = replace(case, settings=case.settings.with_effort(draw.level))
    case = effort.widened(case, prepared.batches["train"])
    lined_up = _candidates(case, prepared, scratch)
    on_val = choice.choose_on_val(finalists.field_of(case, "cpu", before))
    field = finalists.field_of(case, "cpu", lined_up)
    chosen = finalists.choose_all(case, table, lined_up, call_here)["cpu"]
    of_families = [one for one in lined_up if one.name in chosen.variants.values()]
    again = Refit(
        case, table, prepared, field.rules, scratch, lambda folders: dict.fromkeys(folders, UNTIMED), call_here
    )
    shipped = again.ship(of_families)
    made = Finalists({"cpu": chosen}, shipped)
    pair = [one for name in (chosen.finalist, chosen.variants[LINEAR]) if (one := made.ship(lined_up, name))]
    pair = pair[:1] if pair[0].family == LINEAR else pair
    decision, promoted = exam.examine(case, "cpu", pair, chosen, prepared, Incumbents())
    plain = prepare.batch(truth, prepared.encoder, prepared.labels, case.problem)
    constant = [
        task.MEASURES[0].loss(answer(plain), plain) for answer in task.baselines(prepared.batches["train"]).values()
    ]
    baseline = min(float(loss.mean()) for loss in constant)
    true = {one.bundle.sha: _loss(one, truth) for one in (*lined_up, *before, *shipped.values())}
    by_rule = {
        RULES[0]: next(one for one in before if one.name == on_val.finalist),
        RULES[1]: shipped[chosen.variants[choice.family_of(field.best)]],
        RULES[2]: shipped[chosen.variants[LINEAR]],
        RULES[3]: promoted,
    }
    return Result(
        {rule: (true[one.bundle.sha], one.bundle.size_bytes, one.family) for rule, one in by_rule.items()},
        {one.family: _figures(one, shipped[one.name], chosen, true) for one in of_families},
        best=min(true.values()),
        baseline=baseline,
        linear=true[shipped[chosen.variants[LINEAR]].bundle.sha],
        margin=task.MEASURES[0].loss_margin(np.array([min(true.values())]), None),
        refused=not decision.promote,
        seconds=0.0,
    )


def _figures(
    own: Candidate, again: Candidate, chosen: Choice, true: Mapping[str, float]
) -> tuple[float, int, float, float | None, float | None]:
    """What is kept of a family."""
    folds = chosen.folds.get(own.family)
    error = (folds.difference, folds.error) if folds else (None, None)
    return (true[again.bundle.sha], again.bundle.size_bytes, float(own.val.loss.mean()), *error)


def _as_before(case: Case) -> Case:
    """The same use case with the defaults of families of earlier versions."""
    families = {name: {**BEFORE.get(name, {}), **params} for name, params in case.usecase.families.items()}
    return case.with_families(families)


def _candidates(case: Case, prepared: prepare.Prepared, scratch: Path) -> list[Candidate]:
    handed = train.hand_over(case, prepared, call_here)
    teachers, made = teaching.trained(case, handed), []
    for family in case.usecase.families:
        trained = train.train(case, family, handed)
        compressed = compress.variants(case, trained, handed, teachers=teachers)
        made.append(Made(trained, compressed, candidates.evaluate_variants(compressed, prepared, scratch)))
    return candidates.line_up(made, lambda folders: dict.fromkeys(folders, UNTIMED)).candidates


def _loss(candidate: Candidate, truth: Table) -> float:
    """Mean loss on the rows where the truth is measured."""
    batch = evaluate.batch_of(candidate.bundle, truth)
    return float(tasks.measure(batch.task).loss(evaluate.predict(candidate.bundle, batch), batch).mean())


def _one(draw: Draw) -> Draw:
    """Measure a draw in a process of its own, and keep the result."""
    result = measured(draw)
    draw.path.parent.mkdir(parents=True, exist_ok=True)
    draw.path.write_text(json.dumps({"code": _code(), **asdict(result)}))
    return draw


@lru_cache(maxsize=1)
def _code() -> str:
    return code_version([finalists.__name__, "minnow.stages.refit", "minnow.families", "minnow.modalities"])


def _kept(draw: Draw) -> Result | None:
    """The result of a draw, None where there is none, or one of a version that kept less of it."""
    if not draw.path.exists():
        return None
    value = json.loads(draw.path.read_text())
    if "families" not in value:
        return None
    value.pop("code")
    value["promoted"] = {rule: tuple(one) for rule, one in value["promoted"].items()}
    return Result(**value)


def regret(results: Sequence[Result], rule: str) -> float:
    """Share of what can be gained that a rule leaves, over the draws of a set."""
    left = sum(one.promoted[rule][0] - one.best for one in results)
    return left / max(sum(one.baseline - one.best for one in results), 1e-12)


def worse(results: Sequence[Result], rule: str) -> Array:
    """Whether a rule promotes a model that is worse than the linear one by more than a margin, (n,) bool."""
    return np.array([one.promoted[rule][0] - one.linear > one.margin for one in results])


def table(found: dict[Draw, Result]) -> tuple[list[str], bool]:
    """Lines of the table in Markdown, and whether ours reaches what it must."""
    sets = [name for name in DRAWS if any(draw.name == name for draw in found)]
    of_set = {name: [one for draw, one in found.items() if draw.name == name] for name in sets}
    lines = [
        f"| rule | {' | '.join(sets)} | mean regret | median bytes | worse than linear |",
        f"|{'---|' * (len(sets) + 4)}",
    ]
    means = {}
    for rule in RULES:
        each = [regret(of_set[name], rule) for name in sets]
        means[rule] = float(np.mean(each))
        size = float(np.median([one.promoted[rule][1] for one in found.values()]))
        share = float(worse(list(found.values()), rule).mean())
        lines.append(
            f"| {rule} | {' | '.join(f'{v:.3f}' for v in each)} | {means[rule]:.3f} | {size:,.0f} | {share:.1%} |"
        )
    refused, size = sum(one.refused for one in found.values()), _compared_size(found)
    lines += ["", f"{len(found)} draws; the exam refused {refused} of ours, which stand in the table all the same."]
    if size is not None:
        lines.append(f"Median size of ours without pictures: {size:,.0f} bytes; before {BEFORE_BYTES:,}.")
    return lines, _reached(found, means, size)


def _compared_size(found: dict[Draw, Result]) -> float | None:
    """Median size of ours on the sets that BEFORE_BYTES is of; None without a draw of them."""
    sizes = [one.promoted["ours"][1] for draw, one in found.items() if draw.name not in PICTURES]
    return float(np.median(sizes)) if sizes else None


def _reached(found: dict[Draw, Result], means: dict[str, float], size: float | None) -> bool:
    share = float(worse(list(found.values()), "ours").mean())
    ours = means["ours"]
    return (
        ours <= REGRET * means[RULES[0]]
        and ours < min(means[RULES[1]], means[RULES[2]])
        and (size is None or size <= 0.5 * BEFORE_BYTES)
        and share <= WORSE
    )


def main() -> int:
    """Measure the draws that are not kept, and print the table. Returns 1 where ours does not reach what it must."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--draws", type=int, help="of each set and size; default: those of the table")
    parser.add_argument("--after", type=int, default=0, help="leave out so many draws of each set and size")
    parser.add_argument("--sets", nargs="*", default=list(DRAWS), help="default: all")
    parser.add_argument("--effort", default=effort.QUICK, choices=(effort.QUICK, effort.DEFAULT), help="of the models")
    options = parser.parse_args()
    numbers = range(options.after, options.draws or max(DRAWS.values()))
    wanted = [draw for draw in draws(options.effort) if draw.name in options.sets and draw.number in numbers]
    todo = [draw for draw in wanted if _kept(draw) is None]
    os.environ.update({"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"})  # read by the processes when they start
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_one, draw) for draw in todo]
        for count, future in enumerate(as_completed(futures), start=1):
            draw = future.result()
            print(
                f"{count} of {len(todo)}: {draw.name}, {draw.rows} rows, draw {draw.number}",
                file=sys.stderr,
                flush=True,
            )
    found = {draw: result for draw in wanted if (result := _kept(draw)) is not None}
    lines, reached = table(found)
    print("\n".join(lines))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
