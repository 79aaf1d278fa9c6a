"""A patch for skl2onnx, which writes bools to an integer attribute of the nodes of histogram gradient boosting.

protobuf 7 refuses them. Checked with skl2onnx 1.20.0, onnx 1.23.2 and protobuf 7.36.2.
tests/families/trees/test_skl2onnx_attributes.py fails when the patch is no longer needed, or no longer works.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

CHECKED_WITH = {"skl2onnx": "1.20.0", "onnx": "1.23.2", "protobuf": "7.36.2"}


@contextmanager
def integer_attributes() -> Iterator[None]:
    """Within this context, cast bools and NumPy integers in lists of node attributes to int."""
    from onnx import helper

    original = helper.make_attribute

    def make_attribute(key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, (list, tuple, np.ndarray)):
            value = [int(v) if isinstance(v, (bool, np.bool_, np.integer)) else v for v in value]
        return original(key, value, *args, **kwargs)

    helper.make_attribute = make_attribute
    try:
        yield
    finally:
        helper.make_attribute = original
