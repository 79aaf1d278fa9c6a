"""Files of answers: JSON as the service writes it, JSON lines, CSV and Parquet, each written piece by piece."""

from __future__ import annotations

import csv
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from minnow.cli.app import fail

Answer = Mapping[str, Any]
"""One answer of a task, JSON-ready."""
Row = dict[str, Any]
ROW, RANK = "row", "rank"
"""Columns of a file of answers: the file and line of the input; the place in a ranking, from 1."""


class Writer(Protocol):
    """Writes answers in the order of the inputs. places: file and line of each input; None stands for a skipped input."""

    def write(self, places: Sequence[str], answers: Sequence[Answer | None]) -> None:
        """Write some answers."""
        ...

    def close(self) -> None:
        """Complete the file."""
        ...


class Document:
    """One JSON document: {"answers": [...]} with what is known of the model after them. A skipped input has null."""

    def __init__(self, stream: IO[str], about: Mapping[str, Any]) -> None:
        """about: model, data and code version."""
        self._stream, self._about, self._any = stream, about, False

    def write(self, places: Sequence[str], answers: Sequence[Answer | None]) -> None:
        """Write some answers. places are not written: an answer has the position of its input."""
        for answer in answers:
            self._stream.write(",\n" if self._any else '{\n  "answers": [\n')
            self._stream.write(textwrap.indent(json.dumps(answer, indent=2), "    "))
            self._any = True
        self._stream.flush()

    def close(self) -> None:
        """Write the end of the document."""
        end = "\n  ]" if self._any else '{\n  "answers": []'
        self._stream.write(f"{end},{json.dumps(self._about, indent=2)[1:]}\n")


class Lines:
    """JSON lines: one answer with its row each."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, places: Sequence[str], answers: Sequence[Answer | None]) -> None:
        """Write some answers; skipped inputs have no line."""
        for place, answer in zip(places, answers, strict=True):
            if answer is not None:
                self._stream.write(json.dumps({ROW: place, **answer}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Csv:
    """CSV with a line per answer, or per item of a ranking."""

    def __init__(self, stream: IO[str], labels: Sequence[str]) -> None:
        """labels: the names of the answers, in the order of the columns of their probabilities."""
        self._stream, self._labels = stream, labels
        self._writer: csv.DictWriter[str] | None = None

    def write(self, places: Sequence[str], answers: Sequence[Answer | None]) -> None:
        """Write some answers; skipped inputs have no line. Raises ValueError for answers that are not flat."""
        rows = flat_rows(places, answers, self._labels)
        if rows and self._writer is None:
            self._writer = csv.DictWriter(self._stream, list(rows[0]), lineterminator="\n")
            self._writer.writeheader()
        if self._writer:
            self._writer.writerows(rows)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


class Parquet:
    """Parquet with a row per answer, or per item of a ranking."""

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        """labels: as for CSV."""
        self._path, self._labels = path, labels
        self._writer: Any = None

    def write(self, places: Sequence[str], answers: Sequence[Answer | None]) -> None:
        """Write some answers; skipped inputs have no row. Raises ValueError for answers that are not flat."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = flat_rows(places, answers, self._labels)
        if rows and self._writer is None:
            self._writer = pq.ParquetWriter(self._path, _schema(pa.Table.from_pylist(rows).schema))
        if rows:
            self._writer.write_table(pa.Table.from_pylist(rows, self._writer.schema))

    def close(self) -> None:
        """Write the end of the file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        writer = self._writer or pq.ParquetWriter(self._path, pa.schema({ROW: pa.string()}))
        writer.close()


def _schema(schema: Any) -> Any:
    """Columns without a value in the first rows are numbers: probabilities of labels that are not listed."""
    import pyarrow as pa

    return pa.schema([pa.field(one.name, pa.float64()) if pa.types.is_null(one.type) else one for one in schema])


def flat_rows(places: Sequence[str], answers: Sequence[Answer | None], labels: Sequence[str]) -> list[Row]:
    """Rows of a table of answers, all with the same columns.

    The first column is the row of the input. A field of one value is a column; one of values by label, such as probabilities,
    has a column for each label. Lists, such as the items of a ranking and their scores, take a row for each element, with its
    rank; an empty ranking has one row. Raises ValueError for lists of lists.
    """
    return [
        row
        for place, answer in zip(places, answers, strict=True)
        if answer is not None
        for row in _rows_of(place, answer, labels)
    ]


def _rows_of(place: str, answer: Answer, labels: Sequence[str]) -> Iterator[Row]:
    lists = {name: value for name, value in answer.items() if isinstance(value, list)}
    nested = [name for name, value in lists.items() if any(isinstance(item, list | dict) for item in value)]
    if nested:
        raise ValueError(
            f"--output needs .jsonl for this use case, since '{nested[0]}' of an answer is no single value."
        )
    length = max(map(len, lists.values()), default=0)
    for index in range(max(length, 1)):
        row: Row = {ROW: place} | ({RANK: index + 1 if length else None} if lists else {})
        for name, value in answer.items():
            if name in lists:
                row[name] = value[index] if index < len(value) else None
            elif isinstance(value, dict):
                row |= {f"{name}.{label}": value.get(label) for label in labels}
            else:
                row[name] = value
        yield row


SUFFIXES: Mapping[str, Callable[[Path, Sequence[str]], Writer]] = {
    ".csv": lambda path, labels: Csv(_text(path), labels),
    ".jsonl": lambda path, labels: Lines(_text(path)),
    ".parquet": Parquet,
}
"""Endings of files of answers."""


def _text(path: Path) -> IO[str]:
    return path.open("w", encoding="utf-8", newline="")


def check(output: Path, file: Path) -> None:
    """End the command for a file of answers that cannot be written. file: of inputs."""
    if output.suffix.lower() not in SUFFIXES:
        raise fail(f"--output must end with {', '.join(SUFFIXES)}. Received: {output}.")
    if output.exists() and output.resolve() == file.resolve():
        raise fail(f"--output must not be the file of inputs. Received: {output}.")


@contextmanager
def opened(output: Path, labels: Sequence[str]) -> Iterator[Writer]:
    """Open a file of answers. It is written beside its place and moved there once it is whole; after an error there is none."""
    part = output.with_name(f"{output.name}.part")
    writer = SUFFIXES[output.suffix.lower()](part, labels)
    try:
        yield writer
        writer.close()
        part.replace(output)
    finally:
        writer.close()
        part.unlink(missing_ok=True)
