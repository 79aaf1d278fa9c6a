"""Versions: DVC says what is stale, records what was made, and guards the data."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGE = "usecase"


class VersionError(RuntimeError):
    """DVC cannot do what is asked, with what to do about it."""


@dataclass(frozen=True)
class State:
    """What DVC says. stale: use case -> reasons; data: tracked data that is not as its .dvc file says -> how."""

    stale: dict[str, list[str]]
    data: dict[str, str]


@contextmanager
def _repo(root: Path):
    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
    except ImportError as error:  # the served environment has no DVC
        raise VersionError("DVC is not installed here. Install the project with `make run` or `uv sync`.") from error
    try:
        with Repo(str(root)) as repo:
            yield repo
    except DvcException as error:
        raise VersionError(f"DVC: {error}") from error


def state(root: Path) -> State:
    """Ask DVC what is stale, in one reading of the workspace."""
    with _repo(root) as repo:
        status: dict[str, Any] = repo.status()
    stale: dict[str, list[str]] = {}
    data: dict[str, str] = {}
    for stage, findings in status.items():
        name = stage.rpartition(":")[2]
        if name.startswith(f"{STAGE}@"):
            stale[name.removeprefix(f"{STAGE}@")] = list(_reasons(findings))
        elif stage.endswith(".dvc"):
            data[stage] = ", ".join(_reasons(findings))
    return State(stale, data)


def _reasons(findings: Iterable[Any]) -> Iterable[str]:
    for finding in findings:
        if isinstance(finding, str):
            yield finding
            continue
        for paths in finding.values():
            if isinstance(paths, dict):
                for path, change in paths.items():
                    yield f"{path} {_words(change)}"
            else:
                yield str(paths)


def _words(change: Any) -> str:
    if isinstance(change, dict):
        return ", ".join(f"{path} {how}" for path, how in change.items())
    return str(change)


def commit(root: Path, usecase: str) -> None:
    """Record in dvc.lock what a use case was just made from."""
    with _repo(root) as repo:
        repo.commit(f"{STAGE}@{usecase}", force=True)


def keep(root: Path, data_file: str) -> None:
    """Put tracked data that was just made into DVC's cache, where its bytes are those that its .dvc file names."""
    with _repo(root) as repo:
        status = repo.status([data_file])
        if all(change == "not in cache" for change in _changes(status.get(data_file, []))):
            repo.commit(data_file, force=True)


def _changes(findings: Iterable[Any]) -> Iterable[str]:
    for finding in findings:
        for paths in finding.values():
            yield from paths.values()


def accept(root: Path, data_file: str) -> None:
    """Record the present bytes of tracked data in its .dvc file and in DVC's cache."""
    with _repo(root) as repo:
        repo.commit(data_file, force=True)


def pull(root: Path, path: str) -> None:
    """Bring tracked data from the remote. Raises VersionError when it is not there afterwards.

    A fetch from a remote that is down may end without an error, so the files are looked at.
    """
    with _repo(root) as repo:
        repo.pull([path], allow_missing=True)
    if not (root / path).exists():
        raise VersionError(
            f"'{path}' is needed and is neither here nor on a DVC remote. Put it there, or configure one: `dvc remote add`."
        )
