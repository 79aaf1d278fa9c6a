"""Which recipes a search tries for a model, and what stands for a variant in params.yaml."""

import pytest

from minnow import compression
from minnow.config import recipe, variant_of, written
from minnow.tuning import recipes


def test_a_model_that_suits_no_compression_has_one_form():
    assert recipes.forms([]) == [""]


def test_only_steps_that_suit_are_in_the_forms():
    assert recipes.forms(["int8"]) == ["", "int8"]
    chains = recipes.forms(["int8", "prune"])
    assert chains == ["", "int8", "prune({amount})", "prune({amount}) > int8"]
    assert "prune({amount}) > distill > int8" in recipes.forms(["int8", "prune", "distill"])


def test_every_compression_of_files_is_tried():
    files = [name for name in compression.names() if not compression.makes_model(name)]
    assert set(files) <= set(recipes.forms(compression.names()))


def test_recipes_of_params_yaml_that_a_model_cannot_follow_are_left_out():
    own = {"float16": {}, "prune(0.7) > int8": {}, "int8": {"calibration_rows": 30}}
    assert list(recipes.possible(own, ["int8", "float16"])) == ["float16", "int8"]
    assert recipes.last_form(own, ["", "float16", "int8"]) == "float16", "int8 has parameters that no form has"


def test_what_makes_a_link_is_the_beginning_of_the_recipe_with_its_parameters():
    key, params = "prune(0.7) > distill > int8", {"distill": {"temperature": 4}, "int8": {"calibration_rows": 30}}
    made = recipes.made_by({key: params})
    assert list(made) == ["prune-0.7", "prune-0.7-distill", "prune-0.7-distill-int8"]
    assert written(made["prune-0.7"]) == ("prune(0.7)", {})
    assert written(made["prune-0.7-distill"]) == ("prune(0.7) > distill", {"distill": {"temperature": 4}})


@pytest.mark.parametrize(
    ("key", "params"),
    [("int8", {"calibration_rows": 30}), ("prune(0.5)", {}), ("prune(0.5) > int8", {"prune": {"epochs": 0.5}})],
)
def test_what_is_written_of_steps_reads_as_the_same_steps(key, params):
    steps = recipe(key, params).steps
    again = recipe(*written(steps))
    assert again.variant == variant_of(steps)
    assert written(again.steps) == (key, params)
