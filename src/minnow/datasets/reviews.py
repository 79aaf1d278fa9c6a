"""Short English product reviews, 4,000 of them, made by a small grammar, with a label "positive" or "negative".

A review is made so: its sentiment is drawn, positive or negative. One to three opinions follow, each about an aspect of a
product: plain ("the battery is great"), negated ("the battery is not bad"), or mixed, where the clause after "but" has the
sentiment ("the battery is weak, but the screen is superb"). Remarks without an opinion stand between them, and some reviews
end with a verdict. Of 100 reviews, 4 have the wrong label.

So single words predict most labels, pairs of words ("not bad") more of them, and no model can predict all.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

_FILE = "reviews.csv"
SHA256 = {_FILE: "47d0c2f879a2eef1a0dbdf4dd3d6fe473b58cec7c77bd1ec19f4c6d23c36078d"}

_SEED = 4_211
_ROWS = 4_000
_NOISE_PERCENT = 4


def _words(line: str) -> list[str]:
    return line.split()


_PRODUCTS = _words("kettle lamp phone camera headset keyboard backpack blender watch printer tent drill")
_ASPECTS = _words("battery screen handle design price sound size weight lid cable manual packaging colour motor button")
_GOOD = _words("great superb solid lovely excellent handy pleasant sturdy impressive reliable decent brilliant")
_BAD = _words("awful poor weak flimsy terrible annoying useless clumsy disappointing unreliable mediocre horrible")
_DEGREE = ["", "", "", "really ", "very ", "rather ", "simply "]
_NEGATION = ["not", "not", "never", "hardly", "far from"]
_REMARK = [
    "I bought this {p} in {m}.",
    "The {p} arrived after {n} days.",
    "My neighbour has the same {p}.",
    "I use the {p} about {n} times a week.",
    "It was a present for my {r}.",
    "This is my second {p}.",
]
_MONTHS = _words("January February March April May June July August September October November December")
_RELATIVES = _words("sister brother mother father aunt uncle daughter son cousin")
_VERDICT_GOOD = ["I would buy it again.", "My family is happy with it.", "Worth the money.", "Five stars from me."]
_VERDICT_BAD = ["I sent it back.", "I want my money back.", "Look for another one.", "One star from me."]


class _Author:
    """Writes reviews from one stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def below(self, limit: int) -> int:
        return int(self.rng.random() * limit)

    def pick(self, words: Sequence[str]) -> str:
        return words[self.below(len(words))]

    def review(self) -> tuple[str, bool]:
        """Write one review. Returns its text and whether it is positive."""
        good = self.below(2) == 1
        parts = [self.opinion(good) for _ in range(1 + self.below(3))]
        if self.below(100) < 60:
            parts.insert(self.below(len(parts) + 1), self.remark())
        if self.below(100) < 40:
            parts.append(self.pick(_VERDICT_GOOD if good else _VERDICT_BAD))
        return " ".join(parts), good

    def remark(self) -> str:
        return self.pick(_REMARK).format(
            p=self.pick(_PRODUCTS), m=self.pick(_MONTHS), r=self.pick(_RELATIVES), n=str(2 + self.below(8))
        )

    def opinion(self, good: bool) -> str:
        kind = self.below(100)
        if kind < 72:
            return self.claim(good) + "."
        if kind < 84:
            return self.negated(good) + "."
        return f"{self.claim(not good)}, but {self.lower(self.claim(good))}."

    def claim(self, good: bool) -> str:
        return f"The {self.pick(_ASPECTS)} is {self.pick(_DEGREE)}{self.pick(_GOOD if good else _BAD)}"

    def negated(self, good: bool) -> str:
        return f"The {self.pick(_ASPECTS)} is {self.pick(_NEGATION)} {self.pick(_BAD if good else _GOOD)}"

    @staticmethod
    def lower(sentence: str) -> str:
        return sentence[0].lower() + sentence[1:]


def _rows() -> list[tuple[str, str, str]]:
    """Write the reviews: (id, text, label). Texts are distinct."""
    author, seen, rows = _Author(_SEED), set(), []
    while len(rows) < _ROWS:
        text, good = author.review()
        wrong = author.below(100) < _NOISE_PERCENT
        if text not in seen:
            seen.add(text)
            rows.append((f"r{len(rows):04d}", text, "positive" if good != wrong else "negative"))
    return rows


def write(folder: Path) -> None:
    """Write reviews.csv: id,text,label with a header, 4,000 rows, every text in quotation marks."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,text,label", *(f'{name},"{text}",{label}' for name, text, label in _rows())]
    (folder / _FILE).write_bytes(("\n".join(lines) + "\n").encode())
