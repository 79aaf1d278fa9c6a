"""The certificate of a variant: what it finds in answers that are made up to hold one defect each."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from certifying import BOUNDS, evaluated, labelled, rows_of
from scipy.stats import binom

from minnow.records.certificate import CERTIFIED, REFUSED, UNCERTIFIED, UNDERPOWERED
from minnow.stages.certificate import _tests, certify
from minnow.types import Source

LABELS = ("common", "other", "rare")


def _pair(n=10_000, rare=20, spoil=()):
    """Rows of three classes, of which a parent answers one in twenty wrongly. spoil: rows that the variant answers wrongly."""
    target = np.arange(n) % 2
    target[:rare] = 2
    theirs = np.where(np.arange(n) % 20 == 19, (target + 1) % 3, target)
    ours = theirs.copy()
    ours[list(spoil)] = (target[list(spoil)] + 1) % 3
    batch = rows_of(target, LABELS)
    return labelled(batch, ours), labelled(batch, theirs, variant="float32")


def test_a_variant_that_destroys_one_class_is_refused_though_the_accuracy_holds():
    variant, parent = _pair(spoil=range(20))
    assert abs(variant.primary.value - parent.primary.value) <= 0.002
    found = certify(variant, parent, {}, BOUNDS)
    assert found.verdict == REFUSED
    (said,) = found.reasons
    assert "0.9500 of the recall of 'rare'" in said
    assert "the margin is 0.01" in said
    assert found.measured.upper < BOUNDS.margin, "by the accuracy alone it would be certified"


def test_gains_elsewhere_do_not_make_up_for_a_class():
    variant, parent = _pair(n=2000, rare=40, spoil=range(40))
    gained = np.flatnonzero(parent.loss)[-40:]
    answers = variant.outputs["probabilities"].argmax(1)
    answers[gained] = variant.batch.target[gained]
    variant = labelled(variant.batch, answers)
    assert abs(variant.primary.value - parent.primary.value) <= 0.002
    assert certify(variant, parent, {}, BOUNDS).verdict == REFUSED


def test_a_good_variant_is_certified_and_its_figures_are_right():
    variant, parent = _pair(spoil=(5000, 5001))
    found = certify(variant, parent, {}, BOUNDS)
    assert found.verdict == CERTIFIED
    assert found.flips.value == 0.0002
    assert found.flips.low <= 0.0002 <= found.flips.high < 0.001
    assert found.measured.loss == pytest.approx(0.0002)
    assert (found.sha[:4], found.parent_sha[:7], found.rows) == ("int8", "float32", 10_000)
    assert {one.label: (one.rows, one.loss) for one in found.classes} == {
        "common": (4990, pytest.approx(1 / 4990)), "other": (4990, pytest.approx(1 / 4990)), "rare": (20, 0.0),
    }  # fmt: skip
    assert all(one.low <= one.loss <= one.high for one in found.classes)


def test_a_class_too_small_to_tell_is_named_and_does_not_refuse():
    variant, parent = _pair(rare=4, spoil=range(4))
    found = certify(variant, parent, {}, BOUNDS)
    assert found.verdict == CERTIFIED
    assert any("'rare' (4 rows)" in reason for reason in found.reasons)
    assert not next(one for one in found.classes if one.label == "rare").can_tell


def test_a_small_loss_of_a_large_class_within_the_margin_does_not_refuse():
    variant, parent = _pair(spoil=range(1000, 1040, 2))
    found = certify(variant, parent, {}, BOUNDS)
    common = next(one for one in found.classes if one.label == "common")
    assert common.p < 0.05
    assert 0 < common.loss < BOUNDS.recall_margin
    assert found.verdict == CERTIFIED


def test_few_rows_are_underpowered_and_say_how_many_would_do():
    variant, parent = _pair(n=100, rare=20, spoil=(50,))
    found = certify(variant, parent, {}, BOUNDS)
    assert found.verdict == UNDERPOWERED
    assert found.measured.detectable > BOUNDS.margin
    # by hand: sqrt(1 / 100) * (1.645 + 0.842) / sqrt(100) = 0.0249, and 100 * 2.49^2 = 618 groups
    assert found.measured.needed == 619
    assert any("about 619 are needed" in reason for reason in found.reasons)


def test_a_score_that_falls_visibly_is_not_certified_and_left_to_the_judge():
    variant, parent = _pair(n=20_000, rare=2000, spoil=range(2000, 2300))
    found = certify(variant, parent, {}, replace(BOUNDS, recall_margin=0.5))
    assert found.verdict == UNCERTIFIED
    assert "It may lose up to" in found.reasons[0]


def test_rows_of_one_group_count_once():
    """The same twenty rows lost are one user's, and one user shows nothing."""
    variant, parent = _pair(spoil=range(20))
    group = np.maximum(np.arange(10_000) - 19, 0)
    one, other = (replace(e, batch=replace(e.batch, group=group)) for e in (variant, parent))
    found = certify(one, other, {}, BOUNDS)
    assert found.verdict == CERTIFIED
    assert any("'rare'" in reason for reason in found.reasons)


def test_probabilities_that_grow_too_sure_change_the_calibration():
    target = np.arange(4000) % 2
    answers = np.where(np.arange(4000) % 10 == 0, 1 - target, target)
    batch = rows_of(target, ("no", "yes"))
    sure, right = labelled(batch, answers, sure=0.99), labelled(batch, answers, sure=0.9, variant="float32")
    found = certify(sure, right, {}, BOUNDS)
    assert found.calibration.parent == pytest.approx(0.0, abs=1e-6)
    assert found.calibration.change == pytest.approx(0.09, abs=1e-6)
    assert found.calibration.low > 0.05
    assert certify(right, right, {}, BOUNDS).calibration.change == 0


