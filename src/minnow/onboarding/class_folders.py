"""What is proposed alike for all rows that are files in class folders."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from minnow.config import SplitShares
from minnow.folders import Found
from minnow.onboarding.proposal import Proposal
from minnow.onboarding.target import allow_rare_class, choose_measure
from minnow.tables.options import LabelledOptions

_DEFAULTS, _SHARES = LabelledOptions.read({}), SplitShares()
_FEW = 3
"""A class of fewer files lacks in train, val or test."""
_SHOWN = 80


def choose_class_folder(proposal: Proposal, found: Found) -> Found:
    """Choose the folder that names the class; the outer one, where folders lie in folders.

    Returns the files without those outside of class folders, or no files where folders do not divide them into two classes or
    more.
    """
    readings = {i: classes for i, classes in found.readings.items() if len(classes) > 1}
    if not readings:
        return replace(found, files=())
    if len(found.readings) > 1:
        chosen, classes = next(iter(readings.items()))
        why = f"folders lie in folders; these are the classes: {_listed(classes)}"
        proposal.choose("options.class_folder", chosen, why)
        proposal.warnings += [
            f"The class is the folder {_listed(classes)}. Where it is {_listed(other)}, set options.class_folder: {i}."
            for i, other in readings.items()
            if i != chosen
        ]
        found = replace(found, class_folder=chosen)
    return found.in_classes()


def choose_limits(proposal: Proposal, keys: Sequence[int], labels: Sequence[str], of: str) -> None:
    """Lower the limits of the validation that files do not meet, and name the classes of too few files.

    keys: hash of the content of each file that was decoded; labels: of all files, none where they have no classes; of: what a
    file is, such as "sounds".
    """
    count = max(len(labels), len(keys))
    if count < _DEFAULTS.min_rows:
        proposal.choose("options.min_rows", count, f"there are only {count} {of}; a score of so few says little")
    repeated = sum(number for number in Counter(keys).values() if number > 1)
    if repeated > _DEFAULTS.max_duplicates * len(keys):
        share = min(1.0, math.ceil(105 * repeated / len(keys)) / 100)
        why = f"{repeated:,} of {len(keys):,} {of} are the same as another one"
        proposal.choose("options.max_duplicates", share, why)
    allow_rare_class(proposal, np.array(labels, dtype=str))
    choose_measure(proposal, np.array(labels, dtype=str))
    for label, number in sorted(Counter(labels).items()):
        if number < _FEW:
            proposal.warnings.append(
                f"The class '{label}' has {number} of the {of}, so that train, val or test lacks it. Add some, or leave the "
                "class out."
            )


def train_rows(splits: Sequence[str]) -> int:
    """Expected rows of train. splits: the split that its folder fixes for each file, "" where none does."""
    if "test" not in splits:
        return round((1 - _SHARES.val - _SHARES.test) * len(splits))
    count = Counter(splits)
    fixed = count["train"] if count["val"] else (1 - _SHARES.val) * count["train"]
    return round(fixed + (1 - _SHARES.val - _SHARES.test) * count[""])


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(names)[:_SHOWN]})"
