"""The doors of the house: what a task, a modality, a family, a compression, an exporter and a runtime must have.

A module is an implementation: `families/cnn.py` has every name of `Family`. Pyright reads each registered module against its
Protocol (the file `_checked.py` of each room), and a contract test refuses a public name that the Protocol does not know. What
is optional is declared in `CAPABILITIES`, with a default for whoever does not have it; nothing is probed for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict

from minnow.types import Array, Batch, Columns, Expectation, Measure, Outputs, Report, Spec, Table, silent


class Parameters(BaseModel):
    """What may stand under a name in params.yaml: frozen, and an unknown key is an error.

    RENAMED: keys of older versions -> today's, and "key=value" of older versions -> today's value. params.yaml answers them
    with the new name, and what an older version recorded is read by it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    RENAMED: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> Self:
        """Read what this version or an older one recorded. Raises pydantic's ValidationError."""
        values = {cls.RENAMED.get(key, key): value for key, value in recorded.items()}
        return cls.model_validate({key: cls.RENAMED.get(f"{key}={value}", value) for key, value in values.items()})


class RowOptions(Parameters):
    """Options of a modality."""

    @property
    def label_weights(self) -> Literal["balanced"] | Mapping[str, float] | None:
        """How much training rows count by their label; None lets each row count once."""
        return None


# Tasks: what an answer means.


@dataclass(frozen=True)
class FeatureExtraction:
    """How answers that are whole rows are compared: through the features of an extractor that is kept with the exam.

    fit: (train, labels (n,) str, given) -> the extractor's arrays; given: those of an earlier extractor, None learns one.
    Raises ValueError for too few rows, or arrays of another size. kept: what of the arrays names and repeats a figure.
    about: what belongs beside every figure.
    """

    fit: Callable[[Batch, Array, Columns | None], dict[str, Array]]
    kept: Callable[[Columns], dict[str, Array]]
    about: Callable[[Batch], dict[str, Any]]


@dataclass(frozen=True)
class TaskCapabilities:
    """What a task can do beyond the least. feature_extraction: None where answers are compared as they are."""

    feature_extraction: FeatureExtraction | None = None


class Task(Protocol):
    """What an answer means: how targets are encoded, scored row by row and shown."""

    @property
    def CAPABILITIES(self) -> TaskCapabilities:
        """What it can do beyond the least."""
        ...

    @property
    def OUTPUT(self) -> str:
        """Name of the array that a model answers with."""
        ...

    @property
    def MEASURES(self) -> tuple[Measure, ...]:
        """Its scores; models are chosen and judged by the first."""
        ...

    @property
    def BINARY_LOSS(self) -> bool:
        """Whether the loss of a row is 0 or 1."""
        ...

    @property
    def MARGIN(self) -> float:
        """The non-inferiority margin, in the unit that margin() gives it."""
        ...

    @property
    def ANSWER(self) -> Mapping[str, Any]:
        """JSON Schema of one answer."""
        ...

    def loss(self, outputs: Outputs, batch: Batch) -> Array:
        """Loss of each row, (n,) float64; lower is better."""
        ...

    def margin(self, loss: Array, setting: float | None) -> float:
        """Absolute margin on the mean loss. setting: from params.yaml, None takes MARGIN."""
        ...

    def classes(self, target: Array) -> Array:
        """Names that answers are chosen among, (k,) str, sorted; empty where an answer is a number."""
        ...

    def encode(self, target: Array, labels: Array) -> Array:
        """Turn raw targets into numbers; -1 for a label that is not among labels. Raises ValueError."""
        ...

    def outputs_from_answers(self, answers: Array, labels: Array) -> dict[str, Array]:
        """Outputs of a model that is sure of these answers."""
        ...

    def flips(self, a: Outputs, b: Outputs, batch: Batch) -> Array:
        """Where two models answer differently, (n,) bool."""
        ...

    def baselines(self, train: Batch) -> Mapping[str, Callable[[Batch], dict[str, Array]]]:
        """Answers that need no model: name -> (rows) -> outputs."""
        ...

    def answers(self, outputs: Outputs, labels: Array, inputs: Columns, k: int | None = None) -> list[dict[str, Any]]:
        """Turn outputs into JSON, one object a row. k: how many labels or items to list, None for the task's own number."""
        ...


