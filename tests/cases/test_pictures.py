"""Folders of pictures as people have them."""

from __future__ import annotations

import numpy as np
import pytest
from cases import writers
from cases.walk import check_answers

ANSWERED = writers.BY_MODALITY["images"]


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_model_answers_every_picture_of_its_own_folder_and_over_http_alike(writer, walked):
    check_answers(walked(writer))


def test_files_of_the_mac_and_of_jupyter_are_skipped_and_counted(walked):
    walk = walked(writers.hidden_files)
    assert walk.proposal.entry["modality"] == "images"
    assert walk.prepared.labels.tolist() == ["box", "ring"]
    assert len(walk.table) == 60
    for said in (walk.said, walk.notices):
        assert "hidden files and folders (5)" in said
        assert ".DS_Store" in said
    (notice,) = [notice for notice in walk.table.notices if notice.kind == "skipped"]
    assert notice.count == 5


def test_webp_and_bmp_are_read(walked):
    walk = walked(writers.other_formats)
    labels, counts = np.unique(walk.table.columns["label"], return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {"box": 24, "cross": 24, "ring": 24}
    assert walk.notices == ""
    assert walk.score > 0.8


def test_icons_on_a_transparent_ground_stand_on_a_light_one(walked):
    walk = walked(writers.transparent)
    corner = walk.table.columns["image"][:, -1, -1]
    assert corner.min() == 255
    assert walk.table.columns["image"].min() < 100
    assert walk.score > 0.9


def test_pictures_that_a_phone_turned_are_seen_by_the_proposal_as_by_a_run(walked):
    walk = walked(writers.turned)
    size = walk.proposal.options["resize"]
    assert size in ([12, 16], [16, 12])
    assert walk.table.columns["image"].shape[1:3] == tuple(size)
    assert walk.score > 0.9, "the bar of a turned picture stands where it was seen"


def test_links_to_class_folders_are_followed_and_circles_end(walked):
    walk = walked(writers.linked)
    assert walk.prepared.labels.tolist() == ["box", "ring"]
    assert len(walk.table) == 60
    assert "box/again" in walk.notices


def test_pictures_of_many_kinds_get_one_size_and_colour_and_a_class_of_one_is_named(walked):
    walk = walked(writers.mixed_modes)
    assert walk.proposal.options["channels"] == 3
    assert walk.proposal.options["resize"] in ([12, 12], [18, 18])
    assert walk.table.columns["image"].shape[1:] == (*walk.proposal.options["resize"], 3)
    assert "class 'odd' has 1 of the pictures" in walk.said
    for said in (walk.said, walk.notices):
        assert "box/broken.JPG" in said
    assert len(walk.table) == 61
