"""Tuning: studies that search a family's parameters on train and val. Only this package imports Optuna."""

from minnow.tuning.study import Tuned

__all__ = ["Tuned"]
