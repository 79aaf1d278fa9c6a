"""The scores of a finalist on each of several series, and finalists that are refused before they are compared."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from minnow import modalities, tasks
from minnow.stages import exam
from minnow.stages.candidates import Incumbents
from minnow.stages.exam import LISTED_SERIES, series_scores
from minnow.types import Batch, Table


def scored(task, series, outputs, target, options):
    names = np.array(series)
    key = np.arange(len(names), dtype=np.uint64)
    labels = np.array(["off", "on"]) if task == "classify" else np.empty(0, str)
    batch = Batch({}, np.array(target), labels, task, key)
    modality = modalities.get("timeseries")
    options = modality.Options(target="y", **options)
    case = SimpleNamespace(modality=modality, options=options, measure=tasks.measure(task))
    test = Table({"row series": names}, key.astype(str), key)
    return series_scores(case, SimpleNamespace(outputs=outputs, batch=batch), test)


def forecasts(series, errors):
    outputs = {"value": np.array(errors, np.float64)}
    return scored("forecast", series, outputs, np.zeros(len(errors)), {"series": "shop", "horizon": 1})


def test_few_series_are_all_listed_with_their_rows():
    scores = forecasts(["b", "a", "b", "a", "b"], [1.0, 4.0, 2.0, 2.0, 3.0])
    assert {name: (one.value, one.n) for name, one in scores.scores.items()} == {"a": (3.0, 2), "b": (2.0, 3)}
    assert scores.is_whole
    assert (scores.count, scores.quantiles["min"], scores.quantiles["median"], scores.quantiles["max"]) == (
        2,
        2,
        2.5,
        3,
    )


def test_of_many_series_those_with_the_worst_scores_are_listed():
    names = [f"shop {i:02d}" for i in range(LISTED_SERIES + 10)]
    worst = forecasts(names, np.arange(len(names), dtype=float))
    assert sorted(worst.scores) == names[10:]
    assert (worst.count, worst.is_whole) == (len(names), False)
    right = np.eye(2)[[int(i >= 10) for i in range(len(names))]]
    worst = scored("classify", names, {"probabilities": right}, np.ones(len(names), np.int64), {"series": "shop"})
    assert set(names[:10]) <= set(worst.scores)


def test_a_single_series_has_no_scores_of_series():
    assert scored("forecast", ["a"], {"value": np.zeros(1)}, np.zeros(1), {"horizon": 1}) is None


def test_a_finalist_with_the_bytes_of_a_withdrawn_version_is_refused_without_a_look():
    bundle = SimpleNamespace(name="linear/float32", sha="abc", size_bytes=10)
    case = SimpleNamespace(name="digits", measure=tasks.measure("classify"))
    held = Incumbents(looks=3, withdrawn={"abc": "version 2, which was withdrawn on 2026-11-29 (labels of March)"})
    finalist: Any = SimpleNamespace(name=bundle.name, bundle=bundle)
    prepared: Any = None
    decision, _ = exam.examine(case, "cpu", [finalist], prepared, prepared, held)  # pyright: ignore[reportArgumentType]
    assert (decision.verdict, decision.promote, decision.looked, decision.looks) == ("refused", False, False, 3)
    assert decision.reasons == (
        "linear/float32 has the bytes of version 2, which was withdrawn on 2026-11-29 (labels of March). It is refused until "
        "data or settings give another model.",
    )
