"""Names of measures that have a parameter, such as pinball@0.9."""

from __future__ import annotations

from minnow.registry import unknown
from minnow.types import Batch


def refuse_text(name: str, text: str) -> None:
    """Refuse what follows "@" in the name of a measure that has no parameter. Raises ValueError."""
    if text:
        raise ValueError(f"'{name}' has no parameter. Received: {name}@{text}.")


def count_of(name: str, text: str) -> int:
    """Read the number of items of a measure of a list, from "10" on. Raises ValueError."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"'{name}' needs a number of items of at least 1, such as {name}@10. Received: {name}@{text}.")
    return int(text)


def share_of(name: str, text: str) -> float:
    """Read a share between 0 and 1, both excluded. Raises ValueError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise ValueError(f"'{name}' needs a quantile between 0 and 1, such as 0.9. Received: {text or 'none'}.")
    return value


def refuse_absent(label: str, batch: Batch) -> str | None:
    """Return why rows cannot be scored by a measure of one class: train has none of that name. None where it has."""
    if label in batch.labels:
        return None
    return f"measure.positive: {unknown('class', label, batch.labels.tolist())}"
