"""The measure of a use case: how it is written, what is refused, and that it decides through all stages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import standins
from sklearn.metrics import roc_auc_score
from standins import here, prepared_of

from minnow import config
from minnow.catalog import catalog
from minnow.config import ConfigError
from minnow.records.bundle import open_bundle
from minnow.stages import compress, crossval, evaluate, finalists, incumbents, train
from minnow.stages.batches import read_batch
from minnow.stages.validate import DataError

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
ENTRY = """
usecases:
  first:
    modality: tabular
    task: {task}
    measure: {measure}
    data: first
    options: {{target: kind}}
    families: [linear]
"""


def loaded(folder, measure, task="classify"):
    (folder / "params.yaml").write_text(ENTRY.format(task=task, measure=measure))
    return config.load(folder / "params.yaml", catalog()).entry("first")


@pytest.mark.parametrize(
    ("written", "task", "name"),
    [
        ("auc", "classify", "auc"),
        ("{name: average_precision, positive: yes}", "classify", "average_precision@yes"),
        ("{name: average_precision, positive: 1}", "classify", "average_precision@1"),
        ("average_precision", "classify", "average_precision"),
        ("{name: f1, positive: yes}", "classify", "f1@yes"),
        ("{name: f1, positive: 1}", "classify", "f1@1"),
        (
            "{name: cost, costs: {yes: {no: 5}, no: {yes: 0.5}}}",
            "classify",
            'cost@{"no": {"yes": 0.5}, "yes": {"no": 5.0}}',
        ),
        ("{name: cost, costs: {0: {1: 1}, 1: {0: 2}}}", "classify", 'cost@{"0": {"1": 1.0}, "1": {"0": 2.0}}'),
        ("{name: pinball, quantile: 0.90}", "regress", "pinball@0.9"),
        ("rmse", "regress", "rmse"),
        ("null", "regress", ""),
    ],
)
def test_a_measure_is_a_name_or_a_name_with_its_parameter(written, task, name, tmp_path):
    assert loaded(tmp_path, written, task).measure_name == name


@pytest.mark.parametrize(
    ("written", "task", "message"),
    [
        ("acuracy", "classify", r"usecases.first.measure: No measure of 'classify' 'acuracy'. Did you mean 'accuracy'"),
        ("auc", "regress", "usecases.first.measure: No measure of 'regress' 'auc'"),
        ("pinball", "regress", "pinball needs a quantile"),
        ("{name: pinball, quantile: 1.5}", "regress", "usecases.first.measure.quantile"),
        ("{name: mae, quantile: 0.5}", "regress", "quantile goes with pinball"),
        ("{name: auc, positive: yes}", "classify", "positive goes with average_precision"),
        ("{name: auc, of: yes}", "classify", "usecases.first.measure.of"),
        (
            "f1",
            "classify",
            r"usecases.first.measure: f1 needs the class that it is of, such as \{name: f1, positive: yes\}",
        ),
        ("{name: f1, positive: yes}", "regress", "usecases.first.measure: No measure of 'regress' 'f1@yes'"),
        ("cost", "classify", "usecases.first.measure: cost needs costs, such as"),
        ("{name: f1, costs: {a: {b: 1}, b: {a: 1}}}", "classify", "costs goes with cost. Received: f1"),
        ("{name: cost, positive: yes}", "classify", "positive goes with average_precision and f1. Received: cost"),
        (
            "{name: cost, costs: {a: {b: 1}}}",
            "classify",
            "usecases.first.measure: costs .*Missing: 'a' predicted for 'b'",
        ),
        ("{name: cost, costs: {a: {b: 1, c: 1}, b: {a: 1, c: 1}}}", "classify", "Missing: 'a' predicted for 'c'"),
        (
            "{name: cost, costs: {a: {b: -1}, b: {a: 1}}}",
            "classify",
            "measure.costs.a.b.*a number of at least 0.0. Received: -1",
        ),
        ("{name: cost, costs: {a: {b: .inf}, b: {a: 1}}}", "classify", "measure.costs.a.b.*a finite number"),
        ("{name: cost, costs: {a: {b: dear}, b: {a: 1}}}", "classify", "measure.costs.a.b.*a number. Received: 'dear'"),
        ("{name: cost, costs: {a: {b: 0}, b: {a: 0}}}", "classify", "costs needs a cost above 0"),
        ("{name: cost, costs: [[0, 1], [5, 0]]}", "classify", "measure.costs.*named by true and predicted class"),
        ("{name: cost, costs: {a: {a: 1}}}", "classify", "two classes or more.*Received: 1"),
        (
            "{name: cost, costs: {true: {no: 1}, no: {true: 1}}}",
            "classify",
            "measure.costs: YAML reads true as no text.*quotes",
        ),
        ("{name: cost, costs: {a: 5}}", "classify", "measure.costs.a"),
        ("{name: cost, costs: {a: {b: 1}, b: {a: 1}}}", "regress", "usecases.first.measure: No measure of 'regress'"),
        ("[auc, mae]", "classify", "usecases.first.measure"),
    ],
)
def test_a_measure_that_does_not_fit_is_refused_by_its_path(written, task, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        loaded(tmp_path, written, task)


def test_a_measure_that_does_not_fit_stops_its_use_case_alone(tmp_path):
    text = ENTRY.format(task="classify", measure="f1") + ENTRY.format(task="classify", measure="auc").replace(
        "usecases:\n  first", "  second"
    )
    (tmp_path / "params.yaml").write_text(text)
    settings = config.load(tmp_path / "params.yaml", catalog())
    assert list(settings.usecases) == ["second"]
    assert "f1 needs the class" in settings.refused["first"]


def case_of(root, measure, task="classify"):
    """A table of 300 rows whose class or number depends on one of its columns."""
    random = np.random.default_rng(0)
    (root / "rows").mkdir(exist_ok=True)
    x = random.normal(size=(300, 2))
    noisy = x[:, 0] + random.normal(0, 0.7, 300)
    target = np.where(noisy > 0.9, "yes", "no") if task == "classify" else np.round(noisy, 1)
    lines = [f"{a:.4f},{b:.4f},{c}" for (a, b), c in zip(x, target, strict=True)]
    (root / "rows" / "rows.csv").write_text("\n".join(["a,b,kind", *lines]) + "\n")
    more = {"measure": measure, "families": {"linear": {}, "gboost": {}}}
    return standins.case_of(root, "tabular", task, {"target": "kind"}, **more)


def evaluated(case, prepared, family="linear"):
    handed = train.hand_over(case, prepared, here)
    compressed = compress.variants(case, train.train(case, family, handed), handed, bare=True)
    bundle = open_bundle(compressed.bundles[compress.FLOAT])
    return evaluate.evaluate(bundle, prepared.tables["test"]), handed


def test_what_is_named_chooses_judges_and_stands_first(tmp_path):
    case = case_of(tmp_path, "auc")
    prepared = prepared_of(case)
    found, handed = evaluated(case, prepared)
    batch, probability = found.batch, found.outputs["probabilities"][:, 1]
    assert list(found.scores)[:2] == ["auc", "accuracy"]
    assert found.primary.value == pytest.approx(roc_auc_score(batch.target, probability))
    assert 1 - found.loss.mean() == pytest.approx(found.primary.value)
    assert case.measure.name == "auc"
    rules = finalists.rules_of(case, found.loss)
    assert (rules.margin, rules.binary, rules.higher_is_better) == (0.002, False, True)
    assert read_batch(handed.folder / "train").measure == "auc", "families read it where they are fitted"
    loss, score = evaluate.baselines(case.problem, prepared)["majority"]
    assert score.value == pytest.approx(0.5)
    assert loss.mean() == pytest.approx(0.5)


def test_folds_are_compared_by_it(tmp_path):
    case = case_of(tmp_path, "auc")
    table = case.modality.read(case.data, case.options)
    found = crossval.run(case, table, ["linear", "gboost"], here)
    assert not found.failed
    assert all(0.6 < 1 - loss.mean() < 1 for loss in found.loss.values())
    assert len(np.unique(found.loss["linear"])) > 20, "pseudo-values, not right or wrong"


def test_a_part_of_the_exam_has_pseudo_values_of_its_own(tmp_path):
    case = case_of(tmp_path, "auc")
    found, _ = evaluated(case, prepared_of(case))
    index = np.arange(0, len(found.batch), 2)
    part = incumbents.part(found, index)
    area = roc_auc_score(found.batch.target[index], found.outputs["probabilities"][index, 1])
    assert 1 - part.loss.mean() == pytest.approx(area)
    assert part.primary.value == pytest.approx(area)


def test_another_measure_is_another_training_where_families_may_follow_it(tmp_path):
    keys = set()
    for measure in (None, "mae", {"name": "pinball", "quantile": 0.8}):
        case = case_of(tmp_path, measure, "regress")
        keys.add(train.hand_over(case, prepared_of(case), here).rows)
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("measure", "task", "message"),
    [
        ({"name": "average_precision", "positive": "maybe"}, "classify", "No class 'maybe'.*Known: no, yes"),
        ("mape", "regress", r"must not be 0. Received: \d+ rows with 0"),
        ({"name": "f1", "positive": "maybe"}, "classify", "small: measure.positive: No class 'maybe'.*Known: no, yes"),
        (
            {"name": "cost", "costs": {"yes": {"nope": 1}, "nope": {"yes": 1}}},
            "classify",
            "small: measure.costs needs the costs of each class, true and predicted. Missing: 'no'. Named: nope, yes",
        ),
        (
            {"name": "cost", "costs": {a: {b: 1 for b in ("yes", "no", "x") if b != a} for a in ("yes", "no", "x")}},
            "classify",
            "small: measure.costs: No class 'x'. Known: no, yes",
        ),
    ],
)
def test_rows_that_cannot_be_scored_stop_the_use_case(measure, task, message, tmp_path):
    with pytest.raises(DataError, match=message):
        prepared_of(case_of(tmp_path, measure, task))


def test_a_quantile_has_that_of_train_as_a_baseline(tmp_path):
    case = case_of(tmp_path, {"name": "pinball", "quantile": 0.9}, "regress")
    prepared = prepared_of(case)
    baselines = evaluate.baselines(case.problem, prepared)
    assert set(baselines) == {"mean", "median", "quantile 0.9"}
    assert baselines["quantile 0.9"][1].value < baselines["median"][1].value
    plain = replace(prepared.batches["train"], measure="")
    assert set(case.task.baselines(plain)) == {"mean", "median"}
