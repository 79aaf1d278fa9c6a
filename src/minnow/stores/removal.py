"""Champions that are taken away: rolled back from, retired, withdrawn.

What took a version out is a tag of it, with the time. A version that is out is never champion or best so far again by a
rollback, and its decision is not carried out again. A withdrawn version takes all versions of the same bytes with it, and the
judge refuses a finalist of these bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from minnow.stores.champions import (
    BEST,
    CHAMPION,
    IS_BEST,
    OLDER,
    RETIRED,
    ROLLED_BACK,
    WITHDRAWN,
    Champion,
    alias,
    current,
    history,
    known,
    registered,
    tags_of,
)
from minnow.stores.database import client
from minnow.workspace import Workspace

TARGETS = ("cpu", "gpu")
_BEST_VERDICTS = ("first", "provisional", "better")


@dataclass(frozen=True)
class Removal:
    """A champion that was taken away on a target. back: the champion in its place, None where there is none any more."""

    champion: Champion
    back: Champion | None


def rollback(space: Workspace, usecase: str, target: str) -> Champion:
    """Make the last version before the champion that is not out the champion again. Raises LookupError when there is none."""
    champion = _champion(space, usecase, target)
    earlier = _earlier(space, champion)
    if not earlier:
        past = [number for number in history(space, usecase, target) if number < champion.version]
        numbers = ", ".join(map(str, past))
        why = f" that may come back: {numbers} were withdrawn, retired or rolled back from" if past else ""
        raise LookupError(
            f"'{usecase}' has had no champion for {target} before version {champion.version}{why}. To serve nothing: "
            f"`minnow retire {usecase} --target {target}`."
        )
    _mark(space, champion, ROLLED_BACK)
    return _bring_back(space, champion, earlier[-1])


def retire(space: Workspace, usecase: str, target: str) -> Champion:
    """Take the champion away. Its history and the count of looks stay; the next run judges as a first one.

    Returns what was champion. Raises LookupError when there is none.
    """
    champion = _champion(space, usecase, target)
    _retire(space, champion)
    return champion


def is_retired(space: Workspace, usecase: str, target: str) -> bool:
    """Whether the champion was taken away by hand, and there is none since."""
    return f"{RETIRED}.{target}" in tags_of(space, usecase) and current(space, usecase, target) is None


def withdraw(space: Workspace, usecase: str, version: int, why: str = "", also: Iterable[str] = ()) -> list[Removal]:
    """Mark a version that no rollback may bring back, with all versions of the same bytes.

    Where such a version is champion, the last good version is champion again, or the target is retired where there is none.
    also: further names of its bytes. Returns what was taken away. Raises LookupError for an unknown version.
    """
    versions = _versions(space, usecase)
    if version not in versions:
        numbers = ", ".join(map(str, sorted(versions))) or "none"
        raise LookupError(f"'{usecase}' has no version {version}. Its versions: {numbers}.")
    entry = {"when": _now(), "why": why, "also": sorted(also)}
    client(space).set_model_version_tag(registered(usecase), str(version), WITHDRAWN, json.dumps(entry))
    return [removal for target in TARGETS if (removal := _remove_if_out(space, usecase, target)) is not None]


def withdrawn(space: Workspace, usecase: str) -> dict[str, str]:
    """Bytes that may not be promoted again: sha -> which version was withdrawn, when and why."""
    shas: dict[str, str] = {}
    for number, version in _versions(space, usecase).items():
        if WITHDRAWN in version.tags:
            entry = json.loads(version.tags[WITHDRAWN])
            said = f"version {number}, which was withdrawn on {entry['when'][:10]}"
            said += f" ({entry['why']})" if entry["why"] else ""
            shas |= dict.fromkeys([_sha(version), *entry["also"]], said)
    return shas


def _champion(space: Workspace, usecase: str, target: str) -> Champion:
    champion = current(space, usecase, target)
    if champion is None:
        names = ", ".join(known(space)) or "none"
        raise LookupError(f"'{usecase}' has no champion for {target}. Use cases in the registry: {names}.")
    return champion


def _remove_if_out(space: Workspace, usecase: str, target: str) -> Removal | None:
    """Take the champion of a target away where it is withdrawn, and correct the best so far."""
    champion = current(space, usecase, target)
    if champion is None or champion.version not in _out(_versions(space, usecase)):
        _correct_best(space, usecase, target)
        return None
    earlier = _earlier(space, champion)
    if earlier:
        return Removal(champion, _bring_back(space, champion, earlier[-1]))
    _retire(space, champion)
    return Removal(champion, None)


def _retire(space: Workspace, champion: Champion) -> None:
    """Remove the aliases of a target, after a note of it that the served store follows. May be repeated."""
    name, target = registered(champion.usecase), champion.target
    entry = json.dumps({"when": _now(), "version": champion.version})
    client(space).set_registered_model_tag(name, f"{RETIRED}.{target}", entry)
    _mark(space, champion, RETIRED)
    _delete_aliases(space, champion.usecase, target, (BEST, OLDER[BEST], CHAMPION))


def _bring_back(space: Workspace, champion: Champion, version: int) -> Champion:
    """Move the alias of a champion to an earlier version, and correct the best so far."""
    usecase, target = champion.usecase, champion.target
    client(space).set_registered_model_alias(registered(usecase), alias(target), str(version))
    _correct_best(space, usecase, target)
    back = current(space, usecase, target)
    assert back is not None
    return back


def _earlier(space: Workspace, champion: Champion) -> list[int]:
    """Versions that were champion before this one and are not out, also not once this one is out; oldest first."""
    past = history(space, champion.usecase, champion.target)
    past = past[: past.index(champion.version)] if champion.version in past else past
    versions = _versions(space, champion.usecase)
    out = _out(versions, also_back_from=champion.version)
    return [number for number in past if number in versions and number not in out]


def _out(versions: Mapping[int, Any], also_back_from: int | None = None) -> set[int]:
    """Versions that may not become champion again.

    They are those of withdrawn bytes; and those that were rolled back from or retired, with earlier versions of the same bytes.
    """
    gone = {number for number, version in versions.items() if ROLLED_BACK in version.tags or RETIRED in version.tags}
    if also_back_from is not None and also_back_from in versions:
        gone.add(also_back_from)
    banned = {_sha(version) for version in versions.values() if WITHDRAWN in version.tags}
    return {
        number
        for number, version in versions.items()
        if _sha(version) in banned or any(number <= later and _sha(version) == _sha(versions[later]) for later in gone)
    }


def _correct_best(space: Workspace, usecase: str, target: str) -> None:
    """Move the alias of the best so far where its version is out: to the last one before it, else to the champion."""
    best, versions = current(space, usecase, target, BEST), _versions(space, usecase)
    out = _out(versions)
    if best is None or best.version not in out:
        return
    past = [number for number in history(space, usecase, target) if number in versions and number not in out]
    were = [number for number in past if _was_best(versions[number].tags)]
    champion = current(space, usecase, target)
    if were:
        client(space).set_registered_model_alias(registered(usecase), alias(target, BEST), str(were[-1]))
    elif champion is not None:
        client(space).set_registered_model_alias(registered(usecase), alias(target, BEST), str(champion.version))
    _delete_aliases(space, usecase, target, (OLDER[BEST],) if were or champion else (BEST, OLDER[BEST]))


def _was_best(tags: Mapping[str, str]) -> bool:
    """Whether a version was the best so far; older versions of Minnow kept the verdict alone."""
    return tags[IS_BEST] == "true" if IS_BEST in tags else tags.get("minnow.verdict") in _BEST_VERDICTS


def _delete_aliases(space: Workspace, usecase: str, target: str, roles: Sequence[str]) -> None:
    """Delete the aliases of roles; those that are not set are left out."""
    present = client(space).get_registered_model(registered(usecase)).aliases
    for role in roles:
        if alias(target, role) in present:
            client(space).delete_registered_model_alias(registered(usecase), alias(target, role))


def _versions(space: Workspace, usecase: str) -> dict[int, Any]:
    """All registered versions by number."""
    found = client(space).search_model_versions(f"name = '{registered(usecase)}'")
    return {int(version.version): version for version in found}


def _mark(space: Workspace, champion: Champion, tag: str) -> None:
    client(space).set_model_version_tag(registered(champion.usecase), str(champion.version), tag, _now())


def _sha(version: Any) -> str:
    return str(version.tags.get("minnow.sha") or f"version {version.version}")  # one that was registered by hand


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
