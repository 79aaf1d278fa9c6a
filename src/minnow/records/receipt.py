"""A receipt: the provenance, registration and publication of a champion as one JSON document; and the result of a check."""

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

    provenance: of its bundle; provenance_sha: hash of that file in the registry; version, run_id: in the registry; served:
    tag of the published model, None where nothing is served; decision: the one on this target in its provenance.
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
        """Return the JSON document: the fields of the provenance, and those of the receipt."""
        chain = {name: value for name, value in vars(self).items() if name not in ("provenance", "decision")}
        decision = self.decision.as_json() if self.decision else None
        return {**self.provenance.as_json(), **chain, "decision": decision, "format": FORMAT}


def require_known(document: Mapping[str, Any]) -> None:
    """Raise RecordError for a receipt of a format that this version does not know."""
    known_format(document, NOUN, (1, FORMAT), "The receipt")


@dataclass(frozen=True)
class Check:
    """The result of one comparison. needed, here: the recorded and the present value; advice: what to do where they differ."""

    name: str
    ok: bool
    needed: str = ""
    here: str = ""
    advice: str = ""
