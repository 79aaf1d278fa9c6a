"""Generate: the distance and its rows, by hand and by what must hold; copies and collapse are found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minnow.measures import score_all
from minnow.tasks import _frechet, _lens, generate
from minnow.types import Batch

CLASSES = 4


def images_of(random, n):
    """Images of 6 x 6 pixels, of which one of four quarters is bright."""
    label = random.integers(0, CLASSES, n)
    image = random.random((n, 6, 6, 1), np.float32) * 0.3
    for place, which in enumerate(label):
        row, column = divmod(int(which), 2)
        image[place, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3] += 0.6
    return image, label.astype(str)


def batch_of(images, lens=None):
    n = len(images)
    key = np.random.default_rng(5).permutation(n).astype(np.uint64)
    return Batch({"image": images}, np.zeros(n, np.float32), np.empty(0, "<U1"), "generate", key, lens=lens or {})


@pytest.fixture(scope="module")
def train():
    return images_of(np.random.default_rng(0), 400)


@pytest.fixture(scope="module")
def exam(train):
    return batch_of(images_of(np.random.default_rng(1), 300)[0], generate.lens(batch_of(train[0]), train[1]))


def scored(images, exam):
    return {name: score.value for name, score in score_all(generate.MEASURES, {"sample": images}, exam).items()}


def test_the_distance_of_normal_distributions_is_the_known_one():
    from scipy.linalg import sqrtm

    random = np.random.default_rng(2)
    real, made = random.normal(size=(500, 5)), random.normal(size=(400, 5)) @ random.normal(size=(5, 5)) + 1
    (m, s), (n, t) = _frechet.moments(real), _frechet.moments(made)
    known = ((m - n) ** 2).sum() + np.trace(s + t - 2 * np.real(sqrtm(s @ t)))
    assert _frechet.distance(real, made) == pytest.approx(known, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 3), st.floats(-2, 2))
def test_a_row_adds_what_the_distance_rises_by_when_weight_moves_to_it(seed, spread, shift):
    random = np.random.default_rng(seed)
    real, made = random.normal(size=(60, 4)), random.normal(size=(60, 4)) * spread + shift
    rows = _frechet.influences(real, made)
    assert rows.mean() == pytest.approx(_frechet.distance(real, made), abs=1e-9)
    one, step = int(random.integers(60)), 1e-6

    def moved(sets, by):
        weight = np.full(60, (1 - by) / 60)
        weight[one] += by
        mean = weight @ sets
        return mean, ((sets - mean) * weight[:, None]).T @ (sets - mean) + _frechet.RIDGE * np.eye(4)

    there, back = (_frechet._distance(moved(real, by), moved(made, by))[0] for by in (step, -step))
    assert rows[one] - rows.mean() == pytest.approx((there - back) / (2 * step), rel=1e-3, abs=1e-4)


def test_the_interval_covers_what_other_draws_come_to():
    random = np.random.default_rng(3)
    draw = lambda: (random.normal(size=(300, 3)), random.normal(size=(300, 3)) + 1.0)  # noqa: E731
    real, made = draw()
    error = _frechet.influences(real, made).std(ddof=1) / np.sqrt(300)
    drawn = [_frechet.distance(*draw()) for _ in range(200)]
    assert error == pytest.approx(np.std(drawn), rel=0.25)


def test_equal_sets_have_no_distance_whatever_their_order(exam):
    images = exam.inputs["image"]
    shuffled = images[np.random.default_rng(0).permutation(len(images))]
    assert scored(shuffled, exam)["frechet"] == pytest.approx(0, abs=1e-6)
    assert scored(shuffled, exam)["precision"] == scored(shuffled, exam)["recall"] == 1


def test_scores_do_not_depend_on_the_order_of_rows(exam):
    made = images_of(np.random.default_rng(4), 300)[0]
    order = np.random.default_rng(6).permutation(300)
    assert scored(made[order], exam.take(order)) == pytest.approx(scored(made, exam), rel=1e-6)


def test_the_distance_grows_with_noise_and_with_shift(exam):
    fresh = images_of(np.random.default_rng(7), 300)[0]
    noise = np.random.default_rng(8).normal(size=fresh.shape).astype(np.float32)
    for change in (noise, np.float32(0.5)):
        found = [scored(fresh + np.float32(size) * change, exam)["frechet"] for size in (0.0, 0.2, 0.5, 1.0)]
        assert found == sorted(found)
        assert found[-1] > 5 * found[0]


def test_a_collapsed_generator_is_precise_and_recalls_nothing(exam):
    one = exam.inputs["image"][:1]
    found = scored(np.repeat(one, 300, axis=0), exam)
    fresh = scored(images_of(np.random.default_rng(9), 300)[0], exam)
    assert found["precision"] == 1
    assert found["recall"] < 0.05 < 0.8 < fresh["recall"]
    assert found["frechet"] > 10 * fresh["frechet"]


def test_copies_of_training_rows_are_found_and_new_rows_are_not(exam, train):
    assert scored(train[0][:300], exam)["memorised"] == 1
    half = np.where(
        np.arange(300)[:, None, None, None] % 2, train[0][:300], images_of(np.random.default_rng(3), 300)[0]
    )
    assert scored(half, exam)["memorised"] == pytest.approx(0.5, abs=0.06)
    assert scored(images_of(np.random.default_rng(10), 300)[0], exam)["memorised"] < 0.12


def test_the_extractor_is_named_by_its_numbers_and_made_alike_again(exam, train):
    again = generate.lens(batch_of(train[0]), train[1])
    assert _lens.sha(again) == _lens.sha(exam.lens) == generate.about(exam)["extractor"]
    other = dict(again) | {"extractor.bias0": again["extractor.bias0"] + np.float32(1e-6)}
    assert _lens.sha(other) != _lens.sha(again)
    assert generate.about(exam)["samples"] == 300
    assert "4 labels of 400 training rows" in generate.about(exam)["learned"]


def test_an_extractor_that_was_kept_gives_the_same_figures(exam, train):
    kept = generate.extractor(exam.lens)
    assert not {"known", "features", "components"} & kept.keys()
    again = replace(exam, lens=generate.lens(batch_of(train[0]), np.full(400, ""), kept))
    made = images_of(np.random.default_rng(4), 300)[0]
    assert scored(made, again) == pytest.approx(scored(made, exam), rel=1e-6)


def test_without_labels_clusters_stand_in_and_that_is_said(train, exam):
    found = replace(exam, lens=generate.lens(batch_of(train[0]), np.full(400, "")))
    assert "10 clusters of 400 training rows" in generate.about(found)["learned"]
    fresh = images_of(np.random.default_rng(7), 300)[0]
    assert scored(fresh, found)["frechet"] < 0.1 * scored(np.full_like(fresh, 0.5), found)["frechet"]


def test_what_cannot_be_looked_at_is_refused(exam, train):
    with pytest.raises(ValueError, match=r"takes 36 pixels\. Received: images of \(4, 4, 1\)"):
        generate.loss({"sample": np.zeros((300, 4, 4, 1), np.float32)}, exam)
    with pytest.raises(ValueError, match="need an extractor"):
        generate.loss({"sample": exam.inputs["image"]}, replace(exam, lens={}))
    with pytest.raises(ValueError, match=r"at least 20 training rows\. Received: 9"):
        generate.lens(batch_of(train[0][:9]), train[1][:9])


def test_baselines_have_the_moments_of_the_training_rows(train, exam):
    images = train[0].reshape(400, -1)
    many = batch_of(np.zeros((4000, 6, 6, 1), np.float32))
    found = {
        name: answer(many)["sample"].reshape(4000, -1)
        for name, answer in generate.baselines(batch_of(train[0])).items()
    }
    for name, made in found.items():
        np.testing.assert_allclose(made.mean(axis=0), images.mean(axis=0), atol=0.04, err_msg=name)
    alike = [np.corrcoef(made[:, 0], made[:, 1])[0, 1] for made in found.values()]
    assert abs(alike[0]) < 0.05
    assert alike[1] == pytest.approx(np.corrcoef(images[:, 0], images[:, 1])[0, 1], abs=0.1)


def test_answers_are_pixels_without_an_axis_for_one_channel():
    outputs = {"sample": np.full((1, 2, 3, 1), 0.123456, np.float32)}
    assert generate.answers(outputs, np.empty(0), {}) == [{"image": [[0.1235] * 3] * 2}]
    assert np.shape(generate.answers({"sample": np.zeros((1, 2, 3, 3))}, np.empty(0), {})[0]["image"]) == (2, 3, 3)
