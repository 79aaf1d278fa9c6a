"""Champions: aliases in the MLflow registry, and the steps of a promotion.

A registered model `minnow-<usecase>` has one version per promotion. Aliases: champion (cpu), champion-gpu, and best, best-gpu
for the best model so far. Older versions named the latter anchor, anchor-gpu; these are read where `best` is not set.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minnow.records import provenance
from minnow.records.bundle import FOLDER
from minnow.records.decision import Decision
from minnow.records.files import file_sha256, sha256
from minnow.records.provenance import Provenance, hashes_beside, read_provenance
from minnow.stores.database import client
from minnow.stores.tracking import find_finalist
from minnow.workspace import Workspace

PREFIX = "minnow-"
CHAMPION, BEST = "champion", "best"
IS_BEST = "minnow.best"
"""Tag of a version: whether its promotion made it the best so far."""
ROLLED_BACK, RETIRED, WITHDRAWN = "minnow.rolled_back", "minnow.retired", "minnow.withdrawn"
"""Tags of a version that may not become champion again (removal.py); RETIRED.<target> is also one of the registered model."""
OLDER = {BEST: "anchor"}
"""Today's name of an alias -> its name in older versions."""
KEPT = (FOLDER, *provenance.BESIDE, provenance.FILE)
"""Artifacts of a variant's MLflow run; a registered version consists of them."""


@dataclass(frozen=True)
class Champion:
    """A registered version. sha: its bundle's name; run_id: the MLflow run that holds its files."""

    usecase: str
    target: str
    version: int
    sha: str
    run_id: str
    provenance: str | None = None
    """sha256 of its provenance.json; None for a version that was registered without."""
    promoted_s: float = 0.0
    """When it was registered, in seconds since 1970."""


def registered(usecase: str) -> str:
    """Name of a use case's registered model."""
    return f"{PREFIX}{usecase}"


def known(space: Workspace) -> list[str]:
    """List the use cases in the registry, in alphabetical order."""
    models = client(space).search_registered_models(f"name LIKE '{PREFIX}%'", max_results=1000)
    return sorted(model.name.removeprefix(PREFIX) for model in models)


def alias(target: str, role: str = CHAMPION) -> str:
    """Name of an alias: champion, champion-gpu, best, best-gpu."""
    return role if target == "cpu" else f"{role}-{target}"


def current(space: Workspace, usecase: str, target: str, role: str = CHAMPION) -> Champion | None:
    """Return the registered version that holds an alias, or None."""
    version = _holder(space, usecase, alias(target, role))
    if version is None and role in OLDER:
        version = _holder(space, usecase, alias(target, OLDER[role]))
    return None if version is None else _champion(usecase, target, version)


def version_of(space: Workspace, usecase: str, number: int, target: str = "cpu") -> Champion | None:
    """Return a registered version by its number, whether it is champion or not; None where there is none."""
    versions = client(space).search_model_versions(f"name = '{registered(usecase)}'")
    return next((_champion(usecase, target, v) for v in versions if int(v.version) == number), None)


def _champion(usecase: str, target: str, version: Any) -> Champion:
    tags, number, run_id = version.tags, int(version.version), str(version.run_id)
    promoted_s = (version.creation_timestamp or 0) / 1000
    return Champion(usecase, target, number, tags["minnow.sha"], run_id, tags.get("minnow.provenance"), promoted_s)


def _holder(space: Workspace, usecase: str, name: str) -> Any:
    """The registered version that holds an alias, or None."""
    known = client(space)
    from mlflow.exceptions import MlflowException

    try:
        return known.get_model_version_by_alias(registered(usecase), name)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def fetch(space: Workspace, champion: Champion) -> Path:
    """Download a registered version, unless it is on disk. Returns its folder: bundle/, report, card and provenance.

    Raises ValueError when the bytes are not those that were registered.
    """
    folder = space.home / "champions" / f"{registered(champion.usecase)}-v{champion.version}"
    if wrong(folder, champion):  # not there yet, or broken since
        scratch = folder.with_name(f".{folder.name}")
        for old in (folder, scratch):
            shutil.rmtree(old, ignore_errors=True)
        download(space, champion, scratch)
        scratch.rename(folder)
    if reason := wrong(folder, champion):
        raise ValueError(
            f"{registered(champion.usecase)} version {champion.version} must have the bytes that were registered. Received: "
            f"{reason}, from run {champion.run_id}: MLflow's artifacts were changed. Restore them from a backup, or move the "
            f"alias to the version before: `minnow rollback {champion.usecase}`."
        )
    return folder


def wrong(folder: Path, champion: Champion) -> str | None:
    """Describe the first difference of a downloaded version from what was registered, or return None.

    The bundle is compared by its name, provenance.json by the hash in the registry, all files by the hashes in it.
    """
    bundle = folder / FOLDER
    sha = sha256(bundle) if bundle.is_dir() else "nothing"
    if sha != champion.sha:
        return f"a bundle with sha256 {sha[:12]} instead of {champion.sha[:12]}"
    path = folder / provenance.FILE
    digest = file_sha256(path) if path.exists() else "nothing"
    if champion.provenance not in (None, digest):
        return f"{provenance.FILE} with sha256 {digest[:12]} instead of {str(champion.provenance)[:12]}"
    return _changed(folder, read_provenance(folder)) if path.exists() else None


