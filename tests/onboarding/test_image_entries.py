"""Proposals for images: what decoding the pictures gives, and an entry that runs."""

import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from minnow.modalities import images
from minnow.onboarding import image_entries
from minnow.onboarding.proposal import Request
from minnow.onboarding.propose import propose
from minnow.records.files import write_npz
from minnow.stages.case import Problem
from minnow.stages.validate import check
from minnow.tasks import classify

RNG = np.random.default_rng(0)


def _noise(mode="RGB", size=(8, 6)):
    return Image.fromarray(RNG.integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)).convert(mode)


def _save(path, picture=None, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture or _noise()).save(path, **settings)


def _classes(folder, count=30, names=("cat", "dog"), **settings):
    for name in names:
        for i in range(count):
            _save(folder / name / f"{i}.png", _noise(**settings))


def _proposal(data, task=None):
    """Propose an entry, and check that what it names is read and meets every expectation."""
    proposal = propose(data, Request(task=task))
    options = images.Options.read(proposal.options)
    table = images.read(data, options)
    if task is None:
        findings = check(table, Problem("images", images, options, "classify", classify), "mine")
        assert findings.ok, [finding.sentence for finding in findings.failed]
    return proposal


def test_pictures_of_one_kind_need_no_options(tmp_path):
    _classes(tmp_path)
    proposal = _proposal(tmp_path)
    assert not proposal.options
    assert not proposal.warnings
    assert proposal.reasons["modality"] == "60 pictures in 2 class folders: cat, dog"


def test_pictures_that_are_turned_by_exif_get_one_size(tmp_path):
    _classes(tmp_path)
    exif = Image.Exif()
    exif[0x112] = 6
    for i in range(20):
        _save(tmp_path / "cat" / f"{i}.jpg", exif=exif)
    assert _proposal(tmp_path).options == {"resize": [6, 8]}


def test_grey_and_colour_pictures_get_channels(tmp_path):
    _classes(tmp_path)
    for i, mode in enumerate(("L", "1", "P", "CMYK", "RGBA", "LA")):
        _save(tmp_path / "dog" / f"{mode}.tif", _noise(mode))
        Image.fromarray(RNG.integers(0, 65_536, (6, 8)).astype(np.uint16)).save(tmp_path / "dog" / f"wide{i}.png")
    proposal = _proposal(tmp_path)
    assert proposal.options == {"channels": 3}
    assert proposal.reasons["options.channels"] == "9 pictures are grey and 63 in colour"


def test_a_class_of_one_picture_is_named_and_allowed(tmp_path):
    _classes(tmp_path, 60)
    _save(tmp_path / "odd" / "1.png")
    proposal = _proposal(tmp_path)
    assert proposal.options == {"min_class_share": 0.004}
    (warning,) = proposal.warnings
    assert warning.startswith("The class 'odd' has 1 of the pictures, so that train, val or test lacks it.")


def test_few_and_repeated_pictures_are_allowed_and_said(tmp_path):
    _classes(tmp_path, 5)
    for i in range(3):
        _save(tmp_path / "cat" / f"same{i}.png", Image.new("RGB", (8, 6), (9, 10, 200)))
        (tmp_path / "cat" / f"same{i}.png").write_bytes((tmp_path / "cat" / "0.png").read_bytes())
    proposal = _proposal(tmp_path)
    assert proposal.options == {"min_rows": 13, "max_duplicates": 0.33}
    assert proposal.entry["compression"] == ["float16"]


def test_pictures_too_large_for_small_models_are_made_smaller(tmp_path):
    _classes(tmp_path, size=(300, 150))
    assert _proposal(tmp_path).options == {"resize": [64, 128]}


def test_where_not_all_pictures_are_decoded_size_and_channels_are_fixed(tmp_path, monkeypatch):
    monkeypatch.setattr(image_entries, "_MOST", 20)
    _classes(tmp_path)
    _save(tmp_path / "cat" / "1.png", _noise("L", (30, 30)))
    proposal = _proposal(tmp_path)
    assert proposal.options == {"resize": [6, 8], "channels": 3}
    assert "of 60 pictures, 20 were looked at" in proposal.reasons["options.resize"]


