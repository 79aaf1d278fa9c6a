"""The study of a front: its first trials, what it goes on from, what it is told, and what is to be written."""

import math

import pytest

from minnow import config
from minnow.tuning import front, pareto, recipes, study
from minnow.types import Score

SPAN = config.Span.model_validate
SPACES = {"small": {"gboost": {"iterations": {"low": 2, "high": 30}, "leaves": {"among": [2, 4]}}}}


@pytest.fixture
def searched(case, tmp_path):
    """Open a study of gboost: (its case, its entries, a function that opens the study)."""
    own = case({"iterations": 5, "leaves": 4}, family="gboost", tune={"spaces": SPACES})
    spaces = pareto.spaces(own)
    entries = {name: pareto.entry_of(own, name, space, []) for name, space in spaces.items()}
    name = pareto.study_name(own, "rows", spaces)
    return own, entries, lambda: study.open_study(f"sqlite:///{tmp_path / 'tune.db'}", name, own, pareto.DIRECTIONS)


def point(case, picked, number, loss=0.1):
    params = picked.case(case).usecase.families[picked.entry]
    score = Score(1 - loss, 0, 1, 9)
    return front.Point(number, picked.entry, params, "float32", "", {}, score, loss, 100, 1.0, 10, 3, str(number))


def tell(opened, case, trial, picked):
    made = [point(case, picked, trial.number + 1)]
    trial.set_user_attr(pareto.POINTS, [one.as_json() for one in made])
    opened.tell(trial, pareto.told(picked, made))


def test_the_first_trial_is_what_stands_in_params_yaml_and_a_search_goes_on_where_it_was_cut(searched):
    case, entries, reopen = searched
    opened = reopen()
    pareto.enqueue_present(opened, case, list(entries.values()))
    first = opened.ask()
    picked = pareto.pick(first, list(entries), entries)
    assert picked.case(case).usecase.families == {"gboost": {"iterations": 5, "leaves": 4}}
    tell(opened, case, first, picked)
    cut = pareto.pick(opened.ask(), list(entries), entries)  # and the process is gone
    again = reopen()
    pareto.enqueue_present(again, case, list(entries.values()))
    assert study.counts(again) == {"complete": 1, "cut": 1}
    trial = again.ask()
    assert pareto.pick(trial, list(entries), entries) == cut
    tell(again, case, trial, cut)
    assert [one.trial for one in pareto.points_of(again)] == [1, 3]
    assert study.ended(again) == 2
    third = pareto.pick(again.ask(), list(entries), entries)
    assert third.values.keys() == {"iterations", "leaves"}, "the present one is not tried again"


def test_equal_searches_try_the_same(searched, tmp_path):
    case, entries, _ = searched
    tried = []
    for number in range(2):
        opened = study.open_study(f"sqlite:///{tmp_path / f'{number}.db'}", "one", case, pareto.DIRECTIONS)
        pareto.enqueue_present(opened, case, list(entries.values()))
        own = []
        for _ in range(4):
            own.append(pareto.pick(trial := opened.ask(), list(entries), entries))
            tell(opened, case, trial, own[-1])
        tried.append(own)
    assert tried[0] == tried[1]


def test_what_params_yaml_has_now_is_tried_too(searched, case, tmp_path):
    before, entries, reopen = searched
    opened = reopen()
    pareto.enqueue_present(opened, before, list(entries.values()))
    after = case({"iterations": 9, "leaves": 4}, family="gboost", tune={"spaces": SPACES})
    entry = pareto.entry_of(after, "gboost", entries["gboost"].space, [])
    pareto.enqueue_present(opened, after, [entry])
    pareto.enqueue_present(opened, after, [entry])
    assert len(opened.get_trials()) == 2
    assert pareto.study_name(after, "rows", pareto.spaces(after)) == opened.study_name


