"""The command `minnow predict`: answers a file of inputs piece by piece, so that it may be larger than memory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from minnow.cli import answers
from minnow.cli.answers import Answer, Document, Writer
from minnow.cli.app import exit_on, fail
from minnow.runners.interruption import described

if TYPE_CHECKING:
    from minnow.serving.predictor import Predictor

BATCH = 1000
"""Number of inputs that are read, answered and written together."""
_SHOWN = 5


def predict(
    usecase: Annotated[str, typer.Argument(help="Use case with a published champion.")],
    file: Annotated[Path, typer.Argument(help="File of inputs: JSON, or a format that the modality reads.")],
    k: Annotated[int | None, typer.Option(help="Number of items that a ranking lists.")] = None,
    output: Annotated[Path | None, typer.Option(help="File of answers to write: .csv, .jsonl or .parquet.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip inputs that cannot be read, and count them.")
    ] = False,
) -> None:
    """Predict the inputs of a file with the champion.

    The answers are the same as those of the service. They are printed as JSON, or written to a file. Files of rows may be
    larger than memory. An input that cannot be read ends the command, unless --skip-bad is given. The champion for cpu is used.
    """
    from minnow.records.bundle import BundleError
    from minnow.registry import unknown
    from minnow.serving.predictor import Predictor
    from minnow.stores import models

    if output:
        answers.check(output, file)
    published = models.newest(usecase) if usecase in models.usecases() else None
    if published is None:
        raise fail(unknown("published use case", usecase, models.usecases()))
    left = f"{output} was not written." if output else "The answers printed so far are no whole document."
    with described(lambda: left), exit_on(BundleError, OSError, ValueError):
        predictor = Predictor(published.bundle, provenance=published.provenance)
        run = Run(predictor, file.name, k, skip_bad)
        inputs = predictor.modality.from_file(file, predictor.options, predictor.encoder)
        with _writer(output, predictor) as writer, Progress(sys.stderr) as progress:
            for places, part in run.answered(inputs):
                writer.write(places, part)
                progress.show(run.read)
            if not run.read:
                raise ValueError(f"{file} must hold inputs. It holds none.")
            if output is None:
                writer.close()
    _report(run, output)


def _writer(output: Path | None, predictor: Predictor) -> AbstractContextManager[Writer]:
    if output is None:
        return nullcontext(Document(sys.stdout, predictor.about))
    return answers.opened(output, [str(label) for label in predictor.labels])


def _report(run: Run, output: Path | None) -> None:
    """Say on stderr how many inputs were answered, where that is not to be seen, and which were skipped."""
    if output is not None:
        typer.echo(f"{run.read - run.skipped:,} inputs answered: {output}", err=True)
    if run.skipped:
        more = f"\n  and {run.skipped - len(run.problems):,} more" if run.skipped > len(run.problems) else ""
        listed = "".join(f"\n  {problem}" for problem in run.problems)
        typer.echo(f"{run.skipped:,} inputs skipped:{listed}{more}", err=True)


@dataclass
class Run:
    """The inputs of one file, answered in batches.

    file: its name; k: number of items that a ranking lists. read, skipped: number of inputs so far; problems: what was wrong
    with the first skipped ones.
    """

    predictor: Predictor
    file: str
    k: int | None = None
    skip_bad: bool = False
    read: int = 0
    skipped: int = 0
    problems: list[str] = field(default_factory=list[str])

    def answered(self, inputs: Iterable[Any]) -> Iterator[tuple[list[str], list[Answer | None]]]:
        """Answer inputs as they come: the places and the answers of one batch at a time, None for a skipped input.

        Raises ValueError with the place of an input that cannot be read, unless they are skipped.
        """
        remaining = iter(inputs)
        while batch := list(islice(remaining, BATCH)):
            places = [self._place(value, number) for number, value in enumerate(batch, self.read + 1)]
            found = self._answers(batch, places)
            self.read += len(batch)
            yield places, found

    def _place(self, value: Any, number: int) -> str:
        from minnow.contracts import Located

        return value.where if isinstance(value, Located) else f"{self.file}, input {number}"

    def _answers(self, batch: list[Any], places: list[str]) -> list[Answer | None]:
        try:
            return list(self.predictor.answer(batch, self.k))
        except ValueError:
            problems = [self.predictor.refusal(value) for value in batch]
            if not any(problems):
                raise
        texts = {i: _text(problem, places[i]) for i, problem in enumerate(problems) if problem}
        if not self.skip_bad:
            raise ValueError(f"{next(iter(texts.values()))} Correct it, or skip such inputs with --skip-bad.")
        self.skipped += len(texts)
        self.problems += list(texts.values())[: _SHOWN - len(self.problems)]
        good = [value for i, value in enumerate(batch) if i not in texts]
        found = iter(self.predictor.answer(good, self.k) if good else [])
        return [None if i in texts else next(found) for i in range(len(batch))]


def _text(problem: str, place: str) -> str:
    """What is wrong with an input, with its place, which inputs of files name themselves."""
    return problem if problem.startswith(place) else f"{place}: {problem}"


class Progress:
    """Says how many inputs were read: steadily on a terminal, else only now and then in what takes long."""

    EVERY_S, RARELY_S = 0.2, 30.0

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._terminal = stream, stream.isatty()
        self._last, self._shown = time.monotonic(), False

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        """Clear the line of the terminal."""
        if self._shown and self._terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, count: int) -> None:
        """Say how many inputs were read so far, if it is time."""
        now = time.monotonic()
        if now - self._last < (self.EVERY_S if self._terminal else self.RARELY_S):
            return
        self._last, self._shown = now, True
        self._stream.write(f"\r{count:,} inputs" if self._terminal else f"{count:,} inputs so far\n")
        self._stream.flush()
