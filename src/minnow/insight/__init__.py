"""Insight: what people read of rows and models: hints, importances, plots, pages and summaries. It decides nothing."""
