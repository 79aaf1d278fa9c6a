"""A job of the worker for test_compress.py: making variants, with a compression that ends the process."""

import os
import signal

from minnow.compression import float16
from minnow.stages import variants


def make(*arguments, report=None):
    float16.apply = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    variants.make(*arguments, report=report or (lambda *_: None))
