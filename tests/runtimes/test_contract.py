"""What every runtime module must have."""

import pytest
import registered

from minnow import runtimes
from minnow.contracts import Runtime


@pytest.mark.parametrize("name", runtimes.names())
def test_public_names_are_those_of_the_contract(name):
    registered.check_names(runtimes.registry, name, Runtime)


def test_pyright_reads_every_runtime():
    registered.check_listed(runtimes.registry)
