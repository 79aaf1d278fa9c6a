"""What linear does with n-grams beside summing them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tiny

from minnow import compression, exporters, families, runtimes
from minnow.contracts import CompressionSource
from minnow.families._linear import ngram_weights
from minnow.types import Batch

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
linear = families.get("linear")


def _splits():
    """Texts whose characters tell the label better than their words do."""
    splits = []
    for batch in tiny.splits("text", "classify"):
        inputs = {**batch.inputs, "characters": (batch.inputs["ngrams"] * 2).astype(np.int32)}
        cardinalities = {**batch.cardinalities, "characters": 80}
        splits.append(replace(batch, inputs=inputs, cardinalities=cardinalities))
    return splits


def _of_network(model, val):
    """The answers of its Keras network, to which it gives the arrays in the order of the model's inputs."""
    arrays = [val.inputs[spec.name] for spec in model.inputs]
    return np.asarray(model.network()(arrays[0] if len(arrays) == 1 else arrays))


PROBLEMS = [(m, t) for m, t in tiny.PROBLEMS if m in linear.MODALITIES and t in linear.TASKS]


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize(("modality", "task"), PROBLEMS, ids="-".join)
def test_its_file_and_its_network_compute_what_it_predicts(modality, task, labels, tmp_path):
    train, val = tiny.splits(modality, task)
    if labels == 3 and len(train.labels) == 2:
        target = [np.where(batch.key % 5 == 0, 2, batch.target) for batch in (train, val)]
        names = np.array(["a", "b", "c"])
        train, val = (replace(b, target=t, labels=names) for b, t in zip((train, val), target, strict=True))
    model = families.fit("linear", train, val, linear.Params(), seed=1)
    ((name, answers),) = model.predict(val.inputs).items()
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    exported = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)[name]
    for other in (exported, _of_network(model, val)):
        np.testing.assert_allclose(other, answers, rtol=1e-6, atol=2e-6)
    assert model.predict({key: value[:0] for key, value in val.inputs.items()})[name].shape == answers[:0].shape


@pytest.mark.parametrize(
    ("modality", "task", "quantized"),
    [("tabular", "regress", 1), ("timeseries", "forecast", 1), ("text", "classify", 0)],
)
def test_int8_quantizes_the_numbers_that_it_reads_and_no_sum(modality, task, quantized, tmp_path):
    """The operands of an Add would have 256 levels, and equal scores could not be ranked."""
    import onnx

    train, val = tiny.splits(modality, task)
    model = families.fit("linear", train, val, linear.Params(), seed=1)
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    int8, source = compression.get("int8"), CompressionSource(tmp_path / "model.onnx", model, train, val)
    int8.apply(source, tmp_path / "small.onnx", int8.Params())
    operators = [node.op_type for node in onnx.load(tmp_path / "small.onnx").graph.node]
    assert operators.count("QuantizeLinear") == quantized


@pytest.mark.parametrize("norm", ["count", "length"])
@pytest.mark.parametrize("features", ["ngrams", "characters", "both"])
def test_what_it_reads_and_how_it_scales_is_part_of_the_file(features, norm, tmp_path):
    train, val = _splits()
    params = linear.Params(weighting="naive_bayes", norm=norm, features=features, beta=0.5, C=[10.0])
    model = linear.fit(train, val, params, seed=1)
    assert {spec.name for spec in model.inputs} == ({"ngrams", "characters"} if features == "both" else {features})
    answers = model.predict(val.inputs)["probabilities"]
    assert (answers.argmax(axis=1) == val.target).mean() > 0.95
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    exported = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)["probabilities"]
    np.testing.assert_allclose(exported, answers, atol=1e-6)
    np.testing.assert_allclose(_of_network(model, val), answers, atol=1e-6)
    int8 = compression.get("int8")
    source = CompressionSource(tmp_path / "model.onnx", model, train, val)
    int8.apply(source, tmp_path / "small.onnx", int8.Params())
    small = runtimes.open_model(tmp_path / "small.onnx").predict(val.inputs)["probabilities"]
    assert np.abs(small - answers).max() < 0.05


def test_the_model_answers_as_the_fit_does():
    """Lengths and ratios are computed twice: by the fit over all rows, and by the model over one."""
    train, val = _splits()
    model = linear.fit(
        train, val, linear.Params(features="ngrams", weighting="naive_bayes", norm="length", C=[10.0]), seed=1
    )
    rows = np.zeros((len(train), 40))
    for row, ids in zip(rows, train.inputs["ngrams"], strict=True):
        row[ids] = 1
    rows[:, 0] = 0
    first, second = (1 + rows[train.target == label].sum(axis=0) for label in (0, 1))
    scaled = rows * np.log((second / second.sum()) / (first / first.sum()))
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    from sklearn.linear_model import LogisticRegression

    by_hand = LogisticRegression(C=10.0, max_iter=500).fit(scaled, train.target).predict_proba(scaled)
    np.testing.assert_allclose(model.predict(train.inputs)["probabilities"], by_hand, atol=2e-3)


