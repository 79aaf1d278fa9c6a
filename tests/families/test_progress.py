"""What families report of val: the first measure of the task, in the units of the answer, whatever they minimize."""

import pytest
import tiny

from minnow import families, tasks
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
