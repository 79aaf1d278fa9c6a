"""Champions: the MLflow registry's aliases, the ledger of looks, and the order in which a promotion happens.

A registered model `minnow-<usecase>` has one version per promoted bundle. Aliases: champion (cpu), champion-gpu, and
anchor, anchor-gpu for the best bundle so far.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minnow.bundle import sha256
from minnow.stores.database import client
from minnow.stores.tracking import find_bundle
from minnow.types import Array, fingerprint
from minnow.workspace import Workspace

ROWS = "exam_rows.npy"
PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Champion:
    """A registered version. sha names its bundle, run_id the run that keeps it."""

    usecase: str
    target: str
    version: int
    sha: str
    run_id: str
    provenance: str | None = None
    """sha256 of its provenance.json; None for a version that was registered without."""


@dataclass(frozen=True)
class Ledger:
    """How often an exam was looked at. rows: (n,) uint64, keys of all rows looked at so far."""

    looks: int
    rows: Array


def registered(usecase: str) -> str:
    """Name of a use case's registered model."""
    return f"minnow-{usecase}"


def alias(target: str, role: str = "champion") -> str:
    """Name of an alias: champion, champion-gpu, anchor, anchor-gpu."""
    return role if target == "cpu" else f"{role}-{target}"


def current(space: Workspace, usecase: str, target: str, role: str = "champion") -> Champion | None:
    """Return who holds an alias, or None."""
    from mlflow.exceptions import MlflowException

    try:
        version = client(space).get_model_version_by_alias(registered(usecase), alias(target, role))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
    told = version.tags
    return Champion(
        usecase, target, int(version.version), told["minnow.sha"], str(version.run_id), told.get("minnow.provenance")
    )


def fetch(space: Workspace, champion: Champion) -> Path:
    """Bring a registered bundle and its provenance to disk. Returns the folder that holds bundle/ and provenance.json.

    Raises ValueError when the bytes are not those that were registered.
    """
    folder = space.home / "champions" / champion.sha
    if _named(folder) != champion.sha:  # not there yet, or broken since
        scratch = space.home / "champions" / f".{champion.sha}"
        for old in (folder, scratch):
            shutil.rmtree(old, ignore_errors=True)
        download(space, champion, scratch)
        scratch.rename(folder)
    if (found := _named(folder)) != champion.sha:
        raise ValueError(
            f"The bundle of {registered(champion.usecase)} version {champion.version} must have sha256 "
            f"{champion.sha[:12]}. Received: {found[:12]} from run {champion.run_id}: MLflow's artifacts were changed. Bring "
            f"them back from a copy, or give the alias to another version: `minnow rollback {champion.usecase}`."
        )
    return folder


def _named(folder: Path) -> str:
    return sha256(folder / "bundle") if (folder / "bundle").is_dir() else "nothing"


