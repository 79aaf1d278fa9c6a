"""Files in class folders, in zips or one by one: what is read, and what is left out, counted and named."""

from __future__ import annotations

from minnow.folders.errors import FolderError
from minnow.folders.found import Found, RowFile, Skipped
from minnow.folders.losses import check_losses
from minnow.folders.search import find_files
from minnow.folders.walk import State, walk

__all__ = ["FolderError", "Found", "RowFile", "Skipped", "State", "check_losses", "find_files", "walk"]