def test_ngrams_of_too_few_rows_say_nothing():
    train, val = _splits()
    rare = train.inputs["ngrams"].copy()
    rare[0, 11] = 39
    rare[1:][rare[1:] == 39] = 38
    train = replace(train, inputs={**train.inputs, "ngrams": rare})
    model = linear.fit(
        train,
        val,
        linear.Params(features="ngrams", weighting="naive_bayes", norm="length", C=[10.0], min_rows=2),
        seed=1,
    )
    alone, nothing = np.zeros((1, 12), np.int32), np.zeros((1, 12), np.int32)
    alone[0, 0] = 39
    answer, prior = (model.predict({"ngrams": ids})["probabilities"] for ids in (alone, nothing))
    np.testing.assert_allclose(answer, prior, atol=1e-6)


def _weighted(labels, seed=0):
    """Texts of twelve words, of which one tells the label, and the others, more frequent ones, say nothing."""
    random = np.random.default_rng(seed)
    splits = []
    for n in (300, 150):
        target = random.integers(0, labels, n)
        ids = np.zeros((n, 12), np.int32)
        for row, label in enumerate(target):
            ids[row] = np.sort(np.r_[1 + label + labels * random.integers(0, 3), 20 + random.choice(30, 11, False)])
        keys = np.arange(n, dtype=np.uint64)
        names = np.array(list("abcd"[:labels]))
        splits.append(Batch({"ngrams": ids}, target, names, "classify", keys, cardinalities={"ngrams": 60}))
    return splits


@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("norm", ["count", "length"])
def test_a_weighting_is_settled_on_val_and_part_of_the_file(labels, norm, tmp_path):
    train, val = _weighted(labels)
    model = linear.fit(train, val, linear.Params(norm=norm), seed=1)
    assert model.settled["weighting"] in (("idf", "naive_bayes") if labels == 2 else ("none", "idf"))
    loss = {}
    for weighting in ("none", "idf", "naive_bayes")[: 5 - labels]:
        alone = linear.fit(train, val, linear.Params(norm=norm, weighting=weighting), seed=1)
        probability = alone.predict(val.inputs)["probabilities"][np.arange(len(val)), val.target]
        loss[weighting] = -np.log(probability).mean()
    tried = {name: loss[name] for name in (("idf", "naive_bayes") if labels == 2 else ("none", "idf"))}
    assert model.settled["weighting"] == min(tried, key=tried.__getitem__)
    settled = linear.fit(train, val, linear.Params(norm=norm, **model.settled), seed=1)
    np.testing.assert_array_equal(*(one.predict(val.inputs)["probabilities"] for one in (model, settled)))
    exporters.get("onnx").write(model, tmp_path / "model.onnx")
    exported = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs)["probabilities"]
    np.testing.assert_allclose(exported, model.predict(val.inputs)["probabilities"], atol=1e-4)


@pytest.mark.parametrize("norm", ["count", "length"])
@pytest.mark.parametrize("weighting", ["none", "idf", "naive_bayes"])
def test_features_are_those_of_one_matrix_after_the_other(norm, weighting):
    """As scipy.sparse makes them from places of values, to the last bit; n-grams in any order, or twice in a text, too."""
    from scipy.sparse import coo_array

    train, val = _weighted(2)
    mixed = np.random.default_rng(1).permuted(train.inputs["ngrams"], axis=1)
    mixed[:5, :3] = 0
    train = replace(train, inputs={"ngrams": mixed})
    params = linear.Params(norm=norm, min_rows=60)
    counted = [ngram_weights.counted(batch, ["ngrams"]) for batch in (train, val)]
    *made, weights = ngram_weights.blocks(train, counted, params, weighting)
    for rows, batch in zip(made, (train, val), strict=True):
        ids = batch.inputs["ngrams"]
        places = np.nonzero(ids)
        values = np.ones(len(places[0]), np.float32)
        expected = coo_array((values, (places[0], ids[places])), shape=(len(ids), 60)).tocsr()
        if weights is not None:
            count = expected.sum(axis=1)
            expected = expected.multiply(weights[0][None, :]).tocsr()
            square = expected.multiply(expected).sum(axis=1) if norm == "length" else count
            smallest = 1e-6 if norm == "length" else 1.0
            expected = expected.multiply(1 / np.maximum(np.sqrt(square), smallest)[:, None]).tocsr()
        assert rows.dtype == expected.dtype
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(rows, part), getattr(expected, part))


