"""What people read after a run and between runs: the table of results, the state of each use case."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from flows.publish import divergence
from flows.tune import Tuned
from flows.verify import Check
from minnow import tasks
from minnow.config import Settings
from minnow.measures.scores import span
from minnow.progress import wide_console
from minnow.stores import champions as registry
from minnow.stores import models
from minnow.stores.versions import State
from minnow.workspace import Workspace

WIDTHS = {"use case": 8, "family": 11, "variant": 7, "score": 6, "interval": 11, "kB": 5, "p95 us": 6}
"""A terminal of 80 columns shows every figure whole; the marks behind them may wrap."""


def show(space: Workspace, usecases: Sequence[str] = ()) -> None:
    """Print every variant of use cases that have an outcome, the decisions in words, and what to type next.

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
    folders = sorted(path.parent for path in (space.results / "outcomes").glob("*/results.json"))
    folders = [folder for folder in folders if not usecases or folder.name in usecases]
    for folder in folders:
        for row in _rows(space, folder):
            table.add_row(*row)
        table.add_row()
    console.print(table)
    for folder in folders:
        _print_decisions(console, folder)
    if not space.is_trial:
        console.print(
            f"\nNext:\n  {_bin('mlflow')} ui         compare the experiments on http://127.0.0.1:5000\n"
            f"  {_bin('bentoml')} serve     serve the champions on http://127.0.0.1:3000\n"
            f"  {_bin('minnow')} status     what is fresh, who is champion"
        )


def _bin(command: str) -> str:
    """A command as it can be typed here: by its name where the environment is active."""
    folder = Path(sys.executable).parent
    if str(folder) in os.environ.get("PATH", "").split(os.pathsep):
        return command
    return os.path.relpath(folder / command)


def _figure(value: float, digits: int = 4) -> str:
    """Write a score so that its digits mean something: 0.9876, 12.35, 30,796."""
    large = abs(value)
    return f"{value:,.0f}" if large >= 1000 else f"{value:.2f}" if large >= 10 else f"{value:.{digits}f}"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def _rows(space: Workspace, folder: Path) -> list[tuple[str, ...]]:
    results, decisions = _read(folder / "results.json"), _read(folder / "decision.json")
    timings = _read(space.timings(folder.name)).get("variants", {})
    rows: list[tuple[str, ...]] = []
    for variant in results["variants"]:
        name = f"{variant['family']}/{variant['variant']}"
        score = _primary(variant["val"], decisions)
        p95 = timings.get(name, {}).get("p95_us")
        rows.append(
            (
                folder.name,
                variant["family"],
                variant["variant"],
                _figure(score["value"], 4),
                f"{_figure(score['low'], 3)}-{_figure(score['high'], 3)}",
                f"{variant['size_bytes'] / 1000:,.1f}",
                f"{p95:,.0f}" if p95 else "",
                _mark(space, folder.name, name, decisions),
            )
        )
    return rows


def _primary(scores: dict[str, Any], decisions: dict[str, Any]) -> dict[str, float]:
    wanted = next((d["measure"] for d in decisions.values() if "measure" in d), next(iter(scores)))
    return scores[wanted]


def _mark(space: Workspace, usecase: str, name: str, decisions: dict[str, Any]) -> str:
    marks = []
    for target, decision in decisions.items():
        served = None if space.is_trial else models.newest(usecase, target)
        provenance = served.provenance if served else {}
        if f"{provenance.get('family')}/{provenance.get('variant')}" == name:
            marks.append("champion" if target == "cpu" else f"{target} champion")
        elif decision["finalist"] == name:
            marks.append("finalist" if target == "cpu" else f"{target} finalist")
    return ", ".join(marks)


def _print_decisions(console: Console, folder: Path) -> None:
    for target, decision in _read(folder / "decision.json").items():
        console.print(f"\n{folder.name} on {target}: {decision['verdict']}", style="bold")
        if decision.get("score"):
            score, exam = decision["score"], decision["exam"]
            console.print(
                f"  {decision['finalist']} on the exam of {exam['rows']:,} rows: {decision['measure']} "
                f"{_figure(score['value'])} ({span(score, _figure)})"
            )
            if about := decision.get("about"):
                told = ", ".join(f"{name}: {value}" for name, value in about.items())
                console.print(f"  Seen through {told}", highlight=False)
            plain = ", ".join(f"{name} {_figure(one['value'])}" for name, one in decision.get("baselines", {}).items())
            console.print(f"  Baselines on the same rows: {plain}", highlight=False)
            _print_difference(console, decision.get("against", {}), score["n"])
        for reason in decision["reasons"]:
            console.print(f"  {reason}")
    results = _read(folder / "results.json")
    _print_folds(console, results.get("folds", {}))
    failures = results.get("failures", {})
    for family, why in failures.items():
        console.print(f"  {folder.name}: {family} failed: {why}", style="red")


def _print_difference(console: Console, against: dict[str, Any], units: int) -> None:
    """Say how far the finalist is from the strongest baseline: loss, row by row on the same rows, with its interval."""
    if not against:
        return
    name = max(against, key=lambda one: against[one]["value"])
    one = {**against[name], "n": units}
    told = f"{one['value']:+.4f} ({span(one, '{:+.4f}'.format)})"
    console.print(f"  Its loss less that of the best baseline, {name}: {told}", highlight=False)


