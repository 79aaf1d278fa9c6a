"""What rows mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.parameters import RowOptions
from minnow.types import Array, Columns, Expectation, Outputs, Spec, Table


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
