"""Chains of compression in a use case: each link has its parent, its own files and its place in the cache."""

from dataclasses import replace

import numpy as np
import pytest
from standins import Died, candidates_of, here, here_or_killed

from minnow.compression import distill, prune
from minnow.config import Settings
from minnow.contracts import UnsupportedModel
from minnow.records.bundle import open_bundle
from minnow.records.timing import Timing
from minnow.stages import compress, finalists, intake, train
from minnow.stages.case import Case
from minnow.stages.refit import Refit
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
CHAIN = "prune-0.4-distill-int8"
PARENTS = {
    "float32": None,
    "int8": "float32",
    "litert": "float32",
    "prune-0.4": "float32",
    "prune-0.4-litert": "prune-0.4",
    "prune-0.4-distill": "prune-0.4",
    "prune-0.4-distill-litert": "prune-0.4-distill",
    CHAIN: "prune-0.4-distill",
}
TIMING = Timing(1.0, 1.0, 1.0, 1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A case whose network is pruned, taught and quantized, with its trained model."""
    root = tmp_path_factory.mktemp("links")
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.3f},{'ab'[int(x + y > 0)]}" for x, y in rng.normal(size=(240, 2))]
    (root / "rows.csv").write_text("\n".join(["x,y,kind", *lines]) + "\n")
    (root / "uv.lock").write_text("")
    entry = {"modality": "tabular", "task": "classify", "data": "rows.csv", "exports": ["litert"]}
    entry |= {"options": {"target": "kind", "min_rows": 50}, "families": {"fcnn": {"epochs": 6, "bins": 0}}}
    steps = {"prune": {"amount": 0.4}, "distill": {"epochs": 0.5}, "int8": {}}
    entry |= {"compression": {"int8": {}, "prune(0.4) > distill > int8": steps}}
    case = Case("small", Settings.model_validate({"usecases": {"small": entry}}), Workspace(root, root / "params.yaml"))
    table = intake.read(case)
    prepared = intake.prepare_case(case, table)
    handed = train.hand_over(case, prepared, here_or_killed)
    return case, table, prepared, handed, train.train(case, "fcnn", handed)


def _variants(made, **options):
    case, _, _, handed, trained = made
    return compress.variants(case, trained, handed, **options)


def test_each_link_and_each_of_its_files_says_what_it_was_made_from_and_how_large_it_is(made):
    done = _variants(made)
    schemas = {name: open_bundle(folder).schema for name, folder in done.bundles.items()}
    assert {name: one.parent for name, one in schemas.items()} == PARENTS
    assert not done.refused
    assert schemas["prune-0.4"].parameters <= 0.6 * schemas["float32"].parameters
    assert schemas[CHAIN].parameters == schemas["prune-0.4"].parameters
    sizes = {name: open_bundle(folder).size_bytes for name, folder in done.bundles.items()}
    assert sizes["prune-0.4"] < sizes["float32"]
    assert sizes[CHAIN] < sizes["int8"]
    assert set(done.settled) == {"prune-0.4", "prune-0.4-distill"}


def test_a_link_is_made_once(made, monkeypatch):
    _variants(made)
    monkeypatch.setattr(prune, "apply", None)
    monkeypatch.setattr(distill, "apply", None)
    assert not _variants(made).fresh


@pytest.mark.parametrize(
    ("error", "reason", "tried"),
    [
        (UnsupportedModel("too much"), "too much", 1),
        (RuntimeError("odd"), "RuntimeError: odd", 2),
        (Died(), "it ended the process that made it: SIGKILL", 2),
    ],
    ids=["refused", "failed", "died"],
)
def test_a_link_that_cannot_be_made_costs_what_follows_it_alone(made, monkeypatch, error, reason, tried):
    import shutil

    shutil.rmtree(made[0].workspace.cache / "links", ignore_errors=True)
    calls = []

    def apply(*_):
        calls.append(1)
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(prune, "apply", apply)
        done, again = _variants(made), _variants(made)
    assert set(done.bundles) == {"float32", "int8", "litert"}
    assert done.refused == again.refused == {"prune-0.4": reason}
    assert len(calls) == tried, "what failed by accident is tried again"
    assert ("prune-0.4" in done.failed) == (tried == 2)
    shutil.rmtree(made[0].workspace.cache / "links")
    assert set(_variants(made).bundles) == set(PARENTS)


def test_a_chain_is_made_again_with_what_was_chosen_and_no_other_is(made, tmp_path, monkeypatch):
    case, table, prepared, *_ = made
    lined_up = candidates_of(case, prepared, tmp_path / "scratch", lambda folders: dict.fromkeys(folders, TIMING))
    by_variant = {one.variant: one for one in lined_up}
    rules = replace(finalists.field_of(case, "cpu", lined_up).rules)
    chosen = by_variant["prune-0.4"]
    assert set(chosen.chain) == {"prune-0.4"}
    given, apply = [], prune.apply

    def seen(source, params, report):
        given.append(params)
        return apply(source, params, report)

    monkeypatch.setattr(prune, "apply", seen)
    monkeypatch.setattr(distill, "apply", None)
    refit = Refit(case, table, prepared, rules, tmp_path, lambda folders: dict.fromkeys(folders, TIMING), here)
    (again,) = refit.ship([chosen]).values()
    assert [params.widths for params in given] == [chosen.chain["prune-0.4"]["step"]["widths"]]
    assert "Fitted again on train and val" in again.refit
    if again.shipped is not None:
        assert again.bundle.schema.parameters == chosen.bundle.schema.parameters


def test_a_family_that_cannot_be_trained_further_has_no_links(made, monkeypatch):
    monkeypatch.setattr(prune, "suits", lambda model: None)
    case, *_, handed, _ = made
    joined = {"family": "ensemble", "members": {"a": {"family": "fcnn", "epochs": 2}, "b": {"family": "linear"}}}
    wider = case.with_families({**case.usecase.families, "several": joined})
    done = compress.variants(wider, train.train(wider, "several", handed), handed)
    assert done.refused == {"prune-0.4": "prune trains a model further, which 'ensemble' cannot."}
    assert set(done.bundles) == {"float32", "int8", "litert"}


def test_a_gpu_is_served_every_variant_but_those_in_eight_bits(made, tmp_path):
    case, _, prepared, *_ = made
    lined_up = candidates_of(case, prepared, tmp_path, lambda folders: dict.fromkeys(folders, TIMING))
    assert {one.variant for one in lined_up if one.runs_on("gpu")} == {"float32", "prune-0.4", "prune-0.4-distill"}
    assert CHAIN in {one.variant for one in lined_up if one.runs_on("cpu")}


def test_a_link_that_answers_too_differently_is_refused_and_nothing_follows_it(made, monkeypatch):
    import shutil

    case, *_ = made
    for room in ("links", "variants"):
        shutil.rmtree(case.workspace.cache / room, ignore_errors=True)
    apply = prune.apply

    def broken(source, params, report):
        done = apply(source, params, report)
        logits = done.model.network().get_layer("logits")
        logits.set_weights([-3 * weights for weights in logits.get_weights()])
        return done

    with monkeypatch.context() as patch:
        patch.setattr(prune, "apply", broken)
        patch.setattr(distill, "apply", None)
        done = _variants(made)
    assert set(done.bundles) == {"float32", "int8", "litert"}
    assert not done.failed
    assert "'prune-0.4' may raise the mean loss" in done.refused["prune-0.4"]
    for room in ("links", "variants"):
        shutil.rmtree(case.workspace.cache / room, ignore_errors=True)
