"""The front: what is on it, what is chosen within a budget, and what is nearest to one that nothing meets."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minnow.config import Budget
from minnow.stages.judge import Rules
from minnow.tuning import front
from minnow.tuning.front import Point
from minnow.types import Score

RULES = Rules(binary=True, level=0.05, margin=0.01, higher_is_better=True)
ALL = ("loss", "size_bytes", "p95_us", "memory_bytes")


def point(loss=0.1, size_bytes=1000, number=1, **more):
    score = Score(1 - loss, 0.8, 1.0, 100)
    figures = {"p95_us": 50.0, "memory_bytes": 2000, "parameters": 10, "sha": f"{number}"} | more
    return Point(number, "linear", {}, "float32", "", {}, score, loss, size_bytes, **figures)


def beats(one, other, counted):
    """Dominance as it is defined: of the same runtime, nowhere worse, and not the same in everything."""
    own, its = ([getattr(which, name) for name in counted] for which in (one, other))
    return (
        one.suffix == other.suffix
        and own != its
        and not any(mine > yours for mine, yours in zip(own, its, strict=True))
    )


few = st.integers(0, 4)
many = st.lists(st.tuples(few, few, few, few, st.booleans(), st.booleans()), max_size=25).map(
    lambda rows: [
        point(loss / 10, 1000 + size, number, p95_us=p95, memory_bytes=memory, suffix=".tflite" if edge else ".onnx",
              refused="it harms a class" if harms else None)
        for number, (loss, size, p95, memory, edge, harms) in enumerate(rows)
    ]
)  # fmt: skip


@given(many, st.sampled_from([ALL, ALL[:2], ALL[:3]]))
def test_nothing_on_the_front_is_dominated_and_all_else_that_stands_is(points, counted):
    on = front.front(points, counted)
    standing = [one for one in points if one.refused is None]
    assert not any(beats(other, one, counted) for one in on for other in standing)
    assert all(any(beats(other, one, counted) for other in on) for one in standing if one not in on)


@given(many, st.integers(999, 1005), st.floats(0, 4))
def test_what_is_chosen_is_on_the_front_within_the_budget_and_not_refused(points, size_bytes, p95_us):
    budget = Budget(size_bytes=size_bytes, p95_us=p95_us + 0.5)
    served = [replace(one, suffix=".onnx") for one in points]
    chosen = front.chosen(front.eligible(served), RULES, budget)
    within = [
        one for one in served if one.refused is None and one.size_bytes <= size_bytes and one.p95_us <= p95_us + 0.5
    ]
    assert (chosen is None) == (not within)
    if chosen is not None:
        assert chosen in within
        assert chosen in front.front(served, front.axes(budget))
        assert chosen.loss <= min(one.loss for one in within) + RULES.margin


def test_the_smallest_within_one_margin_of_the_best_is_chosen():
    points = [point(0.100, 9000, 1), point(0.110, 3000, 2), point(0.111, 2000, 3), point(0.3, 10, 4)]
    assert front.chosen(points, RULES, Budget()) == points[1]
    assert front.chosen(points, RULES, Budget(size_bytes=2999)) == points[2]


def test_a_budget_is_not_met_by_rounding():
    points = [point(0.1, 16_001, p95_us=500.004)]
    assert front.chosen(points, RULES, Budget(size_bytes=16_000)) is None
    assert front.chosen(points, RULES, Budget(size_bytes=16_001)) is not None
    assert front.chosen(points, RULES, Budget(p95_us=500)) is None
    near = front.nearest(points, RULES, Budget(size_bytes=16_000))
    assert (near.limit, near.value, near.over) == ("size_bytes", 16_001, 1)


def test_the_nearest_is_least_over_the_limit_that_it_exceeds_most():
    small_slow, large_fast, both = (
        point(0.1, 500, 1, p95_us=900.0),
        point(0.1, 5000, 2, p95_us=10.0),
        point(0.1, 1500, 3),
    )
    near = front.nearest([small_slow, large_fast, both], RULES, Budget(size_bytes=1000, p95_us=60))
    assert (near.point, near.limit, near.value, near.allowed) == (both, "size_bytes", 1500, 1000)
    near = front.nearest([small_slow, large_fast], RULES, Budget(size_bytes=1000, p95_us=60))
    assert (near.point, near.limit) == (large_fast, "size_bytes")
    near = front.nearest([small_slow], RULES, Budget(size_bytes=1000, p95_us=60))
    assert (near.limit, near.over) == ("p95_us", 840)


def test_where_the_gate_alone_is_missed_it_binds():
    rules = replace(RULES, floor=0.95)
    points = [point(0.2, 900, 1), point(0.1, 950, 2), point(0.01, 5000, 3)]
    assert front.chosen(points, rules, Budget(size_bytes=1000)) is None
    near = front.nearest(points, rules, Budget(size_bytes=1000))
    assert (near.point, near.limit, near.value) == (points[1], "gate.floor", 0.9)
    assert front.chosen(points, rules, Budget()) == points[2]


def test_the_refused_are_not_chosen_and_are_shown_where_they_would_add_to_the_front():
    best = point(0.1, 1000, 1)
    smaller, alike, worse = (
        point(loss, size, n, refused="harm") for loss, size, n in ((0.1, 500, 2), (0.1, 1000, 3), (0.2, 1000, 4))
    )
    points = [best, smaller, alike, worse]
    assert front.chosen(front.eligible(points), RULES, Budget()) == best
    assert front.front(points, ALL[:2]) == [best]
    assert front.refused(points, ALL[:2]) == [smaller]


def test_the_clock_counts_only_where_it_is_limited():
    assert front.axes(Budget()) == front.axes(Budget(size_bytes=1)) == ("loss", "size_bytes")
    assert front.axes(Budget(p95_us=1, memory_bytes=1)) == ALL


def test_files_of_an_exporter_are_chosen_on_request_alone():
    served, edge = point(0.1, 1000, 1), point(0.05, 900, 2, suffix=".tflite", served=False)
    about = ("small", "accuracy")
    assert front.found(about, [served, edge], None, RULES, Budget(), {}).chosen == served
    assert front.found(about, [served, edge], ".tflite", RULES, Budget(), {}).chosen == edge
    assert front.found(about, [served, edge], None, RULES, Budget(), {}).front == (edge, served)
    with pytest.raises(ValueError, match=r"\.tflite"):
        front.found(about, [served], ".tflite", RULES, Budget(), {})


def test_a_file_that_two_trials_made_is_one_point():
    first, again, other = point(number=1, sha="a"), point(number=2, sha="a", p95_us=1.0), point(number=3, sha="b")
    assert front.distinct([first, again, other]) == [first, other]


@given(many)
def test_points_are_read_as_they_were_written(points):
    assert [front.read_point(one.as_json()) for one in points] == points
