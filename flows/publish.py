"""Carries out decisions, first in the registry, then in the served store. It may be interrupted and repeated at any point."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from minnow.config import Settings
from minnow.lineage import key_of
from minnow.records.decision import FILE, Decision, read_decisions
from minnow.records.files import write_json
from minnow.records.provenance import read_provenance
from minnow.stores import champions, models
from minnow.stores.champions import Champion
from minnow.stores.publication import divergence, is_broken
from minnow.workspace import Workspace, sqlite_path

Say = Callable[[str], None]


def publish(space: Workspace, settings: Settings, say: Say) -> None:
    """Promote what was decided and not yet carried out, and make the served store agree with the registry.

    Nothing is done where registry, decisions and store are as the last call left them.
    """
    state = _state(space, settings)
    if state is not None and state == _settled(space):
        return
    for usecase, target in _targets(settings):
        for decision in read_decisions(space.outcome(usecase)):
            if decision.target == target and decision.promote:
                _carry_out(space, decision, say)
        follow(space, usecase, target, say)
    write_json(_mark(space), {"state": _state(space, settings)})


def follow(space: Workspace, usecase: str, target: str, say: Say) -> Champion | None:
    """Publish the champion where the served store holds another model. Returns the champion, None where there is none."""
    champion = champions.current(space, usecase, target)
    if champion is None or divergence(usecase, target, champion) is None:
        return champion
    folder = champions.fetch(space, champion)
    tag = models.publish(usecase, folder, read_provenance(folder), champion.version, target)
    say(f"  {usecase}: published {tag}")
    return champion


def _targets(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, usecase in settings.usecases.items():
        for target in usecase.targets:
            yield name, target


def _carry_out(space: Workspace, decision: Decision, say: Say) -> None:
    """Promote the finalist of a decision, unless that was done before or the champion is another one by now."""
    usecase, target = decision.usecase, decision.target
    if champions.carried_out(space, usecase, decision):
        return
    champion = champions.current(space, usecase, target)
    held = champion.sha if champion else None
    if held not in (decision.replaces, decision.sha):
        say(
            f"  {usecase}: the decision on {target} was made against another champion. Run `minnow run {usecase} --force`."
        )
        return
    promoted = champions.promote(space, usecase, target, decision)
    say(f"  {usecase}: {decision.finalist} is champion for {target}, version {promoted.version}")


def _mark(space: Workspace) -> Path:
    return space.home / "settled.json"


def _settled(space: Workspace) -> str | None:
    """Return the state that the last publication left, None where there was none."""
    try:
        return json.loads(_mark(space).read_text())["state"]
    except (OSError, ValueError, KeyError, TypeError):  # none, or not written to its end: everything is compared again
        return None


def _state(space: Workspace, settings: Settings) -> str | None:
    """Hash the state of registry, decisions and published models, and which of them are asked for.

    None, which is never settled, where MLflow's database is not a local file, and where a published model is broken. MLflow is
    not opened: its database is compared by time and size.
    """
    database = sqlite_path(space.tracking_uri)
    published = [model for target in ("cpu", "gpu") for model in models.all(target)]
    if database is None or any(is_broken(model) for model in published):
        return None
    stat = database.stat() if database.exists() else None
    decisions = sorted((space.root / "outcomes").glob(f"*/{FILE}"))
    parts = {
        "registry": (stat.st_mtime_ns, stat.st_size) if stat else None,
        "decisions": [(str(path), path.read_text()) for path in decisions],
        "store": [(model.tag, model.sha) for model in published],
        "targets": list(_targets(settings)),
        "home": str(models.home()),
    }
    return key_of(parts)
