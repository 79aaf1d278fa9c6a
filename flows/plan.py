"""The plan of a run: which use cases are stale, and whether their data may be used. No Prefect here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import numpy as np

from minnow import datasets
from minnow.config import ConfigError, Settings
from minnow.registry import unknown
from minnow.stages import starting
from minnow.stages.case import Case
from minnow.stages.intake import row_versions
from minnow.stages.outcome import ROWS
from minnow.stores import versions
from minnow.workspace import Workspace

NEVER, APPENDED, ALWAYS = "never", "appended", "always"
"""Whether changed data is accepted: an interactive run asks, a scheduled one takes appended rows."""
DATA_FILE = "data.dvc"


class DataChanged(ValueError):
    """Tracked data is not what its .dvc file says, and nobody has accepted that."""


@dataclass(frozen=True)
class Plan:
    """What is to be done, in order. stale: use case -> reasons; fresh: what needs nothing."""

    stale: dict[str, list[str]] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)


def selected(settings: Settings, names: Iterable[str]) -> list[str]:
    """Put use cases in the order of their needs; all of them where none is named. Raises ConfigError."""
    wanted = list(names) or list(settings.usecases)
    for name in wanted:
        if name not in settings.usecases:
            raise ConfigError(unknown("use case", name, settings.usecases))
    try:
        order = TopologicalSorter({name: case.before for name, case in settings.usecases.items()}).static_order()
        return [name for name in order if name in wanted]
    except CycleError as error:
        raise ConfigError(
            f"usecases: `needs` and `init_from` go round in a circle: {' -> '.join(error.args[1])}."
        ) from error


def make(space: Workspace, settings: Settings, names: Iterable[str], *, force: bool, accept: str) -> Plan:
    """Bring the data and ask DVC what is stale. A trial is always run; its cache knows what was trained before.

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
    """Add to what DVC found stale the use cases that begin with other weights than they did. names: in order of needs."""
    stale: dict[str, list[str]] = {}
    for name in names:
        if name in reasons:
            stale[name] = reasons[name]
        elif why := _begins_anew(Case(name, settings, space), stale):
            stale[name] = why
    return stale


def _begins_anew(case: Case, stale: Iterable[str]) -> list[str]:
    """Say why models of a use case begin with other weights than they did: DVC does not know of them."""
    reasons = []
    for family, parent in case.usecase.starts.items():
        if parent in stale:
            reasons.append(f"{family} begins with the weights of '{parent}', which is run again")
        elif starting.has_changed(case, family):
            reasons.append(f"{family} begins with the weights of '{parent}', which are others now")
    return reasons


def _holds(space: Workspace, settings: Settings, file: str, name: str) -> bool:
    """Whether the folder that a .dvc file tracks holds a use case's data."""
    return space.data(settings.usecases[name].data).is_relative_to((space.root / file).with_suffix("").resolve())


def _with_neighbours(space: Workspace, settings: Settings, wanted: list[str]) -> list[str]:
    """Add the use cases whose data is tracked together with that of a wanted one: without it the whole looks changed."""
    if not any(_holds(space, settings, DATA_FILE, name) for name in wanted):
        return wanted
    return wanted + [n for n in settings.usecases if n not in wanted and _holds(space, settings, DATA_FILE, n)]


def _is_own(space: Workspace, settings: Settings, name: str) -> bool:
    """Whether a use case's rows are among those that the project makes itself."""
    place = space.data(settings.usecases[name].data)
    return place.parent == space.root / "data" and place.name in datasets.names()


def bring_data(space: Workspace, settings: Settings, names: Iterable[str], *, record: bool = True) -> list[Path]:
    """Make or pull the data that is not there. Returns what was made.

    Rows that the project makes itself are written; others come from the DVC remote. record: put what was made into DVC's
    cache, together with what is tracked in the same place; a trial leaves DVC alone.
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
    """Take changed data over into its .dvc file, or say why not."""
    change = "; ".join(f"{file}: {how}" for file, how in changed.items())
    if accept == NEVER:
        raise DataChanged(
            f"The data is not what was recorded ({change}). If that is meant, run again with --accept-data; "
            "otherwise bring the recorded bytes back: dvc checkout."
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
            f"The data is not what was recorded ({change}), and '{case.name}' has no record of its earlier rows in "
            f"{record}. Look at the change and run once by hand with --accept-data."
        )
    present = row_versions(case, case.modality.read(case.data, case.options))
    lost = int((~np.isin(np.load(record), present)).sum())
    if lost:
        raise DataChanged(
            f"A scheduled run takes appended rows only. '{case.name}' has lost or changed {lost:,} of its earlier rows "
            f"({change}). Look at the change and run once by hand with --accept-data."
        )
