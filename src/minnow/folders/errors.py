"""The error of this room, and how its messages list names."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 3


class FolderError(ValueError):
    """A folder or zip that cannot be read, or a class that loses too many of its files."""


def listed(names: Iterable[str]) -> str:
    """List the first names, and count the others."""
    listed = list(names)
    return ", ".join(listed[:_SHOWN]) + (f" and {len(listed) - _SHOWN:,} more" if len(listed) > _SHOWN else "")
