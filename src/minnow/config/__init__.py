"""Configuration: reads params.yaml and checks every key. An error gives the path of the key."""

from minnow.config.checking import check_name, check_space, nested
from minnow.config.errors import ConfigError
from minnow.config.known import Catalog, params_of
from minnow.config.loading import load
from minnow.config.named import FAMILY, family_of, named
from minnow.config.recipe_checks import checked_recipes
from minnow.config.recipes import Recipe, Step, recipe, variant_of, written
from minnow.config.settings import (
    Budget,
    Effort,
    Gate,
    Judge,
    RunnerSettings,
    Settings,
    Span,
    SplitShares,
    Tune,
    UseCase,
    WorkerLimits,
)

__all__ = [
    "FAMILY",
    "Budget",
    "Catalog",
    "ConfigError",
    "Effort",
    "Gate",
    "Judge",
    "Recipe",
    "RunnerSettings",
    "Settings",
    "Span",
    "SplitShares",
    "Step",
    "Tune",
    "UseCase",
    "WorkerLimits",
    "check_name",
    "check_space",
    "checked_recipes",
    "family_of",
    "load",
    "named",
    "nested",
    "params_of",
    "recipe",
    "variant_of",
    "written",
]
