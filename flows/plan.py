"""The plan of a run: which use cases are stale, and which are stopped by entry or data. Prefect is not used here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from flows import ages
from flows.guard import ALWAYS, APPENDED, NEVER, DataChanged, admit, data_files
from minnow import datasets
from minnow.config import ConfigError, Settings
from minnow.records.files import RecordError
from minnow.records.results import read_results
from minnow.registry import unknown
from minnow.stages import sources, starting
from minnow.stages.case import Case
from minnow.stores import versions
from minnow.stores.versions import State, VersionError
from minnow.workspace import Workspace

__all__ = [
    "ALWAYS",
    "APPENDED",
    "NEVER",
    "Brought",
    "DataChanged",
    "Plan",
    "bring_data",
    "is_sure",
    "make",
    "selected",
    "state_of",
]
DATA_FILE = "data.dvc"
FORCED = "forced"


@dataclass(frozen=True)
class Plan:
    """The use cases of a run, in order.

    stale: use case -> reasons; fresh: those that are up to date; stopped: those that are not run, with the error of their entry
    or of their data. Nothing that stops one stops another.
    """

    stale: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    fresh: list[str] = field(default_factory=list[str])
    stopped: dict[str, Exception] = field(default_factory=dict[str, Exception])

    @property
    def reasons(self) -> dict[str, str]:
        """Why use cases are not run."""
        return {name: str(error) for name, error in self.stopped.items()}

    @property
    def needs_user(self) -> bool:
        """Whether a use case is stopped by its entry, or by changed data that was not accepted."""
        return any(isinstance(error, ConfigError | DataChanged) for error in self.stopped.values())


@dataclass(frozen=True)
class Brought:
    """Data that was missing. made: paths of what was written; failed: use case -> why its data could not be brought."""

    made: list[Path] = field(default_factory=list[Path])
    failed: dict[str, Exception] = field(default_factory=dict[str, Exception])


def selected(settings: Settings, names: Iterable[str]) -> list[str]:
    """Return use cases so that each follows those that it needs; all of them where none is named. Raises ConfigError.

    Those whose entries were refused (Settings.refused) are left out.
    """
    wanted = list(names) or list(settings.usecases)
    for name in wanted:
        if name not in settings.names:
            raise ConfigError(unknown("use case", name, settings.names))
    try:
        order = TopologicalSorter({name: case.before for name, case in settings.usecases.items()}).static_order()
        return [name for name in order if name in wanted and name in settings.usecases]
    except CycleError as error:
        raise ConfigError(
            f"usecases: `needs` and `init_from` must not form a circle. Received: {' -> '.join(error.args[1])}."
        ) from error


def make(
    space: Workspace,
    settings: Settings,
    names: Iterable[str],
    *,
    force: bool,
    accept: str,
    effort: str | None = None,
) -> Plan:
    """Bring missing data, ask DVC what is stale, and check changed data. A trial always runs, with the cache of earlier models.

    accept: NEVER, APPENDED or ALWAYS. effort: that was asked for; a use case whose last run had another is stale. Raises
    ConfigError for an unknown name, and VersionError where DVC cannot be asked.
    """
    names = list(names)
    wanted = selected(settings, names)
    stopped: dict[str, Exception] = {
        name: ConfigError(why) for name, why in settings.refused.items() if not names or name in names
    }
    if space.is_trial:
        own = [name for name in wanted if _is_own(space, settings, name)]
        stopped |= bring_data(space, settings, own, record=False).failed
        return Plan({name: ["a trial"] for name in wanted if name not in stopped}, stopped=stopped)
    brought = bring_data(space, settings, _with_neighbours(space, settings, wanted))
    stopped |= {name: error for name, error in brought.failed.items() if name in wanted}
    state, unreadable = _states(space, settings, [name for name in wanted if name not in stopped])
    stopped |= unreadable
    stopped |= _guarded(space, settings, [name for name in wanted if name not in stopped], state, accept)
    going = [name for name in wanted if name not in stopped]
    reasons = ages.overdue(space, settings, [name for name in going if name not in state.stale])
    reasons |= _other_effort(space, [name for name in going if name not in state.stale], effort) if effort else {}
    reasons |= ({name: [FORCED] for name in going} if force else {}) | state.stale
    stale = with_starts(space, settings, reasons, going)
    return Plan(stale, [name for name in going if name not in stale], stopped)


def is_sure(space: Workspace, settings: Settings, names: Iterable[str], *, force: bool) -> bool:
    """Whether a use case is stale for certain, without a question to DVC: a run is forced, a trial or its first one."""
    wanted = [name for name in list(names) or settings.usecases if name in settings.usecases]
    return bool(wanted) and (force or space.is_trial or not all(space.outcome(name).exists() for name in wanted))


def _other_effort(space: Workspace, names: Iterable[str], effort: str) -> dict[str, list[str]]:
    """Use cases whose last run had another effort -> the reason to run them."""
    efforts = {name: read_results(space.outcome(name)).effort for name in names}
    return {name: [f"its last run had the effort {own}"] for name, own in efforts.items() if own != effort}


def state_of(space: Workspace, settings: Settings, names: Iterable[str]) -> State:
    """Return DVC's status of use cases and of the .dvc files that track their data."""
    names = list(names)
    files = [file for name in names for file in data_files(space, settings.usecases[name].data)]
    return versions.state(space.root, names, files)


