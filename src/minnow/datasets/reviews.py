"""Short English product reviews, 4,000 of them, made by a small grammar, with a label "positive" or "negative".

How one is made: a mood is drawn, good or bad. One to three opinions follow, each of them about an aspect of a product:
plain ("the battery is great"), negated ("the battery is not bad"), or mixed, where the side that stands behind "but"
carries the mood ("the battery is weak, but the screen is superb"). Remarks without an opinion stand around them, and
some reviews close with a verdict. Of 100 reviews, 4 bear the wrong label.

So single words tell most of it, pairs of words ("not bad") tell more, and nobody gets all of it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

FILE = "reviews.csv"
SHA256 = {FILE: "47d0c2f879a2eef1a0dbdf4dd3d6fe473b58cec7c77bd1ec19f4c6d23c36078d"}

SEED = 4_211
ROWS = 4_000
NOISE_PERCENT = 4


def _words(line: str) -> list[str]:
    return line.split()


PRODUCTS = _words("kettle lamp phone camera headset keyboard backpack blender watch printer tent drill")
ASPECTS = _words("battery screen handle design price sound size weight lid cable manual packaging colour motor button")
GOOD = _words("great superb solid lovely excellent handy pleasant sturdy impressive reliable decent brilliant")
BAD = _words("awful poor weak flimsy terrible annoying useless clumsy disappointing unreliable mediocre horrible")
DEGREE = ["", "", "", "really ", "very ", "rather ", "simply "]
NEGATION = ["not", "not", "never", "hardly", "far from"]
REMARK = [
    "I bought this {p} in {m}.",
    "The {p} arrived after {n} days.",
    "My neighbour has the same {p}.",
    "I use the {p} about {n} times a week.",
    "It was a present for my {r}.",
    "This is my second {p}.",
]
MONTHS = _words("January February March April May June July August September October November December")
RELATIVES = _words("sister brother mother father aunt uncle daughter son cousin")
VERDICT_GOOD = ["I would buy it again.", "My family is happy with it.", "Worth the money.", "Five stars from me."]
VERDICT_BAD = ["I sent it back.", "I want my money back.", "Look for another one.", "One star from me."]


class _Author:
    """Writes reviews out of one stream of random numbers."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def below(self, limit: int) -> int:
        return int(self.rng.random() * limit)

    def pick(self, words: Sequence[str]) -> str:
        return words[self.below(len(words))]

    def review(self) -> tuple[str, bool]:
        """Write one review. Returns its text and whether its mood is good."""
        good = self.below(2) == 1
        parts = [self.opinion(good) for _ in range(1 + self.below(3))]
        if self.below(100) < 60:
            parts.insert(self.below(len(parts) + 1), self.remark())
        if self.below(100) < 40:
            parts.append(self.pick(VERDICT_GOOD if good else VERDICT_BAD))
        return " ".join(parts), good

    def remark(self) -> str:
        return self.pick(REMARK).format(
            p=self.pick(PRODUCTS), m=self.pick(MONTHS), r=self.pick(RELATIVES), n=str(2 + self.below(8))
        )

    def opinion(self, good: bool) -> str:
        kind = self.below(100)
        if kind < 72:
            return self.claim(good) + "."
        if kind < 84:
            return self.negated(good) + "."
        return f"{self.claim(not good)}, but {self.lower(self.claim(good))}."

    def claim(self, good: bool) -> str:
        return f"The {self.pick(ASPECTS)} is {self.pick(DEGREE)}{self.pick(GOOD if good else BAD)}"

    def negated(self, good: bool) -> str:
        return f"The {self.pick(ASPECTS)} is {self.pick(NEGATION)} {self.pick(BAD if good else GOOD)}"

    @staticmethod
    def lower(sentence: str) -> str:
        return sentence[0].lower() + sentence[1:]


def rows() -> list[tuple[str, str, str]]:
    """Write the reviews: (id, text, label). No text stands there twice."""
    author, seen, found = _Author(SEED), set(), []
    while len(found) < ROWS:
        text, good = author.review()
        wrong = author.below(100) < NOISE_PERCENT
        if text not in seen:
            seen.add(text)
            found.append((f"r{len(found):04d}", text, "positive" if good != wrong else "negative"))
    return found


def write(folder: Path) -> None:
    """Write reviews.csv: id,text,label with a header, 4,000 rows, every text in quotation marks."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["id,text,label", *(f'{name},"{text}",{label}' for name, text, label in rows())]
    (folder / FILE).write_bytes(("\n".join(lines) + "\n").encode())
