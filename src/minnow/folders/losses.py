"""How many of its files a class may lose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minnow.folders.errors import FolderError, listed


def check_losses(kept: Mapping[str, int], lost: Mapping[str, Sequence[str]], max_lost: float) -> None:
    """Raise FolderError where a class loses more than a share max_lost of its files.

    kept: class -> number of files that are read; lost: class -> names of those that are not, each with its reason. A class of
    "" stands for the files outside of class folders, which may be a share max_lost of all files.
    """
    everything = sum(kept.values()) + sum(len(names) for names in lost.values())
    for label, names in sorted(lost.items()):
        count = len(names) + kept.get(label, 0) if label else everything
        if len(names) > max_lost * count:
            which = f"files of the class '{label}'" if label else "files, outside of class folders,"
            raise FolderError(
                f"{len(names):,} of {count:,} {which} cannot be read: {listed(names)}. At most a share of {max_lost:g} may be "
                "missing. Convert or remove these files, or raise options.max_lost."
            )
