"""Whether cells that are written as in one file are read where those of another were learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minnow.tables import numbers, times
from minnow.types import Array, ColumnFormat, Reading

_THOUSAND = 1000


def rewritten(known: Mapping[str, ColumnFormat], now: Reading, values: Mapping[str, Array]) -> str | None:
    """Name the first column whose cells in today's files would not be read, or as other values; None where there is none.

    known: column -> how its cells were written when they were learned; values: column -> its values of today, (n, ...).
    """
    both = (name for name in known if name in now.columns)
    return next((name for name in both if _differs(known[name], now.columns[name], values.get(name))), None)


def _differs(known: ColumnFormat, now: ColumnFormat, values: Array | None) -> bool:
    """Whether some cells of a column are not read by its known format."""
    if known.kind != now.kind:
        return False  # an encoder refuses values of another kind by itself
    if known.kind == "date":
        return (now.time or times.ISO) not in (known.time or times.ISO, times.ISO)
    if known.kind != "numeric" or values is None or values.dtype.kind != "f":
        return False
    if numbers.unit_key(known.unit) != numbers.unit_key(now.unit) and (now.unit or known.unit == numbers.CLOCK):
        return True
    finite = values[np.isfinite(values)]
    fractions = known.decimal != now.decimal and bool((finite % 1 != 0).any())
    grouped = now.thousands not in ("", known.thousands) and bool((np.abs(finite) >= _THOUSAND).any())
    return fractions or grouped
