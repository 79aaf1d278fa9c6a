"""distill: a network is trained further on what a teacher answers beside the targets (Hinton, Vinyals & Dean 2015)."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from minnow.contracts import Model, ModelSource, Parameters, Remade, Taught
from minnow.types import Report, silent

KIND = "model"
SHRINKS = False
NEEDS = ("resume",)


class Params(Parameters):
    """share: weight of the teacher's answers, the targets have the rest; epochs: as a share of the family's.

    temperature: at which probabilities are compared; above 1 more is learned of the less probable labels. teacher: another
    entry under families of the same use case, of any family; null takes the model that the chain began with.
    """

    SHORT: ClassVar[str | None] = "share"

    share: float = Field(default=0.7, gt=0, le=1)
    temperature: float = Field(default=2.0, gt=0, le=20)
    epochs: float = Field(default=1.0, gt=0, le=4)
    teacher: str | None = None


def suits(model: Model) -> str | None:
    """Return why a model is not supported, or None."""
    if model.framework != "keras":
        return f"distill trains networks further. Received: a model of {model.framework}."
    return None


def apply(source: ModelSource, params: Params, report: Report = silent) -> Remade:
    """Return the model, trained further beside the answers of the teacher."""
    (answers,) = source.teacher.predict(source.train.inputs).values()
    taught = Taught(answers, params.share, params.temperature)
    return Remade(source.resume(source.model, params.epochs, report, taught), {})
