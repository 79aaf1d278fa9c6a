"""Protocols of families and models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.parameters import Parameters
from minnow.types import Array, Batch, Columns, Report, Spec, silent


class Model(Protocol):
    """A fitted model. It reads named arrays and returns named arrays."""

    @property
    def framework(self) -> str:
        """What fitted it, "keras" or "sklearn"; "mixed" for the average of models that are not all networks."""
        ...

    @property
    def native(self) -> Any:
        """What is exported to ONNX: a Keras network where the framework is "keras", otherwise an object with to_onnx.

        Where the framework is "mixed": an object with parts, pairs of a member and its share of the average, and with the
        temperature of that, or None.
        """
        ...

    @property
    def network(self) -> Callable[[], Any] | None:
        """Returns the model as a Keras network, which LiteRT converts and ensembles join; None where trees are in it.

        Where it is not None, the weights are arrays in the exported file, which compressions shrink.
        """
        ...

    @property
    def history(self) -> Mapping[str, list[float]]:
        """Metrics per epoch; empty for families without epochs."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """Other values to record, JSON-serializable."""
        ...

    @property
    def settled(self) -> Mapping[str, Any] | None:
        """What val settled, as parameters: with them the family is fitted to train and val together, and val settles nothing.

        Empty for families that do not use val, such as forests; None where a model cannot be fitted again in this way.
        """
        ...

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """Arrays that it reads."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """Arrays that it returns."""
        ...

    @property
    def parameters(self) -> int:
        """Number of weights, or of the thresholds and leaf values of all trees."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Predict rows of named arrays; extra arrays are ignored."""
        ...

    def with_offset(self) -> Model:
        """Return the same model with the offset of the rows as another input, which is added to its predictions."""
        ...

    @property
    def least_probability(self) -> float:
        """The smallest probability of a label of which with_temperature takes the power; smaller ones count as this."""
        ...

    def with_temperature(self, temperature: float) -> Model:
        """Return the same classifier with probabilities proportional to their power of 1 / temperature.

        The temperature is then among its facts and in what val settled; 1 changes no probability.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write to folder. The family's load(folder) returns a model with the same predictions."""
        ...


@dataclass(frozen=True)
class Taught:
    """What a teacher answers for the rows of train, which a model learns beside their targets.

    answers: probabilities (n, k) or numbers (n,) float32. share: weight of the teacher, the targets have the rest; temperature:
    at which probabilities of both are compared, more than 1 tells more of the less probable labels.
    """

    answers: Array
    share: float = 0.5
    temperature: float = 1.0


class Resume(Protocol):
    """Trains a fitted model further."""

    def __call__(
        self,
        model: Any,
        train: Batch,
        val: Batch,
        params: Any,
        /,
        *,
        seed: int,
        share: float,
        taught: Taught | None = None,
        report: Report = silent,
    ) -> Model:
        """Return a model trained further, for a share of the epochs of params. The model given is changed.

        What val settled has that share, `share`, in the place of the epochs.
        """
        ...


@dataclass(frozen=True)
class FamilyCapabilities:
    """Optional abilities.

    space: default search space of `minnow tune`: parameter -> {low, high, log} or {among: [...]}; empty: none.
    portfolio: (rows of train) -> name -> parameters: settings other than the defaults that a run tries too, where its effort
        allows.
    handles_offset: whether fit reads Batch.offset; otherwise the targets of fit are differences from the offset.
    refuses: (parameters, rows of train) -> why parameters do not suit the rows, as "parameter: what is needed", or None.
    cheap: whether fits take so little that a family is cross-validated twice where few rows choose between families.
    one_thread: whether its fits use one thread, however many they are given.
    libraries: modules that its fits import and that take long, such as "tensorflow"; a worker imports them when it starts.
    members: families whose fitted models it joins to one; none for most.
    resume: trains a fitted model further, for compressions that change it; None where the family cannot.
    fewer: (parameters, fitted model, share) -> parameters with which the family is fitted with a share of its trees; None for
        families without trees.
    join: (models in the order of the members' names, what val settled of each, rows of train, its parameters) -> the model that
        its fit to these rows would give.
    """

    space: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    portfolio: Callable[[Batch], Mapping[str, Mapping[str, Any]]] = lambda train: {}
    handles_offset: bool = False
    refuses: Callable[[Any, Batch], str | None] = lambda params, train: None
    cheap: bool = False
    one_thread: bool = False
    libraries: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    resume: Resume | None = None
    fewer: Callable[[Any, Any, float], Any] | None = None
    join: Callable[[Sequence[Model], Sequence[Mapping[str, Any] | None], Batch, Any], Model] | None = None


class Family(Protocol):
    """A kind of model: its parameters, fit and load."""

    @property
    def CAPABILITIES(self) -> FamilyCapabilities:
        """Optional abilities."""
        ...

    @property
    def MODALITIES(self) -> tuple[str, ...]:
        """Names of the modalities that it supports."""
        ...

    @property
    def TASKS(self) -> tuple[str, ...]:
        """Names of the tasks that it supports."""
        ...

    @property
    def READS(self) -> tuple[str, ...]:
        """Names of the encoded arrays that its models may read."""
        ...

    @property
    def Params(self) -> type[Parameters]:
        """Class of its parameters in params.yaml."""
        ...

    def fit(self, train: Batch, val: Batch, params: Any, *, seed: int, report: Report = silent) -> Model:
        """Fit to train; val serves early stopping and the choice of regularization. Raises ValueError for unsuitable rows."""
        ...

    def load(self, folder: Path) -> Model:
        """Read a model that save wrote."""
        ...
