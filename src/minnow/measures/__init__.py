"""Measures: scores with confidence intervals, paired tests, latency of a predict function."""

from minnow.measures.scores import score, score_all

__all__ = ["score", "score_all"]
