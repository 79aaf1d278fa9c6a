"""ensemble: several networks whose outputs are averaged, weighted or stacked, in one file.

Sources: Stone 1961, the linear opinion pool (average, weighted); Wolpert 1992, stacked generalization.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator

from minnow.config.errors import faults_of
from minnow.contracts import Family, FamilyCapabilities, Model, Parameters
from minnow.families import cnn, cnn1d, embedbag, fcnn, gru, linear, lstm, names, rnn
from minnow.families import fit as fit_family
from minnow.families._arrays import grouped_folds
from minnow.families._calibration import Calibrated
from minnow.families._keras import fusion, model
from minnow.registry import unknown
from minnow.types import Array, Batch, Report, silent

CAPABILITIES = FamilyCapabilities(
    space={"fusion": {"among": ["average", "weighted", "stacked"]}}, handles_offset=True, libraries=("tensorflow",)
)
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
"""Number of steps per fit of a member in reports of the progress."""
_ENOUGH_ROWS = 2_000
"""Number of answered rows from which on no further fold is fitted: a stack has few weights."""


class Params(Calibrated):
    """members: name -> family and its parameters; None takes two families that suit the modality.

    fusion: "average"; "weighted": shares with the least loss; "stacked": a logistic regression (for numbers a ridge) over the
    members' outputs. folds: shares and stack are fitted to rows of train, each answered by members that were fitted to the
    other folds, so that val, which chooses among families, stays unseen. Every member is fitted once more for each fold, until
    2,000 rows are answered; "average" needs no folds. temperature: of the joined probabilities, as of other families; members
    are joined as they are, unless they have one of their own.
    """

    members: dict[str, dict[str, Any]] | None = Field(default=None, min_length=2)
    fusion: Literal["average", "weighted", "stacked"] = "weighted"
    folds: int = Field(default=3, ge=2, le=20)

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
    """Train each member on the same rows, and join them. Raises ValueError where a member cannot be fitted to these rows.

    val stops the members early, and has no part in shares and stack.
    """
    folds = [] if params.fusion == "average" else _folds(train, params.folds)
    members = _Members(params, train.modality, seed, report, rounds=len(folds) + 1)
    parts = [_answers(members.fit(train.take(others), val), train.take(rows)) for others, rows in folds]
    fitted = members.fit(train, val)
    settled = members.settled(fitted)
    if not folds:
        shares = np.full(len(fitted), 1 / len(fitted))
        return model.KerasModel(fusion.pooled(fitted, shares, train), settled=settled)
    answers = [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]
    answered = train.take(np.concatenate([rows for _, rows in folds]))
    if params.fusion == "stacked":
        return model.KerasModel(fusion.stacked(fitted, answers, answered), settled=settled)
    return model.KerasModel(fusion.pooled(fitted, fusion.shares(answers, answered), train), settled=settled)


def _folds(train: Batch, count: int) -> list[tuple[Array, Array]]:
    """Pairs of rows to fit members to and held-out rows, as indices, until enough rows are held out.

    Rows whose label the others lack are not held out, since members could not answer it. Raises ValueError where no row can be
    held out.
    """
    folds: list[tuple[Array, Array]] = []
    for others, rows in grouped_folds(train, count):
        if sum(len(held) for _, held in folds) >= _ENOUGH_ROWS:
            break
        known = np.isin(train.target[rows], train.target[others]) if len(train.labels) else np.ones(len(rows), bool)
        if known.any():
            folds.append((np.sort(np.concatenate([others, rows[~known]])), rows[known]))
    if not folds:
        raise ValueError(
            "fusion: weighted and stacked need train rows of at least 2 groups, of which members answer one and are fitted to "
            f"the other. Received: {len(train):,} rows of {len(np.unique(train.group)):,}. Use fusion: average."
        )
    return folds


def _answers(members: Sequence[Model], rows: Batch) -> list[Array]:
    """The output of each member."""
    return [next(iter(member.predict(rows.inputs).values())) for member in members]


class _Members:
    """Fits the members to rows, several times, and reports the progress of all rounds together."""

    def __init__(self, params: Params, modality: str, seed: int, report: Report, rounds: int) -> None:
        suitable = ("linear", "embedbag") if modality == "text" else ("linear", "fcnn")
        self._settings = params.members or {name: {"family": name} for name in suitable}
        self._seed, self._report = seed, report
        self._done, self._total = 0, rounds * len(self._settings)

    def settled(self, fitted: Sequence[Model]) -> dict[str, Any] | None:
        """The members with what val settled of each, as a parameter; None where one cannot say it."""
        found = {name: model.settled for name, model in zip(self._settings, fitted, strict=True)}
        members = {name: {**self._settings[name], **one} for name, one in found.items() if one is not None}
        return {"members": members} if len(members) == len(found) else None

    def fit(self, train: Batch, val: Batch) -> list[Model]:
        """Fit each member. Raises ValueError that names the member which cannot be fitted to these rows."""
        members: list[Model] = []
        for name, member in self._settings.items():
            family, own = _member(name, member)
            if train.modality not in _NETWORKS[family].MODALITIES:
                raise ValueError(
                    f"members.{name}.family: {family} does not support {train.modality}. Choose another family."
                )
            if train.task == "classify" and isinstance(own, Calibrated) and own.temperature is None:
                own = own.model_copy(update={"temperature": 1.0})  # what they are joined to is calibrated
            try:
                of_member = _report_of_member(self._report, self._done, self._total)
                members.append(fit_family(family, train, val, own, seed=self._seed, report=of_member))
            except ValueError as error:
                raise ValueError(f"members.{name}: {error}") from error
            self._done += 1
            self._report(_STEPS * self._done, _STEPS * self._total, {})
        return members


def _report_of_member(report: Report, done: int, fits: int) -> Report:
    """Report the progress of a member as a part of the whole, without its losses, which are not those of the ensemble."""

    def report_part(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        report(_STEPS * done + max(1, _STEPS * epoch // epochs), _STEPS * fits, {})

    return report_part
