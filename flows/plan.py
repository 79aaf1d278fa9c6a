"""The plan of a run: which use cases are stale, and whether changed data is accepted. Prefect is not used here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np

from minnow import datasets
from minnow.config import ConfigError, Settings
from minnow.records.keys import RULE, read_rule
from minnow.registry import unknown
from minnow.stages import intake, starting
from minnow.stages.case import Case
from minnow.stages.intake import row_versions
from minnow.stages.outcome import ROWS, linked_data_changed
from minnow.stores import versions
from minnow.workspace import Workspace

NEVER, APPENDED, ALWAYS = "never", "appended", "always"
"""Which changes of tracked data a run accepts: none by default, appended rows when scheduled, all with --accept-data."""
DATA_FILE = "data.dvc"


class DataChanged(ValueError):
    """Tracked data differs from its .dvc file, and the change was not accepted."""


@dataclass(frozen=True)
class Plan:
    """The use cases of a run, in order. stale: use case -> reasons; fresh: those that are up to date."""

    stale: dict[str, list[str]] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)


def selected(settings: Settings, names: Iterable[str]) -> list[str]:
    """Return use cases so that each follows those that it needs; all of them where none is named. Raises ConfigError."""
    wanted = list(names) or list(settings.usecases)
    for name in wanted:
        if name not in settings.usecases:
            raise ConfigError(unknown("use case", name, settings.usecases))
    try:
        order = TopologicalSorter({name: case.before for name, case in settings.usecases.items()}).static_order()
        return [name for name in order if name in wanted]
    except CycleError as error:
        raise ConfigError(
            f"usecases: `needs` and `init_from` must not form a circle. Received: {' -> '.join(error.args[1])}."
        ) from error


def make(space: Workspace, settings: Settings, names: Iterable[str], *, force: bool, accept: str) -> Plan:
    """Bring missing data and ask DVC what is stale. A trial always runs; models that were trained before are in the cache.

    Raises ConfigError for an unknown name, DataChanged, and VersionError.
    """
    wanted = selected(settings, names)
    if space.is_trial:
        bring_data(space, settings, [name for name in wanted if _is_own(space, settings, name)], record=False)
        return Plan({name: ["a trial"] for name in wanted})
    bring_data(space, settings, _with_neighbours(space, settings, wanted))
    state = versions.state(space.root)
    changed = {file: how for file, how in state.data.items() if any(_holds(space, settings, file, n) for n in wanted)}
    if changed:
        _accept(space, settings, changed, accept)
        state = versions.state(space.root)
    reasons = ({name: ["forced"] for name in wanted} if force else {}) | state.stale
    stale = with_starts(space, settings, reasons, wanted)
    return Plan(stale, [name for name in wanted if name not in stale])


def with_starts(
    space: Workspace, settings: Settings, reasons: Mapping[str, list[str]], names: Iterable[str]
) -> dict[str, list[str]]:
    """Return the stale use cases: those that DVC found, and those for which it does not see that something has changed.

    These would begin with other weights than last time, or their data has changed behind links to folders. reasons: use case
    -> why DVC found it stale; names: each after those that it needs.
    """
    stale: dict[str, list[str]] = {}
    for name in names:
        if name in reasons:
            stale[name] = reasons[name]
            continue
        case = Case(name, settings, space)
        if why := _begins_anew(case, stale) + _linked_data(case):
            stale[name] = why
    return stale


def _linked_data(case: Case) -> list[str]:
    """List the changes of data that DVC does not see, since it does not follow links to folders."""
    return [f"{case.usecase.data} modified behind links"] if linked_data_changed(case) else []


def _begins_anew(case: Case, stale: Iterable[str]) -> list[str]:
    """List why families of a use case would begin with other weights than last time, which DVC does not track."""
    reasons = []
    for family, parent in case.usecase.starts.items():
        if parent in stale:
            reasons.append(f"{family} begins with the weights of '{parent}', which is run again")
        elif starting.has_changed(case, family):
            reasons.append(f"{family} begins with the weights of '{parent}', which have changed")
    return reasons


def _holds(space: Workspace, settings: Settings, file: str, name: str) -> bool:
    """Whether the folder that a .dvc file tracks holds a use case's data."""
    return space.data(settings.usecases[name].data).is_relative_to((space.root / file).with_suffix("").resolve())


def _with_neighbours(space: Workspace, settings: Settings, wanted: list[str]) -> list[str]:
    """Add the use cases whose data is in the same tracked folder: while any of it is missing, DVC reports a change."""
    if not any(_holds(space, settings, DATA_FILE, name) for name in wanted):
        return wanted
    return wanted + [n for n in settings.usecases if n not in wanted and _holds(space, settings, DATA_FILE, n)]


def _is_own(space: Workspace, settings: Settings, name: str) -> bool:
    """Whether a use case's data is a built-in data set."""
    place = space.data(settings.usecases[name].data)
    return place.parent == space.root / "data" and place.name in datasets.names()


def bring_data(space: Workspace, settings: Settings, names: Iterable[str], *, record: bool = True) -> list[Path]:
    """Write or pull missing data. Returns the paths of what was written.

    Built-in data sets are written, other data is pulled from the DVC remote. record: add what was written to DVC's cache,
    together with what is tracked in the same folder; a trial does not.
    """
    made = []
    for name in names:
        path = settings.usecases[name].data
        place = space.data(path)
        if place.exists() or not place.is_relative_to(space.root):
            continue
        if _is_own(space, settings, name):
            made += datasets.write_all(place.parent, [place.name])
        else:
            versions.pull(space.root, path)
    if made and record and (space.root / DATA_FILE).exists():
        versions.keep(space.root, DATA_FILE)
    return made


def _accept(space: Workspace, settings: Settings, changed: dict[str, str], accept: str) -> None:
    """Record changed data in its .dvc file, where `accept` allows it. Raises DataChanged where not."""
    change = "; ".join(f"{file}: {how}" for file, how in changed.items())
    if accept == NEVER:
        raise DataChanged(
            f"The data differs from what was recorded ({change}). If this is intended, run again with --accept-data; "
            "otherwise restore the recorded data: dvc checkout."
        )
    if accept == APPENDED:
        for name in settings.usecases:
            _only_appended(Case(name, settings, space), change)
    for file in changed:
        versions.accept(space.root, file)


def _only_appended(case: Case, change: str) -> None:
    """Check that every row of the last run is still there. Raises DataChanged."""
    if not case.data.is_relative_to(case.workspace.root):
        return
    record = case.workspace.outcome(case.name) / ROWS
    if not record.exists():
        raise DataChanged(
            f"The data differs from what was recorded ({change}), and '{case.name}' has no record of its earlier rows in "
            f"{record}. Check the change and run once by hand with --accept-data."
        )
    keys = read_rule(case.workspace.outcome(case.name) / RULE)
    present = row_versions(case, intake.read(replace(case, keys=keys)))
    lost = int((~np.isin(np.load(record), present)).sum())
    if lost:
        raise DataChanged(
            f"A scheduled run accepts appended rows only. '{case.name}' has lost or changed {lost:,} of its earlier rows "
            f"({change}). Check the change and run once by hand with --accept-data."
        )
