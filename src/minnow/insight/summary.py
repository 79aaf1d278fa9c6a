"""Details on the terminal: every variant and decision of a run, checks and studies."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from minnow import tasks
from minnow.measures.scores import figure, span
from minnow.records.decision import Decision, Difference, SeriesScores, read_decisions
from minnow.records.receipt import Check
from minnow.records.report import score_as_json
from minnow.records.results import FILE as RESULTS
from minnow.records.results import FoldResult, VariantResult, read_results
from minnow.records.timing import read_timings
from minnow.runners.progress import wide_console
from minnow.stores import models
from minnow.tuning.study import Tuned
from minnow.types import Score
from minnow.workspace import Workspace

WIDTHS = {"use case": 8, "family": 11, "variant": 7, "score": 6, "interval": 11, "kB": 5, "p95 us": 6}
"""Least widths of columns: a terminal of 80 characters shows every number whole; the last column may wrap."""


def show(space: Workspace, usecases: Sequence[str] = ()) -> None:
    """Print every variant of use cases that have an outcome, and the decisions with their reasons.

    usecases: those to show, all where none is named.
    """
    console = wide_console()
    about = f"trial {space.experiment}: " if space.is_trial else ""
    title = f"{about}score on val, with its 95 % interval"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, title_justify="left")
    for column, width in WIDTHS.items():
        right = column in ("score", "kB", "p95 us")
        table.add_column(column, justify="right" if right else "left", no_wrap=True, min_width=width)
    table.add_column("")
    folders = sorted(path.parent for path in (space.results / "outcomes").glob(f"*/{RESULTS}"))
    folders = [folder for folder in folders if not usecases or folder.name in usecases]
    for folder in folders:
        for row in _rows(space, folder):
            table.add_row(*row)
        table.add_row()
    console.print(table)
    for folder in folders:
        _print_decisions(console, folder)


def command(name: str) -> str:
    """Return a command as it can be typed: its name where the environment is active, else its path."""
    folder = Path(sys.executable).parent
    if str(folder) in os.environ.get("PATH", "").split(os.pathsep):
        return name
    return os.path.relpath(folder / name)


def _rows(space: Workspace, folder: Path) -> list[tuple[str, ...]]:
    results, decisions = read_results(folder), read_decisions(folder)
    timings = read_timings(space.timings(folder.name)).variants
    rows: list[tuple[str, ...]] = []
    for variant in results.variants:
        score, timing = variant.val[measure_of(variant, decisions)], timings.get(variant.name)
        rows.append(
            (
                folder.name,
                variant.family,
                variant.variant,
                figure(score.value, 4),
                f"{figure(score.low, 3)}-{figure(score.high, 3)}",
                f"{variant.size_bytes / 1000:,.1f}",
                f"{timing.p95_us:,.0f}" if timing else "",
                _roles(space, folder.name, variant.name, decisions),
            )
        )
    return rows


def measure_of(variant: VariantResult, decisions: Sequence[Decision]) -> str:
    """Name the measure that decides; where no decision has it, the first one of the task with these measures."""
    firsts = (tasks.get(name).MEASURES for name in tasks.names())
    first = next(
        (own[0].name for own in firsts if {one.name for one in own} == set(variant.val)), next(iter(variant.val))
    )
    return next((decision.measure for decision in decisions if decision.measure), first)


def _roles(space: Workspace, usecase: str, name: str, decisions: Sequence[Decision]) -> str:
    roles = []
    for decision in decisions:
        target = decision.target
        served = None if space.is_trial else models.newest(usecase, target)
        if served and served.provenance.name == name:
            roles.append("champion" if target == "cpu" else f"{target} champion")
        elif decision.finalist == name:
            roles.append("finalist" if target == "cpu" else f"{target} finalist")
    return ", ".join(roles)


def _print_decisions(console: Console, folder: Path) -> None:
    for decision in read_decisions(folder):
        console.print(f"\n{folder.name} on {decision.target}: {decision.verdict}", style="bold")
        if decision.score:
            _print_exam(console, decision, decision.score)
        for reason in (*decision.reasons, *(one for one in decision.chosen if one not in decision.reasons)):
            console.print(f"  {reason}")
        for hint in decision.hints:
            console.print(f"  A hint: {hint.text}")
    results = read_results(folder)
    _print_folds(console, results.folds)
    for variant, why in results.refused.items():
        console.print(f"  {variant} was refused: {why}")
    for family, why in results.failures.items():
        console.print(f"  {folder.name}: {family} failed: {why}", style="red")


def _print_exam(console: Console, decision: Decision, score: Score) -> None:
    """Print the finalist's score on the exam, with those of the baselines."""
    interval = span(score_as_json(score), figure)
    rows = f"on the exam of {decision.rows or 0:,} rows"
    console.print(f"  {decision.finalist} {rows}: {decision.measure} {figure(score.value)} ({interval})")
    if decision.about:
        about = ", ".join(f"{name}: {value}" for name, value in decision.about.items())
        console.print(f"  Compared with {about}", highlight=False)
    baselines = ", ".join(f"{name} {figure(one.value)}" for name, one in decision.baselines.items())
    console.print(f"  Baselines on the same rows: {baselines}", highlight=False)
    _print_difference(console, decision.differences, score.n)
    if decision.series:
        print_series(console, decision.series)


