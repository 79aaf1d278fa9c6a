"""Walks of the inputs, each made once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cases.walk import Walk
from cases.writers import Writer

from minnow.onboarding.proposal import Request

Walks = Callable[..., Walk]


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Walks:
    """Return (writer, more, **request) -> the walk of what it writes; more: options that the user sets in the entry."""
    made: dict[str, Walk] = {}

    def walk(writer: Writer, more: dict[str, Any] | None = None, **request: Any) -> Walk:
        key = f"{writer.__name__} {more} {request}"
        if key not in made:
            folder = tmp_path_factory.mktemp(writer.__name__)
            data = folder / "data"
            data.mkdir()
            made[key] = Walk(writer(data), folder / "home", Request(**request), more or {})
        return made[key]

    return walk