def _states(space: Workspace, settings: Settings, names: list[str]) -> tuple[State, dict[str, Exception]]:
    """Return DVC's status of use cases, and those that it cannot read, such as for a link that leads nowhere.

    Raises VersionError where it can read none.
    """
    try:
        return state_of(space, settings, names), {}
    except VersionError:
        if len(names) == 1:
            raise
    states: list[State] = []
    failed: dict[str, Exception] = {}
    for name in names:
        try:
            states.append(state_of(space, settings, [name]))
        except VersionError as error:
            failed[name] = error
    if not states:
        raise next(iter(failed.values()))
    return versions.joined(states), failed


def _guarded(
    space: Workspace, settings: Settings, names: Iterable[str], state: State, accept: str
) -> dict[str, Exception]:
    """Check the data of use cases, and record what was accepted. Returns those that are stopped, with the reason."""
    stopped: dict[str, Exception] = {}
    files = {name: data_files(space, settings.usecases[name].data) for name in names}
    accepted: list[str] = []
    for name in files:
        try:
            if admit(Case(name, settings, space), state, accept):
                accepted.append(name)
        except Exception as error:  # the data of one use case must not stop the others
            stopped[name] = error
    for file in state.data:
        held = [name for name in files if file in files[name]]
        if accept == ALWAYS or any(name in accepted for name in held):
            stopped |= _record(space, file, held, stopped)
    return stopped


def _record(space: Workspace, file: str, held: Iterable[str], stopped: Mapping[str, Exception]) -> dict[str, Exception]:
    """Record the accepted bytes in a .dvc file, unless it would record those of a use case that is stopped too.

    held: use cases whose data the file tracks. Returns them with the error where DVC cannot record the data.
    """
    if any(name in stopped for name in held):
        return {}
    try:
        versions.accept(space.root, file)
    except VersionError as error:
        return dict.fromkeys(held, error)
    return {}


def with_starts(
    space: Workspace, settings: Settings, reasons: Mapping[str, list[str]], names: Iterable[str]
) -> dict[str, list[str]]:
    """Return the stale use cases: those that DVC found, and those for which it does not see that something has changed.

    These would begin with other weights than last time, or their data has changed behind links to folders. reasons: use case
    -> why DVC found it stale; names: each after those that it needs.
    """
    names = list(names)
    stale: dict[str, list[str]] = {}
    for name in names:
        if name in reasons:
            stale[name] = reasons[name]
            continue
        case = Case(name, settings, space)
        try:
            why = _begins_anew(case, stale) + sources.changes(case)
        except (RecordError, OSError) as error:  # what it was made from cannot be read, so it is made again
            why = [str(error)]
        if why:
            stale[name] = why
    lost = _lost_starts(space, settings, stale, names)
    return with_starts(space, settings, {**reasons, **lost}, names) if lost else stale


def _lost_starts(
    space: Workspace, settings: Settings, stale: Iterable[str], names: Iterable[str]
) -> dict[str, list[str]]:
    """List the use cases to run again because a stale one begins with a model of theirs that the cache has no longer."""
    lost: dict[str, list[str]] = {}
    for name in stale:
        case = Case(name, settings, space)
        for family, parent in case.usecase.starts.items():
            if parent in names and parent not in stale and starting.is_lost(case, family):
                lost[parent] = [f"the cache no longer has its model, with which {family} of '{name}' begins"]
    return lost


def _begins_anew(case: Case, stale: Iterable[str]) -> list[str]:
    """List why families of a use case would begin with other weights than last time, which DVC does not track."""
    reasons = []
    for family, parent in case.usecase.starts.items():
        if parent in stale:
            reasons.append(f"{family} begins with the weights of '{parent}', which is run again")
        elif starting.has_changed(case, family):
            reasons.append(f"{family} begins with the weights of '{parent}', which have changed")
    return reasons


def _with_neighbours(space: Workspace, settings: Settings, wanted: list[str]) -> list[str]:
    """Add the use cases whose data is in the same tracked folder: while any of it is missing, DVC reports a change."""
    tracked = [name for name, usecase in settings.usecases.items() if DATA_FILE in data_files(space, usecase.data)]
    return wanted + [name for name in tracked if name not in wanted and any(one in tracked for one in wanted)]


def _is_own(space: Workspace, settings: Settings, name: str) -> bool:
    """Whether a use case's data is a built-in data set."""
    place = space.data(settings.usecases[name].data)
    return place.parent == space.root / "data" and place.name in datasets.names()


def bring_data(space: Workspace, settings: Settings, names: Iterable[str], *, record: bool = True) -> Brought:
    """Write or pull missing data: built-in data sets are written, other data is pulled from the DVC remote.

    record: add what was written to DVC's cache, together with what is tracked in the same folder; a trial does not.
    """
    brought = Brought()
    for name in names:
        path = settings.usecases[name].data
        place = space.data(path)
        if place.exists() or not place.is_relative_to(space.root):
            continue
        try:
            if _is_own(space, settings, name):
                brought.made.extend(datasets.write_all(place.parent, [place.name]))
            else:
                versions.pull(space.root, path)
        except (VersionError, OSError) as error:
            brought.failed[name] = error
    if brought.made and record and (space.root / DATA_FILE).exists():
        versions.keep(space.root, DATA_FILE)
    return brought
