"""Every family on public data sets, beside published and measured figures: `make bench`, `make bench-full`.

Runs the use cases of benchmarks/params.yaml one by one, with one seed or with three, on the data sets in the folder that
MINNOW_BENCH_DATA names, and writes benchmarks/RESULTS.md after each. Models in the cache are not trained again, so an
interrupted run can be resumed. Every figure is of an exported file; the test set is read for one finalist per family, chosen on
val.
"""

from __future__ import annotations

import math
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

from benchmarks import sections
from minnow.config import document
from minnow.lineage import key_of
from minnow.measures.scores import span
from minnow.records.decision import Decision, Difference, read_decisions
from minnow.records.results import FILE, read_results
from minnow.records.timing import read_timings

HERE = Path(__file__).parent
PARAMS, REFERENCES, RESULTS = HERE / "params.yaml", HERE / "references.yaml", HERE / "RESULTS.md"
SEEDS = (7, 8, 9)
DIVISIONS = {
    "equal rows together": "folds",
    "one group after the other": "folds",
    "without regard to equal rows": "folds apart",
}
LOWER_IS_BETTER = ("mae", "rmse", "log_loss", "frechet", "memorised")


@dataclass(frozen=True)
class Figure:
    """One figure of one seed. of: its name in references.yaml; name: as shown. low, high: 95 % interval.

    groups: number of rows, or of groups of rows, None where unknown. extractor: text that names the feature extractor of a
    distance, "" for other figures.
    """

    set: str
    of: str
    name: str
    measure: str
    value: float
    low: float
    high: float
    groups: int | None
    rows: int | None = None
    parameters: int | None = None
    size_bytes: int | None = None
    training_s: float | None = None
    extractor: str = ""

    @property
    def interval(self) -> str:
        """The interval as text."""
        return span({"low": self.low, "high": self.high, "n": self.groups}, number)


def params_of(seed: int) -> Path:
    """Path of the settings with a seed: the file itself for the first seed, a copy in .minnow for the others."""
    if seed == SEEDS[0]:
        return PARAMS
    path = Path(".minnow") / "bench" / f"params-{seed}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(re.sub(r"(?m)^seed: \d+", f"seed: {seed}", PARAMS.read_text()))
    return path


def run(usecase: str, seed: int) -> float:
    """Run a use case, unless a run with these settings and sources is complete. Returns seconds; a failure is printed."""
    start, made_from = time.perf_counter(), _origin(usecase)
    done = Path(".minnow") / "bench" / "done" / f"{usecase}-{seed}"
    if done.exists() and done.read_text() == made_from:
        print(f"{usecase} with seed {seed} is done.")
        return 0.0
    command = [str(Path(sys.executable).parent / "minnow"), "run", "--params", str(params_of(seed)), usecase]
    code = subprocess.run(command, check=False).returncode
    if code not in (0, 3):
        print(f"{usecase} with seed {seed} failed with exit code {code}.", file=sys.stderr)
    else:
        done.parent.mkdir(parents=True, exist_ok=True)
        done.write_text(made_from)
    return time.perf_counter() - start


def _origin(usecase: str) -> str:
    """Hash what determines a run besides data and seed: its settings, those of `init_from`, and every source file."""
    settings = document.read(PARAMS).values
    usecases = settings.pop("usecases")
    own = [
        params["init_from"]["usecase"]
        for params in usecases[usecase]["families"].values()
        if "init_from" in (params or {})
    ]
    entries = {name: usecases[name] for name in (usecase, *own)}
    return key_of({"settings": settings, "entries": entries, "sources": sources()})


def sources() -> dict[str, str]:
    """Every source file: path -> text."""
    return {path.as_posix(): path.read_text() for path in sorted(Path("src").rglob("*.py"))}


def figures(usecase: str, seed: int) -> Iterator[Figure]:
    """Read the outcome of a run, none where there is none."""
    yield from figures_in(Path(".minnow") / "trials" / params_of(seed).stem, usecase)


