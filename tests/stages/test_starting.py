"""Starting with another use case's weights: found by its outcome, part of a model's origin, named where missing."""

import shutil

import numpy as np
import pytest
import tiny
from standins import here

from flows import plan, verify
from minnow.config import Settings
from minnow.lineage import key_of
from minnow.records.files import write_npz
from minnow.records.origin import write_models
from minnow.records.provenance import Provenance
from minnow.stages import intake, prepare, starting, train
from minnow.stages.case import Case
from minnow.tuning import study
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

FCNN = {"units": [5], "epochs": 1}


def _settings(**child):
    entry = {"modality": "images", "task": "classify", "data": "data", "options": {"scale": 1}}
    return Settings.model_validate(
        {
            "usecases": {
                "child": entry | {"families": {"fcnn": FCNN | {"init_from": {"usecase": "parent"} | child}}},
                "parent": entry | {"families": {"fcnn": FCNN}},
            }
        }
    )


@pytest.fixture
def space(tmp_path):
    batch = tiny.batch("images", "classify", 1)
    (tmp_path / "data").mkdir()
    write_npz(tmp_path / "data" / "a.npz", {"images": batch.inputs["image"], "labels": batch.labels[batch.target]})
    (tmp_path / "uv.lock").write_text("")
    return Workspace(tmp_path, tmp_path / "params.yaml")


def _train(case):
    prepared = intake.prepare_case(case, case.modality.read(case.data, case.options))
    return train.train(case, "fcnn", train.hand_over(case, prepared, here)), prepared


def _record(case, trained, labels="abc"):
    case.workspace.outcome(case.name).mkdir(parents=True, exist_ok=True)
    write_models(case.workspace.outcome(case.name), {"fcnn": starting.entry(trained.origin, list(labels))})


def test_a_model_that_was_never_made_is_missed_with_what_to_run(space):
    with pytest.raises(starting.StartError, match=r"the family 'fcnn' of 'parent'.*Run first: minnow run parent"):
        _train(Case("child", _settings(), space))
    trial = Workspace(space.root, space.root / "bench.yaml")
    with pytest.raises(starting.StartError, match=r"minnow run --params .*bench.yaml parent"):
        _train(Case("child", _settings(), trial))


def test_the_model_that_it_begins_with_is_part_of_what_it_is_made_from(space):
    parent, child = (Case(name, _settings(), space) for name in ("parent", "child"))
    trained, _ = _train(parent)
    _record(parent, trained)
    begun, _ = _train(child)
    assert begun.origin.init_from.key == trained.folder.name == key_of(trained.origin.as_json())
    assert begun.facts["init_from"] == {"taken": ["dense", "batch_normalization", "logits"], "left": []}
    assert not _train(child)[0].fresh
    assert study.study_name(child, "fcnn", "rows", {}) == (before := study.study_name(child, "fcnn", "rows", {}))

    _record(child, begun)
    assert not starting.has_changed(child, "fcnn")
    assert plan._begins_anew(child, []) == []
    assert plan._begins_anew(child, ["parent"]) == ["fcnn begins with the weights of 'parent', which is run again"]

    other = parent.settings.model_copy(update={"seed": 8})
    again, _ = _train(Case("parent", other, space))
    _record(parent, again)
    assert starting.has_changed(child, "fcnn")
    assert plan._begins_anew(child, []) == ["fcnn begins with the weights of 'parent', which have changed"]
    assert study.study_name(child, "fcnn", "rows", {}) != before
    assert _train(child)[0].fresh

    checks = {c.name: c for c in verify._origin(child, Provenance("child", "", made_from=begun.origin))}
    assert checks["model of parent to begin with"].ok, "the old model is still in the cache"
    shutil.rmtree(trained.folder)
    checks = {c.name: c for c in verify._origin(child, Provenance("child", "", made_from=begun.origin))}
    assert not checks["model of parent to begin with"].ok
    assert "minnow run parent --force" in checks["model of parent to begin with"].advice


def test_a_model_that_is_no_longer_there_is_missed_with_what_to_run(space):
    parent = Case("parent", _settings(), space)
    trained, _ = _train(parent)
    _record(parent, trained)
    (trained.folder / "model" / "model.keras").write_bytes(b"broken")
    with pytest.raises(starting.StartError, match="Make it again: minnow run parent --force"):
        _train(Case("child", _settings(), space))


def test_a_model_that_the_cache_lost_is_made_again_before_a_stale_use_case_begins_with_it(space):
    trained, _ = _train(parent := Case("parent", _settings(), space))
    _record(parent, trained)
    names, changed = ["parent", "child"], {"child": ["changed"]}
    assert plan.with_starts(space, _settings(), changed, names) == changed, "it is in the cache"
    shutil.rmtree(trained.folder)
    stale = plan.with_starts(space, _settings(), changed, names)
    assert stale == {"parent": ["the cache no longer has its model, with which fcnn of 'child' begins"]} | changed
    assert list(stale) == names
    assert "parent" not in plan.with_starts(space, _settings(), {}, names), "nothing begins with it now"


def test_use_cases_come_after_those_whose_weights_they_begin_with():
    assert plan.selected(_settings(), []) == ["parent", "child"]


def test_train_rows_are_a_choice_at_random_that_is_always_the_same(space):
    case = Case("parent", _settings(), space)
    table = case.modality.read(case.data, case.options)
    shares = case.usecase.split

    def splits(**changes):
        return prepare.split(table, shares.model_copy(update=changes))

    whole, few, fewer = splits(), splits(train_rows=60), splits(train_rows=20)
    assert len(few["train"]) == 60
    assert set(fewer["train"].row_id) < set(few["train"].row_id) < set(whole["train"].row_id)
    for split in ("val", "test"):
        assert whole[split].row_id.tolist() == few[split].row_id.tolist()
    with pytest.raises(ValueError, match=r"needs 900 rows of train\. Received: \d+"):
        splits(train_rows=900)
    times = type(table)({**table.columns, "time": np.arange(len(table))}, table.row_id, table.key)
    with pytest.raises(ValueError, match="rows in order of time"):
        prepare.split(times, shares.model_copy(update={"train_rows": 20}), "time")
