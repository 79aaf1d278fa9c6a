"""A trial: a short run of an entry that was added to params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from minnow import config
from minnow.catalog import catalog
from minnow.workspace import Workspace, workspace

_FAMILIES, _MINUTES, _EPOCHS = 2, 1, 5


def trial_settings(settings: config.Settings, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a short trial: the first two families, a minute each at most, networks for a few epochs."""
    quick = {
        family: {"epochs": _EPOCHS} if "epochs" in catalog().params("family", family).model_fields else {}
        for family in list(entry["families"])[:_FAMILIES]
    }
    worker = settings.worker.model_dump() | {"job_minutes": float(_MINUTES)}
    usecase = {**entry, "families": quick, "compression": {}}
    return {"seed": settings.seed, "threads": settings.threads, "worker": worker, "usecases": {name: usecase}}


def try_out(space: Workspace, name: str, entry: Mapping[str, Any]) -> int:
    """Run a short trial of an entry of params.yaml, and show its results. Returns the run's exit code."""
    from flows import retrain
    from minnow.insight import summary

    settings = config.load(space.params, catalog())
    path = space.home / "new" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(trial_settings(settings, name, entry), sort_keys=False))
    trial = workspace(path, space.root)
    code = retrain.run(trial, [name])
    if code == 0:
        summary.show(trial, [name])
    return code
