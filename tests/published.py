"""A provenance for tests that publish bundles: what nothing was recorded of."""

from minnow.records.provenance import Provenance


def record(**more) -> Provenance:
    """The provenance of a bundle; publishing fills in its use case and sha."""
    return Provenance("", "", **more)
