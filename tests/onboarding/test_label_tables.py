"""Pictures and sounds whose classes stand in a table beside them: what is proposed is what a run reads."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from recordings import packed, tone, wav

from minnow.modalities import audio, images
from minnow.onboarding.proposal import Request
from minnow.onboarding.propose import propose

RNG = np.random.default_rng(0)


def _picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (6, 8, 3)).astype(np.uint8)).save(path)


def _written(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def _read(data, **request):
    """Propose, and read with what was proposed."""
    proposal = propose(data, Request(**request))
    modality = {"images": images, "audio": audio}[proposal.entry["modality"]]
    return proposal, modality.read(data, modality.Options.read(proposal.options))


def _labels(table):
    return dict(zip(table.row_id.tolist(), table.columns["label"].tolist(), strict=True))


def test_a_competition_has_pictures_without_labels_and_a_draft_of_an_answer(tmp_path):
    for i in range(60):
        _picture(tmp_path / "train" / f"a{i}.jpg")
    for i in range(20):
        _picture(tmp_path / "test" / f"b{i}.jpg")
    _written(tmp_path / "train.csv", "id,breed", [(f"a{i}", ["collie", "husky"][i % 2]) for i in range(60)])
    _written(tmp_path / "sample_submission.csv", "id,breed", [(f"b{i}", "collie") for i in range(20)])
    proposal, table = _read(tmp_path)
    assert proposal.options["label_file"] == {"file": "train.csv", "name": "id", "label": "breed"}
    assert proposal.reasons["options.label_file"].startswith("column 'id' of train.csv names the files, and 'breed' is")
    assert _labels(table) == {f"train/a{i}.jpg": ["collie", "husky"][i % 2] for i in range(60)}
    assert table.split is None, "pictures without labels are no test set"
    assert any("does not name (20)" in text for text in proposal.found)


def test_tables_in_the_folders_of_train_and_test(tmp_path):
    for split, count in (("train", 40), ("test", 20)):
        for i in range(count):
            _picture(tmp_path / split / f"{i:03}.png")
        _written(
            tmp_path / split / "metadata.csv", "file_name,label", [(f"{i:03}.png", "ab"[i % 2]) for i in range(count)]
        )
    proposal, table = _read(tmp_path)
    assert proposal.options["label_file"]["file"] == ["test/metadata.csv", "train/metadata.csv"]
    assert np.unique(table.split, return_counts=True)[1].tolist() == [20, 40]
    assert _labels(table)["test/001.png"] == "b"


def test_numbered_parts_of_a_set_are_no_classes_where_a_table_says_them(tmp_path):
    for i in range(60):
        _picture(tmp_path / f"images_part_{1 + i % 2}" / f"ISIC_{i:05}.jpg")
    rows = [(f"HAM_{i}", f"ISIC_{i:05}", ["nv", "mel", "bkl"][i % 3], 30 + i, "mf"[i % 2]) for i in range(60)]
    _written(tmp_path / "metadata.csv", "lesion_id,image_id,dx,age,sex", rows)
    proposal, table = _read(tmp_path)
    assert proposal.options["label_file"] == {"file": "metadata.csv", "name": "image_id", "label": "dx"}
    assert set(table.columns["label"]) == {"nv", "mel", "bkl"}
    other, _ = _read(tmp_path, target="sex")
    assert other.options["label_file"]["label"] == "sex"


def test_numbers_beside_pictures_are_predicted_as_numbers(tmp_path):
    for i in range(60):
        _picture(tmp_path / f"{i}.jpg")
    _written(tmp_path / "ripeness.csv", "file,sugar,age", [(f"{i}.jpg", 7 + i / 8, 20 + i // 2) for i in range(60)])
    proposal, table = _read(tmp_path, target="sugar")
    assert (proposal.task, proposal.options["label_file"]["label"]) == ("regress", "sugar")
    assert proposal.entry["families"] == ["linear", "fcnn", "cnn"]
    assert proposal.reasons["task"] == "'sugar' is a number with 60 different values"
    assert _labels(table)["4.jpg"] == "7.5"
    whole, _ = _read(tmp_path)
    assert (whole.task, whole.options["label_file"]["label"]) == ("classify", "age")
    assert "The classes are 30 whole numbers in 'age'. Where they are quantities" in whole.warnings[0]
    asked, _ = _read(tmp_path, target="age", task="regress")
    assert (asked.task, asked.options["label_file"]["label"]) == ("regress", "age")


def test_a_target_that_is_no_column_of_the_table_is_refused(tmp_path):
    for i in range(60):
        _picture(tmp_path / f"{i}.jpg")
    _written(tmp_path / "kinds.csv", "file,kind", [(f"{i}.jpg", "ab"[i % 2]) for i in range(60)])
    with pytest.raises(
        ValueError, match=r"--target must name a column of kinds.csv.* Received: 'kin'. Leave --target out"
    ):
        _read(tmp_path, target="kin")


def test_class_folders_stay_classes_beside_a_table_of_the_files(tmp_path):
    for name in ("cat", "dog"):
        for i in range(30):
            _picture(tmp_path / name / f"{name}{i}.png")
    _written(
        tmp_path / "sizes.csv", "file,camera", [(f"{n}{i}.png", "xy"[i % 2]) for n in ("cat", "dog") for i in range(30)]
    )
    proposal, table = _read(tmp_path)
    assert "label_file" not in proposal.options
    assert set(table.columns["label"]) == {"cat", "dog"}


def test_a_table_that_does_not_name_the_pictures_beside_it_is_a_table(tmp_path):
    for i in range(3):
        _picture(tmp_path / f"plot{i}.png")
    _written(tmp_path / "rows.csv", "a,b,answer", [(i, i % 7, "yn"[i % 2]) for i in range(80)])
    assert propose(tmp_path, Request()).entry["modality"] == "tabular"


@pytest.fixture
def recordings(tmp_path):
    for i in range(60):
        path = tmp_path / "audio" / f"{1 + i % 5}-{i}-A-{i % 3}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(wav(packed(tone(200 + 5 * i, 8000, 0.2), 2), 8000))
    return tmp_path


def test_sounds_have_the_names_of_their_classes_not_the_codes(recordings):
    rows = [(f"{1 + i % 5}-{i}-A-{i % 3}.wav", 1 + i % 5, i % 3, ["dog", "rain", "clock"][i % 3]) for i in range(60)]
    _written(recordings / "meta" / "esc.csv", "filename,fold,target,category", rows)
    proposal, table = _read(recordings)
    assert proposal.options["label_file"] == {"file": "meta/esc.csv", "name": "filename", "label": "category"}
    assert _labels(table)["audio/2-1-A-1.wav"] == "rain"
    assert "esc.csv" not in " ".join(proposal.found)


def test_a_column_of_splits_divides_the_rows(recordings):
    rows = [
        (f"{1 + i % 5}-{i}-A-{i % 3}.wav", ["train", "val", "test"][i % 3 if i > 9 else 0], "xyz"[i % 3])
        for i in range(60)
    ]
    _written(recordings / "all.csv", "path,set,kind", rows)
    proposal, table = _read(recordings)
    assert proposal.options["label_file"]["split"] == "set"
    assert set(table.split) == {"train", "val", "test"}


def test_without_a_table_parts_of_the_names_are_the_classes(recordings):
    proposal, _ = _read(recordings)
    assert "label_file" not in proposal.options
    assert proposal.options["label_part"] == 0
