"""What Minnow needs of BentoML that BentoML keeps private; tests/stores/test_bento.py fails when it moves.

Everything else of BentoML is used by its public names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

CHECKED_WITH = "1.4.39"


def home() -> Path:
    """The home of this BentoML process, where `bentoml build` looks for models. No public name tells it."""
    from bentoml._internal.configuration.containers import BentoMLContainer

    return Path(BentoMLContainer.bentoml_home.get())


@contextmanager
def created(tag: str, folder: Path, labels: Mapping[str, str], metadata: Mapping[str, str | int]) -> Iterator[Path]:
    """Write a model to a store of its own under a folder; yields where its files belong.

    The public create() saves to the process's store, file by file, where a half-written model can be seen.
    """
    import bentoml.models
    from bentoml._internal.models import ModelStore

    store = ModelStore(folder)
    with bentoml.models.create(tag, labels=dict(labels), metadata=dict(metadata), _model_store=store) as model:
        yield Path(model.path)


def read_switches_again() -> None:
    """Let BentoML read BENTOML_DO_NOT_TRACK again: its command asked before Minnow had set it, and kept the answer."""
    from bentoml._internal.utils.analytics import usage_stats

    usage_stats.do_not_track.cache_clear()
