"""Flows: the order of the work, retries and schedules. Only this package imports Prefect."""
