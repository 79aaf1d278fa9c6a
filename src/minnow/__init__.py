"""Minnow: a workflow-orchestrated pipeline for small AI models."""

import os

from minnow import environment

__version__ = "0.2.0"

environment.prepare(os.environ)
