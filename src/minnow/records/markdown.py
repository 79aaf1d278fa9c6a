"""Text of users in Markdown: names of columns, classes and files may hold characters that mean something there."""

from __future__ import annotations

import re

_MEANS_SOMETHING = re.compile(r"[\\`*\[\]<>|]|(?<!\w)_|_(?!\w)")


def plain(text: object) -> str:
    """Write a text so that Markdown shows it as it is, in a sentence or a cell of a table; line breaks become blanks."""
    return " ".join(_MEANS_SOMETHING.sub(r"\\\g<0>", str(text)).splitlines())
