"""Insight: hints, importances, plots, pages and summaries for people. They have no part in any decision."""
