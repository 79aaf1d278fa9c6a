"""What families report of val: the first measure of the task, in the units of the answer, whatever they minimize."""

import numpy as np
import pytest
import tiny

from minnow import families, tasks
from minnow.families import _progress
from minnow.families._trees.model import TreeModel
from minnow.measures import scores

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
CASES = [
    ("linear", "tabular", "regress", {}),
    ("linear", "text", "classify", {}),
    ("gboost", "tabular", "regress", {"n_bags": 2, "feature_share": 0.5}),
    ("gboost", "tabular", "classify", {}),
    ("forest", "timeseries", "forecast", {"trees": 10}),
    ("fcnn", "tabular", "regress", {"epochs": 3, "loss": "mse", "average": None}),
    ("fcnn", "tabular", "classify", {"epochs": 3, "label_smoothing": 0.2, "average": None}),
    ("recommender", "interactions", "rate", {"epochs": 3, "l2": 0.1, "average": None}),
    ("neighbours", "interactions", "rank", {}),
    ("content", "interactions", "rank", {}),
]


@pytest.mark.parametrize(("name", "modality", "task", "params"), CASES, ids=lambda value: str(value)[:12])
def test_the_last_report_has_the_first_measure_of_the_task_as_the_model_reaches_it(name, modality, task, params):
    train, val = tiny.splits(modality, task)
    events, measure = [], tasks.get(task).MEASURES[0]
    checked = families.get(name).Params.model_validate(params)
    model = families.fit(name, train, val, checked, seed=3, report=lambda *event: events.append(event))
    step, steps, metrics = events[-1]
    assert step == steps
    reached = scores.score(measure, model.predict(val.inputs), val).value
    assert metrics[f"val_{measure.name}"] == pytest.approx(reached, rel=0.02)


@pytest.mark.parametrize("name", ["gboost", "forest"])
def test_trees_predict_few_rows_of_val_for_a_report_alone(name, monkeypatch):
    monkeypatch.setattr(_progress, "_ENOUGH_ROWS", 7)
    predicted, predict = [], TreeModel.predict
    monkeypatch.setattr(TreeModel, "predict", lambda self, inputs: predicted.append(inputs) or predict(self, inputs))
    train, val = tiny.splits("tabular", "classify")
    family, events = families.get(name), []
    model = family.fit(train, val, family.Params(temperature=1.0), seed=3, report=lambda *event: events.append(event))
    assert [len(inputs["numbers"]) for inputs in predicted] == [7] < [len(val)]
    few = val.take(np.linspace(0, len(val) - 1, 7).astype(int))
    reached = scores.score(tasks.get("classify").MEASURES[0], model.predict(few.inputs), few).value
    assert events[-1][2]["val_accuracy"] == pytest.approx(reached)