def _changed(folder: Path, record: Provenance) -> str | None:
    """Name the first file that differs from its hash in the provenance; None where the provenance lists no files."""
    present = hashes_beside(folder)
    names = sorted({*record.files, *present}) if record.files else []
    return next((name for name in names if record.files.get(name) != present.get(name)), None)


def download(space: Workspace, champion: Champion, folder: Path) -> None:
    """Download the artifacts of a champion's run to a folder, without checking them."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = client(space)
    present = {artifact.path for artifact in opened.list_artifacts(champion.run_id)}
    for name in KEPT:
        if name in present:  # a bundle of format 1 holds its report and card itself
            opened.download_artifacts(champion.run_id, name, str(folder))


def promote(space: Workspace, usecase: str, target: str, decision: Decision) -> Champion:
    """Carry out a decision: version, alias, history, best so far. Each step may be repeated after an interruption."""
    opened, name = client(space), registered(usecase)
    ensure(space, usecase)
    version = _version_of(space, usecase, decision.id)
    if version is None:
        version = _register(space, usecase, decision)
    opened.set_registered_model_alias(name, alias(target), str(version))
    if f"{RETIRED}.{target}" in tags_of(space, usecase):
        opened.delete_registered_model_tag(name, f"{RETIRED}.{target}")
    _append_history(space, usecase, target, version)
    if _is_best_so_far(decision):
        opened.set_registered_model_alias(name, alias(target, BEST), str(version))
    opened.set_model_version_tag(name, str(version), IS_BEST, str(_is_best_so_far(decision)).lower())
    opened.set_model_version_tag(name, str(version), "minnow.promoted", "true")
    champion = current(space, usecase, target)
    assert champion is not None
    return champion


def _register(space: Workspace, usecase: str, decision: Decision) -> int:
    """Register the finalist's artifacts, from the run that names the decision, as a version. Returns its number."""
    opened = client(space)
    run_id = find_finalist(space, usecase, decision)
    record = Path(opened.download_artifacts(run_id, provenance.FILE))
    tags = {
        "minnow.sha": str(decision.sha),
        "minnow.decision": decision.id,
        "minnow.verdict": decision.verdict,
        "minnow.provenance": file_sha256(record),
    }
    source = f"runs:/{run_id}/{FOLDER}"
    return int(opened.create_model_version(registered(usecase), source, run_id, tags=tags).version)


def _is_best_so_far(decision: Decision) -> bool:
    """Whether a promoted model becomes the best so far: a first one does, and a better one that is not worse than the best.

    So does any where the best so far cannot be scored any more.

    A model that is better than a champion promoted as "smaller" may still be worse than the best so far. Without this check
    small losses would add up to more than the margin.
    """
    if decision.verdict == "better":
        difference = decision.comparisons.get("best", {}).get("difference")
        return difference is None or difference <= 0
    return decision.verdict in ("first", "provisional") or any(one.role == BEST for one in decision.unscored)


def carried_out(space: Workspace, usecase: str, decision: Decision) -> bool:
    """Whether a decision has been carried out. It is not carried out again, so that what was taken away since stays away."""
    number = _version_of(space, usecase, decision.id)
    if number is None:
        return False
    tags = client(space).get_model_version(registered(usecase), str(number)).tags
    return tags.get("minnow.promoted") == "true" or any(tag in tags for tag in (ROLLED_BACK, RETIRED, WITHDRAWN))


def ensure(space: Workspace, usecase: str) -> None:
    """Create the registered model of a use case, unless it is there."""
    known = client(space)
    from mlflow.exceptions import MlflowException

    try:
        known.create_registered_model(registered(usecase))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def tags_of(space: Workspace, usecase: str) -> dict[str, str]:
    """Return the tags of a use case's registered model; none where it is not in the registry."""
    known = client(space)
    from mlflow.exceptions import MlflowException

    try:
        return dict(known.get_registered_model(registered(usecase)).tags)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise


def _version_of(space: Workspace, usecase: str, decision_id: str) -> int | None:
    versions = client(space).search_model_versions(f"name = '{registered(usecase)}'")
    return next((int(v.version) for v in versions if v.tags.get("minnow.decision") == decision_id), None)


def history(space: Workspace, usecase: str, target: str) -> list[int]:
    """List the versions that were champion of a target, oldest first."""
    return json.loads(tags_of(space, usecase).get(f"minnow.history.{target}", "[]"))


def _append_history(space: Workspace, usecase: str, target: str, version: int) -> None:
    past = history(space, usecase, target)
    if version not in past:
        entry = json.dumps([*past, version])
        client(space).set_registered_model_tag(registered(usecase), f"minnow.history.{target}", entry)
