"""Runners: run jobs in a worker process on this machine or on the nodes of a Dask cluster, and show their progress."""
