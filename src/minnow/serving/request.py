"""Reads the inputs of a request from its bytes, or refuses it with a reason."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect, Request

from minnow.registry import unknown
from minnow.serving.predictor import Predictor

JSON = "application/json"
KEYS = ("inputs", "k")
MOST_ITEMS = 1000


class Refusal(Exception):
    """A request that cannot be answered. status: HTTP status code; reason: one or two sentences for the caller."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Question(NamedTuple):
    """The contents of a request. inputs: as in JSON, or the bytes of a body that is a file.

    k: how many items a ranking lists, None for the task's own number.
    """

    inputs: list[Any]
    k: int | None


async def body_of(request: Request, most_bytes: int) -> bytes:
    """Read a body. Raises Refusal 413 as soon as it is longer than most_bytes."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > most_bytes:
        raise _too_long(length, most_bytes)
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most_bytes:
                raise _too_long(f"{size} or more", most_bytes)
            chunks.append(chunk)
    except ClientDisconnect as error:
        raise Refusal(400, "The connection closed before the whole body had arrived.") from error
    return b"".join(chunks)


def media_type(request: Request, predictor: Predictor) -> str:
    """Return the body's content type. Raises Refusal 415 for one that this use case does not take, and for a packed body."""
    packed = request.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity"):
        raise Refusal(415, f"A body is sent as it is, without a content-encoding. Received: {packed[:30]}.")
    received = request.headers.get("content-type", "").split(";")[0].strip().lower()
    takes = [JSON, *predictor.media]
    if received not in takes:
        raise Refusal(415, f"The content-type must be one of {', '.join(takes)}. Received: {received or 'none'}.")
    return received


def read(body: bytes, media: str, most_inputs: int) -> Question:
    """Read the inputs out of a body; a file is not decoded yet. Raises Refusal 400, 413 or 422."""
    if media != JSON:
        return Question([body], None)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal(400, f"The body must be JSON: {error}.") from error
    return _checked(value, most_inputs)


def _checked(value: Any, most_inputs: int) -> Question:
    if not isinstance(value, dict) or not isinstance(value.get("inputs"), list):
        raise Refusal(422, f'The body must be an object {{"inputs": [...]}}. Received: {_sketch(value)}.')
    for key in value:
        if key not in KEYS:
            raise Refusal(422, unknown("key", key, KEYS))
    inputs, k = value["inputs"], value.get("k")
    if not inputs:
        raise Refusal(422, "'inputs' must hold at least one input. Received: an empty list.")
    if len(inputs) > most_inputs:
        raise Refusal(413, f"'inputs' may hold {most_inputs} inputs. Received: {len(inputs)}. Send several requests.")
    if k is not None and (type(k) is not int or not 1 <= k <= MOST_ITEMS):
        raise Refusal(422, f"'k' must be a whole number from 1 to {MOST_ITEMS}. Received: {_sketch(k)}.")
    return Question(inputs, k)


def _sketch(value: Any) -> str:
    """Describe a received value, short enough for a message."""
    if isinstance(value, dict):
        keys = ", ".join(str(key)[:30] for key in list(value)[:5])
        return f"an object with the keys {keys}" if keys else "an empty object"
    text = repr(value)
    return text if len(text) <= 60 else f"{type(value).__name__} {text[:60]}..."


def _too_long(received: str, most_bytes: int) -> Refusal:
    return Refusal(413, f"A body may hold {most_bytes} bytes. Received: {received}. Send several requests.")
