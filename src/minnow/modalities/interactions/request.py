"""Inputs of a request: users to rank items for, or pairs of user and item to predict ratings of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minnow.modalities.interactions.histories import HistoryEncoder
from minnow.modalities.interactions.options import Options
from minnow.modalities.interactions.ratings import RatingEncoder
from minnow.tables.files import SUFFIXES, json_list, plain_lines
from minnow.tables.frames import stream
from minnow.types import Array, Columns

_MAX_CHARACTERS = 200
_REQUEST: Mapping[str, Any] = {
    "description": "To rank: the id of a user, or an object with `user`, `likes` (a list of items that the user likes) or "
    "both. For an unknown user without likes the most popular items are ranked first. To predict a rating: an object with "
    "`user` and `item`; an unknown user or item has the average bias.",
    "type": ["string", "object"],
    "minLength": 1,
    "maxLength": _MAX_CHARACTERS,
    "properties": {
        "user": {"type": "string", "minLength": 1, "maxLength": _MAX_CHARACTERS},
        "item": {"type": "string", "minLength": 1, "maxLength": _MAX_CHARACTERS},
        "likes": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": _MAX_CHARACTERS}},
    },
}


def request(encoder: HistoryEncoder | RatingEncoder) -> Mapping[str, Any]:
    """JSON Schema of one input: a user, or a pair of user and item."""
    return _REQUEST


def example(encoder: HistoryEncoder | RatingEncoder, rows: Columns) -> Any:
    """Return a valid input, for the documentation of the service; None where the first ids are not allowed in a request."""
    if isinstance(encoder, HistoryEncoder):
        return "example"
    pair = {"user": str(encoder.users[0]), "item": str(encoder.items[0])}
    return None if _pair_problem(pair) else pair


def parse(inputs: Sequence[Any], encoder: HistoryEncoder | RatingEncoder) -> dict[str, Array]:
    """Check the inputs of one request. Unknown users and items are allowed.

    For ranking, inputs are ids, or {"user": id, "likes": [items]} with at least one of both keys; returns user (n,) str, ""
    where there is none, and likes (n, m) str, padded with "", where there are any. For ratings, inputs are {"user": id, "item":
    id}; returns user and item, (n,) str. Raises ValueError with the input and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one, received none.")
    return _pairs(inputs) if isinstance(encoder, RatingEncoder) else _users(inputs, encoder.width)


def _users(inputs: Sequence[Any], most: int) -> dict[str, Array]:
    for i, value in enumerate(inputs):
        if problem := _user_problem(value, most):
            needed = 'needed the id of a user, or {"user": id, "likes": [items]}'
            raise ValueError(f"inputs[{i}]: {needed}, received {problem}.")
    rows = [value if isinstance(value, dict) else {"user": value} for value in inputs]
    columns = {"user": np.array([row.get("user", "").strip() for row in rows], dtype=str)}
    likes = [[item.strip() for item in row.get("likes", ())] for row in rows]
    width = max(map(len, likes))
    if width:
        columns["likes"] = np.array([[*row, *[""] * (width - len(row))] for row in likes], dtype=str)
    return columns


def _user_problem(value: Any, most: int) -> str | None:
    """Return why a value is not a valid user, or None. most: largest number of likes."""
    if not isinstance(value, dict):
        return _id_problem(value)
    if not value or not set(value) <= {"user", "likes"}:
        return _keys(value)
    if "user" in value and (problem := _id_problem(value["user"])):
        return f"'user': {problem}"
    likes = value.get("likes", [])
    if not isinstance(likes, list):
        return f"'likes': {type(likes).__name__}"
    if len(likes) > most:
        return f"{len(likes):,} likes, where at most {most:,} are allowed"
    if not likes and "user" not in value:
        return "no user and no likes"
    return next((f"in 'likes': {problem}" for item in likes if (problem := _id_problem(item))), None)


def _pairs(inputs: Sequence[Any]) -> dict[str, Array]:
    for i, value in enumerate(inputs):
        if problem := _pair_problem(value):
            needed = 'needed {"user": id, "item": id}'
            raise ValueError(f"inputs[{i}]: {needed}, received {problem}.")
    return {name: np.array([value[name].strip() for value in inputs], dtype=str) for name in ("user", "item")}


def _pair_problem(value: Any) -> str | None:
    """Return why a value is not a valid pair of user and item, or None."""
    if not isinstance(value, dict):
        return f"{type(value).__name__} {value!r:.40}"
    if set(value) != {"user", "item"}:
        return _keys(value)
    return next((f"'{name}': {problem}" for name, text in value.items() if (problem := _id_problem(text))), None)


def _keys(value: dict[Any, Any]) -> str:
    return f"the keys {', '.join(map(repr, sorted(map(str, value)))) or 'none'}"


def _id_problem(value: Any) -> str | None:
    """Return why a value is not a valid id, or None."""
    if not isinstance(value, str):
        return f"{type(value).__name__} {value!r:.40}"
    if not value.strip():
        return "an empty id"
    if len(value) > _MAX_CHARACTERS:
        return f"{len(value):,} characters"
    return None if value.isprintable() else "characters that cannot be printed"


def from_file(path: Path, options: Options, encoder: HistoryEncoder | RatingEncoder) -> Iterator[Any]:
    """Read inputs for a prediction: rows with columns of users (and items), a JSON list, or one user per line.

    Raises FileError, a ValueError, with the path of the file.
    """
    pairs = options.target == "rating"
    if path.suffix == ".json":
        yield from json_list(path)
    elif path.name.lower().endswith(SUFFIXES) and not _is_plain(path, options):
        for frame in stream(path, options.form, names=(options.user, options.item), target=options.rating):
            users = frame.cells(options.user, "user")
            if pairs:
                items = frame.cells(options.item, "item")
                yield from ({"user": user, "item": item} for user, item in zip(users, items, strict=True))
            else:
                yield from users
    else:
        yield from (line.strip() for _, line in plain_lines(path, options.encoding))


def _is_plain(path: Path, options: Options) -> bool:
    """Whether a .txt holds one user per line: its first line does not name the column of users."""
    if path.suffix.lower() != ".txt" or options.header is not None:
        return False
    _, first = next(plain_lines(path, options.encoding), (0, ""))
    return options.user not in first
