"""Type check of every data set against its Protocol, by pyright; nothing imports this file."""

from __future__ import annotations

from minnow.datasets import DataSet, cancer, diabetes, digits, home, reviews, shop, sounds

_: tuple[DataSet, ...] = (cancer, diabetes, digits, home, reviews, shop, sounds)
