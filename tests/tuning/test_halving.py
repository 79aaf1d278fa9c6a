"""The rounds of successive halving."""

from hypothesis import given
from hypothesis import strategies as st

from minnow.tuning import halving


def test_one_family_has_all_trials():
    assert halving.rounds(1, 30) == [30]


def test_four_families_share_thirty_trials():
    assert halving.rounds(4, 30) == [2, 7, 19]  # 4 x 2, then 2 x 5 more, then 12 more


def test_few_trials_are_one_of_each_family():
    assert halving.rounds(4, 1) == [1, 1, 1]


@given(st.integers(1, 12), st.integers(1, 500))
def test_the_trials_of_all_rounds_are_those_asked_for(families, trials):
    each = halving.rounds(families, trials)
    spent, before, left = 0, 0, families
    for target in each:
        assert target >= before
        spent, before = spent + left * (target - before), target
        rounds_left, left = left, halving.kept(left)
    assert rounds_left == 1
    assert each[0] >= 1
    assert spent == max(trials, families)
