"""A predictor: one bundle, open and proven, from a request's inputs to its answers."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from minnow import modalities, runtimes, tasks
from minnow.bundle import BundleError, open_bundle, sha256
from minnow.types import Outputs

TOLERANCE = 0.01
"""Largest difference from a golden answer, relative to its size where that is over one.

Other machines round otherwise, int8 most of all; a wrong model or a broken runtime is far outside.
"""


class Predictor:
    """Answers for one bundle. Safe to call from several threads at once."""

    def __init__(
        self,
        folder: Path,
        threads: int = 1,
        device: str = "cpu",
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        """Open a bundle and answer its golden rows.

        provenance: of its publication ("usecase", "version", "sha", "data_version", "code_version"), None for a bundle
        that was not published. Raises BundleError when a file is broken, the sha is another, or a golden answer is.
        """
        provenance = provenance or {}
        self.sha = sha256(folder)
        if provenance.get("sha", self.sha) != self.sha:
            raise BundleError(f"{folder} must have the sha {provenance['sha'][:12]}. Received: {self.sha[:12]}.")
        self.bundle = open_bundle(folder)
        try:
            self._open(threads, device)
            self.about = self._about(provenance)
        except BundleError:
            raise
        except Exception as error:  # whatever a broken file makes a reader raise: this bundle cannot be served
            raise BundleError(f"{folder} cannot be opened: {error}") from error
        self._prove()

    def _open(self, threads: int, device: str) -> None:
        schema = self.bundle.schema
        self.modality_name: str = schema["modality"]
        self.task_name: str = schema["task"]
        self.modality = modalities.get(self.modality_name)
        self.task = tasks.get(self.task_name)
        self.labels = self.bundle.labels
        self.encoder = self.modality.Encoder.load(self.bundle.folder)
        self.runner = runtimes.open_model(self.bundle.model_path, threads=threads, device=device)

    def _about(self, provenance: Mapping[str, Any]) -> dict[str, Any]:
        """What every answer says of its model."""
        schema = self.bundle.schema
        return {
            "model": {
                "usecase": provenance.get("usecase", schema["usecase"]),
                "family": schema["family"],
                "variant": schema["variant"],
                "version": provenance.get("version"),
                "sha": self.sha,
            },
            "data_version": provenance.get("data_version"),
            "code_version": provenance.get("code_version"),
        }

    def parse(self, inputs: list[Any]) -> dict[str, np.ndarray]:
        """Check a request's inputs and encode them. Raises ValueError that names the position and the reason."""
        return self.encoder.encode(self.modality.parse(inputs, self.encoder))

    def predict(self, rows: Mapping[str, np.ndarray]) -> Outputs:
        """Answer encoded rows with named arrays."""
        return self.encoder.decode(self.runner.predict(rows))

    def answer(self, inputs: list[Any], k: int | None = None) -> list[dict[str, Any]]:
        """Answer a request's inputs in order, JSON-ready.

        k: how many items a ranking lists, None for the task's own number. Raises ValueError for an input that the
        modality refuses.
        """
        rows = self.parse(inputs)
        return self.task.answers(self.predict(rows), self.labels, rows, k)

    @property
    def options(self) -> Any:
        """The modality's options that this bundle was made with: what its from_file reads by."""
        return self.modality.Options.model_validate(dict(self.bundle.schema["options"]))

    @property
    def request(self) -> dict[str, Any]:
        """JSON Schema of one input: the encoder's own, where inputs are not what the modality reads."""
        return getattr(self.encoder, "request", self.modality.REQUEST)

    @property
    def media(self) -> tuple[str, ...]:
        """Content types beside JSON that a body may have."""
        return getattr(self.encoder, "media", getattr(self.modality, "MEDIA", ()))

    @cached_property
    def example(self) -> Any:
        """One input that this predictor answers, for people to copy; None when none can be made up."""
        for candidate in _candidates(self):
            try:
                self.parse([candidate])
            except ValueError:
                continue
            return candidate
        return None

    def _prove(self) -> None:
        """Answer the golden rows, which also warms the runtime up. Raises BundleError."""
        try:
            rows, expected = self.bundle.golden()
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise BundleError(f"{self.bundle.folder} needs its golden answers: {error}") from error
        if not rows or not expected:
            raise BundleError(f"{self.bundle.folder} needs golden inputs and answers. Received: none.")
        try:
            received = self.runner.predict(rows)
        except ValueError as error:
            raise BundleError(f"{self.bundle.folder} cannot answer its golden rows: {error}") from error
        for name, value in expected.items():
            difference = _difference(value, received.get(name))
            if not difference <= TOLERANCE:
                raise BundleError(
                    f"{self.bundle.folder} must answer its golden rows within {TOLERANCE:g}. Received: '{name}' off by "
                    f"{difference:.3g}."
                )


def _candidates(predictor: Predictor) -> Iterator[Any]:
    """Make up inputs: the encoder's own, a word, then the first golden row in the units of a request."""
    if hasattr(predictor.encoder, "example"):
        yield predictor.encoder.example
    yield "example"
    rows, _ = predictor.bundle.golden()
    for value in rows.values():
        row = np.round(value[0] * getattr(predictor.encoder, "scale", 1), 3)
        row = row.astype(int) if np.array_equal(row, np.rint(row)) else row
        if row.ndim and row.shape[-1] == 1:
            yield row[..., 0].tolist()
        yield row.tolist()


def _difference(expected: np.ndarray, received: np.ndarray | None) -> float:
    """Greatest difference, relative where an answer is over one; infinite where the shapes differ."""
    if received is None or received.shape != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    wide = expected.astype(np.float64)
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN, and NaN is refused
        return float(np.max(np.abs(received - wide) / np.maximum(1.0, np.abs(wide))))
