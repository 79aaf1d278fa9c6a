"""ensemble: several networks whose outputs are averaged, weighted or stacked, in one file.

Sources: Stone 1961, the linear opinion pool (average, weighted); Wolpert 1992, stacked generalization.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from minnow.config.errors import faults_of
from minnow.contracts import Family, FamilyCapabilities, Model, Parameters
from minnow.families import cnn, cnn1d, embedbag, fcnn, gru, linear, lstm, names, rnn
from minnow.families import fit as fit_family
from minnow.families._keras import fusion, model
from minnow.registry import unknown
from minnow.types import Batch, Report, silent

CAPABILITIES = FamilyCapabilities(space={"fusion": {"among": ["average", "weighted", "stacked"]}}, handles_offset=True)
MODALITIES = ("images", "text", "tabular", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")
_NETWORKS: Mapping[str, Family] = {
    "linear": linear,
    "fcnn": fcnn,
    "cnn": cnn,
    "cnn1d": cnn1d,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "embedbag": embedbag,
}
"""Families whose models can be joined to one network; trees cannot."""
READS = tuple(dict.fromkeys(name for family in _NETWORKS.values() for name in family.READS))

load = model.load
_STEPS = 100
"""Number of steps per member in reports of the progress."""


class Params(Parameters):
    """members: name -> family and its parameters; None takes two families that suit the modality.

    fusion: "average"; "weighted": shares with the least loss on val; "stacked": a logistic regression (for numbers a ridge)
    over the members' outputs on val. Shares and stack are fitted to val, to which no member was fitted, so their own score on
    val is slightly too good.
    """

    members: dict[str, dict[str, Any]] | None = Field(default=None, min_length=2)
    fusion: Literal["average", "weighted", "stacked"] = "weighted"

    @field_validator("members", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        """Accept a list of families, and `words: linear` for `words: {family: linear}`."""
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            value = {name: name for name in value}
        if not isinstance(value, Mapping):
            return value
        return {name: {"family": member} if isinstance(member, str) else member for name, member in value.items()}

    @field_validator("members")
    @classmethod
    def _are_networks(cls, value: dict[str, dict[str, Any]] | None) -> dict[str, dict[str, Any]] | None:
        for name, settings in (value or {}).items():
            _member(name, settings)
        return value


def _member(name: str, settings: Mapping[str, Any]) -> tuple[str, Parameters]:
    """Parse one member: its family and parameters. Raises ValueError with the path of the key."""
    family = str(settings.get("family"))
    if family not in _NETWORKS:
        if family in names():
            raise ValueError(
                f"members.{name}.family: a member must be a network ({', '.join(_NETWORKS)}), since only these can be "
                f"joined to one file. Received: {family}."
            )
        raise ValueError(f"members.{name}.family: {unknown('family', family, list(_NETWORKS))}")
    rest = {key: value for key, value in settings.items() if key != "family"}
    try:
        return family, _NETWORKS[family].Params.model_validate(rest)
    except ValidationError as error:
        faults = faults_of(error, ("members", name), _NETWORKS[family].Params, rest)
        raise ValueError("; ".join(map(str, faults))) from error


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> model.KerasModel:
    """Train each member on the same rows, and join them. Raises ValueError where a member cannot be fitted to these rows."""
    members = _fitted_members(train, val, params, seed, report)
    answers = [next(iter(member.predict(val.inputs).values())) for member in members]
    if params.fusion == "stacked":
        return model.KerasModel(fusion.stacked(members, answers, val))
    equal = np.full(len(members), 1 / len(members))
    shares = equal if params.fusion == "average" else fusion.shares(answers, val)
    return model.KerasModel(fusion.pooled(members, shares, val))


def _fitted_members(train: Batch, val: Batch, params: Params, seed: int, report: Report) -> list[Model]:
    suitable = ("linear", "embedbag") if train.modality == "text" else ("linear", "fcnn")
    settings = params.members or {name: {"family": name} for name in suitable}
    members: list[Model] = []
    for index, (name, member) in enumerate(settings.items()):
        family, own = _member(name, member)
        if train.modality not in _NETWORKS[family].MODALITIES:
            raise ValueError(
                f"members.{name}.family: {family} does not support {train.modality}. Choose another family."
            )
        try:
            of_member = _report_of_member(report, index, len(settings))
            members.append(fit_family(family, train, val, own, seed=seed, report=of_member))
        except ValueError as error:
            raise ValueError(f"members.{name}: {error}") from error
        report(_STEPS * (index + 1), _STEPS * len(settings), {})
    return members


def _report_of_member(report: Report, index: int, members: int) -> Report:
    """Report the progress of a member as a part of the whole, without its losses, which are not those of the ensemble."""

    def report_part(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        report(_STEPS * index + max(1, _STEPS * epoch // epochs), _STEPS * members, {})

    return report_part