def test_the_worst_slice_is_told_in_the_users_columns():
    n = 2000
    target = np.arange(n) % 2
    sources = {"x": (Source(("age",), "value"),)}
    batch = rows_of(target, ("no", "yes"), sources=sources)
    broken = np.arange(n) >= 1500
    ours = np.where(broken & (np.arange(n) % 3 == 0), 1 - target, target)
    variant, parent = labelled(batch, ours), labelled(batch, target, variant="float32")
    found = certify(variant, parent, {"age": np.linspace(20, 60, n)}, BOUNDS)
    assert found.worst.conditions[0].startswith("'age' above 50")
    assert found.worst.flips.value == pytest.approx(1 / 3, abs=0.1)
    assert found.worst.flips.n < 300, "it is counted on rows that it was not found on"


def test_without_columns_the_worst_slice_is_a_class():
    variant, parent = _pair(rare=1000, spoil=range(0, 1000, 3))
    assert certify(variant, parent, {}, BOUNDS).worst.conditions == ("class 'rare'",)


def test_answers_that_are_numbers_have_quantiles_of_their_change():
    random = np.random.default_rng(0)
    target = random.normal(size=1000).astype(np.float32)
    batch = rows_of(target, task="regress")
    theirs = target + random.normal(scale=0.5, size=1000)
    variant = evaluated(batch, {"value": theirs + np.where(np.arange(1000) < 100, 0.5, 0.0)})
    found = certify(variant, evaluated(batch, {"value": theirs}, "float32"), {}, BOUNDS)
    assert found.change.quantiles["0.5"] == 0
    assert found.change.quantiles["1"] == pytest.approx(0.5)
    assert found.flips.value == pytest.approx(0.1)
    assert found.classes == ()
    assert found.calibration is None


def test_answers_that_are_lists_have_the_overlap_of_the_best_ten():
    items = tuple(f"i{number:02}" for number in range(30))
    target = np.zeros((200, 1), np.int64)
    batch = replace(rows_of(target, items, task="rank"), inputs={})
    scores = np.tile(np.arange(30, 0, -1, dtype=np.float32), (200, 1))
    other = scores.copy()
    other[:, 9], other[:, 10] = scores[:, 10], scores[:, 9]
    found = certify(evaluated(batch, {"scores": other}), evaluated(batch, {"scores": scores}, "float32"), {}, BOUNDS)
    assert found.change.quantiles["0.5"] == pytest.approx(0.9)


def test_the_order_of_the_rows_changes_no_figure_of_the_verdict():
    variant, parent = _pair(n=3000, rare=60, spoil=range(0, 90, 2))
    order = np.random.default_rng(0).permutation(3000)
    taken = [
        replace(e, batch=e.batch.take(order), outputs={k: v[order] for k, v in e.outputs.items()}, loss=e.loss[order])
        for e in (variant, parent)
    ]
    first, second = certify(variant, parent, {}, BOUNDS), certify(*taken, {}, BOUNDS)
    assert replace(first, worst=None) == replace(second, worst=None)


@pytest.mark.parametrize("share", [0.002, 0.02, 0.2])
def test_the_interval_of_the_flips_holds_the_true_share(share):
    """The true share is within it in about 95 % of draws."""
    random, n, draws = np.random.default_rng(3), 1000, 100
    target = np.zeros(n, np.int64)
    batch, held = rows_of(target, LABELS[:2]), 0
    parent = labelled(batch, target, variant="float32")
    for _ in range(draws):
        found = certify(labelled(batch, (random.random(n) < share).astype(int)), parent, {}, BOUNDS).flips
        held += found.low <= share <= found.high
    assert binom.cdf(held, draws, 0.95) > 0.01, held


def test_equal_classes_are_rarely_refused():
    """A parent and a variant that are equally good, with twenty classes: at most one in twenty is refused."""
    random, draws, refused = np.random.default_rng(5), 100, 0
    target = np.arange(1000) % 20
    batch = rows_of(target, tuple(f"{number:02}" for number in range(20)))
    for _ in range(draws):
        wrong = random.random((2, 1000)) < 0.15
        one, other = (labelled(batch, np.where(w, (target + 1) % 20, target)) for w in wrong)
        refused += certify(one, other, {}, BOUNDS).verdict == REFUSED
    assert binom.sf(refused - 1, draws, 0.05) > 0.01, refused


@pytest.mark.parametrize(
    ("right", "tests"), [([50, 50, 50], 3), ([50, 2, 3], 1), ([7, 7, 7, 1, 1, 1], 3), ([], 1), ([6] * 4 + [5] * 4, 4)]
)
def test_the_level_is_divided_by_the_classes_that_can_be_told(right, tests):
    """By hand: 0.5^7 = .0078 is within .05 / 3; 0.5^6 = .0156 within .05 / 3, but these are four."""
    assert _tests(np.array(right, int), 0.05) == tests


def test_a_certificate_takes_a_tenth_of_a_second_and_grows_with_the_rows():
    taken = []
    for n in (2000, 20_000):
        variant, parent = _pair(n=n, rare=100, spoil=range(0, 60))
        certify(variant, parent, {}, BOUNDS)
        start = time.process_time()
        certify(variant, parent, {}, BOUNDS)
        taken.append(time.process_time() - start)
    assert taken[0] < 0.1
    assert taken[1] < 20 * max(taken[0], 0.005)
