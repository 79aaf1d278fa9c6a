"""How old champions are: since when the last run that made or confirmed one. Kept in the registry, as tags."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from minnow.stores.champions import Champion, current, registered, tags_of
from minnow.stores.database import client
from minnow.workspace import Workspace

DAY_S = 86_400


@dataclass(frozen=True)
class Age:
    """Age of a champion in seconds.

    confirmed_s: since it was promoted, or a run compared it with what it made and kept it. tried_s: since then or since a run
    that had nothing to compare it with, such as one without a variant within the budget.
    """

    confirmed_s: float
    tried_s: float


def record_run(space: Workspace, usecase: str, target: str, *, confirmed: bool) -> None:
    """Record that a run was complete and kept the champion. confirmed: whether it was compared with what the run made."""
    champion = current(space, usecase, target)
    if champion is None:
        return
    now, entry = _now().isoformat(), _entry(space, champion)
    entry |= {"version": champion.version, "tried": now} | ({"confirmed": now} if confirmed else {})
    client(space).set_registered_model_tag(registered(usecase), _tag(target), json.dumps(entry))


def age_of(space: Workspace, champion: Champion) -> Age:
    """Return the age of a champion."""
    entry, now = _entry(space, champion), _now()
    confirmed, tried = ((now - datetime.fromisoformat(entry[name])).total_seconds() for name in ("confirmed", "tried"))
    return Age(confirmed, min(confirmed, tried))


def age_text(seconds: float) -> str:
    """Format an age in days, one below two days in hours."""
    return f"{seconds / 3600:.0f} h" if seconds < 2 * DAY_S else f"{seconds / DAY_S:.0f} days"


def _entry(space: Workspace, champion: Champion) -> dict[str, Any]:
    """Times of the last runs that kept a champion; its promotion where there was none."""
    promoted = datetime.fromtimestamp(champion.promoted_s, UTC).isoformat()
    text = tags_of(space, champion.usecase).get(_tag(champion.target))
    entry = json.loads(text) if text else {}
    if entry.get("version") != champion.version:  # of another champion
        entry = {}
    return {"version": champion.version, "confirmed": promoted, "tried": promoted} | entry


def _tag(target: str) -> str:
    return f"minnow.kept.{target}"


def _now() -> datetime:
    return datetime.now(UTC)
