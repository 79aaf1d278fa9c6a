"""Publication: whether the served store holds what the registry names."""

from __future__ import annotations

from minnow.records.bundle import BundleError
from minnow.stores import models
from minnow.stores.champions import Champion
from minnow.stores.models import Published


def divergence(usecase: str, target: str, champion: Champion | None) -> str | None:
    """Describe how the served store differs from the registry, or return None."""
    served = models.newest(usecase, target)
    if champion is None:
        return f"{served.tag} is served, but the registry names no champion" if served else None
    if served is None:
        return f"version {champion.version} is champion, but nothing is served"
    if served.version != champion.version:
        return f"version {champion.version} is champion, but {served.tag} is served"
    try:
        sha = served.open().sha
    except BundleError as error:
        return f"{served.tag} is broken: {error}"
    return None if sha == champion.sha else f"{served.tag} is broken: sha {sha[:12]} in place of {champion.sha[:12]}"


def is_broken(model: Published) -> bool:
    """Whether the bytes of a published model cannot be read, or are not those that were published."""
    try:
        model.open()
    except BundleError:
        return True
    return False
