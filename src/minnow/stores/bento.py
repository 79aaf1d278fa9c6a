"""The private names of BentoML that Minnow uses; tests/stores/test_bento.py fails when they change.

Everything else of BentoML is used by its public names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CHECKED_WITH = "1.4.39"


def home() -> Path:
    """The home of this BentoML process, where `bentoml build` looks for models. BentoML has no public name for it."""
    from bentoml._internal.configuration.containers import BentoMLContainer

    return Path(BentoMLContainer.bentoml_home.get())


@contextmanager
def created(tag: str, folder: Path, labels: Mapping[str, str], metadata: Mapping[str, str | int]) -> Iterator[Path]:
    """Write a model to a separate store in a folder. Yields the folder for the model's files.

    The public create() saves to the store of the process, file by file, so that others can read a half-written model.
    """
    import bentoml.models
    from bentoml._internal.models import ModelStore

    store = ModelStore(folder)
    with bentoml.models.create(tag, labels=dict(labels), metadata=dict(metadata), _model_store=store) as model:
        yield Path(model.path)


def read_switches_again() -> None:
    """Make BentoML read BENTOML_DO_NOT_TRACK again: its command reads and caches it before Minnow sets it."""
    from bentoml._internal.utils.analytics import usage_stats

    usage_stats.do_not_track.cache_clear()
