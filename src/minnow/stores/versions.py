"""Versions: DVC knows which use cases are stale, records what was made, and keeps the versions of the data."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minnow.lineage import data_version

STAGE, PARAMS = "usecase", "params.yaml"
SHOWN = 5


class VersionError(RuntimeError):
    """An operation of DVC that failed; the message says what to do."""


@dataclass(frozen=True)
class State:
    """DVC's status.

    stale: use case -> reasons; data: .dvc file -> how the data differs from it; changed: use case -> path -> how it differs
    from what dvc.lock records; unrecorded: use cases that dvc.lock does not have, since they never ran.
    """

    stale: dict[str, list[str]]
    data: dict[str, str]
    changed: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    unrecorded: frozenset[str] = frozenset()


@contextmanager
def _repo(root: Path):
    logging.getLogger("dvc").setLevel(logging.ERROR)
    try:
        from dvc.exceptions import DvcException
        from dvc.repo import Repo
    except ImportError as error:  # the served environment has no DVC
        raise VersionError("DVC is not installed here. Install the project with `make run` or `uv sync`.") from error
    try:
        with Repo(str(root), config={"core": {"no_scm": not _in_git(root)}}) as repo:
            yield repo
    except DvcException as error:
        raise VersionError(f"DVC: {error}") from error
    except FileNotFoundError as error:
        if error.filename is None or not Path(error.filename).is_symlink():
            raise
        raise VersionError(
            f"DVC cannot record data with {error.filename}, a link that leads nowhere. Remove the link, or bring back what it "
            "leads to."
        ) from error


def _in_git(root: Path) -> bool:
    """Whether a folder is in a Git repository. Without one, DVC works only if it is told so."""
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def state(root: Path, usecases: Iterable[str] | None = None, data_files: Iterable[str] = ()) -> State:
    """Return DVC's status of the workspace, or that of some use cases and .dvc files.

    Of these alone nothing else is looked at: DVC could not read an entry of params.yaml that has a fault.
    """
    targets = None if usecases is None else [*(f"{STAGE}@{name}" for name in usecases), *dict.fromkeys(data_files)]
    with _repo(root) as repo:
        status: dict[str, Any] = {} if targets == [] else repo.status(targets)
    stages = {stage.rpartition("@")[2]: found for stage, found in status.items() if f"{STAGE}@" in stage}
    changed = {name: _changed_paths(findings) for name, findings in stages.items()}
    unrecorded = frozenset(name for name, paths in changed.items() if paths.get(PARAMS) == "new")
    return State(
        {name: list(_reasons(findings)) for name, findings in stages.items()},
        {stage: ", ".join(_reasons(findings)) for stage, findings in status.items() if stage.endswith(".dvc")},
        {name: paths for name, paths in changed.items() if paths and name not in unrecorded},
        unrecorded,
    )


def joined(states: Iterable[State]) -> State:
    """Join the status of several use cases."""
    whole = State({}, {})
    for one in states:
        whole = State(
            whole.stale | one.stale,
            whole.data | one.data,
            whole.changed | one.changed,
            whole.unrecorded | one.unrecorded,
        )
    return whole


def _changed_paths(findings: Iterable[Any]) -> dict[str, Any]:
    """Return the dependencies of a stage that have changed: path -> how."""
    parts = [finding.get("changed deps", {}) for finding in findings if isinstance(finding, dict)]
    return {path: how for part in parts for path, how in part.items()}


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
    """Record in dvc.lock what a use case was made from."""
    with _repo(root) as repo:
        repo.commit(f"{STAGE}@{usecase}", force=True)


def keep(root: Path, data_file: str) -> None:
    """Add data that was just written to DVC's cache, if its bytes are those that its .dvc file names."""
    with _repo(root) as repo:
        status = repo.status([data_file])
        if all(change == "not in cache" for change in _changes(status.get(data_file, []))):
            repo.commit(data_file, force=True)


