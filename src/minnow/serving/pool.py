"""The model pool: one loaded model per use case, replaced when a newer one is published."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from minnow.records.bundle import BundleError
from minnow.serving.predictor import Predictor
from minnow.stores.models import Published

logger = logging.getLogger("minnow.serving")


@dataclass(frozen=True)
class LoadedModel:
    """One use case's predictor. lock: taken by large requests, so that they run one at a time and leave threads free."""

    tag: str
    predictor: Predictor
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ModelPool:
    """The models that are served.

    models: use case -> loaded model. refused: use case -> why its newest model is not served. retired: use cases whose
    champion was taken away.
    All are replaced as a whole and never changed, so that a request sees one state.
    """

    def __init__(
        self,
        source: Callable[[], list[Published]],
        threads: int = 1,
        device: str = "cpu",
        retired: Callable[[], list[str]] = list,
    ) -> None:
        """source: lists the newest model of every use case. threads, device: of one inference. retired: lists use cases."""
        self.models: dict[str, LoadedModel] = {}
        self.refused: dict[str, str] = {}
        self.retired: frozenset[str] = frozenset()
        self._source = source
        self._list_retired = retired
        self._threads = threads
        self._device = device
        self._lock = threading.Lock()
        self._complaint = ""

    def refresh(self) -> bool:
        """Load the newest models. Where one cannot be opened and verified, the model before it keeps serving.

        A refused model is tried again at each refresh, since it may still be being copied. A use case that is gone from the
        store keeps its last model, since a store may be unmounted for a while; only one that the store calls retired is
        unloaded. Returns whether any model was replaced or unloaded.
        """
        with self._lock:
            try:
                published, retired = self._source(), self._list_retired()
            except (OSError, ValueError) as error:
                self._complain(f"The model store cannot be read: {error}. The loaded models keep serving.")
                return False
            self._complaint = ""
            unloaded = self._unload(retired)
            swapped = [self._load(model) for model in published]
            return any(swapped) or unloaded

    def _unload(self, retired: list[str]) -> bool:
        """Stop serving what was retired. Returns whether a model was loaded of it."""
        self.retired = frozenset(retired)
        loaded = sorted(self.retired & self.models.keys())
        self.models = {usecase: model for usecase, model in self.models.items() if usecase not in self.retired}
        for usecase in retired:
            self._accept(usecase)
        for usecase in loaded:
            logger.info("%s is retired. Nothing of it is served any more.", usecase)
        return bool(loaded)

    def _load(self, model: Published) -> bool:
        usecase = model.usecase
        loaded = self.models.get(usecase)
        if loaded is not None and loaded.tag == model.tag:
            self._accept(usecase)
            return False
        try:
            predictor = Predictor(model.bundle, self._threads, self._device, model.provenance)
        except (BundleError, OSError) as error:
            self._refuse(model, str(error))
            return False
        self.models = self.models | {usecase: LoadedModel(model.tag, predictor)}
        self._accept(usecase)
        logger.info("Serving %s, sha %s.", model.tag, predictor.sha[:12])
        return True

    def _accept(self, usecase: str) -> None:
        if usecase in self.refused:
            self.refused = {name: reason for name, reason in self.refused.items() if name != usecase}

    def _refuse(self, model: Published, reason: str) -> None:
        reason = f"{model.tag} is not served: {reason}"
        if self.refused.get(model.usecase) == reason:
            return
        self.refused = self.refused | {model.usecase: reason}
        loaded = self.models.get(model.usecase)
        logger.error("%s Still serving: %s.", reason, loaded.tag if loaded else "nothing")

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            logger.error(complaint)