def figures_in(home: Path, usecase: str) -> Iterator[Figure]:
    """Read the outcome of a trial: scores of its families on the test set, and their folds. home: the trial's folder."""
    folder = home / "outcomes" / usecase
    if not (folder / FILE).exists():
        return
    results, decision = read_results(folder), decision_in(home, usecase)
    seconds = read_timings(home / "timings" / f"{usecase}.json").training_s
    for one in results.variants:
        if one.test is None:
            continue
        about = (one.test.rows, one.parameters, one.size_bytes, seconds[one.family], _extractor(one.test.about))
        names = (one.family, "finalist") if decision and one.name == decision.finalist else (one.family,)
        for measure, score in one.test.scores.items():
            for of in names:
                yield Figure(usecase, of, one.name, measure, score.value, score.low, score.high, score.n, *about)
    for family, result in results.folds.items():
        for division, scores in result.divisions.items():
            for measure, score in scores.items():
                of, name = f"{DIVISIONS[division]} {family}", f"{family}, {result.folds} {DIVISIONS[division]}"
                yield Figure(usecase, of, name, measure, score.value, score.low, score.high, None)


def _extractor(about: Mapping[str, Any]) -> str:
    """Text with the extractor and the number of samples of a distance, "" for other figures."""
    return f" (extractor {about['extractor']}, {about['samples']:,} samples)" if about else ""


def decision_in(home: Path, usecase: str) -> Decision | None:
    """The decision on a use case's first target. home: the folder of a trial."""
    return next(iter(read_decisions(home / "outcomes" / usecase)), None)


def decided(usecase: str) -> str:
    """Text with the scores of the baselines on the same rows and the decision; "" where nothing was decided."""
    decision = decision_in(Path(".minnow") / "trials" / PARAMS.stem, usecase)
    if decision is None:
        return ""
    groups = decision.score.n if decision.score else 0
    baselines = ", ".join(
        f"{name} {number(score.value)}{_difference(decision.differences.get(name), groups)}"
        for name, score in decision.baselines.items()
    )
    return f"{baselines}{_extractor(decision.about)}. {decision.verdict.capitalize()}: {' '.join(decision.reasons)}"


def _difference(difference: Difference | None, groups: int) -> str:
    """Text with the loss difference (finalist minus baseline) and its interval."""
    if difference is None:
        return ""
    interval = span({**vars(difference), "n": groups}, "{:+.4f}".format)
    return f" (loss difference, finalist minus baseline: {difference.value:+.4f}, {interval})"


