"""The end of a run on the terminal: one row per use case and target, and at most ten lines beside the table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from minnow.insight import summary
from minnow.measures.scores import figure
from minnow.records.bundle import open_bundle
from minnow.records.decision import Decision, read_decisions
from minnow.records.files import RecordError
from minnow.records.report import read_report
from minnow.records.results import FILE as RESULTS
from minnow.records.results import Results, read_results
from minnow.runners.progress import wide_console
from minnow.stores import models
from minnow.types import Score
from minnow.workspace import Workspace

_PROBLEMS, _LENGTH = 3, 300
"""Largest number of problems that are listed, and of characters of each."""
_PROVISIONAL = "provisional"


@dataclass(frozen=True)
class _Standing:
    """A model of a use case and target, as the table shows it.

    name: family and variant, None where there is none; score: by `measure`, on the rows that it was judged on.
    """

    name: str | None
    measure: str | None
    score: Score | None
    size_bytes: int | None
    verdict: str


@dataclass(frozen=True)
class _Written:
    """The outcome of one use case."""

    usecase: str
    decisions: Sequence[Decision]
    results: Results


def show_run(
    space: Workspace, written: Sequence[str], stopped: Mapping[str, str], fresh: Sequence[str], *, verbose: bool = False
) -> None:
    """Print what a run has done, and nothing of earlier runs.

    written: use cases whose outcome this run wrote; stopped: use case -> why it wrote none; fresh: use cases that were up to
    date; verbose: with every variant, the reasons, the baselines and the hints.
    """
    console = wide_console()
    if not written and not stopped:
        if fresh:
            console.print(_up_to_date(space, fresh), soft_wrap=True)
        return
    outcomes = _outcomes(space, written)
    if verbose:
        summary.show(space, [one.usecase for one in outcomes])
    if outcomes:
        console.print("", _table(space, outcomes), "", sep="\n")
    lines = _notes(space, outcomes, verbose=verbose)
    if fresh:
        lines.append(f"Up to date, and not run: {len(fresh)} more (`{summary.command('minnow')} results` shows them).")
    for line in lines:
        console.print(line, soft_wrap=True)
    _print_problems(console, outcomes, stopped)
    if outcomes and not space.is_trial:
        _print_next(console)


def show_results(space: Workspace, usecases: Sequence[str] = (), *, verbose: bool = False) -> bool:
    """Print the results of each use case's last run. usecases: those to show, all where none is named.

    Returns whether there are any.
    """
    outcomes = _outcomes(space, usecases or known(space))
    console = wide_console()
    if verbose:
        summary.show(space, [one.usecase for one in outcomes])
    if outcomes:
        console.print("", _table(space, outcomes), "", sep="\n")
        for line in _notes(space, outcomes, verbose=verbose):
            console.print(line, soft_wrap=True)
        _print_problems(console, outcomes, {})
    return bool(outcomes)


def known(space: Workspace) -> list[str]:
    """Name the use cases that have an outcome, in alphabetical order."""
    return sorted(path.parent.name for path in (space.results / "outcomes").glob(f"*/{RESULTS}"))


def _outcomes(space: Workspace, usecases: Sequence[str]) -> list[_Written]:
    folders = {name: space.outcome(name) for name in usecases}
    there = {name: folder for name, folder in folders.items() if (folder / RESULTS).exists()}
    return [_Written(name, read_decisions(folder), read_results(folder)) for name, folder in there.items()]


def _up_to_date(space: Workspace, fresh: Sequence[str]) -> str:
    """Say that nothing was stale, and when the newest outcome was written."""
    times = [path.stat().st_mtime for name in fresh if (path := space.outcome(name) / RESULTS).exists()]
    last = f", last run {datetime.fromtimestamp(max(times)):%Y-%m-%d %H:%M}" if times else ""
    count = f"{len(fresh)} use case{'s' if len(fresh) > 1 else ''}"
    return f"Everything is up to date: {count}{last}. `{summary.command('minnow')} results` shows the table."


def _table(space: Workspace, outcomes: Sequence[_Written]) -> Table:
    """A row per use case and target: the model, its score with the interval, its size, and the verdict.

    Of a trial, a row per family: nothing is promoted, and the families are what is tried.
    """
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("use case", overflow="fold")
    table.add_column("model" if space.is_trial else "champion", overflow="fold")
    table.add_column(f"on {'val' if space.is_trial else 'test'} (95 % interval)", no_wrap=True)
    table.add_column("kB", justify="right", no_wrap=True)
    table.add_column("verdict", min_width=len(_PROVISIONAL))
    for outcome in outcomes:
        for target, one in _tried(outcome) if space.is_trial else _champions(outcome):
            table.add_row(*_cells(outcome.usecase, target, one))
    return table


def _cells(usecase: str, target: str, standing: _Standing) -> tuple[str, ...]:
    name = usecase if target == "cpu" else f"{usecase} ({target})"
    size = f"{standing.size_bytes / 1000:,.1f}" if standing.size_bytes else ""
    return name, standing.name or "none", _scored(standing.measure, standing.score), size, standing.verdict


def _scored(measure: str | None, score: Score | None) -> str:
    if measure is None or score is None:
        return ""
    return f"{measure} {figure(score.value)} ({_interval(score)})"


def _interval(score: Score) -> str:
    """Write an interval as short as a row of 80 characters needs it."""
    if score.n == 1 and score.low == score.high:
        return "no interval"
    return f"{figure(score.low, 3)}{'-' if score.low >= 0 else ' to '}{figure(score.high, 3)}"


def _tried(outcome: _Written) -> list[tuple[str, _Standing]]:
    """Describe a trial: the finalists, and of every other family its first variant, with their scores on val."""
    finalists = {decision.finalist: decision.target for decision in outcome.decisions if decision.finalist}
    shown = [variant for variant in outcome.results.variants if variant.name in finalists]
    for variant in outcome.results.variants:
        if variant.family not in {one.family for one in shown}:
            shown.append(variant)
    rows: list[tuple[str, _Standing]] = []
    for variant in shown:
        measure = summary.measure_of(variant, outcome.decisions)
        verdict = "chosen on val" if variant.name in finalists else ""
        standing = _Standing(variant.name, measure, variant.val[measure], variant.size_bytes, verdict)
        rows.append((finalists.get(variant.name, "cpu"), standing))
    refused = [decision for decision in outcome.decisions if decision.finalist is None]
    return rows + [(one.target, _Standing(None, None, None, None, _without_champion(one))) for one in refused]


def _champions(outcome: _Written) -> list[tuple[str, _Standing]]:
    """Describe the champion of each target after a run."""
    return [(decision.target, _champion(outcome, decision)) for decision in outcome.decisions]


def _champion(outcome: _Written, decision: Decision) -> _Standing:
    """Describe the champion of a target as it is served."""
    served = models.newest(outcome.usecase, decision.target)
    if served is None:
        return _Standing(None, None, None, None, _without_champion(decision))
    if served.sha == decision.sha:
        verdict = decision.verdict if decision.promote else "kept: the same model"
        return _Standing(decision.finalist, decision.measure, decision.score, decision.size_bytes, verdict)
    try:
        bundle = open_bundle(served.bundle)
        exam = read_report(bundle).exams.get("test")
        measure = decision.measure or (next(iter(exam.scores)) if exam else None)
        score = exam.scores.get(measure) if exam and measure else None
        return _Standing(bundle.name, measure, score, bundle.size_bytes, _kept(decision))
    except RecordError:
        return _Standing(served.tag, None, None, None, "cannot be read: minnow status")


def _without_champion(decision: Decision) -> str:
    if decision.verdict == "infeasible" or decision.finalist is None:
        return f"{decision.verdict}: no variant within the limits"
    state = "not published yet" if decision.promote else decision.verdict
    return f"{state}: {_contender(decision)}"


def _kept(decision: Decision) -> str:
    """Say why the champion is another model than the finalist."""
    if decision.finalist is None:
        return "kept: no variant within the limits"
    if decision.promote:
        return f"not published yet: {_contender(decision)}"
    return f"kept: {_contender(decision)} {decision.verdict}"


def _contender(decision: Decision) -> str:
    return f"{decision.finalist} {figure(decision.score.value)}" if decision.score else str(decision.finalist)


def _notes(space: Workspace, outcomes: Sequence[_Written], *, verbose: bool) -> list[str]:
    """What a reader of the table must know, a line each, and where everything else is."""
    notes = [*_leaks(outcomes), *_unbeaten(outcomes)]
    if any(one.promote and one.verdict == _PROVISIONAL for outcome in outcomes for one in outcome.decisions):
        notes.append(f"{_PROVISIONAL}: so few test rows cannot show a difference of one margin (docs/judge.md).")
    return notes if verbose else [*notes, *_more(space, outcomes)]


def _unbeaten(outcomes: Sequence[_Written]) -> list[str]:
    """Name the finalists that are not shown to be better than the best baseline on test."""
    named: list[str] = []
    for outcome in outcomes:
        for decision in outcome.decisions:
            best = summary.best_baseline(decision.differences)
            if best and decision.differences[best].high >= 0:
                named.append(f"{outcome.usecase} ({best} {figure(decision.baselines[best].value)})")
    listed = ", ".join(dict.fromkeys(named))
    return [f"Not shown to be better than the best baseline: {listed}."] if named else []


def _leaks(outcomes: Sequence[_Written]) -> list[str]:
    """Name the columns of which a hint says that they may give the answer away."""
    found = [(one.usecase, hint) for one in outcomes for decision in one.decisions for hint in decision.hints]
    named = [f"{usecase} ({hint.column or 'rows'})" for usecase, hint in found if hint.kind == "leak"]
    return [f"May give the answer away (see its hint): {', '.join(dict.fromkeys(named))}."] if named else []


def _more(space: Workspace, outcomes: Sequence[_Written]) -> list[str]:
    """Say where everything else is: reasons, baselines, variants, hints."""
    if not outcomes:
        return []
    hints = {(one.usecase, hint.text) for one in outcomes for decision in one.decisions for hint in decision.hints}
    counted = f", {len(hints)} hint{'s' if len(hints) > 1 else ''}" if hints else ""
    params = f" --params {shlex.quote(_shown(space.params))}" if space.is_trial else ""
    name = outcomes[0].usecase if len(outcomes) == 1 else "NAME"
    command = f"{summary.command('minnow')} results{params} --verbose"
    what = f"Every variant and what was refused, reasons, baselines{counted}"
    return [f"{what}: `{command}`, and in {_shown(space.results / 'outcomes')}/{name}/"]


def _shown(path: Path) -> str:
    """A path as it can be typed in the working directory."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _print_problems(console: Console, outcomes: Sequence[_Written], stopped: Mapping[str, str]) -> None:
    """Print what failed, each with its reason in one line."""
    failed = [f"{o.usecase}: {family} failed: {why}" for o in outcomes for family, why in o.results.failures.items()]
    problems = [*(f"{name}: no result. {why}" for name, why in stopped.items()), *failed]
    for problem in problems[:_PROBLEMS]:
        line = " ".join(problem.split())
        shown = line if len(line) <= _LENGTH else f"{line[:_LENGTH]}..."
        console.print(shown, style="red", soft_wrap=True)
    if len(problems) > _PROBLEMS:
        console.print(f"and {len(problems) - _PROBLEMS} more, printed above as they happened", style="red")


def _print_next(console: Console) -> None:
    serve, compare = f"{summary.command('bentoml')} serve", f"{summary.command('mlflow')} ui"
    console.print(
        f"Next: `{serve}` for the champions on http://127.0.0.1:3000, `{compare}` for the experiments on "
        "http://127.0.0.1:5000",
        soft_wrap=True,
    )
