"""A trial: a short run of an entry that was added to params.yaml, which promotes nothing and does not read the test set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from minnow import config
from minnow.catalog import catalog
from minnow.config import writing
from minnow.runners.interruption import described
from minnow.workspace import Workspace, workspace

_FAMILIES, _MINUTES, _EPOCHS = 2, 1, 5
_FIRST = {
    "images": ("cnn", "linear"),
    "audio": ("cnn", "linear"),
    "text": ("linear", "embedbag"),
    "interactions": ("neighbours", "gboost", "linear"),
    "timeseries": ("gboost", "linear"),
    "tabular": ("gboost", "linear"),
}
"""Families that are tried first, those that matter most for a modality."""


def trial_settings(settings: config.Settings, name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a short trial: the entry as it stands, with two families, a minute each at most, networks for few epochs."""
    ordered = [*_FIRST.get(entry["modality"], ()), *entry["families"]]
    tried = list(dict.fromkeys(family for family in ordered if family in entry["families"]))[:_FAMILIES]
    quick = {
        family: {"epochs": _EPOCHS} if "epochs" in catalog().params("family", family).model_fields else {}
        for family in tried
    }
    worker = settings.worker.model_dump() | {"job_minutes": float(_MINUTES)}
    usecase = {**entry, "families": quick, "exam": "none", "effort": "quick"}
    return {"seed": settings.seed, "threads": settings.threads, "worker": worker, "usecases": {name: usecase}}


def try_out(space: Workspace, name: str, entry: Mapping[str, Any]) -> int:
    """Run a short trial of an entry of params.yaml, and show its results, whatever failed. Returns the run's exit code."""
    from flows import retrain
    from minnow.insight import overview

    settings = config.load(space.params, catalog())
    tried = trial_settings(settings, name, entry)
    path = space.home / "new" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(writing.document(tried), encoding="utf-8")
    families = " and ".join(tried["usecases"][name]["families"])
    typer.echo(f"A trial of {families}, a minute each at most. It is scored on val; the test set is not read.")
    trial = workspace(path, space.root)
    with described(
        lambda: f"The trial was cut; params.yaml keeps the entry usecases.{name}. To go on: minnow run {name}"
    ):
        ended = retrain.run(trial, [name], force=True)
    overview.show_run(trial, ended.written, ended.stopped, ended.fresh)
    return ended.code