def number(value: float) -> str:
    """Text of a figure, with digits that suit its size."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4f}" if abs(value) < 2 else f"{value:.2f}"


def reached(figure: Figure, reference: Mapping[str, Any]) -> str:
    """Text on whether a figure reaches `reach` of a reference with at most so many parameters and bytes as it allows."""
    if reference["reach"] is None:
        return "-"
    lower = reference["measure"] in LOWER_IS_BETTER
    good = figure.value <= reference["reach"] if lower else figure.value >= reference["reach"]
    small = (figure.parameters or 0) <= reference.get("most_parameters", math.inf)
    small &= (figure.size_bytes or 0) <= reference.get("most_bytes", math.inf)
    goal = f"{'at most' if lower else 'at least'} {number(reference['reach'])}"
    limit = "".join(
        f" with at most {reference[f'most_{noun}']:,} {noun}"
        for noun in ("parameters", "bytes")
        if f"most_{noun}" in reference
    )
    return f"{goal}{limit}: {'reached' if good and small else 'not reached'}"


def _beaten(figure: Figure, names: list[str], drawn: list[Figure]) -> str:
    """Text on whether a figure is below those of other families and baselines on the same rows."""
    decision = decision_in(Path(".minnow") / "trials" / PARAMS.stem, figure.set)
    others = {name: score.value for name, score in decision.baselines.items()} if decision else {}
    others |= {f.of: f.value for f in drawn if (f.set, f.measure) == (figure.set, figure.measure)}
    there = {name: others[name] for name in names if name in others}
    good = len(there) == len(names) and all(figure.value < value for value in there.values())
    goal = ", ".join(f"{name} {number(there[name]) if name in there else 'not run'}" for name in names)
    return f"below {goal}: {'reached' if good else 'not reached'}"


def _line(reference: Mapping[str, Any], drawn: list[Figure]) -> str:
    """A row of the table: the median over seeds, with the interval of that seed."""
    named = f"{reference['set']} | {reference['of']}"
    same = [f for f in drawn if (f.set, f.of, f.measure) == (reference["set"], reference["of"], reference["measure"])]
    if not same:
        return f"| {named} | {reference['measure']} | not run | | | | | | {reference['source']} |"
    middle = min(same, key=lambda f: abs(f.value - median(g.value for g in same)))
    spread = f"; seeds {', '.join(number(f.value) for f in same)}" if len(same) > 1 else ""
    cells = [
        f"{reference['set']} | {'finalist: ' if middle.of == 'finalist' else ''}{middle.name}",
        reference["measure"] + middle.extractor,
        f"{number(middle.value)} ({middle.interval}){spread}",
        *(
            f"{value:,.0f}" if value is not None else ""
            for value in (middle.rows, middle.parameters, middle.size_bytes)
        ),
        f"{middle.training_s:.0f}" if middle.training_s is not None else "",
        _beaten(middle, reference["below"], drawn) if "below" in reference else reached(middle, reference),
        reference["source"],
    ]
    return f"| {' | '.join(cells)} |"


def write(seeds: tuple[int, ...], usecases: list[str]) -> None:
    """Write the section of RESULTS.md from the outcomes that exist."""
    drawn = [figure for seed in seeds for usecase in usecases for figure in figures(usecase, seed)]
    references = yaml.safe_load(REFERENCES.read_text())
    columns = ["set", "model", "measure", "figure", "exam rows", "parameters", "bytes", "training s"]
    command = "make bench" if len(seeds) == 1 else "make bench-full"
    lines = [
        "# Real sets, against published figures",
        "",
        f"Written by `{command}` from the files that would be served. Seeds: {', '.join(map(str, seeds))}. Intervals are of "
        "95 %: over rows, over days for series, over folds where it says so. Test was read for one finalist per family, "
        "declared on val. Training in seconds on 2 cores.",
        "",
        *header([*columns, "to reach", "reference"]),
        *(_line(reference, drawn) for reference in references),
        "",
        "## Every other family, for comparison",
        "",
        *header(columns),
        *(_plain(figure) for figure in _others(drawn, references, usecases)),
        "",
        "## What needs no learning, on the same rows, and what was decided",
        "",
        *(f"- {usecase}: {sentence}" for usecase in usecases if (sentence := decided(usecase))),
        "",
    ]
    sections.write(RESULTS, "\n".join(lines) + (HERE / "notes.md").read_text())


def header(columns: list[str]) -> list[str]:
    """The first two lines of a table in Markdown."""
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]


def _others(drawn: list[Figure], references: list[Mapping[str, Any]], usecases: list[str]) -> list[Figure]:
    """Figures of families that no reference names, one each, by the first measure of the task."""
    named = {(reference["set"], reference["of"]) for reference in references}
    firsts = {usecase: _first(usecase) for usecase in usecases}
    primary = {
        (f.set, f.of): f
        for f in reversed(drawn)
        if (f.set, f.of) not in named and f.of != "finalist" and f.measure == firsts[f.set]
    }
    return list(primary.values())


def _first(usecase: str) -> str | None:
    """The measure of a use case's decision; None where nothing was decided."""
    decision = decision_in(Path(".minnow") / "trials" / PARAMS.stem, usecase)
    return decision.measure if decision else None


def _plain(f: Figure) -> str:
    figure = f"{number(f.value)} ({f.interval})"
    counts = [
        f"{value:,.0f}" if value is not None else "" for value in (f.rows, f.parameters, f.size_bytes, f.training_s)
    ]
    return f"| {f.set} | {f.name} | {f.measure}{f.extractor} | {figure} | {' | '.join(counts)} |"


def main(arguments: list[str]) -> int:
    """Run the named use cases, or all. `--full` takes three seeds; `--write` only writes RESULTS.md."""
    if "MINNOW_BENCH_DATA" not in os.environ:
        print("Name the folder of the real sets: export MINNOW_BENCH_DATA=...", file=sys.stderr)
        return 2
    seeds = SEEDS if "--full" in arguments else SEEDS[:1]
    known = list(document.read(PARAMS).values["usecases"])
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
