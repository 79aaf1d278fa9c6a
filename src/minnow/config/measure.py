"""The measure of a use case, as params.yaml has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from minnow.contracts import Parameters


def _as_label(value: Any) -> Any:
    """A whole number is the label of that name."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Label = Annotated[str, BeforeValidator(_as_label)]
Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _by_name(value: Any) -> Any:
    """Costs are named, by texts: a list of numbers does not say which class is which. Raises ValueError."""
    if isinstance(value, list):
        raise ValueError("costs are named by true and predicted class, as in {yes: {no: 5}, no: {yes: 1}}")
    if isinstance(value, Mapping):
        names = [*value, *(guess for row in value.values() if isinstance(row, Mapping) for guess in row)]
        if wrong := [str(name).lower() for name in names if isinstance(name, bool | float)]:
            raise ValueError(
                f"YAML reads {wrong[0]} as no text: write the class in quotes, as '{wrong[0]}' or as the data has it"
            )
    return value


class ChosenMeasure(Parameters):
    """The measure that decides. name: one of the task's; quantile: of pinball; positive: the class of average_precision or f1.

    Without `positive`, average_precision is the mean over all classes. costs: of cost, true class -> predicted class -> number.
    """

    SHORT: ClassVar[str | None] = "name"

    name: str
    quantile: float | None = Field(default=None, gt=0, lt=1)
    positive: Label | None = None
    costs: Annotated[dict[Label, dict[Label, Cost]], BeforeValidator(_by_name)] | None = None

    @model_validator(mode="after")
    def _parameters_fit(self) -> ChosenMeasure:
        if self.quantile is not None and self.name != "pinball":
            raise ValueError(f"quantile goes with pinball. Received: {self.name}")
        if self.name == "pinball" and self.quantile is None:
            raise ValueError("pinball needs a quantile, such as {name: pinball, quantile: 0.9}")
        if self.positive is not None and self.name not in ("average_precision", "f1"):
            raise ValueError(f"positive goes with average_precision and f1. Received: {self.name}")
        if self.costs is not None and self.name != "cost":
            raise ValueError(f"costs goes with cost. Received: {self.name}")
        return self

    @property
    def text(self) -> str:
        """The name with its parameter, such as pinball@0.9; costs as JSON."""
        if self.costs is not None:
            return f"{self.name}@{json.dumps(self.costs, sort_keys=True, ensure_ascii=False)}"
        parameter = self.positive if self.quantile is None else f"{self.quantile:g}"
        return self.name if parameter is None else f"{self.name}@{parameter}"
