"""What may be removed of .minnow/: cached models that no outcome names, downloads, leftovers. Prefect is not used here.

The caller holds the lock of the workspace, so that nothing is removed that a run is making.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minnow.cache import Cache
from minnow.lineage import key_of
from minnow.records.files import RecordError
from minnow.records.origin import read_models
from minnow.stores import champions
from minnow.workspace import Workspace

GB = 1e9
SCRATCH = {
    "making": "outcomes that a run did not finish",
    "errors": "tracebacks of earlier runs",
    "reports": "validation reports, which outcomes hold too",
    "cluster": "files for nodes of a cluster",
}
"""Folders of .minnow/ that are removed whole, and what is in them."""


@dataclass(frozen=True)
class Removable:
    """Folders that can be removed. what: in words; folders: without those inside of others; size_bytes: of all."""

    what: str
    folders: tuple[Path, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        files = [path for folder in self.folders for path in (folder.rglob("*") if folder.is_dir() else [folder])]
        return sum(path.stat().st_size for path in files if path.is_file() and not path.is_symlink())


def trim(space: Workspace, max_gb: float, say: Callable[[str], None]) -> None:
    """Bring the cache within its limit, as a run does at its end: what was not used for longest is removed first.

    Where that fails, the reason is said, and the run is complete nevertheless.
    """
    cache = Cache(space.kept)
    try:
        removed = cache.trim(max_gb * GB, needed(space))
    except OSError as error:
        say(f"  cache: it could not be brought within cache.max_gb: {error}")
        return
    if removed:
        left = sum(one.size_bytes for one in cache.entries())
        freed = sum(one.size_bytes for one in removed)
        say(
            f"  cache: {freed / GB:.2f} GB of {len(removed):,} folders removed, {left / GB:.2f} GB left "
            f"(cache.max_gb: {max_gb:g})"
        )


def needed(space: Workspace) -> set[Path]:
    """Return the cached folders of the models that outcomes name, of production and of trials, with rows and variants."""
    cache = Cache(space.kept)
    keys = set(_model_keys(space))
    models = [cache.root / "models" / key for key in keys]
    rows = {cache.made_from(folder).get("rows") for folder in models} - {None}
    found = set(models)
    for folder in cache.root.glob("prepared/*"):
        if cache.made_from(folder).get("rows") in rows:
            found.add(folder)
    for folder in cache.root.glob("variants/*"):
        if key_of(cache.made_from(folder).get("model", {})) in keys:
            found.add(folder)
    return found


def _model_keys(space: Workspace) -> Iterator[str]:
    """Keys of the cached models that outcomes name. One that cannot be read names none: its models are trained again."""
    for outcomes in (space.root / "outcomes", *space.home.glob("trials/*/outcomes")):
        for folder in outcomes.glob("*"):
            try:
                yield from (entry.key for entry in read_models(folder).values())
            except RecordError:
                continue


def removable(space: Workspace, *, everything: bool = False) -> list[Removable]:
    """List what `minnow clean` removes, without what is empty. everything: the whole cache and all downloads too."""
    cache, kept = Cache(space.kept), set[Path]() if everything else needed(space)
    by_kind: dict[str, list[Path]] = {}
    for one in cache.entries():
        if everything or (one.folder not in kept and one.folder.parent.name != "extractors"):
            by_kind.setdefault(one.folder.parent.name, []).append(one.folder)
    about = "" if everything else ", of no model that an outcome names"
    found = [Removable(f"cache/{kind}{about}", tuple(folders)) for kind, folders in sorted(by_kind.items())]
    downloads = sorted(path for path in (space.home / "champions").glob("*") if everything or path not in _held(space))
    found.append(Removable(f"champions{'' if everything else ' of earlier times'}, downloaded", tuple(downloads)))
    found += [
        Removable(f"{name}: {what}", tuple(sorted((space.home / name).glob("*")))) for name, what in SCRATCH.items()
    ]
    found.append(Removable("worker.log: output of the worker", tuple(space.home.glob("worker.log"))))
    found.append(Removable("verify: models that a killed `minnow verify` made", tuple(space.home.glob("verify-*"))))
    return [one for one in found if one.folders]


def _held(space: Workspace) -> set[Path]:
    """Downloads of the versions that hold an alias today."""
    folder = space.home / "champions"
    if not any(folder.glob("*")):
        return set()
    names = {path.name.rpartition("-v")[0].removeprefix("minnow-") for path in folder.glob("minnow-*-v*")}
    held: set[Path] = set()
    for name in names:
        for target in ("cpu", "gpu"):
            for role in (champions.CHAMPION, champions.BEST):
                if (one := champions.current(space, name, target, role)) is not None:
                    held.add(folder / f"{champions.registered(name)}-v{one.version}")
    return held


def remove(found: list[Removable]) -> None:
    """Remove folders and files."""
    for one in found:
        for path in one.folders:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def left(space: Workspace) -> list[tuple[str, str]]:
    """What stays in .minnow/: name -> why."""
    stays = {
        "cache": "models that outcomes name; without it they are trained again",
        "champions": "downloads of today's champions",
        "trials": "outcomes of trials",
        "tune.db": "studies of `minnow tune` and `minnow pareto`",
        "pareto": "fronts that `minnow pareto` found",
    }
    return [(name, why) for name, why in stays.items() if (space.home / name).exists()]
