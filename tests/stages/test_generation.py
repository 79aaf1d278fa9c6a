"""A use case without labels, from its rows to what is kept of it: one extractor for all, named beside every figure."""

from dataclasses import replace

import numpy as np
import pytest
from standins import here

from flows.checks import read_checked
from minnow.config import Settings
from minnow.insight import plots
from minnow.records.bundle import open_bundle
from minnow.records.files import write_npz
from minnow.records.report import read_report
from minnow.records.timing import Timing
from minnow.stages import candidates, compress, evaluate, finalists, intake, outcome, train
from minnow.stages.batches import read_batch
from minnow.stages.candidates import Incumbents, Made
from minnow.stages.case import Case
from minnow.stages.finalists import Finalists
from minnow.tasks import generate
from minnow.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore")
N = 400
TIMING = Timing(1.0, 1.0, 1.0, 1)
EXTRACTION = generate.CAPABILITIES.feature_extraction


def _case(folder, **changes):
    entry = {
        "modality": "images", "task": "generate", "data": "data", "compression": ["float16", "int8"],
        "options": {"labelled": False, "latent": 4, "scale": 1, **changes.pop("options", {})},
        "families": {"vae": {"epochs": 2, "channels": [4, 4], "encoder_channels": [4]}}, **changes,
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
    table, _ = read_checked(case, folder / "reports")
    prepared = intake.prepare_case(case, table)
    handed = train.hand_over(case, prepared, here)
    trained = train.train(case, "vae", handed)
    compressed = compress.variants(case, trained, handed)
    made = Made(trained, compressed, candidates.evaluate_variants(compressed, prepared, scratch))
    lined_up = candidates.line_up([made], lambda folders: dict.fromkeys(folders, TIMING))
    chosen = Finalists(finalists.choose_all(case, table, lined_up.candidates, here))
    judged = outcome.judge_case(case, lined_up.candidates, prepared, {"cpu": Incumbents()}, chosen)
    final = outcome.with_failures(judged, [made], {})
    outcome.write(case, final, table, scratch, folder / "reports")
    return case, table, prepared, handed, trained, final, scratch


def test_all_splits_share_one_extractor(walked):
    _, _, prepared, handed, *_ = walked
    shas = {EXTRACTION.about(prepared.batches[split])["extractor"] for split in ("train", "val", "test")}
    shas |= {EXTRACTION.about(read_batch(handed.folder / split))["extractor"] for split in ("train", "val")}
    assert len(shas) == 1


def test_every_figure_has_the_extractor_and_the_number_of_samples_beside_it(walked):
    _, _, prepared, *_, final, scratch = walked
    (decision,) = final.decisions
    about = decision.about
    assert about["samples"] == len(prepared.tables["test"])
    assert "6 labels of" in about["learned"]
    bundle = final.finalist("cpu").bundle
    exams = read_report(bundle).exams
    assert exams["test"].about == about
    assert exams["val"].about["extractor"] == about["extractor"]
    assert f"extractor: {about['extractor']}" in (bundle.record_folder / "card.md").read_text()
    test = prepared.batches["test"]
    with np.load(scratch / "outcome" / intake.EXTRACTOR) as kept:
        assert EXTRACTION.about(replace(test, extractor=test.extractor | dict(kept))) == about
        assert all(name.startswith("extractor.") for name in kept.files)
    assert {"pixel_gaussian", "pca_gaussian"} <= decision.baselines.keys()


def test_champion_and_challenger_are_compared_through_the_exams_extractor(walked):
    _, _, prepared, *_, final, _ = walked
    first, second = (evaluate.evaluate(candidate.bundle, prepared.tables["test"]) for candidate in final.candidates[:2])
    assert first.batch.extractor is second.batch.extractor
    assert len(first.loss) == len(second.loss) == len(prepared.tables["test"])
    assert first.primary.value == pytest.approx(first.loss.mean())


def test_the_extractor_is_no_part_of_what_is_shipped(walked):
    *_, final, _ = walked
    for candidate in final.candidates:
        assert not list(candidate.bundle.folder.glob("*extractor*"))
        assert candidate.bundle.size_bytes < 40_000


def test_variants_are_made_or_refused_with_a_reason(walked):
    *_, final, _ = walked
    made = {candidate.variant for candidate in final.candidates}
    assert {"float32", "float16"} <= made
    assert made | {name.split("/")[1] for name in final.refused} == {"float32", "float16", "int8"}


def test_an_extractor_is_fitted_once(folder, monkeypatch, walked):
    case, table, prepared, *_ = walked
    refit = replace(EXTRACTION, fit=lambda *arguments: pytest.fail("it was in the cache"))
    monkeypatch.setattr(generate, "CAPABILITIES", replace(generate.CAPABILITIES, feature_extraction=refit))
    again = intake.prepare_case(case, table)
    assert train.rows_digest(again) == train.rows_digest(prepared)


def test_an_extractor_that_is_named_is_taken(folder, walked):
    _, table, _, *_, final, scratch = walked
    (folder / "kept.npz").write_bytes((scratch / "outcome" / intake.EXTRACTOR).read_bytes())
    unlabelled = replace(table, columns=table.columns | {"label": np.full(len(table), "")})
    about = EXTRACTION.about(
        intake.prepare_case(_case(folder, options={"extractor": "kept.npz"}), unlabelled).batches["test"]
    )
    assert about["extractor"] == final.decisions[0].about["extractor"]
    other = EXTRACTION.about(intake.prepare_case(_case(folder), unlabelled).batches["test"])
    assert other["extractor"] != about["extractor"]
    assert "clusters" in other["learned"]


def test_a_missing_extractor_is_named(folder, walked):
    with pytest.raises(ValueError, match=r"made: .*nowhere\.npz"):
        intake.prepare_case(_case(folder, options={"extractor": "nowhere.npz"}), walked[1])


def test_folds_are_refused_with_the_reason(folder, walked):
    with pytest.raises(ValueError, match=r"usecases.made.folds: each fold would have its own feature extractor"):
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
    _, _, prepared, *_, final, _ = walked
    bundle = open_bundle(final.candidates[0].bundle.folder)
    outputs = evaluate.predict(bundle, prepared.batches["val"])
    assert outputs["sample"].shape == (len(prepared.batches["val"]), 6, 6, 1)
    assert {spec.name for spec in bundle.schema.inputs} == {"noise"}
