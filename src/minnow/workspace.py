"""Folders of a run: results of production beside params.yaml, results of trials in a folder of their own."""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote

PRODUCTION = "params.yaml"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of an OSError where a disk, or a quota of it, has no room left."""


@dataclass(frozen=True)
class Workspace:
    """Folders of a run.

    root: root of the project, the folder of params.yaml, dvc.yaml and data/.
    params: settings file of the run.
    """

    root: Path
    params: Path

    @property
    def is_trial(self) -> bool:
        """Whether the settings file is not the root's params.yaml. Trials do not promote or publish."""
        return self.params.resolve() != (self.root / PRODUCTION).resolve()

    @property
    def home(self) -> Path:
        """Caches, logs, locks, trials and studies; without it, models are trained again."""
        return self.root / ".minnow"

    @property
    def results(self) -> Path:
        """Parent folder of outcomes/, metrics/ and timings/."""
        return self.home / "trials" / self.params.stem if self.is_trial else self.root

    @property
    def kept(self) -> Path:
        """Cache of trained models and their variants, under hashes of their inputs."""
        return self.home / "cache"

    @property
    def cache(self) -> Path:
        """Cache of trained models that the run reads and writes."""
        return self.kept

    @property
    def experiment(self) -> str:
        """Name of the MLflow experiment."""
        return f"minnow-{self.params.parent.name}-{self.params.stem}" if self.is_trial else "minnow"

    @property
    def tracking_uri(self) -> str:
        """MLFLOW_TRACKING_URI, or else mlflow.db at the root, which `mlflow ui` reads by default."""
        return os.environ.get("MLFLOW_TRACKING_URI") or sqlite_url(self.root / "mlflow.db")

    def outcome(self, usecase: str) -> Path:
        """Folder of a use case's decisions and of the bundles that they name."""
        return self.results / "outcomes" / usecase

    def metrics(self, usecase: str) -> Path:
        """File that `dvc metrics show` reads."""
        return self.results / "metrics" / f"{usecase}.json"

    def timings(self, usecase: str) -> Path:
        """Measured values that differ between runs: latency, memory, wall time."""
        return self.results / "timings" / f"{usecase}.json"

    def data(self, path: str) -> Path:
        """Resolve the path in `data:` of a use case against the root."""
        return (self.root / path).resolve()


def sqlite_url(path: Path, driver: str = "pysqlite") -> str:
    """Return SQLAlchemy's address of a database file.

    It takes a "?" for the end of the path, so such a path is given percent-encoded, as SQLite's own address of a file. With the
    driver in front of it, MLflow does not take it for a path, whose folders it would create.
    """
    if "?" in str(path):
        return f"sqlite+{driver}:///file:{quote(str(path))}?uri=true"
    return f"sqlite:///{path}" if driver == "pysqlite" else f"sqlite+{driver}:///{path}"


def sqlite_path(url: str) -> Path | None:
    """Return the file behind SQLAlchemy's address of an SQLite database, None for another database."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]*)(?:\?(.*))?", url)
    if match is None:
        return None
    is_address = match[1].startswith("file:") and parse_qs(match[2] or "").get("uri") == ["true"]
    return Path(unquote(match[1].removeprefix("file:")) if is_address else match[1])


def workspace(params: Path | None = None, root: Path | None = None) -> Workspace:
    """Return the workspace of root, by default the working directory. params: by default params.yaml of root."""
    root = (root or Path.cwd()).resolve()
    return Workspace(root, (params or root / PRODUCTION).resolve())
