"""Flows: the order of the work, retries, schedules. Prefect is known here and nowhere else."""
