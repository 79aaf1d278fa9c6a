"""What compression reaches on real sets, and what each step changes: `make bench-compression`.

The use cases of compression.yaml are those of params.yaml beside it with other recipes and a budget, run as trials one by one
with one seed or several. The finalist is chosen on val within the budget, and test is read for it alone. Every other variant
stands in the table with its figures on val, with the share of answers that differ from its parent's, from its certificate, and
where it was refused with the reason. What is done is kept in .minnow/bench-compression and made again where its settings or the
sources have changed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

import yaml

from benchmarks import sections
from benchmarks.results import LOWER_IS_BETTER, RESULTS, decision_in, header, number, sources
from minnow.config import document, writing
from minnow.lineage import key_of
from minnow.records.certificate import FILE, Certificate, from_json
from minnow.records.results import VariantResult, read_results

HERE = Path(__file__).parent
GOALS, KEPT, SEED = HERE / "compression.yaml", Path(".minnow") / "bench-compression", 7
Result = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """A use case and what is to be reached; the comment of compression.yaml says what each is."""

    name: str
    like: str
    recipes: list[str]
    size_bytes: int
    measure: str
    reach: float
    families: Mapping[str, Any]
    of: str = "benchmarks/params.yaml"
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    source: str = ""

    @property
    def entry(self) -> dict[str, Any]:
        """Its entry: another use case's, with these families, recipes and budget."""
        known = document.read(Path(self.of)).values["usecases"][self.like]
        kept = {name: value for name, value in known.items() if name not in ("folds", "targets", "exports", "exam")}
        families = {name: known["families"].get(name) if own is None else own for name, own in self.families.items()}
        options = {"options": {**known["options"], **self.options}} if "options" in known else {}
        changed: dict[str, Any] = {
            "data": os.path.expandvars(known["data"]),
            "families": families,
            "compression": self.recipes,
            "budget": {"size_bytes": self.size_bytes},
        }
        return {**kept, **options, **changed, "measure": self.measure}


def goals() -> dict[str, Goal]:
    """Name of a use case -> its goal, in the order of compression.yaml."""
    return {name: Goal(name, **value) for name, value in yaml.safe_load(GOALS.read_text()).items()}


def settings(seed: int) -> Path:
    """Write the settings of all use cases with a seed. Returns the file."""
    path = KEPT / f"compression-{seed}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = {goal.name: goal.entry for goal in goals().values()}
    path.write_text(writing.document({"seed": seed, "threads": 2, "usecases": entries}))
    return path


def run(goal: Goal, seed: int) -> Result:
    """Run a use case as a trial. Returns a line for each of its variants and what was decided."""
    path, start, since = settings(seed), time.perf_counter(), time.time()
    command = [sys.executable, "-m", "minnow.cli", "run", "--params", str(path), goal.name]
    code = subprocess.run(command, check=False).returncode
    if code not in (0, 3):
        raise RuntimeError(f"{goal.name} with seed {seed} ended with exit code {code}.")
    return read(Path(".minnow") / "trials" / path.stem, goal, since) | {"seconds": time.perf_counter() - start}


def read(home: Path, goal: Goal, since: float) -> Result:
    """Read what a trial wrote, and the certificates that it logged. home: its folder; since: when it began."""
    outcome = read_results(home / "outcomes" / goal.name)
    decision = decision_in(home, goal.name)
    certificates = {one.variant: one for one in _certificates(since) if one.usecase == goal.name}
    variants = [_variant(one, goal.measure, certificates.get(one.name)) for one in outcome.variants]
    standing = [one["name"] for one in variants]
    variants += [_refused(one) for name, one in sorted(certificates.items()) if name not in standing]
    finalist = decision.finalist if decision else None
    tested = next((one for one in outcome.variants if one.name == finalist), None)
    test = tested.test if tested else None
    return {
        "variants": variants,
        "refused": dict(outcome.refused),
        "finalist": finalist,
        "size_bytes": tested.size_bytes if tested else None,
        "test": asdict(test.scores[goal.measure]) if test else None,
        "rows": test.rows if test else None,
    }


def _certificates(since: float) -> Iterator[Certificate]:
    """Certificates among the artifacts that were written since a time, in seconds."""
    for path in Path("mlartifacts").glob(f"*/artifacts/**/{FILE}"):
        if path.stat().st_mtime >= since:
            yield from_json(json.loads(path.read_text()), str(path))


def _variant(one: VariantResult, measure: str, certificate: Certificate | None) -> Result:
    """What is shown of a variant that stands."""
    flips, verdict = (asdict(certificate.flips), certificate.verdict) if certificate else (None, "")
    val = asdict(one.val[measure]) if measure in one.val else None
    about = {"name": one.name, "parameters": one.parameters, "size_bytes": one.size_bytes}
    return about | {"val": val, "flips": flips, "verdict": verdict}


def _refused(certificate: Certificate) -> Result:
    """What is shown of a variant that was refused, from its certificate."""
    about = {"name": certificate.variant, "parameters": None, "size_bytes": certificate.size_bytes}
    score = {"value": certificate.measured.variant, "low": None, "high": None}
    return about | {"val": score, "flips": asdict(certificate.flips), "verdict": certificate.verdict}


def kept(goal: Goal, seed: int) -> Path:
    """File of a use case's figures."""
    return KEPT / f"{goal.name}-{seed}.json"


