"""ensemble: several networks asked together, their answers averaged, weighed or stacked; one file.

Sources: Stone 1961, the linear opinion pool (average, weighted); Wolpert 1992, stacked generalization.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from minnow.families import _keras, _stack, cnn, cnn1d, embedbag, fcnn, gru, linear, lstm, names, rnn
from minnow.families._options import Strict
from minnow.registry import unknown
from minnow.types import Batch, Model, Report, silent

MODALITIES = ("images", "text", "tabular", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")
SPACE = {"fusion": {"among": ["average", "weighted", "stacked"]}}
NETWORKS = {"linear": linear, "fcnn": fcnn, "cnn": cnn, "cnn1d": cnn1d, "rnn": rnn, "lstm": lstm, "gru": gru,
            "embedbag": embedbag}  # fmt: skip
"""Families whose models can become one graph. Trees are another kind of file, and no network can hold them."""
PARTS = 100
"""In which the progress of a member is told."""

load = _keras.load


class Params(Strict):
    """members: name -> its family and that family's parameters; None takes two that suit the rows.

    fusion: "average", or "weighted" by shares that make the loss on val least, or "stacked": a logistic regression (for numbers
    a ridge) over what the members say of val. Shares and stack are fitted on rows that no member was fitted to, of which
    there are many for so few weights; still a stack's own loss on val is slightly too good, unlike that on the exam.
    """

    members: dict[str, dict[str, Any]] | None = Field(default=None, min_length=2)
    fusion: Literal["average", "weighted", "stacked"] = "weighted"

    @field_validator("members")
    @classmethod
    def _are_networks(cls, value: dict[str, dict[str, Any]] | None) -> dict[str, dict[str, Any]] | None:
        for name, given in (value or {}).items():
            _member(name, given)
        return value


def _member(name: str, given: Mapping[str, Any]) -> tuple[str, Any]:
    """Read one member: its family and its parameters. Raises ValueError that names the path."""
    family = given.get("family")
    if family not in NETWORKS:
        if family in names():
            raise ValueError(
                f"members.{name}.family: a member must be a network ({', '.join(NETWORKS)}), for only these become one "
                f"file. Received: {family}."
            )
        raise ValueError(f"members.{name}.family: {unknown('family', str(family), list(NETWORKS))}")
    try:
        rest = {key: value for key, value in given.items() if key != "family"}
        return family, NETWORKS[family].Params.model_validate(rest)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in ("members", name, *first["loc"]))
        raise ValueError(f"{path}: {first['msg']}. Received: {first['input']!r}.") from error


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> Model:
    """Train each member on the same rows, and join them. Raises ValueError where a member cannot learn these rows."""
    suiting = ("linear", "embedbag") if "ngrams" in train.inputs else ("linear", "fcnn")
    reading = _modalities(train)
    chosen = params.members or {name: {"family": name} for name in suiting}
    found: dict[str, Any] = {}
    for place, (name, given) in enumerate(chosen.items()):
        family, own = _member(name, given)
        if not reading & set(NETWORKS[family].MODALITIES):
            raise ValueError(
                f"members.{name}.family: {family} does not read {' or '.join(sorted(reading))}. Choose another."
            )
        try:
            found[name] = NETWORKS[family].fit(train, val, own, seed=seed, report=_as_part(report, place, len(chosen)))
        except ValueError as error:
            raise ValueError(f"members.{name}: {error}") from error
        report(PARTS * (place + 1), PARTS * len(chosen), {})
    answers = [next(iter(member.predict(val.inputs).values())) for member in found.values()]
    if params.fusion == "stacked":
        return _keras.KerasModel(_stack.stacked(list(found.values()), answers, val))
    even = np.full(len(found), 1 / len(found))
    shares = even if params.fusion == "average" else _stack.shares(answers, val)
    return _keras.KerasModel(_stack.pooled(list(found.values()), shares, val))


def _as_part(report: Report, place: int, members: int) -> Report:
    """How far a member is, in parts of all of them; its losses are not the ensemble's."""

    def told(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        report(PARTS * place + max(1, PARTS * epoch // epochs), PARTS * members, {})

    return told


def _modalities(batch: Batch) -> set[str]:
    """What rows with these arrays may be."""
    for name, found in (("ngrams", {"text"}), ("image", {"images", "audio"}), ("series", {"timeseries"})):
        if name in batch.inputs:
            return found
    return {"tabular"}
