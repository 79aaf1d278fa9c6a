"""Where a run keeps its things: production beside params.yaml, every trial in a namespace of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PRODUCTION = "params.yaml"


@dataclass(frozen=True)
class Workspace:
    """Folders of one run.

    root: the project's root, where params.yaml, dvc.yaml and data/ stand.
    params: the settings file of this run.
    """

    root: Path
    params: Path

    @property
    def is_trial(self) -> bool:
        """A run over another file than the root's params.yaml is a trial: it never promotes or publishes."""
        return self.params.resolve() != (self.root / PRODUCTION).resolve()

    @property
    def home(self) -> Path:
        """What a run leaves behind and may be thrown away: caches, logs, locks."""
        return self.root / ".minnow"

    @property
    def results(self) -> Path:
        """Parent of outcomes/, metrics/ and timings/."""
        return self.home / "trials" / self.params.stem if self.is_trial else self.root

    @property
    def kept(self) -> Path:
        """Trained models and their variants, by what they were made from, as runs left them."""
        return self.home / "cache"

    @property
    def cache(self) -> Path:
        """Where this run looks for trained models and leaves its own."""
        return self.kept

    @property
    def experiment(self) -> str:
        """The MLflow experiment."""
        return f"minnow-{self.params.parent.name}-{self.params.stem}" if self.is_trial else "minnow"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store: the environment's, or a database at the root, where `mlflow ui` looks by default."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.root / 'mlflow.db'}"

    def outcome(self, usecase: str) -> Path:
        """Folder of a use case's written decision and of the bundles that it names."""
        return self.results / "outcomes" / usecase

    def metrics(self, usecase: str) -> Path:
        """What `dvc metrics show` reads."""
        return self.results / "metrics" / f"{usecase}.json"

    def timings(self, usecase: str) -> Path:
        """What no two runs repeat: latency, memory, wall time."""
        return self.results / "timings" / f"{usecase}.json"

    def data(self, path: str) -> Path:
        """Resolve a use case's `data:` against the root."""
        return (self.root / path).resolve()


def workspace(params: Path | None = None, root: Path | None = None) -> Workspace:
    """Find the workspace of the working directory; params defaults to its params.yaml."""
    root = (root or Path.cwd()).resolve()
    return Workspace(root, (params or root / PRODUCTION).resolve())
