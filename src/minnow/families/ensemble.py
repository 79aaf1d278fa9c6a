"""ensemble: several models whose outputs are averaged, weighted or stacked, in one file.

Sources: Stone 1961, the linear opinion pool (average, weighted); Wolpert 1992, stacked generalization.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator

from minnow.config.errors import faults_of
from minnow.contracts import Family, FamilyCapabilities, Model, Parameters
from minnow.families import (
    _mixed,
    cnn,
    cnn1d,
    embedbag,
    fcnn,
    forest,
    gboost,
    gru,
    linear,
    lstm,
    names,
    oblivious,
    rnn,
)
from minnow.families import fit as fit_family
from minnow.families._arrays import grouped_folds
from minnow.families._calibration import Calibrated
from minnow.families._keras import fusion, model
from minnow.registry import unknown
from minnow.types import Array, Batch, Report, silent

MODALITIES = ("images", "text", "tabular", "timeseries", "audio")
TASKS = ("classify", "regress", "forecast")
_MEMBERS: Mapping[str, Family] = {
    "linear": linear,
    "gboost": gboost,
    "oblivious": oblivious,
    "forest": forest,
    "fcnn": fcnn,
    "cnn": cnn,
    "cnn1d": cnn1d,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "embedbag": embedbag,
}
"""Families whose models can be averaged. Those without trees are joined to one network."""
_TREES = ("gboost", "forest")
CAPABILITIES = FamilyCapabilities(
    space={"fusion": {"among": ["average", "weighted", "stacked"]}},
    handles_offset=True,
    refuses=lambda params, train: _refuses(params, train),
    libraries=("tensorflow",),
    members=tuple(_MEMBERS),
    join=lambda fitted, settled, train, params: _joined(fitted, settled, train, params),
)
READS = tuple(dict.fromkeys(name for family in _MEMBERS.values() for name in family.READS))
_JoinedModel = model.KerasModel | _mixed.MixedModel

_STEPS = 100
"""Number of steps per fit of a member in reports of the progress."""
_ENOUGH_ROWS = 2_000
"""Number of answered rows from which on no further fold is fitted: a stack has few weights."""


class Params(Calibrated):
    """members: name -> family and its parameters; None takes two families that suit the modality.

    fusion: "average"; "weighted": shares with the least loss; "stacked": a logistic regression (for numbers a ridge) over the
    outputs of members, which must be networks or linear models. shares: member -> its share, in the place of fitted ones.
    folds: shares and stack are fitted to rows of train, each answered by members that were fitted to the other folds, so that
    val, which chooses among families, stays unseen. Every member is fitted once more for each fold, until 2,000 rows are
    answered; "average" and given shares need no folds. temperature: of the joined probabilities, as of other families; members
    are joined as they are, unless they have one of their own.
    """

    members: dict[str, dict[str, Any]] | None = Field(default=None, min_length=2)
    fusion: Literal["average", "weighted", "stacked"] = "weighted"
    shares: dict[str, float] | None = None
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
    def _are_known(cls, value: dict[str, dict[str, Any]] | None) -> dict[str, dict[str, Any]] | None:
        for name, settings in (value or {}).items():
            _member(name, settings)
        return value

    @model_validator(mode="after")
    def _can_be_joined(self) -> Params:
        trees = [f"{name}: {one['family']}" for name, one in (self.members or {}).items() if one["family"] in _TREES]
        if trees and self.fusion == "stacked":
            raise ValueError(
                f"fusion: stacked needs members that are networks or linear models. Received: {', '.join(trees)}. Use fusion: "
                "weighted, which takes trees too."
            )
        return self

    @model_validator(mode="after")
    def _has_shares(self) -> Params:
        if self.shares is None:
            return self
        named, values = set(self.members or {}), list(self.shares.values())
        if self.fusion != "weighted" or set(self.shares) != named or min(values) < 0 or not sum(values) > 0:
            raise ValueError(
                "shares: needs fusion: weighted, and for each member a number of at least 0, of which one is above it. "
                f"Members: {', '.join(sorted(named)) or 'none'}. Received: fusion: {self.fusion}, shares of "
                f"{', '.join(f'{name} ({share:g})' for name, share in self.shares.items()) or 'none'}."
            )
        return self


def _member(name: str, settings: Mapping[str, Any]) -> tuple[str, Parameters]:
    """Parse one member: its family and parameters. Raises ValueError with the path of the key."""
    family = str(settings.get("family"))
    if family not in _MEMBERS:
        if family in names():
            raise ValueError(
                f"members.{name}.family: a member must be one of {', '.join(_MEMBERS)}, whose outputs can be averaged. "
                f"Received: {family}."
            )
        raise ValueError(f"members.{name}.family: {unknown('family', family, list(_MEMBERS))}")
    rest = {key: value for key, value in settings.items() if key != "family"}
    try:
        return family, _MEMBERS[family].Params.model_validate(rest)
    except ValidationError as error:
        faults = faults_of(error, ("members", name), _MEMBERS[family].Params, rest)
        raise ValueError("; ".join(map(str, faults))) from error


def _refuses(params: Params, train: Batch) -> str | None:
    """What the first member refuses that does not suit the rows."""
    for name, member in _settings(params, train.modality).items():
        family, own = _member(name, member)
        if reason := _MEMBERS[family].CAPABILITIES.refuses(own, train):
            return f"members.{name}.{reason}"
    return None


def fit(train: Batch, val: Batch, params: Params, *, seed: int, report: Report = silent) -> _JoinedModel:
    """Train each member on the same rows, and join them. Raises ValueError where a member cannot be fitted to these rows.

    val stops the members early, and has no part in shares and stack.
    """
    folds = [] if params.fusion == "average" or params.shares else _folds(train, params.folds)
    members = _Members(params, train.modality, seed, report, rounds=len(folds) + 1)
    parts = [_answers(members.fit(train.take(others), val), train.take(rows)) for others, rows in folds]
    fitted = members.fit(train, val)
    settled = [one.settled for one in fitted]
    if not folds:
        return _joined(fitted, settled, train, params)
    answers = [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]
    answered = train.take(np.concatenate([rows for _, rows in folds]))
    if params.fusion == "stacked":
        network = fusion.stacked(fitted, answers, answered)
        return model.KerasModel(network, settled=_settled(members.settings, settled))
    return _pooled(fitted, settled, fusion.shares(answers, answered), train, members.settings)


def _joined(
    fitted: Sequence[Model], settled: Sequence[Mapping[str, Any] | None], train: Batch, params: Params
) -> _JoinedModel:
    """Join fitted members by the shares of params, which are equal where it has none.

    fitted: in the order of the members' names; settled: what val settled of each; train: the rows that they were fitted to.
    """
    settings = _settings(params, train.modality)
    given = params.shares or dict.fromkeys(settings, 1 / len(settings))
    return _pooled(fitted, settled, np.array([given[name] for name in settings]), train, settings)


def _pooled(
    fitted: Sequence[Model],
    settled: Sequence[Mapping[str, Any] | None],
    shares: Array,
    train: Batch,
    settings: Mapping[str, Mapping[str, Any]],
) -> _JoinedModel:
    """Average members by shares, (m,): in one network where all of them are networks."""
    found, families = _settled(settings, settled), [str(one["family"]) for one in settings.values()]
    if len(train.labels) > 2 and set(_TREES) <= set(families):
        raise ValueError(
            "With more than two labels, trees of gboost and of a forest need different operators, so that one file cannot hold "
            f"both. Received: {len(train.labels)} labels and members of both families. Leave one of them out."
        )
    if all(one.network is not None for one in fitted):
        return model.KerasModel(fusion.pooled(fitted, shares, train), settled=found)
    return _mixed.mixed(fitted, shares, families, found)


def _settled(
    settings: Mapping[str, Mapping[str, Any]], settled: Sequence[Mapping[str, Any] | None]
) -> dict[str, Any] | None:
    """The members with what val settled of each, as a parameter; None where one cannot say it."""
    found = dict(zip(settings, settled, strict=True))
    members = {name: {**settings[name], **one} for name, one in found.items() if one is not None}
    return {"members": members} if len(members) == len(found) else None


def load(folder: Path) -> _JoinedModel:
    """Read what the model's save wrote."""
    return _mixed.load(folder, _MEMBERS) if (folder / _mixed.FILE).exists() else model.load(folder)


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
        self.settings = _settings(params, modality)
        self._seed, self._report = seed, report
        self._done, self._total = 0, rounds * len(self.settings)

    def fit(self, train: Batch, val: Batch) -> list[Model]:
        """Fit each member. Raises ValueError that names the member which cannot be fitted to these rows."""
        members: list[Model] = []
        for name, member in self.settings.items():
            family, own = _member(name, member)
            if train.modality not in _MEMBERS[family].MODALITIES:
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


def _settings(params: Params, modality: str) -> dict[str, dict[str, Any]]:
    """The members and their settings, in the order of their names, since records do not keep another and sums depend on it."""
    suitable = ("linear", "embedbag") if modality == "text" else ("linear", "fcnn")
    return dict(sorted((params.members or {name: {"family": name} for name in suitable}).items()))


def _report_of_member(report: Report, done: int, fits: int) -> Report:
    """Report the progress of a member as a part of the whole, without its losses, which are not those of the ensemble."""

    def report_part(epoch: int, epochs: int, metrics: Mapping[str, float]) -> None:
        report(_STEPS * done + max(1, _STEPS * epoch // epochs), _STEPS * fits, {})

    return report_part
