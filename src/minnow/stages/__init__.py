"""Stages: the pure steps of the walk. What they need of stores and worker is handed to them."""
