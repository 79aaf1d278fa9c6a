"""That BentoML's private names are as stores/bento.py takes them to be."""

from __future__ import annotations

import importlib.metadata
import inspect

import pytest

from minnow.stores import bento

# 2026-11: bentoml 1.4.39 asks pathspec for a pattern by its old name
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern:DeprecationWarning")
MOVED = (
    f"bentoml {importlib.metadata.version('bentoml')} differs from {bento.CHECKED_WITH}, which minnow/stores/bento.py was "
    "checked with: {}. Look it up in the installed bentoml/_internal, follow it in stores/bento.py and set CHECKED_WITH, or "
    "hold bentoml back in pyproject.toml."
)


def test_the_home_of_the_process_is_where_its_container_says(monkeypatch, tmp_path):
    try:
        from bentoml._internal.configuration.containers import BentoMLContainer
    except ImportError as error:
        pytest.fail(MOVED.format(f"the container has moved ({error})"))
    assert hasattr(BentoMLContainer, "bentoml_home"), MOVED.format("the container has no bentoml_home")
    assert bento.home().is_absolute(), MOVED.format("bentoml_home is no path")


def test_a_model_is_written_to_a_store_of_its_own(tmp_path):
    try:
        from bentoml._internal.models import ModelStore  # noqa: F401
    except ImportError as error:
        pytest.fail(MOVED.format(f"ModelStore has moved ({error})"))
    import bentoml.models

    named = inspect.signature(bentoml.models.create).parameters
    assert "_model_store" in named, MOVED.format("bentoml.models.create takes no _model_store")
    with bento.created("minnow-digits:v1-1", tmp_path, {"a": "b"}, {"n": 1}) as folder:
        (folder / "file").write_text("here")
    written = [path.parent for path in tmp_path.rglob("file")]
    assert written == [tmp_path / "minnow-digits" / "v1-1"], MOVED.format("models are written elsewhere")


def test_the_switch_against_usage_reports_is_read_again(monkeypatch):
    try:
        from bentoml._internal.utils.analytics import usage_stats
    except ImportError as error:
        pytest.fail(MOVED.format(f"usage_stats has moved ({error})"))
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "False")
    bento.read_switches_again()
    assert usage_stats.do_not_track() is False, MOVED.format("do_not_track reads another switch")
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "True")
    bento.read_switches_again()
    assert usage_stats.do_not_track() is True, MOVED.format("do_not_track is not read again")
