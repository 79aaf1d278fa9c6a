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
from minnow.stores import champions, models, removal
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
    """Publish the champion where the served store holds another model, and serve nothing of what is retired.

    Returns the champion, None where there is none.
    """
    champion = champions.current(space, usecase, target)
    if champion is None and models.newest(usecase, target) and removal.is_retired(space, usecase, target):
        models.retire(usecase, target)
        say(f"  {usecase}: nothing is served for {target} any more")
    if champion is None or divergence(usecase, target, champion) is None:
        return champion
    folder = champions.fetch(space, champion)
    tag = models.publish(usecase, folder, read_provenance(folder), champion.version, target)
    say(f"  {usecase}: published {tag}")
    return champion


def retire(space: Workspace, usecase: str, target: str, say: Say) -> str:
    """Take the champion of a target away, in the registry and in the served store. Returns what was done, in a sentence.

    What is served without a champion in the registry is taken away too. Raises LookupError where there is nothing at all.
    """
    champion, served = champions.current(space, usecase, target), models.newest(usecase, target)
    if champion is None and served is not None:
        models.retire(usecase, target)
        return f"{usecase}: {served.tag} is not served any more. The registry has no champion for {target}."
    champion = removal.retire(space, usecase, target)
    follow(space, usecase, target, say)
    return f"{usecase}: version {champion.version} is retired, and there is no champion for {target}."


def withdraw(space: Workspace, usecase: str, version: int, why: str, say: Say) -> list[str]:
    """Withdraw a version, and publish what takes its place. Returns what was done, in sentences. Raises LookupError."""
    removals = removal.withdraw(space, usecase, version, why, _answering_names(space, usecase, version))
    for target in removal.TARGETS:
        follow(space, usecase, target, say)
    lines = [f"{usecase}: version {version} is withdrawn. No rollback and no run brings it back."]
    for one in removals:
        target, champion = one.champion.target, one.champion
        became = (
            f"version {one.back.version} is champion again" if one.back else "there is no earlier one: it is retired"
        )
        lines.append(f"{usecase}: version {champion.version} was champion for {target}; {became}.")
    return lines


def _answering_names(space: Workspace, usecase: str, version: int) -> list[str]:
    """The name of what answers in a version's bundle, whatever its options are, where it can be fetched."""
    from minnow.records.bundle import FOLDER, open_bundle
    from minnow.stages.evaluate import answering_name

    champion = champions.version_of(space, usecase, version)
    if champion is None:
        return []
    try:
        return [answering_name(open_bundle(champions.fetch(space, champion) / FOLDER))]
    except Exception:  # of any kind of artifact store; without its files it is withdrawn by the name that it has
        return []


def _targets(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, usecase in settings.usecases.items():
        for target in usecase.targets:
            yield name, target


def _carry_out(space: Workspace, decision: Decision, say: Say) -> None:
    """Promote the finalist of a decision, unless that was done before or the champion is another one by now."""
    usecase, target = decision.usecase, decision.target
    if champions.carried_out(space, usecase, decision):
        return
    if why := removal.withdrawn(space, usecase).get(str(decision.sha)):
        say(f"  {usecase}: {decision.finalist} is not promoted for {target}: it has the bytes of {why}.")
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