def download(space: Workspace, champion: Champion, folder: Path) -> None:
    """Bring bundle/ and provenance.json from MLflow's artifacts to a folder, unchecked."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("bundle", PROVENANCE):
        client(space).download_artifacts(champion.run_id, name, str(folder))


def ledger(space: Workspace, usecase: str, target: str, exam: Array) -> Ledger:
    """Return the looks that count for an exam, exam: (n,) uint64.

    The count goes on while at least half of the exam's rows were looked at before; else it starts again.
    """
    tag = _tags(space, usecase).get(f"minnow.looks.{target}")
    if tag is None:
        return Ledger(0, exam)
    entry = json.loads(tag)
    seen = np.load(client(space).download_artifacts(entry["run_id"], f"exam/{target}/{ROWS}"))
    if np.isin(exam, seen).mean() < 0.5:
        return Ledger(0, exam)
    return Ledger(entry["count"], np.union1d(seen, exam))


def record_look(space: Workspace, usecase: str, target: str, count: int, exam: Array, run_id: str) -> None:
    """Note that a comparison took place; the run keeps the rows that it read under exam/<target>/."""
    entry = {"count": count, "exam": fingerprint(exam), "run_id": run_id}
    _ensure(space, usecase)
    client(space).set_registered_model_tag(registered(usecase), f"minnow.looks.{target}", json.dumps(entry))


def promote(space: Workspace, usecase: str, target: str, decision: dict[str, Any]) -> Champion:
    """Carry out a decision: version, alias, history, anchor. Each step may be repeated after an interruption."""
    opened, name = client(space), registered(usecase)
    _ensure(space, usecase)
    version = _version_of(space, usecase, decision["id"])
    if version is None:
        run_id = find_bundle(space, usecase, decision["sha"])
        beside = Path(opened.download_artifacts(run_id, PROVENANCE))
        tags = {
            "minnow.sha": decision["sha"],
            "minnow.decision": decision["id"],
            "minnow.verdict": decision["verdict"],
            "minnow.provenance": hashlib.sha256(beside.read_bytes()).hexdigest(),
        }
        made = opened.create_model_version(name, f"runs:/{run_id}/bundle", run_id, tags=tags)
        version = int(made.version)
    opened.set_registered_model_alias(name, alias(target), str(version))
    _append_history(space, usecase, target, version)
    if _is_best_so_far(decision):
        opened.set_registered_model_alias(name, alias(target, "anchor"), str(version))
    opened.set_model_version_tag(name, str(version), "minnow.promoted", "true")
    champion = current(space, usecase, target)
    assert champion is not None
    return champion


def _is_best_so_far(decision: dict[str, Any]) -> bool:
    """Whether a promoted model becomes the anchor: better than the champion, and not worse than the anchor it meets.

    Better than a champion that has shrunk is not yet as good as the anchor; without this, losses add up past the margin.
    """
    if decision["verdict"] == "better":
        return decision.get("comparisons", {}).get("anchor", {}).get("difference", 0.0) <= 0
    return decision["verdict"] in ("first", "provisional")


def carried_out(space: Workspace, usecase: str, decision: dict[str, Any]) -> bool:
    """Whether a decision was promoted before: then a later rollback stands, and it is not promoted again."""
    version = _version_of(space, usecase, decision["id"])
    if version is None:
        return False
    return client(space).get_model_version(registered(usecase), str(version)).tags.get("minnow.promoted") == "true"


def rollback(space: Workspace, usecase: str, target: str) -> Champion:
    """Give the alias back to the version promoted before the champion. Raises LookupError when there is none."""
    champion, history = current(space, usecase, target), _history(space, usecase, target)
    if champion is None:
        raise LookupError(f"'{usecase}' has no champion for {target}: there is nothing to roll back.")
    earlier = history[: history.index(champion.version)] if champion.version in history else []
    if not earlier:
        raise LookupError(f"'{usecase}' has had no champion for {target} before version {champion.version}.")
    client(space).set_registered_model_alias(registered(usecase), alias(target), str(earlier[-1]))
    back = current(space, usecase, target)
    assert back is not None
    return back


def _ensure(space: Workspace, usecase: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client(space).create_registered_model(registered(usecase))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _tags(space: Workspace, usecase: str) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    try:
        return dict(client(space).get_registered_model(registered(usecase)).tags)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise


def _version_of(space: Workspace, usecase: str, decision_id: str) -> int | None:
    versions = client(space).search_model_versions(f"name = '{registered(usecase)}'")
    return next((int(v.version) for v in versions if v.tags.get("minnow.decision") == decision_id), None)


def _history(space: Workspace, usecase: str, target: str) -> list[int]:
    return json.loads(_tags(space, usecase).get(f"minnow.history.{target}", "[]"))


def _append_history(space: Workspace, usecase: str, target: str, version: int) -> None:
    history = _history(space, usecase, target)
    if version not in history:
        entry = json.dumps([*history, version])
        client(space).set_registered_model_tag(registered(usecase), f"minnow.history.{target}", entry)
