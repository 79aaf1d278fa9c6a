"""The guard of data: whether what a use case reads differs from what its last run read, and whether the change is accepted.

It does not matter where the data lies and whether DVC tracks it: dvc.lock has the version of every path that was read. Prefect
is not used here.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from minnow.records.files import write_json
from minnow.records.keys import RULE, read_rule
from minnow.stages import intake, sources
from minnow.stages.case import Case
from minnow.stages.outcome import ROWS
from minnow.stores import versions
from minnow.stores.versions import State
from minnow.types import Array
from minnow.workspace import Workspace

NEVER, APPENDED, ALWAYS = "never", "appended", "always"
"""Which changes of data a run accepts: none by default, appended rows when scheduled, all with --accept-data."""


class DataChanged(ValueError):
    """The data of a use case differs from what its last run read, and the change was not accepted."""


def admit(case: Case, state: State, accept: str) -> bool:
    """Check the data of a use case. Returns whether a change was accepted now. Raises DataChanged, and DataError.

    What was accepted is recorded, so that a run that was interrupted does not ask again.
    """
    found = changes(case, state)
    if not found:
        return False
    present = sources.versions(case)
    if _accepted(case) == present:
        return False
    change = ", ".join(found)
    if accept == NEVER:
        raise DataChanged(
            f"usecases.{case.name}: its data differs from what was recorded ({change}). If this is intended, run again with "
            "--accept-data; otherwise bring the recorded data back (dvc checkout, where DVC tracks it)."
        )
    if accept == APPENDED:
        _only_appended(case, change)
    write_json(_record(case), {"versions": present})
    return True


def changes(case: Case, state: State) -> list[str]:
    """List how the data differs from what the last run read; for a use case that never ran, from its .dvc file.

    What nothing has recorded has not changed.
    """
    if case.name in state.unrecorded:
        files = data_files(case.workspace, case.usecase.data)
        found = [
            (file, versions.part_changed(case.workspace.root, file, case.data)) for file in files if file in state.data
        ]
        return [f"{file}: {how}" for file, how in found if how]
    paths = state.changed.get(case.name, {})
    own = [f"{path} {how}" for path, how in paths.items() if case.workspace.data(path) == case.data]
    return own + (sources.changes(case, guarded=True) if case.workspace.outcome(case.name).exists() else [])


def data_files(space: Workspace, data: str) -> list[str]:
    """List the .dvc files that track a path: beside it, or beside a folder that it is in."""
    place = Path(os.path.normpath(space.root / data))
    inside = [path for path in (place, *place.parents) if path != space.root and path.is_relative_to(space.root)]
    files = [path.with_name(f"{path.name}.dvc") for path in inside]
    return [str(file.relative_to(space.root)) for file in files if file.exists()]


def _record(case: Case) -> Path:
    return case.workspace.home / "accepted" / f"{case.name}.json"


def _accepted(case: Case) -> dict[str, str] | None:
    """Return the versions of the data that were accepted last."""
    try:
        return json.loads(_record(case).read_text())["versions"]
    except (OSError, ValueError, KeyError, TypeError):  # none, or not written to its end: it is asked for again
        return None


def _only_appended(case: Case, change: str) -> None:
    """Check that every row of the last run is still there. Raises DataChanged, and DataError where rows cannot be read."""
    record = case.workspace.outcome(case.name) / ROWS
    by_hand = f"Check the change and run once by hand: minnow run {case.name} --accept-data."
    if not record.exists():
        raise DataChanged(
            f"usecases.{case.name}: its data differs from what was recorded ({change}), and there is no record of its earlier "
            f"rows in {record}. {by_hand}"
        )
    keyed = replace(case, keys=read_rule(record.with_name(RULE)))
    lost = _lost(np.load(record), intake.row_versions(keyed, intake.read(keyed)))
    if lost:
        raise DataChanged(
            f"usecases.{case.name}: a scheduled run accepts appended rows only. It has lost or changed {lost:,} of its earlier "
            f"rows ({change}). {by_hand}"
        )
    if files := sources.overwritten(case):
        raise DataChanged(
            f"usecases.{case.name}: a scheduled run accepts appended rows only. Changed or lost: {', '.join(files)}. {by_hand}"
        )


def _lost(recorded: Array, present: Array) -> int:
    """Count recorded rows that are not there as often as they were. Hashes of rows, (n,) and (m,) uint64."""
    rows, counts = np.unique(recorded, return_counts=True)
    there, there_counts = np.unique(present, return_counts=True)
    place = np.searchsorted(there, rows)
    same = np.isin(rows, there)
    found = np.zeros(len(rows), int)
    found[same] = there_counts[place[same]]
    return int(np.maximum(counts - found, 0).sum())
