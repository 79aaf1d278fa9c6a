"""What the defaults reach on real sets, beside what others make of the same rows: `make bench-defaults`.

Each set of MINNOW_BENCH_DATA is laid out as a user would have it, in a fresh copy of the project, and `minnow new NAME --data
PATH --yes` proposes an entry, with no further setting than --target or --task where the file cannot say (and --no-trial,
since the trial changes nothing in the entry). The entry is run as a trial with `exam: families`, so that test is read for one
finalist of each family, declared on val. Peers are fitted to the same rows of train and val together, in an environment of
their own. What is done is kept in .minnow/bench-defaults, for each set, seed and entrant, and made again where its settings
or sources have changed. What is to be reached stands in defaults.yaml; the tables are a section of RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from benchmarks import defaults_table, peer_rows
from benchmarks.layouts import LAYOUTS
from benchmarks.overhead import fresh_copy, timed
from benchmarks.results import Figure, decision_in, figures_in, sources
from benchmarks.scale import measured
from minnow import config, modalities, tasks
from minnow.catalog import catalog
from minnow.config import document, writing
from minnow.lineage import code_version, key_of
from minnow.stages.case import Case
from minnow.workspace import Workspace

HERE = Path(__file__).parent
GOALS, KEPT = HERE / "defaults.yaml", Path(".minnow") / "bench-defaults"
MINNOW, SEED = "minnow", 7
READING = ("minnow.onboarding.propose", "minnow.stages.intake")
"""What decides which rows peers get, with the modalities and tasks."""
Result = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """A set and what is to be reached on it; the comment of defaults.yaml says what each is."""

    name: str
    measure: str
    layout: str = ""
    new: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    folds: int | None = None
    one_seed: bool = False
    best: float | None = None
    finalist: float | None = None
    most_bytes: int | None = None
    baseline: str | None = None
    source: str = ""

    @property
    def entrants(self) -> tuple[str, ...]:
        """Minnow and the peers."""
        return (MINNOW, *self.peers)


def goals() -> dict[str, Goal]:
    """Name of a set -> its goal, in the order of defaults.yaml."""
    values = yaml.safe_load(GOALS.read_text())
    lists = {name: {key: tuple(value.get(key, ())) for key in ("new", "peers")} for name, value in values.items()}
    return {name: Goal(name, **(value | lists[name])) for name, value in values.items()}


class Project:
    """A fresh copy of the project, made when it is first needed, and what `minnow new` proposed in it."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data, self.seconds = folder, data, dict[str, float]()

    @cached_property
    def copy(self) -> Path:
        """Its folder."""
        copy = fresh_copy(self.folder)
        timed(copy, sys.executable, "-m", "flows._server")  # as `make setup` does
        return copy

    def params(self, goal: Goal, seed: int) -> Path:
        """Settings of a trial of what `minnow new` proposed for a set."""
        if goal.name not in self.seconds:
            self._propose(goal)
        values = document.read(self.copy / "params.yaml").values
        entry = values["usecases"][goal.name] | {"exam": "families"} | ({"folds": goal.folds} if goal.folds else {})
        path = self.copy / ".minnow" / "bench" / f"{goal.name}-{seed}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(writing.document(values | {"seed": seed, "usecases": {goal.name: entry}}))
        return path

    def _propose(self, goal: Goal) -> None:
        folder = self.copy / "data" / goal.name
        folder.parent.mkdir(exist_ok=True)
        path = LAYOUTS[goal.layout or goal.name](self.data, folder).relative_to(self.copy)
        command = ["new", goal.name, "--data", str(path), *goal.new, "--yes", "--no-trial"]
        self.seconds[goal.name] = measured(self.copy, sys.executable, "-m", "minnow.cli", *command).seconds

    def case(self, goal: Goal, seed: int) -> Case:
        """The use case of a trial."""
        path = self.params(goal, seed)
        return Case(goal.name, config.load(path, catalog()), Workspace(self.copy, path))


def run(project: Project, goal: Goal, seed: int) -> Result:
    """Run what was proposed. Returns its figures, with those of the baselines, and what else is shown."""
    path = project.params(goal, seed)
    cost = measured(project.copy, sys.executable, "-m", "minnow.cli", "run", "--params", str(path), goal.name)
    home = project.copy / ".minnow" / "trials" / path.stem
    decision = decision_in(home, goal.name)
    assert decision is not None
    found = list(figures_in(home, goal.name))
    for name, score in decision.baselines.items():
        found.append(_figure(goal, f"baseline {name}", name, decision.measure or "", score, decision.rows))
    about = {
        "new_s": project.seconds[goal.name],
        "run_s": cost.seconds,
        "peak": cost.peak,
        "finalist": decision.finalist,
        "differences": {name: asdict(value) for name, value in decision.differences.items()},
        "verdict": decision.verdict,
    }
    return {"figures": [asdict(one) for one in found], "about": about}


def fitted(handed: peer_rows.Handed, goal: Goal, peer: str, seed: int) -> Result:
    """Fit a peer to handed rows. Returns its figures."""
    seconds, size = peer_rows.fit(peer_rows.python(), peer, handed.folder, seed)
    rows = len(handed.asked)
    found = [
        replace(_figure(goal, peer, peer, measure, score, rows), size_bytes=size, training_s=seconds)
        for measure, score in handed.scores(peer).items()
    ]
    return {"figures": [asdict(one) for one in found], "about": {}}


