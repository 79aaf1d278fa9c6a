"""Runners: where a job runs, in the worker process on this machine or on the nodes of a Dask cluster, and its progress."""