def test_what_is_not_read_is_said_before_anything_runs(tmp_path):
    _classes(tmp_path)
    (tmp_path / "cat" / "._1.png").write_bytes(b"mac")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / "cat" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "dog" / "new.heic").write_bytes(b"phone")
    assert _proposal(tmp_path).found == [
        "Not read: files with the ending .heic (1): dog/new.heic.",
        "Not read: hidden files and folders (2): .ipynb_checkpoints, cat/._1.png.",
        "Not read: pictures that cannot be read (1): cat/broken.png (not a picture of these formats).",
    ]


def test_a_class_that_would_lose_too_many_pictures_is_refused(tmp_path):
    _classes(tmp_path)
    for i in range(9):
        (tmp_path / "dog" / f"{i}.heic").write_bytes(b"phone")
    with pytest.raises(ValueError, match="9 of 39 files of the class 'dog' cannot be read"):
        propose(tmp_path, Request())


def test_zips_and_links_are_proposed_as_folders_are(tmp_path):
    _classes(tmp_path / "all")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (tmp_path / "all").rglob("*.png"):
            archive.write(path, path.relative_to(tmp_path))
    (tmp_path / "links").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / "links" / name).symlink_to(tmp_path / "all" / name)
    for place in ("all.zip", "links"):
        assert _proposal(tmp_path / place).reasons["modality"] == "60 pictures in 2 class folders: cat, dog"


def test_links_that_lead_nowhere_are_named(tmp_path):
    _classes(tmp_path)
    (tmp_path / "cat" / "gone.png").symlink_to(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"links that lead nowhere.* Received: cat/gone.png. Remove them"):
        propose(tmp_path, Request())


def test_of_folders_in_folders_the_outer_ones_are_proposed_and_the_others_said(tmp_path):
    _classes(tmp_path, 10, names=("cat/tabby", "cat/other", "dog/pug", "dog/other"))
    proposal = _proposal(tmp_path)
    assert proposal.options["class_folder"] == 0
    assert proposal.reasons["options.class_folder"].endswith("these are the classes: (cat, dog)")
    assert proposal.warnings == [
        "The class is the folder (cat, dog). Where it is (other, pug, tabby), set options.class_folder: 1."
    ]


def test_folders_of_splits_are_no_classes(tmp_path):
    for split in ("train", "valid", "test"):
        _classes(tmp_path / "set" / split, 20)
    proposal = _proposal(tmp_path)
    assert not proposal.options
    assert not proposal.warnings
    assert proposal.train_rows == 40


def test_pictures_of_one_folder_are_refused_with_what_to_do(tmp_path):
    _classes(tmp_path, names=("all",))
    needed = "a folder for each class, two or more, or a table that names each picture and its class"
    with pytest.raises(ValueError, match=re.escape(f"{needed}. Received: 30 pictures in all.")):
        propose(tmp_path, Request())
    assert _proposal(tmp_path, "generate").options == {"labelled": False, "min_rows": 30}


def test_a_picture_beside_a_table_does_not_make_images_of_it(tmp_path):
    _save(tmp_path / "plot.png")
    (tmp_path / "rows.csv").write_text("a,answer\n" + "\n".join(f"{i * 1.37:.2f},{'yn'[i % 2]}" for i in range(120)))
    assert propose(tmp_path, Request()).entry["modality"] == "tabular"


@pytest.mark.parametrize(("top", "scale"), [(255, None), (4095, 65_535), (1.0, 1), (300.5, 300.5)])
def test_arrays_get_their_scale_and_limits(top, scale, tmp_path):
    pixels = RNG.integers(0, 256, (30, 5, 4)).astype(np.float32) / 255 * top
    pixels[0, 0, 0] = top
    pixels = pixels if isinstance(top, float) else pixels.astype(np.uint16)
    write_npz(tmp_path / "a.npz", {"images": pixels, "labels": np.array(["a", "b"] * 15)})
    proposal = _proposal(tmp_path)
    assert proposal.options == ({} if scale is None else {"scale": scale}) | {"min_rows": 30}
