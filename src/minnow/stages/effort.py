"""Effort: how many fits of each family a run makes. Counts decide, never the clock, so that equal data gives equal champions.

With "quick" each entry under families is fitted once. With "default" the families whose fits are cheap are also fitted with the
other settings of their portfolios, each of which is a candidate of its own. With "thorough" all families are, and what a search
over all families finds is a candidate too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from minnow import families
from minnow.config import FAMILY, nested
from minnow.stages.case import SMALL, Case
from minnow.types import Batch

QUICK, DEFAULT, THOROUGH = "quick", "default", "thorough"
_KEPT = 2
"""Families of a search whose best values become candidates."""


class Found(Protocol):
    """The best values of a search, dotted name -> value."""

    @property
    def values(self) -> Mapping[str, Any]:
        """The values; none where no trial was completed."""
        ...

    @property
    def is_present(self) -> bool:
        """Whether they stand in params.yaml already."""
        ...


def widened(case: Case, train: Batch) -> Case:
    """Return a case with the further entries that its effort asks for, for rows of train.

    There are none for fits to more than SMALL input values, since with many rows other settings hardly gain, and none where
    rows are split by time, since what bends to earlier rows is worse on later ones (docs/quality.md).
    """
    is_small = sum(array.size for array in train.inputs.values()) <= SMALL
    if case.usecase.effort == QUICK or not is_small or case.problem.time_column is not None:
        return case
    return _with(case, dict(_further(case, train)))


def with_found(case: Case, found: Mapping[str, Found]) -> Case:
    """Return a case with an entry for what a search found of each of the best families, where that is not there yet.

    found: name of an entry -> the best values, the best entry first.
    """
    entries: dict[str, Any] = {}
    for name, one in list(found.items())[:_KEPT]:
        if one.values and not one.is_present and f"{name}_tuned" not in case.usecase.families:
            own = case.usecase.families[name]
            entries[f"{name}_tuned"] = {FAMILY: case.usecase.family_of(name), **nested(own, one.values)}
    return _with(case, entries)


def _with(case: Case, entries: Mapping[str, Any]) -> Case:
    """Return a case with further entries."""
    wider = case.with_families({**case.usecase.families, **entries})
    return replace(wider, further=(*case.further, *entries))


def _further(case: Case, train: Batch) -> Iterator[tuple[str, dict[str, Any]]]:
    """Entries for the portfolios of the families of a case. What params.yaml sets of an entry stands in all of them."""
    for name, own in case.usecase.families.items():
        family = case.usecase.family_of(name)
        capabilities = families.get(family).CAPABILITIES
        if not capabilities.cheap and case.usecase.effort != THOROUGH:
            continue
        for setting, values in capabilities.portfolio(train).items():
            entry = f"{name}_{setting}"
            if entry not in case.usecase.families and _differs(values, own):
                yield entry, {FAMILY: family, **values, **own}


def _differs(values: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a setting of a portfolio sets anything that an entry does not set itself."""
    return any(name not in own for name in values)
