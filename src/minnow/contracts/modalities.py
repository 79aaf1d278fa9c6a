"""Protocols of modalities and encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from minnow.contracts.parameters import RowOptions
from minnow.types import Array, Columns, Expectation, KeyRule, Outputs, Reading, Sources, Spec, Table


class Encoder(Protocol):
    """Converts examples to named arrays, in training and in serving. Subclasses inherit the defaults."""

    @property
    def outputs(self) -> tuple[Spec, ...]:
        """Arrays that encode returns for the rows of a request."""
        ...

    @property
    def cardinalities(self) -> Mapping[str, int]:
        """Number of different ids of each array of ids."""
        return {}

    @property
    def sources(self) -> Sources:
        """What the numbers of arrays are made of, by the columns of the user's files."""
        return {}

    def encode(self, columns: Columns) -> dict[str, Array]:
        """Encode examples, each column (n, ...). Raises ValueError for a missing column or a column of another kind."""
        ...

    def encode_train(self, columns: Columns) -> tuple[dict[str, Array], Array | None]:
        """Encode the rows that it was fitted to. Returns arrays, and sample weights (n,) float32 or None for equal weights.

        Differs from encode where statistics of train would leak a row's own target.
        """
        return self.encode(columns), None

    def decode(self, outputs: Outputs) -> Outputs:
        """Convert a model's outputs to the units of the raw rows."""
        return outputs

    def save(self, folder: Path) -> None:
        """Write encoder.json, and encoder.npz if it has arrays."""
        ...


class Located:
    """Base class of inputs from a file that know where they stand. where: file and line, such as "rows.csv:17"."""

    where: str


@dataclass(frozen=True)
class FileLimits:
    """What the headers of a request's files may state. A file of few bytes may hold far more than it shows.

    pixels: of all pictures of a request together; seconds: of each sound.
    """

    pixels: int = 16_000_000
    seconds: float = 600.0


def _unchecked(files: Mapping[str, bytes], encoder: Any, limits: FileLimits) -> None:
    return


def _no_media(data: bytes, encoder: Any) -> list[Any]:
    raise ValueError("This use case takes JSON. Received: another kind of body.")


@dataclass(frozen=True)
class ModalityCapabilities:
    """Optional abilities; the defaults are for modalities without them.

    features: (columns, options) -> names of the flat columns that are features of their own.
    baselines: (train, labels, options) -> name -> (rows) -> predictions without a model.
    classes: (labels, train, options) -> labels, including known ones that do not occur in train.
    label_features: (train, labels, options) -> features of the labels that need no model, each (k, ...).
    refuses: (options, task) -> why the options do not suit the task, or None.
    media: (encoder) -> content types of a request's body that are supported besides JSON.
    from_bytes: (body, encoder) -> inputs for parse. Raises ValueError.
    file_of: (input of a request) -> the bytes of the file that it holds, None for an input without one. Raises ValueError.
    check_files: (name of the input -> bytes of its file, encoder, limits) reads the headers of files before they are decoded.
        Raises ValueError with the name and the limit for a file that is too large, or that this encoder cannot use.
    series_column: (options) -> name of the column of examples that names the series of each row, for scores of each series;
        None where rows are not of several series.
    about: (columns of parse, encoder) -> facts that each answer carries besides the prediction, such as the time that it is
        for: name -> values (n,), JSON-ready.
    unknown: (encoded rows, encoder) -> the share of each row's words that the encoder does not know, (n,) float64; None where
        rows have no words, or what is unknown is read otherwise.
    rewritten: (encoder, how the files are written today, columns of examples) -> the column whose cells the encoder would not
        read in a file or request that is written so; None where there is none.
    """

    features: Callable[[Columns, Any], list[str]] = lambda columns, options: []
    baselines: Callable[[Table, Array, Any], Mapping[str, Callable[[Table], Array]]] = lambda train, labels, options: {}
    classes: Callable[[Array, Table, Any], Array] = lambda labels, train, options: labels
    label_features: Callable[[Table, Array, Any], dict[str, Array]] = lambda train, labels, options: {}
    refuses: Callable[[Any, str], str | None] = lambda options, task: None
    media: Callable[[Any], tuple[str, ...]] = lambda encoder: ()
    from_bytes: Callable[[bytes, Any], list[Any]] = _no_media
    file_of: Callable[[Any], bytes | None] = lambda value: None
    check_files: Callable[[Mapping[str, bytes], Any, FileLimits], None] = _unchecked
    series_column: Callable[[Any], str | None] = lambda options: None
    about: Callable[[Columns, Any], Mapping[str, Sequence[Any]]] = lambda columns, encoder: {}
    unknown: Callable[[Columns, Any], Array | None] = lambda inputs, encoder: None
    rewritten: Callable[[Any, Reading, Columns], str | None] = lambda encoder, reading, columns: None


class Modality(Protocol):
    """A kind of rows: reads them from files and requests, describes and encodes them."""

    @property
    def CAPABILITIES(self) -> ModalityCapabilities:
        """Optional abilities."""
        ...

    @property
    def Options(self) -> type[RowOptions]:
        """Class of `options` of a use case in params.yaml."""
        ...

    def target(self, options: Any) -> str:
        """Return the name of the target column."""
        ...

    def time_column(self, options: Any) -> str | None:
        """Return the name of the column of times by which rows are split; None where the split does not follow time.

        For several series in one table it holds the share of a series' rows that are before each row, so that the latest rows
        of each series are test.
        """
        ...

    def read(self, folder: Path, options: Any, keys: KeyRule | None = None) -> Table:
        """Read a folder or a file of raw rows.

        keys: what keys are made of, as recorded; None makes them of what is read. Raises FileError, a ValueError, and
        KeyRuleError where keys cannot be made so any more.
        """
        ...

    def describe(self, table: Table, options: Any) -> dict[str, Array]:
        """Return the flat columns that expectations check, (n,) each."""
        ...

    def expectations(self, options: Any, table: Table, task: str) -> list[Expectation]:
        """List the expectations that raw rows must meet. Raises ValueError."""
        ...

    def examples(self, table: Table, options: Any) -> Table:
        """Convert raw rows to examples; one prediction is made for each example."""
        ...

    def fit_encoder(self, table: Table, labels: Array, options: Any) -> Encoder:
        """Fit an encoder to the examples of train. labels: (k,) str."""
        ...

    def load_encoder(self, folder: Path) -> Encoder:
        """Read an encoder that save wrote, in this version or an older one."""
        ...

    def request(self, encoder: Any) -> Mapping[str, Any]:
        """JSON Schema of one input of a request."""
        ...

    def example(self, encoder: Any, rows: Columns) -> Any:
        """Return a valid input for the documentation of the service; None where there is none. rows: encoded rows."""
        ...

    def parse(self, inputs: Sequence[Any], encoder: Any) -> dict[str, Array]:
        """Check the inputs of a request and convert them to columns. Raises ValueError with the position of the input."""
        ...

    def from_file(self, path: Path, options: Any, encoder: Any) -> Iterable[Any]:
        """Read inputs for a prediction from a file, as the encoder's training rows were read.

        Inputs come one by one, so that a file may be larger than memory. Those with a file and line of their own are Located.
        Raises FileError, a ValueError, here or while inputs are taken.
        """
        ...
