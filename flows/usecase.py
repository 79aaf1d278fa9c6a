"""One use case up to its written decision: validate, prepare, each family (train, compress, evaluate), judge, track.

`python -m flows.usecase NAME` is what DVC runs. It neither commits nor publishes.
"""

from __future__ import annotations

import sys

from flows._server import ServerError, server
from flows.job import Busy, families_of, open_job
from minnow import config, environment
from minnow.catalog import catalog
from minnow.runners.cluster import ClusterError
from minnow.runners.interruption import ending
from minnow.stages.outcome import EXIT_CODES
from minnow.workspace import workspace


def main(names: list[str]) -> int:
    """Run the named use cases of the working directory's params.yaml. Returns an exit code."""
    space = workspace()
    try:
        settings = config.load(space.params, catalog())
        if not names:
            raise config.ConfigError(f"Name use cases of params.yaml: {', '.join(settings.names)}. Received: none.")
        for name in names:
            settings.entry(name)
        with server() as ready, open_job(space, settings, families_of(settings, names)) as job:
            with job.display.step("start"):
                from flows.steps import usecase

                ready()
            codes = [EXIT_CODES[usecase(name)] for name in names]
    except (config.ConfigError, ClusterError) as error:
        print(error, file=sys.stderr)
        return 2
    except (Busy, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if 1 in codes else max(codes)


if __name__ == "__main__":
    environment.collect_rarely()
    with ending():
        sys.exit(main(sys.argv[1:]))
