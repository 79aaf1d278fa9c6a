"""Edits params.yaml and keeps everything else, comments included. A change that does not load as settings is not written."""

from __future__ import annotations

import io
import itertools
import os
import re
import tempfile
import textwrap
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minnow import config
from minnow.catalog import catalog
from minnow.config.document import read_text

_USECASES = re.compile(r"usecases:\s*(?:(?:\{\s*\}|null|~)\s*)?(?P<comment>#.*)?\s*")
"""The line under which entries stand; a file without one may have an empty value there."""
_LONGEST = 40
"""Characters of a name that is taken from a path; a number may follow."""


def check_new(settings: config.Settings, name: str, path: Path) -> None:
    """Check that a name can be that of a new use case. Raises ConfigError."""
    config.check_name(name)
    if name in settings.names:
        raise config.ConfigError(f"usecases.{name} exists already. Choose another name, or edit it in {path}.")


def name_for(data: Path, settings: config.Settings) -> str:
    """Return a name for a new use case that says where its data are: that of the file or folder, numbered where it is taken."""
    name = data.name if data.is_dir() else data.name.partition(".")[0]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    own = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    own = own if own[:1].isalpha() else f"data_{own}".strip("_")
    own = own[:_LONGEST].rstrip("_")
    names = itertools.chain([own], (f"{own}_{number}" for number in itertools.count(2)))
    return next(one for one in names if one not in settings.names)


def add_entry(path: Path, name: str, entry: str) -> None:
    """Put an entry at the end of usecases, indented as the others. Raises ConfigError; the file stays as it was."""
    check_new(config.load(path, catalog()), name, path)
    _replace(path, name, _with_entry(read_text(path), entry))


def _with_entry(text: str, entry: str) -> str:
    """Insert text after the last entry under `usecases:`."""
    lines = text.splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if line.startswith("usecases:")), None)
    match = _USECASES.fullmatch(lines[start]) if start is not None else None
    if start is None or match is None:
        raise config.ConfigError(
            "params.yaml needs a line `usecases:` under which entries stand, each on lines of its own. Write it so first."
        )
    later = (i for i in range(start + 1, len(lines)) if lines[i].strip() and lines[i][0] not in " \t#\r\n")
    end = next(later, len(lines))
    entries = lines[start + 1 : end]
    head = "".join(lines[:start]) + f"usecases:{' ' + match['comment'] if match['comment'] else ''}\n"
    before = (head + "".join(entries)).rstrip("\n")
    after = "".join(lines[end:])
    own = textwrap.indent(textwrap.dedent(entry), _indent(entries))
    return f"{before}\n\n{own}" + (f"\n{after}" if after else "")


def _indent(entries: list[str]) -> str:
    """Return the blanks before the names of use cases, two where there are none yet."""
    first = next((line for line in entries if line.strip() and not line.lstrip().startswith("#")), "  ")
    return first[: len(first) - len(first.lstrip())] or "  "


def set_params(
    path: Path,
    usecase: str,
    family: str,
    values: Mapping[str, Any],
    recipe: tuple[str, Mapping[str, Any]] | None = None,
) -> None:
    """Set a family's parameters, dotted name -> value, and add a recipe of compression: its key and parameters.

    Raises ConfigError, and then the file is as it was.
    """
    from ruamel.yaml import YAML

    editor = YAML()
    editor.preserve_quotes, editor.width = True, 10_000
    editor.indent(mapping=2, sequence=4, offset=2)
    before = read_text(path)
    document = editor.load(before)
    entry = document["usecases"][usecase]
    if not isinstance(entry["families"], Mapping):
        entry["families"] = {name: params or None for name, params in config.named(entry["families"]).items()}
    for name, value in values.items():
        *parents, last = [family, *name.split(".")]
        node: Any = entry["families"]
        for parent in parents:
            if node.get(parent) is None:
                node[parent] = {}
            elif not isinstance(node[parent], Mapping):  # a short form, such as schedule: cosine
                of_family = config.family_of(family, entry["families"][family])
                node[parent] = catalog().params("family", of_family).full({parent: node[parent]})[parent]
            node = node[parent]
        node[last] = _flow(value)
    if recipe is not None:
        _add_recipe(entry, *recipe)
    changed = io.StringIO()
    editor.dump(document, changed)
    _replace(path, usecase, _spliced(before, changed.getvalue(), usecase))


def _spliced(before: str, after: str, usecase: str) -> str:
    """Take the lines of one use case from a text that was written anew, and all others as they were.

    What writes YAML moves comments and leaves out `null`. Entries on one line with others are taken as they were written.
    """
    (start, end), (own, last) = (_lines_of(text, usecase) for text in (before, after))
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    return "".join([*old[:start], *new[own:last], *old[end:]]) if start < end and own < last else after


def _lines_of(text: str, usecase: str) -> tuple[int, int]:
    """Numbers of the first line of a use case and of the first one after it, which are equal where lines are shared."""
    from ruamel.yaml import YAML

    document = YAML().load(text)
    entries = document["usecases"]
    starts = [entries.lc.key(name)[0] for name in entries]
    following = [document.lc.key(name)[0] for name in document]
    start = entries.lc.key(usecase)[0]
    later = [line for line in (*starts, *following) if line > start]
    shared = starts.count(start) > 1 or start in following
    return start, start if shared else min(later, default=len(text.splitlines()))


def _add_recipe(entry: Any, key: str, params: Mapping[str, Any]) -> None:
    """Put a recipe at the end of compression, in the form that stands there."""
    now = entry.get("compression")
    if isinstance(now, dict):
        now[key] = dict(params) or None
    elif isinstance(now, list):
        now.append({key: dict(params)} if params else key)
    else:
        entry["compression"] = _flow([*([now] if now else []), {key: dict(params)} if params else key])


def _flow(value: Any) -> Any:
    """Make a list appear on one line."""
    from ruamel.yaml.comments import CommentedSeq

    if not isinstance(value, list):
        return value
    items = CommentedSeq(value)
    items.fa.set_flow_style()
    return items


def _replace(path: Path, usecase: str, text: str) -> None:
    """Replace a file by a text that loads as settings, the entry of a use case included.

    Raises ConfigError, and then the file is as it was. Entries of others that were refused before do not matter.
    """
    config.load(path, catalog(), text).entry(usecase)
    handle, scratch = tempfile.mkstemp(prefix=".params-", suffix=".yaml", dir=path.parent)
    try:
        newline = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
        with os.fdopen(handle, "w", encoding="utf-8", newline=newline) as file:
            file.write(text)
        Path(scratch).chmod(path.stat().st_mode & 0o777)
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)