def _changes(findings: Iterable[Any]) -> Iterable[str]:
    for finding in findings:
        for paths in finding.values():
            yield from paths.values()


def part_changed(root: Path, data_file: str, place: Path) -> str | None:
    """Describe how a path differs from what a .dvc file records of it, or return None.

    None also where DVC's cache does not have the listing of a tracked folder, as in a fresh clone: nothing tells then.
    """
    recorded: dict[Path, str] = {}
    with _repo(root) as repo:
        outs: list[Any] = repo.stage.load_one(data_file).outs
        for out in outs:
            if not Path(out.fs_path).is_dir():
                recorded[Path(out.fs_path)] = out.hash_info.value
            elif (tree := out.get_obj()) is None:
                return None
            else:
                recorded |= {Path(out.fs_path).joinpath(*key): info.value for key, _, info in tree}
    own = {path: md5 for path, md5 in recorded.items() if path.is_relative_to(place)}
    present = {path for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file()}
    counts = {
        "new": len(present - set(own)),
        "lost": len(set(own) - present),
        "changed": sum(data_version(path) != own[path] for path in present & set(own)),
    }
    return ", ".join(f"{count:,} files {how}" for how, count in counts.items() if count) or None


def accept(root: Path, data_file: str) -> None:
    """Record the present bytes of tracked data in its .dvc file and in DVC's cache."""
    with _repo(root) as repo:
        repo.commit(data_file, force=True)


def pull(root: Path, path: str) -> None:
    """Fetch tracked data from the remote. Raises VersionError when it is not complete afterwards.

    A fetch from a remote that is down may end without an error, so the files are compared with their recorded hashes.
    """
    with _repo(root) as repo:
        remote = repo.config["core"].get("remote")
        where = f"{remote} ({repo.config['remote'].get(remote, {}).get('url')})" if remote else None
        if remote:
            repo.config["remote"].setdefault(remote, {})["verify"] = True
        try:
            repo.pull([path], allow_missing=True)
        except Exception as error:  # each kind of remote has errors of its own
            raise VersionError(_missing(path, where, f"{type(error).__name__}: {error}")) from error
        lacking = _lacking(repo, path)
    if lacking:
        raise VersionError(_missing(path, where, lacking))


def _missing(path: str, remote: str | None, why: str) -> str:
    if remote is None:
        return f"'{path}' is missing, and no DVC remote is configured. Put the data there, or: `dvc remote add -d`."
    return (
        f"'{path}' could not be fetched completely from the DVC remote {remote}: {why}. Check that the remote is up and that "
        "the data was pushed: `dvc push` where the data is, `dvc status --cloud` here."
    )


def _lacking(repo: Any, path: str) -> str | None:
    """Describe which files of a tracked path are missing or differ from their record, or return None."""
    place = Path(repo.root_dir) / path
    if not place.exists():
        return "nothing was fetched"
    for out in repo.index.outs:
        tracked = Path(repo.root_dir) / str(out)
        if place == tracked or place.is_relative_to(tracked):
            wrong = [f"{name} {how}" for name, how in _compared(out, tracked, place)]
            return ", ".join(wrong[:SHOWN]) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "") or None
    return None


def _compared(out: Any, tracked: Path, place: Path) -> Iterator[tuple[str, str]]:
    """Compare files with the hashes that DVC recorded, and remove those that differ: DVC itself trusts the remote.

    Yields (name, difference).
    """
    if not tracked.is_dir():
        wanted = {tracked: out.hash_info.value}
    elif (tree := out.get_obj()) is None:
        yield str(place), "has no listing"
        return
    else:
        wanted = {tracked.joinpath(*key): info.value for key, _, info in tree}
    for path, md5 in wanted.items():
        if path == place or path.is_relative_to(place):
            if not path.exists():
                yield path.name, "is missing"
            elif data_version(path) != md5:
                yield path.name, "has other bytes"
                path.unlink()
