"""Logs of interactions as people have them."""

from __future__ import annotations

import pytest
from cases import writers
from cases.walk import check_answers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

ANSWERED = writers.BY_MODALITY["interactions"]


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_model_answers_every_row_of_its_own_log_and_over_http_alike(writer, walked):
    walk = walked(writer)
    check_answers(walk)
    by_user = {}
    for user, answer in zip(walk.written.inputs, walk.answers(), strict=True):
        assert by_user.setdefault(user, answer) == answer


@pytest.mark.parametrize("writer", ANSWERED)
def test_a_log_with_dates_or_with_seconds_makes_an_entry_that_runs(writer, walked):
    walk = walked(writer)
    assert (walk.proposal.entry["modality"], walk.proposal.task) == ("interactions", "rank")
    names = {role: walk.proposal.options[role] for role in ("user", "item", "time")}
    assert names == {"user": "user_id", "item": "item_id", "time": "timestamp"}
    other = walked(writers.events_with_dates if writer is writers.events_with_semicolons else writer)
    assert walk.table.columns["time"].tolist() == other.table.columns["time"].tolist()
    assert walk.table.columns["item"].tolist() == other.table.columns["item"].tolist()
    assert walk.score > 0.2
