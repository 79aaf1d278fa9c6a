"""Parts of a run that the decision does not depend on fail alone: hints, importances, cross-validation, plots."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from certifying import BOUNDS, candidate, labelled, rows_of

from flows import record, steps
from flows.faults import Faults, advice
from minnow.insight import plots
from minnow.stages import compress
from minnow.stages.certificate import certify
from minnow.workspace import workspace


@pytest.fixture
def job(in_folder):
    (in_folder / "params.yaml").write_text("usecases: {}\n")
    said = []
    return SimpleNamespace(space=workspace(), display=SimpleNamespace(say=said.append), said=said)


@pytest.fixture
def case():
    features = SimpleNamespace(features=lambda columns, options: ["x"])
    usecase = SimpleNamespace(folds=3, exam="finalist", targets=["cpu"])
    return SimpleNamespace(
        name="small", modality=SimpleNamespace(CAPABILITIES=features), options=None, settings=SimpleNamespace(seed=1),
        usecase=usecase,
    )  # fmt: skip


def _raise(error):
    def work(*_, **__):
        raise error

    return work


def _trace(job, name):
    return (job.space.home / "errors" / name).read_text()


def test_hints_that_fail_stop_nothing(job, case, monkeypatch):
    monkeypatch.setattr(steps, "hints_of", _raise(KeyError("a bug")))
    assert steps.hint.fn(job, case, None, None, None, None) == ()
    assert "the search for hints failed: KeyError: 'a bug'" in job.said[0]
    assert "KeyError" in _trace(job, "small-the search for hints.txt")


def test_a_family_whose_importances_fail_has_none_and_the_others_have_theirs(job, case, monkeypatch):
    def measure(bundle, *_):
        if bundle == "bad":
            raise ZeroDivisionError
        return f"importances of {bundle}"

    monkeypatch.setattr(steps, "importances", measure)
    candidates = [SimpleNamespace(family=name, bundle=name, variant=compress.FLOAT) for name in ("bad", "good")]
    prepared = SimpleNamespace(tables={"val": SimpleNamespace(columns={})})
    found = steps.explain.fn(job, case, SimpleNamespace(candidates=candidates), prepared)
    assert found == {"good": "importances of good"}
    assert "importances of bad failed: ZeroDivisionError" in job.said[0]


def test_a_plot_that_fails_is_left_out_of_the_record(job, monkeypatch, tmp_path):
    monkeypatch.setattr(plots, "learning_curve", _raise(RuntimeError("no font")))
    monkeypatch.setattr(plots, "grid", lambda images, path: path.write_text("drawn"))
    trained = SimpleNamespace(history={"loss": [1.0]}, pictures={"samples": None})
    attempt = Faults(job, "small").attempt
    drawn = [
        path
        for what, draw in record._family_plots("vae", trained, None, tmp_path / "p")
        for path in attempt(what, draw, [])
    ]
    assert [path.name for path in drawn] == ["samples.png"]
    assert "the learning curve of vae failed: RuntimeError: no font" in job.said[0]


def test_a_full_disk_is_no_fault_of_the_part_and_says_what_to_do(job):
    full = OSError(28, "No space left on device")
    with pytest.raises(OSError, match="No space"):
        Faults(job, "small").attempt("plots", _raise(full), None)
    assert "minnow clean --dry-run" in advice(full)
    assert "minnow clean" in advice(shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]))
    assert advice(OSError(2, "no such file")) == ""


def test_the_certificate_of_a_refused_variant_is_logged_with_its_page(tmp_path):
    batch = rows_of(np.arange(400) % 2, ["a", "b"])
    bundles = tmp_path / "bundles"
    parent = candidate(bundles, labelled(batch, batch.target, variant="float32"), None)
    child = candidate(bundles, labelled(batch, 0 * batch.target))
    certify(child.val, parent.val, {}, BOUNDS).write(bundles / "linear-int8")
    refused = {"linear/int8": "it loses", "linear/float16": "it was not made", "gone/int8": "it was not made"}
    found = record._refused(SimpleNamespace(refused=refused), tmp_path)
    assert {name: [path.name for path in paths] for name, paths in found.items()} == {
        "refused/linear/int8": ["certificate.json", "certificate.html"]
    }
    assert "refused" in found["refused/linear/int8"][1].read_text()
