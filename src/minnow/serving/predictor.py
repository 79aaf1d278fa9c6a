"""A predictor: an open and verified bundle, which turns the inputs of a request into answers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from minnow import modalities, runtimes, tasks
from minnow.contracts import FileLimits
from minnow.records import certificate
from minnow.records.bundle import BundleError, open_bundle
from minnow.records.files import sha256
from minnow.records.provenance import Provenance
from minnow.types import Outputs

TOLERANCE = 0.01
"""Largest difference from a golden answer, relative to its size where that is above 1.

Other machines round differently, int8 most of all; a wrong model or a broken runtime differs by far more.
"""


class InputError(ValueError):
    """Inputs of a request that the modality refuses; the message names the position and the reason."""


class Predictor:
    """Answers for one bundle. Safe to call from several threads at once."""

    def __init__(
        self, folder: Path, threads: int = 1, device: str = "cpu", provenance: Provenance | None = None
    ) -> None:
        """Open a bundle and answer its golden rows.

        provenance: of its publication, None for a bundle that was not published. Raises BundleError when a file is broken,
        or when the sha or a golden answer differs from the recorded one.
        """
        self.sha = sha256(folder)
        if provenance is not None and provenance.sha != self.sha:
            raise BundleError(f"{folder} must have the sha {provenance.sha[:12]}. Received: {self.sha[:12]}.")
        self.bundle = open_bundle(folder)
        try:
            self._open(threads, device)
        except BundleError:
            raise
        except Exception as error:  # whatever a broken file makes a reader raise: this bundle cannot be served
            raise BundleError(f"{folder} cannot be opened: {error}") from error
        self.about = self._about(provenance)
        self._verify()

    def _open(self, threads: int, device: str) -> None:
        schema = self.bundle.schema
        self.modality_name, self.task_name = schema.modality, schema.task
        self.modality = modalities.get(schema.modality)
        self.task = tasks.get(schema.task)
        self.labels = self.bundle.labels
        self.encoder = self.modality.load_encoder(self.bundle.folder)
        self.decide = tasks.decider(schema.task, schema.decision_rule, self.labels)
        self.session = runtimes.open_model(self.bundle.model_path, threads=threads, device=device)

    def _about(self, provenance: Provenance | None) -> dict[str, Any]:
        """Model (with the sha256 of its certificate, if it has one), data and code version, which every answer carries."""
        schema, files = self.bundle.schema, provenance.files if provenance else {}
        return {
            "model": {
                "usecase": provenance.usecase if provenance else schema.usecase,
                "family": schema.family,
                "variant": schema.variant,
                "version": provenance.version if provenance else None,
                "sha": self.sha,
                **({"certificate": files[certificate.FILE]} if certificate.FILE in files else {}),
            },
            "data_version": provenance.data_version if provenance else None,
            "code_version": provenance.code_version if provenance else None,
        }

    def predict(self, rows: Mapping[str, np.ndarray]) -> Outputs:
        """Run the model on encoded rows. Returns named arrays, in the units of the raw rows, with the labels that are taken."""
        return self.decide(self.encoder.decode(self.session.predict(rows)))

    def answer(self, inputs: list[Any], k: int | None = None) -> list[dict[str, Any]]:
        """Answer a request's inputs in order, JSON-ready, each with what the modality states about it, such as its time.

        An input may be the bytes of a body that is a file. k: how many items a ranking lists, None for the task's own number.
        Raises InputError for an input that the modality refuses.
        """
        try:
            if inputs and isinstance(inputs[0], bytes):
                inputs = self.modality.CAPABILITIES.from_bytes(inputs[0], self.encoder)
            columns = self.modality.parse(inputs, self.encoder)
            rows = self.encoder.encode(columns)
        except ValueError as error:
            raise InputError(str(error)) from error
        answers = self.task.answers(self.predict(rows), self.labels, rows, k)
        for name, values in self.modality.CAPABILITIES.about(columns, self.encoder).items():
            for answer, value in zip(answers, values, strict=True):
                answer[name] = value
        return answers

    def refusal(self, value: Any) -> str | None:
        """Why an input is refused; None for one that can be answered. It stands without a position, as it was asked alone."""
        try:
            self.encoder.encode(self.modality.parse([value], self.encoder))
        except ValueError as error:
            return str(error).removeprefix("inputs[0]: ")
        return None

    @property
    def options(self) -> Any:
        """The modality's options that this bundle was made with; its from_file reads files by them."""
        return self.modality.Options.read(self.bundle.schema.options)

    @property
    def request(self) -> Mapping[str, Any]:
        """JSON Schema of one input."""
        return self.modality.request(self.encoder)

    @property
    def media(self) -> tuple[str, ...]:
        """Content types that a body may have besides JSON."""
        return self.modality.CAPABILITIES.media(self.encoder)

    def holds_files(self, inputs: Sequence[Any]) -> bool:
        """Whether inputs of a request are files, which take long to decode: base64 in JSON, or bytes for a whole body."""
        return bool(self.media) and any(isinstance(value, str | bytes) for value in inputs)

    def check_files(self, inputs: Sequence[Any], limits: FileLimits) -> None:
        """Check the headers of the files of a request before anything is decoded. Raises InputError."""
        files = {name: data for name, data in self._files(inputs) if data is not None}
        try:
            self.modality.CAPABILITIES.check_files(files, self.encoder, limits)
        except ValueError as error:
            raise InputError(str(error)) from error

    def _files(self, inputs: Sequence[Any]) -> Iterator[tuple[str, bytes | None]]:
        for i, value in enumerate(inputs):
            if isinstance(value, bytes):
                yield "The body", value
                continue
            with suppress(ValueError):  # answer says what is wrong with it
                yield f"inputs[{i}]", self.modality.CAPABILITIES.file_of(value)

    @cached_property
    def example(self) -> Any:
        """An input that this predictor can answer, for people to copy; None where none can be constructed."""
        rows, _ = self.bundle.golden()
        return self.modality.example(self.encoder, rows)

    def _verify(self) -> None:
        """Compare the answers to the golden rows with the recorded ones; this also warms up the runtime. Raises BundleError."""
        folder = self.bundle.folder
        try:
            rows, expected = self.bundle.golden()
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise BundleError(f"{folder} needs its golden answers: {error}") from error
        if not rows or not expected:
            raise BundleError(f"{folder} needs golden inputs and answers. Received: none.")
        try:
            answers = self.session.predict(rows)
        except ValueError as error:
            raise BundleError(f"{folder} cannot answer its golden rows: {error}") from error
        for name, value in expected.items():
            difference = _difference(value, answers.get(name))
            if not difference <= TOLERANCE:
                raise BundleError(
                    f"{folder} must answer its golden rows within {TOLERANCE:g}. Received: '{name}' off by {difference:.3g}."
                )


def _difference(expected: np.ndarray, received: np.ndarray | None) -> float:
    """Largest difference, relative where an answer is above 1; infinite where the shapes differ."""
    if received is None or received.shape != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    wide = expected.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity minus infinity is NaN, and NaN is refused
        return float(np.max(np.abs(received - wide) / np.maximum(1.0, np.abs(wide))))