# Modalities: what rows mean.


class Encoder(Protocol):
    """Turns examples into named arrays, the same in training and in serving. Subclass it for the defaults."""

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays that encode makes of the rows of a request."""
        ...

    @property
    def cardinalities(self) -> Mapping[str, int]:
        """How many ids each array of ids may hold."""
        return {}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode examples, each column (n, ...). Raises ValueError for a column that is missing or of another kind."""
        ...

    def encode_train(self, columns: Columns) -> tuple[dict[str, Array], Array | None]:
        """Encode the rows that it was fitted to, and say how much each counts, (n,) float32; None where each counts once.

        Differs from encode where what it learned of a row would tell the row's own answer.
        """
        return self.encode(columns), None

    def decode(self, outputs: Outputs) -> Outputs:
        """Bring a model's outputs to the units of the raw rows."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json, and encoder.npz where there are arrays."""
        ...


def _no_media(data: bytes, encoder: Any) -> list[Any]:
    raise ValueError("This use case takes JSON. Received: another kind of body.")


@dataclass(frozen=True)
class ModalityCapabilities:
    """What a modality can do beyond the least; the defaults are those of a modality that cannot.

    features: (columns, options) -> names of the flat columns that a model may read one by one.
    baselines: (train, labels, options) -> name -> (rows) -> answers, which need no model.
    classes: (labels, train, options) -> labels, with those that are known besides the ones of train.
    label_features: (train, labels, options) -> what is known of each label before anything is learned, each (k, ...).
    refuses: (options, task) -> why the options do not go with the task, or None.
    media: (encoder) -> content types beside JSON that a request's body may have.
    from_bytes: (body, encoder) -> inputs of parse. Raises ValueError.
    """

    features: Callable[[Columns, Any], list[str]] = lambda columns, options: []
    baselines: Callable[[Table, Array, Any], Mapping[str, Callable[[Table], Array]]] = lambda train, labels, options: {}
    classes: Callable[[Array, Table, Any], Array] = lambda labels, train, options: labels
    label_features: Callable[[Table, Array, Any], dict[str, Array]] = lambda train, labels, options: {}
    refuses: Callable[[Any, str], str | None] = lambda options, task: None
    media: Callable[[Any], tuple[str, ...]] = lambda encoder: ()
    from_bytes: Callable[[bytes, Any], list[Any]] = _no_media


class Modality(Protocol):
    """What rows mean: read from files and from requests, described, and encoded."""

    @property
    def CAPABILITIES(self) -> ModalityCapabilities:
        """What it can do beyond the least."""
        ...

    @property
    def Options(self) -> type[RowOptions]:
        """What may stand under `options` of a use case."""
        ...

    def target(self, options: Any) -> str:
        """Name the column to be predicted."""
        ...

    def time_column(self, options: Any) -> str | None:
        """Name the column that rows are split by in order of time; None where they are not."""
        ...

    def read(self, folder: Path, options: Any) -> Table:
        """Read a folder or a file of raw rows. Raises FileError, a ValueError."""
        ...

    def describe(self, table: Table, options: Any) -> dict[str, Array]:
        """Describe raw rows by flat columns, (n,) each: what expectations are about."""
        ...

    def expectations(self, options: Any, table: Table, task: str) -> list[Expectation]:
        """List what raw rows must be like. Raises ValueError."""
        ...

    def examples(self, table: Table, options: Any) -> Table:
        """Turn raw rows into examples: what one answer is given for."""
        ...

    def fit_encoder(self, table: Table, labels: Array, options: Any) -> Encoder:
        """Learn from train's examples. labels: (k,) str."""
        ...

    def load_encoder(self, folder: Path) -> Encoder:
        """Read what an encoder's save wrote, in this version or an older one."""
        ...

    def request(self, encoder: Any) -> Mapping[str, Any]:
        """JSON Schema of one input of a request."""
        ...

    def example(self, encoder: Any, rows: Columns) -> Any:
        """An input that can be asked, for people to copy; None where none can be made up. rows: encoded ones."""
        ...

    def parse(self, inputs: Sequence[Any], encoder: Any) -> dict[str, Array]:
        """Check the inputs of a request and turn them into columns. Raises ValueError that names the input."""
        ...

    def from_file(self, path: Path, options: Any) -> Sequence[Any]:
        """Read inputs for a prediction from a file. Raises FileError, a ValueError."""
        ...


