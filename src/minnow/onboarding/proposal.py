"""A request of the user, and a proposal: an entry of params.yaml with the reason for each choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ASKED_FOR = "requested"
"""The reason for a choice of the user."""
_OPTION = "options."


@dataclass(frozen=True)
class Request:
    """What the user has chosen; what is None is derived from the data."""

    target: str | None = None
    modality: str | None = None
    task: str | None = None
    split: str | None = None
    families: Sequence[str] | None = None


@dataclass
class Proposal:
    """A proposed entry. entry: for params.yaml; reasons: key -> why; warnings: what the user should check.

    train_rows: about how many rows train will have, None where that is not known.
    """

    entry: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    train_rows: int | None = None

    def choose(self, key: str, value: Any, why: str) -> None:
        """Set a key of the entry, "options.x" for one of the options, and say why."""
        if key.startswith(_OPTION):
            self.entry.setdefault("options", {})[key.removeprefix(_OPTION)] = value
        else:
            self.entry[key] = value
        self.reasons[key] = why

    @property
    def task(self) -> str:
        """The task that was chosen."""
        return self.entry["task"]

    @property
    def options(self) -> dict[str, Any]:
        """The options that were chosen."""
        return self.entry.get("options", {})
