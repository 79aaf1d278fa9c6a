"""Scripts that are written without blanks between words: Chinese, Japanese, Thai, Lao, Khmer and Burmese."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

SPLIT_SHARE = 0.01
"""Least share of the texts of train in such a script from which on it is split into characters."""
_MOST_BLANKS = 0.15
"""Blanks per character of such a script from which on its words are taken to be separated already."""
_RANGES = (
    (0x0E01, 0x0E3A), (0x0E40, 0x0E4E),  # Thai
    (0x0E81, 0x0EBD), (0x0EC0, 0x0ECE), (0x0EDC, 0x0EDF),  # Lao
    (0x1000, 0x103F), (0x1050, 0x108F), (0x109A, 0x109D), (0xA9E0, 0xA9EF), (0xA9FA, 0xA9FE), (0xAA60, 0xAA7F),  # Burmese
    (0x1780, 0x17D3), (0x17D7, 0x17D7), (0x17DC, 0x17DD),  # Khmer
    (0x3005, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),  # Chinese
    (0x20000, 0x2FA1F), (0x30000, 0x323AF), (0x3105, 0x312F), (0x31A0, 0x31BF),
    (0x3041, 0x309A), (0x309D, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F),  # kana
)  # fmt: skip
UNSPACED = "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES)
"""Letters and marks of these scripts, without their digits and punctuation, as ranges of a class in a regular expression."""
_LETTER = re.compile(f"[{UNSPACED}]")
_GAP = re.compile(f"(?<=[{UNSPACED}])[\\s\u200b]+(?=[{UNSPACED}])")
"""White space, or the invisible blank that separates words of Khmer and Burmese, inside of text of such a script."""


def unspaced(texts: Iterable[str]) -> int:
    """Count the texts with words that are not separated, in a script that is written without blanks."""
    return sum(map(_is_unspaced, texts))


def share_unspaced(texts: Sequence[str]) -> float:
    """Share of the texts with words that are not separated, in a script that is written without blanks."""
    return unspaced(texts) / max(len(texts), 1)


def _is_unspaced(text: str) -> bool:
    if text.isascii():
        return False
    letters = len(_LETTER.findall(text))
    return letters > 0 and len(_GAP.findall(text)) < _MOST_BLANKS * letters