# Families: what learns.


class Model(Protocol):
    """What a family's fit returns: named arrays in, named arrays out."""

    @property
    def framework(self) -> str:
        """What exporters and compressions dispatch on: "keras" or "sklearn"."""
        ...

    @property
    def native(self) -> Any:
        """That framework's object."""
        ...

    @property
    def history(self) -> Mapping[str, list[float]]:
        """Metrics per epoch; empty where nothing is iterated."""
        ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else is recorded of it, JSON-ready."""
        ...

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays that it needs."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays that it gives."""
        ...

    @property
    def parameters(self) -> int:
        """How many numbers it learned."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored."""
        ...

    def with_offset(self) -> Model:
        """The same model, which also takes the offset of its rows and adds it to its answers."""
        ...

    def save(self, folder: Path) -> None:
        """Write to folder so that the family's load(folder) answers the same."""
        ...


@dataclass(frozen=True)
class FamilyCapabilities:
    """What a family can do beyond the least.

    space: what `minnow tune` searches: parameter -> {low, high, log} or {among: [...]}; empty where nothing is named.
    handles_offset: it reads Batch.offset itself; the others are given targets that are differences from it.
    """

    space: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    handles_offset: bool = False


class Family(Protocol):
    """What learns."""

    @property
    def CAPABILITIES(self) -> FamilyCapabilities:
        """What it can do beyond the least."""
        ...

    @property
    def MODALITIES(self) -> tuple[str, ...]:
        """What it learns from."""
        ...

    @property
    def TASKS(self) -> tuple[str, ...]:
        """What it learns to do."""
        ...

    @property
    def READS(self) -> tuple[str, ...]:
        """The arrays of encoders that its models may read."""
        ...

    @property
    def Params(self) -> type[Parameters]:
        """What may stand under its name in params.yaml."""
        ...

    def fit(self, train: Batch, val: Batch, params: Any, *, seed: int, report: Report = silent) -> Model:
        """Learn from train; val stops early and chooses strengths. Raises ValueError for rows that it cannot learn from."""
        ...

    def load(self, folder: Path) -> Model:
        """Read what a model's save wrote."""
        ...


# What becomes of a model: smaller, a file, answers.


class Compression(Protocol):
    """A file in, a smaller file out."""

    @property
    def Params(self) -> type[Parameters]:
        """What may stand under its name in params.yaml."""
        ...

    def suits(self, framework: str) -> str | None:
        """Say why a model of a framework cannot be compressed so, or None."""
        ...

    def apply(self, source: Path, out: Path, calibration: Columns, params: Any) -> None:
        """Write source compressed to out. calibration: encoded rows of train. Raises ValueError."""
        ...


class Exporter(Protocol):
    """A model in, a file out."""

    @property
    def SUFFIX(self) -> str:
        """How its files end."""
        ...

    def suits(self, model: Model) -> str | None:
        """Say why a model cannot be exported, or None."""
        ...

    def write(self, model: Model, path: Path) -> None:
        """Write a model to a file with a free batch axis and the model's own names. Raises ValueError."""
        ...


class Session(Protocol):
    """A model file, open to answer rows."""

    @property
    def inputs(self) -> tuple[Spec, ...]:
        """The arrays it takes."""
        ...

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """The arrays it gives."""
        ...

    def predict(self, inputs: Columns) -> dict[str, Array]:
        """Answer rows of named arrays; extra arrays are ignored. Raises ValueError when one is missing."""
        ...


class Runtime(Protocol):
    """What opens a model file."""

    @property
    def SUFFIX(self) -> str:
        """How the files that it opens end."""
        ...

    def open_model(self, path: Path, threads: int = 1, device: str = "cpu") -> Session:
        """Open a file. device: "cpu" or "gpu". Raises ValueError."""
        ...


class Runner(Protocol):
    """Where jobs run: a process on this machine, or nodes of a cluster."""

    @property
    def slots(self) -> int:
        """How many jobs run at once."""
        ...

    def call(self, function: str, /, *arguments: Any, report: Report = silent, **named: Any) -> Any:
        """Run "package.module:function" there and return its result."""
        ...
