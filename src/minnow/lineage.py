"""Hashes of the code, data and lock file that determine a result, and the state of git."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

import numpy as np

from minnow.folders import State, walk
from minnow.types import Array

_PARSING = Lock()
"""Held while a source is parsed: threads that parse at the same time fail with a SystemError in Python 3.11 (gh-106905)."""


def key_of(parts: Mapping[str, Any]) -> str:
    """Hash a mapping of JSON values. Returns 32 hex digits. Raises TypeError for other values.

    The text of another object may hold its address in memory, and would be another one in each process.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def arrays_digest(arrays: Mapping[str, Array]) -> str:
    """Hash named arrays by name, type, shape and bytes. Returns 32 hex digits."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {value.dtype.str} {value.shape};".encode())
        digest.update(value.tobytes() if value.dtype.kind in "US" else value.data)
    return digest.hexdigest()[:32]


@cache
def _source(module: str) -> Path | None:
    """Return the file of one of our modules without importing it; None for other names."""
    if module.split(".")[0] not in ("minnow", "flows"):
        return None
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Our modules that a module imports, at its top or inside functions, and its parent package.

    Imports under `if TYPE_CHECKING` do not count.
    """
    path = _source(module)
    if path is None:
        return ()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = {module.rpartition(".")[0]}  # importing a module runs the `__init__` of its package first
    with _PARSING:
        tree = ast.parse(path.read_text())
    for node in _running(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            names.add(origin)
            names.update(f"{origin}.{alias.name}" for alias in node.names)
    return tuple(sorted(name for name in names if name and _source(name)))


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without the blocks under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _running(child)


def code_version(modules: Iterable[str]) -> str:
    """Hash the source files of modules and of all of our modules that they import, directly or indirectly.

    Relative imports and the imports of the `__init__` of a package are followed. Modules that are looked up by name at run
    time (a family, a modality) are not found, and must be among the arguments. Returns 16 hex digits.
    """
    seen: set[str] = set()
    queue = list(modules)
    while queue:
        module = queue.pop()
        if module not in seen:
            seen.add(module)
            queue.extend(_imports(module))
    digest = hashlib.sha256()
    for module in sorted(seen):
        path = _source(module)
        if path is None:
            raise ValueError(f"code_version needs modules of this project. Received: {module}.")
        digest.update(f"{module} {hashlib.sha256(path.read_bytes()).hexdigest()};".encode())
    return digest.hexdigest()[:16]


def data_version(path: Path) -> str:
    """Hash a file or folder as DVC does: md5 of the file, or md5 of the listing of the folder, followed by ".dir".

    Unlike DVC, it follows links to folders, so that the hash changes with the files that are read through them. Source: the
    format of dvc-data's tree objects; a test compares it with what DVC records.
    """
    if path.is_file():
        return _md5(path)
    found = [entry for entry in walk(path, lambda name: False) if entry.state is State.FILE and entry.path.is_file()]
    files = sorted(found, key=lambda entry: PurePosixPath(entry.name).parts)
    listing = [{"md5": _md5(entry.path), "relpath": entry.name} for entry in files]
    return hashlib.md5(json.dumps(listing, sort_keys=True).encode(), usedforsecurity=False).hexdigest() + ".dir"


def has_linked_folders(path: Path) -> bool:
    """Whether links to folders lie in a folder. DVC does not follow them, so it does not see changes behind them."""
    return any(Path(root, name).is_symlink() for root, folders, _ in os.walk(path) for name in folders)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def lock_version(root: Path) -> str:
    """Hash uv.lock, 16 hex digits; "none" where there is no lock file."""
    path = root / "uv.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else "none"


@dataclass(frozen=True)
class CodeState:
    """The state of the code in git.

    commit: "none" outside of git; changes: hash of the differences from it and of untracked code, "clean" or "none"; untracked:
    files of code and settings that git does not track.
    """

    commit: str = "none"
    changes: str = "none"
    untracked: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The commit, with the hash of what differs from it."""
        return self.commit if self.changes in ("clean", "none") else f"{self.commit}+{self.changes}"


CODE, SETTINGS = ("src", "flows"), ("params.yaml", "dvc.yaml", "uv.lock")
"""Folders of code and files of settings, whether git tracks them or not."""


def git_state(root: Path) -> CodeState:
    """Return the state of the code of a project."""
    try:
        commit = _git(root, "rev-parse", "HEAD").decode().strip()
        diff = _git(root, "diff", "--no-ext-diff", "--no-color", "HEAD", "--", ".", ":(exclude)dvc.lock")
        others = _git(root, "ls-files", "--others", "-z", "--", *CODE, *SETTINGS).decode(errors="surrogateescape")
    except (OSError, subprocess.CalledProcessError):
        return CodeState()
    untracked = tuple(name for name in sorted(others.split("\0")) if name.endswith(".py") or name in SETTINGS)
    digest = hashlib.sha256(diff)
    for name in untracked:
        digest.update(os.fsencode(name) + hashlib.sha256((root / name).read_bytes()).digest())
    return CodeState(commit, digest.hexdigest()[:16] if diff or untracked else "clean", untracked)


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout


def machine() -> str:
    """Describe the machine in one line."""
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
