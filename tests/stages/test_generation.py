"""A use case without labels, from its rows to what is kept of it: one extractor for all, named beside every figure."""

from dataclasses import replace

import numpy as np
import pytest

from minnow.bundle import open_bundle, write_npz
from minnow.config import Settings
from minnow.stages import compress, evaluate, intake, outcome, plots, train, verdict
from minnow.stages._handover import read_batch
from minnow.stages.case import Case
from minnow.tasks import generate
from minnow.worker import resolve
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")
N = 400
CLOCK = {"p95_us": 1.0, "p50_us": 1.0, "rows_per_s": 1.0, "peak_memory_bytes": 1, "latency_us": None, "machine": {}}


def _here(function, *arguments, report=None, **named):
    """The worker's call, in this process."""
    return resolve(function)(*arguments, **named)


def _case(folder, **changes):
    entry = {
        "modality": "images", "task": "generate", "data": "data", "compression": ["float16", "int8"],
        "options": {"labelled": False, "latent": 4, "scale": 1, **changes.pop("options", {})},
        "families": {"vae": {"epochs": 2, "channels": [4, 4], "reader": [4]}}, **changes,
    }  # fmt: skip
    return Case(
        "made", Settings.model_validate({"usecases": {"made": entry}}), Workspace(folder, folder / "params.yaml")
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generation")
    (folder / "data").mkdir()
    (folder / "uv.lock").write_text("")
    random = np.random.default_rng(0)
    images = random.random((N, 6, 6)) * 0.3
    images[np.arange(N), np.arange(N) % 6] += 0.6
    write_npz(folder / "data" / "bars.npz", {"images": images, "labels": (np.arange(N) % 6).astype(str)})
    return folder


@pytest.fixture(scope="module")
def walked(folder):
    """Everything up to a written outcome."""
    case, scratch = _case(folder), folder / "scratch"
    (folder / "reports").mkdir()
    (scratch / "outcome").mkdir(parents=True)
    table, _ = intake.read_checked(case, folder / "reports")
    prepared = intake.prepare_case(case, table)
    rows = train.rows_digest(prepared)
    handed = train.hand_over(case, prepared, rows)
    trained = train.train(case, "vae", rows, handed, _here)
    shrunk = compress.variants(case, trained, handed, _here)
    made = outcome.Made(trained, shrunk, outcome.score_variants(case, shrunk, prepared, scratch))
    lined_up = outcome.standings([made], lambda folders: dict.fromkeys(folders, CLOCK))
    judged = outcome.judge_case(case, lined_up, prepared, {"cpu": verdict.Reign()})
    found = outcome.complete(case, judged, [made], {}, prepared, {})
    outcome.write(case, found, table, scratch, folder / "reports")
    return case, table, prepared, handed, trained, found, scratch


def test_the_sides_are_seen_through_one_extractor(walked):
    _, _, prepared, handed, *_ = walked
    shas = {generate.about(prepared.batches[side])["extractor"] for side in ("train", "val", "test")}
    shas |= {generate.about(read_batch(handed / side))["extractor"] for side in ("train", "val")}
    assert len(shas) == 1


def test_every_figure_has_the_extractor_and_the_number_of_samples_beside_it(walked):
    _, _, prepared, *_, found, scratch = walked
    (decision,) = found.decisions
    told = decision["about"]
    assert told["samples"] == len(prepared.tables["test"])
    assert "6 labels of" in told["learned"]
    finalist = found.finalist("cpu")
    assert finalist.bundle.report["test"]["about"] == told
    assert finalist.bundle.report["val"]["about"]["extractor"] == told["extractor"]
    assert f"extractor: {told['extractor']}" in (finalist.bundle.folder / "card.md").read_text()
    with np.load(scratch / "outcome" / outcome.EXTRACTOR) as kept:
        assert (
            generate.about(replace(prepared.batches["test"], lens=prepared.batches["test"].lens | dict(kept))) == told
        )
        assert all(name.startswith("extractor.") for name in kept.files)
    assert {"pixel_gaussian", "pca_gaussian"} <= decision["baselines"].keys()


def test_champion_and_challenger_are_seen_through_the_exams_extractor(walked):
    _, _, prepared, *_, found, _ = walked
    first, second = (evaluate.score(standing.bundle, prepared.tables["test"]) for standing in found.standings[:2])
    assert first.batch.lens is second.batch.lens
    assert len(first.loss) == len(second.loss) == len(prepared.tables["test"])
    assert first.primary.value == pytest.approx(first.loss.mean())


def test_the_extractor_is_no_part_of_what_is_shipped(walked):
    *_, found, _ = walked
    for standing in found.standings:
        assert not list(standing.bundle.folder.glob("*extractor*"))
        assert standing.bundle.size_bytes < 40_000


def test_variants_are_made_or_refused_with_a_reason(walked):
    *_, found, _ = walked
    made = {standing.variant for standing in found.standings}
    assert {"float32", "float16"} <= made
    assert made | {name.split("/")[1] for name in found.refused} == {"float32", "float16", "int8"}


def test_a_lens_is_made_once(folder, monkeypatch, walked):
    case, table, prepared, *_ = walked
    monkeypatch.setattr(generate, "lens", lambda *given: pytest.fail("it was in the cache"))
    again = intake.prepare_case(case, table)
    assert train.rows_digest(again) == train.rows_digest(prepared)


def test_an_extractor_that_is_named_is_taken(folder, walked):
    _, table, _, *_, found, scratch = walked
    (folder / "kept.npz").write_bytes((scratch / "outcome" / outcome.EXTRACTOR).read_bytes())
    unlabelled = replace(table, columns=table.columns | {"label": np.full(len(table), "")})
    told = generate.about(
        intake.prepare_case(_case(folder, options={"extractor": "kept.npz"}), unlabelled).batches["test"]
    )
    assert told["extractor"] == found.decisions[0]["about"]["extractor"]
    other = generate.about(intake.prepare_case(_case(folder), unlabelled).batches["test"])
    assert other["extractor"] != told["extractor"]
    assert "clusters" in other["learned"]


def test_a_missing_extractor_is_named(folder, walked):
    with pytest.raises(ValueError, match=r"made: .*nowhere\.npz"):
        intake.prepare_case(_case(folder, options={"extractor": "nowhere.npz"}), walked[1])


def test_folds_are_refused_with_the_reason(folder, walked):
    with pytest.raises(ValueError, match=r"usecases.made.folds: each fold would be seen through another extractor"):
        intake.prepare_case(_case(folder, folds=3), walked[1])


def test_rows_are_versioned_by_their_pixels(walked):
    case, table, *_ = walked
    np.testing.assert_array_equal(intake.row_versions(case, table), np.sort(table.key))


def test_pictures_are_kept_and_drawn(walked, tmp_path):
    from PIL import Image

    *_, trained, _, _ = walked
    pictures = trained.pictures
    assert {"real", "samples", "samples-001", "samples-002", "reconstructions"} == pictures.keys()
    plots.grid(pictures["samples"], tmp_path / "samples.png")
    with Image.open(tmp_path / "samples.png") as picture:
        assert picture.width >= 300
        assert len(np.unique(np.asarray(picture))) > 10
    plots.grid(np.random.default_rng(0).random((3, 4, 5, 3)), tmp_path / "colour.png")
    with Image.open(tmp_path / "colour.png") as picture:
        assert picture.mode == "RGB"


def test_a_bundle_answers_its_exam_from_disk_alone(walked):
    _, _, prepared, *_, found, _ = walked
    bundle = open_bundle(found.standings[0].bundle.folder)
    outputs = evaluate.predict(bundle, prepared.batches["val"])
    assert outputs["sample"].shape == (len(prepared.batches["val"]), 6, 6, 1)
    assert {spec.name for spec in bundle.inputs} == {"noise"}
