"""What an answer that is always the same reaches on an exam, and that nothing is promoted that cannot be told from it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import LEVEL, model

from minnow.stages import chance as chance_module
from minnow.stages import floor, judge
from minnow.stages.chance import Chance, chance_of
from minnow.stages.floor import fewest
from minnow.stages.judge import Rivals, Rules, decide, level_of_look
from minnow.tasks import classify, generate, rank, regress
from minnow.types import Array, Batch, Score

LABELS = np.array(["no", "yes"])
FIRST = level_of_look(LEVEL, 1)
RULES = Rules(binary=True, level=LEVEL, margin=0.01, higher_is_better=True)


def batch(target, labels=LABELS, task="classify", weight=None, key=None):
    key = np.arange(len(target)) if key is None else key
    more = {} if weight is None else {"weight": np.asarray(weight, np.float32)}
    return Batch({}, np.asarray(target), np.asarray(labels, dtype=str), task, key.astype(np.uint64), **more)


def of(task, exam, outputs, train=None, label_weights=None, level=FIRST):
    problem = SimpleNamespace(task=task, options=SimpleNamespace(label_weights=label_weights))
    prepared = SimpleNamespace(batches={"train": exam if train is None else train})
    return chance_of(problem, prepared, SimpleNamespace(batch=exam, outputs=outputs), level)


def answered(yes, target, key=None, level=FIRST):
    """Chance and losses of a classifier that gives these probabilities of yes."""
    yes = np.asarray(yes, np.float64)
    outputs = {"probabilities": np.stack([1 - yes, yes], axis=1)}
    exam = batch(np.asarray(target, np.int64), key=key)
    return of(classify, exam, outputs, level=level), classify.MEASURES[0].loss(outputs, exam)


def ask(yes, target, champion=None, *, looks=0, group=None, size=1000, key=None):
    """The ruling on a classifier with these probabilities of yes."""
    chance, loss = answered(yes, target, key, level_of_look(LEVEL, looks + 1))
    rivals = Rivals(None if champion is None else model(champion, "champion", n=len(loss)), None, looks)
    group = np.arange(len(loss)) if group is None else group
    return decide(model(loss, size=size, n=len(loss)), rivals, [], group=group, rules=RULES, chance=chance)


def drawn(seed, n, share=0.5, skill=0.0):
    """Targets, and probabilities of a model that knows them with some skill, 0 for none."""
    random = np.random.default_rng(seed)
    target = (random.random(n) < share).astype(np.int64)
    signal = skill * (target - 0.5) + random.normal(0, 1, n) + np.log(share / (1 - share))
    return 1 / (1 + np.exp(-signal)), target


# An exam of one class


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 400), st.booleans(), st.integers(0, 5))
def test_on_an_exam_of_one_class_nothing_is_promoted_and_no_look_is_spent(seed, n, crowned, looks):
    yes, _ = drawn(seed, n)
    for label in (0, 1):
        ruling = ask(yes, np.full(n, label), np.ones(n) if crowned else None, looks=looks)
        assert (ruling.promote, ruling.verdict, ruling.looked) == (False, "refused", False)
        assert f"{n:,} rows of '{LABELS[label]}' and none of '{LABELS[1 - label]}'" in ruling.reasons[0]
        assert "Rows of at least 2 classes are needed" in ruling.reasons[0]


def test_an_exam_of_rows_that_train_does_not_know_says_nothing_either():
    exam, outputs = batch(np.full(50, -1)), {"probabilities": np.full((50, 2), 0.5)}
    reason = floor.one_class(of(classify, exam, outputs, batch([0, 1])))
    assert "of the 2 classes in train it has none of 'no', 'yes'" in reason


def test_right_on_every_row_of_an_exam_without_one_positive_is_not_a_first_champion():
    """Three frauds among three thousand rows, none of them in the exam: accuracy is 1, and says nothing."""
    ruling = ask(np.full(644, 0.001), np.zeros(644))
    assert (ruling.promote, ruling.verdict) == (False, "refused")


# What cannot be told from who has learned nothing


@pytest.mark.parametrize(("skill", "promoted"), [(0.0, False), (0.1, True)])
def test_many_rows_tell_a_little_skill_from_none_by_few_permutations(skill, promoted):
    """A hundred permutations of 25,000 rows; a model without skill has a probability of 3 % at most."""
    yes, target = drawn(3, 25_000, skill=skill)
    assert len(answered(yes, target)[0].permuted[0].means) == 800
    assert ask(yes, target).promote == promoted
    assert ask(yes, target, looks=30, champion=np.ones(len(target))).promote


def test_the_level_holds_with_few_permutations_of_many_rows(monkeypatch):
    monkeypatch.setattr(chance_module, "_MANY_ROWS", 200)
    monkeypatch.setattr(chance_module, "_CELLS_OF_MANY", 30_000)
    told = 0
    for seed in range(400):
        yes, target = drawn(seed, 300)
        chance, _ = answered(yes, target)
        assert len(chance.permuted[0].means) == 100
        told += floor.tell(chance, np.arange(300), level=FIRST, first=FIRST).ok
    assert told / 400 <= FIRST + 0.02


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 300), st.floats(0.02, 0.98), st.floats(0.01, 0.99), st.booleans())
def test_an_answer_that_is_always_the_same_is_never_promoted(seed, n, share, answer, crowned):
    """Whatever it is, and however nearly it is right; also where it is smaller than the champion and hardly worse."""
    _, target = drawn(seed, n, share)
    champion = np.zeros(n) if crowned else None
    assert not ask(np.full(n, answer), target, champion, size=1).promote


def promoted_in_a_year(times=20, nights=15, n=30):
    """Share of use cases in which a model that knows nothing becomes champion, made anew each night, on the same exam."""
    count = 0
    for seed in range(times):
        _, target = drawn(seed, n)
        for night in range(nights):
            yes, _ = drawn(1000 * seed + night + 1, n)
            if ask(0.5 + (yes - 0.5) / 9, target, looks=night).promote:  # hardly worse than a constant answer
                count += 1
                break
    return count / times


def test_what_knows_nothing_seldom_becomes_champion_and_often_with_a_faulty_judge(monkeypatch):
    assert promoted_in_a_year() <= 0.1
    monkeypatch.setattr(judge, "level_of_look", lambda level, look: level)
    assert promoted_in_a_year() > 0.3
    monkeypatch.undo()
    monkeypatch.setattr(judge, "tell", lambda *_, **__: floor.Told(True))
    assert promoted_in_a_year(times=5) > 0.9


@pytest.mark.parametrize("n", [10, 20, 60, 300])
def test_a_useful_model_on_a_small_exam_is_promoted_as_before(n):
    for seed in range(20):
        yes, target = drawn(seed, n, skill=9.0)
        if min(np.bincount(target, minlength=2)) > 1:
            assert ask(yes, target).verdict == "provisional"


def test_eighteen_of_twenty_one_right_answers_are_enough_and_eleven_are_not():
    target = np.arange(21) % 2
    for right, promote in ((18, True), (11, False)):
        yes = np.where((np.arange(21) * 8 % 21 < right) == (target == 1), 0.9, 0.1)
        assert ask(yes, target).promote == promote


def test_a_model_that_is_never_sure_enough_to_say_yes_is_told_by_its_probabilities():
    random = np.random.default_rng(0)
    target = (np.arange(1000) < 40).astype(np.int64)
    yes = np.where(target == 1, random.uniform(0.2, 0.45, 1000), random.uniform(0.0, 0.04, 1000))
    assert ask(yes, target).promote
    assert not ask(random.permutation(yes), target).promote


def test_a_refusal_has_the_figures_it_had_and_those_it_needed_and_spends_a_look():
    yes, target = drawn(3, 76)
    ruling = ask(yes, target, looks=1)
    spent = level_of_look(LEVEL, 2)
    assert (ruling.verdict, ruling.looked, ruling.level_spent) == ("refused", True, spent)
    assert "cannot be told from a model that has learned nothing: its log_loss is 0." in ruling.reasons[0]
    assert f"required is at most {0.8 * spent:.2g}" in ruling.reasons[0]
    assert ruling.reasons[1].startswith(
        "It is not shown to be better than an answer that is always the same: accuracy 0."
    )
    assert f"required is {0.1 * spent:.2g}" in ruling.reasons[1]
    assert ruling.reasons[-1].startswith("This was look 2")


def test_a_high_score_on_hardly_any_row_of_another_class_is_provisional():
    """Right on 1,500 rows of one class and on 2 of another: accuracy 1, an exam that is large enough, and yet no `first`."""
    target = (np.arange(1502) < 2).astype(np.int64)
    ruling = ask(np.where(target == 1, 0.9, 0.001), target)
    assert ruling.verdict == "provisional"
    assert (
        "1,500 rows of the exam are of the class 'no' and 2 of others; of these at least 6 are needed"
        in ruling.reasons[1]
    )
    enough = (np.arange(1506) < 6).astype(np.int64)
    assert ask(np.where(enough == 1, 0.9, 0.001), enough).verdict == "first"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 5))
def test_a_ruling_does_not_depend_on_the_order_of_the_rows(seed, skill):
    yes, target = drawn(seed, 60, 0.3, skill)
    order, key = np.random.default_rng(seed).permutation(60), np.arange(60)
    assert ask(yes, target, key=key) == ask(yes[order], target[order], key=key[order])


def test_the_level_of_a_late_look_can_be_reached():
    """A thousand permutations would say no less than 0.001."""
    yes, target = drawn(4, 400, skill=6.0)
    assert ask(yes, target, looks=60).promote
    assert not ask(*drawn(4, 400), looks=60).promote


def test_answers_that_are_better_than_what_train_suggests_are_told_though_later_rows_are_others():
    """In train one row in five says yes, later four in five do: half of the answers right are more than there would be."""
    random = np.random.default_rng(12)
    target, train = (random.random(80) < 0.8).astype(np.int64), batch((np.arange(200) % 5 == 0).astype(np.int64))
    yes = np.where(random.random(80) < 0.5, 0.8, 0.2)
    outputs, exam = {"probabilities": np.stack([1 - yes, yes], axis=1)}, batch(target)
    assert not told(of(classify, exam, outputs), 80)
    assert told(of(classify, exam, outputs, train), 80)
    for answer in (0.3, 0.99):
        always = {"probabilities": np.tile([1 - answer, answer], (80, 1))}
        refused = floor.tell(of(classify, exam, always, train), np.arange(80), level=FIRST, first=FIRST)
        assert not refused.ok
        assert refused.reasons[-1] == "It gives every row the same answer."


# Few groups of rows


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_a_useful_model_on_few_groups_is_provisional_even_where_it_is_always_right(groups):
    _, target = drawn(5, 200)
    ruling = ask(np.where(target == 1, 0.999, 0.001), target, group=np.arange(200) % groups)
    assert (ruling.promote, ruling.verdict) == (True, "provisional")
    assert any("taken for independent, the 200 rows show that it has learned" in reason for reason in ruling.reasons)


def test_a_model_that_knows_nothing_is_refused_on_few_groups_too():
    yes, target = drawn(6, 200)
    assert ask(yes, target, group=np.arange(200) % 2).verdict == "refused"


def test_a_model_that_knows_the_group_and_not_the_row_is_refused_on_many_groups():
    """All rows of a group are alike: as independent rows they would show far more than there is."""
    random = np.random.default_rng(10)
    group = np.arange(400) // 50
    target, guess = (random.random(8) < 0.5).astype(np.int64)[group], 0
    refused = 0
    for _ in range(40):
        guess = np.where(random.random(8) < 0.5, 0.7, 0.3)[group]
        refused += ask(guess, target, group=group).verdict == "refused"
    assert refused >= 36


def test_on_rows_too_few_for_any_model_it_must_be_better_than_every_other_permutation():
    target = [0, 1, 0, 1]
    ruling = ask([0.4, 0.6, 0.4, 0.6], target)
    assert (ruling.promote, ruling.verdict) == (True, "provisional")
    assert any("4 rows cannot show that a model has learned anything: p = 0.1" in reason for reason in ruling.reasons)
    assert not ask([0.4, 0.6, 0.6, 0.4], target).promote
    assert not ask([0.6, 0.4, 0.6, 0.4], target).promote


def test_one_row_of_another_class_shows_nothing_though_it_is_found():
    """Who knows nothing finds it on one night in twenty."""
    target = (np.arange(20) == 3).astype(np.int64)
    ruling = ask(np.where(target == 1, 0.9, 0.1), target)
    assert (ruling.promote, ruling.verdict) == (False, "refused")
    assert "p = 0.05" in ruling.reasons[0]


def test_as_many_groups_are_needed_as_must_agree():
    assert [fewest(level) for level in (0.5, 0.25, 0.05, level_of_look(0.05, 1))] == [1, 2, 5, 6]


# With a champion


def test_a_smaller_model_that_knows_nothing_does_not_replace_a_champion_that_is_hardly_better():
    """Where one row in two hundred says yes, the constant answer is within the margin of any champion."""
    target = (np.arange(2000) % 200 == 0).astype(np.int64)
    champion = np.zeros(2000)
    refused = ask(np.full(2000, 0.005), target, champion, size=10)
    assert (refused.promote, refused.looked) == (False, True)
    assert any("cannot be told from a model" in reason for reason in refused.reasons)
    told = np.where(target == 1, np.where(np.arange(2000) < 1600, 0.8, 0.1), 0.001)
    assert ask(told, target, champion, size=10).verdict == "smaller"


def test_a_champion_that_is_worse_than_nothing_is_replaced():
    _, target = drawn(7, 400)
    assert ask(np.full(400, 0.5), target, np.ones(400)).verdict == "better"


# By task


def told(chance, n):
    return floor.tell(chance, np.arange(n), level=FIRST, first=FIRST).ok


def test_numbers_are_told_by_their_error():
    random = np.random.default_rng(8)
    target = random.lognormal(0, 1, 200).astype(np.float32)
    exam = batch(target, [], "regress")
    for outputs, ok in (
        (target * 0.7, True),
        (random.permutation(target), False),
        (np.full(200, target.mean()), False),
    ):
        chance = of(regress, exam, {"value": outputs.astype(np.float32)})
        assert [permuted.measure for permuted in chance.permuted] == ["mae", "rmse"]
        assert told(chance, 200) == ok


def test_what_a_constant_answer_beats_by_every_measure_is_refused_though_it_knows_something():
    random = np.random.default_rng(11)
    target = random.normal(0, 1, 300).astype(np.float32)
    exam = batch(target, [], "regress")
    chance = of(regress, exam, {"value": (target + 9).astype(np.float32)}, batch(target, [], "regress"))
    answer = floor.tell(chance, np.arange(300), level=FIRST, first=FIRST)
    assert not answer.ok
    assert answer.reasons[0].startswith("An answer that is the same for every row is better: mae 9.0000 against 0.")
    assert "rmse 9.0000 against" in answer.reasons[0]
    assert [contest.measure for contest in chance.contests] == ["mae", "rmse"]


def test_class_weights_of_training_weight_the_rows_for_constant_answers():
    """A model that is trained for the rare class gives up right answers to the frequent one, and is not beaten for it."""
    random = np.random.default_rng(9)
    target = (np.arange(2000) % 20 == 0).astype(np.int64)
    yes = np.clip(np.where(target == 1, 0.75, 0.35) + random.normal(0, 0.2, 2000), 0.01, 0.99)
    outputs = {"probabilities": np.stack([1 - yes, yes], axis=1)}
    exam, balanced = batch(target), batch(target, weight=np.where(target == 1, 10.0, 10 / 19))
    plain = of(classify, exam, outputs)
    assert plain.contests[0].finalist.value < plain.contests[0].constants["the most frequent class of train"].value
    assert not told(plain, 2000)
    assert told(of(classify, exam, outputs, balanced, "balanced"), 2000)
    for answer in (0.001, 0.5, 0.999):
        constant = {"probabilities": np.tile([1 - answer, answer], (2000, 1))}
        assert not told(of(classify, exam, constant, balanced, "balanced"), 2000)


@pytest.mark.parametrize("task", [rank, generate])
def test_a_task_without_a_worthless_constant_answer_has_no_such_floor(task):
    assert of(task, batch([0, 1]), {}) == Chance()
    ruling = decide(model(100), Rivals(), [], group=np.arange(1000), rules=RULES, chance=Chance())
    assert ruling.promote


def losses_of(values: Array) -> Score:
    return Score(1 - float(values.mean()), 0, 1, len(values))


def test_a_first_champion_on_groups_that_all_agree_is_provisional():
    """Two days without one wrong answer have no spread, and show nothing."""
    right = replace(model(np.zeros(300), n=300), score=losses_of(np.zeros(300)))
    ruling = decide(right, Rivals(), [], group=np.arange(300) % 2, rules=RULES)
    assert ruling.verdict == "provisional"
    assert "2 groups of rows that agree cannot show any difference; at least 6 are needed" in ruling.reasons[1]