def measure(goal: Goal, seed: int) -> bool:
    """Measure what is not kept. Returns whether that went well; a failure is printed and does not stop the others."""
    made_from = key_of({"entry": goal.entry, "seed": seed, "sources": sources()})
    path = kept(goal, seed)
    if path.exists() and json.loads(path.read_text())["key"] == made_from:
        print(f"{goal.name}, seed {seed}: done before.", flush=True)
        return True
    try:
        result = run(goal, seed)
    except (RuntimeError, OSError, ValueError) as error:
        print(f"{goal.name}, seed {seed} failed: {error}", file=sys.stderr, flush=True)
        return False
    path.write_text(json.dumps({"key": made_from, **result}))
    print(f"{goal.name}, seed {seed}: {result['seconds']:.0f} s.", flush=True)
    return True


def write(seeds: Sequence[int]) -> None:
    """Write the section of RESULTS.md from what is kept."""
    found = [
        (goal, [json.loads(kept(goal, seed).read_text()) for seed in seeds if kept(goal, seed).exists()])
        for goal in goals().values()
    ]
    columns = ["use case", "finalist", "measure", "on test", "rows", "bytes", "to reach", "before, and source"]
    others = [
        "use case",
        "variant",
        "weights",
        "bytes",
        "on val",
        "answers that differ from its parent's",
        "certificate",
    ]
    lines = [
        "# Compression to a budget",
        "",
        f"Written by `make bench-compression`, seeds {', '.join(map(str, seeds))}. The finalist is chosen on val within "
        "the budget, and test is read for it alone. Intervals are of 95 %.",
        "",
        *header(columns),
        *(_line(goal, results) for goal, results in found),
        "",
        "## Every variant, on val, of the first seed",
        "",
        *header(others),
        *(line for goal, results in found for line in _others(goal, results)),
    ]
    sections.write(RESULTS, "\n".join(lines) + "\n")


def _line(goal: Goal, results: Sequence[Result]) -> str:
    """A row of the first table: the mean over the seeds."""
    wanted = (
        f"{'at most' if goal.measure in LOWER_IS_BETTER else 'at least'} {number(goal.reach)} in {goal.size_bytes:,}"
    )
    tested = [one for one in results if one["test"]]
    if not tested:
        why = "not run" if not results else "no variant is within the budget"
        return f"| {goal.name} | {why} | {goal.measure} | | | | {wanted} | {goal.source} |"
    value = mean(one["test"]["value"] for one in tested)
    first = tested[0]["test"]
    reached = value <= goal.reach if goal.measure in LOWER_IS_BETTER else value >= goal.reach
    missing = f"; {len(results) - len(tested)} of {len(results)} seeds had no variant within it" * (
        len(tested) < len(results)
    )
    cells = [
        goal.name,
        ", ".join(dict.fromkeys(one["finalist"] for one in tested)),
        goal.measure,
        f"{number(value)} ({number(first['low'])} to {number(first['high'])})"
        + (f"; seeds {', '.join(number(one['test']['value']) for one in tested)}" if len(tested) > 1 else ""),
        f"{tested[0]['rows']:,}",
        ", ".join(f"{size:,}" for size in dict.fromkeys(one["size_bytes"] for one in tested)),
        f"{wanted}: {'reached' if reached and not missing else 'not reached'}{missing}",
        goal.source,
    ]
    return f"| {' | '.join(cells)} |"


def _others(goal: Goal, results: Sequence[Result]) -> Iterator[str]:
    for one in results[0]["variants"] if results else ():
        refused = results[0]["refused"].get(one["name"])
        said = f"refused: {refused}" if refused else one["verdict"]
        weights = "" if one["parameters"] is None else f"{one['parameters']:,}"
        cells = [one["name"], weights, f"{one['size_bytes']:,}", _score(one["val"])]
        yield f"| {' | '.join([goal.name, *cells, _share(one['flips']), said])} |"
    for name, why in results[0]["refused"].items() if results else ():
        if name not in [one["name"] for one in results[0]["variants"]]:
            yield f"| {goal.name} | {name} | | | | | refused: {why} |"


def _score(score: Mapping[str, float] | None) -> str:
    if score is None:
        return ""
    between = "" if score["low"] is None else f" ({number(score['low'])} to {number(score['high'])})"
    return number(score["value"]) + between


def _share(score: Mapping[str, float] | None) -> str:
    return "" if score is None else f"{score['value']:.2%} ({score['low']:.2%} to {score['high']:.2%})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the named use cases, or all, and write the tables."""
    known = goals()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compression", description=__doc__)
    parser.add_argument("usecases", nargs="*", choices=[[], *known], help="all by default")
    parser.add_argument("--seeds", nargs="+", type=int, default=[SEED])
    parser.add_argument("--write", action="store_true", help="only write RESULTS.md")
    options = parser.parse_args(arguments)
    if "MINNOW_BENCH_DATA" not in os.environ:
        print("Name the folder of the real sets: export MINNOW_BENCH_DATA=...", file=sys.stderr)
        return 2
    well = True
    wanted = [known[name] for name in options.usecases or known] if not options.write else []
    for goal in wanted:
        for seed in options.seeds:
            well &= measure(goal, seed)
            write(options.seeds)
    write(options.seeds)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