def print_series(console: Console, series: SeriesScores) -> None:
    """Print the score of each series, or where there are many of them the quantiles and the worst ones."""
    scores = [f"{name} {figure(one.value)} ({one.n:,} rows)" for name, one in sorted(series.scores.items())]
    if series.is_whole:
        console.print(f"  Of each series: {', '.join(scores)}", highlight=False)
        return
    quantiles = ", ".join(f"{name} {figure(value)}" for name, value in series.quantiles.items())
    console.print(f"  Of {series.count:,} series: {quantiles}", highlight=False)
    console.print(f"  With the worst scores: {', '.join(scores)}", highlight=False)


def best_baseline(differences: Mapping[str, Difference]) -> str | None:
    """Name the strongest baseline of a decision, None where it has none. differences: as in the decision."""
    return max(differences, key=lambda one: differences[one].value, default=None)


def _print_difference(console: Console, differences: Mapping[str, Difference], groups: int) -> None:
    """Print the loss difference of the finalist and the strongest baseline on the same rows, with its interval."""
    name = best_baseline(differences)
    if name is None:
        return
    numbers = {**vars(differences[name]), "n": groups}
    shown = f"{numbers['value']:+.4f} ({span(numbers, '{:+.4f}'.format)})"
    console.print(f"  Loss difference (finalist minus the best baseline, {name}): {shown}", highlight=False)


def _print_folds(console: Console, folds: Mapping[str, FoldResult]) -> None:
    for family, result in folds.items():
        for division, scores in result.divisions.items():
            shown = [f"{name} {figure(s.value)} ({span(vars(s), figure)})" for name, s in scores.items()]
            console.print(f"  {family} over {result.folds} folds, {division}: {', '.join(shown)}")


def print_checks(title: str, checks: list[Check]) -> None:
    """Print the differences in full, and how many checks there were; where nothing differs, the names of the checks."""
    console = wide_console()
    wrong = [check for check in checks if not check.ok]
    for check in wrong:
        advice = f" To restore it: {check.advice}" if check.advice else ""
        console.print(f"  differs: {check.name}. Needed: {check.needed}. Here: {check.here}.{advice}", style="red")
    summary = f"{len(wrong)} of {len(checks)} checks failed" if wrong else f"all {len(checks)} checks passed"
    console.print(f"{title}: {summary}.")
    if not wrong:
        console.print("  " + ", ".join(check.name for check in checks))


def print_tuned(usecase: str, found: Mapping[str, Tuned], *, written: bool) -> None:
    """Print the best values of each family, and how they compare with those in params.yaml. found: the best family first."""
    console = wide_console()
    for family, tuned in found.items():
        _print_family(console, usecase, family, tuned)
    if not any(tuned.values and not tuned.is_present for tuned in found.values()):
        return
    console.print("The best score of many trials on val is too optimistic; the exam of the next run decides.")
    written_or_not = "They are in params.yaml" if written else "To write them to params.yaml, add --write"
    console.print(f"{written_or_not}. Then: {command('minnow')} run {usecase}")


def _print_family(console: Console, usecase: str, family: str, tuned: Tuned) -> None:
    counts = ", ".join(f"{count} {state}" for state, count in tuned.counts.items())
    if tuned.score is None:
        console.print(
            f"No trial of {family} was completed ({counts or 'none was started'}): see .minnow/worker.log.", style="red"
        )
        return
    size = f" at {tuned.size_bytes / 1000:.1f} kB" if tuned.size_bytes else ""
    now = "" if tuned.now is None else f" (params.yaml's values: {figure(tuned.now)})"
    console.print(
        f"{usecase}, {family}: best {tuned.measure} on val {figure(tuned.score)}{size}{now}, of trials {counts}."
    )
    if tuned.is_present:
        console.print("  No trial was better than the values in params.yaml.")
        return
    for name, value in tuned.values.items():
        console.print(f"  {name}: {value}")