def test_rows_are_counted_once_whatever_weightings_are_tried(monkeypatch):
    train, val = _weighted(2)
    counted, batches = ngram_weights.counted, []
    monkeypatch.setattr(ngram_weights, "counted", lambda batch, names: batches.append(batch) or counted(batch, names))
    linear.fit(train, val, linear.Params(C=[1.0]), seed=1)
    assert [len(batch) for batch in batches] == [len(train), len(val)]


def test_rare_ngrams_weigh_more_with_idf():
    """As scikit-learn's TfidfTransformer with logistic regression, but for the norm."""
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    train, val = _weighted(3)
    rows = np.zeros((len(train), 60))
    np.put_along_axis(rows, train.inputs["ngrams"].astype(np.int64), 1.0, axis=1)
    scaled = TfidfTransformer(norm="l2").fit_transform(rows).toarray()
    by_hand = LogisticRegression(C=3.0, max_iter=500).fit(scaled, train.target).predict_proba(scaled)
    model = linear.fit(train, val, linear.Params(weighting="idf", norm="length", C=[3.0]), seed=1)
    np.testing.assert_allclose(model.predict(train.inputs)["probabilities"], by_hand, atol=2e-3)


@pytest.mark.parametrize(("modality", "weighting"), [("images", "idf"), ("tabular", "naive_bayes")])
def test_a_weighting_of_rows_that_are_no_texts_is_refused(modality, weighting):
    train, val = tiny.splits(modality, "classify")
    with pytest.raises(ValueError, match=f"weighting: {weighting} needs texts"):
        linear.fit(train, val, linear.Params(weighting=weighting), seed=1)


def test_beta_interpolates_between_weights_and_their_mean():
    spread = []
    train, val = _splits()
    for beta in (1.0, 0.1):
        model = linear.fit(train, val, linear.Params(weighting="naive_bayes", C=[10.0], beta=beta), seed=1)
        weights = next(ids.weights for ids in model.function.ids if ids.spec.name == "ngrams")[4:, 0]
        spread.append(np.abs(weights).max() / np.abs(weights).mean())
    assert spread[1] != pytest.approx(spread[0], rel=0.05)


@pytest.mark.parametrize("features", ["characters", "both"])
def test_characters_that_the_encoder_did_not_make_are_refused(features):
    train, val = tiny.splits("text", "classify")
    with pytest.raises(ValueError, match=r"needs texts with the array characters.*options.characters"):
        linear.fit(train, val, linear.Params(features=features), seed=1)


@pytest.mark.parametrize("task", ["classify", "regress"])
def test_a_row_of_weight_two_is_the_same_as_two_rows(task):
    """Up to regularization, which is divided by the total weight: the mean weight of a batch is 1."""
    train, val = tiny.splits("tabular", task)
    if task == "regress":  # rows that agree would give the same fit with any weights
        noise = np.random.default_rng(0).normal(scale=500, size=len(train))
        train = replace(train, target=(train.target + noise).astype(np.float32))
    twice = np.arange(len(train)) % 3 == 0
    weight = np.where(twice, 2, 1) / np.where(twice, 2, 1).mean()
    weighted = replace(train, weight=weight.astype(np.float32))
    repeated = train.take(np.repeat(np.arange(len(train)), np.where(twice, 2, 1)))
    strength = len(repeated) / len(train)
    a = linear.fit(weighted, val, linear.Params(C=[strength], iterations=5000), seed=1).predict(val.inputs)
    b = linear.fit(repeated, val, linear.Params(C=[1.0], iterations=5000), seed=1).predict(val.inputs)
    plain = linear.fit(train, val, linear.Params(C=[strength], iterations=5000), seed=1).predict(val.inputs)
    for name, values in a.items():
        scale = np.abs(values).max()
        np.testing.assert_allclose(values / scale, b[name] / scale, atol=2e-3)
        assert np.abs(values - plain[name]).max() > 5e-3 * scale


def test_rows_without_weight_teach_nothing():
    train, val = tiny.splits("tabular", "classify")
    wrong = np.arange(len(train)) % 3 > 0  # two thirds of the rows have the other label
    target = np.where(wrong, 1 - train.target, train.target)
    for weight, right in ((np.ones(len(train)), False), (np.where(wrong, 0.0, 3.0), True)):
        rows = replace(train, target=target, weight=weight.astype(np.float32))
        answers = linear.fit(rows, val, linear.Params(), seed=1).predict(val.inputs)["probabilities"]
        assert ((answers.argmax(axis=1) == val.target).mean() > 0.9) == right
