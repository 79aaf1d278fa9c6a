"""The walk through a folder and what links in it lead to, each folder once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple


class State(Enum):
    """What stands at a path. The value completes "Not read: ..." for what is not a file."""

    FILE = "files"
    HIDDEN = "hidden files and folders"
    EMPTY = "empty folders"
    AGAIN = "links to folders that are read already"
    NOWHERE = "links that lead nowhere"


class Entry(NamedTuple):
    """A file, or a folder or link that holds nothing more. name: path below the top, with "/", as links name it."""

    path: Path
    name: str
    state: State


def walk(top: Path, is_hidden: Callable[[str], bool]) -> Iterator[Entry]:
    """Go through a folder, its subfolders and the folders that links lead to, so that a folder keeps its own name.

    A folder is read once, and no folder above a link that leads to it, so that links in a circle end. is_hidden: whether a
    file or folder of a name is passed over.
    """
    seen: set[Path] = set()
    links: list[tuple[Path, str]] = []
    yield from _below(top, "", is_hidden, seen, links)
    while links:
        path, name = links.pop(0)
        if path.parent.resolve().is_relative_to(path.resolve()):
            yield Entry(path, name, State.AGAIN)
        else:
            yield from _below(path, name, is_hidden, seen, links)


def _below(
    folder: Path, name: str, is_hidden: Callable[[str], bool], seen: set[Path], links: list[tuple[Path, str]]
) -> Iterator[Entry]:
    """Go through a folder and its subfolders. Folders are added to seen, and links to folders to links."""
    if folder.resolve() in seen:
        yield Entry(folder, name, State.AGAIN)
        return
    seen.add(folder.resolve())
    paths = sorted(folder.iterdir())
    if name and all(is_hidden(path.name) for path in paths):
        yield Entry(folder, name, State.EMPTY)
    for path in paths:
        below = f"{name}/{path.name}" if name else path.name
        if is_hidden(path.name):
            yield Entry(path, below, State.HIDDEN)
        elif path.is_dir() and path.is_symlink():
            links.append((path, below))
        elif path.is_dir():
            yield from _below(path, below, is_hidden, seen, links)
        else:
            yield Entry(path, below, State.FILE if path.exists() else State.NOWHERE)
