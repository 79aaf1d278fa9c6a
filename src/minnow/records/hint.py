"""A hint: a property of the data that makes a score look better than it is, or that an exam cannot show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Hint:
    """A hint. It stops nothing.

    kind: leak, id, time, duplicates, class (a class that a split lacks), few (a class with few rows in the exam), drift
    (classes with other shares in later rows), variants (spellings of one label) or unknown (words that the encoder does not
    know). column: None for a hint about rows. text: what
    was found, and what to do. facts: the numbers and names in the text, JSON-ready.
    """

    kind: str
    column: str | None
    text: str
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_json(self) -> dict[str, Any]:
        """Return the JSON value that hint_from_json reads."""
        return {"kind": self.kind, "column": self.column, "text": self.text, "facts": dict(self.facts)}


def hint_from_json(value: Mapping[str, Any]) -> Hint:
    """Read what as_json returned."""
    return Hint(value["kind"], value["column"], value["text"], value["facts"])
