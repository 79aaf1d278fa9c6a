"""What the suite itself relies on."""

import pytest


def test_workers_know_which_tests_belong_together(request):
    """Else each worker makes the fixtures of every module, which takes twice the time and is told by nothing."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("one process runs everything")
    assert request.node.nodeid.partition("@")[2].startswith("test_suite")
