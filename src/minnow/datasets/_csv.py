"""CSV files with the same bytes on every machine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a header and rows of cells in UTF-8, with line feeds. The folder is created if necessary."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode("utf-8"))