def _figure(goal: Goal, of: str, name: str, measure: str, score: Any, rows: int | None) -> Figure:
    return Figure(goal.name, of, name, measure, score.value, score.low, score.high, score.n, rows)


def key(goal: Goal, entrant: str, seed: int) -> str:
    """Hash what determines the figures of an entrant: how the set is laid out and asked for, seed and sources."""
    parts: dict[str, Any] = {"new": [goal.layout, *goal.new], "folds": goal.folds, "seed": seed}
    parts["layouts"] = (HERE / "layouts.py").read_text()
    if entrant == MINNOW:
        return key_of(parts | {"sources": sources()})
    modules = [*READING, *map(modalities.registry.module, modalities.names())]
    files = [peer_rows.FIT, peer_rows.REQUIREMENTS, Path(peer_rows.__file__)]
    own = {"peer": entrant, "measure": goal.measure, "files": [path.read_text() for path in files]}
    return key_of(parts | own | {"code": code_version([*modules, *map(tasks.registry.module, tasks.names())])})


def kept(goal: Goal, entrant: str, seed: int) -> Path:
    """File of an entrant's figures."""
    return KEPT / f"{goal.name}-{seed}-{entrant}.json"


def read(goal: Goal, entrant: str, seed: int) -> Result | None:
    """What is kept of an entrant, of these sources or earlier ones; None where nothing is."""
    path = kept(goal, entrant, seed)
    return json.loads(path.read_text()) if path.exists() else None


def measure(project: Project, goal: Goal, seed: int) -> Iterator[str]:
    """Measure what is not kept of a set; the failure of an entrant, which is yielded, does not stop the others."""
    handed: peer_rows.Handed | None = None
    for entrant in goal.entrants:
        made_from, start = key(goal, entrant, seed), time.perf_counter()
        if (earlier := read(goal, entrant, seed)) and earlier["key"] == made_from:
            print(f"{goal.name}, {entrant}, seed {seed}: done before.", flush=True)
            continue
        try:
            if entrant == MINNOW:
                result = run(project, goal, seed)
            else:
                folder = project.folder / "handed" / f"{goal.name}-{seed}"
                handed = handed or peer_rows.hand_over(project.case(goal, seed), folder, goal.measure)
                result = fitted(handed, goal, entrant, seed)
        except (SystemExit, Exception) as error:
            print(f"{goal.name}, {entrant}, seed {seed} failed: {error}", file=sys.stderr, flush=True)
            yield f"{goal.name}, {entrant}, seed {seed}"
            continue
        path = kept(goal, entrant, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"key": made_from, **result}))
        print(f"{goal.name}, {entrant}, seed {seed}: {time.perf_counter() - start:.0f} s.", flush=True)


def write(wanted: dict[str, Goal], seeds: Sequence[int], failed: Sequence[str]) -> None:
    """Write the section of RESULTS.md from what is kept."""
    found: dict[str, dict[str, list[Result]]] = {}
    stale = []
    for name, goal in wanted.items():
        for entrant in goal.entrants:
            for seed in seeds_of(goal, seeds):
                if (result := read(goal, entrant, seed)) is None:
                    continue
                found.setdefault(name, {}).setdefault(entrant, []).append(result)
                if result["key"] != key(goal, entrant, seed):
                    stale.append(f"{name} ({entrant}, seed {seed})")
    defaults_table.write(wanted, found, seeds, failed, stale)


def seeds_of(goal: Goal, seeds: Sequence[int]) -> Sequence[int]:
    """The seeds that a set is run with."""
    return seeds[:1] if goal.one_seed else seeds


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the sets, all by default. Returns 1 where something failed, 2 where the call is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defaults", description=__doc__)
    known = goals()
    parser.add_argument("sets", nargs="*", help=f"of {', '.join(known)}")
    parser.add_argument("--seeds", nargs="+", type=int, default=[SEED], help="networks take the first one alone")
    parser.add_argument("--write", action="store_true", help="only write RESULTS.md")
    options = parser.parse_args(arguments)
    if "MINNOW_BENCH_DATA" not in os.environ:
        print("Name the folder of the real sets: export MINNOW_BENCH_DATA=...", file=sys.stderr)
        return 2
    if unknown := [name for name in options.sets if name not in known]:
        print(f"No set {', '.join(unknown)} in {GOALS}. Known: {', '.join(known)}.", file=sys.stderr)
        return 2
    wanted, failed, start = options.sets or list(known), list[str](), time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        project = Project(Path(scratch), Path(os.environ["MINNOW_BENCH_DATA"]))
        for i, seed in enumerate([] if options.write else options.seeds):
            for goal in (known[name] for name in wanted if not i or not known[name].one_seed):
                failed += measure(project, goal, seed)
                write(known, options.seeds, failed)
    write(known, options.seeds, failed)
    print(f"{defaults_table.RESULTS} is written; the runs took {(time.perf_counter() - start) / 60:.1f} minutes.")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
