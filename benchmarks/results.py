"""Every family on the real sets, against published and measured figures: `make bench`, `make bench-full`.

Runs the use cases of benchmarks/params.yaml one by one over the sets in the folder that MINNOW_BENCH_DATA names, with one seed
or with three, and writes benchmarks/RESULTS.md after each. What was trained before is not trained again, so a run that was
stopped goes on. Every figure is read off the shipped file; test is read for one finalist per family, declared on val.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

HERE = Path(__file__).parent
PARAMS, REFERENCES, RESULTS = HERE / "params.yaml", HERE / "references.yaml", HERE / "RESULTS.md"
SEEDS = (7, 8, 9)
TOGETHER, APART = "equal rows together", "without regard to equal rows"
LOWER_IS_BETTER = ("mae", "rmse", "log_loss")


@dataclass(frozen=True)
class Figure:
    """One figure of one seed. low, high: 95 % interval."""

    set: str
    of: str
    variant: str
    measure: str
    value: float
    low: float
    high: float
    rows: int | None
    parameters: int | None
    size_bytes: int | None
    training_s: float | None


def params_of(seed: int) -> Path:
    """The settings of a seed: the file itself for the first, a copy in .minnow for the others."""
    if seed == SEEDS[0]:
        return PARAMS
    path = Path(".minnow") / "bench" / f"params-{seed}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(re.sub(r"(?m)^seed: \d+", f"seed: {seed}", PARAMS.read_text()))
    return path


def run(usecase: str, seed: int) -> float:
    """Run a use case. Returns seconds; a failure is told and leaves its old figures away."""
    start = time.perf_counter()
    command = [str(Path(sys.executable).parent / "minnow"), "run", "--params", str(params_of(seed)), usecase]
    code = subprocess.run(command, check=False).returncode
    if code not in (0, 3):
        print(f"{usecase} with seed {seed} failed with exit code {code}.", file=sys.stderr)
    return time.perf_counter() - start


def figures(usecase: str, seed: int) -> Iterator[Figure]:
    """Read what a run left: the exams of its families, and the folds of its finalist."""
    home = Path(".minnow") / "trials" / params_of(seed).stem
    path = home / "outcomes" / usecase / "results.json"
    if not path.exists():
        return
    found = json.loads(path.read_text())
    seconds = json.loads((home / "timings" / f"{usecase}.json").read_text())["training_s"]
    for one in found["variants"]:
        exam = one.get("test")
        for measure, score in (exam or {"scores": {}})["scores"].items():
            about = (one["parameters"], one["size_bytes"], seconds[one["family"]])
            yield Figure(usecase, one["family"], one["variant"], measure, *_score(score), exam["rows"], *about)
    for name, of in ((TOGETHER, "folds"), (APART, "folds apart")):
        for measure, score in found.get("folds", {}).get(name, {}).items():
            yield Figure(usecase, of, found["folds"]["family"], measure, *_score(score), None, None, None, None)


def _score(score: Mapping[str, float]) -> tuple[float, float, float]:
    return score["value"], score["low"], score["high"]


def baselines(usecase: str) -> str:
    """What needs no learning, on the same rows."""
    path = Path(".minnow") / "trials" / PARAMS.stem / "outcomes" / usecase / "decision.json"
    if not path.exists():
        return ""
    found = next(iter(json.loads(path.read_text()).values())).get("baselines", {})
    against = next(iter(json.loads(path.read_text()).values())).get("against", {})
    return ", ".join(f"{name} {_number(one['value'])}{_less(against.get(name))}" for name, one in found.items())


def _less(against: Mapping[str, float] | None) -> str:
    """What the finalist's loss is less that of a baseline, with its interval."""
    if against is None:
        return ""
    return f" (finalist's loss less its: {against['value']:+.4f}, {against['low']:+.4f} to {against['high']:+.4f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}" if abs(value) < 2 else f"{value:.2f}"


def _reached(value: float, reference: Mapping[str, Any], parameters: int | None) -> str:
    if reference["reach"] is None:
        return "-"
    lower = reference["measure"] in LOWER_IS_BETTER
    good = value <= reference["reach"] if lower else value >= reference["reach"]
    small = parameters is None or parameters <= reference.get("most_parameters", parameters)
    goal = f"{'at most' if lower else 'at least'} {_number(reference['reach'])}"
    limit = f" with at most {reference['most_parameters']:,} parameters" if "most_parameters" in reference else ""
    return f"{goal}{limit}: {'reached' if good and small else 'not reached'}"


