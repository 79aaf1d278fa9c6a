"""Inputs of a request, or of a file: users to rank items for, or pairs of user and item to predict ratings of."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np

from minnow.contracts import Located
from minnow.modalities.interactions.file_ids import FileId
from minnow.modalities.interactions.histories import HistoryEncoder
from minnow.modalities.interactions.ratings import RatingEncoder
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
    """Return a valid input, for the documentation of the service."""
    if isinstance(encoder, HistoryEncoder):
        return "example"
    return {"user": str(encoder.users[0]), "item": str(encoder.items[0])}


def parse(inputs: Sequence[Any], encoder: HistoryEncoder | RatingEncoder) -> dict[str, Array]:
    """Check the inputs of one request. Unknown users and items are allowed.

    For ranking, inputs are ids, or {"user": id, "likes": [items]} with at least one of both keys; returns user (n,) str, ""
    where there is none, and likes (n, m) str, padded with "", where there are any. For ratings, inputs are {"user": id, "item":
    id}; returns user and item, (n,) str. Raises ValueError with the input (or file and line) and what is wrong.
    """
    if not len(inputs):
        raise ValueError("inputs: needed at least one, received none.")
    return _pairs(inputs, encoder) if isinstance(encoder, RatingEncoder) else _users(inputs, encoder)


def _users(inputs: Sequence[Any], encoder: HistoryEncoder) -> dict[str, Array]:
    for i, value in enumerate(inputs):
        if problem := _user_problem(value, encoder):
            needed = 'needed the id of a user, or {"user": id, "likes": [items]}'
            raise ValueError(f"{_where(value, i)}: {needed}, received {problem}.")
    rows = [value if isinstance(value, dict) else {"user": value} for value in inputs]
    columns = {"user": np.array([row.get("user", "").strip() for row in rows], dtype=str)}
    likes = [[item.strip() for item in row.get("likes", ())] for row in rows]
    width = max(map(len, likes))
    if width:
        columns["likes"] = np.array([[*row, *[""] * (width - len(row))] for row in likes], dtype=str)
    return columns


def _user_problem(value: Any, encoder: HistoryEncoder) -> str | None:
    """Return why a value is not a valid user, or None."""
    known = encoder.ids
    if not isinstance(value, dict):
        return _id_problem(value, known["user"])
    if not value or not set(value) <= {"user", "likes"}:
        return _keys(value)
    if "user" in value and (problem := _id_problem(value["user"], known["user"])):
        return f"'user': {problem}"
    likes = value.get("likes", [])
    if not isinstance(likes, list):
        return f"'likes': {type(likes).__name__}"
    if len(likes) > encoder.width:
        return f"{len(likes):,} likes, where at most {encoder.width:,} are allowed"
    if not likes and "user" not in value:
        return "no user and no likes"
    return next((f"in 'likes': {problem}" for item in likes if (problem := _id_problem(item, known["item"]))), None)


def _pairs(inputs: Sequence[Any], encoder: RatingEncoder) -> dict[str, Array]:
    for i, value in enumerate(inputs):
        if problem := _pair_problem(value, encoder):
            needed = 'needed {"user": id, "item": id}'
            raise ValueError(f"{_where(value, i)}: {needed}, received {problem}.")
    return {name: np.array([value[name].strip() for value in inputs], dtype=str) for name in ("user", "item")}


def _pair_problem(value: Any, encoder: RatingEncoder) -> str | None:
    """Return why a value is not a valid pair of user and item, or None."""
    if not isinstance(value, dict):
        return f"{type(value).__name__} {value!r:.40}"
    if set(value) != {"user", "item"}:
        return _keys(value)
    known = encoder.ids
    return next(
        (f"'{name}': {problem}" for name, text in value.items() if (problem := _id_problem(text, known[name]))), None
    )


def _where(value: Any, index: int) -> str:
    """Name of an input in messages: its file and line, or its position."""
    return value.where if isinstance(value, Located) else f"inputs[{index}]"


def _keys(value: dict[Any, Any]) -> str:
    return f"the keys {', '.join(map(repr, sorted(map(str, value)))) or 'none'}"


def _id_problem(value: Any, known: Container[str]) -> str | None:
    """Return why a value is not a valid id, or None. known: ids of train, which are valid whatever they hold."""
    if not isinstance(value, str):
        return f"{type(value).__name__} {value!r:.40}"
    if not value.strip():
        return "an empty id"
    if isinstance(value, FileId) or value.strip() in known:
        return None
    if len(value) > _MAX_CHARACTERS:
        return f"{len(value):,} characters"
    control = any(unicodedata.category(sign) in ("Cc", "Cs") for sign in value)
    return "characters that cannot be printed" if control else None
