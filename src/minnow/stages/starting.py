"""Starting weights: the model of another use case that a training begins with (`init_from`), found by its outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.cache import Cache
from minnow.lineage import key_of
from minnow.stages.case import Case

MODELS = "models.json"


class StartError(ValueError):
    """The model to begin with is missing."""


@dataclass(frozen=True)
class Start:
    """A model to begin with. key: its key in the cache, a hash of what it was made from; labels: names of its answers."""

    usecase: str
    key: str
    folder: Path
    labels: tuple[str, ...]

    @property
    def record(self) -> dict[str, Any]:
        """The entry `init_from` in the origin of a model that begins with it."""
        return {"usecase": self.usecase, "key": self.key, "labels": list(self.labels)}


def entry(origin: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """Describe a trained model for its outcome: its key in the cache, its labels, and the model that it began with."""
    return {"key": key_of(origin), "labels": list(labels), "init_from": origin.get("init_from")}


def find(case: Case, family: str) -> Start | None:
    """Find the model that a family's `init_from` names; None where it has none. Raises StartError that says what to run."""
    usecase = case.usecase.starts.get(family)
    if usecase is None:
        return None
    record = _recorded(case, usecase).get(family)
    if record is None:
        raise StartError(
            f"usecases.{case.name}.families.{family}.init_from needs the family '{family}' of '{usecase}', which is not in "
            f"its last outcome. Run first: {_command(case, usecase)}"
        )
    return at(case, {"usecase": usecase, **record})


def at(case: Case, record: Mapping[str, Any]) -> Start:
    """Return the model that a record names, from the cache of all runs. Raises StartError where it is no longer there."""
    cache = Cache(case.workspace.kept)
    folder = cache.root / "models" / record["key"]
    if not cache.is_whole(folder):
        raise StartError(
            f"init_from needs the model that the outcome of '{record['usecase']}' names, {record['key']}, and it is not in "
            f"{folder.parent}. Make it again: {_command(case, record['usecase'])} --force"
        )
    return Start(record["usecase"], record["key"], folder, tuple(record["labels"]))


def filled(params: Mapping[str, Any], start: Start | None) -> dict[str, Any]:
    """Add the folder and the labels of the model to begin with to a family's parameters."""
    if start is None:
        return dict(params)
    place = {"model": str(start.folder / "model"), "labels": list(start.labels)}
    return {**params, "init_from": {**params["init_from"], **place}}


def has_changed(case: Case, family: str) -> bool:
    """Whether `init_from` leads to another model now than when the family was last trained."""
    own, theirs = (_recorded(case, name).get(family) for name in (case.name, case.usecase.starts[family]))
    return own is not None and theirs is not None and (own["init_from"] or {}).get("key") != theirs["key"]


def _recorded(case: Case, usecase: str) -> dict[str, Any]:
    path = case.workspace.outcome(usecase) / MODELS
    return json.loads(path.read_text()) if path.exists() else {}


def _command(case: Case, usecase: str) -> str:
    params = f"--params {case.workspace.params} " if case.workspace.is_trial else ""
    return f"minnow run {params}{usecase}"