def _print_folds(console: Console, folds: dict[str, Any]) -> None:
    divided = [
        (f"{family} over {found['folds']} folds, {division}", scores)
        for family, found in folds.items()
        for division, scores in found.items()
        if isinstance(scores, dict)
    ]
    for name, scores in divided:
        told = [f"{name} {_figure(score['value'])} ({span(score, _figure)})" for name, score in scores.items()]
        console.print(f"  {name}: {', '.join(told)}")


def status_row(space: Workspace, settings: Settings, usecase: str, state: State) -> dict[str, Any]:
    """Describe one use case: stale or fresh, and for each target its champion, scores and divergence."""
    targets = {}
    for target in settings.usecases[usecase].targets:
        champion = registry.current(space, usecase, target)
        served = models.newest(usecase, target)
        targets[target] = {
            "version": champion.version if champion else None,
            "sha": champion.sha if champion else None,
            "model": f"{served.provenance['family']}/{served.provenance['variant']}" if served else None,
            "served": served.tag if served else None,
            "data_version": served.provenance.get("data_version") if served else None,
            "scores": _read(served.bundle / "report.json").get("test", {}).get("scores", {}) if served else {},
            "measure": tasks.get(settings.usecases[usecase].task).MEASURES[0].name,
            "divergence": divergence(usecase, target, champion),
        }
    return {"usecase": usecase, "stale": state.stale.get(usecase, []), "targets": targets}


def print_status(rows: list[dict[str, Any]], data: dict[str, str]) -> None:
    """Print status rows for people."""
    console = wide_console()
    table = Table()
    for column in ("use case", "state", "target", "champion", "exam", "data", "divergence"):
        table.add_column(column)
    for row in rows:
        state = "stale: " + "; ".join(row["stale"]) if row["stale"] else "fresh"
        for target, found in row["targets"].items():
            champion = f"{found['model']} v{found['version']}" if found["version"] else "none"
            score = found["scores"].get(found["measure"])
            scores = f"{found['measure']} {score['value']:.4f}" if score else ""
            data_version = (found["data_version"] or "")[:12]
            table.add_row(row["usecase"], state, target, champion, scores, data_version, found["divergence"] or "none")
    console.print(table)
    for file, how in data.items():
        console.print(f"{file}: {how}", style="yellow")


def print_checks(title: str, checks: list[Check]) -> None:
    """Print what was compared: what differs in full, the rest by number."""
    console = wide_console()
    wrong = [check for check in checks if not check.ok]
    for check in wrong:
        advice = f" To have it: {check.advice}" if check.advice else ""
        console.print(
            f"  differs: {check.name}. Needed: {check.needed}. Here: {check.here}.{advice}", style="red", markup=False
        )
    told = f"{len(wrong)} of {len(checks)} things differ" if wrong else f"all {len(checks)} things are as recorded"
    console.print(f"{title}: {told}.")
    if not wrong:
        console.print("  " + ", ".join(check.name for check in checks), markup=False)


def print_tuned(usecase: str, family: str, found: Tuned, *, written: bool) -> None:
    """Print what a study came to, and what it is worth."""
    console = wide_console()
    counts = ", ".join(f"{count} {state}" for state, count in found.counts.items())
    if found.score is None:
        console.print(
            f"No trial of {family} was completed ({counts or 'none was begun'}): see .minnow/worker.log.", style="red"
        )
        return
    size = f" at {found.size_bytes / 1000:.1f} kB" if found.size_bytes else ""
    now = "" if found.now is None else f" (params.yaml's values: {_figure(found.now)})"
    console.print(
        f"{usecase}, {family}: best {found.measure} on val {_figure(found.score)}{size}{now}, of trials {counts}."
    )
    for name, value in found.values.items():
        console.print(f"  {name}: {value}", markup=False)
    if found.is_present:
        console.print("Nothing was better than what stands in params.yaml.")
        return
    console.print(
        "The best of many trials flatters itself on the rows that chose it; the exam of the next run decides."
    )
    written_or_not = "They stand in params.yaml" if written else "To write them to params.yaml: the same with --write"
    console.print(f"{written_or_not}. Then: {_bin('minnow')} run {usecase}")


def champions(space: Workspace, settings: Settings) -> list[dict[str, Any]]:
    """List the champion of every use case and target, as the registry has it."""
    found = []
    for usecase, entry in settings.usecases.items():
        for target in entry.targets:
            champion, anchor = (registry.current(space, usecase, target, role) for role in ("champion", "anchor"))
            if champion:
                about = {"version": champion.version, "sha": champion.sha, "run_id": champion.run_id}
                found.append(
                    {"usecase": usecase, "target": target, **about, "anchor": anchor.version if anchor else None}
                )
    return found


def champion_lines(found: list[dict[str, Any]]) -> str:
    """Render champions for people, one line each."""
    lines = [
        f"{c['usecase']:<16} {c['target']:<4} version {c['version']:<4} {c['sha'][:12]}  run {c['run_id']}"
        for c in found
    ]
    return "\n".join(lines) or "No champion yet. Run `minnow run`."