def _line(reference: Mapping[str, Any], found: list[Figure]) -> str:
    """A row of the table: the median over seeds with the interval of that seed's exam."""
    named = f"{reference['set']} | {reference['of']}"
    same = [f for f in found if (f.set, f.of, f.measure) == (reference["set"], reference["of"], reference["measure"])]
    if not same:
        return f"| {named} | {reference['measure']} | not run | | | | | | {reference['source']} |"
    middle = min(same, key=lambda f: abs(f.value - median(g.value for g in same)))
    spread = f"; seeds {', '.join(_number(f.value) for f in same)}" if len(same) > 1 else ""
    cells = [
        f"{reference['set']} | {middle.of}/{middle.variant}",
        reference["measure"],
        f"{_number(middle.value)} ({_number(middle.low)} to {_number(middle.high)}){spread}",
        *(
            f"{value:,.0f}" if value is not None else ""
            for value in (middle.rows, middle.parameters, middle.size_bytes)
        ),
        f"{middle.training_s:.0f}" if middle.training_s is not None else "",
        _reached(middle.value, reference, middle.parameters),
        reference["source"],
    ]
    return f"| {' | '.join(cells)} |"


def write(seeds: tuple[int, ...], usecases: list[str]) -> None:
    """Write RESULTS.md from what there is."""
    found = [figure for seed in seeds for usecase in usecases for figure in figures(usecase, seed)]
    references = yaml.safe_load(REFERENCES.read_text())
    named = {(reference["set"], reference["of"]) for reference in references}
    primary = {(f.set, f.of): f for f in reversed(found) if (f.set, f.of) not in named and _is_first(f)}
    lines = [
        "# Real sets, against published figures",
        "",
        f"Written by `make bench{'' if len(seeds) == 1 else '-full'}` from the files that would be served. Seeds: "
        f"{', '.join(map(str, seeds))}. Intervals are of 95 %: over rows, over days for series, over folds where it says so. "
        "Test was read for one finalist per family, declared on val. Training in seconds on 2 cores.",
        "",
        "| set | model | measure | figure | exam rows | parameters | bytes | training s | to reach | reference |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_line(reference, found) for reference in references),
        "",
        "## Every other family, for comparison",
        "",
        "| set | model | measure | figure | exam rows | parameters | bytes | training s |",
        "|---|---|---|---|---|---|---|---|",
        *(_plain(figure) for figure in primary.values()),
        "",
        "## What needs no learning, on the same rows",
        "",
        *(f"- {usecase}: {plain}" for usecase in usecases if (plain := baselines(usecase))),
        "",
    ]
    RESULTS.write_text("\n".join(lines) + (HERE / "notes.md").read_text())


_FIRST = ("accuracy", "mae", "ndcg@10")
_SQUARED = ("movie_ratings",)
"""Sets of which errors count by their squares."""


def _is_first(f: Figure) -> bool:
    return f.measure == "rmse" if f.set in _SQUARED else f.measure in _FIRST


def _plain(f: Figure) -> str:
    figure = f"{_number(f.value)} ({_number(f.low)} to {_number(f.high)})"
    counts = [
        f"{value:,.0f}" if value is not None else "" for value in (f.rows, f.parameters, f.size_bytes, f.training_s)
    ]
    return f"| {f.set} | {f.of}/{f.variant} | {f.measure} | {figure} | {' | '.join(counts)} |"


def main(arguments: list[str]) -> int:
    """Run what is named, or everything. `--full` takes three seeds, `--write` only writes the page anew."""
    if "MINNOW_BENCH_DATA" not in os.environ:
        print("Name the folder of the real sets: export MINNOW_BENCH_DATA=...", file=sys.stderr)
        return 2
    seeds = SEEDS if "--full" in arguments else SEEDS[:1]
    known = list(yaml.safe_load(PARAMS.read_text())["usecases"])
    named = [name for name in arguments if not name.startswith("--")]
    if unknown := [name for name in named if name not in known]:
        print(f"No use case {', '.join(unknown)} in {PARAMS}. Known: {', '.join(known)}.", file=sys.stderr)
        return 2
    total = 0.0
    for seed in seeds if "--write" not in arguments else ():
        for usecase in named or known:
            total += run(usecase, seed)
            write(seeds, known)
    write(seeds, known)
    print(f"{RESULTS} is written; the runs took {total / 60:.1f} minutes.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
