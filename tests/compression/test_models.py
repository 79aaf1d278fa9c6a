"""Compressions that make models: narrower networks that stay exact where nothing is cut, and training that learns a teacher."""

import numpy as np
import pytest
import tiny

from minnow import compression, exporters, families, runtimes, tasks
from minnow.compression import _narrow, prune
from minnow.contracts import ModelSource, Taught, UnsupportedModel

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
RESUMED = [name for name in families.names() if families.get(name).CAPABILITIES.resume]
KINDS = {
    "cnn": [("images", "classify"), ("images", "regress")],
    "cnn1d": [("audio", "classify"), ("text", "classify")],
    "fcnn": [("tabular", "classify"), ("tabular", "regress"), ("timeseries", "forecast")],
    "embedbag": [("text", "classify")],
    "gru": [("text", "classify")],
    "lstm": [("timeseries", "forecast")],
    "rnn": [("timeseries", "classify")],
}
CASES = [(name, *kind) for name, kinds in KINDS.items() for kind in kinds]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request, tmp_path_factory):
    """Family, rows, parameters, and a function that loads its fitted model again."""
    name, *kind = request.param
    family, (train, val) = families.get(name), tiny.splits(*kind)
    params = tiny.quick(family).model_copy(update={"epochs": 3, "early_stopping": None})
    folder = tmp_path_factory.mktemp("model")
    families.fit(name, train, val, params, seed=3).save(folder)
    return name, train, val, params, lambda: family.load(folder)


def _source(case):
    name, train, val, params, load = case

    def resume(model, share, report, taught=None):
        options = {"seed": 3, "share": share, "taught": taught, "report": report}
        return families.resume(name, model, train, val, params, **options)

    return ModelSource(load(), load(), train, val, resume, refit=None)


def test_every_family_that_trains_further_is_tried():
    assert set(KINDS) == set(RESUMED)


def test_a_cut_network_answers_as_one_whose_cut_channels_have_no_say(case):
    """A network without channels answers as the whole one where they are multiplied by 0."""
    *_, load = case
    network = load().native
    groups = _narrow.cuttable(network)
    assert groups
    inputs = [case[2].inputs[tensor.name][:9] for tensor in network.inputs]
    rows = inputs if len(inputs) > 1 else inputs[0]
    whole = {name: np.ones(width, bool) for names, width in groups.items() for name in names}
    np.testing.assert_array_equal(_narrow.narrowed(network, whole)(rows), network(rows))
    for names, width in groups.items():
        kept = dict.fromkeys(names, np.arange(width) % 2 == 0)
        narrow = _narrow.narrowed(network, kept)
        assert narrow.count_params() == _narrow.parameters(network, kept) < network.count_params()
        expected = _with_dead_channels(network, kept, rows)
        if expected is not None:
            np.testing.assert_allclose(narrow(rows), expected, rtol=1e-4, atol=1e-5)


def _with_dead_channels(network, kept, rows):
    """Answers of a network whose cut channels are zero where they are last seen; None where it has further inputs there."""
    import keras

    for name in kept:
        layer = network.get_layer(name)
        if type(layer).__name__ in (
            "SimpleRNN",
            "LSTM",
            "GRU",
        ):  # a unit that is cut is not read by the next step either
            kernel, recurrent, *bias = layer.get_weights()
            layer.set_weights([kernel, recurrent * kept[name][:, None], *bias])
    seen = _narrow.answer_of(network, next(iter(kept)))
    mask = next(iter(kept.values())).astype(np.float32)
    if seen.shape[-1] != len(mask):
        return None
    before = keras.Model(network.inputs, seen)
    after = _rest(network, seen)
    return None if after is None else after(np.asarray(before(rows)) * mask)


def _rest(network, seen):
    """The network from a tensor on, None where it has further inputs there."""
    import keras

    try:
        return keras.Model(seen, network.output)
    except ValueError:
        return None


def test_prune_makes_a_smaller_model_that_its_family_reads_and_that_is_exported(case, tmp_path):
    name, _, val, _, load = case
    before, family = load(), families.get(name)
    made = prune.apply(_source(case), prune.Params(amount=0.3))
    given = prune.apply(_source(case), prune.Params(amount=0.3, **made.settled))
    for one, other in zip(made.model.native.get_weights(), given.model.native.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other, "the widths that were found make the same model")
    with pytest.raises(UnsupportedModel, match=r"prune must take out 100% of the weights"):
        prune.apply(_source(case), prune.Params(amount=0.9999))
    assert made.model.parameters <= 0.7 * before.parameters
    (tmp_path / "model").mkdir()
    made.model.save(tmp_path / "model")
    again = family.load(tmp_path / "model")
    (ours,), (theirs,) = (one.predict(val.inputs).values() for one in (again, made.model))
    np.testing.assert_array_equal(ours, theirs)
    exporters.get("onnx").write(again, tmp_path / "model.onnx")
    (served,) = runtimes.open_model(tmp_path / "model.onnx").predict(val.inputs).values()
    np.testing.assert_allclose(served, ours, rtol=1e-3, atol=1e-4)
    measure, rows = tasks.measure(val.task, "log_loss" if len(val.labels) else val.measure), val
    trained, plain = (float(measure.loss(one.predict(rows.inputs), rows).mean()) for one in (again, before))
    spread = float(np.abs(rows.target - np.median(rows.target)).mean()) if not len(rows.labels) else 1.0
    assert trained <= plain + 0.25 * spread, "it is trained further after the cut"