def test_an_entry_that_nothing_varies_has_its_first_trial_alone(case, tmp_path):
    own = case({}, family="gboost")
    entries = {"gboost": pareto.entry_of(own, "gboost", {}, [])}
    opened = study.open_study(f"sqlite:///{tmp_path / 'tune.db'}", "one", own, pareto.DIRECTIONS)
    pareto.enqueue_present(opened, own, list(entries.values()))
    assert pareto.goes_on(opened, entries)
    assert pareto.pick(opened.ask(), list(entries), entries) == pareto.Pick("gboost")
    assert not pareto.goes_on(opened, entries)


def test_a_trial_is_told_by_the_last_step_of_its_recipe_that_stands(case):
    picked = pareto.Pick("fcnn", {}, {"prune(0.5) > int8": {}}, "prune(0.5) > int8")
    figures = [("float32", 0.1, 900, None), ("prune-0.5", 0.2, 300, None), ("prune-0.5-int8", 0.3, 100, "harm")]
    points = [
        front.Point(1, "fcnn", {}, name, "", {}, Score(0, 0, 0, 1), loss, size, 1.0, 1, 1, name, refused=why)
        for name, loss, size, why in figures
    ]
    assert pareto.told(picked, points) == (0.2, math.log(300))
    assert pareto.told(pareto.Pick("fcnn"), points) == (0.1, math.log(900))


def test_what_is_to_be_written_is_what_differs(case):
    own = case({"iterations": 5, "leaves": 4}, family="gboost").changed(compression={"prune(0.5) > int8": {}})
    same = point(own, pareto.Pick("gboost"), 1)
    assert pareto.changed(own, same) == {}
    assert pareto.changed(own, point(own, pareto.Pick("gboost", {"iterations": 7}), 1)) == {"iterations": 7}
    earlier = front.read_point({**same.as_json(), "params": {"iterations": 5}})
    assert pareto.changed(own, earlier) == {"leaves": None}, "the default, which that trial had"
    linked = front.read_point({**same.as_json(), "recipe": "prune(0.5)"})
    other = front.read_point({**same.as_json(), "recipe": "prune(0.6) > int8"})
    assert [pareto.lacks_recipe(own, one) for one in (same, linked, other)] == [False, False, True]


def test_an_entry_that_effort_added_is_written_whole(case):
    own = case({"iterations": 5}, family="gboost")
    wider = own.with_families({**own.usecase.families, "gboost_slow": {"family": "gboost", "learning_rate": 0.02}})
    made = point(wider, pareto.Pick("gboost_slow"), 1)
    assert pareto.changed(own, made) == {"family": "gboost", "learning_rate": 0.02}


def test_the_amount_in_the_brackets_of_a_searched_recipe_is_what_a_link_takes_out(case):
    own = case({"iterations": 5}, family="gboost")
    for form, key in (("prune(0.8)", "prune(0.8)"), ("prune(0.8) > distill > int8", "prune(0.8) > distill > int8")):
        entry = "fcnn" if "distill" in form else "gboost"
        wider = own.with_families({entry: {}})
        picked = pareto.Pick(entry, {}, {form: {}}, form, searched=True)
        (recipe,) = picked.case(wider).usecase.recipes
        assert recipe.steps[0].params == {"amount": 0.8}
        said, params = config.written(recipes.in_brackets(recipe.steps))
        assert (said, params) == (key, {})


def test_an_entry_that_cannot_be_trained_stays_a_choice(searched):
    _, entries, reopen = searched
    opened = reopen()
    names = {pareto.pick(opened.ask(), ["gboost", "gone"], entries).entry for _ in range(12)}
    assert names == {"gboost", "gone"}


def test_the_name_of_a_study_holds_what_its_certificates_ask_for(case):
    def name(**entry):
        own = case({"iterations": 5}, family="gboost", **entry)
        return pareto.study_name(own, "rows", pareto.spaces(own))

    assert name() == name()
    assert len({name(), name(judge={"smaller": 0.05}), name(judge={"margin": 0.2})}) == 3
