"""A receipt: the chain of a champion as one JSON document, and what was compared where a receipt or champion is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minnow.records.decision import Decision
from minnow.records.files import known_format
from minnow.records.provenance import Provenance

FORMAT = 2
NOUN = "receipt"


@dataclass(frozen=True)
class Receipt:
    """Where a champion comes from.

    provenance: of its bundle, and provenance_sha: the hash of that file; version, run_id: in the registry; served: tag of the
    published model, None where nothing is served; decision: the one that promoted it.
    """

    provenance: Provenance
    target: str
    version: int
    sha: str
    provenance_sha: str | None
    run_id: str
    served: str | None
    decision: Decision | None

    def as_json(self) -> dict[str, Any]:
        """Return the document: the provenance, and the chain around it."""
        chain = {name: value for name, value in vars(self).items() if name not in ("provenance", "decision")}
        decision = self.decision.as_json() if self.decision else None
        return {**self.provenance.as_json(), **chain, "decision": decision, "format": FORMAT}


def require_known(document: Mapping[str, Any]) -> None:
    """Raise RecordError for a receipt of a format that this version does not know."""
    known_format(document, NOUN, (1, FORMAT), "The receipt")


@dataclass(frozen=True)
class Check:
    """One thing that was compared. needed, here: what was recorded and what is there; advice: what to do, if anything."""

    name: str
    ok: bool
    needed: str = ""
    here: str = ""
    advice: str = ""
