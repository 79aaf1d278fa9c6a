"""Edits params.yaml and keeps everything else, comments included. A change that does not load as settings is not written."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from minnow import config
from minnow.catalog import catalog


def add_entry(path: Path, name: str, entry: str) -> None:
    """Put an entry, indented as it is to stand, at the end of usecases. Raises ConfigError; the file stays as it was."""
    text = path.read_text()
    if name in ((yaml.safe_load(text) or {}).get("usecases") or {}):
        raise config.ConfigError(f"usecases.{name} exists already. Choose another name, or edit it in {path}.")
    _replace(path, _with_entry(text, entry))


def _with_entry(text: str, entry: str) -> str:
    """Insert text after the last entry under `usecases:`."""
    lines = text.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if line.startswith("usecases:")), None)
    if start is None:
        raise config.ConfigError("params.yaml needs a line `usecases:` under which an entry can stand.")
    later = (i for i in range(start + 1, len(lines)) if lines[i].strip() and lines[i][0] not in " \t#\r\n")
    end = next(later, len(lines))
    before = "".join(lines[:end]).rstrip("\n")
    after = "".join(lines[end:])
    return f"{before}\n\n{entry}" + (f"\n{after}" if after else "")


def set_params(path: Path, usecase: str, family: str, values: Mapping[str, Any]) -> None:
    """Set a family's parameters, dotted name -> value. Raises ConfigError, and then the file is as it was."""
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes, editor.width = True, 10_000
    editor.indent(mapping=2, sequence=4, offset=2)
    document = editor.load(path.read_text())
    entry = document["usecases"][usecase]
    if isinstance(entry["families"], list):
        entry["families"] = dict.fromkeys(entry["families"])
    for name, value in values.items():
        *parents, last = [family, *name.split(".")]
        node = entry["families"]
        for parent in parents:
            if node.get(parent) is None:
                node[parent] = {}
            node = node[parent]
        node[last] = _flow(value)
    changed = io.StringIO()
    editor.dump(document, changed)
    _replace(path, changed.getvalue())


def _flow(value: Any) -> Any:
    """Make a list appear on one line."""
    from ruamel.yaml.comments import CommentedSeq

    if not isinstance(value, list):
        return value
    items = CommentedSeq(value)
    items.fa.set_flow_style()
    return items


def _replace(path: Path, text: str) -> None:
    """Replace a file by a text that loads as settings. Raises ConfigError, and then the file is as it was."""
    handle, scratch = tempfile.mkstemp(prefix=".params-", suffix=".yaml", dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        config.load(Path(scratch), catalog())
        Path(scratch).chmod(path.stat().st_mode & 0o777)
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)
