"""The division of rows into train, val and test that the names of their files fix, such as train.csv and test.csv."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from minnow.tables.files import fixed_splits, listed
from minnow.types import Array, Notice

_WORDS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
}
"""Words of a file's name -> the split that they name, as class folders are named too."""
_BETWEEN = re.compile(r"[-_.\s]+")


@dataclass(frozen=True)
class Division:
    """What names of files fix. splits: file -> "train", "val", "test", or "" where nothing does; notices: what was found."""

    splits: Mapping[str, str] = field(default_factory=dict[str, str])
    notices: tuple[Notice, ...] = ()

    def rows(self, files: Sequence[str]) -> Array | None:
        """Table.split, (n,) str. files: name of each row's file."""
        return fixed_splits([self.splits[name] for name in files])


def divide(files: Sequence[str], given: Mapping[str, str] | None = None) -> Division:
    """Find the split of each file by its name. files: names, which may repeat; given: file -> split, as the options say.

    Where every name holds exactly one word of a split, such as adult-train.csv.gz and adult-test.csv.gz, and both train and
    test (or val) occur, these are the splits; without test, val is the test set. Otherwise names that begin with train or test
    count, unless all begin with test.
    """
    names, given = list(dict.fromkeys(files)), given or {}
    words = {name: given.get(name) or word_of(name) for name in names}
    found = set(words.values())
    if "" not in found and "train" in found and len(found) > 1:
        return Division(words) if "test" in found else _val_as_test(words)
    begun = {name: given.get(name) or _beginning(name) for name in names}
    is_one = not given and set(begun.values()) == {"test"}
    return Division(dict.fromkeys(names, "") if is_one else begun)


def _val_as_test(words: Mapping[str, str]) -> Division:
    val = [name for name, word in words.items() if word == "val"]
    is_are = "is" if len(val) == 1 else "are"
    text = f"{listed(val)} {is_are} the test set, since no file is named test."
    return Division(
        {name: "test" if word == "val" else word for name, word in words.items()}, (Notice("format", text),)
    )


def word_of(name: str) -> str:
    """The split of the one word in a name that stands for one; of how it begins without such a word; "" with several."""
    found = [_WORDS[word] for word in _BETWEEN.split(name.lower()) if word in _WORDS]
    if not found:
        return _beginning(name)
    return found[0] if len(found) == 1 else ""


def _beginning(name: str) -> str:
    """The split that a name begins with: "train" or "test", "" for none."""
    name = name.lower()
    if name.startswith(("test", "t10k")):
        return "test"
    return "train" if name.startswith("train") else ""
