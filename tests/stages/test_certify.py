"""Certification of a line-up: which variants leave it, for which reason, and what is written of them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from certifying import candidate, labelled, rows_of
from judging import latency
from standins import case_of, tabular

from minnow.config import Budget
from minnow.records.certificate import FILE, REFUSED, read_certificate
from minnow.stages import certificate, certify
from minnow.stages.candidates import LineUp

N, RARE = 4000, 40
TARGET = np.r_[np.full(RARE, 2), np.arange(N - RARE) % 2]
BATCH = rows_of(TARGET, ("no", "yes", "rare"))
DESTROYED = np.where(np.arange(N) < 8, 0, TARGET)
"""A fifth of the rare class: .2 of its recall, .002 of the accuracy."""


@pytest.fixture
def case(tmp_path):
    (tmp_path / "rows").mkdir()
    tabular(tmp_path / "rows")
    return case_of(tmp_path, "tabular", "classify", {"target": "kind"})


@pytest.fixture
def made(tmp_path):
    """Return what makes a candidate. answers: labels by their places."""

    def make(variant, size, answers=TARGET, **more):
        return candidate(tmp_path / "bundles", labelled(BATCH, answers, variant=variant, size=size), **more)

    return make


def _certified(case, *variants, refused=()):
    return certify.certify(case, LineUp(list(variants), dict(refused)), {})


def test_a_good_int8_stands_with_a_certificate_that_names_both(case, made):
    parent, int8 = made("float32", 1000, parent=None), made("int8", 300)
    left = _certified(case, parent, int8)
    assert left.candidates == [parent, int8]
    assert not left.refused
    found = read_certificate(int8.bundle)
    assert (found.verdict, found.variant, found.parent) == ("certified", "linear/int8", "linear/float32")
    assert (found.sha, found.parent_sha) == (int8.bundle.sha, parent.bundle.sha)
    assert (found.size_bytes, found.parent_size_bytes, found.level, found.margin) == (300, 1000, 0.05, 0.01)
    assert read_certificate(parent.bundle) is None


def test_one_that_harms_a_class_leaves_with_the_number_it_lost(case, made):
    left = _certified(case, made("float32", 1000, parent=None), made("float16", 500), made("int8", 300, DESTROYED))
    assert [one.variant for one in left.candidates] == ["float32", "float16"]
    (reason,) = left.refused.values()
    assert reason.startswith("against its parent linear/float32: It loses 0.2000 of the recall of 'rare'")


def test_equal_bytes_and_equal_speed_do_not_pay(case, made):
    parent = made("float32", 1000, parent=None, latency=latency(50, 1))
    left = _certified(case, parent, made("float16", 1000, latency=latency(50, 2)))
    assert left.refused == {
        "linear/float16": "it is not 10% smaller than its parent linear/float32: 1,000 bytes, required are at most 900."
    }


@pytest.mark.parametrize(
    ("size", "median", "stands", "limited"),
    [
        (900, 50, True, True),
        (901, 50, False, True),
        (1000, 30, True, True),
        (1000, 49, False, True),
        (900, 50, True, False),
        (1000, 30, False, False),
    ],
)
def test_a_tenth_of_the_bytes_pays_and_a_time_that_is_clearly_shorter_where_it_is_limited(
    case, made, size, median, stands, limited
):
    budget = Budget(p95_us=1000.0 if limited else None)
    entry = case.usecase.model_copy(update={"budget": budget})
    own = replace(case, settings=case.settings.with_usecases({case.name: entry}, {}))
    parent = made("float32", 1000, parent=None, latency=latency(50, 1))
    left = _certified(own, parent, made("float16", size, latency=latency(median, 2)))
    assert (len(left.candidates) == 2) is stands


def test_a_file_for_another_runtime_is_kept_whatever_its_size_but_not_whatever_it_harms(case, made):
    parent = made("float32", 1000, parent=None)
    assert len(_certified(case, parent, made("litert", 2000, suffix=".tflite")).candidates) == 2
    left = _certified(case, parent, made("edge", 2000, DESTROYED, suffix=".tflite"))
    assert [one.variant for one in left.candidates] == ["float32"]


@pytest.mark.parametrize(("size", "stands"), [(1801, False), (1800, True)])
def test_a_compressed_export_must_be_smaller_than_the_export_which_runs_on_the_same_devices(case, made, size, stands):
    export = made("litert", 2000, suffix=".tflite")
    left = _certified(
        case, made("float32", 1000, parent=None), export, made("litert-int8", size, parent="litert", suffix=".tflite")
    )
    assert (len(left.candidates) == 3) is stands
    smaller = "it is not 10% smaller than its parent linear/litert: 1,801 bytes, required are at most 1,800."
    assert left.refused == ({} if stands else {"linear/litert-int8": smaller})


def test_a_compressed_export_whose_parent_harms_is_compared_with_the_model_and_kept_whatever_its_size(case, made):
    export = made("litert", 2000, DESTROYED, suffix=".tflite")
    left = _certified(
        case, made("float32", 1000, parent=None), export, made("litert-int8", 1990, parent="litert", suffix=".tflite")
    )
    assert [one.variant for one in left.candidates] == ["float32", "litert-int8"]


def test_each_link_of_a_chain_is_compared_with_its_own_parent(case, made):
    parent, pruned = made("float32", 1000, parent=None), made("prune", 500)
    left = _certified(case, parent, pruned, made("prune-int8", 480, parent="prune"))
    assert left.refused.keys() == {"linear/prune-int8"}, "smaller than float32, and hardly smaller than its parent"
    assert "than its parent linear/prune" in left.refused["linear/prune-int8"]


@pytest.fixture
def taught(case):
    """A case with a step that does not make smaller, alone and in chains."""
    recipes = {"distill": {}, "prune > distill > int8": {}, "distill > prune": {}}
    entry = case.usecase.model_copy(update={"compression": recipes})
    return replace(case, settings=case.settings.with_usecases({case.name: entry}, {}))


WRONG, FEWER = (np.where(np.arange(N) % 10 < count, (TARGET + 1) % 2, TARGET) for count in (3, 2))
"""Three and two rows of ten are wrong."""


def test_what_was_taken_out_before_a_step_that_does_not_shrink_is_still_gone(taught, made):
    parent, pruned = made("float32", 1000, parent=None), made("prune", 500)
    chain = made("prune-distill", 500, parent="prune"), made("prune-distill-int8", 200, parent="prune-distill")
    left = _certified(taught, parent, pruned, *chain)
    assert not left.refused
    assert read_certificate(chain[1].bundle).parent == "linear/prune-distill"


def test_a_step_that_does_not_shrink_does_not_excuse_the_next_one(taught, made):
    chain = made("distill", 1000, WRONG), made("distill-prune", 950, parent="distill")
    left = _certified(taught, made("float32", 1000, FEWER, parent=None), *chain)
    assert left.refused["linear/distill-prune"] == (
        "it is not 10% smaller than its parent linear/float32: 950 bytes, required are at most 900."
    )


@pytest.mark.parametrize(
    ("before", "after", "stands"), [(WRONG, FEWER, True), (FEWER, FEWER, False), (FEWER, WRONG, False)]
)
def test_what_is_taught_at_its_size_stands_where_it_is_better(taught, made, before, after, stands):
    left = _certified(taught, made("float32", 1000, before, parent=None), made("distill", 1000, after))
    assert (len(left.candidates) == 2) is stands
    if before is after:
        assert left.refused == {
            "linear/distill": "it is neither smaller nor better: not 10% smaller than linear/float32 (1,000 bytes, required "
            "are at most 900), and not shown to be better than its parent linear/float32, p = 1, required is at most 0.05."
        }


def test_harm_does_not_pass_along_a_chain(case, made):
    """What is like its harmful parent is compared with the parent of that."""
    parent, harmful = made("float32", 1000, parent=None), made("prune", 500, DESTROYED)
    left = _certified(case, parent, harmful, made("prune-int8", 100, DESTROYED, parent="prune"))
    assert [one.variant for one in left.candidates] == ["float32"]
    assert "against its parent linear/float32" in left.refused["linear/prune-int8"]


def test_one_whose_parent_is_not_there_is_refused_with_the_reason(case, made):
    left = _certified(case, made("int8", 300), refused={"linear/float32": "it could not be timed: it died"}.items())
    assert left.refused["linear/int8"] == (
        "it cannot be compared with its parent linear/float32: it could not be timed: it died"
    )


def test_an_error_costs_its_variant_alone_and_leaves_a_trace(case, made, monkeypatch):
    real, seen = certificate.certify, []

    def failing(variant, *more):
        if variant.bundle.schema.variant == "int8":
            raise KeyError("a bug")
        return real(variant, *more)

    monkeypatch.setattr(certificate, "certify", failing)
    lined_up = LineUp([made("float32", 1000, parent=None), made("float16", 500), made("int8", 300)])
    left = certify.certify(case, lined_up, {}, lambda name, error: seen.append((name, type(error))))
    assert [one.variant for one in left.candidates] == ["float32", "float16"]
    assert seen == [("linear/int8", KeyError)]


def test_the_bytes_are_the_same_every_time(case, made, tmp_path):
    parent, int8 = made("float32", 1000, parent=None, latency=latency(50, 1)), made("int8", 300, DESTROYED)
    _certified(case, parent, int8)
    first = (int8.bundle.record_folder / FILE).read_bytes()
    slower = replace(int8, timing=replace(int8.timing, latency_us=((9.0,), (9.0,))))
    _certified(case, parent, slower)
    assert (int8.bundle.record_folder / FILE).read_bytes() == first, "nothing of the clock is in it"


def test_the_margin_of_an_accuracy_is_asked_of_each_class_too(tmp_path, made):
    (tmp_path / "rows").mkdir()
    tabular(tmp_path / "rows")
    parent = made("float32", 1000, parent=None)
    wide = case_of(tmp_path, "tabular", "classify", {"target": "kind"}, judge={"margin": 0.3})
    assert len(_certified(wide, parent, made("int8", 300, DESTROYED)).candidates) == 2
    other = case_of(tmp_path, "tabular", "classify", {"target": "kind"}, judge={"margin": 0.3}, measure="log_loss")
    left = _certified(other, parent, made("float16", 300, DESTROYED))
    assert len(left.candidates) == 1, "a share of the log loss is no loss of recall"


def test_a_refit_names_both_pairs(case, made, tmp_path):
    parent, int8 = made("float32", 1000, parent=None), made("int8", 300)
    _certified(case, parent, int8)
    again = candidate(tmp_path / "again", labelled(BATCH, TARGET, variant="int8", size=310))
    root = candidate(tmp_path / "again", labelled(BATCH, TARGET, variant="float32", size=1010), parent=None)
    certificate.carry(int8.bundle, again.bundle, {"float32": root.bundle.folder, "int8": again.bundle.folder})
    found = read_certificate(again.bundle)
    assert (found.sha, found.parent_sha) == (int8.bundle.sha, parent.bundle.sha)
    assert (found.shipped, found.shipped_parent) == (again.bundle.sha, root.bundle.sha)
    assert replace(found, shipped=None, shipped_parent=None) == read_certificate(int8.bundle)
    assert found.verdict != REFUSED
    assert json.loads((again.bundle.record_folder / FILE).read_text())["shipped"] == again.bundle.sha
