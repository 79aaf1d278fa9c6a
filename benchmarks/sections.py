"""The sections of RESULTS.md, one for each benchmark that writes there. A section begins with a heading of the first level."""

from __future__ import annotations

import re
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a section in place of the one with the same heading, or else at the end. text: it begins with its heading."""
    held = _sections(path.read_text()) if path.exists() else []
    own, text = text.split("\n", 1)[0], text.rstrip("\n") + "\n"
    if not own.startswith("# "):
        raise ValueError(f"A section begins with a heading, '# ...'. Received: {own!r}.")
    kept = [text if section.split("\n", 1)[0] == own else section for section in held]
    path.write_text("\n".join(kept if text in kept else [*kept, text]))


def _sections(text: str) -> list[str]:
    """Divide a file at its headings of the first level. Each ends with one newline."""
    return [part.rstrip("\n") + "\n" for part in re.split(r"(?m)^(?=# )", text) if part.strip()]
