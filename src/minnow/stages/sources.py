"""What a use case reads beyond what DVC compares: data behind links to folders, and files that its options name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from minnow.lineage import data_version, has_linked_folders
from minnow.records.files import read_json, write_json
from minnow.stages.case import Case

LINKED, SIDE_FILES = "linked_data.txt", "side_files.json"
MISSING = "missing"


def write(case: Case, folder: Path) -> None:
    """Record with an outcome what was read: the version of data behind links, and size and hash of each side file."""
    if has_linked_folders(case.data):
        (folder / LINKED).write_text(case.data_version)
    if sides := _side_files(case):
        files = {name: {"size": path.stat().st_size, "md5": data_version(path)} for name, path in sides.items()}
        write_json(folder / SIDE_FILES, files)


def changes(case: Case, *, guarded: bool = False) -> list[str]:
    """List what differs from what the last run read, and DVC does not see. guarded: only what users change, not outcomes."""
    sides = _side_files(case, guarded=guarded)
    recorded = _recorded(case)
    other = [f"{name} modified" for name, path in sides.items() if name in recorded and _differs(path, recorded[name])]
    return ([f"{case.usecase.data} modified behind links"] if _linked_data_changed(case) else []) + other


def overwritten(case: Case) -> list[str]:
    """List side files in which more has changed than that something was appended; those that are lost are among them."""
    recorded = _recorded(case)
    sides = _side_files(case, guarded=True)
    return [name for name, path in sides.items() if name in recorded and _differs(path, recorded[name], appended=False)]


def versions(case: Case) -> dict[str, str]:
    """Hash everything that is read and that users change: path -> version, "missing" for what is not there."""
    paths = {case.usecase.data: case.data, **_side_files(case, guarded=True)}
    return {name: data_version(path) if path.exists() else MISSING for name, path in paths.items()}


def _side_files(case: Case, *, guarded: bool = False) -> dict[str, Path]:
    """Name the files that options name beside the data: path as it is shown -> path.

    A file of the use case's own outcome is none of them, since each run writes it. guarded: nor is one of another outcome.
    """
    root, outcome = case.workspace.root, case.workspace.outcome(case.name).resolve()
    made = outcome.parent if guarded else outcome
    paths = [path for path in case.options.side_files(case.data, root) if not path.is_relative_to(made)]
    return {(str(path.relative_to(root)) if path.is_relative_to(root) else str(path)): path for path in paths}


def _recorded(case: Case) -> dict[str, Any]:
    """Return what the last run recorded of side files; outcomes of older versions have no record."""
    path = case.workspace.outcome(case.name) / SIDE_FILES
    return read_json(path, "record of side files", (1,)) if path.exists() else {}


def _differs(path: Path, record: dict[str, Any], *, appended: bool = True) -> bool:
    """Whether a file is not as recorded. appended: count what was appended as a difference."""
    if not path.is_file() or path.stat().st_size < record["size"]:
        return True
    if appended:
        return path.stat().st_size != record["size"] or data_version(path) != record["md5"]
    with path.open("rb") as file:
        return hashlib.md5(file.read(record["size"]), usedforsecurity=False).hexdigest() != record["md5"]


def _linked_data_changed(case: Case) -> bool:
    """Whether data that is read through links to folders is not what the last run read. DVC does not follow such links."""
    record = case.workspace.outcome(case.name) / LINKED
    present = case.data_version if has_linked_folders(case.data) else None
    return present != (record.read_text() if record.exists() else None)
