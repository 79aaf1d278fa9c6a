"""Teachers of other families: what they may have read, what their links are named by, and the refit."""

from dataclasses import replace

import numpy as np
import pytest
import tiny
from standins import NAME, candidates_of, here

from minnow import families
from minnow.compression import distill
from minnow.config import Settings
from minnow.contracts import ModelSource, Remade
from minnow.records.timing import Timing
from minnow.stages import compress, finalists, intake, refit, teaching, train
from minnow.stages.case import Case
from minnow.stages.refit import Refit
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
TIMING = Timing(1.0, 1.0, 1.0, 1)
ENTRIES = {"fcnn": {"units": [8], "epochs": 2, "bins": 0}, "gboost": {"iterations": 20}, "linear": {"C": [1.0]}}


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A case whose network is taught by trees, with its rows and trained models."""
    root = tmp_path_factory.mktemp("teaching")
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.3f},{'ab'[int(x + y > 0)]}" for x, y in rng.normal(size=(240, 2))]
    (root / "rows.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    (root / "uv.lock").write_text("")
    entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "families": ENTRIES}
    entry |= {"options": {"target": "kind", "min_rows": 50}, "compression": {"distill": {"teacher": "gboost"}}}
    case = Case(NAME, Settings.model_validate({"usecases": {NAME: entry}}), Workspace(root, root / "params.yaml"))
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    handed = train.hand_over(case, prepared, here)
    return case, table, prepared, handed


@pytest.fixture
def sources(monkeypatch):
    """What the step is given, in the place of which nothing is trained."""
    given: list[ModelSource] = []

    def apply(source, params, report):
        given.append(source)
        return Remade(source.model, {})

    monkeypatch.setattr(distill, "apply", apply)
    return given


def _made(case, handed, family="fcnn", **options):
    options.setdefault("teachers", teaching.trained(case, handed))
    return compress.variants(case, train.train(case, family, handed), handed, **options)


def _with(case, **entries):
    return case.with_families({**case.usecase.families, **entries})


def test_a_network_is_taught_by_trees_which_are_not_taught_themselves(begun):
    case, _, _, handed = begun
    made = _made(case, handed)
    assert set(made.bundles) == {"float32", "distill"}
    assert made.taught["distill"].family == "gboost"
    assert _made(case, handed).fresh is False
    assert _made(case, handed, "gboost").refused == {
        "distill": "'gboost' is the teacher of this recipe, which is for the other families."
    }
    assert _made(case, handed, "linear").refused["distill"].startswith("distill trains networks further")


def test_a_teacher_answers_rows_of_train_and_no_others(begun, monkeypatch, tmp_path):
    case, _, prepared, handed = begun
    asked, load = [], families.get("gboost").load

    class Watched:
        def __init__(self, folder):
            self.model = load(folder)

        def predict(self, inputs):
            asked.append(inputs)
            return self.model.predict(inputs)

    monkeypatch.setattr(families.get("gboost"), "load", Watched)
    made = _made(replace(case, workspace=Workspace(tmp_path, tmp_path / "params.yaml")), handed)
    assert "distill" in made.bundles
    (inputs,) = asked
    for name, value in prepared.batches["train"].inputs.items():
        np.testing.assert_array_equal(inputs[name], value)


def test_a_teacher_that_read_val_teaches_nobody(begun, sources):
    case, table, _, handed = begun
    joined = train.hand_over(case, intake.prepare_case(case, table, join=True), here)
    (before,) = teaching.trained(case, handed).values()
    knows = teaching.again(case, [before], joined)
    assert knows["gboost"].origin.joined
    made = _made(case, handed, teachers=knows)
    reason = "its teacher 'gboost' must be fitted to the rows of 'fcnn', and was fitted to others."
    assert (made.refused, sources) == ({"distill": reason}, [])


@pytest.mark.parametrize("why", ["it was not trained", "Training needs rows with an answer."])
def test_a_link_whose_teacher_is_missing_is_refused_alone(begun, sources, why):
    case, _, _, handed = begun
    made = _made(case, handed, teachers={} if why == "it was not trained" else {"gboost": why})
    assert made.refused == {"distill": f"its teacher 'gboost' is missing: {why}"}
    assert set(made.bundles) == {"float32"}
    assert not sources


def test_one_that_cannot_be_trained_is_there_with_its_reason(begun, monkeypatch):
    def fails(*_, **__):
        raise ValueError("no such rows")

    monkeypatch.setattr(train, "train", fails)
    assert teaching.trained(begun[0], begun[3]) == {"gboost": "no such rows"}


def test_the_link_is_another_where_the_teacher_has_other_parameters(begun, sources):
    case, _, _, handed = begun
    other = _with(case, gboost={"iterations": 21})
    beside = _with(case, linear={"C": [2.0]})
    made = [_made(one, handed) for one in (case, other, beside, case)]
    assert [one.bundles["distill"] for one in made[2:]] == [made[0].bundles["distill"]] * 2
    assert made[1].bundles["distill"] != made[0].bundles["distill"]


def test_entries_teach_each_other_as_they_were_trained(begun, sources):
    case, _, _, handed = begun
    entry = case.usecase.model_copy(
        update={
            "families": {
                name: {"family": "fcnn", "units": [width], "epochs": 1, "bins": 0}
                for name, width in (("a", 4), ("b", 6))
            },
            "compression": {"distill": {"teacher": "a"}, "distill(0.5)": {"teacher": "b", "share": 0.5}},
        }
    )
    both = replace(case, settings=case.settings.with_usecases({NAME: entry}, {}))
    made = {name: _made(both, handed, name) for name in "ab"}
    assert {name: set(one.bundles) for name, one in made.items()} == {
        "a": {"float32", "distill-0.5"},
        "b": {"float32", "distill"},
    }
    assert [source.teacher.parameters > source.model.parameters for source in sources] == [True, False]


def test_a_refit_fits_the_teacher_again_to_the_same_rows(begun, sources, tmp_path):
    case, table, prepared, handed = begun
    lined_up = candidates_of(case, prepared, tmp_path / "scratch", lambda folders: dict.fromkeys(folders, TIMING))
    chosen = next(one for one in lined_up if one.name == "fcnn/distill")
    assert set(chosen.teachers) == {"gboost"}
    assert next(one for one in lined_up if one.name == "fcnn/float32").teachers == {}
    rules = finalists.field_of(case, "cpu", lined_up).rules
    sources.clear()
    (again,) = (
        Refit(case, table, prepared, rules, tmp_path, lambda folders: dict.fromkeys(folders, TIMING), here)
        .ship([chosen])
        .values()
    )
    assert "Fitted again on train and val" in again.refit
    (source,) = sources
    joined = intake.prepare_case(case, table, join=True)
    assert len(source.train) == len(joined.batches["train"])
    before = teaching.trained(case, handed)["gboost"]
    fitted = teaching.again(case, [before], train.hand_over(case, joined, here))["gboost"]
    assert fitted.fresh is False
    inputs = source.train.inputs
    expected = families.get("gboost").load(fitted.folder / "model").predict(inputs)["probabilities"]
    np.testing.assert_array_equal(source.teacher.predict(inputs)["probabilities"], expected)
    assert (expected != families.get("gboost").load(before.folder / "model").predict(inputs)["probabilities"]).any()


def test_a_candidate_whose_teacher_cannot_be_fitted_again_stays(begun, sources, tmp_path, monkeypatch):
    case, _, prepared, _ = begun
    lined_up = candidates_of(case, prepared, tmp_path, lambda folders: dict.fromkeys(folders, TIMING))
    by_name = {one.name: one for one in lined_up}
    real = train.Trained.settled.fget
    unsaid = property(lambda one: None if one.family == "gboost" else real(one))
    monkeypatch.setattr(train.Trained, "settled", unsaid)
    assert "its teacher gboost settles on val what its parameters cannot say" in refit.reason_against(
        case, by_name["fcnn/distill"]
    )
    assert refit.reason_against(case, by_name["fcnn/float32"]) is None


@pytest.mark.parametrize("task", ["classify", "regress"])
@pytest.mark.parametrize("name", ["linear", "gboost", "forest", "oblivious", "ensemble"])
def test_every_family_of_tables_teaches(name, task):
    family, (rows, val) = families.get(name), tiny.splits("tabular", task)
    own = (
        {"members": {"a": {"family": "gboost", "iterations": 5}, "b": {"family": "linear"}}}
        if name == "ensemble"
        else {}
    )
    teacher = families.fit(name, rows, val, family.Params.model_validate(own), seed=3)
    given = []
    keep = lambda model, share, report, taught: given.append(taught)  # noqa: E731
    source = ModelSource(None, teacher, rows, val, keep, refit=None)
    distill.apply(source, distill.Params(teacher=name))
    (taught,) = given
    assert taught.answers.shape == ((len(rows), len(rows.labels)) if task == "classify" else (len(rows),))
    assert np.isfinite(taught.answers).all()
