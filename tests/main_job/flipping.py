"""Flip one byte after the other of what a champion rests on, and print what `verify` names: {place: [names that differ]}."""

import json
import sys
from pathlib import Path

from flows.verify import verify
from minnow import config
from minnow.catalog import catalog
from minnow.stores import champions, models
from minnow.workspace import workspace

usecase = sys.argv[1]
space = workspace()
settings = config.load(space.params, catalog())
champion = champions.current(space, usecase, "cpu")
artifacts = next(Path("mlartifacts").glob(f"**/{champion.run_id}/artifacts"))
served = models.newest(usecase, "cpu").folder
places = [path for folder in (artifacts, served) for path in sorted(folder.rglob("*")) if path.is_file()]
places = [path for path in places if path.name != "model.yaml"]  # BentoML's own
places = [path for path in places if "exam" not in path.parts]  # rows of the exam and of training, which answer nothing
places += [next(path for path in (space.root / settings.usecases[usecase].data).iterdir()), Path("uv.lock")]
named = {}
for path in places:
    data = path.read_bytes()
    place = len(data) // 2
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    checks = verify(space, settings, champion, quick=True, say=lambda text: None)
    path.write_bytes(data)
    where = {"registry": artifacts, "served": served, "world": path.parent}
    kind, root = next((kind, root) for kind, root in where.items() if path.is_relative_to(root))
    named[f"{kind}: {path.relative_to(root).as_posix()}"] = [check.name for check in checks if not check.ok]
print(json.dumps(named))
