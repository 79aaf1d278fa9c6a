"""A case to search."""

import pytest

from minnow import config
from minnow.stages.case import Case
from minnow.workspace import workspace


@pytest.fixture
def case(tmp_path):
    """Make a case of one family; more: further keys of params.yaml."""

    def make(params=None, modality="tabular", task="classify", family="fcnn", **more):
        entry = {"modality": modality, "task": task, "data": "rows.csv", "families": {family: params or {}}}
        if modality == "tabular":
            entry["options"] = {"target": "kind"}
        settings = config.Settings.model_validate({"usecases": {"small": entry}} | more)
        return Case("small", settings, workspace(root=tmp_path))

    return make