def test_the_channels_that_do_nothing_go_first(case):
    """Half of the channels of a layer are made idle, behind its back: these are the ones that are cut."""
    source = _source(case)
    network = source.model.native
    (names, width), *_ = _narrow.cuttable(network).items()
    idle = np.arange(width) % 2 == 1
    for name in names:
        layer = network.get_layer(name)
        tile = layer.get_weights()[0].shape[-1] // width
        layer.set_weights(
            [np.where(np.tile(idle, tile), 0, w) if w.shape[-1] == tile * width else w for w in layer.get_weights()]
        )
    for layer in network.layers:  # what follows them would give them another constant
        if type(layer).__name__ == "BatchNormalization" and layer.gamma.shape[0] == width:
            layer.set_weights([np.where(idle, 0, w) if place < 2 else w for place, w in enumerate(layer.get_weights())])
            break
    order = prune._order(source.model, names, source.train)
    worth = set(order[: width - int(idle.sum())].tolist())
    assert len(worth & set(np.flatnonzero(~idle).tolist())) >= 0.8 * (width - idle.sum())


def test_distill_learns_what_the_teacher_answers(case):
    """A teacher that is wrong in one way, which the targets do not tell: its pupil comes nearer to it than before."""
    name, train, val, params, load = case
    (answers,) = load().predict(train.inputs).values()
    shift = np.float32(2 * np.abs(train.target).std()) if not len(train.labels) else None
    wrong = answers + shift if shift is not None else np.full_like(answers, 1 / answers.shape[1])
    taught = Taught(wrong, share=1.0)
    resumed = families.resume(name, load(), train, val, params, seed=3, share=4.0, taught=taught)
    (pupil,) = resumed.predict(train.inputs).values()
    assert np.abs(pupil - wrong).mean() < 0.9 * np.abs(answers - wrong).mean()


def test_what_val_settles_is_a_share_of_the_epochs():
    """With early stopping the training after a cut ends after its best epoch, and the same is done again without val."""
    family, (train, val) = families.get("fcnn"), tiny.splits("tabular", "classify")
    params = family.Params.model_validate({"epochs": 8, "early_stopping": 1})
    model = families.fit("fcnn", train, val, params, seed=3)
    resumed = families.resume("fcnn", model, train, val, params, seed=3, share=1.0)
    assert resumed.settled["early_stopping"] is None
    assert resumed.settled["share"] in {count / 8 for count in range(1, 9)}


def test_distill_is_a_step_like_any_other():
    distill, family = compression.of_models("distill"), families.get("fcnn")
    train, val = tiny.splits("tabular", "classify")
    params = family.Params.model_validate({"epochs": 2})
    model = families.fit("fcnn", train, val, params, seed=3)

    def resume(model, share, report, taught=None):
        assert taught.share == 0.7
        return families.resume("fcnn", model, train, val, params, seed=3, share=share, taught=taught, report=report)

    made = distill.apply(ModelSource(model, model, train, val, resume, refit=None), distill.Params())
    assert made.settled == {}
    assert made.model.parameters == model.parameters


TREES = [name for name in families.names() if families.get(name).CAPABILITIES.fewer]


def test_every_family_of_trees_is_tried():
    assert TREES == ["forest", "gboost", "oblivious"]


@pytest.mark.parametrize("task", ["classify", "regress"])
@pytest.mark.parametrize("name", TREES)
def test_fewer_trees_are_fitted_anew_with_the_share_that_is_left(name, task):
    family, (train, val) = families.get(name), tiny.splits("tabular", task)
    params = family.Params.model_validate(
        {"trees": 20} if name == "forest" else {"iterations": 40, "patience": None, "learning_rate": 0.1}
    )
    model = families.fit(name, train, val, params, seed=3)
    assert prune.suits(model) is None

    def refit(share, report):
        return families.refit(name, model, train, val, params, seed=3, share=share, report=report)

    made = prune.apply(ModelSource(model, model, train, val, None, refit), prune.Params(amount=0.75))
    assert made.settled == {}
    assert made.model.iterations == model.iterations // 4
    assert made.model.parameters < 0.6 * model.parameters
    ((answers,), (before,)) = (one.predict(val.inputs).values() for one in (made.model, model))
    assert np.isfinite(answers).all()
    if name != "forest":  # the first quarter of the trees would answer nearer to the mean
        cut = families.fit(name, train, val, params.model_copy(update={"iterations": 10}), seed=3)
        (first,) = cut.predict(val.inputs).values()
        assert np.abs(answers - before).mean() < np.abs(first - before).mean()


def test_boosting_is_fitted_anew_at_a_higher_rate_up_to_a_half():
    train, val = tiny.splits("tabular", "regress")
    fewer = families.get("gboost").CAPABILITIES.fewer
    params = families.get("gboost").Params(iterations=30, patience=None, learning_rate=0.1, feature_share=0.5, n_bags=2)
    model = families.fit("gboost", train, val, params, seed=3)
    assert model.iterations == 60
    few = fewer(params, model, 0.4)
    assert (few.iterations, few.patience, few.n_bags) == (12, None, 2)
    assert few.learning_rate == pytest.approx(0.25)
    assert fewer(params, model, 0.1).learning_rate == 0.5
    assert fewer(params.model_copy(update={"learning_rate": 0.8}), model, 0.1).learning_rate == 0.8
    assert fewer(params.model_copy(update={"iterations": None}), model, 0.4).iterations == 12


def test_a_family_without_trees_cannot_be_fitted_with_fewer():
    train, val = tiny.splits("tabular", "regress")
    with pytest.raises(ValueError, match="'linear' has no trees to leave out"):
        families.refit("linear", None, train, val, None, seed=3, share=0.5)
