"""Generate: the distance and its rows, by hand and by what must hold; copies and collapse are detected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.measures import score_all
from minnow.tasks import _extractor, _frechet, generate
from minnow.types import Batch

CLASSES = 4
EXTRACTION = generate.CAPABILITIES.feature_extraction
assert EXTRACTION


def images_of(random, n):
    """Images of 6 x 6 pixels, one quarter of each bright, and the number of that quarter."""
    label = random.integers(0, CLASSES, n)
    image = random.random((n, 6, 6, 1), np.float32) * 0.3
    for index, quarter in enumerate(label):
        row, column = divmod(int(quarter), 2)
        image[index, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3] += 0.6
    return image, label.astype(str)


def batch_of(images, extractor=None):
    n = len(images)
    key = np.random.default_rng(5).permutation(n).astype(np.uint64)
    target, labels = np.zeros(n, np.float32), np.empty(0, "<U1")
    return Batch({"image": images}, target, labels, "generate", key, extractor=extractor or {})


@pytest.fixture(scope="module")
def train():
    return images_of(np.random.default_rng(0), 400)


@pytest.fixture(scope="module")
def exam(train):
    return batch_of(images_of(np.random.default_rng(1), 300)[0], EXTRACTION.fit(batch_of(train[0]), train[1], None))


def scored(images, exam):
    return {name: score.value for name, score in score_all(generate.MEASURES, {"sample": images}, exam).items()}


def test_the_distance_of_normal_distributions_is_the_known_one():
    from scipy.linalg import sqrtm

    random = np.random.default_rng(2)
    real, generated = random.normal(size=(500, 5)), random.normal(size=(400, 5)) @ random.normal(size=(5, 5)) + 1
    (m, s), (n, t) = _frechet.moments(real), _frechet.moments(generated)
    known = ((m - n) ** 2).sum() + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
    assert _frechet.distance(real, generated) == pytest.approx(known, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 3), st.floats(-2, 2))
def test_the_influence_of_a_row_is_the_derivative_of_the_distance_by_its_weight(seed, spread, shift):
    random = np.random.default_rng(seed)
    real, generated = random.normal(size=(60, 4)), random.normal(size=(60, 4)) * spread + shift
    rows = _frechet.influences(real, generated)
    assert rows.mean() == pytest.approx(_frechet.distance(real, generated), abs=1e-9)
    row, step = int(random.integers(60)), 1e-6

    def moved(sets, by):
        weight = np.full(60, (1 - by) / 60)
        weight[row] += by
        mean = weight @ sets
        return mean, ((sets - mean) * weight[:, None]).T @ (sets - mean) + _frechet.RIDGE * np.eye(4)

    up, down = (_frechet._distance(moved(real, by), moved(generated, by))[0] for by in (step, -step))
    assert rows[row] - rows.mean() == pytest.approx((up - down) / (2 * step), rel=1e-3, abs=1e-4)


def test_the_interval_covers_what_other_draws_come_to():
    random = np.random.default_rng(3)
    draw = lambda: (random.normal(size=(300, 3)), random.normal(size=(300, 3)) + 1.0)  # noqa: E731
    real, generated = draw()
    error = _frechet.influences(real, generated).std(ddof=1) / np.sqrt(300)
    distances = [_frechet.distance(*draw()) for _ in range(200)]
    assert error == pytest.approx(np.std(distances), rel=0.25)


def test_equal_sets_have_no_distance_whatever_their_order(exam):
    images = exam.inputs["image"]
    shuffled = images[np.random.default_rng(0).permutation(len(images))]
    assert scored(shuffled, exam)["frechet"] == pytest.approx(0, abs=1e-6)
    assert scored(shuffled, exam)["precision"] == scored(shuffled, exam)["recall"] == 1


def test_scores_do_not_depend_on_the_order_of_rows(exam):
    generated = images_of(np.random.default_rng(4), 300)[0]
    order = np.random.default_rng(6).permutation(300)
    assert scored(generated[order], exam.take(order)) == pytest.approx(scored(generated, exam), rel=1e-6)


def test_the_distance_grows_with_noise_and_with_shift(exam):
    fresh = images_of(np.random.default_rng(7), 300)[0]
    noise = np.random.default_rng(8).normal(size=fresh.shape).astype(np.float32)
    for change in (noise, np.float32(0.5)):
        distances = [scored(fresh + np.float32(size) * change, exam)["frechet"] for size in (0.0, 0.2, 0.5, 1.0)]
        assert distances == sorted(distances)
        assert distances[-1] > 5 * distances[0]


def test_a_collapsed_generator_is_precise_and_recalls_nothing(exam):
    image = exam.inputs["image"][:1]
    collapsed = scored(np.repeat(image, 300, axis=0), exam)
    fresh = scored(images_of(np.random.default_rng(9), 300)[0], exam)
    assert collapsed["precision"] == 1
    assert collapsed["recall"] < 0.05 < 0.8 < fresh["recall"]
    assert collapsed["frechet"] > 10 * fresh["frechet"]


def test_copies_of_training_rows_are_found_and_new_rows_are_not(exam, train):
    assert scored(train[0][:300], exam)["memorised"] == 1
    half = np.where(
        np.arange(300)[:, None, None, None] % 2, train[0][:300], images_of(np.random.default_rng(3), 300)[0]
    )
    assert scored(half, exam)["memorised"] == pytest.approx(0.5, abs=0.06)
    assert scored(images_of(np.random.default_rng(10), 300)[0], exam)["memorised"] < 0.12


def test_the_extractor_is_named_by_its_numbers_and_the_same_each_time(exam, train):
    again = EXTRACTION.fit(batch_of(train[0]), train[1], None)
    assert _extractor.sha(again) == _extractor.sha(exam.extractor) == EXTRACTION.about(exam)["extractor"]
    other = dict(again) | {"extractor.bias0": again["extractor.bias0"] + np.float32(1e-6)}
    assert _extractor.sha(other) != _extractor.sha(again)
    assert EXTRACTION.about(exam)["samples"] == 300
    assert "4 labels of 400 training rows" in EXTRACTION.about(exam)["learned"]


def test_an_extractor_that_was_kept_gives_the_same_figures(exam, train):
    kept = EXTRACTION.kept(exam.extractor)
    assert not {"known", "features", "components"} & kept.keys()
    again = replace(exam, extractor=EXTRACTION.fit(batch_of(train[0]), np.full(400, ""), kept))
    generated = images_of(np.random.default_rng(4), 300)[0]
    assert scored(generated, again) == pytest.approx(scored(generated, exam), rel=1e-6)


def test_without_labels_clusters_stand_in_and_that_is_recorded(train, exam):
    unlabelled = replace(exam, extractor=EXTRACTION.fit(batch_of(train[0]), np.full(400, ""), None))
    assert "10 clusters of 400 training rows" in EXTRACTION.about(unlabelled)["learned"]
    fresh = images_of(np.random.default_rng(7), 300)[0]
    grey = np.full_like(fresh, 0.5)
    assert scored(fresh, unlabelled)["frechet"] < 0.1 * scored(grey, unlabelled)["frechet"]


def test_what_cannot_be_compared_is_refused(exam, train):
    with pytest.raises(ValueError, match=r"takes 36 pixels\. Received: images of \(4, 4, 1\)"):
        generate.MEASURES[0].loss({"sample": np.zeros((300, 4, 4, 1), np.float32)}, exam)
    with pytest.raises(ValueError, match="need a feature extractor"):
        generate.MEASURES[0].loss({"sample": exam.inputs["image"]}, replace(exam, extractor={}))
    with pytest.raises(ValueError, match=r"at least 20 training rows\. Received: 9"):
        EXTRACTION.fit(batch_of(train[0][:9]), train[1][:9], None)


def test_baselines_have_the_moments_of_the_training_rows(train, exam):
    images = train[0].reshape(400, -1)
    many = batch_of(np.zeros((4000, 6, 6, 1), np.float32))
    samples = {
        name: answer(many)["sample"].reshape(4000, -1)
        for name, answer in generate.baselines(batch_of(train[0])).items()
    }
    for name, generated in samples.items():
        np.testing.assert_allclose(generated.mean(axis=0), images.mean(axis=0), atol=0.04, err_msg=name)
    correlations = [np.corrcoef(generated[:, 0], generated[:, 1])[0, 1] for generated in samples.values()]
    assert abs(correlations[0]) < 0.05
    assert correlations[1] == pytest.approx(np.corrcoef(images[:, 0], images[:, 1])[0, 1], abs=0.1)


def test_answers_are_pixels_without_an_axis_for_one_channel():
    outputs = {"sample": np.full((1, 2, 3, 1), 0.123456, np.float32)}
    assert generate.answers(outputs, np.empty(0), {}) == [{"image": [[0.1235] * 3] * 2}]
    assert np.shape(generate.answers({"sample": np.zeros((1, 2, 3, 3))}, np.empty(0), {})[0]["image"]) == (2, 3, 3)
