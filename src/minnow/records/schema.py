"""The schema of a bundle: its use case, family and variant, its input and output arrays, and the options of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from minnow.records.files import read_json, write_json
from minnow.types import DecisionRule, Spec

FILE = "schema.json"
RULE = "decision_rule"
FORMAT = 2
"""A bundle of format 1 contains report.json and card.md, so that its name changed with each evaluation."""


@dataclass(frozen=True)
class Schema:
    """The contents of schema.json.

    options: of the modality, as params.yaml had them; labels: names along the last axis of the outputs, empty where an
    answer is a number; parent: the variant that it was made from, None for the exported model; parameters: of that model.
    decision_rule: how an answer follows from the outputs; None for the most probable label or the number as it is, and then
    schema.json lacks it.
    """

    usecase: str
    task: str
    modality: str
    family: str
    variant: str
    parent: str | None
    options: Mapping[str, Any]
    labels: tuple[str, ...]
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]
    parameters: int
    format: int = FORMAT
    decision_rule: DecisionRule | None = None

    @property
    def name(self) -> str:
        """Family and variant, for people: "cnn/int8"."""
        return f"{self.family}/{self.variant}"

    def write(self, folder: Path) -> None:
        """Write schema.json to a bundle's folder."""
        arrays = {name: [_as_json(spec) for spec in specs] for name, specs in self.arrays.items()}
        plain = {name: value for name, value in vars(self).items() if name not in arrays and name != RULE}
        own = {"labels": list(self.labels), "options": dict(self.options), **self.rule_as_json}
        write_json(folder / FILE, {**plain, **arrays, **own})

    @property
    def rule_as_json(self) -> dict[str, Any]:
        """Its decision rule under the name of the field, JSON-ready; nothing without one."""
        rule = self.decision_rule
        kind = (
            {} if rule is None else {name: value for name, value in vars(rule).items() if value not in (None, {}, ())}
        )
        return {RULE: kind} if kind else {}

    @property
    def arrays(self) -> dict[str, tuple[Spec, ...]]:
        """Its input and output arrays: "inputs" and "outputs" -> specs."""
        return {"inputs": self.inputs, "outputs": self.outputs}


def read_schema(folder: Path) -> Schema:
    """Read schema.json of a bundle's folder, of format 1 or 2. Raises RecordError."""
    value = read_json(folder / FILE, "schema of a bundle", (1, FORMAT))
    inputs, outputs = (tuple(_spec(spec) for spec in value[name]) for name in ("inputs", "outputs"))
    plain = {name: value[name] for name in ("usecase", "task", "modality", "family", "variant", "parent", "options")}
    return Schema(
        **plain,
        labels=tuple(value["labels"]),
        inputs=inputs,
        outputs=outputs,
        parameters=value["parameters"],
        format=value.get("format", 1),
        decision_rule=_rule(value[RULE]) if RULE in value else None,
    )


def _rule(value: Mapping[str, Any]) -> DecisionRule:
    rule = DecisionRule(**value)
    return replace(rule, values=tuple(rule.values))  # JSON has lists alone


def _spec(value: Mapping[str, Any]) -> Spec:
    return Spec(value["name"], tuple(value["shape"]), value["dtype"])


def _as_json(spec: Spec) -> dict[str, Any]:
    return {"name": spec.name, "shape": list(spec.shape), "dtype": spec.dtype}
