"""Files written by tests, and read as a use case reads them."""

from collections.abc import Callable, Mapping

import pytest

from minnow.tables import typed
from minnow.tables.options import Split, TableOptions
from minnow.types import Table

Content = str | bytes | Mapping[str, str | bytes]


@pytest.fixture
def read(tmp_path) -> Callable[..., Table]:
    """Function that writes one file, or several by name, and reads the folder with options; the target is y."""

    def reading(content: Content, called: str = "rows.csv", **options) -> Table:
        files = {called: content} if isinstance(content, str | bytes) else content
        for name, data in files.items():
            (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
        return typed.read(tmp_path, TableOptions.model_validate({"target": "y", **options}), Split())

    return reading


@pytest.fixture
def said(read) -> Callable[..., str]:
    """Function that reads in the same way and returns what reading found or left out."""
    return lambda content, **options: "\n".join(notice.text for notice in read(content, **options).notices)
